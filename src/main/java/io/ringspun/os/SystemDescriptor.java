package io.ringspun.os;

import io.ringspun.Descriptor;
import io.ringspun.OperationException;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.SystemCall;
import io.ringspun.internal.ring.Deadline;
import io.ringspun.internal.ring.Encoder;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.RawHandle;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** What the descriptors of this package have in common. */
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
   * Refuses new calls, cancels those that wait, waits until the kernel has let go of their memory,
   * and closes the descriptor ({@code IORING_OP_CLOSE}, Linux 5.6). Cancelled calls end with {@link
   * java.nio.channels.AsynchronousCloseException}. An interrupt does not keep it open. Closing
   * again has no effect.
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
   * Runs one operation that may wait, again if the descriptor does not wait by itself and had to.
   *
   * @param events what to wait for, {@code POLL} bits
   * @param lent stays reachable meanwhile
   * @return the result, or a negated errno
   */
  final int transfer(int events, Encoder encoder, @Nullable Object lent) throws IOException {
    Deadline deadline = Deadline.after(timeoutNanos);
    int first = handle.run(encoder, lent, deadline.left(handle.engine()));
    return isUndecided(first)
        ? (int) handle.inSteps(() -> again(first, events, encoder, lent, deadline))
        : first;
  }

  private static boolean isUndecided(int result) {
    return result == -Errno.EAGAIN || result == -Errno.EINTR;
  }

  private int again(
      int first, int events, Encoder encoder, @Nullable Object lent, Deadline deadline)
      throws IOException {
    int result = first;
    while (isUndecided(result)) {
      if (result == -Errno.EAGAIN) { // it was opened with O_NONBLOCK
        Readiness.await(handle, events, deadline);
      }
      result = handle.run(encoder, lent, deadline.left(handle.engine()));
    }
    return result;
  }

  /** Makes a system call that never waits, on this descriptor. */
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

  /** Makes a system call that makes a descriptor, and takes charge of that. */
  static RawHandle make(Engine home, String name, SystemCall call, long... arguments)
      throws IOException {
    home.requireUsable();
    RawHandle handle =
        new RawHandle(check(name, (int) home.kernel().call(call, arguments)), false, home);
    handle.noteStream();
    return handle;
  }
}
