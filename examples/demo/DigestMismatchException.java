package demo;

import java.io.IOException;

/** Thrown when two ways to read or write the same bytes have different results. */
final class DigestMismatchException extends IOException {
  private static final long serialVersionUID = 1L;

  DigestMismatchException(String message) {
    super(message);
  }
}
