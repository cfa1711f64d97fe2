package io.ringspun.internal.ring;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The carried threads that ran for long of late, and so held their ring. Who computes or blocks
 * does so again most likely: {@link SpareCarriers} run such a thread, until it has not done so for
 * a while. What that thread asks of a ring is handed over, which costs little beside what it does.
 * Safe for use by multiple concurrent threads.
 */
final class KnownHolders {
  /** So long a thread runs that is noted here. */
  static final long LONG_NANOS = 5_000_000;

  private static final long LATELY_NANOS = 1_000_000_000;

  /** When each was noted, by {@link System#nanoTime}. A thread's continuation stays the same. */
  private final Map<Runnable, Long> holders = new ConcurrentHashMap<>();

  /** Returns whether a thread is noted, by its continuation. */
  boolean contains(Runnable continuation) {
    return !holders.isEmpty() && holders.containsKey(continuation);
  }

  /** Takes note of one that has run for long. */
  void add(Runnable continuation, long now) {
    holders.put(continuation, now);
  }

  /** Lets go of all. */
  void forgetAll() {
    holders.clear();
  }

  /** Lets go of those that were noted a second ago and more. */
  void forgetOld(long now) {
    if (!holders.isEmpty()) {
      holders.values().removeIf(noted -> now - noted >= LATELY_NANOS);
    }
  }
}
