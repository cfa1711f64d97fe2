package io.ringspun.net;

import io.ringspun.Ring;
import io.ringspun.RingGroup;
import io.ringspun.internal.net.Hosts;
import io.ringspun.internal.socketimpl.ImplSocket;
import io.ringspun.internal.socketimpl.RingSocketImpl;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.UnknownHostException;
import javax.net.SocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * Makes {@link Socket}s whose blocking calls go through a ring, for libraries that take a {@link
 * SocketFactory} or its class name.
 *
 * <p>The sockets do as the JDK's own do: time limits by {@link Socket#setSoTimeout}, half close,
 * options, streams, exceptions and their messages. An interrupt closes the socket if it finds a
 * virtual thread blocked, and does nothing to a platform thread. Closing a socket ends every call
 * that is blocked on it with a {@link java.net.SocketException}. A TLS socket can be layered on top
 * by {@link javax.net.ssl.SSLSocketFactory#createSocket(Socket, String, int, boolean)}. Only urgent
 * data cannot be sent, and there is no {@linkplain Socket#getChannel channel}, nor a proxy.
 *
 * <p>A read lends the kernel memory of its buffer's size, 128 KiB at most, for as long as it waits.
 * Names are resolved on the calling thread, as the JDK does.
 *
 * <p>The factory and its sockets are safe for use by many threads: one reads and one writes at a
 * time, others wait their turn.
 *
 * @since 0.1
 */
public final class RingSocketFactory extends SocketFactory {
  private final @Nullable Ring ring; // null for the shared one

  /**
   * Creates a factory for sockets whose home is a ring of the {@linkplain RingGroup#shared() shared
   * group}.
   */
  public RingSocketFactory() {
    ring = null;
  }

  /**
   * Creates a factory.
   *
   * @param ring the sockets' home ring
   */
  public RingSocketFactory(Ring ring) {
    this.ring = ring;
  }

  /**
   * Creates a socket that is not connected.
   *
   * @return the socket, for the caller to connect and close
   * @throws IOException never; nothing is opened yet
   */
  @Override
  public Socket createSocket() throws IOException {
    return new ImplSocket(new RingSocketImpl(ring, false));
  }

  /**
   * Connects to a peer. Blocks until it has answered, or the kernel gives up.
   *
   * @param host its name or address
   * @param port its port
   * @return the socket, for the caller to close
   * @throws UnknownHostException if there is no such name
   * @throws java.net.ConnectException if the peer refuses, or does not answer
   * @throws IOException if the connection fails otherwise, or there can be no ring
   */
  @Override
  public Socket createSocket(String host, int port) throws IOException {
    return connect(Hosts.address(host, port), null);
  }

  /**
   * Connects to a peer from an address of one's own; see {@link #createSocket(String, int)}.
   *
   * @param host its name or address
   * @param port its port
   * @param localHost the address on this side, or null for any
   * @param localPort the port on this side, or 0 for any
   * @return the socket, for the caller to close
   * @throws java.net.BindException if the address is in use or not of this machine
   * @throws IOException if the operation fails, as described in {@link #createSocket(String, int)}
   */
  @Override
  public Socket createSocket(String host, int port, @Nullable InetAddress localHost, int localPort)
      throws IOException {
    return connect(Hosts.address(host, port), new InetSocketAddress(localHost, localPort));
  }

  /**
   * Connects to a peer; see {@link #createSocket(String, int)}.
   *
   * @param host its address
   * @param port its port
   * @return the socket, for the caller to close
   * @throws IOException if the operation fails, as described in {@link #createSocket(String, int)}
   */
  @Override
  public Socket createSocket(InetAddress host, int port) throws IOException {
    return connect(new InetSocketAddress(host, port), null);
  }

  /**
   * Connects to a peer from an address of one's own; see {@link #createSocket(String, int)}.
   *
   * @param host its address
   * @param port its port
   * @param localHost the address on this side, or null for any
   * @param localPort the port on this side, or 0 for any
   * @return the socket, for the caller to close
   * @throws java.net.BindException if the address is in use or not of this machine
   * @throws IOException if the operation fails, as described in {@link #createSocket(String, int)}
   */
  @Override
  public Socket createSocket(
      InetAddress host, int port, @Nullable InetAddress localHost, int localPort)
      throws IOException {
    return connect(new InetSocketAddress(host, port), new InetSocketAddress(localHost, localPort));
  }

  private Socket connect(InetSocketAddress remote, @Nullable InetSocketAddress local)
      throws IOException {
    Socket socket = createSocket();
    try {
      if (local != null) {
        socket.bind(local);
      }
      socket.connect(remote);
      return socket;
    } catch (IOException | RuntimeException | Error e) {
      socket.close();
      throw e;
    }
  }
}
