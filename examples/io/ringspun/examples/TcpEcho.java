package io.ringspun.examples;

import io.ringspun.Ring;
import io.ringspun.RingGroup;
import io.ringspun.RingOptions;
import io.ringspun.net.RingListener;
import io.ringspun.net.RingSocket;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;

/**
 * Sends back whatever it receives: a thread for each connection, straight-line.
 *
 * <pre>TcpEcho PORT [--rings N]</pre>
 *
 * <p>Every ring has a listener of its own on the port; the kernel deals out connections among them
 * ({@code SO_REUSEPORT}), and a connection stays on the ring that accepted it.
 */
final class TcpEcho {
  private static final int BUFFER_BYTES = 16 << 10;
  private static final int BACKLOG = 4096;

  private TcpEcho() {}

  public static void main(String[] args) throws Exception {
    int port = Integer.parseInt(args[0]);
    int rings = args.length == 3 && args[1].equals("--rings") ? Integer.parseInt(args[2]) : 1;
    try (RingGroup group = RingGroup.open(rings, RingOptions.defaults())) {
      for (Ring ring : group.rings()) {
        RingListener listener = RingListener.open(ring, StandardProtocolFamily.INET6);
        listener.setOption(StandardSocketOptions.SO_REUSEADDR, true);
        listener.setOption(StandardSocketOptions.SO_REUSEPORT, true);
        listener.bindTo(new InetSocketAddress(port), BACKLOG);
        ring.startVirtualThread(() -> serve(ring, listener));
      }
      System.out.println("listening on port " + port);
      Thread.currentThread().join(); // until the process is told to end
    }
  }

  private static void serve(Ring ring, RingListener listener) {
    try (listener) {
      while (true) {
        RingSocket socket = listener.accept();
        ring.startVirtualThread(() -> echo(socket));
      }
    } catch (IOException e) {
      System.err.println("no more connections: " + e);
    }
  }

  private static void echo(RingSocket socket) {
    ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
    try (socket) {
      while (socket.read(buffer.clear()) >= 0) {
        socket.writeFully(buffer.flip());
      }
    } catch (IOException e) {
      // the peer is gone, and with it whoever could be told
    }
  }
}
