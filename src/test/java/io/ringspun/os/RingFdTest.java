package io.ringspun.os;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.ringspun.FaultyRing;
import io.ringspun.OperationException;
import io.ringspun.Ring;
import io.ringspun.buffer.BufferRing;
import io.ringspun.buffer.Chunk;
import io.ringspun.buffer.ReceiveStream;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.LinuxKernel;
import io.ringspun.internal.kernel.SystemCall;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import io.ringspun.testing.FourEnds;
import io.ringspun.testing.Liburing;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RingFdTest {

  /** A pipe of somebody else's: its ends are in non-blocking mode. */
  private record Foreign(RingFd source, RingFd sink) implements AutoCloseable {
    static Foreign open(Ring ring) {
      try (Arena arena = Arena.ofConfined()) {
        MemorySegment ends = arena.allocate(8);
        int flags = Constants.O_CLOEXEC | Constants.O_NONBLOCK;
        assertEquals(0, LinuxKernel.INSTANCE.call(SystemCall.PIPE2, ends.address(), flags));
        return new Foreign(
            RingFd.adopt(ring, ends.getAtIndex(ValueLayout.JAVA_INT, 0)),
            RingFd.adopt(ring, ends.getAtIndex(ValueLayout.JAVA_INT, 1)));
      }
    }

    @Override
    public void close() throws Exception {
      try (source) {
        sink.close();
      }
    }
  }

  /** As the kernel refuses what is in non-blocking mode and cannot wait by itself. */
  @ParameterizedTest
  @ValueSource(ints = {Errno.EAGAIN, Errno.EINTR})
  void read_refusedForTheMoment(int errno) throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel);
        RingPipe pipe = RingPipe.open(ring)) {
      pipe.sink().write(Bytes.direct(1, 0, 5));
      kernel.add(FaultRule.on(Constants.IORING_OP_READ).times(1).instead(-errno));
      assertEquals(5, pipe.source().read(ByteBuffer.allocate(9)));
      assertEquals(2, kernel.submitted(Constants.IORING_OP_READ));
      int polls = errno == Errno.EAGAIN ? 1 : 0;
      assertEquals(polls, kernel.submitted(Constants.IORING_OP_POLL_ADD));
    }
  }

  @Liburing({"fifo-nonblock-read", "socket-rw-eagain"})
  @ParameterizedTest
  @EachCaller
  void nonBlocking_waitsNevertheless(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        Foreign pipe = Foreign.open(ring)) {
      new FourEnds(
              () -> pipe.source().read(ByteBuffer.allocate(9)),
              () -> assertEquals(5, pipe.sink().write(Bytes.direct(1, 0, 5))),
              pipe.source()::close)
          .check(ring, caller, 5);
    }
  }

  @ParameterizedTest
  @EachCaller
  void receive_fourEnds(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        BufferRing buffers = BufferRing.open(ring, 4, 16);
        RingPipe pipe = RingPipe.open(ring);
        ReceiveStream stream = pipe.source().receive(buffers)) {
      new FourEnds(
              () -> {
                try (Chunk chunk = stream.next()) {
                  return chunk.byteSize();
                }
              },
              () -> assertEquals(5, pipe.sink().write(Bytes.direct(1, 0, 5))),
              pipe.source()::close)
          .check(ring, caller, 5);
      assertEquals(4, buffers.available());
    }
  }

  @Test
  void adopt_whatIsNotOpen() throws Exception {
    try (Ring ring = Ring.open()) {
      assertThrows(IllegalArgumentException.class, () -> RingFd.adopt(ring, -1));
      RingFd nothing = RingFd.adopt(ring, 1_000_000);
      OperationException refused =
          assertThrows(OperationException.class, () -> nothing.read(ByteBuffer.allocate(1)));
      assertEquals(Errno.EBADF, refused.errno());
      assertThrows(java.io.IOException.class, nothing::close);
    }
  }

  @Test
  void memory_isCheckedFirst() throws Exception {
    try (Ring ring = Ring.open();
        RingPipe pipe = RingPipe.open(ring)) {
      MemorySegment heap = MemorySegment.ofArray(new byte[4]);
      assertThrows(IllegalArgumentException.class, () -> pipe.source().read(heap));
      assertThrows(IllegalArgumentException.class, () -> pipe.sink().write(heap));
      assertThrows(IllegalArgumentException.class, () -> pipe.sink().writeFully(heap));
      ByteBuffer full = ByteBuffer.allocate(0);
      assertThrows(IllegalArgumentException.class, () -> pipe.source().read(full));
      assertThrows(IllegalArgumentException.class, () -> pipe.sink().write(full));
      ByteBuffer readOnly = ByteBuffer.allocate(4).asReadOnlyBuffer();
      assertThrows(IllegalArgumentException.class, () -> pipe.source().read(readOnly));
      assertEquals(4, pipe.sink().write(readOnly));
      MemorySegment target = Arena.ofAuto().allocate(4);
      assertEquals(4, pipe.source().read(target));
      assertArrayEquals(new byte[4], Bytes.copy(target));
    }
  }
}
