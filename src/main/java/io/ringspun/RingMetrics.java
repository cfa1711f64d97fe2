package io.ringspun;

/**
 * The counters of a ring. Each value is exact, but the values are read one after the other, so they
 * may not describe the same instant. {@link RingOptions#withInlineAttempts} explains which
 * operations are done by plain system calls.
 *
 * @param submitted operations submitted to the kernel
 * @param completed operations that the kernel has completed
 * @param enters calls of {@code io_uring_enter(2)}
 * @param wakeUps times that another thread had to wake the ring's thread
 * @param inFlight operations in flight now
 * @param waiting calls that wait for submission now
 * @param overflows times that the completion queue was found to have overflowed
 * @param completionEntries current size of the completion queue
 * @param stale completions that were dropped because they matched no operation in flight
 * @param inlineHits operations done by a plain system call on the calling thread
 * @param inlineMisses operations that went through the ring because such a call would have waited,
 *     or because similar calls were slow a short time ago
 * @param inlineSlow plain system calls that were expected to be quick and took 200 µs or more
 * @param unregisteredPools buffer pools whose memory the kernel refused to register
 * @param ready virtual threads that are ready to run on the ring's thread now, and wait for it
 * @param steals virtual threads that this ring has taken from other rings of its group, where they
 *     were ready, because it had nothing to do
 * @param rescues times that another thread served this ring, because a virtual thread held the
 *     ring's own and there was something to do; once for each time that it was held
 * @since 0.1
 */
public record RingMetrics(
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
    long rescues) {

  /** Adds up the counters of two rings. */
  RingMetrics plus(RingMetrics other) {
    return new RingMetrics(
        submitted + other.submitted,
        completed + other.completed,
        enters + other.enters,
        wakeUps + other.wakeUps,
        inFlight + other.inFlight,
        waiting + other.waiting,
        overflows + other.overflows,
        completionEntries + other.completionEntries,
        stale + other.stale,
        inlineHits + other.inlineHits,
        inlineMisses + other.inlineMisses,
        inlineSlow + other.inlineSlow,
        unregisteredPools + other.unregisteredPools,
        ready + other.ready,
        steals + other.steals,
        rescues + other.rescues);
  }
}
