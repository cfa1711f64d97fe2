package io.ringspun.internal.ring;

import java.io.IOException;

/**
 * When a call that may take several operations must be over.
 *
 * @param limitNanos what the call was given, or 0 for no limit
 * @param end on the clock of {@link System#nanoTime}
 */
public record Deadline(long limitNanos, long end) {
  private static final Deadline NONE = new Deadline(0, 0);

  /** Returns the end of a call that begins now; 0 is no limit. */
  public static Deadline after(long limitNanos) {
    return limitNanos == 0 ? NONE : new Deadline(limitNanos, System.nanoTime() + limitNanos);
  }

  /** Returns whether nothing is left. */
  public boolean hasPassed() {
    return limitNanos != 0 && end - System.nanoTime() <= 0;
  }

  /**
   * Returns what is left for the next operation, 0 if there is no limit.
   *
   * @throws io.ringspun.OperationTimeoutException if nothing is left
   */
  public long left(Engine ring) throws IOException {
    if (limitNanos == 0) {
      return 0;
    }
    long left = end - System.nanoTime();
    if (left <= 0) {
      throw ring.timedOut(limitNanos);
    }
    return left;
  }
}
