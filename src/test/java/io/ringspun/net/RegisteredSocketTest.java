package io.ringspun.net;

import static io.ringspun.internal.kernel.Constants.*;
import static io.ringspun.net.SocketOpenOption.REGISTERED;
import static java.net.StandardProtocolFamily.INET;
import static java.net.StandardProtocolFamily.UNIX;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import io.ringspun.FaultyRing;
import io.ringspun.OperationException;
import io.ringspun.OperationTimeoutException;
import io.ringspun.Ring;
import io.ringspun.RingClosedException;
import io.ringspun.RingGroup;
import io.ringspun.RingOptions;
import io.ringspun.RingUnavailableException;
import io.ringspun.buffer.BufferRing;
import io.ringspun.buffer.Chunk;
import io.ringspun.buffer.ReceiveStream;
import io.ringspun.file.RingFile;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.raw.KernelOption;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import io.ringspun.testing.FourEnds;
import io.ringspun.testing.Liburing;
import io.ringspun.testing.LongRun;
import io.ringspun.testing.OpenFiles;
import io.ringspun.testing.RingCase;
import io.ringspun.testing.SocketPair;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.BindException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Sockets in a ring's own table, which have no descriptor in the process. */
class RegisteredSocketTest {
  private static final String CASES = "io.ringspun.testing.RingCase#all";
  private static final RingOptions TABLE = RingOptions.defaults().withRegisteredFiles(8);

  private static int descriptors() {
    return OpenFiles.count("socket:");
  }

  private static int slotsTaken(Ring ring) {
    return EngineAccess.of(ring).files().taken();
  }

  private static Ring open(FaultKernel kernel, int slots) throws IOException {
    return FaultyRing.open(RingOptions.defaults().withRegisteredFiles(slots), kernel);
  }

  /**
   * Opens sockets until the kernel has no slot left: as many as were never lost. A peer learns of
   * the end before the slot is given back.
   */
  private static void requireAllFree(Ring ring, int slots) throws IOException {
    Await.until("the slots are given back", () -> slotsTaken(ring) == 0);
    List<RingSocket> all = new ArrayList<>();
    for (int i = 0; i < slots; i++) {
      all.add(RingSocket.open(ring, UNIX, REGISTERED));
    }
    requireFull(assertThrows(IOException.class, () -> RingSocket.open(ring, UNIX, REGISTERED)));
    for (RingSocket socket : all) {
      socket.close();
    }
    assertEquals(0, slotsTaken(ring));
  }

  private static void requireFull(IOException e) {
    assertEquals(Errno.ENFILE, assertInstanceOf(OperationException.class, e).errno());
    assertTrue(e.getMessage().contains("withRegisteredFiles"), e::getMessage);
  }

  private static SocketPair pair(Ring ring, RingListener listener) throws IOException {
    return SocketPair.open(ring, listener, REGISTERED);
  }

  private static SocketPair pair(Ring ring, Kind kind) throws IOException {
    return SocketPair.open(ring, kind.listen(), REGISTERED);
  }

  private static void send(RingSocket from, RingSocket to, int size) throws IOException {
    byte[] sent = new byte[size];
    for (int i = 0; i < size; i++) {
      sent[i] = (byte) (i * 31);
    }
    from.writeFully(ByteBuffer.wrap(sent));
    ByteBuffer received = ByteBuffer.allocate(size);
    to.readFully(received);
    assertArrayEquals(sent, received.array());
  }

  // ---- everything works without a descriptor -------------------------------------------------

  /** Everything that a stream socket can do. */
  @ParameterizedTest
  @MethodSource(CASES)
  void operations_all(RingCase how, @TempDir Path directory) throws Exception {
    Path path = Files.write(directory.resolve("file"), new byte[300_000]);
    how.run(
        TABLE,
        ring -> {
          for (Kind kind : Kind.values()) {
            int before = descriptors();
            RingListener listener = RingListener.bind(ring, kind.listen(), REGISTERED);
            assertTrue(listener.isRegistered());
            SocketPair pair = pair(ring, listener);
            try (listener;
                pair;
                Arena arena = Arena.ofConfined();
                RingFile file = RingFile.open(ring, path)) {
              RingSocket left = pair.left();
              RingSocket right = pair.right();
              assertTrue(left.isRegistered() && right.isRegistered());
              assertEquals(listener.localAddress(), left.remoteAddress());
              assertEquals(listener.localAddress(), right.localAddress());
              assertEquals(left.localAddress(), right.remoteAddress());
              send(left, right, 1000);
              MemorySegment one = arena.allocate(10);
              MemorySegment two = arena.allocate(20);
              assertEquals(30, left.write(new MemorySegment[] {one, two}));
              assertEquals(30, right.read(new MemorySegment[] {two, one}));
              assertEquals(20, left.withZeroCopyAbove(0).write(two));
              right.readFully(two);
              MemorySegment whole = arena.allocate(300_000);
              var reader = BlockedCall.start(ring, Caller.VIRTUAL, () -> readFully(right, 300_000));
              assertEquals(300_000, left.sendFile(file, 0, 1 << 20));
              assertArrayEquals(whole.toArray(ValueLayout.JAVA_BYTE), reader.result());
              assertEquals(before, descriptors(), "descriptors");
              left.shutdownOutput();
              assertEquals(-1, right.read(one));
              right.shutdownInput();
            }
            assertEquals(before, descriptors());
          }
          requireAllFree(ring, 8);
        });
  }

