package io.ringspun.benchmarks;

import io.ringspun.Ring;
import io.ringspun.buffer.BufferRing;
import io.ringspun.buffer.Chunk;
import io.ringspun.buffer.ReceiveStream;
import io.ringspun.net.Connections;
import io.ringspun.net.RingListener;
import io.ringspun.net.RingSocket;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;

/**
 * The echo server on one ring, like the example {@code TcpEcho}, but what arrives goes into buffers
 * that all connections share, and the kernel is asked for it once.
 */
final class StreamEcho {
  private static final int BUFFERS = 2048;
  private static final int BUFFER_BYTES = 16 << 10;

  private StreamEcho() {}

  public static void main(String[] args) throws Exception {
    try (Ring ring = Ring.open();
        BufferRing buffers = BufferRing.open(ring, BUFFERS, BUFFER_BYTES);
        RingListener listener =
            RingListener.bind(ring, new InetSocketAddress(Integer.parseInt(args[0])));
        Connections connections = listener.connections()) {
      System.out.println("listening on port " + args[0]);
      ring.startVirtualThread(() -> accept(ring, connections, buffers)).join();
    }
  }

  private static void accept(Ring ring, Connections connections, BufferRing buffers) {
    for (RingSocket socket : connections) {
      ring.startVirtualThread(() -> echo(socket, buffers));
    }
  }

  private static void echo(RingSocket socket, BufferRing buffers) {
    try (socket;
        ReceiveStream stream = socket.receive(buffers)) {
      socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
      while (true) {
        try (Chunk chunk = stream.next()) {
          if (chunk.isEnd()) {
            break;
          }
          socket.writeFully(chunk.segment());
        }
      }
    } catch (IOException _) {
      // the peer is gone
    }
  }
}
