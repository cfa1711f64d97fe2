package io.ringspun.file;

import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.ringspun.testing.Bytes;
import io.ringspun.testing.Liburing;
import io.ringspun.testing.RingCase;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Reads and writes of several pieces of memory at once. */
class RingFileVectorTest {
  private static final String CASES = "io.ringspun.testing.RingCase#all";
  private static final int SIZE = 50_000;
  private static final int PIECES_MAX = 1_024;

  @TempDir Path directory;

  private interface Body {
    void run(RingFile file, Arena arena) throws Exception;
  }

  private byte[] run(RingCase how, Body body) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, SIZE);
    how.run(
        ring -> {
          try (Arena arena = Arena.ofConfined();
              RingFile file = RingFile.open(ring, path, READ, WRITE)) {
            body.run(file, arena);
          }
        });
    return Files.readAllBytes(path);
  }

  @Liburing("read-write")
  @ParameterizedTest
  @MethodSource(CASES)
  void read_segments(RingCase how) throws Exception {
    run(
        how,
        (file, arena) -> {
          try (Arena shared = Arena.ofShared()) {
            MemorySegment[] targets = {
              arena.allocate(1_000),
              shared.allocate(1),
              Arena.ofAuto().allocate(3_000),
              shared.allocate(10_000).asSlice(3, 8_000)
            };
            assertEquals(12_001, file.read(targets, 500));
            long at = 500;
            for (MemorySegment target : targets) {
              Bytes.check(1, at, target);
              at += target.byteSize();
            }
          }
        });
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void read_buffers(RingCase how) throws Exception {
    run(
        how,
        (file, arena) -> {
          ByteBuffer[] targets = {
            ByteBuffer.allocate(100).position(20).limit(70),
            ByteBuffer.allocate(0),
            ByteBuffer.allocateDirect(100).position(50),
            arena.allocate(100).asByteBuffer(),
            ByteBuffer.allocate(100).position(100),
            MemorySegment.ofArray(new byte[100]).asByteBuffer().slice(10, 50)
          };
          assertEquals(250, file.read(targets, 1_000));
          long at = 1_000;
          int[] starts = {20, 0, 50, 0, 100, 0};
          for (int i = 0; i < targets.length; i++) {
            assertEquals(targets[i].limit(), targets[i].position());
            byte[] bytes = new byte[targets[i].limit() - starts[i]];
            targets[i].get(starts[i], bytes);
            Bytes.check(1, at, bytes);
            at += bytes.length;
          }
        });
  }

  /** A short read fills the first pieces and leaves the others alone. */
  @ParameterizedTest
  @MethodSource(CASES)
  void read_acrossTheEnd(RingCase how) throws Exception {
    run(
        how,
        (file, arena) -> {
          ByteBuffer[] targets = {
            ByteBuffer.allocate(10), ByteBuffer.allocateDirect(10), ByteBuffer.allocate(10)
          };
          assertEquals(15, file.read(targets, SIZE - 15));
          assertEquals(10, targets[0].position());
          assertEquals(5, targets[1].position());
          assertEquals(0, targets[2].position());
          assertEquals(0, targets[2].get(0));
          Bytes.check(1, SIZE - 15, targets[0].array());
          assertEquals(-1, file.read(targets, SIZE));
          assertEquals(5, targets[1].position());
          try (Arena shared = Arena.ofShared()) {
            MemorySegment[] copies = {shared.allocate(10), shared.allocate(10).fill((byte) 7)};
            assertEquals(12, file.read(copies, SIZE - 12));
            Bytes.check(1, SIZE - 12, copies[0]);
            Bytes.check(1, SIZE - 2, copies[1].asSlice(0, 2));
            assertArrayEquals(new byte[] {7, 7}, Arrays.copyOfRange(Bytes.copy(copies[1]), 2, 4));
          }
        });
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void write_segmentsAndBuffers(RingCase how) throws Exception {
    byte[] bytes =
        run(
            how,
            (file, arena) -> {
              try (Arena shared = Arena.ofShared()) {
                MemorySegment[] segments = {
                  Bytes.segment(arena, 2, 0, 1_000),
                  Bytes.segment(shared, 2, 1_000, 1_000),
                  Bytes.segment(arena, 2, 2_000, 1_000).asReadOnly()
                };
                assertEquals(3_000, file.write(segments, 0));
                ByteBuffer[] buffers = {
                  ByteBuffer.wrap(Bytes.of(2, 2_900, 200)).position(100),
                  ByteBuffer.allocate(0),
                  Bytes.direct(2, 3_100, 900),
                  ByteBuffer.wrap(Bytes.of(2, 4_000, 1_000)).asReadOnlyBuffer()
                };
                assertEquals(2_000, file.write(buffers, 3_000));
                for (ByteBuffer buffer : buffers) {
                  assertEquals(0, buffer.remaining());
                }
              }
            });
    Bytes.check(2, 0, Arrays.copyOf(bytes, 5_000));
    Bytes.check(1, 5_000, Arrays.copyOfRange(bytes, 5_000, SIZE));
  }

  /** The kernel takes 1,024 pieces at once; empty ones are passed over and do not count. */
  @ParameterizedTest
  @MethodSource(CASES)
  void transfer_veryManyPieces(RingCase how) throws Exception {
    byte[] bytes =
        run(
            how,
            (file, arena) -> {
              ByteBuffer[] targets = new ByteBuffer[2_000];
              Arrays.setAll(targets, i -> ByteBuffer.allocate(i % 2 == 0 ? 3 : 0));
              assertEquals(3_000, file.read(targets, 10));
              targets = new ByteBuffer[2_000];
              Arrays.setAll(targets, _ -> ByteBuffer.allocate(3));
              assertEquals(3L * PIECES_MAX, file.read(targets, 10));
              assertEquals(3, targets[PIECES_MAX - 1].position());
              assertEquals(0, targets[PIECES_MAX].position());
              MemorySegment[] sources = new MemorySegment[1_500];
              Arrays.setAll(sources, i -> Bytes.segment(arena, 2, i * 3L, 3));
              assertEquals(3L * PIECES_MAX, file.write(sources, 0));
            });
    Bytes.check(2, 0, Arrays.copyOf(bytes, 3 * PIECES_MAX));
    assertEquals(Bytes.at(1, 3 * PIECES_MAX), bytes[3 * PIECES_MAX]);
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void transfer_nothing(RingCase how) throws Exception {
    run(
        how,
        (file, arena) -> {
          MemorySegment[] none = {};
          ByteBuffer[] empty = {ByteBuffer.allocate(0), ByteBuffer.allocateDirect(0)};
          assertThrows(IllegalArgumentException.class, () -> file.read(none, 0));
          assertThrows(IllegalArgumentException.class, () -> file.write(none, 0));
          assertThrows(IllegalArgumentException.class, () -> file.read(empty, 0));
          assertThrows(IllegalArgumentException.class, () -> file.write(empty, 0));
        });
  }
}
