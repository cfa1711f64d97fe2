package io.ringspun.os;

import io.ringspun.OperationException;
import io.ringspun.Ring;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.Timespec;
import io.ringspun.internal.memory.NativePool;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.internal.ring.Multishot;
import io.ringspun.internal.ring.Operation;
import java.io.IOException;
import java.time.Duration;

/**
 * A periodic timer with one multishot operation for all ticks ({@code IORING_OP_TIMEOUT} with
 * {@code IORING_TIMEOUT_MULTISHOT}, Linux 6.4). It starts with the first call of {@link #next} and
 * from then on wakes the ring at each tick, whether a thread waits or not. Each period is measured
 * from the previous tick, so delays accumulate.
 *
 * <p>Safe for use by multiple concurrent threads: each tick goes to one of them.
 *
 * @since 0.1
 */
public final class Ticker implements AutoCloseable {
  private static final Duration SHORTEST = Duration.ofNanos(10_000);

  private final NativePool.Block period = NativePool.take(Timespec.SIZE_BYTES);
  private final Multishot ticks;
  private boolean closed; // guarded by this

  private Ticker(Engine ring, TimerClock clock, Duration period) {
    Timespec.put(this.period.memory(), period);
    ticks = Multishot.merging(ring, (operation, _) -> encode(operation, clock), this.period);
  }

  private void encode(Operation operation, TimerClock clock) {
    operation.timeout(period.address(), 0, Constants.IORING_TIMEOUT_MULTISHOT | clock.flag());
  }

  /**
   * Creates a ticker. Does not block.
   *
   * @param ring the ring that measures the time
   * @param clock the clock
   * @param period the time between ticks, at least 10 microseconds
   * @return the ticker, for the caller to close
   * @throws IllegalArgumentException if the period is shorter
   */
  public static Ticker every(Ring ring, TimerClock clock, Duration period) {
    if (period.compareTo(SHORTEST) < 0) {
      throw new IllegalArgumentException("the period is too short: " + period);
    }
    return new Ticker(EngineAccess.of(ring), clock, period);
  }

  /**
   * Blocks until the next tick; returns at once if there have been ticks since the last call. A
   * virtual thread parks meanwhile.
   *
   * @return the number of ticks since the last call of any thread, at least 1
   * @throws java.nio.channels.ClosedChannelException if the ticker is closed
   * @throws java.nio.channels.AsynchronousCloseException if it is closed while the thread waits
   * @throws java.io.InterruptedIOException if the thread is interrupted
   * @throws io.ringspun.RingClosedException if the ring is closed
   * @throws io.ringspun.RingFailedException if it has failed
   * @throws OperationException if the kernel refuses, with {@code EINVAL} before Linux 6.4
   * @throws IOException if another I/O error occurs
   */
  public long next() throws IOException {
    int result = Multishot.result(ticks.take(0, 0, false));
    if (result != -Errno.ETIME) {
      SystemDescriptor.check("timeout", result);
    }
    return 1 + ticks.takeMerged();
  }

  /**
   * Stops the ticker and ends waiting calls. Blocks until the kernel has ended the operation; an
   * interrupt does not end the wait. Closing again has no effect.
   */
  @Override
  public void close() {
    ticks.close((_, _) -> {});
    synchronized (this) {
      if (!closed) {
        period.close();
      }
      closed = true;
    }
  }
}
