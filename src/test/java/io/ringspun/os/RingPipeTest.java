package io.ringspun.os;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.FaultyRing;
import io.ringspun.OperationException;
import io.ringspun.OperationTimeoutException;
import io.ringspun.Ring;
import io.ringspun.RingClosedException;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.SystemCall;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FourEnds;
import io.ringspun.testing.Liburing;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;

class RingPipeTest {

  private static byte[] read(RingFd source, int count) throws Exception {
    MemorySegment target = Arena.ofAuto().allocate(count);
    return Bytes.copy(target.asSlice(0, source.read(target)));
  }

  @Liburing("pipe")
  @ParameterizedTest
  @EachCaller
  void read_fourEnds(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        RingPipe pipe = RingPipe.open(ring)) {
      new FourEnds(
              () -> Bytes.at(1, 0) == read(pipe.source(), 9)[0],
              () -> assertEquals(5, pipe.sink().write(Bytes.direct(1, 0, 5))),
              pipe.source()::close)
          .check(ring, caller, true);
    }
  }

  @ParameterizedTest
  @EachCaller
  void write_fourEnds(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        RingPipe pipe = RingPipe.open(ring)) {
      int capacity = pipe.resize(4096);
      assertEquals(4096, pipe.sink().write(Bytes.direct(1, 0, capacity)));
      new FourEnds(
              () -> pipe.sink().write(ByteBuffer.allocate(4096)),
              () -> assertEquals(4096, read(pipe.source(), 4096).length),
              pipe.sink()::close)
          .check(ring, caller, 4096);
    }
  }

  @ParameterizedTest
  @EachCaller
  void writeFully_moreThanThePipeHolds(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        RingPipe pipe = RingPipe.open(ring);
        Arena arena = Arena.ofShared()) { // of which the kernel gets copies
      pipe.resize(8192);
      MemorySegment all = Bytes.segment(arena, 3, 0, 3 << 20);
      var writing =
          caller.begin(
              ring,
              () -> {
                pipe.sink().writeFully(all);
                pipe.sink().close();
                return true;
              });
      MemorySegment piece = arena.allocate(10_000);
      long done = 0;
      for (int n = pipe.source().read(piece); n > 0; n = pipe.source().read(piece)) {
        Bytes.check(3, done, piece.asSlice(0, n));
        done += n;
      }
      assertEquals(3 << 20, done);
      assertTrue(writing.result());
      assertEquals(-1, pipe.source().read(ByteBuffer.allocate(1)), "the end, again");
    }
  }

  @Test
  void write_withoutReader() throws Exception {
    try (Ring ring = Ring.open();
        RingPipe pipe = RingPipe.open(ring)) {
      pipe.source().close();
      OperationException refused =
          assertThrows(OperationException.class, () -> pipe.sink().write(ByteBuffer.allocate(1)));
      assertEquals(Errno.EPIPE, refused.errno());
    }
  }

  @Test
  void read_timesOut() throws Exception {
    try (Ring ring = Ring.open();
        RingPipe pipe = RingPipe.open(ring)) {
      RingFd hasty = pipe.source().within(Duration.ofMillis(5));
      assertThrows(OperationTimeoutException.class, () -> hasty.read(ByteBuffer.allocate(1)));
      pipe.sink().write(Bytes.direct(1, 0, 1));
      assertArrayEquals(Bytes.of(1, 0, 1), read(hasty, 1));
    }
  }

  @Test
  void resize_tellsWhatItIsNow() throws Exception {
    try (Ring ring = Ring.open();
        RingPipe pipe = RingPipe.open(ring)) {
      assertEquals(65_536, pipe.capacity());
      assertEquals(32_768, pipe.resize(20_000));
      assertEquals(32_768, pipe.capacity());
      pipe.sink().writeFully(Bytes.segment(Arena.ofAuto(), 1, 0, 32_768));
      OperationException refused = assertThrows(OperationException.class, () -> pipe.resize(4096));
      assertEquals(Errno.EBUSY, refused.errno());
      assertThrows(IllegalArgumentException.class, () -> pipe.resize(0));
      pipe.sink().close();
      assertThrows(ClosedChannelException.class, pipe::capacity);
    }
  }

  /** Before Linux 6.16 the ring has no operation for it. */
  @Test
  void open_onOlderKernels() throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel)) {
      kernel.failRegister(Constants.IORING_REGISTER_PROBE, Errno.EINVAL);
      try (RingPipe pipe = RingPipe.open(ring)) {
        pipe.sink().write(Bytes.direct(1, 0, 7));
        assertArrayEquals(Bytes.of(1, 0, 7), read(pipe.source(), 100));
        assertEquals(0, kernel.submitted(Constants.IORING_OP_PIPE));
      }
      kernel.failCall(SystemCall.PIPE2, Errno.EMFILE);
      OperationException refused =
          assertThrows(OperationException.class, () -> RingPipe.open(ring));
      assertEquals(Errno.EMFILE, refused.errno());
    }
  }

  @Test
  void open_onAClosedRing() throws Exception {
    Ring ring = Ring.open();
    ring.close();
    assertThrows(RingClosedException.class, () -> RingPipe.open(ring));
  }
}
