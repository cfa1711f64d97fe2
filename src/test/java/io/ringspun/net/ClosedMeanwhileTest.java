package io.ringspun.net;

import static io.ringspun.internal.kernel.Constants.IORING_OP_ACCEPT;
import static io.ringspun.internal.kernel.Constants.IORING_OP_CONNECT;
import static io.ringspun.internal.kernel.Constants.IORING_OP_POLL_ADD;
import static io.ringspun.internal.kernel.Constants.IORING_OP_RECV;
import static io.ringspun.internal.kernel.Constants.IORING_OP_RECVMSG;
import static io.ringspun.internal.kernel.Constants.IORING_OP_SEND;
import static io.ringspun.internal.kernel.Constants.IORING_OP_SENDMSG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.FaultyRing;
import io.ringspun.Ring;
import io.ringspun.buffer.BufferRing;
import io.ringspun.buffer.Chunk;
import io.ringspun.buffer.ReceiveStream;
import io.ringspun.file.RingFile;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.socketchannel.JdkProvider;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import io.ringspun.testing.SocketPair;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.SelectorProvider;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A call that waits while its socket is closed is told of the close, whatever the peer does about
 * that: never of an end, a reset or another error. Bytes that have arrived are delivered.
 */
class ClosedMeanwhileTest {
  private static final int TRIES = 50;

  /** What a peer does as soon as it finds the end of the stream. */
  enum Peer {
    STAYS_SILENT {
      @Override
      void run(Socket socket) throws IOException {
        socket.getInputStream().readAllBytes();
      }
    },
    ENDS {
      @Override
      void run(Socket socket) throws IOException {
        socket.getInputStream().readAllBytes();
        socket.close();
      }
    },
    RESETS {
      @Override
      void run(Socket socket) throws IOException {
        socket.setSoLinger(true, 0);
        socket.getInputStream().readAllBytes();
        socket.close();
      }
    },
    SENDS {
      @Override
      void run(Socket socket) throws IOException {
        socket.getInputStream().readAllBytes();
        socket.getOutputStream().write(1);
        socket.close();
      }
    };

    abstract void run(Socket socket) throws IOException;

    /** Starts it; the end is reached when the connection is over, one way or another. */
    FutureTask<Void> start(Socket socket) {
      FutureTask<Void> end =
          new FutureTask<>(
              () -> {
                try {
                  run(socket);
                } catch (SocketException _) {
                  // A close with unread bytes resets the connection.
                }
                return null;
              });
      Thread.ofVirtual().start(end);
      return end;
    }
  }

  static Stream<Arguments> peersAndCallers() {
    return Stream.of(Peer.values())
        .flatMap(peer -> Caller.inThisRun().stream().map(caller -> Arguments.of(peer, caller)));
  }

  /** Counts what a call comes to in many tries. */
  private interface Try {
    String run() throws Exception;
  }

  private static Map<String, Integer> outcomes(Try attempt) throws Exception {
    Map<String, Integer> outcomes = new TreeMap<>();
    for (int i = 0; i < TRIES; i++) {
      outcomes.merge(attempt.run(), 1, Integer::sum);
    }
    return outcomes;
  }

  // ---- beside the JDK --------------------------------------------------------------------------

  private static String readOfSocket(SocketKit kit, Ring ring, Caller caller, Peer peer)
      throws Exception {
    try (SocketKit.Pair pair = kit.pair()) {
      SocketKit.Blocked read =
          SocketKit.Blocked.in(
              task -> caller.start(ring, task), pair.client().getInputStream()::read);
      FutureTask<Void> end = peer.start(pair.server());
      pair.client().close();
      String outcome = read.outcome();
      end.get();
      return outcome;
    }
  }

  @ParameterizedTest
  @MethodSource("peersAndCallers")
  void socket_readIsToldOfTheClose(Peer peer, Caller caller) throws Exception {
    Map<String, Integer> closed = Map.of("java.net.SocketException: Socket closed", TRIES);
    try (Ring ring = Ring.open()) {
      Map<String, Integer> jdk = outcomes(() -> readOfSocket(SocketKit.JDK, ring, caller, peer));
      if (peer == Peer.SENDS) {
        jdk.remove("1"); // the JDK ends the output first: the answer may come before the close
        assertTrue(closed.keySet().containsAll(jdk.keySet()), "JDK: " + jdk);
      } else {
        assertEquals(closed, jdk, "JDK");
      }
      SocketKit ours = SocketKit.of(ring);
      assertEquals(closed, outcomes(() -> readOfSocket(ours, ring, caller, peer)));
    }
  }

