package io.ringspun;

/**
 * What a ring has done so far. Each figure is exact; they were read one after the other, so two of
 * them may differ by what happened in between.
 *
 * @param submitted operations given to the kernel
 * @param completed operations that the kernel has answered
 * @param enters calls of {@code io_uring_enter(2)}
 * @param wakeUps times that another thread had to wake the ring's thread
 * @param inFlight operations that the kernel holds now
 * @param waiting calls that wait for room now
 * @param overflows times that the completion queue was found overflown
 * @param completionEntries size of the completion queue now
 * @param stale completions that came for no operation in flight and were dropped
 * @param inlineHits transfers done by a plain system call that could not wait
 * @param inlineMisses such attempts that had to go on through the ring
 * @param unregisteredPools buffer pools whose memory the kernel would not register
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
    long unregisteredPools) {}
