package io.ringspun.liburing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.Ring;
import io.ringspun.buffer.BufferRing;
import io.ringspun.buffer.Chunk;
import io.ringspun.buffer.ReceiveStream;
import io.ringspun.os.RingPipe;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.Liburing;
import io.ringspun.testing.SocketPair;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.params.ParameterizedTest;

/** One operation and what it brings, until its end. */
class MultishotsTest {

  /** Nothing ever comes but the end. */
  @Liburing("read-mshot-empty")
  @ParameterizedTest
  @EachCaller
  void pipe_closedEmpty(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        BufferRing buffers = BufferRing.open(ring, 2, 16);
        RingPipe pipe = RingPipe.open(ring);
        ReceiveStream stream = pipe.source().receive(buffers)) {
      var taker =
          BlockedCall.start(
                  ring,
                  caller,
                  () -> {
                    try (Chunk chunk = stream.next()) {
                      return chunk.isEnd();
                    }
                  })
              .awaitInFlight(ring, 1);
      pipe.sink().close();
      assertTrue(taker.result());
      assertEquals(2, buffers.available());
    }
  }

  /** The peer stops sending while what it has sent arrives: every byte comes, then the end. */
  @Liburing("mshot-shutdown-race")
  @ParameterizedTest
  @EachCaller
  void socket_shutDownMeanwhile(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        BufferRing buffers = BufferRing.open(ring, 4, 1000)) {
      for (int round = 0; round < 40; round++) {
        int size = 1 + round * 317;
        int seed = round;
        try (SocketPair peers = SocketPair.open(ring);
            ReceiveStream stream = peers.right().receive(buffers)) {
          var taker = BlockedCall.start(ring, caller, () -> countToTheEnd(stream, seed));
          peers.left().writeFully(ByteBuffer.wrap(Bytes.of(seed, 0, size)));
          peers.left().shutdownOutput();
          assertEquals(size, taker.result());
        }
        assertEquals(4, buffers.available());
      }
    }
  }

  private static int countToTheEnd(ReceiveStream stream, int seed) throws IOException {
    int count = 0;
    while (true) {
      try (Chunk chunk = stream.next()) {
        if (chunk.isEnd()) {
          return count;
        }
        Bytes.check(seed, count, chunk.segment());
        count += chunk.byteSize();
      }
    }
  }

  /** A socket that always has something to say does not keep another from being heard. */
  @Liburing("recv-mshot-fair")
  @ParameterizedTest
  @EachCaller
  void sockets_takeTurns(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        Ring senders = Ring.open();
        BufferRing buffers = BufferRing.open(ring, 64, 1024);
        SocketPair loud = SocketPair.open(ring);
        SocketPair quiet = SocketPair.open(ring);
        ReceiveStream flood = loud.right().receive(buffers);
        ReceiveStream trickle = quiet.right().receive(buffers)) {
      var flooding =
          BlockedCall.start(
              senders,
              Caller.PLATFORM,
              () -> {
                while (loud.left().write(ByteBuffer.allocateDirect(16 << 10)) > 0) {
                  // until the other end is closed
                }
                return null;
              });
      AtomicLong drained = new AtomicLong();
      var draining = BlockedCall.start(ring, caller, () -> drain(flood, drained));
      Await.until("the flood arrives", () -> drained.get() > 0);
      for (int i = 0; i < 50; i++) {
        quiet.left().write(ByteBuffer.wrap(new byte[] {(byte) i}));
        try (Chunk chunk = trickle.next()) {
          assertEquals((byte) i, Bytes.copy(chunk.segment())[0]);
        }
      }
      loud.left().shutdownOutput();
      draining.result();
      assertThrows(IOException.class, flooding::result);
    }
  }

  private static Void drain(ReceiveStream stream, AtomicLong bytes) throws IOException {
    while (true) {
      try (Chunk chunk = stream.next()) {
        if (chunk.isEnd()) {
          return null;
        }
        bytes.addAndGet(chunk.byteSize());
      }
    }
  }
}
