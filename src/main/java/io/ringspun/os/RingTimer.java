package io.ringspun.os;

import io.ringspun.OperationException;
import io.ringspun.Ring;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.Timespec;
import io.ringspun.internal.memory.NativePool;
import io.ringspun.internal.ring.Call;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.internal.ring.Operation;
import java.io.IOException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/**
 * A timer whose expiry time can be changed while threads wait for it. {@link #sleep} is for a
 * simple pause.
 *
 * <p>A virtual thread parks while it waits; a platform thread waits. An interrupt ends only the
 * wait of the interrupted thread. Safe for use by multiple concurrent threads.
 *
 * @since 0.1
 */
public final class RingTimer implements AutoCloseable {
  private static final Duration LONGEST = Duration.ofDays(100 * 365);

  private final Engine ring;
  private final TimerClock clock;

  // All of the following fields are guarded by this.
  private final List<Call> waits = new ArrayList<>();
  private Duration moment; // since the clock's origin
  private boolean closed;

  private RingTimer(Engine ring, TimerClock clock, Duration moment) {
    this.ring = ring;
    this.clock = clock;
    this.moment = moment;
  }

  /**
   * Blocks the calling thread for a time ({@code IORING_OP_TIMEOUT}, Linux 5.4), measured by {@code
   * CLOCK_MONOTONIC}, which stops while the machine is suspended.
   *
   * @param ring the ring that measures the time
   * @param duration how long; zero returns at once
   * @throws IllegalArgumentException if the duration is negative
   * @throws io.ringspun.RingClosedException if the ring is closed
   * @throws io.ringspun.RingFailedException if it has failed
   * @throws java.io.InterruptedIOException if the thread is interrupted
   * @throws OperationException if the kernel refuses
   * @throws IOException if another I/O error occurs
   */
  public static void sleep(Ring ring, Duration duration) throws IOException {
    try (NativePool.Block time = timespec(limited(duration))) {
      Operation operation = EngineAccess.of(ring).single().lending(time).openEnded();
      operation.timeout(time.address(), 0, 0);
      check(operation.run());
    }
  }

  /**
   * Creates a timer that expires after a duration. Does not block.
   *
   * @param ring the ring that measures the time
   * @param clock the clock
   * @param duration the time from now to the expiry
   * @return the timer, for the caller to close
   * @throws IllegalArgumentException if the duration is negative
   * @throws IOException if the kernel refuses
   */
  public static RingTimer after(Ring ring, TimerClock clock, Duration duration) throws IOException {
    Duration limited = limited(duration);
    Engine engine = EngineAccess.of(ring);
    return new RingTimer(engine, clock, clock.now(engine).plus(limited));
  }

  /**
   * Creates a timer that expires at a date, by {@link TimerClock#REALTIME}. If that clock is set,
   * the timer follows the change. Does not block.
   *
   * @param ring the ring that measures the time
   * @param date the date
   * @return the timer, for the caller to close
   */
  public static RingTimer at(Ring ring, Instant date) {
    return new RingTimer(EngineAccess.of(ring), TimerClock.REALTIME, sinceEpoch(date));
  }

  private static Duration sinceEpoch(Instant date) {
    return Duration.ofSeconds(Math.max(0, date.getEpochSecond()), date.getNano());
  }

  /**
   * Blocks until the timer expires ({@code IORING_OP_TIMEOUT} with {@code IORING_TIMEOUT_ABS},
   * Linux 5.5); returns at once if it has expired.
   *
   * @throws ClosedChannelException if the timer is closed
   * @throws AsynchronousCloseException if the timer is closed while the thread waits
   * @throws io.ringspun.RingClosedException if the ring is closed
   * @throws io.ringspun.RingFailedException if it has failed
   * @throws java.io.InterruptedIOException if the thread is interrupted
   * @throws OperationException if the kernel refuses
   * @throws IOException if another I/O error occurs
   */
  public void await() throws IOException {
    while (!hasCome()) {
      Call call = Call.batch(1); // never reused, so that an update cannot affect another wait
      Duration until = begin(call);
      try (NativePool.Block time = timespec(until)) {
        int flags = Constants.IORING_TIMEOUT_ABS | clock.flag();
        call.operation(0).lending(time).openEnded().timeout(time.address(), 0, flags);
        ring.runAll(call);
        check(ring.result(call, 0));
      } catch (AsynchronousCloseException e) {
        if (isClosed() || ring.isClosed()) {
          throw e;
        } // else it was changed before the operation reached the kernel
      } finally {
        end(call);
      }
    }
  }

