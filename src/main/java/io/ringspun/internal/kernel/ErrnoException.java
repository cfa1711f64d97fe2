package io.ringspun.internal.kernel;

/** A system call outside the ring was refused. Caught and explained inside the module. */
public final class ErrnoException extends Exception {
  private static final long serialVersionUID = 1L;

  private final int errno;

  /**
   * Creates one.
   *
   * @param call the name of the system call
   * @param errno positive, as in errno(3)
   */
  public ErrnoException(String call, int errno) {
    assert errno > 0;
    super("%s failed: %s".formatted(call, Errno.describe(errno)));
    this.errno = errno;
  }

  /** Returns the error number, positive. */
  public int errno() {
    return errno;
  }
}
