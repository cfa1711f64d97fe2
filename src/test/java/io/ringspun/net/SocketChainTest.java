package io.ringspun.net;

import static io.ringspun.internal.kernel.Constants.IORING_OP_RECV;
import static io.ringspun.internal.kernel.Constants.MSG_WAITALL;
import static io.ringspun.net.SocketOpenOption.REGISTERED;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.Outcomes;
import io.ringspun.Ring;
import io.ringspun.RingOptions;
import io.ringspun.file.RingFile;
import io.ringspun.raw.RawOperation;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.Liburing;
import io.ringspun.testing.RingCase;
import io.ringspun.testing.SocketPair;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Sockets in chains and batches. */
class SocketChainTest {
  private static final String CASES = "io.ringspun.testing.RingCase#all";
  private static final RingOptions TABLE = RingOptions.defaults().withRegisteredFiles(8);

  private static SocketPair registered(Ring ring, Kind kind) throws IOException {
    return SocketPair.open(ring, kind.listen(), REGISTERED);
  }

  /** A request and its answer in one trip, and what a file has to say about it in another. */
  @Liburing("recv-msgall-stream")
  @ParameterizedTest
  @MethodSource(CASES)
  void chain_completes(RingCase how, @TempDir Path directory) throws Exception {
    byte[] content = new byte[100_000];
    new Random(7).nextBytes(content);
    Path path = Files.write(directory.resolve("file"), content);
    how.run(
        TABLE,
        ring -> {
          for (Kind kind : Kind.values()) {
            for (boolean isRegistered : new boolean[] {true, false}) {
              try (SocketPair pair =
                      isRegistered ? registered(ring, kind) : SocketPair.open(ring, kind.listen());
                  RingFile file = RingFile.open(ring, path);
                  Arena arena = Arena.ofConfined()) {
                var echo = BlockedCall.start(ring, Caller.VIRTUAL, () -> echo(pair.right()));
                MemorySegment request = arena.allocate(content.length);
                MemorySegment answer = arena.allocate(content.length);
                Outcomes result =
                    ring.chain()
                        .read(file, request, 0)
                        .send(pair.left(), request)
                        .shutdownOutput(pair.left())
                        .receive(pair.left(), answer)
                        .attempt();
                result.orThrow();
                assertEquals(content.length, result.get(1).result());
                assertEquals(content.length, result.get(3).result());
                assertArrayEquals(content, answer.toArray(ValueLayout.JAVA_BYTE));
                assertEquals(content.length, echo.result());
              }
            }
          }
        });
  }

  /** Sends back, at the end, all that came. */
  private static int echo(RingSocket socket) throws IOException {
    ByteBuffer all = ByteBuffer.allocate(1 << 20);
    while (socket.read(all) >= 0) {
      assertTrue(all.hasRemaining());
    }
    int size = all.flip().remaining();
    socket.writeFully(all);
    return size;
  }

  /** The stream ends too soon: what came is told, and what stands behind it is not done. */
  @Liburing("recv-msgall")
  @ParameterizedTest
  @EachCaller
  void chain_shortReceive_breaks(Caller caller) throws Exception {
    try (Ring ring = Ring.open(TABLE);
        SocketPair pair = registered(ring, Kind.IPV4)) {
      MemorySegment target = Arena.ofAuto().allocate(10);
      MemorySegment answer = Arena.ofAuto().allocate(5);
      var call =
          BlockedCall.start(
                  ring,
                  caller,
                  () ->
                      ring.chain().receive(pair.left(), target).send(pair.left(), answer).attempt())
              .awaitInFlight(ring, 1);
      pair.right().write(ByteBuffer.wrap(new byte[] {1, 2, 3}));
      pair.right().shutdownOutput();
      Outcomes result = call.result();
      assertFalse(result.succeeded());
      assertEquals(3, result.get(0).result());
      assertEquals(3, target.get(ValueLayout.JAVA_BYTE, 2));
      assertTrue(result.get(1).isCancelled());
      assertThrows(IOException.class, result::orThrow);
    }
  }

