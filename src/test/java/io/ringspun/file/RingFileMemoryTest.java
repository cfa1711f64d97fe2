package io.ringspun.file;

import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.ringspun.Ring;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.Fifo;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;

/** A buffer is the kernel's until its completion; nobody may free it before. */
class RingFileMemoryTest {
  @TempDir Path directory;

  /**
   * Goal: memory that only a read in flight knows is not collected. Method: the segment's owner
   * forgets it the moment that it calls, having noted its address; garbage is collected while the
   * read is blocked, and memory of the same size is allocated, so that the allocator would hand out
   * the freed piece; then data comes. It must not show up in any of the new pieces.
   */
  @ParameterizedTest
  @EachCaller
  void read_memoryOutlivesItsOwner(Caller caller) throws Exception {
    int size = 3_000;
    try (Ring ring = Ring.open();
        Fifo fifo = Fifo.open(ring, directory)) {
      List<BlockedCall<Integer>> readers = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        boolean buffer = i % 2 == 0;
        readers.add(
            BlockedCall.start(
                ring,
                caller,
                () ->
                    buffer
                        ? fifo.file().read(ByteBuffer.allocateDirect(size), 0)
                        : fifo.file().read(Arena.ofAuto().allocate(size), 0)));
      }
      readers.getFirst().awaitInFlight(ring, readers.size());
      List<MemorySegment> others = new ArrayList<>();
      for (int storm = 0; storm < 5; storm++) {
        System.gc();
        for (int i = 0; i < 200; i++) {
          others.add(Arena.global().allocate(size));
        }
      }
      for (BlockedCall<Integer> _ : readers) {
        int[] bytes = new int[100];
        Arrays.fill(bytes, 0x5A);
        fifo.write(bytes);
      }
      int total = 0;
      fifo.file().close();
      for (BlockedCall<Integer> reader : readers) {
        try {
          total += reader.result();
        } catch (AsynchronousCloseException _) {
          total += 0; // another reader had taken its share
        }
      }
      assertEquals(0, total % 100);
      for (MemorySegment other : others) {
        assertEquals(-1, other.mismatch(zeros(size)), "the kernel wrote into freed memory");
      }
    }
  }

  private static MemorySegment zeros(int size) {
    return MemorySegment.ofArray(new byte[size]);
  }

  /** What a collected owner would have seen is what a living one sees. */
  @Test
  void read_bytesSurviveTheStorm() throws Exception {
    try (Ring ring = Ring.open();
        Fifo fifo = Fifo.open(ring, directory)) {
      BlockedCall<byte[]> reader =
          BlockedCall.start(
                  ring,
                  () -> {
                    MemorySegment target = Arena.ofAuto().allocate(5);
                    assertEquals(5, fifo.file().read(target, 0));
                    return Bytes.copy(target);
                  })
              .awaitInFlight(ring, 1);
      for (int i = 0; i < 5; i++) {
        System.gc();
      }
      fifo.write(1, 2, 3, 4, 5);
      assertEquals(5, reader.result()[4]);
    }
  }

  /** A thousand threads, each with memory of its own arena, each with blocks of its own. */
  @ParameterizedTest
  @EachCaller({Caller.CARRIED, Caller.VIRTUAL})
  void transfer_anArenaPerThread(Caller caller) throws Exception {
    int threads = 1_000;
    int block = 512;
    Path path = Bytes.file(directory.resolve("file"), 0, 0);
    try (Ring ring = Ring.open();
        RingFile file = RingFile.open(ring, path, READ, WRITE)) {
      List<BlockedCall<Void>> calls = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        int number = i;
        calls.add(
            BlockedCall.start(
                ring,
                caller,
                () -> {
                  long at = (long) number * block;
                  for (int round = 0; round < 3; round++) {
                    boolean shared = (number + round) % 3 == 0;
                    try (Arena arena = shared ? Arena.ofShared() : Arena.ofConfined()) {
                      file.writeFully(Bytes.segment(arena, number, round, block), at);
                      MemorySegment back = arena.allocate(block);
                      file.readFully(back, at);
                      Bytes.check(number, round, back);
                    }
                  }
                  return null;
                }));
      }
      for (BlockedCall<Void> call : calls) {
        assertNull(call.result());
      }
      for (int i = 0; i < threads; i++) {
        MemorySegment back = Arena.ofAuto().allocate(block);
        file.readFully(back, (long) i * block);
        Bytes.check(i, 2, back);
      }
      assertEquals(0, ring.metrics().inFlight());
    }
  }

  /** What is not read stays as it was, in the caller's own memory and where copies are made. */
  @ParameterizedTest
  @EachCaller
  void read_shortLeavesTheRestAlone(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        Fifo fifo = Fifo.open(ring, directory)) {
      BlockedCall<Void> call =
          BlockedCall.start(
              ring,
              caller,
              () -> {
                try (Arena confined = Arena.ofConfined();
                    Arena shared = Arena.ofShared()) {
                  for (Arena arena : List.of(confined, shared)) {
                    MemorySegment target = arena.allocate(100).fill((byte) 7);
                    fifo.write(1, 2);
                    assertEquals(2, fifo.file().read(target, 0));
                    assertEquals(2, target.get(ValueLayout.JAVA_BYTE, 1));
                    for (int i = 2; i < 100; i++) {
                      assertEquals(7, target.get(ValueLayout.JAVA_BYTE, i));
                    }
                  }
                }
                return null;
              });
      call.result();
    }
  }
}
