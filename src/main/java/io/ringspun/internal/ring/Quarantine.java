package io.ringspun.internal.ring;

import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/**
 * Memory that the kernel was lent by rings that failed. Nobody will learn when it is free, so it is
 * never freed: a leak, counted, instead of a corruption.
 */
final class Quarantine {
  private static final List<InFlight> KEPT = new CopyOnWriteArrayList<>();

  /** Of segments that were lent as they are. */
  private static final Set<MemorySegment.Scope> SCOPES = ConcurrentHashMap.newKeySet();

  private Quarantine() {}

  /**
   * Keeps reachable, for ever, what operations were lent that nobody will see the end of, and marks
   * it as lost. For the ring's thread, before it wakes those who wait.
   */
  static void keep(InFlight operations) {
    if (operations.count() == 0) {
      return;
    }
    for (int slot = 0; slot < operations.slots(); slot++) {
      Operation operation = operations.at(slot);
      if (operation != null) {
        markLost(operation.lent);
      }
    }
    KEPT.add(operations);
  }

  /** Marks whatever an operation was lent. */
  static void markLost(@Nullable Object lent) {
    switch (lent) {
      case LentMemory memory -> memory.markLost();
      case MemorySegment segment -> SCOPES.add(segment.scope());
      case Object[] several -> {
        for (Object each : several) {
          markLost(each);
        }
      }
      case null, default -> {}
    }
  }

  /** Returns whether a segment of this scope was lent and is lost. */
  static boolean hasLost(MemorySegment.Scope scope) {
    return !SCOPES.isEmpty() && SCOPES.contains(scope);
  }

  /** Returns how many operations were never answered for. */
  static int size() {
    return KEPT.stream().mapToInt(InFlight::count).sum();
  }
}
