package io.ringspun.internal.ring;

import static io.ringspun.internal.kernel.Constants.*;

import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.ErrnoException;
import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.kernel.RingMemory;
import io.ringspun.internal.kernel.RingParams;

/** Asks the kernel for a ring with the best flags that it takes. */
final class RingSetup {
  private static final int ALWAYS =
      IORING_SETUP_R_DISABLED | IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP;

  /**
   * From the newest to what Linux 6.1 has; what an older kernel refuses with EINVAL is left out.
   */
  private static final int[] LADDER = {
    IORING_SETUP_SUBMIT_ALL
        | IORING_SETUP_SINGLE_ISSUER
        | IORING_SETUP_DEFER_TASKRUN
        | IORING_SETUP_TASKRUN_FLAG
        | IORING_SETUP_NO_SQARRAY,
    IORING_SETUP_SUBMIT_ALL
        | IORING_SETUP_SINGLE_ISSUER
        | IORING_SETUP_DEFER_TASKRUN
        | IORING_SETUP_TASKRUN_FLAG,
    IORING_SETUP_SUBMIT_ALL | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
  };

  /** The same for a ring whose entries the kernel's own thread takes. */
  private static final int[] KERNEL_POLLING_LADDER = {
    IORING_SETUP_SUBMIT_ALL | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_NO_SQARRAY,
    IORING_SETUP_SUBMIT_ALL | IORING_SETUP_SINGLE_ISSUER,
  };

  private RingSetup() {}

  static RingMemory open(EngineConfig config, Kernel kernel) throws ErrnoException {
    if (config.flags() != 0) {
      return open(config, kernel, config.flags());
    }
    int[] ladder = (config.modes() & IORING_SETUP_SQPOLL) != 0 ? KERNEL_POLLING_LADDER : LADDER;
    for (int rung = 0; ; rung++) {
      try {
        return open(config, kernel, ladder[rung]);
      } catch (ErrnoException e) {
        if (e.errno() != Errno.EINVAL || rung == ladder.length - 1) {
          throw e;
        }
      }
    }
  }

  private static RingMemory open(EngineConfig config, Kernel kernel, int flags)
      throws ErrnoException {
    RingParams params =
        new RingParams(
            config.entries(),
            config.completionEntries(),
            flags | config.modes() | ALWAYS,
            config.sqThreadCpu(),
            config.sqThreadIdleMillis(),
            config.attachTo());
    RingMemory[] opened = new RingMemory[1];
    ErrnoException[] refusal = new ErrnoException[1];
    int result =
        LockedMemory.ask(
            () -> {
              try {
                opened[0] = kernel.open(params);
                return 0;
              } catch (ErrnoException e) {
                refusal[0] = e;
                return -e.errno();
              }
            });
    if (result < 0) {
      throw refusal[0];
    }
    return opened[0];
  }
}
