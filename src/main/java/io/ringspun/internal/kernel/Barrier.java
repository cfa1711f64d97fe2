package io.ringspun.internal.kernel;

/**
 * Interrupts every processor that runs a thread of this process, for a moment: {@code
 * membarrier(2)} with {@code MEMBARRIER_CMD_PRIVATE_EXPEDITED}, Linux 4.14. A thread that returns
 * to user space from there has posted what has completed of the requests that it submitted.
 */
public final class Barrier {
  private static final int PRIVATE_EXPEDITED = 1 << 3;
  private static final int REGISTER_PRIVATE_EXPEDITED = 1 << 4;

  private static volatile boolean registered;

  private Barrier() {}

  /** Does it; has no effect where the kernel refuses. */
  public static void interruptAll(Kernel kernel) {
    if (!registered) {
      kernel.call(SystemCall.MEMBARRIER, REGISTER_PRIVATE_EXPEDITED, 0, 0);
      registered = true;
    }
    kernel.call(SystemCall.MEMBARRIER, PRIVATE_EXPEDITED, 0, 0);
  }
}
