package io.ringspun.os;

import io.ringspun.Descriptor;
import io.ringspun.OperationException;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.SystemCall;
import io.ringspun.internal.ring.Deadline;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.Operation;
import io.ringspun.internal.ring.RawHandle;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** The common parts of the descriptors of this package. */
abstract sealed class SystemDescriptor extends Descriptor implements AutoCloseable
    permits ChildProcess, Epoll, EventFd, Inotify, RingFd {
  private final RawHandle handle;
  private final long timeoutNanos; // 0 for none

  SystemDescriptor(RawHandle handle, long timeoutNanos) {
    super(handle);
    this.handle = handle;
    this.timeoutNanos = timeoutNanos;
  }

  /**
   * Closes the descriptor ({@code IORING_OP_CLOSE}, Linux 5.6): refuses new calls, cancels waiting
   * ones, and blocks until the kernel has released their memory. Cancelled calls throw {@link
   * java.nio.channels.AsynchronousCloseException}. The descriptor is closed even if the thread is
   * interrupted. Closing again has no effect.
   *
   * @throws IOException if the kernel reports an error; the descriptor is closed
   */
  @Override
  public void close() throws IOException {
    handle.close();
  }

  @Override
  public String toString() {
    return "%s[%s]".formatted(getClass().getSimpleName(), handle);
  }

  // ---- for the package -----------------------------------------------------------------------

  final RawHandle handle() {
    return handle;
  }

  final long timeoutNanos() {
    return timeoutNanos;
  }

  /**
   * Runs one operation that may block. If the descriptor is non-blocking and not ready, polls it
   * and retries.
   *
   * @param events the {@code POLL} bits to wait for
   * @param lent is kept reachable meanwhile
   * @return the result, or a negated errno
   */
  final int transfer(int events, Operation.Encoder encoder, @Nullable Object lent)
      throws IOException {
    Deadline deadline = Deadline.after(timeoutNanos);
    int first = once(encoder, lent, deadline);
    return isUndecided(first)
        ? (int) handle.inSteps(() -> again(first, events, encoder, lent, deadline))
        : first;
  }

  private static boolean isUndecided(int result) {
    return result == -Errno.EAGAIN || result == -Errno.EINTR;
  }

  private int again(
      int first, int events, Operation.Encoder encoder, @Nullable Object lent, Deadline deadline)
      throws IOException {
    int result = first;
    while (isUndecided(result)) {
      if (result == -Errno.EAGAIN) { // the descriptor has O_NONBLOCK
        Readiness.await(handle, events, deadline);
      }
      result = once(encoder, lent, deadline);
    }
    return result;
  }

  private int once(Operation.Encoder encoder, @Nullable Object lent, Deadline deadline)
      throws IOException {
    long nanos = deadline.left(handle.engine());
    return handle.single().lending(lent).within(nanos).openEnded().run(encoder);
  }

  /** Makes a system call that never blocks, on this descriptor. */
  final int call(String name, SystemCall call, long... arguments) throws IOException {
    handle.acquire();
    try {
      return check(name, (int) handle.engine().kernel().call(call, arguments));
    } finally {
      handle.release();
    }
  }

  static int check(String operation, int result) throws OperationException {
    if (result < 0) {
      throw new OperationException(operation, -result);
    }
    return result;
  }

  /** Makes a system call that returns a new descriptor, and takes ownership of it. */
  static RawHandle make(Engine home, String name, SystemCall call, long... arguments)
      throws IOException {
    home.requireUsable();
    RawHandle handle =
        new RawHandle(check(name, (int) home.kernel().call(call, arguments)), false, home);
    handle.noteStream();
    return handle;
  }
}
