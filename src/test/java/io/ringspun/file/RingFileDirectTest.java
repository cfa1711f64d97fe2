package io.ringspun.file;

import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.Ring;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Liburing;
import io.ringspun.testing.RingCase;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Direct I/O, on a file system that has it. */
class RingFileDirectTest {
  private static final String CASES = "io.ringspun.testing.RingCase#all";

  @TempDir Path directory;

  @BeforeEach
  void requireDirect() throws IOException {
    Path probe = Files.createFile(directory.resolve("probe"));
    try (Ring ring = Ring.open();
        RingFile file = RingFile.open(ring, probe, RingOpenOption.DIRECT)) {
      assumeTrue(file.stat().directOffsetAlignment() > 1, "the file system has no direct I/O");
    } catch (FileSystemException e) {
      assumeTrue(false, "the file system has no direct I/O: " + e);
    }
  }

  private interface Body {
    void run(RingFile file, Arena arena, int grid) throws Exception;
  }

  private byte[] run(RingCase how, int size, Body body) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, size);
    how.run(
        ring -> {
          try (Arena arena = Arena.ofConfined();
              RingFile file = RingFile.open(ring, path, READ, WRITE, RingOpenOption.DIRECT)) {
            body.run(file, arena, file.directAlignment());
          }
        });
    return Files.readAllBytes(path);
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void alignment_isTheKernels(RingCase how) throws Exception {
    run(
        how,
        100,
        (file, arena, grid) -> {
          FileStat stat = file.stat();
          assertEquals(Math.max(stat.directMemoryAlignment(), stat.directOffsetAlignment()), grid);
          assertEquals(1, Integer.bitCount(grid));
          MemorySegment buffer = file.allocateBuffer(arena, 4L * grid);
          assertEquals(0, buffer.address() % grid);
          assertThrows(IllegalArgumentException.class, () -> file.allocateBuffer(arena, grid + 1));
          assertThrows(IllegalArgumentException.class, () -> file.allocateBuffer(arena, -grid));
        });
  }

  @Test
  void alignment_ofCachedFiles() throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 10);
    try (Ring ring = Ring.open();
        RingFile file = RingFile.open(ring, path);
        Arena arena = Arena.ofConfined()) {
      assertEquals(1, file.directAlignment());
      assertEquals(13, file.allocateBuffer(arena, 13).byteSize());
    }
  }

  @Liburing("read-write")
  @ParameterizedTest
  @MethodSource(CASES)
  void transfer_onTheGrid(RingCase how) throws Exception {
    byte[] bytes =
        run(
            how,
            64 << 10,
            (file, arena, grid) -> {
              MemorySegment buffer = file.allocateBuffer(arena, 16L * grid);
              assertEquals(16 * grid, file.read(buffer, grid));
              Bytes.check(1, grid, buffer);
              buffer.asByteBuffer().put(Bytes.of(2, 0, 16 * grid));
              assertEquals(16 * grid, file.write(buffer, 0));
              file.writeFully(buffer.asSlice(0, grid), 0);
              file.readFully(buffer, 0);
              Bytes.check(2, 0, buffer);
              assertEquals(2L * grid, file.read(vector(buffer, grid), 3L * grid));
              Bytes.check(2, 3L * grid, buffer.asSlice(0, grid));
              Bytes.check(2, 4L * grid, buffer.asSlice(2L * grid, grid));
            });
    assertEquals(64 << 10, bytes.length);
  }

  private static MemorySegment[] vector(MemorySegment buffer, int grid) {
    return new MemorySegment[] {buffer.asSlice(0, grid), buffer.asSlice(2L * grid, grid)};
  }

  /** Copies are aligned by the library; only position and length are the caller's. */
  @ParameterizedTest
  @MethodSource(CASES)
  void transfer_copies(RingCase how) throws Exception {
    byte[] bytes =
        run(
            how,
            4 << 20,
            (file, arena, grid) -> {
              ByteBuffer heap = ByteBuffer.allocate((3 << 20) + 1).position(1);
              assertEquals(3 << 20, file.read(heap, grid));
              byte[] copy = new byte[3 << 20];
              heap.get(1, copy);
              Bytes.check(1, grid, copy);
              assertEquals(2L * grid, file.read(heaps(grid, 0), 0));
              file.writeFully(ByteBuffer.wrap(Bytes.of(2, 0, grid)), 0);
              assertEquals(2L * grid, file.write(heaps(grid, 2), grid));
              try (Arena shared = Arena.ofShared()) {
                MemorySegment target = file.allocateBuffer(shared, grid);
                assertEquals(grid, file.read(target, 0));
                Bytes.check(2, 0, target);
              }
            });
    Bytes.check(2, 0, Arrays.copyOf(bytes, 512));
  }

  private static ByteBuffer[] heaps(int grid, int seed) {
    return new ByteBuffer[] {
      ByteBuffer.wrap(Bytes.of(seed, grid, grid)),
      ByteBuffer.allocateDirect(2 * grid).alignedSlice(grid).limit(grid)
    };
  }

  /** The end of the file lies off the grid: the last read is short, and none follows it. */
  @ParameterizedTest
  @MethodSource(CASES)
  void read_acrossTheEnd(RingCase how) throws Exception {
    run(
        how,
        10_001,
        (file, arena, grid) -> {
          MemorySegment buffer = file.allocateBuffer(arena, 16 << 10);
          assertEquals(10_001, file.read(buffer, 0));
          Bytes.check(1, 0, buffer.asSlice(0, 10_001));
          assertThrows(EOFException.class, () -> file.readFully(buffer, 0));
          ByteBuffer heap = ByteBuffer.allocate(16 << 10);
          assertThrows(EOFException.class, () -> file.readFully(heap, 0));
          assertEquals(10_001, heap.position());
          ByteBuffer direct = buffer.asByteBuffer();
          assertThrows(EOFException.class, () -> file.readFully(direct, 0));
          assertEquals(10_001, direct.position());
          assertEquals(-1, file.read(buffer, 16 << 10));
        });
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void transfer_offTheGrid(RingCase how) throws Exception {
    byte[] bytes =
        run(
            how,
            64 << 10,
            (file, arena, grid) -> {
              MemorySegment buffer = file.allocateBuffer(arena, 4L * grid);
              MemorySegment shifted = buffer.asSlice(1, grid);
              MemorySegment cut = buffer.asSlice(0, grid - 1);
              MemorySegment good = buffer.asSlice(0, grid);
              ByteBuffer heap = ByteBuffer.allocate(grid - 1);
              refused(() -> file.read(shifted, 0), "address 0x", "position 0", "length " + grid);
              refused(() -> file.read(cut, 0), "length " + (grid - 1));
              refused(() -> file.read(good, 1), "position 1", "to " + grid);
              refused(() -> file.readFully(good, 1), "position 1");
              refused(() -> file.write(shifted, 0), "address 0x");
              refused(() -> file.write(good, 3), "position 3");
              refused(() -> file.writeFully(cut, 0), "length");
              refused(() -> file.read(heap, 0), "length " + (grid - 1));
              refused(() -> file.write(heap, 0), "length " + (grid - 1));
              refused(() -> file.read(shifted.asByteBuffer(), 0), "address");
              refused(() -> file.write(shifted.asByteBuffer(), 0), "address");
              refused(() -> file.read(new MemorySegment[] {good, shifted}, 0), "address");
              refused(() -> file.write(new MemorySegment[] {good, cut}, 0), "length");
              refused(() -> file.read(new ByteBuffer[] {heap}, 0), "length");
              refused(() -> file.read(new ByteBuffer[] {shifted.asByteBuffer()}, 0), "address");
              refused(() -> file.write(new ByteBuffer[] {good.asByteBuffer()}, 7), "position 7");
              assertEquals(grid, file.read(good, 0), "usable afterwards");
              Bytes.check(1, 0, good);
            });
    assertArrayEquals(Bytes.of(1, 0, 64 << 10), bytes);
  }

  private static void refused(Executable call, String... texts) {
    IllegalArgumentException e = assertThrows(IllegalArgumentException.class, call);
    for (String text : texts) {
      assertTrue(e.getMessage().contains(text), e.getMessage());
    }
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void append_onTheGrid(RingCase how) throws Exception {
    Path path = directory.resolve("log");
    how.run(
        ring -> {
          try (Arena arena = Arena.ofConfined();
              RingFile file = RingFile.open(ring, path, APPEND, CREATE, RingOpenOption.DIRECT)) {
            int grid = file.directAlignment();
            MemorySegment buffer = file.allocateBuffer(arena, grid);
            buffer.asByteBuffer().put(Bytes.of(1, 0, grid));
            assertEquals(grid, file.append(buffer));
            assertEquals(grid, file.append(ByteBuffer.wrap(Bytes.of(1, grid, grid))));
            refused(() -> file.append(buffer.asSlice(0, 5)), "length 5");
            refused(() -> file.append(ByteBuffer.allocate(5)), "length 5");
            refused(() -> file.append(new ByteBuffer[] {ByteBuffer.allocate(5)}), "length 5");
            assertEquals(2L * grid, file.size());
          }
        });
    Bytes.check(1, 0, Files.readAllBytes(path));
  }

  /** What goes past the page cache is on the device, so no inline attempt is made. */
  @Test
  void transfer_isNeverInline() throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 64 << 10);
    try (Ring ring = Ring.open();
        RingFile file = RingFile.open(ring, path, READ, WRITE, RingOpenOption.DIRECT)) {
      MemorySegment buffer = file.allocateBuffer(Arena.ofAuto(), file.directAlignment());
      long before = ring.metrics().inlineHits() + ring.metrics().inlineMisses();
      file.read(buffer, 0);
      file.write(buffer, 0);
      assertEquals(before, ring.metrics().inlineHits() + ring.metrics().inlineMisses());
    }
  }
}