  private boolean hasCome() throws IOException {
    return clock.now(ring).compareTo(moment()) >= 0;
  }

  private synchronized Duration moment() throws ClosedChannelException {
    if (closed) {
      throw new ClosedChannelException();
    }
    return moment;
  }

  private synchronized Duration begin(Call call) throws ClosedChannelException {
    Duration until = moment();
    waits.add(call);
    return until;
  }

  private synchronized void end(Call call) {
    waits.remove(call);
  }

  private synchronized boolean isClosed() {
    return closed;
  }

  /**
   * Changes the expiry, even for threads that are already waiting ({@code IORING_OP_TIMEOUT_REMOVE}
   * with {@code IORING_TIMEOUT_UPDATE}, Linux 5.11). Blocks until the kernel has applied the
   * change.
   *
   * @param duration the time from now to the expiry
   * @throws IllegalArgumentException if the duration is negative
   * @throws ClosedChannelException if the timer is closed
   * @throws java.io.InterruptedIOException if the thread is interrupted; some waiting threads may
   *     still wait for the former expiry
   * @throws IOException if the operation fails, as described in {@link #await}
   */
  public void resetAfter(Duration duration) throws IOException {
    move(clock.now(ring).plus(limited(duration)));
  }

  /**
   * Changes the expiry to a date; see {@link #resetAfter}.
   *
   * @param date the date
   * @throws IllegalStateException if the timer's clock is not {@link TimerClock#REALTIME}
   * @throws IOException if the operation fails, as described in {@link #resetAfter(Duration)}
   */
  public void resetAt(Instant date) throws IOException {
    if (clock != TimerClock.REALTIME) {
      throw new IllegalStateException("the timer uses " + clock + ", which has no dates");
    }
    move(sinceEpoch(date));
  }

  private void move(Duration to) throws IOException {
    List<Call> waiting;
    synchronized (this) {
      if (closed) {
        throw new ClosedChannelException();
      }
      moment = to;
      waiting = List.copyOf(waits);
    }
    try (NativePool.Block time = timespec(to)) {
      for (Call call : waiting) {
        Operation operation = ring.single().lending(time).about(call.operation(0));
        operation.timeoutUpdate(0, time.address(), Constants.IORING_TIMEOUT_ABS);
        if (operation.run() < 0) { // it has ended, or has not reached the kernel yet
          ring.cancel(call);
        }
      }
    }
  }

  /**
   * Closes the timer without blocking. Waiting threads get {@link AsynchronousCloseException}.
   * Closing again has no effect.
   */
  @Override
  public void close() {
    List<Call> waiting;
    synchronized (this) {
      closed = true;
      waiting = List.copyOf(waits);
    }
    waiting.forEach(ring::cancel);
  }

  // ---- operations ----------------------------------------------------------------------------

  private static NativePool.Block timespec(Duration time) {
    NativePool.Block block = NativePool.take(Timespec.SIZE_BYTES);
    Timespec.put(block.memory(), time);
    return block;
  }

  private static void check(int result) throws OperationException {
    if (result != -Errno.ETIME) { // which is what it is for
      SystemDescriptor.check("timeout", result);
    }
  }

  /** Limits a duration to what can be added to a clock. */
  private static Duration limited(Duration duration) {
    if (duration.isNegative()) {
      throw new IllegalArgumentException("the duration must not be negative: " + duration);
    }
    return duration.compareTo(LONGEST) > 0 ? LONGEST : duration;
  }
}
