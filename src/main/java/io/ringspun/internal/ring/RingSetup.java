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

  /**
   * The same for a ring of a group, which other threads may enter while its own is held. What
   * completes is then posted when its own thread next leaves the kernel, and not only when that
   * asks for it.
   */
  private static final int[] GROUP_LADDER = {
    IORING_SETUP_SUBMIT_ALL
        | IORING_SETUP_COOP_TASKRUN
        | IORING_SETUP_TASKRUN_FLAG
        | IORING_SETUP_NO_SQARRAY,
    IORING_SETUP_SUBMIT_ALL | IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
  };

  /** The same for a ring whose entries the kernel's own thread takes. */
  private static final int[] KERNEL_POLLING_LADDER = {
    IORING_SETUP_SUBMIT_ALL | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_NO_SQARRAY,
    IORING_SETUP_SUBMIT_ALL | IORING_SETUP_SINGLE_ISSUER,
  };

  private RingSetup() {}

  /**
   * Opens a ring.
   *
   * @param grouped whether it belongs to a group
   */
  static RingMemory open(EngineConfig config, Kernel kernel, boolean grouped)
      throws ErrnoException {
    EngineConfig.Setup setup = config.setup();
    if (setup.flags() != 0) {
      return open(config, kernel, setup.flags());
    }
    int[] ladder = grouped ? GROUP_LADDER : LADDER;
    if (setup.kernelPolling() != null) {
      ladder = KERNEL_POLLING_LADDER;
    }
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

  /** Returns whether the flags of a ring let several threads enter it, one at a time. */
  static boolean isForSeveralThreads(RingMemory ring) {
    return !ring.hasFlag(IORING_SETUP_SINGLE_ISSUER)
        && !ring.hasFlag(IORING_SETUP_DEFER_TASKRUN)
        && !ring.hasFlag(IORING_SETUP_SQPOLL)
        && !ring.hasFlag(IORING_SETUP_IOPOLL);
  }

  private static RingMemory open(EngineConfig config, Kernel kernel, int flags)
      throws ErrnoException {
    RingParams params = params(config, flags | config.setup().modes() | ALWAYS);
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

  private static RingParams params(EngineConfig config, int flags) {
    EngineConfig.Queues queues = config.queues();
    EngineConfig.KernelPolling polling = config.setup().kernelPolling();
    if (polling == null) {
      return new RingParams(queues.entries(), queues.completions(), flags);
    }
    return new RingParams(
        queues.entries(),
        queues.completions(),
        flags,
        Math.max(polling.cpu(), 0),
        polling.idleMillis(),
        Math.max(polling.attachTo(), 0));
  }
}
