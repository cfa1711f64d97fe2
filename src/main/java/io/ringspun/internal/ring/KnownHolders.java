package io.ringspun.internal.ring;

import java.lang.ref.WeakReference;
import org.jspecify.annotations.Nullable;

/**
 * The carried threads that held a ring for long of late. Who computes or blocks does so again most
 * likely, so the watchdog need not wait until it is sure. Any other thread that seems to hold its
 * ring may only have lost its processor. Confined to the watchdog's thread.
 */
final class KnownHolders {
  private static final int MOST = 8;
  private static final long LATELY_NANOS = 1_000_000_000;

  /** One thread, by its continuation, which stays the same. */
  private record Holder(WeakReference<Runnable> continuation, long nanos) {}

  private final @Nullable Holder[] holders = new Holder[MOST];
  private int next;
  private long lastNanos = System.nanoTime() - LATELY_NANOS;

  /** Returns whether any thread held a ring for long of late. */
  boolean isAny(long now) {
    return now - lastNanos < LATELY_NANOS;
  }

  /** Returns whether one did. */
  boolean contains(@Nullable Runnable continuation, long now) {
    if (continuation == null || !isAny(now)) {
      return false;
    }
    int place = placeOf(continuation);
    Holder holder = place < 0 ? null : holders[place];
    return holder != null && now - holder.nanos < LATELY_NANOS;
  }

  /** Takes note of one that has held its ring for long. */
  void add(@Nullable Runnable continuation, long now) {
    if (continuation == null) {
      return;
    }
    lastNanos = now;
    int place = placeOf(continuation);
    if (place < 0) {
      place = next;
      next = (next + 1) % MOST;
    }
    holders[place] = new Holder(new WeakReference<>(continuation), now);
  }

  /** Returns where one is noted, or -1. */
  private int placeOf(Runnable continuation) {
    for (int i = 0; i < MOST; i++) {
      Holder holder = holders[i];
      if (holder != null && holder.continuation.refersTo(continuation)) {
        return i;
      }
    }
    return -1;
  }
}
