package demo;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/**
 * A worker's memory: the same aligned bytes as the segment that Ringspun takes and as the direct
 * buffer that {@link java.nio.channels.FileChannel} takes.
 */
record Block(MemorySegment segment, ByteBuffer buffer) {
  /** Enough for direct I/O on all common devices. */
  static final int ALIGNMENT = 4096;

  static Block allocate(int byteCount) {
    ByteBuffer buffer =
        ByteBuffer.allocateDirect(byteCount + ALIGNMENT)
            .alignedSlice(ALIGNMENT)
            .slice(0, byteCount);
    return new Block(MemorySegment.ofBuffer(buffer), buffer);
  }
}
