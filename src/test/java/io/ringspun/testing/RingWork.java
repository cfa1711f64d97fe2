package io.ringspun.testing;

import io.ringspun.Ring;
import io.ringspun.RingMetrics;

/** Tells whether a ring did something, rather than the JDK. */
public final class RingWork {
  private RingWork() {}

  /** Returns how much a ring has done, by operations or without. */
  public static long of(Ring ring) {
    RingMetrics metrics = ring.metrics();
    return metrics.completed() + metrics.inlineHits();
  }
}
