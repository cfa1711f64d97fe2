package io.ringspun.internal.ring;

import java.io.IOException;

/**
 * How a ring is to be set up, already checked.
 *
 * @param name of the ring and of its thread
 * @param entries submission entries
 * @param completionEntries completion entries
 * @param flags {@code IORING_SETUP_} flags asked for, or 0 for the best that the kernel takes
 * @param sqThreadCpu processor of the kernel's polling thread
 * @param sqThreadIdleMillis how long the kernel's polling thread spins
 * @param inFlightLimit most operations in the kernel at once, or 0 for what the queue can answer
 * @param boundedWorkers most io-wq workers for work that ends, or 0 to leave the kernel's own limit
 * @param unboundedWorkers most io-wq workers for work that may wait for ever, or 0 likewise
 * @param registeredFiles slots of the ring's table of files, or 0 for no table
 * @param inlineAttempts whether to try an operation without the ring first
 * @param failures makes the exceptions that callers see
 */
public record EngineConfig(
    String name,
    int entries,
    int completionEntries,
    int flags,
    int sqThreadCpu,
    int sqThreadIdleMillis,
    int inFlightLimit,
    int boundedWorkers,
    int unboundedWorkers,
    int registeredFiles,
    boolean inlineAttempts,
    Failures failures) {

  /** Makes exceptions of types that this package must not know. */
  public interface Failures {
    /** The ring was closed before the call. */
    IOException closed(String ring);

    /** The ring's thread failed, before the call or during it. */
    IOException failed(String ring, Throwable cause);

    /** Somebody asked for the call's end. */
    IOException cancelled(String ring);

    /** The call's time limit ended it. */
    IOException timedOut(String ring, long timeoutNanos);
  }
}
