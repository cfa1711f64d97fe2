package io.ringspun.benchmarks;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Blocks of direct memory, aligned for direct I/O: the same memory for every arm, as a buffer for
 * channels, as a segment for rings.
 */
final class Buffers {
  private final ByteBuffer[] buffers;
  private final MemorySegment[] segments;

  Buffers(int count) {
    int blockBytes = BenchmarkFile.BLOCK_BYTES;
    ByteBuffer all = ByteBuffer.allocateDirect((count + 1) * blockBytes).alignedSlice(blockBytes);
    buffers = new ByteBuffer[count];
    segments = new MemorySegment[count];
    for (int i = 0; i < count; i++) {
      ByteBuffer block = all.slice(i * blockBytes, blockBytes);
      buffers[i] = block.order(ByteOrder.nativeOrder());
      segments[i] = MemorySegment.ofBuffer(block);
    }
  }

  ByteBuffer buffer(int index) {
    return buffers[index];
  }

  MemorySegment segment(int index) {
    return segments[index];
  }
}
