package io.ringspun.internal.ring;

import org.jspecify.annotations.Nullable;

/**
 * The time between two looks of the watchdog: a clock for operations that costs one read of a
 * field. Ticks take a millisecond while rings of groups are at work, and up to a tenth of a second
 * otherwise. What was submitted during a tick counts from the tick's end, so nothing seems older
 * than it is.
 */
final class Tick {
  private static final long LEAST_NANOS = 1_000_000;
  private static final long NONE = 0;

  // Written by the watchdog, read by any thread, which may see one that is over a moment longer.
  private static Tick current = new Tick();
  private static long nextNanos = System.nanoTime(); // for the watchdog

  private volatile long endNanos = NONE;
  private @Nullable SlowOperation begun; // set before endNanos

  private Tick() {}

  /** Any thread: returns the current one. */
  static Tick current() {
    return current;
  }

  /** The watchdog: ends the current one, unless it has hardly begun. */
  static void end(long now) {
    if (now - nextNanos < 0) {
      return;
    }
    nextNanos = now + LEAST_NANOS;
    Tick next = new Tick();
    Tick ended = current;
    ended.begun = FlightRecording.tickEnds();
    ended.endNanos = now | 1; // which is not NONE
    current = next;
  }

  /** Any thread: returns how long ago it ended, or 0 if it has not. */
  long ageNanos() {
    long end = endNanos;
    return end == NONE ? 0 : Math.max(0, System.nanoTime() - end);
  }

  /** Any thread: returns what was begun when it ended, or null if it has not, or if none was. */
  @Nullable SlowOperation begun() {
    return endNanos == NONE ? null : begun;
  }
}
