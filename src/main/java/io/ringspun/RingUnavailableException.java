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

  RingUnavailableException(String reason, String remedy, Throwable cause) {
    super("io_uring is not available: " + reason + ". " + remedy, cause);
  }
}
