package io.ringspun.benchmarks;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;

/** The echo server on {@link SocketChannel}s that block, a virtual thread for each connection. */
final class JdkChannelEcho {
  private static final int BUFFER_BYTES = 16 << 10;
  private static final int BACKLOG = 4096;

  private JdkChannelEcho() {}

  public static void main(String[] args) throws IOException {
    try (ServerSocketChannel listener = ServerSocketChannel.open()) {
      listener.bind(new InetSocketAddress(Integer.parseInt(args[0])), BACKLOG);
      System.out.println("listening on port " + args[0]);
      while (true) {
        SocketChannel socket = listener.accept();
        socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
        Thread.startVirtualThread(() -> echo(socket));
      }
    }
  }

  private static void echo(SocketChannel socket) {
    ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES);
    try (socket) {
      while (socket.read(buffer.clear()) >= 0) {
        buffer.flip();
        while (buffer.hasRemaining()) {
          socket.write(buffer);
        }
      }
    } catch (IOException _) {
      // the peer is gone
    }
  }
}
