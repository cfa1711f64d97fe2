package io.ringspun.internal.memory;

import io.ringspun.internal.kernel.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A block of the pool as an ordinary segment, which the calling thread can pass to calls that take
 * segments. The same thread closes it when they have returned.
 */
public final class ScratchMemory implements AutoCloseable {
  private final Arena arena = Arena.ofConfined();
  private final NativePool.Block block;
  private final MemorySegment segment;

  private ScratchMemory(long byteSize) {
    block = NativePool.take(byteSize);
    segment = NativeMemory.confine(block.memory(), arena).asSlice(0, byteSize);
  }

  /**
   * Takes a block.
   *
   * @param byteSize at least 1
   */
  public static ScratchMemory take(long byteSize) {
    return new ScratchMemory(byteSize);
  }

  /** Returns the memory, of the requested size; its content is arbitrary. */
  public MemorySegment segment() {
    return segment;
  }

  /** Ends the use of the segment, and gives the memory back unless it is lost. */
  @Override
  public void close() {
    arena.close();
    if (Lending.isLost(arena)) {
      block.markLost();
    }
    block.close();
  }
}
