package demo;

import java.io.IOException;

/** A row of the main job's table: operations, numbered from 0, that either arm can do. */
interface Work {

  /** The name: the work and its block size. */
  String name();

  int threads();

  /** The mode, for example cached or direct. */
  default String mode() {
    return "cached";
  }

  /** All of this in one line. */
  default String describe() {
    String plural = threads() == 1 ? "" : "s";
    return "%s, %,d thread%s, %s".formatted(name(), threads(), plural, mode());
  }

  /** How many operations make the work complete; 1 if any number will do. */
  default long completeCount() {
    return 1;
  }

  /** How many operations may be done at once at most. */
  default long mostCount() {
    return Long.MAX_VALUE;
  }

  /** Says why an arm cannot do this here; empty if it can. */
  default String refusal(Arm arm) {
    return "";
  }

  /**
   * Does operations 0 to {@code count - 1}, or as many of them as it can by a time of {@link
   * System#nanoTime}.
   *
   * @return how many were done
   */
  long run(Arm arm, long count, long deadlineNanos) throws IOException;

  /** Digests what the last run read or wrote: the same for both arms, if both are right. */
  long digest() throws IOException;

  /** Frees memory; called after the row has been measured. */
  default void release() {}
}
