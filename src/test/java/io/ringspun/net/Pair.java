package io.ringspun.net;

import io.ringspun.Ring;
import java.io.IOException;
import java.net.SocketAddress;

/** Two sockets that are connected with each other. */
record Pair(RingSocket left, RingSocket right) implements AutoCloseable {

  /** Connects two sockets on one ring. */
  static Pair open(Ring ring, Kind kind) throws IOException {
    try (RingListener listener = RingListener.bind(ring, kind.listen())) {
      return open(ring, listener);
    }
  }

  /** Connects a socket, on the left, to a listener at which nobody else knocks. */
  static Pair open(Ring ring, RingListener listener) throws IOException {
    SocketAddress where = listener.localAddress();
    RingSocket left = RingSocket.connect(ring, where);
    try {
      return new Pair(left, listener.accept());
    } catch (IOException | RuntimeException | Error e) {
      left.close();
      throw e;
    }
  }

  @Override
  public void close() throws IOException {
    try (left) {
      right.close();
    }
  }
}
