package io.ringspun.os;

import static io.ringspun.internal.kernel.Constants.IORING_OP_POLL_ADD;
import static io.ringspun.internal.kernel.Constants.IORING_OP_READ;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.ringspun.FaultyRing;
import io.ringspun.Ring;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** A call that waits while its descriptor is closed is told of the close, not of an end. */
class PipeClosedMeanwhileTest {
  /** The ways to wait for the other end of a pipe, and what the kernel says as it is closed. */
  enum Waiting {
    READ(IORING_OP_READ, 0) {
      @Override
      long run(RingPipe from, RingPipe to) throws IOException {
        return from.source().read(ByteBuffer.allocate(10));
      }
    },
    SPLICE(IORING_OP_POLL_ADD, -Errno.EPIPE) {
      @Override
      long run(RingPipe from, RingPipe to) throws IOException {
        return from.source().spliceTo(to.sink(), 10);
      }
    },
    TEE(IORING_OP_POLL_ADD, -Errno.EPIPE) {
      @Override
      long run(RingPipe from, RingPipe to) throws IOException {
        return from.source().teeTo(to.sink(), 10);
      }
    };

    final int opcode;
    final int answer;

    Waiting(int opcode, int answer) {
      this.opcode = opcode;
      this.answer = answer;
    }

    abstract long run(RingPipe from, RingPipe to) throws IOException;
  }

  static Stream<Arguments> waits() {
    return Stream.of(Waiting.values())
        .flatMap(how -> Caller.inThisRun().stream().map(caller -> Arguments.of(how, caller)));
  }

  @ParameterizedTest
  @MethodSource("waits")
  void endWhileClosing_isTheClose(Waiting how, Caller caller) throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel);
        RingPipe from = RingPipe.open(ring);
        RingPipe to = RingPipe.open(ring)) {
      kernel.add(FaultRule.on(how.opcode).answer(how.answer));
      BlockedCall<Long> call = BlockedCall.start(ring, caller, () -> how.run(from, to));
      call.awaitInFlight(ring, 1);
      from.source().close();
      assertThrows(AsynchronousCloseException.class, call::result);
      kernel.clear();
    }
  }

  @ParameterizedTest
  @EachCaller
  void bytesWhileClosing_areDelivered(Caller caller) throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel);
        RingPipe pipe = RingPipe.open(ring)) {
      kernel.add(FaultRule.on(IORING_OP_READ).answer(3));
      BlockedCall<Integer> call =
          BlockedCall.start(ring, caller, () -> pipe.source().read(ByteBuffer.allocate(10)));
      call.awaitInFlight(ring, 1);
      pipe.source().close();
      assertEquals(3, call.result());
      kernel.clear();
    }
  }

  /** What a call has begun before the close is not taken for a call that came after it. */
  @ParameterizedTest
  @EachCaller
  void writeFully_betweenTwoWrites_isTheClose(Caller caller) throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel);
        RingPipe pipe = RingPipe.open(ring)) {
      int capacity = pipe.resize(4096);
      BlockedCall<Void> call =
          BlockedCall.start(
              ring,
              caller,
              () -> {
                try (Arena arena = Arena.ofConfined()) {
                  pipe.sink().writeFully(arena.allocate(2L * capacity));
                  return null;
                }
              });
      call.awaitInFlight(ring, 1);
      pipe.sink().close();
      assertThrows(AsynchronousCloseException.class, call::result);
    }
  }
}
