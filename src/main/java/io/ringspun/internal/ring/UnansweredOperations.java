package io.ringspun.internal.ring;

import io.ringspun.internal.memory.LostMemory;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The operations that rings had in flight when they failed. The kernel may access their memory at
 * any time, so they stay reachable for the life of the process.
 */
final class UnansweredOperations {
  private static final List<InFlight> KEPT = new CopyOnWriteArrayList<>();

  private UnansweredOperations() {}

  /**
   * Keeps operations reachable, and marks their memory as lost. For the ring's thread, before it
   * wakes waiting threads.
   */
  static void keep(InFlight operations) {
    if (operations.count() == 0) {
      return;
    }
    for (int slot = 0; slot < operations.slots(); slot++) {
      Operation operation = operations.at(slot);
      if (operation != null) {
        LostMemory.mark(operation.lent);
      }
    }
    KEPT.add(operations);
  }

  /** Returns how many operations were never answered for. */
  static int size() {
    return KEPT.stream().mapToInt(InFlight::count).sum();
  }
}
