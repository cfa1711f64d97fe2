package io.ringspun.net;

import static io.ringspun.internal.kernel.Constants.IORING_OP_RECV;
import static io.ringspun.internal.kernel.Constants.IORING_REGISTER_PBUF_RING;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.FaultyRing;
import io.ringspun.OperationException;
import io.ringspun.Ring;
import io.ringspun.buffer.BufferRing;
import io.ringspun.buffer.Chunk;
import io.ringspun.buffer.ReceiveStream;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FourEnds;
import io.ringspun.testing.Liburing;
import io.ringspun.testing.RingCase;
import io.ringspun.testing.SocketPair;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Completions about several buffers, and buffers that several completions are about. */
class SharedBuffersTest {
  private final FaultKernel kernel = new FaultKernel();

  static List<RingCase> cases() {
    return RingCase.all();
  }

  /** How bytes get into buffers. */
  private enum Way {
    BUNDLES,
    INCREMENTAL,
    BOTH;

    BufferRing open(Ring ring, int buffers, int bufferBytes) throws IOException {
      if (this == BUNDLES) {
        return BufferRing.open(ring, buffers, bufferBytes);
      }
      try {
        return BufferRing.openIncremental(ring, buffers, bufferBytes);
      } catch (OperationException e) {
        assertEquals(Errno.EINVAL, e.errno());
        return abort("the kernel fills no buffers piece by piece; Linux 6.12 does");
      }
    }

    ReceiveStream receive(RingSocket socket, BufferRing buffers) throws IOException {
      if (this == INCREMENTAL) {
        return socket.receive(buffers);
      }
      assumeTrue(
          Ring.availability().features().contains("RECVSEND_BUNDLE"),
          "the kernel knows no bundles; Linux 6.10 does");
      return socket.receiveBundles(buffers);
    }
  }

  private static void send(SocketPair pair, byte[] bytes) throws IOException {
    pair.left().writeFully(ByteBuffer.wrap(bytes));
  }

  private static void send(SocketPair pair, String text) throws IOException {
    send(pair, text.getBytes());
  }

  private static String text(Chunk chunk) {
    return new String(chunk.segment().toArray(ValueLayout.JAVA_BYTE));
  }

  private static String next(ReceiveStream stream) throws IOException {
    try (Chunk chunk = stream.next()) {
      return chunk.isEnd() ? "END" : text(chunk);
    }
  }

  // ---- every way -----------------------------------------------------------------------------

  @ParameterizedTest
  @MethodSource("cases")
  void next_atOnce(RingCase how) throws Exception {
    how.run(
        ring -> {
          for (Way way : Way.values()) {
            for (Kind kind : List.of(Kind.IPV4, Kind.UNIX)) {
              try (BufferRing buffers = way.open(ring, 3, 10);
                  SocketPair pair = SocketPair.open(ring, kind.listen());
                  ReceiveStream stream = way.receive(pair.right(), buffers)) {
                send(pair, "0123456789abc");
                assertEquals("0123456789", next(stream), way.name());
                assertEquals("abc", next(stream), way.name());
                pair.left().shutdownOutput();
                assertEquals("END", next(stream));
                assertEquals(3, buffers.available());
              }
            }
          }
        });
  }

