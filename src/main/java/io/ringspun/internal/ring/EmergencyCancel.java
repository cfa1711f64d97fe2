package io.ringspun.internal.ring;

import static io.ringspun.internal.kernel.Constants.IORING_REGISTER_SYNC_CANCEL;

import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.kernel.RingMemory;
import io.ringspun.internal.kernel.SyncCancel;
import java.lang.foreign.Arena;

/**
 * Cancels all operations of a failed ring without the queues ({@code IORING_REGISTER_SYNC_CANCEL},
 * Linux 6.0), so that as little memory as possible stays lent to the kernel.
 */
final class EmergencyCancel {
  private static final long PATIENCE_NANOS = 200_000_000;

  private EmergencyCancel() {}

  static void cancelAll(Kernel kernel, RingMemory memory) {
    try (Arena arena = Arena.ofConfined()) {
      // Whether it succeeds shows in the completions.
      kernel.register(
          memory, IORING_REGISTER_SYNC_CANCEL, SyncCancel.all(arena, PATIENCE_NANOS), 1);
    }
  }
}
