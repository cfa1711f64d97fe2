package io.ringspun.file;

import static io.ringspun.internal.kernel.Constants.*;
import static java.nio.file.StandardOpenOption.*;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import io.ringspun.FaultyRing;
import io.ringspun.Ring;
import io.ringspun.RingOptions;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The kernel may do less than it was asked to, at any time and several times in a row. */
class ShortTransferTest {
  private static final int SIZE = 3 * 4096 + 17;
  private static final int BEFORE = 5; // position of the content in the file

  private final FaultKernel kernel = new FaultKernel();
  private final byte[] content = new byte[SIZE];
  private Path path;

  @BeforeEach
  void prepare(@TempDir Path directory) throws IOException {
    new Random(SIZE).nextBytes(content);
    path = directory.resolve("file");
    byte[] all = new byte[BEFORE + SIZE];
    System.arraycopy(content, 0, all, BEFORE, SIZE);
    Files.write(path, all);
  }

  private RingFile open(Ring ring, OpenOption... options) throws IOException {
    return RingFile.open(ring, path, options);
  }

  private byte[] written() throws IOException {
    byte[] all = Files.readAllBytes(path);
    assertEquals(BEFORE + SIZE, all.length);
    return Arrays.copyOfRange(all, BEFORE, all.length);
  }

