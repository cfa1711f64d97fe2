package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.Registration;
import java.io.IOException;
import java.util.BitSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The checked configuration of a ring.
 *
 * @param name of the ring and of its thread
 * @param entries submission entries
 * @param completionEntries completion entries
 * @param completionEntriesMax how many there may be after an overflow, or 0 not to add any
 * @param flags requested {@code IORING_SETUP_} flags, or 0 for the best that the kernel supports
 * @param modes {@code IORING_SETUP_} flags that say what kind of ring it is, whatever the others
 * @param sqThreadCpu processor of the kernel's polling thread
 * @param sqThreadIdleMillis how long the kernel's polling thread spins
 * @param attachTo descriptor of the ring whose polling thread to share, if the modes say so
 * @param inFlightLimit most operations in the kernel at once, or 0 for what the queue can answer
 * @param registrations what to register once the ring is enabled
 * @param restriction the only operations that the kernel is to accept, or null for all
 * @param registeredFiles slots of the ring's table of files, or 0 for no table
 * @param inlineAttempts whether to try an operation without the ring first
 * @param minimumWait how long to wait for more than one completion, or null not to
 * @param failures makes the exceptions that callers see
 */
public record EngineConfig(
    String name,
    int entries,
    int completionEntries,
    int completionEntriesMax,
    int flags,
    int modes,
    int sqThreadCpu,
    int sqThreadIdleMillis,
    int attachTo,
    int inFlightLimit,
    List<Registration> registrations,
    @Nullable Restriction restriction,
    int registeredFiles,
    boolean inlineAttempts,
    @Nullable MinimumWait minimumWait,
    Failures failures) {

  /**
   * What a ring is restricted to.
   *
   * @param name for messages
   * @param operations {@code IORING_OP_} numbers
   */
  public record Restriction(String name, BitSet operations) {}

  /**
   * How long to wait for completions to come together.
   *
   * @param micros how long
   * @param completions how many end it before
   */
  public record MinimumWait(int micros, int completions) {}

  /** Makes exceptions of types that this package must not know. */
  public interface Failures {
    /** The ring was closed before the call. */
    IOException closed(String ring);

    /** The ring's thread failed, before the call or during it. */
    IOException failed(String ring, Throwable cause);

    /** The kernel refused an operation for a reason that its error number alone does not tell. */
    IOException refused(String operation, int errno, String reason);

    /** The call was cancelled on request. */
    IOException cancelled(String ring);

    /** The call's time limit ended it. */
    IOException timedOut(String ring, long timeoutNanos);
  }
}
