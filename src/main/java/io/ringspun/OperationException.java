package io.ringspun;

import io.ringspun.internal.kernel.Errno;
import java.io.IOException;

/**
 * Thrown when the kernel completes an operation with an error.
 *
 * @since 0.1
 */
public final class OperationException extends IOException {
  private static final long serialVersionUID = 1L;

  /** What failed, as the kernel calls it. */
  private final String operation;

  /** Positive, as in errno(3). */
  private final int errno;

  /**
   * Creates an exception whose message has the operation, the error's text, name and number.
   *
   * @param operation what failed, such as {@code "read"}
   * @param errno the error number, positive, as in errno(3)
   * @throws IllegalArgumentException if {@code errno} is not positive
   */
  public OperationException(String operation, int errno) {
    if (errno <= 0) {
      throw new IllegalArgumentException("errno must be positive: " + errno);
    }
    this(operation, errno, remedy(errno));
  }

  /** Creates one with more to say about the reason. */
  OperationException(String operation, int errno, String more) {
    super("%s failed: %s%s".formatted(operation, Errno.describe(errno), more));
    this.operation = operation;
    this.errno = errno;
  }

  private static String remedy(int errno) {
    return errno == Errno.EMFILE
        ? "; close some, or raise the limit of open files (ulimit -n, LimitNOFILE=)"
        : "";
  }

  /**
   * Returns what failed.
   *
   * @return the operation's name, such as {@code "fsync"}
   */
  public String operation() {
    return operation;
  }

  /**
   * Returns the kernel's error number.
   *
   * @return a positive number, as in errno(3)
   */
  public int errno() {
    return errno;
  }

  /**
   * Returns the symbolic name of the error number.
   *
   * @return the name, such as {@code "ENOSPC"}
   */
  public String errnoName() {
    return Errno.name(errno);
  }
}
