package io.ringspun.liburing;

import static java.nio.file.StandardOpenOption.READ;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ringspun.Ring;
import io.ringspun.buffer.BufferRing;
import io.ringspun.buffer.Chunk;
import io.ringspun.buffer.ReceiveStream;
import io.ringspun.file.RingFileChannel;
import io.ringspun.internal.kernel.LinuxKernel;
import io.ringspun.internal.kernel.SystemCall;
import io.ringspun.os.RingFd;
import io.ringspun.os.RingPipe;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.Fifo;
import io.ringspun.testing.Liburing;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;

/** Transfers of fewer bytes than there was room for. */
class ShortTransfersTest {
  @TempDir Path directory;

  /** A read that waits for bytes learns that none will come. */
  @Liburing("pipe-eof")
  @ParameterizedTest
  @EachCaller
  void pipe_writerLeaves(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        RingPipe pipe = RingPipe.open(ring)) {
      var reader =
          BlockedCall.start(ring, caller, () -> pipe.source().read(ByteBuffer.allocate(10)))
              .awaitInFlight(ring, 1);
      pipe.sink().close();
      assertEquals(-1, reader.result());
      assertEquals(-1, pipe.source().read(ByteBuffer.allocate(10)));
    }
  }

  @Liburing("pipe-reuse")
  @ParameterizedTest
  @EachCaller
  void pipe_sameMemoryAgainAndAgain(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        Fifo fifo = Fifo.open(ring, directory);
        Arena arena = Arena.ofShared()) {
      MemorySegment memory = arena.allocate(5);
      MemorySegment[] parts = {memory.asSlice(0, 2), memory.asSlice(2, 3)};
      for (int round = 0; round < 50; round++) {
        var reader = BlockedCall.start(ring, caller, () -> fifo.file().read(parts, 0));
        int count = 1 + round % 5;
        int[] sent = new int[count];
        for (int i = 0; i < count; i++) {
          sent[i] = (byte) (round + i);
        }
        fifo.write(sent);
        assertEquals(count, reader.result());
        for (int i = 0; i < count; i++) {
          assertEquals((byte) sent[i], memory.get(ValueLayout.JAVA_BYTE, i));
        }
      }
    }
  }

  /** Where the bytes go is settled when the call begins, not when they arrive. */
  @Liburing("submit-reuse")
  @ParameterizedTest
  @EachCaller
  void vector_changedMeanwhile(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        Fifo fifo = Fifo.open(ring, directory)) {
      MemorySegment meant = Arena.ofAuto().allocate(4);
      MemorySegment other = Arena.ofAuto().allocate(4);
      MemorySegment[] parts = {meant.asSlice(0, 2), meant.asSlice(2, 2)};
      var reader =
          BlockedCall.start(ring, caller, () -> fifo.file().read(parts, 0)).awaitInFlight(ring, 1);
      parts[0] = other.asSlice(0, 2);
      parts[1] = other.asSlice(2, 2);
      fifo.write(1, 2, 3, 4);
      assertEquals(4, reader.result());
      assertArrayEquals(new byte[] {1, 2, 3, 4}, Bytes.copy(meant));
      assertArrayEquals(new byte[4], Bytes.copy(other));
    }
  }

  /** A counter has eight bytes, however large the buffer. */
  @Liburing("evfd-short-read")
  @Test
  void eventfd_isEightBytes() throws Exception {
    int fd = (int) LinuxKernel.INSTANCE.call(SystemCall.EVENTFD2, 3, 0x80000); // closed on exec
    try (Ring ring = Ring.open();
        BufferRing buffers = BufferRing.open(ring, 2, 64);
        RingFd counter = RingFd.adopt(ring, fd)) {
      MemorySegment target = Arena.ofAuto().allocate(64, 8);
      assertEquals(8, counter.read(target));
      assertEquals(3, target.get(ValueLayout.JAVA_LONG, 0));
      try (ReceiveStream stream = counter.receive(buffers)) {
        var taker =
            BlockedCall.start(
                ring,
                () -> {
                  try (Chunk chunk = stream.next()) {
                    return chunk.byteSize();
                  }
                });
        assertEquals(0, LinuxKernel.INSTANCE.signal(fd));
        assertEquals(8, taker.result());
      }
    }
  }

  /** Threads that share a position: each byte goes to one of them. */
  @Liburing("fpos")
  @ParameterizedTest
  @EachCaller
  void position_isSharedWithoutGaps(Caller caller) throws Exception {
    int size = 50_000;
    Path path = Bytes.file(directory.resolve("file"), 1, size);
    try (Ring ring = Ring.open();
        RingFileChannel channel = RingFileChannel.open(ring, path, Set.of(READ))) {
      List<BlockedCall<int[]>> readers = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        readers.add(BlockedCall.start(ring, caller, () -> countBytes(channel)));
      }
      int[] counts = new int[256];
      for (BlockedCall<int[]> reader : readers) {
        int[] some = reader.result();
        for (int i = 0; i < counts.length; i++) {
          counts[i] += some[i];
        }
      }
      for (byte b : Bytes.of(1, 0, size)) {
        counts[b & 0xff]--;
      }
      assertArrayEquals(new int[256], counts);
      assertEquals(size, channel.position());
    }
  }

  private static int[] countBytes(RingFileChannel channel) throws Exception {
    int[] counts = new int[256];
    ByteBuffer buffer = ByteBuffer.allocateDirect(97);
    while (channel.read(buffer.clear()) >= 0) {
      buffer.flip();
      while (buffer.hasRemaining()) {
        counts[buffer.get() & 0xff]++;
      }
    }
    return counts;
  }
}