  @ParameterizedTest
  @CsvSource({"1, 2", "511, 2", "4095, 2", "1, 9", "4095, 99", "12304, 1"})
  void readFully_shortened(int bytes, int times) throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        RingFile file = open(ring, READ)) {
      for (Caller caller : Caller.values()) {
        kernel.clear();
        FaultRule rule = kernel.add(FaultRule.on(IORING_OP_READ).times(times).shorten(bytes));
        caller.run(
            ring,
            () -> {
              try (Arena arena = Arena.ofConfined()) {
                MemorySegment target = arena.allocate(SIZE);
                file.readFully(target, BEFORE);
                assertArrayEquals(content, target.toArray(ValueLayout.JAVA_BYTE));
              }
            });
        assertEquals(Math.min(times, (SIZE - 1) / bytes), rule.hits());
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 2", "511, 2", "4095, 2", "1, 9", "4095, 99", "12304, 1"})
  void writeFully_shortened(int bytes, int times) throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        RingFile file = open(ring, WRITE)) {
      for (Caller caller : Caller.values()) {
        Files.write(path, new byte[BEFORE]);
        kernel.clear();
        FaultRule rule = kernel.add(FaultRule.on(IORING_OP_WRITE).times(times).shorten(bytes));
        caller.run(
            ring,
            () -> {
              try (Arena arena = Arena.ofConfined()) {
                file.writeFully(arena.allocateFrom(ValueLayout.JAVA_BYTE, content), BEFORE);
              }
            });
        assertArrayEquals(content, written());
        assertEquals(Math.min(times, (SIZE - 1) / bytes), rule.hits());
      }
    }
  }

  /** Memory that is copied on its way: heap buffers, and segments of a shared arena. */
  @ParameterizedTest
  @ValueSource(ints = {1, 511, 4095})
  void copied_shortened(int bytes) throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        RingFile file = open(ring, READ, WRITE);
        Arena shared = Arena.ofShared()) {
      kernel.add(FaultRule.on(IORING_OP_READ, IORING_OP_WRITE).times(8).shorten(bytes));
      ByteBuffer heap = ByteBuffer.allocate(SIZE + 2).position(1).limit(SIZE + 1);
      file.readFully(heap, BEFORE);
      assertEquals(ByteBuffer.wrap(content), heap.flip().position(1));
      MemorySegment segment = shared.allocate(SIZE);
      file.readFully(segment, BEFORE);
      assertArrayEquals(content, segment.toArray(ValueLayout.JAVA_BYTE));

      Files.write(path, new byte[BEFORE]);
      file.writeFully(heap, BEFORE);
      assertArrayEquals(content, written());
      Files.write(path, new byte[BEFORE]);
      file.writeFully(segment, BEFORE);
      assertArrayEquals(content, written());
    }
  }

  /** A heap buffer is copied piece by piece: a short piece in the middle ends the call, truly. */
  @ParameterizedTest
  @EachCaller
  void heap_secondPieceShort(Caller caller) throws Exception {
    byte[] large = new byte[(2 << 20) + 999];
    new Random(7).nextBytes(large);
    try (Ring ring = FaultyRing.open(kernel);
        RingFile file = open(ring, READ, WRITE)) {
      kernel.add(FaultRule.on(IORING_OP_READ, IORING_OP_WRITE).after(1).times(1).shorten(4095));
      caller.run(
          ring,
          () -> {
            ByteBuffer source = ByteBuffer.wrap(large);
            assertEquals((1 << 20) + 4095, file.write(source, 0));
            assertEquals((1 << 20) + 4095, source.position());
            file.writeFully(source, source.position());
          });
      assertArrayEquals(large, Files.readAllBytes(path));
      kernel.clear();
      kernel.add(FaultRule.on(IORING_OP_READ).after(1).times(1).shorten(4095));
      caller.run(
          ring,
          () -> {
            ByteBuffer target = ByteBuffer.allocate(large.length);
            assertEquals((1 << 20) + 4095, file.read(target, 0));
            assertEquals((1 << 20) + 4095, target.position());
            file.readFully(target, target.position());
            assertArrayEquals(large, target.array());
          });
    }
  }

  /** Short in the middle of a piece, at its border, and in the first byte of the next. */
  @ParameterizedTest
  @ValueSource(ints = {1, 99, 100, 101, 4095, 4196, 4197})
  void vectored_shortened(int bytes) throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        RingFile file = open(ring, READ, WRITE)) {
      FaultRule rule = kernel.add(FaultRule.on(IORING_OP_READV, IORING_OP_WRITEV).shorten(bytes));
      ByteBuffer[] targets = {
        ByteBuffer.allocate(100), ByteBuffer.allocateDirect(4096), ByteBuffer.allocate(1000)
      };
      assertEquals(bytes, file.read(targets, BEFORE));
      int at = 0;
      for (ByteBuffer target : targets) {
        int here = Math.clamp(bytes - at, 0, target.capacity());
        assertEquals(here, target.position());
        assertEquals(ByteBuffer.wrap(content, at, here), target.duplicate().flip());
        for (int i = here; i < target.capacity(); i++) {
          assertEquals(0, target.get(i), "a byte beyond what was read");
        }
        at += target.capacity();
      }

      Files.write(path, new byte[BEFORE]);
      ByteBuffer all = ByteBuffer.wrap(content);
      ByteBuffer[] sources = {all.slice(0, 100), all.slice(100, 4096), all.slice(4196, 1000)};
      assertEquals(bytes, file.write(sources, BEFORE));
      assertEquals(BEFORE + bytes, Files.size(path));
      assertEquals(
          all.slice(0, bytes), ByteBuffer.wrap(Files.readAllBytes(path)).position(BEFORE).slice());
      assertEquals(2, rule.hits());
    }
  }

  @ParameterizedTest
  @CsvSource({"512, 2", "4096, 2", "8192, 99"})
  void direct_shortened(int bytes, int times) throws Exception {
    byte[] blocks = new byte[16 * 4096];
    new Random(bytes).nextBytes(blocks);
    Files.write(path, blocks);
    try (Ring ring = FaultyRing.open(kernel);
        RingFile file = openDirect(ring);
        Arena arena = Arena.ofConfined()) {
      int step = Math.ceilDiv(bytes, file.directAlignment()) * file.directAlignment();
      FaultRule reads = kernel.add(FaultRule.on(IORING_OP_READ).times(times).shorten(step));
      MemorySegment buffer = file.allocateBuffer(arena, blocks.length);
      file.readFully(buffer, 0);
      assertArrayEquals(blocks, buffer.toArray(ValueLayout.JAVA_BYTE));
      assertEquals(Math.min(times, (blocks.length - 1) / step), reads.hits());

      Files.write(path, new byte[0]);
      FaultRule writes = kernel.add(FaultRule.on(IORING_OP_WRITE).times(times).shorten(step));
      file.writeFully(buffer, 0);
      assertArrayEquals(blocks, Files.readAllBytes(path));
      assertEquals(Math.min(times, (blocks.length - 1) / step), writes.hits());
    }
  }

  /** The tail of a file is off the grid of direct I/O; it ends the loop and never spins. */
  @ParameterizedTest
  @ValueSource(ints = {1, 511, 4095})
  void direct_tail(int tail) throws Exception {
    byte[] blocks = new byte[2 * 4096 + tail];
    new Random(tail).nextBytes(blocks);
    Files.write(path, blocks);
    try (Ring ring = FaultyRing.open(kernel);
        RingFile file = openDirect(ring);
        Arena arena = Arena.ofConfined()) {
      kernel.add(FaultRule.on(IORING_OP_READ).times(1).shorten(4096));
      MemorySegment buffer = file.allocateBuffer(arena, 4 * 4096);
      assertThrows(EOFException.class, () -> file.readFully(buffer, 0));
      assertArrayEquals(blocks, buffer.asSlice(0, blocks.length).toArray(ValueLayout.JAVA_BYTE));
      assertEquals(tail, file.read(buffer, 2 * 4096));
      assertTrue(kernel.submitted(IORING_OP_READ) <= 4);
    }
  }

  private RingFile openDirect(Ring ring) throws IOException {
    try {
      return open(ring, READ, WRITE, RingOpenOption.DIRECT);
    } catch (FileSystemException e) {
      return abort("no direct I/O on the file system of " + path + ": " + e.getReason());
    }
  }

  /** Writing nothing for ever would be a spin; the caller is told instead. */
  @ParameterizedTest
  @EachCaller
  void writeFully_noByteTaken(Caller caller) throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        RingFile file = open(ring, WRITE)) {
      kernel.add(FaultRule.on(IORING_OP_WRITE).after(1).instead(0));
      kernel.add(FaultRule.on(IORING_OP_WRITE).times(1).shorten(511));
      IOException direct =
          assertThrows(
              IOException.class,
              () ->
                  caller.run(ring, () -> file.writeFully(ByteBuffer.allocateDirect(SIZE), BEFORE)));
      assertTrue(direct.getMessage().contains("took no byte"), direct.getMessage());
      assertThrows(
          IOException.class,
          () -> caller.run(ring, () -> file.writeFully(ByteBuffer.allocate(SIZE), BEFORE)));
      assertThrows(
          IOException.class,
          () ->
              caller.run(
                  ring,
                  () -> {
                    try (Arena arena = Arena.ofConfined()) {
                      file.writeFully(arena.allocate(SIZE), BEFORE);
                    }
                  }));
      assertTrue(kernel.submitted(IORING_OP_WRITE) <= 5);
      kernel.clear();
      file.writeFully(ByteBuffer.wrap(content), BEFORE);
      assertArrayEquals(content, written());
    }
  }

  @Test
  void read_nothing() throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        RingFile file = open(ring, READ);
        Arena arena = Arena.ofConfined()) {
      kernel.add(FaultRule.on(IORING_OP_READ).after(1).instead(0));
      kernel.add(FaultRule.on(IORING_OP_READ).times(1).shorten(511));
      MemorySegment target = arena.allocate(SIZE);
      EOFException end = assertThrows(EOFException.class, () -> file.readFully(target, BEFORE));
      assertTrue(end.getMessage().contains("byte " + (BEFORE + 511)), end.getMessage());
      assertEquals(-1, file.read(target, 0));
      assertEquals(-1, file.read(ByteBuffer.allocate(9), 0));
      assertEquals(4, kernel.submitted(IORING_OP_READ));
    }
  }

  /** What is in memory comes without the ring; the rest, behind the cached page, through it. */
  @ParameterizedTest
  @EachCaller
  void read_inlineEndsAtPage(Caller caller) throws Exception {
    Files.write(path, content);
    kernel.shortenInline(4096);
    try (Ring ring = FaultyRing.open(RingOptions.defaults(), kernel);
        RingFile file = open(ring, READ)) {
      caller.run(
          ring,
          () -> {
            try (Arena arena = Arena.ofConfined()) {
              MemorySegment target = arena.allocate(SIZE);
              assertEquals(SIZE, file.read(target, 0));
              assertArrayEquals(content, target.toArray(ValueLayout.JAVA_BYTE));
              kernel.add(FaultRule.on(IORING_OP_READ).times(1).shorten(511));
              assertEquals(4096 + 511, file.read(target, 0));
            }
          });
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 511, 4095, 4096})
  void inline_shortened(int bytes) throws Exception {
    kernel.shortenInline(bytes);
    kernel.add(FaultRule.on(IORING_OP_READ, IORING_OP_WRITE).shorten(bytes));
    try (Ring ring = FaultyRing.open(RingOptions.defaults(), kernel);
        RingFile file = open(ring, READ, WRITE);
        Arena arena = Arena.ofConfined()) {
      MemorySegment target = arena.allocate(SIZE);
      file.readFully(target, BEFORE);
      assertArrayEquals(content, target.toArray(ValueLayout.JAVA_BYTE));
      Files.write(path, new byte[BEFORE]);
      file.writeFully(target, BEFORE);
      assertArrayEquals(content, written());
    }
  }
}
