package io.ringspun.net;

import static io.ringspun.internal.kernel.Constants.IORING_OP_ACCEPT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.FaultyRing;
import io.ringspun.OperationException;
import io.ringspun.OperationTimeoutException;
import io.ringspun.Ring;
import io.ringspun.RingClosedException;
import io.ringspun.RingFailedException;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.ChildJvm;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import io.ringspun.testing.FourEnds;
import io.ringspun.testing.LeakCheck;
import io.ringspun.testing.Liburing;
import io.ringspun.testing.RingCase;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

class ConnectionsTest {
  private static final InetSocketAddress ANY_PORT =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

  private final FaultKernel kernel = new FaultKernel();

  static List<RingCase> cases() {
    return RingCase.all();
  }

  /** Connects a peer, which the listener's backlog takes at once. */
  private static SocketChannel connect(RingListener listener) throws IOException {
    return SocketChannel.open(listener.localAddress());
  }

  private static List<SocketChannel> connect(RingListener listener, int count) throws IOException {
    List<SocketChannel> peers = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      peers.add(connect(listener));
    }
    return peers;
  }

  private static void close(List<SocketChannel> peers) throws IOException {
    for (SocketChannel peer : peers) {
      peer.close();
    }
  }

  private static SocketAddress localAddress(SocketChannel peer) {
    try {
      return peer.getLocalAddress();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Closes one side and finds that the other side sees that. */
  private static void requirePair(RingSocket accepted, SocketChannel peer) throws IOException {
    assertEquals(peer.getLocalAddress(), accepted.remoteAddress());
    accepted.close();
    requireEnd(peer);
  }

  private static void requireEnd(SocketChannel peer) {
    int n;
    try {
      n = peer.read(ByteBuffer.allocate(1));
    } catch (IOException _) {
      return; // reset: an end, too
    }
    assertEquals(-1, n);
  }

  // ---- the four ends -------------------------------------------------------------------------

  @ParameterizedTest
  @MethodSource("cases")
  void accept_atOnce(RingCase ringCase) throws Exception {
    ringCase.run(
        ring -> {
          try (RingListener listener = RingListener.bind(ring, ANY_PORT);
              Connections connections = listener.connections()) {
            List<SocketChannel> peers = connect(listener, 3);
            for (SocketChannel peer : peers) {
              requirePair(connections.accept(), peer);
            }
            close(peers);
          }
        });
  }

  @Liburing("accept")
  @ParameterizedTest
  @EachCaller
  void accept_fourEnds(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        RingListener listener = RingListener.bind(ring, ANY_PORT);
        Connections connections = listener.connections()) {
      List<SocketChannel> peers = new ArrayList<>();
      Callable<SocketAddress> accept =
          () -> {
            try (RingSocket socket = connections.accept()) {
              return socket.remoteAddress();
            }
          };
      new FourEnds(accept, () -> peers.add(connect(listener)), connections::close)
          .check(ring, caller, () -> localAddress(peers.getLast()));
      close(peers);
    }
  }

  @ParameterizedTest
  @EachCaller
  void accept_closedMeanwhile(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        RingListener listener = RingListener.bind(ring, ANY_PORT)) {
      Connections connections = listener.connections();
      List<BlockedCall<RingSocket>> takers = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        takers.add(BlockedCall.start(ring, caller, connections::accept).awaitInFlight(ring, 1));
      }
      connections.close();
      for (var taker : takers) {
        assertThrows(AsynchronousCloseException.class, taker::result);
      }
      assertEquals(0, ring.metrics().inFlight());
      assertThrows(ClosedChannelException.class, connections::accept);
      assertFalse(connections.iterator().hasNext());
      connections.close();

      try (SocketChannel peer = connect(listener)) { // the listener goes on
        requirePair(listener.accept(), peer);
      }
    }
  }

  @ParameterizedTest
  @EachCaller
  void accept_listenerClosedMeanwhile(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        RingListener listener = RingListener.bind(ring, ANY_PORT)) {
      Connections connections = listener.connections();
      var taker = BlockedCall.start(ring, caller, connections::accept).awaitInFlight(ring, 1);
      var loop = BlockedCall.start(ring, caller, () -> connections.iterator().hasNext());
      Await.parked(loop.thread());
      listener.within(Duration.ofDays(1)).close();
      assertThrows(AsynchronousCloseException.class, taker::result);
      assertEquals(false, loop.result());
      assertThrows(ClosedChannelException.class, connections::accept);
      assertThrows(ClosedChannelException.class, listener::connections);
    }
  }

  @ParameterizedTest
  @EachCaller
  void accept_interrupted_losesNothing(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        RingListener listener = RingListener.bind(ring, ANY_PORT);
        Connections connections = listener.connections()) {
      var taker = BlockedCall.start(ring, caller, connections::accept).awaitInFlight(ring, 1);
      var other = BlockedCall.start(ring, caller, connections::accept);
      Await.parked(other.thread());
      taker.interrupt();
      assertThrows(InterruptedIOException.class, taker::result);
      assertTrue(taker.interruptPending());
      assertEquals(1, ring.metrics().inFlight(), "the kernel is still asked");
      List<SocketChannel> peers = connect(listener, 2);
      requirePair(other.result(), peers.getFirst());
      requirePair(connections.accept(), peers.getLast());
      close(peers);
    }
  }

  @Test
  void accept_interruptedBefore() throws Exception {
    try (Ring ring = Ring.open();
        RingListener listener = RingListener.bind(ring, ANY_PORT);
        Connections connections = listener.connections();
        SocketChannel peer = connect(listener)) {
      Thread.currentThread().interrupt();
      assertThrows(InterruptedIOException.class, connections::accept);
      var wrapped =
          assertThrows(UncheckedIOException.class, () -> connections.iterator().hasNext());
      assertInstanceOf(InterruptedIOException.class, wrapped.getCause());
      assertTrue(Thread.interrupted());
      requirePair(connections.accept(), peer);
    }
  }

  @ParameterizedTest
  @EachCaller
  void accept_timeLimit_losesNothing(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        RingListener listener = RingListener.bind(ring, ANY_PORT);
        Connections connections = listener.within(Duration.ofMillis(5)).connections()) {
      assertThrows(OperationTimeoutException.class, () -> caller.call(ring, connections::accept));
      try (SocketChannel peer = connect(listener)) {
        Await.until("it is there", () -> caller.call(ring, () -> isThere(connections, peer)));
      }
    }
  }

  private static boolean isThere(Connections connections, SocketChannel peer) throws IOException {
    try {
      requirePair(connections.accept(), peer);
      return true;
    } catch (OperationTimeoutException _) {
      return false;
    }
  }

  @ParameterizedTest
  @EachCaller
  void accept_ringClosedMeanwhile(Caller caller) throws Exception {
    Ring ring = Ring.open();
    try (RingListener listener = RingListener.bind(ring, ANY_PORT);
        Connections connections = listener.connections()) {
      var taker = BlockedCall.start(ring, caller, connections::accept).awaitInFlight(ring, 1);
      ring.close();
      assertThrows(RingClosedException.class, taker::result);
    } finally {
      ring.close();
    }
  }

  @Test
  void accept_ringFails() throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        RingListener listener = RingListener.bind(ring, ANY_PORT);
        Connections connections = listener.connections()) {
      var taker =
          BlockedCall.start(ring, Caller.PLATFORM, connections::accept).awaitInFlight(ring, 1);
      kernel.throwFromEnter(new IllegalStateException("a test's doing"));
      assertThrows(RingFailedException.class, taker::result);
      LeakCheck.expectLost(4096); // the ring's own buffer
    }
  }

  // ---- iteration -----------------------------------------------------------------------------

  @ParameterizedTest
  @MethodSource("cases")
  void iterator_untilClosed(RingCase ringCase) throws Exception {
    ringCase.run(
        ring -> {
          try (RingListener listener = RingListener.bind(ring, ANY_PORT)) {
            List<SocketChannel> peers = connect(listener, 5);
            int count = 0;
            for (RingSocket socket : listener.connections()) {
              requirePair(socket, peers.get(count));
              if (++count == peers.size()) {
                listener.close();
              }
            }
            assertEquals(5, count);
            close(peers);
          }
        });
  }

  @Test
  void iterator_foreseen_isClosed() throws Exception {
    try (Ring ring = Ring.open();
        RingListener listener = RingListener.bind(ring, ANY_PORT);
        SocketChannel peer = connect(listener)) {
      Connections connections = listener.connections();
      Iterator<RingSocket> iterator = connections.iterator();
      assertTrue(iterator.hasNext());
      assertTrue(iterator.hasNext());
      connections.close();
      requireEnd(peer);
      assertFalse(iterator.next().isOpen());
      assertThrows(NoSuchElementException.class, iterator::next);
    }
  }

  /** The close may come between the decision to ask the kernel and the asking. */
  @Test
  void close_whileAsking() throws Exception {
    try (Ring ring = Ring.open();
        RingListener listener = RingListener.bind(ring, ANY_PORT)) {
      for (int i = 0; i < 3000; i++) {
        Connections connections = listener.connections();
        var taker = Caller.PLATFORM.begin(ring, connections::accept);
        LockSupport.parkNanos(i * 50L); // up to 150 microseconds
        connections.close();
        assertThrows(ClosedChannelException.class, taker::result);
      }
      assertEquals(0, ring.metrics().inFlight());
    }
  }

  // ---- what nobody takes ---------------------------------------------------------------------

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void close_closesWhatNobodyTook(boolean listenerToo) throws Exception {
    try (Ring ring = Ring.open();
        RingListener listener = RingListener.bind(ring, ANY_PORT)) {
      Connections connections = listener.connections();
      List<SocketChannel> peers = connect(listener, 6);
      requirePair(connections.accept(), peers.getFirst());
      Await.until("all are accepted", () -> ring.metrics().inFlight() == 1 && isDrained(listener));
      if (listenerToo) {
        listener.close();
      } else {
        connections.close();
      }
      for (SocketChannel peer : peers) {
        requireEnd(peer);
      }
      close(peers);
    }
  }

  /** Returns whether the listener's backlog is empty. */
  private static boolean isDrained(RingListener listener) throws Exception {
    String port = ":%04X ".formatted(((InetSocketAddress) listener.localAddress()).getPort());
    for (String table : List.of("/proc/net/tcp", "/proc/net/tcp6")) {
      for (String line : Files.readAllLines(Path.of(table))) {
        String[] fields = line.strip().split("\\s+");
        if ((fields[1] + " ").endsWith(port) && fields[3].equals("0A")) {
          return fields[4].endsWith(":00000000");
        }
      }
    }
    return false;
  }

  /** More than may wait: the kernel is told to stop, and told to go on later. */
  @ParameterizedTest
  @EachCaller
  void waiting_isLimited(Caller caller) throws Exception {
    List<SocketChannel> peers = new ArrayList<>();
    try (Ring ring = FaultyRing.open(kernel);
        RingListener listener = RingListener.bind(ring, ANY_PORT);
        Connections connections = listener.connections()) {
      peers.add(connect(listener));
      requirePair(caller.call(ring, connections::accept), peers.getFirst());
      while (ring.metrics().inFlight() > 0 && peers.size() < 1000) {
        peers.add(connect(listener));
      }
      assertEquals(0, ring.metrics().inFlight(), "it was never told to stop");
      peers.addAll(connect(listener, 3));
      assertFalse(isDrained(listener), "all were accepted though nobody takes them");
      caller.run(
          ring,
          () -> {
            for (SocketChannel peer : peers.subList(1, peers.size())) {
              requirePair(connections.accept(), peer);
            }
          });
      assertEquals(2, kernel.submitted(IORING_OP_ACCEPT), "one for many");
    } finally {
      close(peers);
    }
  }

  @Liburing("accept-mshot-stress")
  @ParameterizedTest
  @EachCaller
  void takers_many(Caller caller) throws Exception {
    int count = 300;
    Set<Object> seen = ConcurrentHashMap.newKeySet();
    try (Ring ring = Ring.open();
        RingListener listener = RingListener.bind(ring, ANY_PORT)) {
      Connections connections = listener.connections();
      List<BlockedCall<Integer>> takers = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        takers.add(
            BlockedCall.start(
                ring,
                caller,
                () -> {
                  int taken = 0;
                  for (RingSocket socket : connections) {
                    assertTrue(seen.add(socket.remoteAddress()));
                    socket.close();
                    taken++;
                  }
                  return taken;
                }));
      }
      List<SocketChannel> peers = connect(listener, count);
      Await.until("all are taken", () -> seen.size() == count);
      connections.close();
      int sum = 0;
      for (var taker : takers) {
        sum += taker.result();
      }
      assertEquals(count, sum);
      Set<Object> expected = new HashSet<>();
      for (SocketChannel peer : peers) {
        expected.add(peer.getLocalAddress());
      }
      assertEquals(expected, seen);
      close(peers);
    }
  }

  // ---- the kernel's moods --------------------------------------------------------------------

  /** The kernel may end it whenever it likes. */
  @Liburing("accept")
  @Test
  void ended_isArmedAgain() throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        RingListener listener = RingListener.bind(ring, ANY_PORT);
        Connections connections = listener.connections();
        SocketChannel peer = connect(listener)) {
      kernel.add(FaultRule.on(IORING_OP_ACCEPT).times(1).fail(Errno.ECONNABORTED));
      kernel.add(FaultRule.on(IORING_OP_ACCEPT).times(1).fail(Errno.EINTR));
      kernel.add(FaultRule.on(IORING_OP_ACCEPT).times(1).fail(Errno.ECANCELED));
      requirePair(connections.accept(), peer);
      assertEquals(4, kernel.submitted(IORING_OP_ACCEPT));
    }
  }

  @Test
  void refused_isTold() throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        RingListener listener = RingListener.open(ring, StandardProtocolFamily.INET);
        Connections connections = listener.connections()) { // it does not listen
      OperationException refused = assertThrows(OperationException.class, connections::accept);
      assertEquals(Errno.EINVAL, refused.errno());
      assertEquals("accept", refused.operation());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {Errno.EMFILE, Errno.ENFILE, Errno.ENOBUFS, Errno.ENOMEM})
  void shortage_waitsLongerAndLonger(int errno) throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        RingListener listener = RingListener.bind(ring, ANY_PORT);
        Connections connections = listener.connections();
        SocketChannel peer = connect(listener)) {
      kernel.add(FaultRule.on(IORING_OP_ACCEPT).times(6).fail(errno));
      long begin = System.nanoTime();
      requirePair(connections.accept(), peer);
      long pauses = 1 + 2 + 4 + 8 + 16 + 32;
      assertTrue(System.nanoTime() - begin >= TimeUnit.MILLISECONDS.toNanos(pauses));
      assertEquals(7, kernel.submitted(IORING_OP_ACCEPT));
    }
  }

  @ParameterizedTest
  @EachCaller
  void shortage_endsByCloseInterruptAndTime(Caller caller) throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        RingListener listener = RingListener.bind(ring, ANY_PORT)) {
      FaultRule shortage = kernel.add(FaultRule.on(IORING_OP_ACCEPT).fail(Errno.EMFILE));
      Connections connections = listener.connections();
      var interrupted = BlockedCall.start(ring, caller, connections::accept);
      var closed = BlockedCall.start(ring, caller, connections::accept);
      Await.until("it pauses", () -> shortage.hits() > 3);
      interrupted.interrupt();
      assertThrows(InterruptedIOException.class, interrupted::result);
      connections.close();
      assertThrows(AsynchronousCloseException.class, closed::result);
      try (Connections limited = listener.within(Duration.ofMillis(20)).connections()) {
        assertThrows(OperationTimeoutException.class, () -> caller.call(ring, limited::accept));
      }
    }
  }

  /**
   * Who waits is told that it was closed meanwhile, at whatever point of its wait that comes, also
   * between a refusal and the pause behind it.
   */
  @ParameterizedTest
  @EachCaller
  void shortage_closedMeanwhile(Caller caller) throws Exception {
    try (Ring ring = FaultyRing.open(kernel)) {
      for (int i = 0; i < 20; i++) {
        try (RingListener listener = RingListener.bind(ring, ANY_PORT)) {
          kernel.clear();
          FaultRule shortage = kernel.add(FaultRule.on(IORING_OP_ACCEPT).fail(Errno.EMFILE));
          Connections connections = listener.connections();
          var taker = BlockedCall.start(ring, caller, connections::accept);
          long refusals = 1 + i % 3;
          Await.until("it is refused", () -> shortage.hits() >= refusals);
          (i % 2 == 0 ? connections : listener).close();
          assertThrows(AsynchronousCloseException.class, taker::result);
        }
      }
    }
  }

  /** Runs out of descriptors, and gets them back. */
  public static final class Exhausted {
    private Exhausted() {}

    /** Runs it. */
    public static void main(String[] arguments) throws Exception {
      try (Ring ring = Ring.open();
          RingListener listener = RingListener.bind(ring, ANY_PORT);
          RingSocket peer = RingSocket.open(ring, StandardProtocolFamily.INET);
          Connections connections = listener.connections()) {
        loadAllClasses(); // none can be without a descriptor
        try (RingSocket first = RingSocket.connect(ring, listener.localAddress())) {
          Caller.CARRIED.call(ring, connections::accept).close();
          System.out.println(first.localAddress() + " " + first.remoteAddress());
        }
        Await.until("it is idle", () -> ring.metrics().submitted() > 0);
        List<InputStream> all = new ArrayList<>();
        try {
          while (true) {
            all.add(new FileInputStream("/dev/null"));
          }
        } catch (IOException _) {
          peer.connectTo(listener.localAddress()); // no descriptor is left
        }
        long before = ring.metrics().submitted();
        var taker = Caller.CARRIED.begin(ring, connections::accept);
        Await.until("it tries again", () -> ring.metrics().submitted() > before + 12);
        if (taker.future().isDone()) {
          throw new AssertionError("accepted without a descriptor");
        }
        for (InputStream one : all) {
          one.close();
        }
        try (RingSocket accepted = taker.result()) {
          System.out.println("accepted " + accepted.remoteAddress().equals(peer.localAddress()));
        }
      }
    }
  }

  static void loadAllClasses() throws Exception {
    LoggerFactory.getLogger(ConnectionsTest.class).warn("{} and {}", "one", "two");
    Path root = Path.of(Ring.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    try (Stream<Path> files = Files.walk(root)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".class")).toList()) {
        String name = root.relativize(file).toString().replace('/', '.');
        if (!name.endsWith("-info.class")) {
          Class.forName(name.substring(0, name.length() - ".class".length()));
        }
      }
    }
    new FileInputStream("/dev/null").close();
  }

  @Test
  void shortage_real_recovers() throws Exception {
    assumeTrue(Files.exists(Path.of("/usr/bin/prlimit")), "no prlimit to lower the limit with");
    String output =
        new ChildJvm().withFlagsOfThisOne().under("prlimit", "--nofile=200").run(Exhausted.class);
    assertTrue(output.contains("accepted true"), output);
    String told = "cannot accept connections";
    assertTrue(output.contains(told) && output.contains("EMFILE"), output);
    assertTrue(output.contains("ulimit -n"), output);
    assertEquals(output.indexOf(told), output.lastIndexOf(told), output);
  }
}
