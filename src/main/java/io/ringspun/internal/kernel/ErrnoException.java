package io.ringspun.internal.kernel;

/** A system call outside the ring was refused. Caught and explained inside the module. */
public final class ErrnoException extends Exception {
  private static final long serialVersionUID = 1L;

  /** The oldest Linux that Ringspun runs on. */
  public static final String OLDEST_LINUX = "6.1";

  private final int errno;

  /** The oldest Linux version that supports the request. */
  private final String since;

  /**
   * Creates one for a call that every Linux which Ringspun runs on has.
   *
   * @param call the name of the system call
   * @param errno positive, as in errno(3)
   */
  public ErrnoException(String call, int errno) {
    this(call, errno, OLDEST_LINUX);
  }

  /**
   * Creates one.
   *
   * @param since the oldest Linux version that supports the request, for example 6.12
   */
  public ErrnoException(String call, int errno, String since) {
    assert errno > 0;
    super("%s failed: %s".formatted(call, Errno.describe(errno)));
    this.errno = errno;
    this.since = since;
  }

  /** Returns the error number, positive. */
  public int errno() {
    return errno;
  }

  /** Returns the oldest Linux version that supports the request. */
  public String since() {
    return since;
  }
}
