package io.ringspun;

import java.io.IOException;

/**
 * Thrown when a ring cannot be opened here. The message says why and what to do about it; {@link
 * Ring#availability()} tells the same in advance.
 *
 * @since 0.1
 */
public final class RingUnavailableException extends IOException {
  private static final long serialVersionUID = 1L;

  /** What is wrong. */
  private final String reason;

  /** What to do about it. */
  private final String remedy;

  RingUnavailableException(String reason, String remedy, Throwable cause) {
    super(
        "io_uring is not available: %s. %s. Or let the JDK do the work of RingFileChannel:"
                .formatted(reason, remedy)
            + " -Dio.ringspun.fallback=jdk",
        cause);
    this.reason = reason;
    this.remedy = remedy;
  }

  /**
   * Returns what is wrong.
   *
   * @return a clause, as {@link Availability#reason} has it
   */
  public String reason() {
    return reason;
  }

  /**
   * Returns what to do about it.
   *
   * @return a sentence, as {@link Availability#remedy} has it
   */
  public String remedy() {
    return remedy;
  }
}
