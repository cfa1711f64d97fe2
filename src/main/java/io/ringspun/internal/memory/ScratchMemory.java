package io.ringspun.internal.memory;

import io.ringspun.internal.kernel.NativeMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * A block of the pool as a segment like any other, for the calling thread to give to calls that
 * take anybody's memory. Closed by the same thread when they have returned.
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

  /** Returns the memory, of the size that was asked for; what it holds is arbitrary. */
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
