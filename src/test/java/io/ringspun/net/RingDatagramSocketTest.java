package io.ringspun.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.OperationException;
import io.ringspun.OperationTimeoutException;
import io.ringspun.Ring;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.raw.KernelOption;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FourEnds;
import io.ringspun.testing.Liburing;
import io.ringspun.testing.RingCase;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.ConnectException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.PortUnreachableException;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NotYetConnectedException;
import java.nio.channels.UnsupportedAddressTypeException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RingDatagramSocketTest {
  private static final String CASES = "io.ringspun.testing.RingCase#all";

  private static final int IP_RECVTOS = 13;
  private static final int SO_PASSCRED = 16;
  private static final int SCM_CREDENTIALS = 2;

  @Liburing("send_recvmsg")
  @ParameterizedTest
  @MethodSource(CASES)
  void sendAndReceive_everyKindOfAddress(RingCase how) throws Exception {
    how.run(
        ring -> {
          for (Kind kind : Kind.values()) {
            try (Arena arena = Arena.ofConfined();
                RingDatagramSocket left = RingDatagramSocket.bind(ring, kind.listen());
                RingDatagramSocket right = RingDatagramSocket.bind(ring, kind.listen())) {
              assertEquals(100, left.send(Bytes.segment(arena, 1, 0, 100), right.localAddress()));
              assertEquals(0, left.send(ByteBuffer.allocate(0), right.localAddress()));
              ByteBuffer source = ByteBuffer.wrap(Bytes.of(2, 0, 50)).position(10);
              assertEquals(40, left.send(source, right.localAddress()));
              assertEquals(50, source.position());

              MemorySegment target = arena.allocate(200);
              Datagram first = right.receive(target);
              assertEquals(
                  new Datagram(100, false, left.localAddress(), List.of()), first, kind.name());
              Bytes.check(1, 0, target.asSlice(0, 100));
              assertEquals(0, right.receive(target).length());
              ByteBuffer heap = ByteBuffer.allocate(100).position(5);
              assertEquals(40, right.receive(heap).length());
              assertEquals(45, heap.position());
              byte[] bytes = new byte[40];
              heap.get(5, bytes);
              Bytes.check(2, 10, bytes);
            }
          }
        });
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void receive_truncates(RingCase how) throws Exception {
    how.run(
        ring -> {
          for (Kind kind : new Kind[] {Kind.IPV4, Kind.UNIX}) {
            try (Arena arena = Arena.ofShared();
                RingDatagramSocket left = RingDatagramSocket.bind(ring, kind.listen());
                RingDatagramSocket right = RingDatagramSocket.bind(ring, kind.listen())) {
              left.send(ByteBuffer.wrap(Bytes.of(1, 0, 100)), right.localAddress());
              left.send(ByteBuffer.wrap(Bytes.of(2, 0, 10)), right.localAddress());
              MemorySegment target = arena.allocate(10);
              Datagram datagram = right.receive(target);
              assertTrue(datagram.truncated());
              assertEquals(10, datagram.length());
              Bytes.check(1, 0, target);
              assertFalse(right.receive(target).truncated());
              Bytes.check(2, 0, target);
            }
          }
        });
  }

  @ParameterizedTest
  @EachCaller
  void receive_fourEnds(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        RingDatagramSocket socket = RingDatagramSocket.bind(ring, Kind.IPV4.listen())) {
      new FourEnds(
              () -> socket.receive(ByteBuffer.allocate(10)).length(),
              () -> socket.send(ByteBuffer.allocate(3), socket.localAddress()),
              socket::close)
          .check(ring, caller, 3);
      assertThrows(
          ClosedChannelException.class,
          () -> socket.send(ByteBuffer.allocate(1), Kind.IPV4.listen()));
    }
  }

  @ParameterizedTest
  @EachCaller
  void receive_timedOut(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        RingDatagramSocket socket = RingDatagramSocket.bind(ring, Kind.IPV4.listen())) {
      RingDatagramSocket hasty = socket.within(Duration.ofMillis(10));
      assertThrows(
          OperationTimeoutException.class,
          () -> caller.call(ring, () -> hasty.receive(ByteBuffer.allocate(1))));
      assertTrue(socket.isOpen());
    }
  }

  /** A Unix peer that does not receive holds the sender up, until it does. */
  @ParameterizedTest
  @EachCaller
  void send_blocksAndThenCompletes(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        RingDatagramSocket left = RingDatagramSocket.bind(ring, Kind.UNIX.listen());
        RingDatagramSocket right = RingDatagramSocket.bind(ring, Kind.UNIX.listen())) {
      RingDatagramSocket hasty = left.within(Duration.ofMillis(20));
      int sent = 0;
      try {
        while (true) {
          hasty.send(ByteBuffer.allocate(1), right.localAddress());
          sent++;
        }
      } catch (OperationTimeoutException _) {
        assertTrue(sent > 0, "it could not send at all");
      }
      BlockedCall<Integer> call =
          BlockedCall.start(
              ring, caller, () -> left.send(ByteBuffer.allocate(5), right.localAddress()));
      Await.parked(call.thread());
      for (int i = 0; i < sent; i++) {
        assertEquals(1, right.receive(ByteBuffer.allocate(10)).length());
      }
      assertEquals(5, call.result());
      assertEquals(5, right.receive(ByteBuffer.allocate(10)).length());
    }
  }

  /** It looks for room again and again; a close ends it at whatever point. */
  @ParameterizedTest
  @EachCaller
  void send_closedInterruptedAndTimedOut(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        RingDatagramSocket right = RingDatagramSocket.bind(ring, Kind.UNIX.listen())) {
      SocketAddress full = right.localAddress();
      for (int i = 0; i < 20; i++) {
        RingDatagramSocket left = RingDatagramSocket.open(ring, StandardProtocolFamily.UNIX);
        RingDatagramSocket hasty = left.within(Duration.ofMillis(5));
        assertThrows(
            OperationTimeoutException.class,
            () ->
                caller.run(
                    ring,
                    () -> {
                      while (true) {
                        hasty.send(ByteBuffer.allocate(1), full);
                      }
                    }));
        BlockedCall<Integer> interrupted =
            BlockedCall.start(ring, caller, () -> left.send(ByteBuffer.allocate(1), full));
        Await.parked(interrupted.thread());
        interrupted.interrupt();
        assertThrows(InterruptedIOException.class, interrupted::result);
        BlockedCall<Integer> closed =
            BlockedCall.start(ring, caller, () -> left.send(ByteBuffer.allocate(1), full));
        Await.parked(closed.thread());
        left.close();
        assertThrows(AsynchronousCloseException.class, closed::result);
        assertThrows(ClosedChannelException.class, () -> left.send(ByteBuffer.allocate(1), full));
      }
    }
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void connectTo_hearsThePeerOnly(RingCase how) throws Exception {
    how.run(
        ring -> {
          try (Arena arena = Arena.ofConfined();
              RingDatagramSocket one = RingDatagramSocket.bind(ring, Kind.IPV4.listen());
              RingDatagramSocket two = RingDatagramSocket.bind(ring, Kind.IPV4.listen());
              RingDatagramSocket other = RingDatagramSocket.bind(ring, Kind.IPV4.listen());
              RingDatagramSocket unix =
                  RingDatagramSocket.open(ring, StandardProtocolFamily.UNIX)) {
            assertThrows(NotYetConnectedException.class, one::remoteAddress);
            assertThrows(NotYetConnectedException.class, () -> one.write(ByteBuffer.allocate(1)));
            assertThrows(NotYetConnectedException.class, () -> unix.write(ByteBuffer.allocate(1)));
            one.connectTo(two.localAddress());
            assertEquals(two.localAddress(), one.remoteAddress());
            other.send(ByteBuffer.allocate(1), one.localAddress());
            two.send(ByteBuffer.allocate(2), one.localAddress());
            assertEquals(2, one.receive(arena.allocate(10)).length());
            assertEquals(7, one.write(Bytes.segment(arena, 1, 0, 7)));
            assertEquals(one.localAddress(), two.receive(arena.allocate(10)).sender());
            one.disconnect();
            assertThrows(NotYetConnectedException.class, one::remoteAddress);
            other.send(ByteBuffer.allocate(3), one.localAddress());
            assertEquals(3, one.receive(arena.allocate(10)).length());
          }
        });
  }

  @ParameterizedTest
  @EachCaller
  void connectTo_nobodyThere(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        RingDatagramSocket socket = RingDatagramSocket.bind(ring, Kind.IPV4.listen());
        RingDatagramSocket unix = RingDatagramSocket.open(ring, StandardProtocolFamily.UNIX)) {
      socket.connectTo(Kind.deadPort());
      caller.call(ring, () -> socket.write(ByteBuffer.allocate(1)));
      PortUnreachableException unreachable =
          assertThrows(
              PortUnreachableException.class,
              () -> caller.call(ring, () -> socket.receive(ByteBuffer.allocate(1))));
      assertEquals(
          Errno.ECONNREFUSED, ((OperationException) unreachable.getCause().getCause()).errno());
      assertThrows(
          ConnectException.class, () -> unix.send(ByteBuffer.allocate(1), Kind.ABSTRACT.listen()));
    }
  }

  @Test
  void send_badInput() throws Exception {
    try (Ring ring = Ring.open();
        Arena arena = Arena.ofConfined();
        RingDatagramSocket socket = RingDatagramSocket.open(ring, StandardProtocolFamily.INET)) {
      InetSocketAddress target = Kind.deadPort();
      OperationException tooLarge =
          assertThrows(OperationException.class, () -> socket.send(arena.allocate(70_000), target));
      assertEquals(Errno.EMSGSIZE, tooLarge.errno());
      assertThrows(
          UnsupportedAddressTypeException.class,
          () -> socket.send(arena.allocate(1), Kind.IPV6.listen()));
      assertThrows(
          IllegalArgumentException.class,
          () -> socket.send(MemorySegment.ofArray(new byte[1]), target));
      assertThrows(
          IllegalArgumentException.class,
          () -> socket.send(arena.allocate(1), target, ControlMessage.of(1, 1, new byte[2048])));
      assertThrows(IllegalArgumentException.class, () -> socket.receive(ByteBuffer.allocate(0)));
      assertThrows(
          IllegalArgumentException.class,
          () -> socket.receive(ByteBuffer.allocate(1).asReadOnlyBuffer()));
      assertThrows(IllegalArgumentException.class, () -> socket.receive(arena.allocate(0)));
      assertEquals(0, ring.metrics().inFlight());
    }
  }

  @Test
  void receive_unnamedUnixSender() throws Exception {
    try (Ring ring = Ring.open();
        RingDatagramSocket left = RingDatagramSocket.open(ring, StandardProtocolFamily.UNIX);
        RingDatagramSocket right = RingDatagramSocket.bind(ring, Kind.UNIX.listen())) {
      left.send(ByteBuffer.allocate(1), right.localAddress());
      assertEquals(UnixDomainSocketAddress.of(""), right.receive(ByteBuffer.allocate(1)).sender());
    }
  }

  @Test
  void wildcard_isDualStack() throws Exception {
    try (Ring ring = Ring.open();
        RingDatagramSocket left = RingDatagramSocket.bind(ring, Kind.IPV4.listen());
        RingDatagramSocket right = RingDatagramSocket.bind(ring, new InetSocketAddress(0))) {
      int port = ((InetSocketAddress) right.localAddress()).getPort();
      left.send(
          ByteBuffer.allocate(1), new InetSocketAddress(InetAddress.getByName("127.0.0.1"), port));
      assertEquals(left.localAddress(), right.receive(ByteBuffer.allocate(1)).sender());
      right.send(ByteBuffer.allocate(2), left.localAddress());
      assertEquals(2, left.receive(ByteBuffer.allocate(9)).length());
    }
  }

  /** What goes with a datagram in one direction or comes with it in the other. */
  @ParameterizedTest
  @MethodSource(CASES)
  void controlMessages_goAndCome(RingCase how) throws Exception {
    how.run(
        ring -> {
          try (RingDatagramSocket left = RingDatagramSocket.bind(ring, Kind.IPV4.listen());
              RingDatagramSocket right = RingDatagramSocket.bind(ring, Kind.IPV4.listen())) {
            KernelOption receiveTos =
                new KernelOption("IP_RECVTOS", Constants.IPPROTO_IP, IP_RECVTOS);
            right.setOption(receiveTos, 1);
            assertEquals(1, right.getOption(receiveTos));
            left.send(
                ByteBuffer.allocate(1),
                right.localAddress(),
                ControlMessage.ofInt(Constants.IPPROTO_IP, Constants.IP_TOS, 0x20));
            List<ControlMessage> control = right.receive(ByteBuffer.allocate(1)).control();
            assertEquals(1, control.size());
            assertEquals(Constants.IPPROTO_IP, control.getFirst().level());
            assertEquals(Constants.IP_TOS, control.getFirst().type());
            assertArrayEquals(new byte[] {0x20}, control.getFirst().data());
          }
          try (RingDatagramSocket left = RingDatagramSocket.bind(ring, Kind.UNIX.listen());
              RingDatagramSocket right = RingDatagramSocket.bind(ring, Kind.UNIX.listen())) {
            right.setOption(new KernelOption("SO_PASSCRED", Constants.SOL_SOCKET, SO_PASSCRED), 1);
            left.send(ByteBuffer.allocate(1), right.localAddress());
            ControlMessage credentials = right.receive(ByteBuffer.allocate(1)).control().getFirst();
            assertEquals(SCM_CREDENTIALS, credentials.type());
            int pid = ByteBuffer.wrap(credentials.data()).order(ByteOrder.nativeOrder()).getInt();
            assertEquals(ProcessHandle.current().pid(), pid);
          }
        });
  }

  /** That another socket has joined a group is nothing to a socket that has not. */
  @Test
  void multicast_onlyOwnGroups() throws Exception {
    NetworkInterface loopback = NetworkInterface.getByName("lo");
    InetAddress group = InetAddress.getByName("239.1.2.4");
    try (Ring ring = Ring.open();
        RingDatagramSocket sender = RingDatagramSocket.open(ring, StandardProtocolFamily.INET);
        RingDatagramSocket member = RingDatagramSocket.open(ring, StandardProtocolFamily.INET);
        RingDatagramSocket other = RingDatagramSocket.open(ring, StandardProtocolFamily.INET)) {
      member.setOption(StandardSocketOptions.SO_REUSEADDR, true);
      other.setOption(StandardSocketOptions.SO_REUSEADDR, true);
      member.bindTo(new InetSocketAddress(InetAddress.getByName("0.0.0.0"), 0));
      other.bindTo(member.localAddress());
      member.join(group, loopback);
      sender.setOption(StandardSocketOptions.IP_MULTICAST_IF, loopback);
      int port = ((InetSocketAddress) member.localAddress()).getPort();
      sender.send(ByteBuffer.allocate(2), new InetSocketAddress(group, port));
      assertEquals(2, member.receive(ByteBuffer.allocate(9)).length());
      RingDatagramSocket hasty = other.within(Duration.ofMillis(50));
      assertThrows(OperationTimeoutException.class, () -> hasty.receive(ByteBuffer.allocate(9)));
    }
  }

  /** A group is heard after the socket has joined it, and no longer once it has left. */
  @Test
  void multicast_joinAndLeave() throws Exception {
    NetworkInterface loopback = NetworkInterface.getByName("lo");
    InetAddress group = InetAddress.getByName("239.1.2.3");
    try (Ring ring = Ring.open();
        RingDatagramSocket sender = RingDatagramSocket.open(ring, StandardProtocolFamily.INET);
        RingDatagramSocket member = RingDatagramSocket.open(ring, StandardProtocolFamily.INET);
        RingDatagramSocket dual = RingDatagramSocket.open(ring, StandardProtocolFamily.INET6)) {
      member.bindTo(new InetSocketAddress(InetAddress.getByName("0.0.0.0"), 0));
      int port = ((InetSocketAddress) member.localAddress()).getPort();
      sender.setOption(StandardSocketOptions.IP_MULTICAST_IF, loopback);
      assertEquals(loopback, sender.getOption(StandardSocketOptions.IP_MULTICAST_IF));
      InetSocketAddress target = new InetSocketAddress(group, port);
      RingDatagramSocket hasty = member.within(Duration.ofMillis(50));

      sender.send(ByteBuffer.allocate(1), target);
      assertThrows(OperationTimeoutException.class, () -> hasty.receive(ByteBuffer.allocate(9)));
      member.join(group, loopback);
      sender.send(ByteBuffer.allocate(2), target);
      assertEquals(2, member.receive(ByteBuffer.allocate(9)).length());
      OperationException twice =
          assertThrows(
              OperationException.class, () -> throwCause(() -> member.join(group, loopback)));
      assertEquals(Errno.EADDRINUSE, twice.errno());
      member.leave(group, loopback);
      sender.send(ByteBuffer.allocate(3), target);
      assertThrows(OperationTimeoutException.class, () -> hasty.receive(ByteBuffer.allocate(9)));

      dual.join(group, loopback);
      dual.leave(group, loopback);
      assertThrows(
          IllegalArgumentException.class,
          () -> member.join(InetAddress.getByName("10.0.0.1"), loopback));
      assertThrows(
          UnsupportedOperationException.class,
          () -> member.join(InetAddress.getByName("ff02::1:2"), loopback));
    }
  }

  @Test
  void multicast_ipv6() throws Exception {
    Optional<NetworkInterface> found =
        NetworkInterface.networkInterfaces()
            .filter(RingDatagramSocketTest::hasMulticast6)
            .findFirst();
    assumeTrue(found.isPresent(), "no interface has multicast over IPv6");
    NetworkInterface via = found.orElseThrow();
    InetAddress group = InetAddress.getByName("ff11::1234");
    try (Ring ring = Ring.open();
        RingDatagramSocket sender = RingDatagramSocket.open(ring, StandardProtocolFamily.INET6);
        RingDatagramSocket member = RingDatagramSocket.bind(ring, new InetSocketAddress(0))) {
      sender.setOption(StandardSocketOptions.IP_MULTICAST_IF, via);
      assertNotNull(sender.getOption(StandardSocketOptions.IP_MULTICAST_IF));
      member.join(group, via);
      int port = ((InetSocketAddress) member.localAddress()).getPort();
      sender.send(ByteBuffer.allocate(2), new InetSocketAddress(group, port));
      assertEquals(2, member.receive(ByteBuffer.allocate(9)).length());
      member.leave(group, via);
    }
  }

  private static boolean hasMulticast6(NetworkInterface via) {
    try {
      return via.isUp()
          && via.supportsMulticast()
          && via.inetAddresses().anyMatch(Inet6Address.class::isInstance);
    } catch (SocketException _) {
      return false;
    }
  }

  private static void throwCause(Caller.Action action) throws Throwable {
    try {
      action.run();
    } catch (java.net.BindException e) {
      throw e.getCause();
    }
  }
}
