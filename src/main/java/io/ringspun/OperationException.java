package io.ringspun;

import io.ringspun.internal.kernel.Errno;
import io.ringspun.raw.RawOperation;
import java.io.IOException;

/**
 * Thrown when an operation fails with an error number of the kernel. Chains and batches throw the
 * subclass {@link TransactionException}.
 *
 * @since 0.1
 */
public sealed class OperationException extends IOException permits TransactionException {
  private static final long serialVersionUID = 1L;

  /** The kernel's name of the operation. */
  private final String operation;

  /** Positive, as in errno(3), or 0 if fewer bytes were transferred than requested. */
  private final int errno;

  /**
   * Creates an exception whose message has the operation and the text, name and number of the
   * error.
   *
   * @param operation the name of the operation, for example {@code "read"}; see {@link #operation}
   * @param errno the error number, positive, as in errno(3)
   * @throws IllegalArgumentException if {@code errno} is not positive
   */
  public OperationException(String operation, int errno) {
    this(operation, errno, remedy(errno));
  }

  /**
   * Creates an exception whose message ends with a detail.
   *
   * @param operation the name of the operation, for example {@code "read"}; see {@link #operation}
   * @param errno the error number, positive, as in errno(3)
   * @param detail text for the end of the message, or an empty string
   * @throws IllegalArgumentException if {@code errno} is not positive
   */
  public OperationException(String operation, int errno, String detail) {
    if (errno <= 0) {
      throw new IllegalArgumentException("errno must be positive: " + errno);
    }
    super(message(operation, errno, detail));
    this.operation = operation;
    this.errno = errno;
  }

  /** Creates an exception for a step that did not succeed. */
  OperationException(Outcome outcome) {
    super(outcome.toString());
    operation = outcome.step().operation();
    errno = outcome.isShort() ? 0 : -outcome.result();
  }

  /**
   * Returns the text for an error.
   *
   * @param detail text for the end of the message, or an empty string
   */
  static String message(String operation, int errno, String detail) {
    return "%s failed: %s%s%s"
        .formatted(operation, Errno.describe(errno), detail.isEmpty() ? "" : "; ", detail);
  }

  /** Returns advice on fixing an error, or an empty string. */
  static String remedy(int errno) {
    return errno == Errno.EMFILE
        ? "close some files, or raise the limit on open files (ulimit -n, LimitNOFILE=)"
        : "";
  }

  /**
   * Returns the name of the operation that failed. It is one word, usually the name of the system
   * call or of the {@code IORING_OP_} constant in lower case, for example {@code "fsync"} or {@code
   * "sync_file_range"}. It may also be the name of an {@code IORING_REGISTER_} constant or of a
   * command of {@code fcntl(2)}, unchanged, or, for example, {@code "opcode_254"} for a {@link
   * RawOperation} whose opcode this library does not know.
   *
   * @return the operation's name
   */
  public String operation() {
    return operation;
  }

  /**
   * Returns the kernel's error number.
   *
   * @return a positive number, as in errno(3); or 0 for a step of a chain or a batch that
   *     transferred fewer bytes than requested
   */
  public int errno() {
    return errno;
  }

  /**
   * Returns the symbolic name of the error number.
   *
   * @return the name, for example {@code "ENOSPC"}, or an empty string if the number is 0
   */
  public String errnoName() {
    return errno == 0 ? "" : Errno.name(errno);
  }
}
