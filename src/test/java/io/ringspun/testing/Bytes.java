package io.ringspun.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SegmentAllocator;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;

/** Bytes that tell where in which file they belong, so that a misplaced one shows. */
public final class Bytes {
  private Bytes() {}

  /** Returns the byte that belongs at a position. */
  public static byte at(int seed, long position) {
    long mixed = (position + 1) * 0x9E3779B97F4A7C15L + seed * 0xC2B2AE3D27D4EB4FL;
    return (byte) (mixed >>> 56);
  }

  /** Returns the bytes that belong at a position and after it. */
  public static byte[] of(int seed, long position, int count) {
    byte[] bytes = new byte[count];
    for (int i = 0; i < count; i++) {
      bytes[i] = at(seed, position + i);
    }
    return bytes;
  }

  /** Makes a file of such bytes. */
  public static Path file(Path path, int seed, int size) throws IOException {
    return Files.write(path, of(seed, 0, size));
  }

  /** Returns native memory with such bytes. */
  public static MemorySegment segment(
      SegmentAllocator allocator, int seed, long position, int count) {
    return allocator.allocateFrom(ValueLayout.JAVA_BYTE, of(seed, position, count));
  }

  /** Returns all bytes of a segment. */
  public static byte[] copy(MemorySegment segment) {
    return segment.toArray(ValueLayout.JAVA_BYTE);
  }

  /** Returns a direct buffer with such bytes, ready to be drained. */
  public static ByteBuffer direct(int seed, long position, int count) {
    return ByteBuffer.allocateDirect(count).put(of(seed, position, count)).flip();
  }

  /** Fails, with the place, unless the bytes are those that belong at the position. */
  public static void check(int seed, long position, byte[] actual) {
    for (int i = 0; i < actual.length; i++) {
      if (actual[i] != at(seed, position + i)) {
        assertEquals(
            at(seed, position + i), actual[i], "byte %d of file %d".formatted(position + i, seed));
      }
    }
  }

  /** Checks a segment likewise. */
  public static void check(int seed, long position, MemorySegment actual) {
    check(seed, position, copy(actual));
  }
}
