package io.ringspun.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.OperationTimeoutException;
import io.ringspun.Ring;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.SocketPair;
import io.ringspun.testing.TestNames;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;

/** Connecting by name. */
class HostsTest {
  private static int port(RingListener listener) throws Exception {
    return ((InetSocketAddress) listener.localAddress()).getPort();
  }

  private static InetAddress[] addresses(String... texts) throws UnknownHostException {
    InetAddress[] addresses = new InetAddress[texts.length];
    for (int i = 0; i < texts.length; i++) {
      addresses[i] = InetAddress.getByName(texts[i]);
    }
    return addresses;
  }

  @ParameterizedTest
  @EachCaller
  void connect_byNameAndByText(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        RingListener listener = RingListener.bind(ring, Kind.IPV4.listen())) {
      int port = port(listener);
      for (String host : new String[] {"localhost", "127.0.0.1"}) {
        try (RingSocket socket =
            caller.call(ring, () -> RingSocket.connect(ring, host, port, Duration.ofSeconds(20)))) {
          assertEquals(listener.localAddress(), socket.remoteAddress());
        }
      }
    }
  }

  /** The first address refuses, the second answers. */
  @ParameterizedTest
  @EachCaller
  void connect_triesEachAddress(Caller caller) throws Exception {
    String host = "each-%s.ringspun.test".formatted(caller);
    TestNames.put(host, () -> addresses("127.0.0.2", "127.0.0.1", "127.0.0.3"));
    try (Ring ring = Ring.open();
        RingListener listener = RingListener.bind(ring, Kind.IPV4.listen())) {
      int port = port(listener);
      try (RingSocket socket = caller.call(ring, () -> RingSocket.connect(ring, host, port))) {
        assertEquals(listener.localAddress(), socket.remoteAddress());
      }
      listener.close();
      ConnectException refused =
          assertThrows(
              ConnectException.class,
              () -> caller.call(ring, () -> RingSocket.connect(ring, host, port)));
      assertEquals(2, refused.getSuppressed().length);
    }
  }

  @Test
  void connect_unknownName() throws Exception {
    try (Ring ring = Ring.open()) {
      assertThrows(
          UnknownHostException.class, () -> RingSocket.connect(ring, "no-such-name.invalid", 1));
      assertThrows(IllegalArgumentException.class, () -> RingSocket.connect(ring, "x", -1));
      assertThrows(IllegalArgumentException.class, () -> RingSocket.connect(ring, "x", 65_536));
      assertThrows(
          IllegalArgumentException.class,
          () -> RingSocket.connect(ring, "x", 1, Duration.ofSeconds(-1)));
    }
  }

  /** While a name is looked up, the ring serves others; time limit and interrupt end the wait. */
  @ParameterizedTest
  @EachCaller
  void connect_slowLookup(Caller caller) throws Exception {
    CountDownLatch known = new CountDownLatch(1);
    String host = "slow-%s.ringspun.test".formatted(caller);
    TestNames.put(
        host,
        () -> {
          known.await();
          return addresses("127.0.0.1");
        });
    try (Ring ring = Ring.open();
        RingListener listener = RingListener.bind(ring, Kind.IPV4.listen())) {
      int port = port(listener);
      BlockedCall<RingSocket> waiting =
          BlockedCall.start(ring, caller, () -> RingSocket.connect(ring, host, port));
      BlockedCall<RingSocket> interrupted =
          BlockedCall.start(ring, caller, () -> RingSocket.connect(ring, host, port));
      assertThrows(
          OperationTimeoutException.class,
          () ->
              caller.call(ring, () -> RingSocket.connect(ring, host, port, Duration.ofMillis(30))));
      try (SocketPair pair = caller.call(ring, () -> SocketPair.open(ring, listener))) {
        assertTrue(pair.left().isOpen(), "the ring was not held");
      }
      interrupted.interrupt();
      assertThrows(InterruptedIOException.class, interrupted::result);
      assertTrue(interrupted.interruptPending());
      known.countDown();
      waiting.result().close();
    }
  }

  /** The limit is for all addresses; one that does not answer does not use it up for the others. */
  @Test
  void connect_sharesTheLimit() throws Exception {
    try (Ring ring = Ring.open();
        RingListener hole = RingListener.open(ring, java.net.StandardProtocolFamily.INET)) {
      InetAddress there = InetAddress.getByName("127.0.0.5");
      hole.bindTo(new InetSocketAddress(there, 0), 1);
      int port = port(hole);
      try (RingSocket first = RingSocket.connect(ring, hole.localAddress());
          RingSocket second = RingSocket.connect(ring, hole.localAddress());
          RingListener listener =
              RingListener.bind(
                  ring, new InetSocketAddress(InetAddress.getByName("127.0.0.1"), port))) {
        TestNames.put("share.ringspun.test", () -> addresses("127.0.0.5", "127.0.0.1"));
        try (RingSocket socket =
            RingSocket.connect(ring, "share.ringspun.test", port, Duration.ofMillis(400))) {
          assertEquals(listener.localAddress(), socket.remoteAddress());
        }
        TestNames.put("holes.ringspun.test", () -> addresses("127.0.0.5", "127.0.0.5"));
        assertThrows(
            OperationTimeoutException.class,
            () -> RingSocket.connect(ring, "holes.ringspun.test", port, Duration.ofMillis(60)));
        assertTrue(first.isOpen() && second.isOpen());
      }
    }
  }
}
