package io.ringspun.liburing;

import io.ringspun.Ring;
import io.ringspun.net.RingListener;
import io.ringspun.net.RingSocket;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;

/** Two sockets that are connected with each other over the loopback interface. */
record Connection(RingSocket left, RingSocket right) implements AutoCloseable {
  static final InetSocketAddress ANY_PORT =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

  static Connection open(Ring ring) throws IOException {
    try (RingListener listener = RingListener.bind(ring, ANY_PORT)) {
      RingSocket left = RingSocket.connect(ring, listener.localAddress());
      return new Connection(left, listener.accept());
    }
  }

  @Override
  public void close() throws IOException {
    try (left) {
      right.close();
    }
  }
}
