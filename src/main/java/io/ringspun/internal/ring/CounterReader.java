package io.ringspun.internal.ring;

/**
 * Takes the counters of a ring, and returns them as a value whose type this package must not know.
 *
 * @param <T> the type of the value
 */
@FunctionalInterface
public interface CounterReader<T> {

  /** Takes the components of {@code RingMetrics}. */
  T read(
      long submitted,
      long completed,
      long enters,
      long wakeUps,
      int inFlight,
      int waiting,
      long overflows,
      int completionEntries,
      long stale,
      long inlineHits,
      long inlineMisses,
      long inlineSlow,
      long unregisteredPools,
      int ready,
      long steals,
      long rescues);
}
