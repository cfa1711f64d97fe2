package io.ringspun;

import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.ErrnoException;
import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.kernel.LinuxKernel;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * The running kernel, or why it cannot be reached. The JVM tells only the first who asks what is
 * wrong with a class that cannot be initialized, so the answer is kept for those who ask later.
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

  /** Loads what explains a refusal: without a file descriptor left, no class can be loaded. */
  private static void loadWordsForFailure() {
    ErrnoException refusal = new ErrnoException("open", Errno.EMFILE);
    IOException explained = Diagnosis.of(refusal).asException(refusal);
    assert explained.getMessage() != null;
  }

  /**
   * Returns the kernel.
   *
   * @throws RingUnavailableException if native code cannot be reached here
   */
  static Kernel get() throws RingUnavailableException {
    if (KERNEL != null) {
      return KERNEL;
    }
    assert FAILURE != null;
    throw Diagnosis.of(FAILURE).asException(FAILURE);
  }
}
