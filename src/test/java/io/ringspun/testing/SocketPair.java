package io.ringspun.testing;

import io.ringspun.Ring;
import io.ringspun.net.RingListener;
import io.ringspun.net.RingSocket;
import io.ringspun.net.SocketOpenOption;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;

/** Two sockets that are connected with each other. */
public record SocketPair(RingSocket left, RingSocket right) implements AutoCloseable {

  /** Returns the address to bind to for a free port of the loopback interface. */
  public static InetSocketAddress anyPort() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  }

  /** Connects two sockets over the loopback interface. */
  public static SocketPair open(Ring ring) throws IOException {
    return open(ring, anyPort());
  }

  /** Connects two sockets at an address that is not in use; both have the options. */
  public static SocketPair open(Ring ring, SocketAddress where, SocketOpenOption... options)
      throws IOException {
    try (RingListener listener = RingListener.bind(ring, where, options)) {
      return open(ring, listener, options);
    }
  }

  /**
   * Connects a socket, on the left, to a listener at which nobody else knocks.
   *
   * @param options of the left socket; the right one has those of the listener
   */
  public static SocketPair open(Ring ring, RingListener listener, SocketOpenOption... options)
      throws IOException {
    RingSocket left = RingSocket.connect(ring, listener.localAddress(), options);
    try {
      return new SocketPair(left, listener.accept());
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
