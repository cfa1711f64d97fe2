package io.ringspun.benchmarks;

import io.ringspun.Ring;
import io.ringspun.RingOptions;
import io.ringspun.net.Connections;
import io.ringspun.net.RingListener;
import io.ringspun.net.RingSocket;
import io.ringspun.net.SocketOpenOption;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;

/**
 * The echo server on one ring, like the example {@code TcpEcho}, with all sockets in the ring's
 * table.
 */
final class DirectEcho {
  private static final int BUFFER_BYTES = 16 << 10;
  private static final int SLOTS = 16 << 10;

  private DirectEcho() {}

  public static void main(String[] args) throws Exception {
    try (Ring ring = Ring.open(RingOptions.defaults().withRegisteredFiles(SLOTS));
        RingListener listener =
            RingListener.bind(
                ring,
                new InetSocketAddress(Integer.parseInt(args[0])),
                SocketOpenOption.REGISTERED);
        Connections connections = listener.connections()) {
      System.out.println("listening on port " + args[0]);
      ring.startVirtualThread(() -> accept(ring, connections)).join();
    }
  }

  private static void accept(Ring ring, Connections connections) {
    for (RingSocket socket : connections) {
      ring.startVirtualThread(() -> echo(socket));
    }
  }

  private static void echo(RingSocket socket) {
    try (socket;
        Arena arena = Arena.ofConfined()) {
      socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
      MemorySegment buffer = arena.allocate(BUFFER_BYTES);
      for (int n = socket.read(buffer); n >= 0; n = socket.read(buffer)) {
        socket.writeFully(buffer.asSlice(0, n));
      }
    } catch (IOException _) {
      // the peer is gone
    }
  }
}
