package io.ringspun.internal.ring;

/**
 * The counters of a ring.
 *
 * @param submitted operations given to the kernel
 * @param completed operations that the kernel has answered
 * @param enters calls of {@code io_uring_enter}
 * @param wakeUps times that another thread had to wake the ring's thread
 * @param inFlight operations that the kernel holds now
 * @param waiting calls that wait for room now
 * @param overflows times that the completion queue was found overflown
 * @param completionEntries size of that queue now
 * @param stale completions that matched no operation in flight
 * @param inlineHits attempts to do without the ring that succeeded
 * @param inlineMisses attempts that did not
 * @param unregisteredBuffers pieces of memory that the kernel would not register
 */
public record Counters(
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
    long unregisteredBuffers) {}
