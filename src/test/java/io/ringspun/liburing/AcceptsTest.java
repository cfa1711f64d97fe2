package io.ringspun.liburing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.Ring;
import io.ringspun.net.Connections;
import io.ringspun.net.RingListener;
import io.ringspun.net.RingSocket;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.Liburing;
import io.ringspun.testing.SocketPair;
import java.net.SocketAddress;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.params.ParameterizedTest;

/** Connections and their addresses. */
class AcceptsTest {

  /** Several accepts at once, each with memory for an address: no address is another's. */
  @Liburing("accept-reuse")
  @ParameterizedTest
  @EachCaller
  void addresses_areTheirOwn(Caller caller) throws Exception {
    int count = 12;
    try (Ring ring = Ring.open();
        RingListener listener = RingListener.bind(ring, SocketPair.anyPort())) {
      for (int round = 0; round < 5; round++) {
        List<BlockedCall<RingSocket>> accepts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
          accepts.add(BlockedCall.start(ring, caller, listener::accept));
        }
        accepts.getLast().awaitInFlight(ring, count);
        Set<SocketAddress> connected = new HashSet<>();
        List<RingSocket> open = new ArrayList<>();
        for (int i = 0; i < count; i++) {
          RingSocket socket = RingSocket.connect(ring, listener.localAddress());
          open.add(socket);
          connected.add(socket.localAddress());
        }
        Set<SocketAddress> accepted = new HashSet<>();
        for (BlockedCall<RingSocket> accept : accepts) {
          RingSocket socket = accept.result();
          open.add(socket);
          accepted.add(socket.remoteAddress());
        }
        assertEquals(count, connected.size());
        assertEquals(connected, accepted);
        for (RingSocket socket : open) {
          socket.close();
        }
      }
    }
  }

  /** What waits already is taken without waiting, one by one and as they come. */
  @Liburing("accept-non-empty")
  @ParameterizedTest
  @EachCaller
  void waiting_areTakenAtOnce(Caller caller) throws Exception {
    int count = 20;
    try (Ring ring = Ring.open();
        RingListener listener = RingListener.bind(ring, SocketPair.anyPort())) {
      List<RingSocket> peers = new ArrayList<>();
      Set<SocketAddress> expected = new HashSet<>();
      for (int i = 0; i < count; i++) {
        RingSocket peer = RingSocket.connect(ring, listener.localAddress());
        peers.add(peer);
        expected.add(peer.localAddress());
      }
      Set<SocketAddress> taken = new HashSet<>();
      for (int i = 0; i < count / 2; i++) {
        try (RingSocket socket = caller.call(ring, listener::accept)) {
          assertTrue(taken.add(socket.remoteAddress()));
        }
      }
      try (Connections connections = listener.connections()) {
        for (int i = count / 2; i < count; i++) {
          try (RingSocket socket = caller.call(ring, connections::accept)) {
            assertTrue(taken.add(socket.remoteAddress()));
          }
        }
      }
      assertEquals(expected, taken);
      for (RingSocket peer : peers) {
        peer.close();
      }
    }
  }
}