  private static String readOfChannel(
      SelectorProvider provider, Ring ring, Caller caller, Peer peer, boolean adapted)
      throws Exception {
    try (ServerSocketChannel listener =
            provider
                .openServerSocketChannel()
                .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        SocketChannel channel = provider.openSocketChannel()) {
      channel.connect(listener.getLocalAddress());
      try (SocketChannel server = listener.accept()) {
        Callable<Integer> call =
            adapted
                ? channel.socket().getInputStream()::read
                : () -> channel.read(ByteBuffer.allocate(10));
        SocketKit.Blocked read = SocketKit.Blocked.in(task -> caller.start(ring, task), call);
        FutureTask<Void> end = peer.start(server.socket());
        channel.close();
        String outcome = read.outcome();
        end.get();
        return outcome;
      }
    }
  }

  @ParameterizedTest
  @MethodSource("peersAndCallers")
  void channel_readIsToldOfTheClose(Peer peer, Caller caller) throws Exception {
    SelectorProvider jdk = JdkProvider.get();
    SelectorProvider ours = new RingSelectorProvider();
    try (Ring ring = Ring.open()) {
      for (boolean adapted : new boolean[] {false, true}) {
        Map<String, Integer> expected =
            outcomes(() -> readOfChannel(jdk, ring, caller, peer, adapted));
        assertEquals(1, expected.size(), expected.toString());
        assertEquals(
            expected,
            outcomes(() -> readOfChannel(ours, ring, caller, peer, adapted)),
            "adapted: " + adapted);
      }
    }
  }

  // ---- the explicit API
  // --------------------------------------------------------------------------

  @ParameterizedTest
  @MethodSource("peersAndCallers")
  void ringSocket_readIsToldOfTheClose(Peer peer, Caller caller) throws Exception {
    try (Ring ring = Ring.open()) {
      Map<String, Integer> outcomes =
          outcomes(
              () -> {
                try (ServerSocketChannel listener = JdkProvider.get().openServerSocketChannel()) {
                  listener.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
                  RingSocket socket = RingSocket.connect(ring, listener.getLocalAddress());
                  try (SocketChannel server = listener.accept()) {
                    BlockedCall<Integer> read =
                        BlockedCall.start(ring, caller, () -> socket.read(ByteBuffer.allocate(10)));
                    read.awaitInFlight(ring, 1);
                    FutureTask<Void> end = peer.start(server.socket());
                    socket.close();
                    String outcome = SocketKit.outcome(read::result);
                    end.get();
                    return outcome;
                  }
                }
              });
      assertEquals(Map.of("java.nio.channels.AsynchronousCloseException: null", TRIES), outcomes);
    }
  }

