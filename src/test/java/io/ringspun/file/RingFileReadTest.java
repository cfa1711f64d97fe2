package io.ringspun.file;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.OperationException;
import io.ringspun.Ring;
import io.ringspun.RingMetrics;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Fifo;
import io.ringspun.testing.Liburing;
import io.ringspun.testing.RingCase;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RingFileReadTest {
  private static final String CASES = "io.ringspun.testing.RingCase#all";

  /** What one operation transfers at most: 2 GiB less a page. */
  private static final long TRANSFER_MAX = 0x7ffff000L;

  @TempDir Path directory;

  private interface Body {
    void run(RingFile file, Arena arena) throws Exception;
  }

  /** Runs a body with a file of the given size, and an arena of the running thread. */
  private void run(RingCase how, int size, Body body) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, size);
    how.run(
        ring -> {
          try (Arena arena = Arena.ofConfined();
              RingFile file = RingFile.open(ring, path)) {
            body.run(file, arena);
          }
        });
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void read_whole(RingCase how) throws Exception {
    run(
        how,
        100_000,
        (file, arena) -> {
          MemorySegment target = arena.allocate(100_000);
          assertEquals(100_000, file.read(target, 0));
          Bytes.check(1, 0, target);
        });
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void read_part(RingCase how) throws Exception {
    run(
        how,
        100_000,
        (file, arena) -> {
          MemorySegment target = arena.allocate(3_000).fill((byte) 7);
          assertEquals(1_000, file.read(target.asSlice(1_000, 1_000), 54_321));
          Bytes.check(1, 54_321, target.asSlice(1_000, 1_000));
          for (int i = 0; i < 1_000; i++) {
            assertEquals(7, target.get(ValueLayout.JAVA_BYTE, i), "before the slice");
            assertEquals(7, target.get(ValueLayout.JAVA_BYTE, 2_000 + i), "behind the slice");
          }
        });
  }

  /** The end may lie on a page's border, where a short answer could also mean a page not cached. */
  @Liburing("short-read")
  @ParameterizedTest
  @MethodSource(CASES)
  void read_acrossTheEnd(RingCase how) throws Exception {
    for (int size : new int[] {1, 4095, 4096, 4097, 8192, 10_000}) {
      run(
          how,
          size,
          (file, arena) -> {
            MemorySegment target = arena.allocate(20_000);
            assertEquals(size, file.read(target, 0));
            Bytes.check(1, 0, target.asSlice(0, size));
            assertEquals(1, file.read(target, size - 1));
            assertEquals(-1, file.read(target, size));
            assertEquals(-1, file.read(target, size + 1));
            assertEquals(-1, file.read(target.asSlice(0, 1), size + 1_000_000L));
            assertEquals(-1, file.read(ByteBuffer.allocate(5), size));
            assertEquals(-1, file.read(ByteBuffer.allocateDirect(5), size));
            assertEquals(-1, file.read(new MemorySegment[] {target}, size));
            assertEquals(-1, file.read(new ByteBuffer[] {ByteBuffer.allocate(5)}, size));
          });
    }
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void read_emptyFile(RingCase how) throws Exception {
    run(
        how,
        0,
        (file, arena) -> {
          assertEquals(-1, file.read(arena.allocate(10), 0));
          assertThrows(EOFException.class, () -> file.readFully(arena.allocate(10), 0));
          assertThrows(EOFException.class, () -> file.readFully(ByteBuffer.allocate(1), 0));
        });
  }

  /** A file whose pages are not cached takes the way that an inline attempt cannot go. */
  @ParameterizedTest
  @MethodSource(CASES)
  void read_notCached(RingCase how) throws Exception {
    run(
        how,
        1_000_000,
        (file, arena) -> {
          file.fsync();
          MemorySegment target = arena.allocate(1_000_000);
          for (int round = 0; round < 5; round++) {
            file.advise(0, 0, AccessPattern.DONTNEED);
            file.advise(0, 0, AccessPattern.RANDOM);
            file.read(arena.allocate(10), 400_000); // one page comes back
            target.fill((byte) 0);
            file.readFully(target, 0);
            Bytes.check(1, 0, target);
          }
        });
  }

  @Test
  void read_inlineHitsAreCounted() throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 10_000);
    try (Ring ring = Ring.open();
        RingFile file = RingFile.open(ring, path)) {
      RingMetrics before = ring.metrics();
      file.read(ByteBuffer.allocateDirect(100), 0);
      RingMetrics after = ring.metrics();
      assertEquals(before.inlineHits() + 1, after.inlineHits());
      assertEquals(before.submitted(), after.submitted());
    }
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void read_everyKindOfMemory(RingCase how) throws Exception {
    Path mapped = Bytes.file(directory.resolve("mapped"), 2, 20_000);
    run(
        how,
        10_000,
        (file, arena) -> {
          try (Arena shared = Arena.ofShared();
              FileChannel channel = FileChannel.open(mapped, READ, WRITE)) {
            List<MemorySegment> targets =
                List.of(
                    arena.allocate(5_000),
                    Arena.ofAuto().allocate(5_000),
                    Arena.global().allocate(5_000),
                    shared.allocate(5_000),
                    shared.allocate(6_000).asSlice(17, 5_000),
                    MemorySegment.ofBuffer(ByteBuffer.allocateDirect(5_000)),
                    channel.map(FileChannel.MapMode.READ_WRITE, 1_000, 5_000, arena),
                    channel.map(FileChannel.MapMode.PRIVATE, 8_000, 5_000, shared));
            for (MemorySegment target : targets) {
              assertEquals(5_000, file.read(target, 33));
              Bytes.check(1, 33, target);
            }
          }
        });
    Bytes.check(1, 33, Arrays.copyOfRange(Files.readAllBytes(mapped), 1_000, 6_000));
  }

  /** Heap buffers and shared memory are copied in steps; several of them make one read. */
  @ParameterizedTest
  @MethodSource(CASES)
  void read_largeCopies(RingCase how) throws Exception {
    int size = 3_500_000;
    run(
        how,
        size,
        (file, arena) -> {
          ByteBuffer heap = ByteBuffer.allocate(size + 10);
          assertEquals(size, file.read(heap, 0));
          assertEquals(size, heap.position());
          Bytes.check(1, 0, Arrays.copyOf(heap.array(), size));
          try (Arena shared = Arena.ofShared()) {
            MemorySegment target = shared.allocate(size);
            file.readFully(target, 0);
            Bytes.check(1, 0, target);
            assertTrue(file.read(target, 0) >= 1_000_000);
          }
        });
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void read_buffersKeepTheJdksRules(RingCase how) throws Exception {
    run(
        how,
        10_000,
        (file, arena) -> {
          List<ByteBuffer> targets =
              List.of(
                  ByteBuffer.allocate(500),
                  ByteBuffer.allocateDirect(500),
                  ByteBuffer.allocate(700).position(150).slice(),
                  ByteBuffer.allocateDirect(700).position(150).slice(),
                  arena.allocate(500).asByteBuffer(),
                  MemorySegment.ofArray(new byte[500]).asByteBuffer());
          for (ByteBuffer target : targets) {
            target.position(100).limit(300);
            assertEquals(200, file.read(target, 77));
            assertEquals(300, target.position());
            assertEquals(300, target.limit());
            byte[] bytes = new byte[200];
            target.get(100, bytes);
            Bytes.check(1, 77, bytes);
            assertEquals(0, target.get(99));
            assertEquals(0, target.get(target.clear().position(300).position()));

            target.clear().position(100).limit(300);
            assertEquals(5, file.read(target, 9_995));
            assertEquals(105, target.position());
            assertThrows(EOFException.class, () -> file.readFully(target, 9_995));
            assertEquals(110, target.position(), "what there was is in the buffer");
            assertEquals(-1, file.read(target, 10_000));
            assertEquals(110, target.position());
          }
        });
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void readFully_endsInTheMiddle(RingCase how) throws Exception {
    run(
        how,
        10_000,
        (file, arena) -> {
          MemorySegment target = arena.allocate(5_000);
          EOFException e = assertThrows(EOFException.class, () -> file.readFully(target, 6_000));
          assertTrue(e.getMessage().contains("10000"), e.getMessage());
          Bytes.check(1, 6_000, target.asSlice(0, 4_000));
          file.readFully(target, 5_000);
          Bytes.check(1, 5_000, target);
        });
  }

  /** A pipe gives what it has: less than was asked for. */
  @ParameterizedTest
  @MethodSource(CASES)
  void read_short(RingCase how) throws Exception {
    how.run(
        ring -> {
          try (Fifo fifo = Fifo.open(ring, directory);
              Arena arena = Arena.ofConfined()) {
            fifo.write(1, 2, 3);
            MemorySegment target = arena.allocate(100);
            assertEquals(3, fifo.file().read(target, 0));
            assertEquals(2, target.get(ValueLayout.JAVA_BYTE, 1));
            fifo.write(4, 5, 6, 7);
            ByteBuffer heap = ByteBuffer.allocate(3_000_000);
            assertEquals(4, fifo.file().read(heap, 0));
            assertEquals(7, heap.get(3));
          }
        });
  }

  @Liburing("lfs-openat")
  @ParameterizedTest
  @MethodSource(CASES)
  void read_farPositions(RingCase how) throws Exception {
    Path path = directory.resolve("sparse");
    List<Long> places =
        List.of((1L << 31) - 50, (1L << 31) + 3, (1L << 32) - 50, (1L << 32) + 3, 5L << 32);
    try (FileChannel channel = FileChannel.open(path, CREATE, WRITE)) {
      for (long place : places) {
        channel.write(Bytes.direct(1, place, 100), place);
      }
    }
    how.run(
        ring -> {
          try (Arena arena = Arena.ofConfined();
              RingFile file = RingFile.open(ring, path)) {
            for (long place : places) {
              MemorySegment target = arena.allocate(100);
              assertEquals(100, file.read(target, place));
              Bytes.check(1, place, target);
              ByteBuffer heap = ByteBuffer.allocate(100);
              assertEquals(100, file.read(new ByteBuffer[] {heap}, place));
              Bytes.check(1, place, heap.array());
            }
            assertEquals((5L << 32) + 100, file.size());
          }
        });
  }

  /** No operation has more than 31 bits for a length; more is cut down, not wrapped. */
  @ParameterizedTest
  @MethodSource(CASES)
  void read_moreThanOneOperationTakes(RingCase how) throws Exception {
    Path large = directory.resolve("large");
    try (FileChannel channel = FileChannel.open(large, CREATE, READ, WRITE)) {
      channel.write(ByteBuffer.allocate(1), (5L << 30) - 1); // holes
    }
    run(
        how,
        10_000,
        (file, arena) -> {
          try (FileChannel channel = FileChannel.open(large, READ, WRITE)) {
            // Memory that takes no space until it is written to.
            MemorySegment huge = channel.map(FileChannel.MapMode.PRIVATE, 0, 5L << 30, arena);
            for (long size : new long[] {1L << 31, (1L << 32) + 1, 5L << 30}) {
              assertEquals(10_000, file.read(huge.asSlice(0, size), 0));
              Bytes.check(1, 0, huge.asSlice(0, 10_000));
              assertEquals(10_000, file.read(new MemorySegment[] {huge.asSlice(0, size)}, 0));
            }
          }
        });
  }

  @Test
  void read_asMuchAsOneOperationTakes() throws Exception {
    assumeTrue(freeMemory() > 8L << 30, "too little free memory for a read of 2 GiB");
    Path large = directory.resolve("large");
    try (FileChannel channel = FileChannel.open(large, CREATE, READ, WRITE);
        Ring ring = Ring.open();
        RingFile zeros = RingFile.open(ring, Path.of("/dev/zero"));
        Arena arena = Arena.ofConfined()) {
      channel.write(ByteBuffer.allocate(1), (3L << 30) - 1);
      MemorySegment huge = channel.map(FileChannel.MapMode.PRIVATE, 0, 3L << 30, arena);
      long n = zeros.read(huge, 0);
      assertTrue(n > 0 && n <= TRANSFER_MAX, "read " + n);
    }
  }

  private static long freeMemory() throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/meminfo"))) {
      if (line.startsWith("MemAvailable:")) {
        return Long.parseLong(line.replaceAll("\\D", "")) << 10;
      }
    }
    return 0;
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void read_directory(RingCase how) throws Exception {
    how.run(
        ring -> {
          try (RingFile file = RingFile.open(ring, directory)) {
            OperationException e =
                assertThrows(OperationException.class, () -> file.read(ByteBuffer.allocate(10), 0));
            assertEquals("EISDIR", e.errnoName());
          }
        });
  }
}
