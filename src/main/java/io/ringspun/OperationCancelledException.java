package io.ringspun;

import java.io.IOException;

/**
 * Thrown by a call that {@link Ring#cancel} or {@link Ring#cancelAll} has cancelled. The kernel has
 * released its memory; the file or socket stays open.
 *
 * @since 0.1
 */
public final class OperationCancelledException extends IOException {
  private static final long serialVersionUID = 1L;

  OperationCancelledException(String ring) {
    super("the operation was cancelled through " + ring);
  }
}
