package io.ringspun.net;

import static io.ringspun.internal.kernel.Constants.IORING_OP_RECV;
import static io.ringspun.internal.kernel.Constants.IORING_REGISTER_PBUF_RING;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.FaultyRing;
import io.ringspun.OperationException;
import io.ringspun.OperationTimeoutException;
import io.ringspun.Ring;
import io.ringspun.RingClosedException;
import io.ringspun.RingFailedException;
import io.ringspun.buffer.BufferRing;
import io.ringspun.buffer.Chunk;
import io.ringspun.buffer.ReceiveStream;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import io.ringspun.testing.FourEnds;
import io.ringspun.testing.LeakCheck;
import io.ringspun.testing.Liburing;
import io.ringspun.testing.RingCase;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReceiveStreamTest {
  private static final InetSocketAddress ANY_PORT =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

  private final FaultKernel kernel = new FaultKernel();

  static List<RingCase> cases() {
    return RingCase.all();
  }

  /** A socket on a ring, and a peer that has none. */
  private record Peers(RingSocket socket, SocketChannel peer) implements AutoCloseable {
    static Peers connect(Ring ring) throws IOException {
      try (RingListener listener = RingListener.bind(ring, ANY_PORT)) {
        SocketChannel peer = SocketChannel.open(listener.localAddress());
        return new Peers(listener.accept(), peer);
      }
    }

    void send(String text) throws IOException {
      send(text.getBytes());
    }

    void send(byte[] bytes) throws IOException {
      ByteBuffer buffer = ByteBuffer.wrap(bytes);
      while (buffer.hasRemaining()) {
        peer.write(buffer);
      }
    }

    @Override
    public void close() throws IOException {
      try (peer) {
        socket.close();
      }
    }
  }

  private static String text(Chunk chunk) {
    return new String(chunk.segment().toArray(ValueLayout.JAVA_BYTE));
  }

  private static String next(ReceiveStream stream) throws IOException {
    try (Chunk chunk = stream.next()) {
      return chunk.isEnd() ? "END" : text(chunk);
    }
  }

  // ---- the four ends -------------------------------------------------------------------------

  @Liburing("buf-ring")
  @ParameterizedTest
  @MethodSource("cases")
  void next_atOnce(RingCase ringCase) throws Exception {
    ringCase.run(
        ring -> {
          try (BufferRing buffers = BufferRing.open(ring, 3, 10);
              Peers peers = Peers.connect(ring);
              ReceiveStream stream = peers.socket.receive(buffers)) {
            assertEquals(3, buffers.buffers());
            assertEquals(10, buffers.bufferBytes());
            peers.send("0123456789abc");
            try (Chunk chunk = stream.next();
                Chunk more = stream.next()) {
              assertEquals("0123456789", text(chunk));
              assertEquals("abc", text(more));
              assertEquals(3, more.byteSize());
              assertEquals(1, buffers.available());
              assertFalse(more.isEnd());
            }
            assertEquals(3, buffers.available());
            peers.send("def");
            assertEquals("def", next(stream));
            peers.peer.shutdownOutput();
            for (int i = 0; i < 2; i++) {
              try (Chunk end = stream.next()) {
                assertTrue(end.isEnd());
                assertEquals(0, end.byteSize());
                assertEquals(0, end.segment().byteSize());
              }
            }
            assertEquals(3, buffers.available());
          }
        });
  }

  @ParameterizedTest
  @EachCaller
  void next_fourEnds(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        BufferRing buffers = BufferRing.open(ring, 4, 100);
        Peers peers = Peers.connect(ring)) {
      ReceiveStream stream = peers.socket.receive(buffers);
      new FourEnds(() -> next(stream), () -> peers.send("text"), stream::close)
          .check(ring, caller, "text");
      try (ReceiveStream another = peers.socket.receive(buffers)) {
        var taker = BlockedCall.start(ring, caller, () -> next(another)).awaitInFlight(ring, 1);
        peers.peer.close();
        assertEquals("END", taker.result());
      }
    }
  }

  private enum End {
    STREAM,
    SOCKET,
    BUFFERS
  }

  @Liburing("recv-multishot")
  @ParameterizedTest
  @EachCaller
  void next_closedMeanwhile(Caller caller) throws Exception {
    for (End end : End.values()) {
      try (Ring ring = Ring.open();
          BufferRing buffers = BufferRing.open(ring, 4, 100);
          Peers peers = Peers.connect(ring);
          ReceiveStream stream = peers.socket.receive(buffers)) {
        var taker = BlockedCall.start(ring, caller, () -> next(stream)).awaitInFlight(ring, 1);
        var other = BlockedCall.start(ring, caller, () -> next(stream));
        Await.parked(other.thread());
        switch (end) {
          case STREAM -> stream.close();
          case SOCKET -> peers.socket.close();
          case BUFFERS -> buffers.close();
        }
        assertThrows(AsynchronousCloseException.class, taker::result);
        assertThrows(AsynchronousCloseException.class, other::result);
        assertEquals(0, ring.metrics().inFlight());
        assertThrows(ClosedChannelException.class, stream::next);
        if (end != End.STREAM) {
          assertThrows(ClosedChannelException.class, () -> peers.socket.receive(buffers));
        } else {
          peers.send("more");
          try (ReceiveStream another = peers.socket.receive(buffers)) {
            assertEquals("more", next(another));
          }
        }
      }
    }
  }

  @ParameterizedTest
  @EachCaller
  void next_timeLimit_losesNothing(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        BufferRing buffers = BufferRing.open(ring, 4, 100);
        Peers peers = Peers.connect(ring)) {
      RingSocket hasty = peers.socket.within(Duration.ofMillis(5));
      try (ReceiveStream limited = hasty.receive(buffers)) {
        assertThrows(OperationTimeoutException.class, () -> caller.call(ring, () -> next(limited)));
        peers.send("too");
        Await.until("it is there", () -> isNext(limited, "too"));
      }
    }
  }

  private static boolean isNext(ReceiveStream stream, String text) throws IOException {
    try {
      assertEquals(text, next(stream));
      return true;
    } catch (OperationTimeoutException _) {
      return false;
    }
  }

  @ParameterizedTest
  @EachCaller
  void next_ringClosedMeanwhile(Caller caller) throws Exception {
    Ring ring = Ring.open();
    try (BufferRing buffers = BufferRing.open(ring, 4, 100);
        Peers peers = Peers.connect(ring);
        ReceiveStream stream = peers.socket.receive(buffers)) {
      peers.send("kept");
      Chunk chunk = stream.next();
      var taker = BlockedCall.start(ring, caller, () -> next(stream)).awaitInFlight(ring, 1);
      ring.close();
      assertThrows(RingClosedException.class, taker::result);
      assertEquals("kept", text(chunk));
      chunk.close();
      assertThrows(RingClosedException.class, () -> BufferRing.open(ring, 1, 1));
    } finally {
      ring.close();
    }
  }

  /** The kernel may keep the memory for good, so it is never freed. */
  @Test
  void next_ringFails() throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        BufferRing buffers = BufferRing.open(ring, 4, 100);
        Peers peers = Peers.connect(ring);
        ReceiveStream stream = peers.socket.receive(buffers)) {
      var taker =
          BlockedCall.start(ring, Caller.PLATFORM, () -> next(stream)).awaitInFlight(ring, 1);
      kernel.throwFromEnter(new IllegalStateException("a test's doing"));
      assertThrows(RingFailedException.class, taker::result);
      LeakCheck.expectLost(3 * 4096); // with the ring's own buffer
    }
  }

  // ---- buffers -------------------------------------------------------------------------------

  @Test
  void arguments() throws Exception {
    try (Ring ring = Ring.open()) {
      assertThrows(IllegalArgumentException.class, () -> BufferRing.open(ring, 0, 1));
      assertThrows(IllegalArgumentException.class, () -> BufferRing.open(ring, 1, 0));
      assertThrows(IllegalArgumentException.class, () -> BufferRing.open(ring, 32769, 1));
      assertThrows(IllegalArgumentException.class, () -> BufferRing.open(ring, 32768, 1 << 20));
      try (BufferRing one = BufferRing.open(ring, 1, 1);
          BufferRing most = BufferRing.open(ring, 32768, 1)) {
        assertEquals(1, one.available());
        assertEquals(32768, most.available());
      }
      Thread.currentThread().interrupt();
      assertThrows(InterruptedIOException.class, () -> BufferRing.open(ring, 1, 1));
      assertTrue(Thread.interrupted());
    }
  }

  @Test
  void refused_isTold() throws Exception {
    kernel.failRegister(IORING_REGISTER_PBUF_RING, Errno.ENOMEM);
    try (Ring ring = FaultyRing.open(kernel)) {
      OperationException refused =
          assertThrows(OperationException.class, () -> BufferRing.open(ring, 4, 100));
      assertEquals(Errno.ENOMEM, refused.errno());
    }
  }

  @Test
  void chunk_belongsToItsThread_untilClosed() throws Exception {
    try (Ring ring = Ring.open();
        BufferRing buffers = BufferRing.open(ring, 2, 100);
        Peers peers = Peers.connect(ring);
        ReceiveStream stream = peers.socket.receive(buffers)) {
      peers.send("text");
      Chunk chunk = stream.next();
      MemorySegment segment = chunk.segment();
      segment.set(ValueLayout.JAVA_BYTE, 0, (byte) 'T');
      for (Caller caller : Caller.values()) {
        assertThrows(WrongThreadException.class, () -> caller.run(ring, chunk::close));
        assertThrows(WrongThreadException.class, () -> caller.call(ring, () -> text(chunk)));
      }
      assertEquals("Text", text(chunk));
      peers.socket.writeFully(segment); // as it is, without a copy
      ByteBuffer echo = ByteBuffer.allocate(4);
      while (echo.hasRemaining()) {
        peers.peer.read(echo);
      }
      assertEquals("Text", new String(echo.array()));
      chunk.close();
      chunk.close();
      assertEquals(2, buffers.available());
      assertThrows(IllegalStateException.class, chunk::segment);
      assertThrows(IllegalStateException.class, () -> segment.get(ValueLayout.JAVA_BYTE, 0));
      assertEquals(4, chunk.byteSize());
    }
  }

  @Test
  void close_chunkOut_memoryStays() throws Exception {
    try (Ring ring = Ring.open();
        Peers peers = Peers.connect(ring)) {
      BufferRing buffers = BufferRing.open(ring, 8, 2);
      ReceiveStream stream = peers.socket.receive(buffers);
      peers.send("abcdefgh");
      Chunk ab = stream.next();
      Chunk cd = stream.next();
      Await.until("the rest is there", () -> buffers.available() == 4);
      buffers.close();
      buffers.close();
      stream.close();
      assertEquals(6, buffers.available(), "what nobody took was given back");
      assertEquals("abcd", text(ab) + text(cd));
      ab.close();
      assertEquals("cd", text(cd));
      cd.close(); // the leak check finds nothing left
    }
  }

  // ---- back-pressure -------------------------------------------------------------------------

  /** No buffer is left: what arrives waits in the kernel until one is given back. */
  @Liburing("buf-ring-put")
  @ParameterizedTest
  @EachCaller
  void buffersOut_waits(Caller caller) throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        BufferRing buffers = BufferRing.open(ring, 2, 4);
        Peers peers = Peers.connect(ring);
        ReceiveStream stream = peers.socket.receive(buffers)) {
      peers.send("0123456789");
      Chunk first = stream.next();
      Chunk second = stream.next();
      assertEquals("01234567", text(first) + text(second));
      Await.until("it found none", () -> ring.metrics().inFlight() == 0);
      var taker = BlockedCall.start(ring, caller, () -> next(stream));
      Await.until("it parks", () -> taker.thread().getState() == Thread.State.WAITING);
      long before = kernel.submitted(IORING_OP_RECV);
      kernel.nudge();
      ring.nop();
      assertEquals(before, kernel.submitted(IORING_OP_RECV), "the kernel is not asked in vain");
      assertFalse(taker.hasEnded());
      second.close();
      assertEquals("89", taker.result());
      first.close();
      assertEquals(2, buffers.available());
    }
  }

  @ParameterizedTest
  @EachCaller
  void buffersOut_closedAndInterruptedMeanwhile(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        BufferRing buffers = BufferRing.open(ring, 1, 4);
        Peers peers = Peers.connect(ring);
        ReceiveStream stream = peers.socket.receive(buffers)) {
      peers.send("01234567");
      Chunk first = stream.next();
      Await.until("it found none", () -> ring.metrics().inFlight() == 0);
      var interrupted = BlockedCall.start(ring, caller, () -> next(stream));
      var other = BlockedCall.start(ring, caller, () -> next(stream));
      Await.parked(interrupted.thread());
      Await.parked(other.thread());
      interrupted.interrupt();
      assertThrows(InterruptedIOException.class, interrupted::result);
      first.close();
      assertEquals("4567", other.result());
      peers.send("89");
      Chunk second = stream.next();
      peers.send("more");
      Await.until("it found none", () -> ring.metrics().inFlight() == 0);
      var closed = BlockedCall.start(ring, caller, () -> next(stream));
      Await.parked(closed.thread());
      peers.socket.close();
      second.close();
      assertThrows(ClosedChannelException.class, closed::result);
    }
  }

  /** Nobody takes what arrives: the kernel is told to stop before all buffers are gone. */
  @Test
  void waiting_isLimited() throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        BufferRing buffers = BufferRing.open(ring, 1024, 1);
        Peers peers = Peers.connect(ring);
        ReceiveStream stream = peers.socket.receive(buffers)) {
      peers.send("!");
      assertEquals("!", next(stream));
      byte[] all = new byte[1000];
      new Random(1).nextBytes(all);
      peers.send(all);
      Await.until("it is told to stop", () -> ring.metrics().inFlight() == 0);
      assertTrue(buffers.available() > 500, () -> buffers.available() + " left for others");
      ByteArrayOutputStream got = new ByteArrayOutputStream();
      while (got.size() < all.length) {
        try (Chunk chunk = stream.next()) {
          got.write(chunk.segment().toArray(ValueLayout.JAVA_BYTE));
        }
      }
      assertArrayEquals(all, got.toByteArray());
    }
  }

  /** Many sockets and few buffers; every byte must arrive where it belongs, and in order. */
  @Liburing("buf-ring-stress")
  @ParameterizedTest
  @EachCaller
  void sockets_share(Caller caller) throws Exception {
    int sockets = 24;
    int byteSize = 20_000;
    try (Ring ring = Ring.open();
        BufferRing buffers = BufferRing.open(ring, 4, 512)) {
      List<Peers> all = new ArrayList<>();
      List<BlockedCall<byte[]>> readers = new ArrayList<>();
      for (int i = 0; i < sockets; i++) {
        Peers peers = Peers.connect(ring);
        all.add(peers);
        readers.add(BlockedCall.start(ring, caller, () -> readAll(peers.socket, buffers)));
      }
      for (int i = 0; i < sockets; i++) {
        byte[] bytes = new byte[byteSize];
        new Random(i).nextBytes(bytes);
        all.get(i).send(bytes);
        all.get(i).peer.shutdownOutput();
      }
      for (int i = 0; i < sockets; i++) {
        byte[] expected = new byte[byteSize];
        new Random(i).nextBytes(expected);
        assertArrayEquals(expected, readers.get(i).result());
        all.get(i).close();
      }
      assertEquals(4, buffers.available());
    }
  }

  private static byte[] readAll(RingSocket socket, BufferRing buffers) throws IOException {
    ByteArrayOutputStream got = new ByteArrayOutputStream();
    try (ReceiveStream stream = socket.receive(buffers)) {
      while (true) {
        try (Chunk chunk = stream.next()) {
          if (chunk.isEnd()) {
            return got.toByteArray();
          }
          got.write(chunk.segment().toArray(ValueLayout.JAVA_BYTE));
        }
      }
    }
  }

  @ParameterizedTest
  @EachCaller
  void takers_many(Caller caller) throws Exception {
    long byteSize = 200_000;
    AtomicLong sum = new AtomicLong();
    try (Ring ring = Ring.open();
        BufferRing buffers = BufferRing.open(ring, 4, 64);
        Peers peers = Peers.connect(ring);
        ReceiveStream stream = peers.socket.receive(buffers)) {
      List<BlockedCall<Void>> takers = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        takers.add(
            BlockedCall.start(
                ring,
                caller,
                () -> {
                  while (true) {
                    try (Chunk chunk = stream.next()) {
                      if (chunk.isEnd()) {
                        return null;
                      }
                      sum.addAndGet(chunk.byteSize());
                    }
                  }
                }));
      }
      peers.send(new byte[(int) byteSize]);
      peers.peer.shutdownOutput();
      for (var taker : takers) {
        taker.result();
      }
      assertEquals(byteSize, sum.get());
    }
  }

  // ---- the kernel's moods --------------------------------------------------------------------

  @Liburing("recv-multishot")
  @ParameterizedTest
  @ValueSource(ints = {Errno.EINTR, Errno.ENOBUFS, Errno.ECANCELED})
  void ended_isArmedAgain(int errno) throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        BufferRing buffers = BufferRing.open(ring, 2, 4);
        Peers peers = Peers.connect(ring);
        ReceiveStream stream = peers.socket.receive(buffers)) {
      peers.send("0123");
      Chunk chunk = stream.next();
      kernel.add(FaultRule.on(IORING_OP_RECV).times(1).fail(errno));
      stream.close();
      try (ReceiveStream another = peers.socket.receive(buffers)) {
        var taker = BlockedCall.start(ring, () -> next(another));
        if (errno == Errno.ENOBUFS) {
          Await.parked(taker.thread());
        }
        chunk.close();
        peers.send("4567");
        assertEquals("4567", taker.result());
      }
    }
  }

  @Test
  void reset_isTold_oncePerError() throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        BufferRing buffers = BufferRing.open(ring, 2, 4);
        Peers peers = Peers.connect(ring);
        ReceiveStream stream = peers.socket.receive(buffers)) {
      peers.peer.setOption(StandardSocketOptions.SO_LINGER, 0);
      peers.peer.close();
      OperationException reset = assertThrows(OperationException.class, stream::next);
      assertEquals(Errno.ECONNRESET, reset.errno());
      assertEquals("END", next(stream));
    }
  }

  /** Whatever comes late is delivered, and close waits until the kernel has let go. */
  @Liburing("recv-multishot")
  @Test
  void completions_delayed() throws Exception {
    try (kernel;
        Ring ring = FaultyRing.open(kernel);
        BufferRing buffers = BufferRing.open(ring, 8, 2);
        Peers peers = Peers.connect(ring)) {
      ReceiveStream stream = peers.socket.receive(buffers);
      kernel.add(FaultRule.on(IORING_OP_RECV).times(1).delay());
      var taker =
          BlockedCall.start(ring, Caller.PLATFORM, () -> next(stream)).awaitInFlight(ring, 1);
      peers.send("abcdef");
      Await.until("they are kept back", () -> kernel.held() == 3);
      assertFalse(taker.hasEnded());
      kernel.release();
      assertEquals("ab", taker.result());
      assertEquals("cd", next(stream));
      var closer =
          BlockedCall.start(
              ring,
              Caller.PLATFORM,
              () -> {
                stream.close();
                return null;
              });
      Await.until("it was cancelled", () -> kernel.held() == 1);
      Await.parked(closer.thread());
      assertEquals(7, buffers.available());
      kernel.release();
      closer.result();
      assertEquals(8, buffers.available());
    }
  }

  /** A completion that comes twice is no second chunk. */
  @Test
  void lastCompletion_twice() throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        BufferRing buffers = BufferRing.open(ring, 8, 2);
        Peers peers = Peers.connect(ring);
        ReceiveStream stream = peers.socket.receive(buffers)) {
      kernel.add(FaultRule.on(IORING_OP_RECV).times(1).fail(Errno.EINTR).duplicate(1));
      peers.send("ab");
      assertEquals("ab", next(stream));
      Await.until("it was dropped", () -> ring.metrics().stale() == 1);
      assertEquals(8, buffers.available());
    }
  }
}
