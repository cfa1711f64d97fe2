package io.ringspun.os;

import io.ringspun.Ring;
import io.ringspun.buffer.BufferRing;
import io.ringspun.buffer.ReceiveStream;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.SystemCall;
import io.ringspun.internal.memory.Arguments;
import io.ringspun.internal.memory.NativePool;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.internal.ring.RawHandle;
import io.ringspun.internal.ring.ReceiveAccess;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.time.Duration;

/**
 * A kernel counter by which threads and processes signal each other ({@code eventfd(2)}). {@link
 * #signal()} increments it, and {@link #await} waits until it is not 0.
 *
 * @since 0.1
 */
public final class EventFd extends SystemDescriptor {

  private EventFd(RawHandle handle, long timeoutNanos) {
    super(handle, timeoutNanos);
  }

  /**
   * Creates a counter with the initial value 0, which {@link #await} resets to 0. Does not block.
   *
   * @param ring the ring for operations of threads that no ring carries
   * @return the counter, for the caller to close
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}
   */
  public static EventFd open(Ring ring) throws IOException {
    return open(ring, 0, 0);
  }

  /**
   * Creates a semaphore: a counter that {@link #await} decrements by 1 ({@code EFD_SEMAPHORE}).
   * Does not block.
   *
   * @param ring the ring for operations of threads that no ring carries
   * @param permits the initial value
   * @return the counter, for the caller to close
   * @throws IllegalArgumentException if negative
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}
   */
  public static EventFd openSemaphore(Ring ring, int permits) throws IOException {
    if (permits < 0) {
      throw new IllegalArgumentException("the number of permits must not be negative: " + permits);
    }
    return open(ring, permits, Constants.EFD_SEMAPHORE);
  }

  private static EventFd open(Ring ring, int initial, int flags) throws IOException {
    return new EventFd(
        make(
            EngineAccess.of(ring),
            "eventfd",
            SystemCall.EVENTFD2,
            initial,
            Constants.O_CLOEXEC | flags),
        0);
  }

  /**
   * Takes ownership of an existing eventfd descriptor; see {@link RingFd#adopt}.
   *
   * @param ring the ring for operations of threads that no ring carries
   * @param fd the descriptor's number
   * @return the counter, for the caller to close
   * @throws IllegalArgumentException if the number is negative
   */
  public static EventFd adopt(Ring ring, int fd) {
    return new EventFd(RingFd.adopted(ring, fd), 0);
  }

  /**
   * Returns a view of this counter with a time limit on every call; see {@link RingFd#within}.
   *
   * @param limit positive
   * @return a view of this counter
   * @throws IllegalArgumentException if not positive
   */
  public EventFd within(Duration limit) {
    return new EventFd(handle(), Arguments.timeoutNanos(limit));
  }

  /**
   * Adds 1 to the counter; see {@link #signal(long)}.
   *
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}
   */
  public void signal() throws IOException {
    signal(1);
  }

  /**
   * Adds to the counter ({@code IORING_OP_WRITE}, Linux 5.6). Blocks while the sum would exceed
   * 2<sup>64</sup>-2.
   *
   * @param count the value to add, positive
   * @throws IllegalArgumentException if not positive
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}
   */
  public void signal(long count) throws IOException {
    if (count < 1) {
      throw new IllegalArgumentException("the count must be positive: " + count);
    }
    try (NativePool.Block block = NativePool.take(Long.BYTES)) {
      block.memory().set(ValueLayout.JAVA_LONG, 0, count);
      int n =
          transfer(
              Constants.POLLOUT,
              (operation, fd) -> operation.write(fd, block.address(), Long.BYTES, Splice.CURRENT),
              block);
      check("write", n);
    }
  }

  /**
   * Resets the counter to 0, or decrements a semaphore by 1 ({@code IORING_OP_READ}, Linux 5.6).
   * Blocks while the counter is 0.
   *
   * @return the former value as an unsigned number, or 1 for a semaphore
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}
   */
  public long await() throws IOException {
    try (NativePool.Block block = NativePool.take(Long.BYTES)) {
      int n =
          transfer(
              Constants.POLLIN,
              (operation, fd) -> operation.read(fd, block.address(), Long.BYTES, Splice.CURRENT),
              block);
      check("read", n);
      return block.memory().get(ValueLayout.JAVA_LONG, 0);
    }
  }

  /**
   * Returns a stream that reads the counter whenever it is signalled ({@code
   * IORING_OP_READ_MULTISHOT}, Linux 6.7). Each chunk has the 8 bytes of a number as {@link #await}
   * returns it, in native byte order. See {@link RingFd#receive}.
   *
   * @param buffers buffers of at least 8 bytes each
   * @return a stream, for the caller to close
   * @throws java.nio.channels.ClosedChannelException if this or the buffers are closed
   * @throws IOException if another I/O error occurs
   */
  public ReceiveStream receive(BufferRing buffers) throws IOException {
    return (ReceiveStream) ReceiveAccess.receive(buffers, handle(), null, timeoutNanos());
  }

  /**
   * Lets a ring signal this counter whenever one of its operations completes, including internal
   * ones ({@code IORING_REGISTER_EVENTFD}, Linux 5.2). Intended for native code with an event loop
   * of its own. Wait for the counter on another ring, because the completion of a wait signals it,
   * too. Blocks until the ring's thread has registered the counter.
   *
   * @param ring the ring that signals
   * @return the registration, which ends when it is closed
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}; {@code
   *     EBUSY} if the ring already signals a counter
   */
  public CompletionSignals signalledBy(Ring ring) throws IOException {
    return CompletionSignals.begin(handle(), EngineAccess.of(ring));
  }
}