  /** A receive, field by field, is short only if it was to wait for all. */
  @Test
  void chain_shortRawReceive() throws Exception {
    try (Ring ring = Ring.open();
        SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen())) {
      RawOperation receive =
          RawOperation.of(IORING_OP_RECV)
              .on(pair.left())
              .address(Arena.ofAuto().allocate(10), RawOperation.Access.WRITES)
              .length(10);
      pair.right().write(ByteBuffer.wrap(new byte[] {1, 2, 3}));
      Outcomes some = ring.chain().add(receive.toStep()).nop().attempt();
      assertEquals(3, some.get(0).result());
      assertTrue(some.succeeded());

      pair.right().write(ByteBuffer.wrap(new byte[] {1, 2, 3}));
      pair.right().shutdownOutput();
      Outcomes all = ring.chain().add(receive.operationFlags(MSG_WAITALL).toStep()).nop().attempt();
      assertTrue(all.get(1).isCancelled());
      assertEquals(0, all.firstFailure().orElseThrow().position());
      var e = assertThrows(IOException.class, all::orThrow);
      assertTrue(e.getMessage().endsWith(" transferred 3 of 10 bytes"), e.getMessage());
    }
  }

  @ParameterizedTest
  @EachCaller
  void chain_interruptedAndClosedMeanwhile(Caller caller) throws Exception {
    try (Ring ring = Ring.open(TABLE)) {
      for (SocketPair pair :
          List.of(registered(ring, Kind.IPV6), SocketPair.open(ring, Kind.UNIX.listen()))) {
        MemorySegment target = Arena.ofAuto().allocate(10);
        var call =
            BlockedCall.start(
                    ring,
                    caller,
                    () ->
                        ring.chain()
                            .receive(pair.left(), target)
                            .shutdownOutput(pair.left())
                            .attempt())
                .awaitInFlight(ring, 1);
        call.interrupt();
        assertTrue(call.result().get(1).isCancelled());
        assertTrue(call.interruptPending());
        call =
            BlockedCall.start(
                    ring, caller, () -> ring.chain().receive(pair.left(), target).nop().attempt())
                .awaitInFlight(ring, 1);
        pair.left().close();
        assertTrue(call.result().get(0).isCancelled());
        assertTrue(call.result().get(1).isCancelled());
        pair.close();
      }
    }
  }

  @Test
  void batch_andErrors(@TempDir Path directory) throws Exception {
    Path path = Files.write(directory.resolve("file"), new byte[10]);
    try (Ring ring = Ring.open(TABLE);
        Ring other = Ring.open(TABLE);
        SocketPair one = registered(ring, Kind.IPV4);
        SocketPair two = SocketPair.open(ring, Kind.ABSTRACT.listen());
        RingFile file = RingFile.open(ring, path)) {
      MemorySegment sent = Arena.ofAuto().allocate(1000).fill((byte) 9);
      MemorySegment first = Arena.ofAuto().allocate(1000);
      MemorySegment second = Arena.ofAuto().allocate(1000);
      Outcomes result =
          ring.batch()
              .receive(one.right(), first)
              .receive(two.right(), second)
              .send(one.left(), sent)
              .send(two.left(), sent)
              .send(file, sent)
              .attempt();
      assertEquals("ENOTSOCK", result.get(4).failure().orElseThrow().errnoName());
      assertEquals(-1, first.mismatch(sent));
      assertEquals(-1, second.mismatch(sent));
      assertTrue(
          ring.chain()
              .receive(one.right(), first)
              .within(Duration.ofMillis(20))
              .attempt()
              .timedOut());
      assertThrows(IllegalArgumentException.class, () -> other.chain().send(one.left(), sent));
      assertThrows(
          IllegalArgumentException.class,
          () -> ring.chain().send(one.left(), MemorySegment.ofArray(new byte[1])));
      assertThrows(
          IllegalArgumentException.class,
          () -> ring.chain().receive(one.left(), sent.asReadOnly()));
    }
  }
}