  private static byte[] readFully(RingSocket socket, int size) throws IOException {
    ByteBuffer received = ByteBuffer.allocate(size);
    socket.readFully(received);
    return received.array();
  }

  @ParameterizedTest
  @EachCaller
  void receive_stream(Caller caller) throws Exception {
    try (Ring ring = Ring.open(TABLE);
        Ring other = Ring.open();
        SocketPair pair = pair(ring, Kind.IPV4);
        BufferRing buffers = BufferRing.open(ring, 4, 100);
        BufferRing foreign = BufferRing.open(other, 4, 100);
        ReceiveStream stream = pair.right().receive(buffers)) {
      assertThrows(IllegalArgumentException.class, () -> pair.right().receive(foreign));
      var call = BlockedCall.start(ring, caller, () -> received(stream)).awaitInFlight(ring, 1);
      pair.left().writeFully(ByteBuffer.wrap(new byte[] {1, 2, 3}));
      pair.left().shutdownOutput();
      assertArrayEquals(new byte[] {1, 2, 3}, call.result());
    }
  }

  private static byte[] received(ReceiveStream stream) throws IOException {
    ByteBuffer all = ByteBuffer.allocate(100);
    while (true) {
      try (Chunk chunk = stream.next()) {
        if (chunk.isEnd()) {
          byte[] bytes = new byte[all.position()];
          all.flip().get(bytes);
          return bytes;
        }
        all.put(chunk.segment().asByteBuffer());
      }
    }
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void datagrams(RingCase how) throws Exception {
    how.run(
        TABLE,
        ring -> {
          int before = descriptors();
          for (Kind kind : Kind.values()) {
            try (var left = RingDatagramSocket.bind(ring, kind.listen(), REGISTERED);
                var right = RingDatagramSocket.bind(ring, kind.listen(), REGISTERED)) {
              assertTrue(left.isRegistered());
              left.send(ByteBuffer.wrap(new byte[] {7, 8}), right.localAddress());
              ByteBuffer target = ByteBuffer.allocate(10);
              assertEquals(2, right.receive(target).length());
              assertEquals(8, target.get(1));
              right.connectTo(left.localAddress());
              assertEquals(left.localAddress(), right.remoteAddress());
              assertEquals(2, right.write(ByteBuffer.wrap(new byte[] {1, 2})));
              assertEquals(right.localAddress(), left.receive(target.clear()).sender());
              assertEquals(before, descriptors());
            }
          }
          requireAllFree(ring, 8);
        });
  }

  /** Options by the ring's commands, and those that the ring cannot tell. */
  @ParameterizedTest
  @MethodSource(CASES)
  void options(RingCase how) throws Exception {
    how.run(
        TABLE,
        ring -> {
          try (RingSocket socket = RingSocket.open(ring, INET, REGISTERED)) {
            socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
            assertEquals(true, socket.getOption(StandardSocketOptions.TCP_NODELAY));
            socket.setOption(StandardSocketOptions.SO_RCVBUF, 20_000);
            assertEquals(20_000, socket.getOption(StandardSocketOptions.SO_RCVBUF));
            socket.setOption(StandardSocketOptions.SO_LINGER, 0);
            assertEquals(0, socket.getOption(StandardSocketOptions.SO_LINGER));
            assertThrows(
                UnsupportedOperationException.class,
                () -> socket.getOption(new KernelOption("none", SOL_SOCKET, 9999)));
            assertThrows(
                OperationException.class,
                () -> socket.setOption(new KernelOption("TCP_KEEPIDLE", IPPROTO_TCP, 4), -1));
          }
        });
  }

  /** A slot means nothing to another ring: what a thread of that ring does goes to the socket's. */
  @Test
  void operations_ofAnotherRingsThread() throws Exception {
    try (Ring ring = Ring.open(TABLE);
        Ring other = Ring.open(TABLE);
        SocketPair pair = pair(ring, Kind.IPV4);
        SocketPair decoys = pair(other, Kind.IPV4)) {
      long before = other.metrics().submitted();
      Caller.CARRIED.run(
          other,
          () -> {
            send(pair.left(), pair.right(), 100);
            pair.left().setOption(StandardSocketOptions.TCP_NODELAY, true);
            assertEquals(pair.left().localAddress(), pair.right().remoteAddress());
          });
      assertEquals(before, other.metrics().submitted());
      send(decoys.left(), decoys.right(), 100);
    }
  }

  @ParameterizedTest
  @EachCaller
  void installDescriptor_isTheSame(Caller caller) throws Exception {
    try (Ring ring = Ring.open(TABLE);
        RingListener listener = RingListener.bind(ring, Kind.IPV4.listen(), REGISTERED)) {
      int before = descriptors();
      SocketPair pair = pair(ring, listener);
      RingSocket raw = caller.call(ring, pair.left()::installDescriptor);
      assertFalse(raw.isRegistered());
      assertEquals(before + 1, descriptors());
      assertEquals(pair.right().remoteAddress(), raw.localAddress());
      pair.left().close();
      send(raw, pair.right(), 100);
      assertThrows(IllegalStateException.class, raw::installDescriptor);
      raw.close();
      assertEquals(-1, pair.right().read(ByteBuffer.allocate(1)));
      pair.right().close();
      try (RingListener same = listener.installDescriptor();
          RingSocket socket = RingSocket.connect(ring, same.localAddress());
          RingSocket peer = same.accept()) {
        assertFalse(peer.isRegistered());
        assertEquals(socket.localAddress(), peer.remoteAddress());
      }
      assertEquals(before, descriptors());
    }
  }

  @Liburing("file-register")
  @ParameterizedTest
  @EachCaller
  void registerWith_isTheSame(Caller caller) throws Exception {
    try (Ring home = Ring.open();
        Ring ring = Ring.open(TABLE);
        RingListener listener = RingListener.bind(home, Kind.IPV4.listen());
        RingSocket left = RingSocket.connect(home, listener.localAddress());
        RingSocket right = listener.accept()) {
      RingSocket twin = caller.call(ring, () -> left.registerWith(ring));
      assertTrue(twin.isRegistered());
      assertEquals(1, slotsTaken(ring));
      caller.run(ring, () -> send(twin, right, 100));
      send(right, twin, 100);
      assertThrows(IllegalStateException.class, () -> twin.registerWith(ring));
      assertThrows(IllegalArgumentException.class, () -> left.registerWith(home));
      left.close();
      assertThrows(ClosedChannelException.class, () -> left.registerWith(ring));
      send(twin, right, 100);
      twin.close();
      assertEquals(-1, right.read(ByteBuffer.allocate(1)));

      try (RingListener same = caller.call(ring, () -> listener.registerWith(ring));
          RingSocket socket = RingSocket.connect(home, same.localAddress());
          RingSocket peer = caller.call(ring, same::accept)) {
        assertTrue(peer.isRegistered());
        assertEquals(socket.localAddress(), peer.remoteAddress());
      }
      requireAllFree(ring, 8);
    }
  }

  @Test
  void registerWith_tableFull() throws Exception {
    try (Ring ring = Ring.open(RingOptions.defaults().withRegisteredFiles(1));
        RingSocket socket = RingSocket.open(ring, INET);
        RingListener listener = RingListener.bind(ring, Kind.IPV4.listen());
        RingSocket twin = socket.registerWith(ring)) {
      requireFull(assertThrows(IOException.class, () -> socket.registerWith(ring)));
      requireFull(assertThrows(IOException.class, () -> listener.registerWith(ring)));
      twin.close();
      requireAllFree(ring, 1);
    }
  }

  @Test
  void table_none() throws Exception {
    try (Ring ring = Ring.open()) {
      for (var open :
          List.<org.junit.jupiter.api.function.Executable>of(
              () -> RingSocket.open(ring, INET, REGISTERED),
              () -> RingSocket.connect(ring, Kind.deadPort(), REGISTERED),
              () -> RingListener.open(ring, INET, REGISTERED),
              () -> RingListener.bind(ring, Kind.IPV4.listen(), REGISTERED),
              () -> RingDatagramSocket.open(ring, INET, REGISTERED))) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, open);
        assertTrue(e.getMessage().contains("withRegisteredFiles"), e::getMessage);
      }
    }
  }

  // ---- the ends of a call --------------------------------------------------------------------

  @ParameterizedTest
  @EachCaller
  void accept_fourEnds(Caller caller) throws Exception {
    for (Kind kind : List.of(Kind.IPV6, Kind.UNIX)) {
      try (Ring ring = Ring.open(TABLE);
          RingListener listener = RingListener.bind(ring, kind.listen(), REGISTERED)) {
        SocketAddress where = listener.localAddress();
        AtomicReference<SocketAddress> last = new AtomicReference<>();
        new FourEnds(
                () -> {
                  try (RingSocket peer = listener.accept()) {
                    assertEquals(1, slotsTaken(ring));
                    return peer.remoteAddress();
                  }
                },
                () -> {
                  try (RingSocket socket = RingSocket.connect(ring, where)) {
                    last.set(socket.localAddress());
                  }
                },
                listener::close)
            .check(ring, caller, last::get);
        assertThrows(ClosedChannelException.class, listener::localAddress);
        assertThrows(
            ClosedChannelException.class,
            () -> listener.setOption(StandardSocketOptions.SO_RCVBUF, 4096));
        requireAllFree(ring, 8);
      }
    }
  }

  @ParameterizedTest
  @EachCaller
  void accept_timedOut(Caller caller) throws Exception {
    try (Ring ring = Ring.open(TABLE);
        RingListener listener = RingListener.bind(ring, Kind.ABSTRACT.listen(), REGISTERED)) {
      RingListener hasty = listener.within(Duration.ofMillis(20));
      assertThrows(OperationTimeoutException.class, () -> caller.call(ring, hasty::accept));
      assertEquals(0, slotsTaken(ring));
      try (SocketPair pair = pair(ring, hasty)) {
        send(pair.left(), pair.right(), 10);
      }
    }
  }

  @ParameterizedTest
  @EachCaller
  void read_ends(Caller caller) throws Exception {
    try (Ring ring = Ring.open(TABLE);
        SocketPair pair = pair(ring, Kind.IPV4)) {
      ByteBuffer target = ByteBuffer.allocateDirect(10);
      var call = BlockedCall.start(ring, caller, () -> pair.left().read(target));
      call.awaitInFlight(ring, 1).interrupt();
      assertThrows(InterruptedIOException.class, call::result);
      call = BlockedCall.start(ring, caller, () -> pair.left().read(target));
      call.awaitInFlight(ring, 1);
      pair.right().write(ByteBuffer.wrap(new byte[5]));
      assertEquals(5, call.result());
      call = BlockedCall.start(ring, caller, () -> pair.left().read(target));
      call.awaitInFlight(ring, 1);
      pair.left().close();
      assertThrows(AsynchronousCloseException.class, call::result);
    }
  }

  /** Neither an interrupt before nor one meanwhile keeps an option from being set. */
  @ParameterizedTest
  @EachCaller
  void options_interrupted(Caller caller) throws Exception {
    try (Ring ring = Ring.open(TABLE);
        RingSocket registered = RingSocket.open(ring, INET, REGISTERED);
        RingSocket raw = RingSocket.open(ring, INET)) {
      for (RingSocket socket : List.of(registered, raw)) {
        caller.run(
            ring,
            () -> {
              Thread.currentThread().interrupt();
              socket.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
              assertEquals(true, socket.getOption(StandardSocketOptions.SO_KEEPALIVE));
              socket.bind(Kind.IPV4.listen());
              assertTrue(((InetSocketAddress) socket.localAddress()).getPort() > 0);
              assertTrue(Thread.interrupted());
            });
      }
    }
  }

  @ParameterizedTest
  @EachCaller
  void ring_closedMeanwhile(Caller caller) throws Exception {
    Ring ring = Ring.open(TABLE);
    RingListener listener = RingListener.bind(ring, Kind.IPV4.listen(), REGISTERED);
    RingSocket raw = RingSocket.open(ring, INET);
    try (listener;
        raw) {
      BlockedCall<RingSocket> call = BlockedCall.start(ring, caller, listener::accept);
      call.awaitInFlight(ring, 1);
      ring.close();
      assertThrows(AsynchronousCloseException.class, call::result);
      assertThrows(RingClosedException.class, listener::localAddress);
      assertThrows(
          RingClosedException.class, () -> listener.getOption(StandardSocketOptions.SO_RCVBUF));
      raw.setOption(StandardSocketOptions.SO_KEEPALIVE, true); // which needs no ring
      assertEquals(true, raw.getOption(StandardSocketOptions.SO_KEEPALIVE));
    }
  }

  /**
   * Goal: closing a socket that has to linger does not hold the ring. Method: the peer never reads,
   * so that the close lingers for its second, while another thread of the ring goes on.
   */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void close_lingers_withoutTheRing(boolean inherited) throws Exception {
    try (Ring ring = Ring.open(TABLE);
        RingListener listener = RingListener.open(ring, INET, REGISTERED)) {
      if (inherited) {
        listener.setOption(StandardSocketOptions.SO_LINGER, 1);
      }
      listener.bindTo(Kind.IPV4.listen(), 1);
      try (RingSocket deaf = RingSocket.connect(ring, listener.localAddress())) {
        RingSocket socket = listener.accept();
        if (!inherited) {
          socket.setOption(StandardSocketOptions.SO_LINGER, 1);
        }
        RingSocket hasty = socket.within(Duration.ofMillis(50));
        assertThrows(
            OperationTimeoutException.class,
            () -> hasty.writeFully(ByteBuffer.allocateDirect(50 << 20)));
        long begin = System.nanoTime();
        var close =
            BlockedCall.start(
                ring,
                Caller.CARRIED,
                () -> {
                  socket.close();
                  return null;
                });
        Await.until("it is closed", () -> !socket.isOpen());
        int trips = 0;
        while (!close.hasEnded()) {
          long start = System.nanoTime();
          ring.nop();
          assertTrue(System.nanoTime() - start < 500_000_000L, "the ring was held");
          trips++;
        }
        close.result();
        assertTrue(System.nanoTime() - begin >= 900_000_000L, "it did not linger");
        assertTrue(trips > 10);
        assertTrue(deaf.isOpen());
      }
      assertEquals(1, slotsTaken(ring), "the listener's");
    }
  }

  // ---- a full table --------------------------------------------------------------------------

  /** With all slots taken, accept fails before it takes a connection, which waits. */
  @ParameterizedTest
  @EachCaller
  void accept_tableFull(Caller caller) throws Exception {
    try (Ring ring = Ring.open(RingOptions.defaults().withRegisteredFiles(2));
        RingListener listener = RingListener.bind(ring, Kind.IPV4.listen(), REGISTERED);
        RingSocket peer = RingSocket.connect(ring, listener.localAddress());
        RingSocket first = RingSocket.open(ring, INET, REGISTERED)) {
      RingSocket second = RingSocket.open(ring, INET, REGISTERED);
      requireFull(assertThrows(IOException.class, () -> caller.call(ring, listener::accept)));
      requireFull(
          assertThrows(
              IOException.class,
              () -> caller.call(ring, () -> RingListener.open(ring, INET, REGISTERED))));
      second.close();
      try (RingSocket accepted = caller.call(ring, listener::accept)) {
        send(accepted, peer, 10);
        assertEquals(2, slotsTaken(ring));
      }
      assertTrue(first.isOpen());
    }
  }

  /** Callers that wait have slots kept for them, so that no connection comes to nothing. */
  @Test
  void accept_keepsASlot() throws Exception {
    try (Ring ring = Ring.open(RingOptions.defaults().withRegisteredFiles(1));
        RingListener listener = RingListener.bind(ring, Kind.IPV4.listen(), REGISTERED)) {
      var first = BlockedCall.start(ring, listener::accept).awaitInFlight(ring, 1);
      requireFull(assertThrows(IOException.class, listener::accept));
      try (RingSocket peer = RingSocket.connect(ring, listener.localAddress());
          RingSocket accepted = first.result()) {
        send(accepted, peer, 10);
      }
    }
  }

  /** Connections wait in the backlog while there is no slot, and nobody asks for them. */
  @ParameterizedTest
  @EachCaller
  void connections_tableFull(Caller caller) throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = open(kernel, 3);
        RingListener listener = RingListener.bind(ring, Kind.IPV4.listen(), REGISTERED);
        Connections connections = listener.connections()) {
      List<RingSocket> peers = new ArrayList<>();
      List<RingSocket> accepted = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        peers.add(RingSocket.connect(ring, listener.localAddress()));
        accepted.add(caller.call(ring, connections::accept));
        assertTrue(accepted.getLast().isRegistered());
      }
      for (int i = 0; i < 3; i++) {
        peers.add(RingSocket.connect(ring, listener.localAddress()));
      }
      long asked = kernel.submitted(IORING_OP_ACCEPT);
      var waiting = BlockedCall.start(ring, caller, connections::accept);
      Await.parked(waiting.thread());
      assertEquals(0, ring.metrics().inFlight());
      assertEquals(asked, kernel.submitted(IORING_OP_ACCEPT));
      accepted.removeFirst().close();
      accepted.add(waiting.result());
      for (int i = 0; i < 2; i++) {
        accepted.removeFirst().close();
        accepted.add(caller.call(ring, connections::accept));
      }
      for (int i = 0; i < 3; i++) {
        assertEquals(peers.get(3 + i).localAddress(), accepted.get(i).remoteAddress());
        send(peers.get(3 + i), accepted.get(i), 100);
        accepted.get(i).close();
      }
      for (RingSocket peer : peers) {
        peer.close();
      }
      connections.close();
      requireAllFree(ring, 3);
    }
  }

  /** More at once than there are slots: all are accepted, as soon as there is one. */
  @ParameterizedTest
  @EachCaller
  void connections_burst(Caller caller) throws Exception {
    int slots = 4;
    int count = 50;
    try (Ring ring = Ring.open(RingOptions.defaults().withRegisteredFiles(slots));
        RingListener listener = RingListener.bind(ring, Kind.IPV4.listen(), REGISTERED);
        Connections connections = listener.connections()) {
      List<RingSocket> peers = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        peers.add(RingSocket.connect(ring, listener.localAddress()));
      }
      List<RingSocket> accepted = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        if (accepted.size() == slots) {
          accepted.removeFirst().close();
        }
        accepted.add(caller.call(ring, connections::accept));
        send(peers.get(i), accepted.getLast(), 10);
      }
      for (RingSocket socket : accepted) {
        socket.close();
      }
      for (RingSocket peer : peers) {
        peer.close();
      }
      connections.close();
      requireAllFree(ring, slots);
    }
  }

  /** With slots in plenty the kernel is asked once for many; what nobody took is closed. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void connections_inPlenty(boolean listenerToo) throws Exception {
    int slots = 4096 + 8;
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = openOrSkip(kernel, slots);
        RingListener listener = RingListener.bind(ring, Kind.IPV4.listen(), REGISTERED)) {
      Connections connections = listener.connections();
      List<SocketChannel> peers = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        peers.add(SocketChannel.open(listener.localAddress()));
      }
      connections.accept().close();
      Await.until("the others are accepted", () -> slotsTaken(ring) == 4);
      assertEquals(1, kernel.submitted(IORING_OP_ACCEPT), "one for many");
      for (int i = 0; i < 10; i++) {
        peers.add(SocketChannel.open(listener.localAddress()));
      }
      Await.until("it is told to stop", () -> ring.metrics().inFlight() == 0);
      assertTrue(slots - slotsTaken(ring) <= 4096);
      if (listenerToo) {
        listener.close();
      } else {
        connections.close();
      }
      for (SocketChannel peer : peers.subList(0, 5)) {
        assertTrue(isOver(peer));
      }
      for (SocketChannel peer : peers) {
        peer.close();
      }
      assertEquals(0, slotsTaken(ring));
    }
  }

  private static Ring openOrSkip(FaultKernel kernel, int slots) throws IOException {
    try {
      return open(kernel, slots);
    } catch (RingUnavailableException e) {
      return abort("the limit of open files is too low: " + e);
    }
  }

  private static boolean isOver(SocketChannel peer) throws IOException {
    try {
      return peer.read(ByteBuffer.allocate(1)) < 0;
    } catch (SocketException e) { // reset
      return true;
    }
  }

  /** Many come and go in few slots: no slot is lost, and no connection gets another's bytes. */
  @ParameterizedTest
  @EachCaller
  void churn(Caller caller) throws Exception {
    int clients = 8;
    int rounds = LongRun.count(200, 625);
    int slots = 64;
    try (Ring ring = Ring.open(RingOptions.defaults().withRegisteredFiles(slots));
        RingListener listener = RingListener.bind(ring, Kind.IPV4.listen(), REGISTERED);
        Connections connections = listener.connections()) {
      AtomicInteger served = new AtomicInteger();
      caller.start(
          ring,
          () -> {
            for (RingSocket socket : connections) {
              caller.start(ring, () -> serve(socket, served));
            }
          });
      List<BlockedCall<Integer>> calls = new ArrayList<>();
      for (int i = 0; i < clients; i++) {
        int client = i;
        calls.add(
            BlockedCall.start(
                ring,
                Caller.VIRTUAL,
                () -> {
                  int done = 0;
                  for (int round = 0; round < rounds; round++) {
                    done += ask(ring, listener.localAddress(), client * rounds + round);
                  }
                  return done;
                }));
      }
      for (BlockedCall<Integer> call : calls) {
        assertEquals(rounds, call.result());
      }
      assertEquals(clients * rounds, served.get());
      connections.close();
      Await.until("all are closed", () -> slotsTaken(ring) == 0);
      requireAllFree(ring, slots);
    }
  }

  private static void serve(RingSocket socket, AtomicInteger served) {
    try (socket) {
      ByteBuffer message = ByteBuffer.allocateDirect(4);
      socket.readFully(message);
      socket.writeFully(message.flip());
      served.incrementAndGet();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private static int ask(Ring ring, SocketAddress where, int number) throws IOException {
    try (RingSocket socket = RingSocket.connect(ring, where)) {
      ByteBuffer message = ByteBuffer.allocateDirect(4).putInt(number).flip();
      socket.writeFully(message);
      socket.readFully(message.clear());
      assertEquals(number, message.getInt(0));
      return socket.read(message.clear()) < 0 ? 1 : 0; // the server has closed its end
    }
  }

  // ---- the kernel's moods --------------------------------------------------------------------

  /** What the kernel has no operation for, it does on a descriptor. */
  @ParameterizedTest
  @EachCaller
  void olderKernel(Caller caller) throws Exception {
    int before = descriptors();
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = open(kernel, 8)) {
      kernel.add(FaultRule.on(IORING_OP_BIND, IORING_OP_LISTEN).fail(Errno.EINVAL));
      kernel.add(FaultRule.on(IORING_OP_URING_CMD).fail(Errno.EOPNOTSUPP));
      caller.run(
          ring,
          () -> {
            for (Kind kind : Kind.values()) {
              try (RingListener listener = RingListener.bind(ring, kind.listen(), REGISTERED);
                  SocketPair pair = pair(ring, listener)) {
                pair.left().setOption(StandardSocketOptions.SO_RCVBUF, 20_000);
                assertEquals(20_000, pair.left().getOption(StandardSocketOptions.SO_RCVBUF));
                send(pair.left(), pair.right(), 100);
                assertEquals(before, descriptors());
              }
            }
          });
      assertTrue(kernel.submitted(IORING_OP_FIXED_FD_INSTALL) > 0);
      requireAllFree(ring, 8);
    }
  }

  /** Before Linux 6.8 there is no way to a descriptor, and no harm done. */
  @Test
  void muchOlderKernel() throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = open(kernel, 8);
        RingListener there = RingListener.bind(ring, Kind.IPV4.listen());
        RingSocket socket = RingSocket.connect(ring, there.localAddress(), REGISTERED);
        RingSocket peer = there.accept()) {
      kernel.add(
          FaultRule.on(IORING_OP_BIND, IORING_OP_LISTEN, IORING_OP_FIXED_FD_INSTALL)
              .fail(Errno.EINVAL));
      send(socket, peer, 100);
      OperationException e = assertThrows(OperationException.class, socket::localAddress);
      assertEquals(Errno.EINVAL, e.errno());
      assertThrows(OperationException.class, socket::installDescriptor);
      assertThrows(
          OperationException.class, () -> RingListener.bind(ring, Kind.IPV4.listen(), REGISTERED));
      assertEquals(1, slotsTaken(ring));
    }
  }

  /** The kernel answers at once, so there is nothing to wait for. */
  @Test
  void options_ofOthers_onTheCallingThread() throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = open(kernel, 0);
        RingSocket socket = RingSocket.open(ring, INET)) {
      socket.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
      assertEquals(true, socket.getOption(StandardSocketOptions.SO_KEEPALIVE));
      assertEquals(0, kernel.submitted(IORING_OP_URING_CMD));
    }
  }

  /** Without plain system calls they go by the ring, until it is known that they cannot. */
  @ParameterizedTest
  @ValueSource(ints = {Errno.EOPNOTSUPP, Errno.EINVAL})
  void options_ofOthers(int errno) throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(RingOptions.defaults().withInlineAttempts(false), kernel);
        RingSocket socket = RingSocket.open(ring, INET)) {
      socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
      assertEquals(true, socket.getOption(StandardSocketOptions.TCP_NODELAY));
      assertEquals(1, kernel.submitted(IORING_OP_URING_CMD), "only the setting");
      socket.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
      assertEquals(true, socket.getOption(StandardSocketOptions.SO_KEEPALIVE));
      assertEquals(3, kernel.submitted(IORING_OP_URING_CMD), "both");
      assertThrows(
          OperationException.class, // EINVAL of the option itself is not the command's
          () -> socket.setOption(new KernelOption("TCP_KEEPIDLE", IPPROTO_TCP, 4), -1));
      assertEquals(4, kernel.submitted(IORING_OP_URING_CMD));
      kernel.add(FaultRule.on(IORING_OP_URING_CMD).fail(errno));
      socket.setOption(StandardSocketOptions.SO_KEEPALIVE, false);
      assertEquals(false, socket.getOption(StandardSocketOptions.SO_KEEPALIVE));
      assertEquals(5, kernel.submitted(IORING_OP_URING_CMD), "not asked again");
    }
  }

  /** A refusal of an option reaches the caller, once. */
  @Test
  void options_refused() throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = open(kernel, 2);
        RingSocket socket = RingSocket.open(ring, INET, REGISTERED)) {
      kernel.add(FaultRule.on(IORING_OP_URING_CMD).times(1).fail(Errno.EPERM));
      OperationException e =
          assertThrows(
              OperationException.class,
              () -> socket.setOption(StandardSocketOptions.SO_KEEPALIVE, true));
      assertEquals(Errno.EPERM, e.errno());
      assertEquals(false, socket.getOption(StandardSocketOptions.SO_KEEPALIVE));
    }
  }

  // ---- the start of a listener ---------------------------------------------------------------

  /** Opened, bound and listening in one submission, whose entries are linked. */
  @Liburing("bind-listen")
  @ParameterizedTest
  @EachCaller
  void bind_isOneChain(Caller caller) throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = open(kernel, 1)) {
      for (Kind kind : Kind.values()) {
        kernel.forget();
        try (RingListener listener =
            caller.call(ring, () -> RingListener.bind(ring, kind.listen(), REGISTERED))) {
          var chain = kernel.submitted().stream().filter(r -> !r.isInternal()).toList();
          assertEquals(4, chain.size());
          assertEquals(
              List.of(
                  IORING_OP_SOCKET,
                  kind == Kind.IPV4 || kind == Kind.IPV6 ? IORING_OP_URING_CMD : IORING_OP_NOP,
                  IORING_OP_BIND,
                  IORING_OP_LISTEN),
              chain.stream().map(FaultKernel.Request::opcode).toList());
          for (var request : chain) {
            assertEquals(chain.getFirst().enter(), request.enter());
            assertEquals(request.opcode() != IORING_OP_LISTEN, request.isLinked());
          }
          try (SocketPair pair = SocketPair.open(ring, listener)) {
            assertTrue(pair.right().isRegistered());
            send(pair.left(), pair.right(), 10);
          }
        }
      }
      requireAllFree(ring, 1);
    }
  }

  /** Each is in a slot that is not for the kernel to choose. */
  @ParameterizedTest
  @EachCaller
  void bind_several(Caller caller) throws Exception {
    try (Ring ring = Ring.open(TABLE)) {
      for (int round = 0; round < 3; round++) {
        try (RingListener first =
                caller.call(ring, () -> RingListener.bind(ring, Kind.IPV4.listen(), REGISTERED));
            RingListener second =
                caller.call(ring, () -> RingListener.bind(ring, Kind.IPV6.listen(), REGISTERED))) {
          assertEquals(0, slotsTaken(ring));
          for (RingListener listener : List.of(first, second)) {
            try (SocketPair pair = pair(ring, listener)) {
              send(pair.left(), pair.right(), 10);
            }
          }
          requireSlotsLeft(ring, 8);
        }
        requireAllFree(ring, 8);
      }
    }
  }

  /** The kernel never gives away a slot that is not its to choose. */
  private static void requireSlotsLeft(Ring ring, int count) throws IOException {
    List<RingSocket> all = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      all.add(RingSocket.open(ring, UNIX, REGISTERED));
    }
    requireFull(assertThrows(IOException.class, () -> RingSocket.open(ring, UNIX, REGISTERED)));
    for (RingSocket socket : all) {
      socket.close();
    }
  }

  /** Also when it was just emptied, or just taken, and the table is full. */
  @Liburing("file-alloc-range-hint")
  @Test
  void bind_slotIsNotTheKernels() throws Exception {
    try (Ring ring = Ring.open(TABLE)) {
      for (int round = 0; round < 4; round++) {
        RingListener listener = RingListener.bind(ring, Kind.IPV4.listen(), REGISTERED);
        requireSlotsLeft(ring, 8);
        listener.close();
        requireSlotsLeft(ring, 8);
      }
    }
  }

  /** A ring may have no room for a chain of four. */
  @ParameterizedTest
  @EachCaller
  void bind_smallRing(Caller caller) throws Exception {
    for (RingOptions small : List.of(TABLE.withEntries(2), TABLE.withInFlightLimit(3))) {
      try (Ring ring = Ring.open(small);
          RingListener listener =
              caller.call(ring, () -> RingListener.bind(ring, Kind.IPV4.listen(), REGISTERED));
          SocketPair pair = pair(ring, listener)) {
        send(pair.left(), pair.right(), 10);
      }
    }
  }

  /** The error says which step failed, and nothing is left. */
  @ParameterizedTest
  @EachCaller
  void bind_fails(Caller caller) throws Exception {
    int before = descriptors();
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = open(kernel, 2);
        RingListener taken = RingListener.bind(ring, Kind.IPV4.listen())) {
      SocketAddress where = taken.localAddress();
      BindException inUse =
          assertThrows(
              BindException.class,
              () -> caller.call(ring, () -> RingListener.bind(ring, where, REGISTERED)));
      assertTrue(inUse.getMessage().startsWith("bind"), inUse.getMessage());
      assertTrue(inUse.getMessage().contains("EADDRINUSE"), inUse.getMessage());
      assertEquals(1, kernel.submitted(IORING_OP_BIND));
      try (RingListener open = RingListener.open(ring, INET, REGISTERED)) {
        assertThrows(BindException.class, () -> open.bindTo(where, 1));
      }
      requireRefused(kernel, ring, IORING_OP_SOCKET, "socket");
      requireRefused(kernel, ring, IORING_OP_URING_CMD, "setsockopt");
      requireRefused(kernel, ring, IORING_OP_LISTEN, "listen");
      requireAllFree(ring, 2);
      RingListener.bind(ring, Kind.IPV4.listen(), REGISTERED).close();
      assertEquals(before + 1, descriptors());
    }
  }

  private static void requireRefused(FaultKernel kernel, Ring ring, int opcode, String step) {
    if (!FaultKernel.breaksChains()) {
      return; // an older kernel goes on behind a failure that is not its own
    }
    kernel.add(FaultRule.on(opcode).times(1).fail(Errno.EPERM));
    OperationException e =
        assertThrows(
            OperationException.class,
            () -> RingListener.bind(ring, Kind.IPV4.listen(), REGISTERED));
    assertEquals(step, e.operation());
    assertEquals(Errno.EPERM, e.errno());
  }

  @ParameterizedTest
  @EachCaller
  void bind_interruptedBefore(Caller caller) throws Exception {
    try (Ring ring = Ring.open(TABLE)) {
      caller.run(
          ring,
          () -> {
            Thread.currentThread().interrupt();
            assertThrows(
                InterruptedIOException.class,
                () -> RingListener.bind(ring, Kind.IPV4.listen(), REGISTERED));
            assertTrue(Thread.interrupted());
            RingListener.bind(ring, Kind.IPV4.listen(), REGISTERED).close();
          });
      requireAllFree(ring, 8);
    }
  }

  /** The socket may be there already when the chain is cancelled: it is closed again. */
  @Test
  void bind_cancelledMeanwhile() throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = open(kernel, 2)) {
      kernel.add(FaultRule.on(IORING_OP_BIND).times(1).fail(Errno.ECANCELED));
      SocketAddress where = Kind.IPV4.listen();
      assertThrows(IOException.class, () -> RingListener.bind(ring, where, REGISTERED));
      requireAllFree(ring, 2);
      kernel.forget();
      RingListener.bind(ring, where, REGISTERED).close();
      assertEquals(1, kernel.submitted(IORING_OP_BIND), "the slot was free for a chain");
      assertEquals(1, kernel.submitted(IORING_OP_CLOSE));
    }
  }

  @ParameterizedTest
  @EachCaller
  void bind_wildcardIsDualStack(Caller caller) throws Exception {
    try (Ring ring = Ring.open(TABLE);
        RingListener listener =
            caller.call(
                ring, () -> RingListener.bind(ring, new InetSocketAddress(0), REGISTERED))) {
      int port = ((InetSocketAddress) listener.localAddress()).getPort();
      for (String host : new String[] {"127.0.0.1", "::1"}) {
        try (RingSocket socket =
                RingSocket.connect(ring, new InetSocketAddress(host, port), REGISTERED);
            RingSocket peer = listener.accept()) {
          assertEquals(socket.localAddress(), peer.remoteAddress());
        }
      }
    }
  }

  // ---- groups --------------------------------------------------------------------------------

  /** Each ring has a listener of its own on one port, and its connections in its own table. */
  @ParameterizedTest
  @EachCaller
  void group_sharesAPort(Caller caller) throws Exception {
    int connections = 64;
    try (RingGroup group = RingGroup.open(2, RingOptions.defaults().withRegisteredFiles(64));
        Ring client = Ring.open()) {
      List<RingListener> listeners = new ArrayList<>();
      AtomicInteger served = new AtomicInteger();
      int[] perRing = new int[2];
      SocketAddress where = Kind.IPV4.listen();
      for (Ring ring : group.rings()) {
        RingListener listener = RingListener.open(ring, INET, REGISTERED);
        listener.setOption(StandardSocketOptions.SO_REUSEPORT, true);
        listener.bindTo(where, 100);
        where = listener.localAddress();
        int index = listeners.size();
        listeners.add(listener);
        Connections arriving = listener.connections();
        caller.start(
            ring,
            () -> {
              for (RingSocket socket : arriving) {
                perRing[index]++;
                caller.start(ring, () -> serve(socket, served));
              }
            });
      }
      SocketAddress port = where;
      for (int i = 0; i < connections; i++) {
        assertEquals(1, ask(client, port, i));
      }
      assertEquals(connections, served.get());
      for (RingListener listener : listeners) {
        listener.close();
      }
      assertTrue(perRing[0] > 0 && perRing[1] > 0, perRing[0] + " and " + perRing[1]);
      for (Ring ring : group.rings()) {
        requireAllFree(ring, 64);
      }
    }
  }
}
