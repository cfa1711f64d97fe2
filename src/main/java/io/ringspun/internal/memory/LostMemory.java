package io.ringspun.internal.memory;

import java.lang.foreign.MemorySegment;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Memory that the kernel was lent by rings that failed. Nobody will learn when it is free, so it is
 * never freed: a leak, counted, instead of a corruption. Safe for use by multiple concurrent
 * threads.
 */
public final class LostMemory {
  /** Scopes of segments that were lent without a copy. */
  private static final Set<MemorySegment.Scope> SCOPES = ConcurrentHashMap.newKeySet();

  private LostMemory() {}

  /**
   * Marks the memory that was lent to an operation as lost. The caller keeps it reachable for the
   * life of the process.
   *
   * @param lent a {@link LentMemory}, a segment, an array of such, or null
   */
  public static void mark(@Nullable Object lent) {
    switch (lent) {
      case LentMemory memory -> memory.markLost();
      case MemorySegment segment -> SCOPES.add(segment.scope());
      case Object[] several -> {
        for (Object each : several) {
          mark(each);
        }
      }
      case null, default -> {}
    }
  }

  /** Returns whether a segment of this scope was lent and is lost. */
  public static boolean contains(MemorySegment.Scope scope) {
    return !SCOPES.isEmpty() && SCOPES.contains(scope);
  }
}