  /** The ways to wait for a peer, each with the operation that does. */
  enum Waiting {
    READ(IORING_OP_RECV, true) {
      @Override
      long run(Fixture on) throws IOException {
        return on.pair.left().read(ByteBuffer.allocate(10));
      }
    },
    READ_FULLY(IORING_OP_RECV, true) {
      @Override
      long run(Fixture on) throws IOException {
        on.pair.left().readFully(ByteBuffer.allocate(10));
        return 0;
      }
    },
    SCATTER(IORING_OP_RECVMSG, true) {
      @Override
      long run(Fixture on) throws IOException {
        return on.pair.left().read(new ByteBuffer[] {ByteBuffer.allocate(1)});
      }
    },
    READ_PASSED(IORING_OP_RECVMSG, true) {
      @Override
      long run(Fixture on) throws IOException {
        try (PassedDescriptors passed = new PassedDescriptors()) {
          return on.pair.left().read(ByteBuffer.allocate(1), passed);
        }
      }
    },
    STREAM(IORING_OP_RECV, true) {
      @Override
      long run(Fixture on) throws IOException {
        try (BufferRing buffers = BufferRing.open(on.ring, 2, 64);
            ReceiveStream stream = on.pair.left().receive(buffers);
            Chunk chunk = stream.next()) {
          return chunk.isEnd() ? -1 : 1;
        }
      }
    },
    WRITE(IORING_OP_SEND, false) {
      @Override
      long run(Fixture on) throws IOException {
        return on.pair.left().write(ByteBuffer.allocate(10));
      }
    },
    GATHER(IORING_OP_SENDMSG, false) {
      @Override
      long run(Fixture on) throws IOException {
        return on.pair.left().write(new ByteBuffer[] {ByteBuffer.allocate(1)});
      }
    },
    SEND_FILE(IORING_OP_SEND, false) {
      @Override
      long run(Fixture on) throws IOException {
        return on.pair.left().sendFile(on.file, 0, 100_000);
      }
    },
    SPLICE_FILE(IORING_OP_POLL_ADD, false) {
      @Override
      long run(Fixture on) throws IOException {
        return on.pair.left().withSpliceAbove(0).sendFile(on.file, 0, 100_000);
      }
    },
    RECEIVE(IORING_OP_RECVMSG, false) {
      @Override
      long run(Fixture on) throws IOException {
        return on.datagrams.receive(ByteBuffer.allocate(1)).length();
      }

      @Override
      void close(Fixture on) throws IOException {
        on.datagrams.close();
      }
    },
    ACCEPT(IORING_OP_ACCEPT, false) {
      @Override
      long run(Fixture on) throws IOException {
        on.listener.accept().close();
        return 0;
      }

      @Override
      void close(Fixture on) throws IOException {
        on.listener.close();
      }
    },
    CONNECTIONS(IORING_OP_ACCEPT, false) {
      @Override
      long run(Fixture on) throws IOException {
        on.listener.connections().accept().close();
        return 0;
      }

      @Override
      void close(Fixture on) throws IOException {
        on.listener.close();
      }
    },
    CONNECT(IORING_OP_CONNECT, false) {
      @Override
      long run(Fixture on) throws IOException {
        on.unconnected.connectTo(on.full);
        return 0;
      }

      @Override
      void close(Fixture on) throws IOException {
        on.unconnected.close();
      }
    };

    final int opcode;
    final boolean readsStream;

    Waiting(int opcode, boolean readsStream) {
      this.opcode = opcode;
      this.readsStream = readsStream;
    }

    abstract long run(Fixture on) throws IOException;

    void close(Fixture on) throws IOException {
      on.pair.left().close();
    }
  }

  /** Objects on which each kind of call must wait. */
  private static final class Fixture implements AutoCloseable {
    final Ring ring;
    final SocketPair pair;
    final RingDatagramSocket datagrams;
    final RingListener listener;
    final RingListener busy; // with a full queue
    final InetSocketAddress full;
    final RingSocket unconnected;
    final RingSocket[] waiting = new RingSocket[2];
    final Path path = Files.createTempFile("ringspun", null);
    final RingFile file;

    Fixture(Ring ring) throws IOException {
      this.ring = ring;
      Files.write(path, new byte[100_000]);
      file = RingFile.open(ring, path);
      pair = SocketPair.open(ring, Kind.UNIX.listen());
      RingSocketTransferTest.fill(pair.left());
      InetSocketAddress anywhere = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
      datagrams = RingDatagramSocket.bind(ring, anywhere);
      listener = RingListener.bind(ring, anywhere);
      busy = RingListener.open(ring, StandardProtocolFamily.INET);
      busy.bindTo(anywhere, 1);
      full = (InetSocketAddress) busy.localAddress();
      for (int i = 0; i < waiting.length; i++) {
        waiting[i] = RingSocket.connect(ring, full);
      }
      unconnected = RingSocket.open(ring, StandardProtocolFamily.INET);
    }

    @Override
    public void close() throws IOException {
      for (RingSocket socket : waiting) {
        socket.close();
      }
      unconnected.close();
      busy.close();
      listener.close();
      datagrams.close();
      pair.close();
      file.close();
      Files.delete(path);
    }
  }

  static Stream<Arguments> waits() {
    return Stream.of(Waiting.values())
        .flatMap(how -> Caller.inThisRun().stream().map(caller -> Arguments.of(how, caller)));
  }

