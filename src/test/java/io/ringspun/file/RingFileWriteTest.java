package io.ringspun.file;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.DSYNC;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.SYNC;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.ringspun.OperationException;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.FileSizeLimit;
import io.ringspun.testing.RingCase;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RingFileWriteTest {
  private static final String CASES = "io.ringspun.testing.RingCase#all";

  @TempDir Path directory;

  private interface Body {
    void run(RingFile file, Arena arena) throws Exception;
  }

  /** Runs a body with an empty file, and an arena of the running thread; returns the bytes. */
  private byte[] run(RingCase how, Body body, OpenOption... more) throws Exception {
    Path path = directory.resolve("file");
    Files.deleteIfExists(path);
    OpenOption[] options = Arrays.copyOf(more, more.length + 3);
    options[more.length] = CREATE_NEW;
    options[more.length + 1] = READ;
    options[more.length + 2] = WRITE;
    how.run(
        ring -> {
          try (Arena arena = Arena.ofConfined();
              RingFile file = RingFile.open(ring, path, options)) {
            body.run(file, arena);
          }
        });
    return Files.size(path) < 1 << 30 ? Files.readAllBytes(path) : new byte[0];
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void write_whole(RingCase how) throws Exception {
    byte[] bytes =
        run(
            how,
            (file, arena) ->
                assertEquals(100_000, file.write(Bytes.segment(arena, 1, 0, 100_000), 0)));
    assertArrayEquals(Bytes.of(1, 0, 100_000), bytes);
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void write_overAndPastTheEnd(RingCase how) throws Exception {
    byte[] bytes =
        run(
            how,
            (file, arena) -> {
              assertEquals(100, file.write(Bytes.segment(arena, 1, 0, 100), 0));
              assertEquals(100, file.write(Bytes.segment(arena, 2, 50, 100), 50));
              assertEquals(1, file.write(Bytes.segment(arena, 3, 10_000, 1), 10_000));
              assertEquals(10_001, file.size());
            });
    Bytes.check(1, 0, Arrays.copyOf(bytes, 50));
    Bytes.check(2, 50, Arrays.copyOfRange(bytes, 50, 150));
    assertArrayEquals(new byte[9_850], Arrays.copyOfRange(bytes, 150, 10_000), "a hole is zeros");
    assertEquals(Bytes.at(3, 10_000), bytes[10_000]);
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void write_synchronously(RingCase how) throws Exception {
    for (OpenOption option : List.of(SYNC, DSYNC)) {
      byte[] bytes =
          run(how, (file, arena) -> file.writeFully(Bytes.segment(arena, 1, 0, 10_000), 0), option);
      assertArrayEquals(Bytes.of(1, 0, 10_000), bytes);
    }
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void write_everyKindOfMemory(RingCase how) throws Exception {
    Path mapped = Bytes.file(directory.resolve("mapped"), 1, 20_000);
    byte[] bytes =
        run(
            how,
            (file, arena) -> {
              try (Arena shared = Arena.ofShared();
                  FileChannel channel = FileChannel.open(mapped)) {
                List<MemorySegment> sources =
                    List.of(
                        Bytes.segment(arena, 1, 0, 500),
                        Bytes.segment(Arena.ofAuto(), 1, 500, 500).asReadOnly(),
                        Bytes.segment(Arena.global(), 1, 1_000, 500),
                        Bytes.segment(shared, 1, 1_500, 500),
                        Bytes.segment(shared, 1, 1_900, 1_000).asSlice(100, 500),
                        MemorySegment.ofBuffer(Bytes.direct(1, 2_500, 500)),
                        channel.map(FileChannel.MapMode.READ_ONLY, 3_000, 500, arena),
                        channel.map(FileChannel.MapMode.READ_ONLY, 3_500, 500, shared));
                for (int i = 0; i < sources.size(); i++) {
                  assertEquals(500, file.write(sources.get(i), i * 500L));
                }
              }
            });
    assertArrayEquals(Bytes.of(1, 0, 4_000), bytes);
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void write_largeCopies(RingCase how) throws Exception {
    int size = 3_500_000;
    byte[] whole = Bytes.of(1, 0, size);
    byte[] bytes =
        run(
            how,
            (file, arena) -> {
              ByteBuffer heap = ByteBuffer.wrap(whole);
              assertEquals(size, file.write(heap, 0));
              assertEquals(size, heap.position());
            });
    assertArrayEquals(whole, bytes);
    bytes =
        run(
            how,
            (file, arena) -> {
              try (Arena shared = Arena.ofShared()) {
                file.writeFully(Bytes.segment(shared, 1, 0, size), 0);
              }
            });
    assertArrayEquals(whole, bytes);
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void write_buffersKeepTheJdksRules(RingCase how) throws Exception {
    byte[] content = Bytes.of(1, 0, 700);
    List<ByteBuffer> sources =
        List.of(
            ByteBuffer.wrap(content),
            ByteBuffer.wrap(content).asReadOnlyBuffer(),
            ByteBuffer.allocateDirect(700).put(content),
            ByteBuffer.allocateDirect(700).put(content).asReadOnlyBuffer(),
            ByteBuffer.wrap(content).slice(0, 600),
            MemorySegment.ofArray(content).asByteBuffer(),
            MemorySegment.ofArray(content).asReadOnly().asByteBuffer());
    for (ByteBuffer source : sources) {
      byte[] bytes =
          run(
              how,
              (file, arena) -> {
                source.clear().position(100).limit(300);
                assertEquals(200, file.write(source, 100));
                assertEquals(300, source.position());
                assertEquals(300, source.limit());
                source.position(100);
                file.writeFully(source, 100);
                assertEquals(300, source.position());
              });
      assertEquals(300, bytes.length);
      Bytes.check(1, 100, Arrays.copyOfRange(bytes, 100, 300));
    }
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void write_farPositions(RingCase how) throws Exception {
    run(
        how,
        (file, arena) -> {
          for (long place : new long[] {(1L << 31) - 50, (1L << 32) - 50, 5L << 32}) {
            assertEquals(100, file.write(Bytes.segment(arena, 1, place, 100), place));
            MemorySegment back = arena.allocate(100);
            file.readFully(back, place);
            Bytes.check(1, place, back);
            assertEquals(place + 100, file.size());
          }
        });
  }

  /** The device that swallows all shows how much is asked of it. */
  @ParameterizedTest
  @MethodSource(CASES)
  void write_moreThanOneOperationTakes(RingCase how) throws Exception {
    Path large = directory.resolve("large");
    try (FileChannel channel = FileChannel.open(large, CREATE, READ, WRITE)) {
      channel.write(ByteBuffer.allocate(1), (5L << 30) - 1); // holes
      how.run(
          ring -> {
            try (Arena arena = Arena.ofConfined();
                RingFile sink = RingFile.open(ring, Path.of("/dev/null"), WRITE)) {
              MemorySegment huge = channel.map(FileChannel.MapMode.READ_ONLY, 0, 5L << 30, arena);
              assertEquals(0x7ffff000, sink.write(huge, 0));
              assertEquals(0x7ffff000, sink.write(huge.asSlice(0, 1L << 32), 0));
              assertEquals(0x7ffff000, sink.write(new MemorySegment[] {huge, huge}, 0));
              sink.writeFully(huge, 0);
            }
          });
    }
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void write_deviceIsFull(RingCase how) throws Exception {
    how.run(
        ring -> {
          try (RingFile full = RingFile.open(ring, Path.of("/dev/full"), WRITE)) {
            ByteBuffer source = ByteBuffer.allocate(100).position(7);
            OperationException e =
                assertThrows(OperationException.class, () -> full.write(source, 0));
            assertEquals("ENOSPC", e.errnoName());
            assertEquals(7, source.position(), "an error leaves the buffer as it was");
            assertThrows(
                OperationException.class, () -> full.writeFully(ByteBuffer.allocateDirect(9), 0));
          }
        });
  }

  /** No file may be larger than the file system can hold; the kernel is the judge. */
  @ParameterizedTest
  @MethodSource(CASES)
  void write_pastWhatAFileHolds(RingCase how) throws Exception {
    FileSizeLimit.assumeBelowMaximum(directory);
    run(
        how,
        (file, arena) -> {
          long far = Long.MAX_VALUE - 100;
          OperationException e =
              assertThrows(OperationException.class, () -> file.write(arena.allocate(100), far));
          assertEquals("EFBIG", e.errnoName());
          assertEquals(0, file.size());
        });
  }
}
