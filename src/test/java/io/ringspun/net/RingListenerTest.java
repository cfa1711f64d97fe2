package io.ringspun.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.FaultyRing;
import io.ringspun.OperationException;
import io.ringspun.OperationTimeoutException;
import io.ringspun.Ring;
import io.ringspun.RingMetrics;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.net.Family;
import io.ringspun.internal.ring.RawHandle;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import io.ringspun.testing.FourEnds;
import io.ringspun.testing.Liburing;
import io.ringspun.testing.OpenFiles;
import io.ringspun.testing.RingCase;
import io.ringspun.testing.SocketPair;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.UnresolvedAddressException;
import java.nio.channels.UnsupportedAddressTypeException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Listening and accepting. */
class RingListenerTest {
  private static final String CASES = "io.ringspun.testing.RingCase#all";

  @Liburing("accept")
  @ParameterizedTest
  @MethodSource(CASES)
  void accept_completesAtOnce(RingCase how) throws Exception {
    how.run(
        ring -> {
          for (Kind kind : Kind.values()) {
            try (RingListener listener = RingListener.bind(ring, kind.listen());
                RingSocket first = RingSocket.connect(ring, listener.localAddress());
                RingSocket second = RingSocket.connect(ring, listener.localAddress());
                RingSocket one = listener.accept();
                RingSocket two = listener.accept()) {
              assertEquals(first.localAddress(), one.remoteAddress());
              assertEquals(second.localAddress(), two.remoteAddress());
            }
          }
        });
  }

  @Test
  void accept_connectionIsThere_needsNoRing() throws Exception {
    try (Ring ring = Ring.open();
        RingListener listener = RingListener.bind(ring, Kind.IPV4.listen());
        RingSocket client = RingSocket.connect(ring, listener.localAddress())) {
      RingMetrics before = ring.metrics();
      try (RingSocket accepted = listener.accept()) {
        assertEquals(before.inlineHits() + 1, ring.metrics().inlineHits());
        assertEquals(before.submitted(), ring.metrics().submitted());
        assertEquals(client.localAddress(), accepted.remoteAddress());
      }
    }
  }

