package io.ringspun.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.OperationException;
import io.ringspun.OperationTimeoutException;
import io.ringspun.Ring;
import io.ringspun.RingClosedException;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.Liburing;
import io.ringspun.testing.OpenFiles;
import io.ringspun.testing.RingCase;
import io.ringspun.testing.SocketPair;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ProtocolFamily;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AlreadyConnectedException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NotYetConnectedException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.channels.UnsupportedAddressTypeException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Connecting: its ends, whom it reaches, and whom not. */
class RingSocketConnectTest {
  private static final String CASES = "io.ringspun.testing.RingCase#all";

  /** A listener that answers nobody: its backlog is full, so the kernel drops what comes. */
  private static final class BlackHole implements AutoCloseable {
    final RingListener listener;
    final List<RingSocket> fillers = new ArrayList<>();

    BlackHole(Ring ring, Kind kind) throws IOException {
      SocketAddress where = kind.listen();
      ProtocolFamily family =
          switch (kind) {
            case IPV4 -> StandardProtocolFamily.INET;
            case IPV6 -> StandardProtocolFamily.INET6;
            case UNIX, ABSTRACT -> StandardProtocolFamily.UNIX;
          };
      listener = RingListener.open(ring, family);
      listener.bindTo(where, 1);
      for (int i = 0; i < 2; i++) { // a backlog of n keeps n + 1
        fillers.add(RingSocket.connect(ring, listener.localAddress()));
      }
    }

    SocketAddress address() throws IOException {
      return listener.localAddress();
    }

    @Override
    public void close() throws IOException {
      listener.close();
      for (RingSocket filler : fillers) {
        filler.close();
      }
    }
  }

  @Liburing("connect")
  @ParameterizedTest
  @MethodSource(CASES)
  void connect_reachesEveryKindOfAddress(RingCase how) throws Exception {
    how.run(
        ring -> {
          for (Kind kind : Kind.values()) {
            try (RingListener listener = RingListener.bind(ring, kind.listen());
                SocketPair pair = SocketPair.open(ring, listener)) {
              assertEquals(listener.localAddress(), pair.left().remoteAddress(), kind.name());
              assertEquals(pair.left().localAddress(), pair.right().remoteAddress(), kind.name());
              assertEquals(listener.localAddress(), pair.right().localAddress(), kind.name());
              pair.left().writeFully(ByteBuffer.wrap(new byte[] {1, 2, 3}));
              ByteBuffer target = ByteBuffer.allocate(3);
              pair.right().readFully(target);
              assertEquals(ByteBuffer.wrap(new byte[] {1, 2, 3}), target.flip());
            }
          }
        });
  }

  @Test
  void connect_sharedRing() throws Exception {
    try (RingListener listener = RingListener.bind(Kind.IPV4.listen());
        RingSocket socket = RingSocket.connect(listener.localAddress());
        RingSocket peer = listener.accept()) {
      assertEquals(socket.localAddress(), peer.remoteAddress());
    }
  }

  @Liburing("connect")
  @ParameterizedTest
  @EnumSource(
      value = Kind.class,
      names = {"IPV4", "IPV6", "UNIX"})
  void connect_blackHole_timesOut(Kind kind) throws Exception {
    try (Ring ring = Ring.open();
        BlackHole hole = new BlackHole(ring, kind)) {
      int sockets = OpenFiles.count("socket:");
      assertThrows(
          OperationTimeoutException.class,
          () -> RingSocket.connect(ring, hole.address(), Duration.ofMillis(50)));
      assertEquals(sockets, OpenFiles.count("socket:"));
    }
  }

