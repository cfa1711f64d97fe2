package io.ringspun.internal.kernel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Native memory that one plain system call needs: room for a single {@code struct iovec}, and for
 * the {@code errno} that the linker saves. Used by one thread at a time.
 */
public final class CallMemory {
  /** For calls whose {@code errno} nobody reads, by any thread. */
  static final CallMemory UNREAD = new CallMemory();

  private final MemorySegment vector;
  final MemorySegment errno;

  /** Allocates memory that is freed when nothing refers to it any more. */
  public CallMemory() {
    this(Arena.ofAuto());
  }

  /** Allocates the memory from an arena. */
  CallMemory(Arena arena) {
    MemorySegment memory = arena.allocate(64, 64);
    vector = memory.asSlice(0, 16);
    errno = memory.asSlice(32, 16);
  }

  /** Describes one buffer for the next call, and returns the address of that description. */
  long vector(long address, long byteSize) {
    vector.set(ValueLayout.JAVA_LONG, 0, address);
    vector.set(ValueLayout.JAVA_LONG, 8, byteSize);
    return vector.address();
  }
}
