package io.ringspun.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.Ring;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.raw.KernelOption;
import io.ringspun.testing.Liburing;
import io.ringspun.testing.RingCase;
import java.net.SocketOption;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.DatagramChannel;
import java.nio.channels.NetworkChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.Set;
import jdk.net.ExtendedSocketOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class SocketOptionsTest {
  /** An alias of a fragment rule, and what no public class of the JDK names. */
  private static final Set<String> OURS_NOT = Set.of("IP_DONTFRAGMENT", "SO_OOBINLINE");

  private static final String CASES = "io.ringspun.testing.RingCase#all";

  @Liburing("socket-getsetsock-cmd")
  @ParameterizedTest
  @MethodSource(CASES)
  void setThenGet(RingCase how) throws Exception {
    how.run(
        ring -> {
          for (StandardProtocolFamily family :
              new StandardProtocolFamily[] {
                StandardProtocolFamily.INET, StandardProtocolFamily.INET6
              }) {
            try (RingSocket socket = RingSocket.open(ring, family)) {
              check(socket, StandardSocketOptions.TCP_NODELAY, true);
              check(socket, StandardSocketOptions.SO_KEEPALIVE, true);
              check(socket, StandardSocketOptions.SO_REUSEADDR, true);
              check(socket, StandardSocketOptions.SO_REUSEPORT, true);
              check(socket, StandardSocketOptions.SO_SNDBUF, 20_000);
              check(socket, StandardSocketOptions.SO_RCVBUF, 20_000);
              check(socket, StandardSocketOptions.SO_LINGER, 5);
              check(socket, StandardSocketOptions.SO_LINGER, 0);
              check(socket, StandardSocketOptions.SO_LINGER, -1);
              check(socket, StandardSocketOptions.IP_TOS, 0x10);
              check(socket, ExtendedSocketOptions.TCP_KEEPIDLE, 77);
              check(socket, ExtendedSocketOptions.TCP_KEEPINTERVAL, 7);
              check(socket, ExtendedSocketOptions.TCP_KEEPCOUNT, 3);
              check(socket, new KernelOption("SO_KEEPALIVE", Constants.SOL_SOCKET, 9), 1);
              socket.setOption(StandardSocketOptions.SO_LINGER, 1_000_000);
              assertEquals(65_535, socket.getOption(StandardSocketOptions.SO_LINGER));
            }
            try (RingDatagramSocket socket = RingDatagramSocket.open(ring, family)) {
              check(socket, StandardSocketOptions.SO_BROADCAST, true);
              check(socket, StandardSocketOptions.IP_MULTICAST_TTL, 9);
              check(socket, StandardSocketOptions.IP_MULTICAST_LOOP, false);
            }
          }
        });
  }

  private static <T> void check(SocketDescriptor socket, SocketOption<T> option, T value)
      throws Exception {
    socket.setOption(option, value);
    assertEquals(value, socket.getOption(option), option.name());
  }

  @Test
  void badInput() throws Exception {
    Ring ring = Ring.shared();
    RingSocket tcp = RingSocket.open(ring, StandardProtocolFamily.INET);
    try (tcp;
        RingSocket unix = RingSocket.open(ring, StandardProtocolFamily.UNIX)) {
      assertThrows(
          IllegalArgumentException.class, () -> tcp.setOption(StandardSocketOptions.SO_RCVBUF, -1));
      assertThrows(
          IllegalArgumentException.class, () -> tcp.setOption(StandardSocketOptions.IP_TOS, 256));
      assertThrows(
          UnsupportedOperationException.class,
          () -> unix.setOption(StandardSocketOptions.TCP_NODELAY, true));
      assertThrows(
          UnsupportedOperationException.class,
          () -> tcp.getOption(StandardSocketOptions.IP_MULTICAST_LOOP));
      assertThrows(
          UnsupportedOperationException.class,
          () -> tcp.getOption(new KernelOption("none", Constants.SOL_SOCKET, 9999)));
      assertFalse(unix.supportedOptions().contains(StandardSocketOptions.TCP_NODELAY));
    }
    assertThrows(
        ClosedChannelException.class, () -> tcp.setOption(StandardSocketOptions.TCP_NODELAY, true));
  }

  /** Every option that the JDK's channels have, ours have too, and can tell. */
  @Test
  void supportedOptions_asTheJdk() throws Exception {
    Ring ring = Ring.shared();
    try (RingSocket socket = RingSocket.open(ring, StandardProtocolFamily.INET);
        RingListener listener = RingListener.open(ring, StandardProtocolFamily.INET);
        RingDatagramSocket datagrams = RingDatagramSocket.open(ring, StandardProtocolFamily.INET);
        SocketChannel theirSocket = SocketChannel.open();
        ServerSocketChannel theirListener = ServerSocketChannel.open();
        DatagramChannel theirDatagrams = DatagramChannel.open()) {
      List<SocketDescriptor> ours = List.of(socket, listener, datagrams);
      List<NetworkChannel> theirs = List.of(theirSocket, theirListener, theirDatagrams);
      for (int i = 0; i < ours.size(); i++) {
        SocketDescriptor mine = ours.get(i);
        for (SocketOption<?> option : theirs.get(i).supportedOptions()) {
          if (!OURS_NOT.contains(option.name())) {
            assertTrue(mine.supportedOptions().contains(option), mine + " has no " + option);
          }
        }
        for (SocketOption<?> option : mine.supportedOptions()) {
          if (option != StandardSocketOptions.IP_MULTICAST_IF) {
            assertNotNull(mine.getOption(option), option.name());
          }
        }
      }
    }
  }
}
