package io.ringspun;

import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.ErrnoException;
import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.kernel.LinuxKernel;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Access to the running kernel, or the reason why there is none. The JVM reports the cause of a
 * failed class initialization only once, so the reason is kept for later callers.
 */
final class SystemKernel {
  private static final @Nullable Kernel KERNEL;
  private static final @Nullable Throwable FAILURE;

  static {
    Kernel kernel = null;
    Throwable failure = null;
    try {
      kernel = LinuxKernel.INSTANCE;
    } catch (LinkageError | IllegalCallerException e) {
      failure = e;
    }
    KERNEL = kernel;
    FAILURE = failure;
    loadWordsForFailure();
  }

  private SystemKernel() {}

  /**
   * Loads the classes that explain a failure: no class can be loaded once the process has run out
   * of file descriptors.
   */
  private static void loadWordsForFailure() {
    ErrnoException refusal = new ErrnoException("open", Errno.EMFILE);
    IOException explained = Diagnosis.of(refusal).asException(refusal);
    assert explained.getMessage() != null;
  }

  /**
   * Returns the kernel.
   *
   * @throws RingUnavailableException if native code cannot be called
   */
  static Kernel get() throws RingUnavailableException {
    if (KERNEL != null) {
      return KERNEL;
    }
    assert FAILURE != null;
    throw Diagnosis.of(FAILURE).asException(FAILURE);
  }
}
