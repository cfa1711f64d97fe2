package io.ringspun.internal.memory;

import java.time.Duration;

/** Checks of arguments that rings, transactions and files have in common. */
public final class Arguments {
  private Arguments() {}

  /**
   * Checks where a transfer is to be.
   *
   * @throws IllegalArgumentException if the position is negative, or the two overflow
   */
  public static void requirePosition(long position, long length) {
    if (position < 0) {
      throw new IllegalArgumentException("the position is negative: " + position);
    }
    if (position + length < 0) {
      throw new IllegalArgumentException(
          "position %d and length %d together overflow".formatted(position, length));
    }
  }

  /**
   * Returns a time limit in nanoseconds.
   *
   * @throws IllegalArgumentException if it is not positive
   */
  public static long timeoutNanos(Duration limit) {
    if (!limit.isPositive()) {
      throw new IllegalArgumentException("the time limit must be positive: " + limit);
    }
    try {
      return limit.toNanos();
    } catch (ArithmeticException _) {
      return Long.MAX_VALUE / 2; // three hundred years fit; longer is no limit
    }
  }
}
