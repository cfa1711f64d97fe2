package io.ringspun;

import io.ringspun.internal.kernel.Errno;
import java.io.IOException;

/**
 * Thrown when the kernel completes an operation with an error. A {@link TransactionException} is
 * thrown for the operations of chains and batches.
 *
 * @since 0.1
 */
public sealed class OperationException extends IOException permits TransactionException {
  private static final long serialVersionUID = 1L;

  /** What failed, as the kernel calls it. */
  private final String operation;

  /** Positive, as in errno(3), or 0 if fewer bytes were transferred than asked for. */
  private final int errno;

  /**
   * Creates an exception whose message has the operation, the error's text, name and number.
   *
   * @param operation the name of what failed, such as {@code "read"}; see {@link #operation}
   * @param errno the error number, positive, as in errno(3)
   * @throws IllegalArgumentException if {@code errno} is not positive
   */
  public OperationException(String operation, int errno) {
    this(operation, errno, remedy(errno));
  }

  /**
   * Creates an exception whose message has more to say at its end.
   *
   * @param operation the name of what failed, such as {@code "read"}; see {@link #operation}
   * @param errno the error number, positive, as in errno(3)
   * @param detail what else there is to say, or an empty string
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
   * @param detail what else there is to say, or an empty string
   */
  static String message(String operation, int errno, String detail) {
    return "%s failed: %s%s%s"
        .formatted(operation, Errno.describe(errno), detail.isEmpty() ? "" : "; ", detail);
  }

  /** Returns what to do about an error, or an empty string. */
  static String remedy(int errno) {
    return errno == Errno.EMFILE
        ? "close some, or raise the limit of open files (ulimit -n, LimitNOFILE=)"
        : "";
  }

  /**
   * Returns the name of what failed. It is one word: the system call or the {@code IORING_OP_}
   * number's name in lower case, such as {@code "fsync"} or {@code "sync_file_range"}; the name of
   * an {@code IORING_REGISTER_} number as it is; {@code "opcode_254"} for an {@link RawOperation}
   * whose number has no name here.
   *
   * @return the operation's name
   */
  public String operation() {
    return operation;
  }

  /**
   * Returns the kernel's error number.
   *
   * @return a positive number, as in errno(3); or 0, only for a step of a chain or a batch that
   *     succeeded and transferred fewer bytes than it was asked to
   */
  public int errno() {
    return errno;
  }

  /**
   * Returns the symbolic name of the error number.
   *
   * @return the name, such as {@code "ENOSPC"}, or an empty string if the number is 0
   */
  public String errnoName() {
    return errno == 0 ? "" : Errno.name(errno);
  }
}
