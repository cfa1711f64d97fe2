package io.ringspun;

import java.io.IOException;

/**
 * Thrown when a ring cannot be opened. The message says why and how to fix it; {@link
 * Ring#availability()} reports the same in advance.
 *
 * @since 0.1
 */
public final class RingUnavailableException extends IOException {
  private static final long serialVersionUID = 1L;

  /** What is wrong. */
  private final String reason;

  /** How to fix it. */
  private final String remedy;

  RingUnavailableException(String reason, String remedy, Throwable cause) {
    super(
        "io_uring is not available: %s. %s. Or let RingFileChannel fall back to the JDK:"
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
   * Returns how to fix it.
   *
   * @return a sentence, as {@link Availability#remedy} has it
   */
  public String remedy() {
    return remedy;
  }
}
