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
 * A counter in the kernel that threads and processes signal and wait for ({@code eventfd(2)}).
 *
 * @since 0.1
 */
public final class EventFd extends SystemDescriptor {

  private EventFd(RawHandle handle, long timeoutNanos) {
    super(handle, timeoutNanos);
  }

  /**
   * Makes a counter that stands at zero and is taken whole. Does not wait for anyone.
   *
   * @param ring the home ring
   * @return the counter, for the caller to close
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}
   */
  public static EventFd open(Ring ring) throws IOException {
    return open(ring, 0, 0);
  }

  /**
   * Makes a counter that is taken one by one ({@code EFD_SEMAPHORE}). Does not wait for anyone.
   *
   * @param ring the home ring
   * @param permits where it stands at first
   * @return the counter, for the caller to close
   * @throws IllegalArgumentException if negative
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}
   */
  public static EventFd openSemaphore(Ring ring, int permits) throws IOException {
    if (permits < 0) {
      throw new IllegalArgumentException("a counter cannot be negative: " + permits);
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
   * Takes charge of a counter that others have made; see {@link RingFd#adopt}.
   *
   * @param ring the home ring
   * @param fd its number
   * @return the counter, for the caller to close
   * @throws IllegalArgumentException if the number is negative
   */
  public static EventFd adopt(Ring ring, int fd) {
    return new EventFd(RingFd.adopted(ring, fd), 0);
  }

  /**
   * Returns this counter with a time limit on every call; see {@link RingFd#withTimeout}.
   *
   * @param limit positive
   * @return another view of this counter
   * @throws IllegalArgumentException if not positive
   */
  public EventFd withTimeout(Duration limit) {
    return new EventFd(handle(), Arguments.timeoutNanos(limit));
  }

  /**
   * Adds one; see {@link #signal(long)}.
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
   * @param count how much, positive
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
   * Takes the counter, or one of it ({@code IORING_OP_READ}, Linux 5.6). Blocks while it is zero.
   *
   * @return how much was taken, as an unsigned number; always 1 of a semaphore
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
   * Begins to take the counter whenever it is signalled ({@code IORING_OP_READ_MULTISHOT}, Linux
   * 6.7): each chunk has 8 bytes, a number as {@link #await} returns it. See {@link
   * RingFd#receive}.
   *
   * @param buffers where the numbers go, of 8 bytes each at least
   * @return a stream, for the caller to close
   * @throws java.nio.channels.ClosedChannelException if this or the buffers are closed
   * @throws IOException if another I/O error occurs
   */
  public ReceiveStream receive(BufferRing buffers) throws IOException {
    return (ReceiveStream) ReceiveAccess.receive(buffers, handle(), null, timeoutNanos());
  }

  /**
   * Has a ring signal this counter whenever an operation completes there ({@code
   * IORING_REGISTER_EVENTFD}, Linux 5.2), those of Ringspun's own included: for native code that
   * watches rings in its own way. Wait for the counter on another ring, since a wait completes too.
   * Blocks until the ring's thread has told the kernel.
   *
   * @param ring which
   * @return what ends it when closed
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}; {@code
   *     EBUSY} if the ring signals a counter already
   */
  public CompletionSignals signalledBy(Ring ring) throws IOException {
    return CompletionSignals.begin(handle(), EngineAccess.of(ring));
  }
}
