package io.ringspun;

import java.io.InterruptedIOException;

/**
 * Thrown when a call exceeds its time limit. The operation was cancelled and the kernel has
 * released its memory; the file or socket stays open. If a chain or a batch throws it, the cause is
 * a {@link TransactionException} with the outcomes of all steps.
 *
 * @since 0.1
 */
public final class OperationTimeoutException extends InterruptedIOException {
  private static final long serialVersionUID = 1L;

  OperationTimeoutException(String message) {
    super(message);
  }

  OperationTimeoutException(String message, TransactionException cause) {
    super(message);
    initCause(cause);
  }
}