  @ParameterizedTest
  @EachCaller
  void connect_interrupted(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        BlackHole hole = new BlackHole(ring, Kind.IPV4)) {
      int sockets = OpenFiles.count("socket:");
      BlockedCall<RingSocket> call =
          BlockedCall.start(ring, caller, () -> RingSocket.connect(ring, hole.address()));
      call.awaitInFlight(ring, 1).interrupt();
      assertThrows(InterruptedIOException.class, call::result);
      assertTrue(call.interruptPending());
      assertEquals(sockets, OpenFiles.count("socket:"));
    }
  }

  @ParameterizedTest
  @EachCaller
  void connectTo_closedMeanwhile(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        BlackHole hole = new BlackHole(ring, Kind.IPV4);
        RingSocket socket = RingSocket.open(ring, StandardProtocolFamily.INET)) {
      BlockedCall<Void> call =
          BlockedCall.start(
              ring,
              caller,
              () -> {
                socket.connectTo(hole.address());
                return null;
              });
      call.awaitInFlight(ring, 1);
      socket.close();
      assertThrows(AsynchronousCloseException.class, call::result);
    }
  }

  /** The connection is made while the call waits, by taking one out of the full backlog. */
  @Test
  void connectTo_blocksAndThenCompletes() throws Exception {
    try (Ring ring = Ring.open();
        BlackHole hole = new BlackHole(ring, Kind.UNIX);
        RingSocket socket = RingSocket.open(ring, StandardProtocolFamily.UNIX)) {
      BlockedCall<Void> call =
          BlockedCall.start(
              ring,
              () -> {
                socket.connectTo(hole.address());
                return null;
              });
      call.awaitInFlight(ring, 1);
      hole.listener.accept().close();
      call.result();
      assertEquals(hole.address(), socket.remoteAddress());
    }
  }

  @Test
  void connectTo_ringClosedMeanwhile() throws Exception {
    try (Ring other = Ring.open();
        BlackHole hole = new BlackHole(other, Kind.IPV4)) {
      Ring ring = Ring.open();
      RingSocket socket = RingSocket.open(ring, StandardProtocolFamily.INET);
      BlockedCall<Void> call =
          BlockedCall.start(
              other,
              Caller.PLATFORM,
              () -> {
                socket.connectTo(hole.address());
                return null;
              });
      call.awaitInFlight(ring, 1);
      ring.close();
      assertThrows(AsynchronousCloseException.class, call::result);
      assertThrows(RingClosedException.class, () -> socket.connectTo(hole.address()));
      assertThrows(
          RingClosedException.class, () -> RingSocket.open(ring, StandardProtocolFamily.INET));
      socket.close(); // works without its ring
      assertFalse(socket.isOpen());
    }
  }

  @Liburing("connect")
  @ParameterizedTest
  @MethodSource(CASES)
  void connect_refused(RingCase how) throws Exception {
    how.run(
        ring -> {
          int sockets = OpenFiles.count("socket:");
          ConnectException refused =
              assertThrows(ConnectException.class, () -> RingSocket.connect(ring, Kind.deadPort()));
          assertTrue(refused.getMessage().contains("ECONNREFUSED"), refused.getMessage());
          OperationException cause = assertInstanceOf(OperationException.class, refused.getCause());
          assertEquals(111, cause.errno());
          assertThrows(
              ConnectException.class, () -> RingSocket.connect(ring, Kind.ABSTRACT.listen()));
          OperationException absent =
              assertThrows(
                  OperationException.class, () -> RingSocket.connect(ring, Kind.UNIX.listen()));
          assertEquals(2, absent.errno());
          assertEquals(sockets, OpenFiles.count("socket:"));
        });
  }

  @Test
  void connect_badInput() throws Exception {
    try (Ring ring = Ring.open();
        RingSocket unix = RingSocket.open(ring, StandardProtocolFamily.UNIX);
        RingSocket v4 = RingSocket.open(ring, StandardProtocolFamily.INET);
        RingSocket v6 = RingSocket.open(ring, StandardProtocolFamily.INET6)) {
      InetSocketAddress unresolved = InetSocketAddress.createUnresolved("no.such.host", 1);
      assertThrows(UnresolvedAddressException.class, () -> RingSocket.connect(ring, unresolved));
      assertThrows(UnresolvedAddressException.class, () -> v4.connectTo(unresolved));
      SocketAddress strange =
          new SocketAddress() {
            private static final long serialVersionUID = 1L;
          };
      assertThrows(UnsupportedAddressTypeException.class, () -> RingSocket.connect(ring, strange));
      assertThrows(UnsupportedAddressTypeException.class, () -> v4.connectTo(strange));
      assertThrows(UnsupportedAddressTypeException.class, () -> v4.connectTo(Kind.IPV6.listen()));
      assertThrows(
          UnsupportedAddressTypeException.class, () -> v4.connectTo(Kind.ABSTRACT.listen()));
      assertThrows(UnsupportedAddressTypeException.class, () -> v6.connectTo(Kind.UNIX.listen()));
      assertThrows(UnsupportedAddressTypeException.class, () -> unix.connectTo(Kind.IPV4.listen()));
      String tooLong = "/" + "x".repeat(108);
      assertThrows(
          IllegalArgumentException.class,
          () -> RingSocket.connect(ring, UnixDomainSocketAddress.of(tooLong)));
      assertThrows(
          IllegalArgumentException.class,
          () -> RingSocket.connect(ring, Kind.IPV4.listen(), Duration.ZERO));
      assertThrows(
          UnsupportedOperationException.class, () -> RingSocket.open(ring, () -> "strange"));
      assertEquals(0, ring.metrics().inFlight());
    }
  }

  @Test
  void connectTo_twice() throws Exception {
    try (Ring ring = Ring.open();
        RingListener listener = RingListener.bind(ring, Kind.IPV4.listen());
        RingSocket socket = RingSocket.open(ring, StandardProtocolFamily.INET)) {
      assertThrows(NotYetConnectedException.class, socket::remoteAddress);
      socket.connectTo(listener.localAddress());
      assertThrows(
          AlreadyConnectedException.class, () -> socket.connectTo(listener.localAddress()));
    }
  }

  @Test
  void connectTo_closed() throws Exception {
    try (Ring ring = Ring.open()) {
      RingSocket socket = RingSocket.open(ring, StandardProtocolFamily.INET);
      socket.close();
      socket.close();
      assertThrows(ClosedChannelException.class, () -> socket.connectTo(Kind.IPV4.listen()));
      assertThrows(ClosedChannelException.class, () -> socket.bind(Kind.IPV4.listen()));
      assertThrows(ClosedChannelException.class, socket::localAddress);
      assertThrows(ClosedChannelException.class, socket::remoteAddress);
    }
  }

  @Test
  void bind_choosesTheLocalAddress() throws Exception {
    try (Ring ring = Ring.open();
        RingListener listener = RingListener.bind(ring, Kind.IPV4.listen());
        RingSocket socket = RingSocket.open(ring, StandardProtocolFamily.INET)) {
      InetSocketAddress local = new InetSocketAddress(InetAddress.getByName("127.0.0.2"), 0);
      socket.bind(local);
      socket.connectTo(listener.localAddress());
      try (RingSocket peer = listener.accept()) {
        assertEquals(socket.localAddress(), peer.remoteAddress());
        assertEquals(local.getAddress(), ((InetSocketAddress) peer.remoteAddress()).getAddress());
      }
    }
  }

  @Test
  void bind_refused() throws Exception {
    try (Ring ring = Ring.open();
        RingListener listener = RingListener.bind(ring, Kind.IPV4.listen());
        RingSocket socket = RingSocket.open(ring, StandardProtocolFamily.INET)) {
      assertThrows(BindException.class, () -> socket.bind(listener.localAddress()));
      InetSocketAddress foreign =
          new InetSocketAddress(InetAddress.getByName("198.51.100.1"), 0); // of no machine
      assertThrows(BindException.class, () -> socket.bind(foreign));
    }
  }

  /** A socket of IPv6 reaches an IPv4 peer, and says so with an IPv4 address. */
  @Test
  void connectTo_mappedAddress() throws Exception {
    try (Ring ring = Ring.open();
        RingListener listener = RingListener.bind(ring, Kind.IPV4.listen());
        RingSocket socket = RingSocket.open(ring, StandardProtocolFamily.INET6)) {
      socket.connectTo(listener.localAddress());
      assertEquals(listener.localAddress(), socket.remoteAddress());
    }
  }

  @Test
  void localAddress_unnamedUnixSocket() throws Exception {
    try (Ring ring = Ring.open();
        SocketPair pair = SocketPair.open(ring, Kind.UNIX.listen())) {
      assertEquals(UnixDomainSocketAddress.of(""), pair.left().localAddress());
      assertEquals(UnixDomainSocketAddress.of(""), pair.right().remoteAddress());
    }
  }

  /** A bound Unix client is seen by its name, a path or an abstract one. */
  @ParameterizedTest
  @EnumSource(
      value = Kind.class,
      names = {"UNIX", "ABSTRACT"})
  void bind_namesAUnixClient(Kind kind) throws Exception {
    try (Ring ring = Ring.open();
        RingListener listener = RingListener.bind(ring, Kind.UNIX.listen());
        RingSocket socket = RingSocket.open(ring, StandardProtocolFamily.UNIX)) {
      SocketAddress name = kind.listen();
      socket.bind(name);
      socket.connectTo(listener.localAddress());
      try (RingSocket peer = listener.accept()) {
        assertEquals(name, peer.remoteAddress());
      }
    }
  }
}
