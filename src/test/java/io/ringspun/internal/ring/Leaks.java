package io.ringspun.internal.ring;

import io.ringspun.RingMetrics;
import io.ringspun.internal.memory.NativePool;
import java.util.Map;
import java.util.TreeMap;

/** A view into this package for the check of leaks. */
public final class Leaks {
  private Leaks() {}

  /** Frees what the pool keeps for the next caller. */
  public static void trimPool() {
    NativePool.trim();
  }

  /** Returns the rings that are open, by name. */
  public static Map<String, Integer> liveRings() {
    Map<String, Integer> rings = new TreeMap<>();
    for (Engine engine : LiveRings.all()) {
      rings.merge(engine.toString(), 1, Integer::sum);
    }
    return rings;
  }

  /** Returns how many operations all rings have in flight or waiting for room. */
  public static int inFlight() {
    int sum = 0;
    for (Engine engine : LiveRings.all()) {
      RingMetrics metrics = engine.readCounters(RingMetrics::new);
      sum += metrics.inFlight() + metrics.waiting();
    }
    return sum;
  }

  /** Returns how many threads of rings are alive. */
  public static long ringThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread instanceof RingThread)
        .count();
  }

  /** Returns how many bytes of the pool were never given back, because rings failed. */
  public static long lostBytes() {
    return NativePool.lostBytes();
  }
}