  @Liburing("accept")
  @ParameterizedTest
  @EachCaller
  void accept_fourEnds(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        RingListener listener = RingListener.bind(ring, Kind.IPV4.listen())) {
      SocketAddress where = listener.localAddress();
      AtomicReference<SocketAddress> last = new AtomicReference<>();
      new FourEnds(
              () -> {
                try (RingSocket peer = listener.accept()) {
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
      assertFalse(listener.isOpen());
    }
  }

  @Liburing("accept-link")
  @Test
  void accept_timesOut() throws Exception {
    try (Ring ring = Ring.open();
        RingListener listener = RingListener.bind(ring, Kind.IPV4.listen())) {
      RingListener hasty = listener.within(Duration.ofMillis(20));
      assertThrows(OperationTimeoutException.class, hasty::accept);
      try (RingSocket socket = RingSocket.connect(ring, listener.localAddress());
          RingSocket peer = hasty.accept()) {
        assertEquals(socket.localAddress(), peer.remoteAddress());
      }
      assertThrows(IllegalArgumentException.class, () -> listener.within(Duration.ZERO));
    }
  }

  /**
   * Goal: no accepted descriptor is lost, whatever ends the call. Method: connections race with
   * interrupts and time limits; each that was made is accepted in the end, by some call.
   */
  @ParameterizedTest
  @EachCaller
  void accept_losesNoConnection(Caller caller) throws Exception {
    int rounds = 300;
    int before = OpenFiles.count("socket:");
    try (Ring ring = Ring.open();
        RingListener listener = RingListener.bind(ring, Kind.ABSTRACT.listen())) {
      int accepted = 0;
      for (int i = 0; i < rounds; i++) {
        boolean interrupts = i % 2 == 0;
        RingListener view =
            interrupts ? listener : listener.within(Duration.ofNanos(i * 2_000L + 1));
        BlockedCall<RingSocket> call = BlockedCall.start(ring, caller, view::accept);
        RingSocket socket = RingSocket.connect(ring, listener.localAddress());
        if (interrupts) {
          call.interrupt();
        }
        try {
          call.result().close();
          accepted++;
        } catch (InterruptedIOException _) {
          listener.accept().close();
        }
        socket.close();
      }
      assertTrue(accepted > 0, "no call won its race");
    }
    assertEquals(before, OpenFiles.count("socket:"));
  }

  /** The connection is taken although an interrupt came first: it is returned, and not lost. */
  @Test
  void accept_succeedsInSpiteOfTheCancel() throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel);
        RingListener listener = RingListener.bind(ring, Kind.IPV4.listen())) {
      kernel.add(FaultRule.on(Constants.IORING_OP_ACCEPT).times(1).delay());
      BlockedCall<RingSocket> call = BlockedCall.start(ring, listener::accept);
      try (RingSocket socket = RingSocket.connect(ring, listener.localAddress())) {
        Await.until("the completion is kept back", () -> kernel.held() == 1);
        call.interrupt();
        Await.until(
            "the cancel is there",
            () ->
                kernel.submitted().stream()
                    .anyMatch(r -> r.opcode() == Constants.IORING_OP_ASYNC_CANCEL));
        kernel.release();
        try (RingSocket peer = call.result()) {
          assertEquals(socket.localAddress(), peer.remoteAddress());
        }
        assertTrue(call.interruptPending());
      }
    }
  }

  /** Without a descriptor the call fails, and the connection waits for a later one. */
  @ParameterizedTest
  @EachCaller
  void accept_noDescriptorLeft(Caller caller) throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel);
        RingListener listener = RingListener.bind(ring, Kind.IPV4.listen());
        RingSocket socket = RingSocket.connect(ring, listener.localAddress())) {
      kernel.add(FaultRule.on(Constants.IORING_OP_ACCEPT).times(1).fail(Errno.EMFILE));
      OperationException full =
          assertThrows(OperationException.class, () -> caller.call(ring, listener::accept));
      assertEquals(Errno.EMFILE, full.errno());
      try (RingSocket peer = caller.call(ring, listener::accept)) {
        assertEquals(socket.localAddress(), peer.remoteAddress());
      }
    }
  }

  /** A program that is executed meanwhile inherits no socket, however it came to be. */
  @Test
  void sockets_areCloseOnExec() throws Exception {
    try (Ring ring = Ring.open();
        RingListener listener = RingListener.bind(ring, Kind.IPV4.listen());
        RingDatagramSocket datagrams = RingDatagramSocket.bind(ring, Kind.IPV4.listen());
        SocketPair pair = SocketPair.open(ring, listener);
        RingSocket other = RingSocket.connect(ring, listener.localAddress())) {
      int fd = listener.socket().acceptWithPeer(0).fd(); // as the drop-in sockets do
      RawHandle handle = new RawHandle(fd, false, listener.socketHandle().home());
      try (RingSocket withPeer = RingSocket.of(handle, Family.INET);
          RingSocket third = RingSocket.connect(ring, listener.localAddress());
          Connections connections = listener.connections();
          RingSocket taken = connections.accept()) {
        for (SocketDescriptor socket :
            List.of(
                listener, datagrams, pair.left(), pair.right(), other, withPeer, third, taken)) {
          PassedDescriptorsTest.requireCloseOnExec(socket.socketHandle());
        }
      }
    }
  }

  @Test
  void bind_addressInUse() throws Exception {
    try (Ring ring = Ring.open();
        RingListener listener = RingListener.bind(ring, Kind.IPV4.listen());
        RingListener unix = RingListener.bind(ring, Kind.UNIX.listen());
        RingListener named = RingListener.bind(ring, Kind.ABSTRACT.listen())) {
      int sockets = OpenFiles.count("socket:");
      for (RingListener taken : new RingListener[] {listener, unix, named}) {
        BindException inUse =
            assertThrows(BindException.class, () -> RingListener.bind(ring, taken.localAddress()));
        assertTrue(inUse.getMessage().contains("EADDRINUSE"), inUse.getMessage());
      }
      assertEquals(sockets, OpenFiles.count("socket:"));
    }
  }

  /** A port with a connection in TIME_WAIT can be listened on at once. */
  @Test
  void bind_againAfterClose() throws Exception {
    try (Ring ring = Ring.open()) {
      RingListener listener = RingListener.bind(ring, Kind.IPV4.listen());
      var where = listener.localAddress();
      SocketPair pair = SocketPair.open(ring, listener);
      pair.right().close(); // first, so that the listener's side keeps the port
      assertEquals(-1, pair.left().read(ByteBuffer.allocate(1)));
      pair.left().close();
      listener.close();
      RingListener.bind(ring, where).close();
    }
  }

  @Test
  void bind_badInput() throws Exception {
    try (Ring ring = Ring.open();
        RingListener listener = RingListener.open(ring, StandardProtocolFamily.INET)) {
      assertThrows(
          UnresolvedAddressException.class,
          () -> RingListener.bind(ring, InetSocketAddress.createUnresolved("no.such.host", 1)));
      assertThrows(IllegalArgumentException.class, () -> listener.bindTo(Kind.IPV4.listen(), 0));
      assertThrows(
          UnsupportedAddressTypeException.class, () -> listener.bindTo(Kind.IPV6.listen(), 1));
      assertThrows(
          UnsupportedAddressTypeException.class, () -> listener.bindTo(Kind.UNIX.listen(), 1));
      assertThrows(OperationException.class, listener::accept); // EINVAL: it does not listen
      InetSocketAddress foreign =
          new InetSocketAddress(InetAddress.getByName("198.51.100.1"), 0); // of no machine
      assertThrows(BindException.class, () -> listener.bindTo(foreign, 1));
    }
  }

  @Test
  void bind_sharedRing() throws Exception {
    try (RingListener listener = RingListener.bind(Kind.IPV4.listen())) {
      assertTrue(((InetSocketAddress) listener.localAddress()).getPort() > 0);
    }
  }

  /** The wildcard takes both protocols; an IPv4 peer is seen with its IPv4 address. */
  @ParameterizedTest
  @MethodSource(CASES)
  void bind_wildcardIsDualStack(RingCase how) throws Exception {
    how.run(
        ring -> {
          try (RingListener listener = RingListener.bind(ring, new InetSocketAddress(0))) {
            int port = ((InetSocketAddress) listener.localAddress()).getPort();
            for (String host : new String[] {"127.0.0.1", "::1"}) {
              InetAddress address = InetAddress.getByName(host);
              try (RingSocket socket =
                      RingSocket.connect(ring, new InetSocketAddress(address, port));
                  RingSocket peer = listener.accept()) {
                assertEquals(address, ((InetSocketAddress) peer.remoteAddress()).getAddress());
                assertEquals(socket.localAddress(), peer.remoteAddress());
              }
            }
          }
        });
  }

  /** Several listeners may share a port if each says so before it is bound. */
  @Test
  void bindTo_sharedPort() throws Exception {
    try (Ring ring = Ring.open();
        RingListener first = RingListener.open(ring, StandardProtocolFamily.INET);
        RingListener second = RingListener.open(ring, StandardProtocolFamily.INET)) {
      first.setOption(StandardSocketOptions.SO_REUSEPORT, true);
      second.setOption(StandardSocketOptions.SO_REUSEPORT, true);
      first.bindTo(Kind.IPV4.listen(), 10);
      second.bindTo(first.localAddress(), 10);
      assertEquals(first.localAddress(), second.localAddress());
    }
  }

  /** What was not accepted is reset when the listener closes. */
  @Test
  void close_resetsWhatWaits() throws Exception {
    try (Ring ring = Ring.open()) {
      RingListener listener = RingListener.bind(ring, Kind.IPV4.listen());
      try (RingSocket socket = RingSocket.connect(ring, listener.localAddress())) {
        listener.close();
        listener.close();
        IOException reset =
            assertThrows(IOException.class, () -> socket.read(ByteBuffer.allocate(1)));
        assertTrue(reset.getMessage().contains("ECONNRESET"), reset.getMessage());
      }
    }
  }
}