  /** The kernel may answer what a cancel found at its very end with the peer's error. */
  @ParameterizedTest
  @MethodSource("waits")
  void explicit_errorWhileClosing_isTheClose(Waiting how, Caller caller) throws Exception {
    closeWhileAnswered(how, caller, -Errno.ECONNRESET);
    closeWhileAnswered(how, caller, -Errno.EPIPE);
  }

  @ParameterizedTest
  @MethodSource("waits")
  void explicit_endWhileClosing_isTheClose(Waiting how, Caller caller) throws Exception {
    if (how.readsStream) {
      closeWhileAnswered(how, caller, 0);
    }
  }

  private static void closeWhileAnswered(Waiting how, Caller caller, int answer) throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel);
        Fixture on = new Fixture(ring)) {
      kernel.add(FaultRule.on(how.opcode).answer(answer));
      BlockedCall<Long> call = BlockedCall.start(ring, caller, () -> how.run(on));
      call.awaitInFlight(ring, 1);
      how.close(on);
      assertThrows(AsynchronousCloseException.class, call::result);
      kernel.clear();
    }
  }

  /** What the kernel has delivered by then is not lost. */
  @ParameterizedTest
  @EachCaller
  void explicit_bytesWhileClosing_areDelivered(Caller caller) throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel);
        Fixture on = new Fixture(ring)) {
      kernel.add(FaultRule.on(IORING_OP_RECV).answer(3));
      BlockedCall<Long> call = BlockedCall.start(ring, caller, () -> Waiting.READ.run(on));
      call.awaitInFlight(ring, 1);
      on.pair.left().close();
      assertEquals(3, call.result());
      kernel.clear();
    }
  }

  /** A datagram without bytes is no end. */
  @ParameterizedTest
  @EachCaller
  void explicit_emptyDatagramWhileClosing_isDelivered(Caller caller) throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel);
        RingDatagramSocket left =
            RingDatagramSocket.bind(
                ring, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        RingDatagramSocket right = RingDatagramSocket.open(ring, StandardProtocolFamily.INET)) {
      BlockedCall<Integer> call =
          BlockedCall.start(ring, caller, () -> left.receive(ByteBuffer.allocate(1)).length());
      call.awaitInFlight(ring, 1);
      kernel.add(FaultRule.on(IORING_OP_RECVMSG).delay());
      right.send(ByteBuffer.allocate(0), left.localAddress());
      FutureTask<Void> closing =
          new FutureTask<>(
              () -> {
                left.close();
                return null;
              });
      Thread.ofVirtual().start(closing);
      Await.until("it closes", () -> !left.isOpen());
      kernel.clear();
      kernel.release();
      closing.get();
      assertEquals(0, call.result());
    }
  }

  /** A taker whose thread had no turn yet still gets what came before the close. */
  @Test
  @Tag("carried")
  void stream_chunkBeforeTheClose_isDelivered() throws Exception {
    try (Ring ring = Ring.open();
        Ring held = Ring.open();
        BufferRing buffers = BufferRing.open(ring, 2, 64);
        SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen());
        ReceiveStream stream = pair.left().receive(buffers);
        Arena arena = Arena.ofConfined()) {
      BlockedCall<Integer> taker =
          BlockedCall.start(
              held,
              () -> {
                try (Chunk chunk = stream.next()) {
                  return chunk.isEnd() ? -1 : (int) chunk.segment().byteSize();
                }
              });
      taker.awaitInFlight(ring, 1);
      AtomicBoolean holds = new AtomicBoolean();
      AtomicBoolean enough = new AtomicBoolean();
      BlockedCall<Void> holder =
          BlockedCall.start(
              held,
              () -> {
                holds.set(true);
                while (!enough.get()) {
                  Thread.onSpinWait();
                }
                return null;
              });
      Await.until("the ring is held", holds::get);
      pair.right().write(arena.allocate(5));
      // The kernel ends the receive by itself after the end of the stream.
      pair.right().shutdownOutput();
      Await.until("all has arrived", () -> ring.metrics().inFlight() == 0);
      pair.left().close();
      enough.set(true);
      holder.result();
      assertEquals(5, taker.result());
    }
  }
}
