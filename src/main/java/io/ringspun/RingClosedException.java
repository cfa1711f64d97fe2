package io.ringspun;

import java.io.IOException;

/**
 * Thrown by calls that begin after their ring was closed. Calls that were waiting when it was
 * closed end with {@link java.nio.channels.AsynchronousCloseException}.
 *
 * @since 0.1
 */
public final class RingClosedException extends IOException {
  private static final long serialVersionUID = 1L;

  RingClosedException(String ring) {
    super(ring + " is closed");
  }
}