  @ParameterizedTest
  @EachCaller
  void next_fourEnds(Caller caller) throws Exception {
    for (Way way : Way.values()) {
      try (Ring ring = Ring.open();
          BufferRing buffers = way.open(ring, 3, 10);
          SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen());
          ReceiveStream stream = way.receive(pair.right(), buffers)) {
        new FourEnds(() -> next(stream), () -> send(pair, "one"), stream::close)
            .check(ring, caller, "one");
      }
    }
  }

  /** Several sockets share buffers that come back in another order than they were filled in. */
  @Liburing({"recv-bundle-short-ooo", "recv-inc-ooo"})
  @ParameterizedTest
  @EnumSource
  void order_isKept_whateverTheOrderOfReturn(Way way) throws Exception {
    int sockets = 3;
    int byteSize = 300_000;
    for (Caller caller : Caller.values()) {
      try (Ring ring = Ring.open();
          BufferRing buffers = way.open(ring, 50, 97)) {
        List<SocketPair> pairs = new ArrayList<>();
        List<BlockedCall<byte[]>> readers = new ArrayList<>();
        List<BlockedCall<Void>> writers = new ArrayList<>();
        for (int i = 0; i < sockets; i++) {
          int seed = i;
          SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen());
          pairs.add(pair);
          readers.add(
              BlockedCall.start(ring, caller, () -> readAll(way, pair.right(), buffers, seed)));
          writers.add(BlockedCall.start(ring, caller, () -> writeAll(pair, seed, byteSize)));
        }
        for (int i = 0; i < sockets; i++) {
          writers.get(i).result();
          Bytes.check(i, 0, readers.get(i).result());
          assertEquals(byteSize, readers.get(i).result().length);
          pairs.get(i).close();
        }
        if (way == Way.BUNDLES) {
          assertEquals(50, buffers.available());
        }
      }
    }
  }

  private static Void writeAll(SocketPair pair, int seed, int byteSize) throws IOException {
    Random random = new Random(seed);
    for (int done = 0; done < byteSize; ) {
      int step = Math.min(byteSize - done, 1 + random.nextInt(700));
      send(pair, Bytes.of(seed, done, step));
      done += step;
    }
    pair.left().shutdownOutput();
    return null;
  }

  private static byte[] readAll(Way way, RingSocket socket, BufferRing buffers, int seed)
      throws IOException {
    Random random = new Random(seed);
    ByteArrayOutputStream got = new ByteArrayOutputStream();
    List<Chunk> kept = new ArrayList<>();
    try (ReceiveStream stream = way.receive(socket, buffers)) {
      while (true) {
        Chunk chunk = stream.next();
        if (chunk.isEnd()) {
          break;
        }
        got.write(chunk.segment().toArray(ValueLayout.JAVA_BYTE));
        kept.add(chunk);
        if (kept.size() == 10) {
          kept.remove(random.nextInt(10)).close();
        }
      }
    }
    kept.forEach(Chunk::close);
    return got.toByteArray();
  }

  /** What nobody took is given back, and the memory lives as long as the last chunk. */
  @ParameterizedTest
  @EnumSource
  void close_chunksOut(Way way) throws Exception {
    try (Ring ring = Ring.open();
        SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen())) {
      BufferRing buffers = way.open(ring, 8, 4);
      ReceiveStream stream = way.receive(pair.right(), buffers);
      send(pair, "0123456789");
      Chunk first = stream.next();
      Chunk second = stream.next();
      Await.until("the rest is there", () -> buffers.available() <= 6);
      buffers.close();
      assertEquals("01234567", text(first) + text(second));
      assertEquals(6, buffers.available());
      first.close();
      assertEquals("4567", text(second));
      second.close(); // the leak check finds nothing left
    }
  }

  // ---- bundles -------------------------------------------------------------------------------

  /** One completion is about far more buffers than may wait if each has one of its own. */
  @Liburing("recvsend_bundle")
  @Test
  void bundle_fillsManyBuffers() throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        BufferRing buffers = BufferRing.open(ring, 100, 10);
        SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen());
        ReceiveStream stream = Way.BUNDLES.receive(pair.right(), buffers)) {
      send(pair, Bytes.of(1, 0, 995));
      try (Chunk first = stream.next()) {
        Bytes.check(1, 0, first.segment());
        Await.until("it is told to stop", () -> ring.metrics().inFlight() == 0);
        assertEquals(0, buffers.available());
        for (int i = 1; i < 100; i++) {
          try (Chunk chunk = stream.next()) {
            assertEquals(i < 99 ? 10 : 5, chunk.byteSize());
            Bytes.check(1, i * 10L, chunk.segment());
          }
        }
      }
      assertEquals(100, buffers.available());
      send(pair, "more");
      assertEquals("more", next(stream));
      assertEquals(2, kernel.submitted(IORING_OP_RECV), "asked again once");
    }
  }

  // ---- incremental buffers -------------------------------------------------------------------

  @Liburing("read-inc-buf-more")
  @Test
  void incremental_piecesShareABuffer() throws Exception {
    try (Ring ring = Ring.open();
        BufferRing buffers = Way.INCREMENTAL.open(ring, 1, 10);
        SocketPair one = SocketPair.open(ring, Kind.IPV4.listen());
        SocketPair two = SocketPair.open(ring, Kind.IPV4.listen());
        ReceiveStream first = one.right().receive(buffers);
        ReceiveStream second = two.right().receive(buffers)) {
      assertTrue(buffers.isIncremental());
      send(one, "abc");
      Chunk abc = first.next();
      send(two, "de");
      Chunk de = second.next();
      assertEquals(1, buffers.available());
      assertEquals(3, de.segment().address() - abc.segment().address());
      send(one, "fghijk");
      Chunk fghij = first.next();
      assertEquals("abcdefghij", text(abc) + text(de) + text(fghij));
      assertEquals(0, buffers.available());
      var taker = BlockedCall.start(ring, () -> next(first));
      Await.parked(taker.thread());
      abc.close();
      fghij.close();
      assertFalse(taker.hasEnded(), "a piece is still out");
      assertEquals(0, buffers.available());
      assertEquals("de", text(de));
      de.close();
      assertEquals("k", taker.result());
      assertEquals(1, buffers.available());
    }
  }

  @Test
  void incremental_refused() throws Exception {
    kernel.failRegister(IORING_REGISTER_PBUF_RING, Errno.EINVAL);
    try (Ring ring = FaultyRing.open(kernel)) {
      OperationException refused =
          assertThrows(OperationException.class, () -> BufferRing.openIncremental(ring, 4, 100));
      assertEquals(Errno.EINVAL, refused.errno());
      assertThrows(IllegalArgumentException.class, () -> BufferRing.openIncremental(ring, 0, 100));
    }
  }

  @Test
  void incremental_notForDatagrams() throws Exception {
    try (Ring ring = Ring.open();
        BufferRing buffers = Way.INCREMENTAL.open(ring, 1, 1000);
        RingDatagramSocket socket = RingDatagramSocket.bind(ring, Kind.IPV4.listen())) {
      assertThrows(IllegalArgumentException.class, () -> socket.receive(buffers));
    }
  }
}
