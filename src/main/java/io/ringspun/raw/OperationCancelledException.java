package io.ringspun.raw;

import java.io.IOException;

/**
 * Thrown by a call that {@link Raw#cancel} or {@link Raw#cancelAll} has cancelled. The kernel has
 * released its memory; the file or socket stays open.
 *
 * @since 0.1
 */
public final class OperationCancelledException extends IOException {
  private static final long serialVersionUID = 1L;

  /**
   * Creates the exception for a cancelled call.
   *
   * @param ring the name of the ring that cancelled it
   */
  public OperationCancelledException(String ring) {
    super("the operation was cancelled through " + ring);
  }
}
