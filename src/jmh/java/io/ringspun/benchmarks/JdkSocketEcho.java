package io.ringspun.benchmarks;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;

/** The echo server on {@link Socket}s, a virtual thread for each connection. */
final class JdkSocketEcho {
  private static final int BUFFER_BYTES = 16 << 10;
  private static final int BACKLOG = 4096;

  private JdkSocketEcho() {}

  public static void main(String[] args) throws IOException {
    try (ServerSocket listener = new ServerSocket()) {
      listener.bind(new InetSocketAddress(Integer.parseInt(args[0])), BACKLOG);
      System.out.println("listening on port " + args[0]);
      while (true) {
        Socket socket = listener.accept();
        socket.setTcpNoDelay(true);
        Thread.startVirtualThread(() -> echo(socket));
      }
    }
  }

  private static void echo(Socket socket) {
    byte[] buffer = new byte[BUFFER_BYTES];
    try (socket) {
      InputStream in = socket.getInputStream();
      OutputStream out = socket.getOutputStream();
      for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
        out.write(buffer, 0, n);
      }
    } catch (IOException _) {
      // the peer is gone
    }
  }
}
