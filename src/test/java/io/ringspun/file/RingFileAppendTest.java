package io.ringspun.file;

import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.Ring;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.RingCase;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.NonReadableChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RingFileAppendTest {
  private static final int WRITERS = 32;
  private static final int RECORDS = 60; // of each writer
  private static final int RECORD_BYTES = 200;

  @TempDir Path directory;

  @ParameterizedTest
  @MethodSource("io.ringspun.testing.RingCase#all")
  void append_everyKindOfMemory(RingCase how) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 100);
    how.run(
        ring -> {
          try (Arena arena = Arena.ofConfined();
              Arena shared = Arena.ofShared();
              RingFile file = RingFile.open(ring, path, APPEND)) {
            assertEquals(100, file.append(Bytes.segment(arena, 1, 100, 100)));
            assertEquals(100, file.append(Bytes.segment(shared, 1, 200, 100)));
            ByteBuffer heap = ByteBuffer.wrap(Bytes.of(1, 250, 150)).position(50);
            assertEquals(100, file.append(heap));
            assertEquals(150, heap.position());
            assertEquals(100, file.append(Bytes.direct(1, 400, 100)));
            ByteBuffer[] several = {
              Bytes.direct(1, 500, 50),
              ByteBuffer.wrap(Bytes.of(1, 550, 50)),
              ByteBuffer.allocate(0)
            };
            assertEquals(100, file.append(several));
            assertEquals(50, several[1].position());
            assertEquals(600, file.size());
          }
        });
    assertArrayEquals(Bytes.of(1, 0, 600), Files.readAllBytes(path));
  }

  @ParameterizedTest
  @MethodSource("io.ringspun.testing.RingCase#all")
  void append_positionsMeanNothing(RingCase how) throws Exception {
    Path path = directory.resolve("file");
    how.run(
        ring -> {
          try (Arena arena = Arena.ofConfined();
              RingFile file = RingFile.open(ring, path, APPEND, CREATE)) {
            MemorySegment memory = arena.allocate(10);
            ByteBuffer buffer = ByteBuffer.allocate(10);
            MemorySegment[] memories = {memory};
            ByteBuffer[] buffers = {buffer};
            assertThrows(IllegalStateException.class, () -> file.write(memory, 0));
            assertThrows(IllegalStateException.class, () -> file.write(buffer, 0));
            assertThrows(IllegalStateException.class, () -> file.write(memories, 0));
            assertThrows(IllegalStateException.class, () -> file.write(buffers, 0));
            assertThrows(IllegalStateException.class, () -> file.writeFully(memory, 0));
            assertThrows(IllegalStateException.class, () -> file.writeFully(buffer, 0));
            assertThrows(NonReadableChannelException.class, () -> file.read(memory, 0));
            assertEquals(0, file.size());
          }
          try (Arena arena = Arena.ofConfined();
              RingFile file = RingFile.open(ring, path, StandardOpenOption.WRITE)) {
            MemorySegment memory = arena.allocate(10);
            ByteBuffer buffer = ByteBuffer.allocate(10);
            assertThrows(IllegalStateException.class, () -> file.append(memory));
            assertThrows(IllegalStateException.class, () -> file.append(buffer));
            assertThrows(IllegalStateException.class, () -> file.append(new ByteBuffer[] {buffer}));
            assertEquals(0, file.size());
          }
        });
  }

  /** Threads of all kinds append to one file: each record is there, once and in one piece. */
  @ParameterizedTest
  @MethodSource("io.ringspun.testing.RingCase#all")
  void append_byManyThreads(RingCase how) throws Exception {
    Path path = directory.resolve("file");
    how.run(
        ring -> {
          try (RingFile file = RingFile.open(ring, path, APPEND, CREATE)) {
            List<BlockedCall<Void>> writers = new ArrayList<>();
            for (int i = 0; i < WRITERS; i++) {
              int writer = i;
              Caller caller = Caller.values()[i % Caller.values().length];
              writers.add(BlockedCall.start(ring, caller, () -> append(file, writer)));
            }
            for (BlockedCall<Void> writer : writers) {
              writer.result();
            }
          }
        });
    ByteBuffer all = ByteBuffer.wrap(Files.readAllBytes(path));
    assertEquals(WRITERS * RECORDS * RECORD_BYTES, all.remaining());
    Set<Integer> seen = new HashSet<>();
    while (all.hasRemaining()) {
      int number = all.getInt();
      assertTrue(seen.add(number), "record " + number + " is there twice");
      byte[] bytes = new byte[RECORD_BYTES - 4];
      all.get(bytes);
      Bytes.check(number, 0, bytes);
    }
    assertEquals(WRITERS * RECORDS, seen.size());
  }

  private static Void append(RingFile file, int writer) throws Exception {
    try (Arena confined = Arena.ofConfined();
        Arena shared = Arena.ofShared()) {
      for (int i = 0; i < RECORDS; i++) {
        int number = writer * RECORDS + i;
        ByteBuffer record =
            switch (i % 4) {
              case 0 -> ByteBuffer.allocate(RECORD_BYTES);
              case 1 -> confined.allocate(RECORD_BYTES).asByteBuffer();
              case 2 -> shared.allocate(RECORD_BYTES).asByteBuffer();
              default -> ByteBuffer.allocateDirect(RECORD_BYTES);
            };
        record.putInt(number).put(Bytes.of(number, 0, RECORD_BYTES - 4)).flip();
        int n =
            i % 3 == 0
                ? (int) file.append(new ByteBuffer[] {record.slice(0, 90), record.slice(90, 110)})
                : i % 4 == 0 ? file.append(record) : file.append(MemorySegmentOf.direct(record));
        assertEquals(RECORD_BYTES, n);
      }
    }
    return null;
  }

  /** Heap buffers have no segment that the kernel could read. */
  private static final class MemorySegmentOf {
    static MemorySegment direct(ByteBuffer buffer) {
      MemorySegment memory = MemorySegment.ofBuffer(buffer);
      return memory.isNative() ? memory : Arena.ofAuto().allocate(RECORD_BYTES).copyFrom(memory);
    }
  }

  /** A record larger than any copy that is kept for reuse goes in one piece all the same. */
  @Test
  void append_largeRecordsDoNotMix() throws Exception {
    int size = 2_500_000;
    Path path = directory.resolve("file");
    try (Ring ring = Ring.open();
        RingFile file = RingFile.open(ring, path, APPEND, CREATE)) {
      List<BlockedCall<Integer>> writers = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        byte[] record = new byte[size];
        Arrays.fill(record, (byte) i);
        boolean heap = i % 2 == 0;
        Caller caller = Caller.values()[i % Caller.values().length];
        writers.add(
            BlockedCall.start(
                ring,
                caller,
                () -> {
                  try (Arena shared = Arena.ofShared()) {
                    return heap
                        ? file.append(ByteBuffer.wrap(record))
                        : file.append(shared.allocateFrom(ValueLayout.JAVA_BYTE, record));
                  }
                }));
      }
      for (BlockedCall<Integer> writer : writers) {
        assertEquals(size, writer.result());
      }
    }
    byte[] all = Files.readAllBytes(path);
    Set<Byte> seen = new HashSet<>();
    for (int i = 0; i < 8; i++) {
      byte first = all[i * size];
      assertTrue(seen.add(first));
      for (int j = 0; j < size; j++) {
        if (all[i * size + j] != first) {
          assertEquals(first, all[i * size + j], "byte %d of record %d".formatted(j, i));
        }
      }
    }
  }
}
