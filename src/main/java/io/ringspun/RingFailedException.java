package io.ringspun;

import java.io.IOException;

/**
 * Thrown by every waiting and every later call of a ring whose own thread could not go on. The
 * cause tells why. Buffers that were lent to the kernel at that moment are never reused.
 *
 * @since 0.1
 */
public final class RingFailedException extends IOException {
  private static final long serialVersionUID = 1L;

  RingFailedException(String ring, Throwable cause) {
    super(ring + " has failed: " + cause.getMessage(), cause);
  }
}
