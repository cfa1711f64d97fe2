package io.ringspun;

import java.io.IOException;

/**
 * Thrown by every waiting and every later call of a ring whose thread has failed. The cause is the
 * failure. Memory that was lent to the kernel at that moment is never reused.
 *
 * @since 0.1
 */
public final class RingFailedException extends IOException {
  private static final long serialVersionUID = 1L;

  RingFailedException(String ring, Throwable cause) {
    super(ring + " has failed: " + cause.getMessage(), cause);
  }
}
