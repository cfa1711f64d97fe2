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
 * A factory of {@link Socket}s whose blocking calls go through a ring, for libraries that take a
 * {@link SocketFactory} or its class name.
 *
 * <p>The sockets behave like the JDK's: time limits by {@link Socket#setSoTimeout}, half-close,
 * options, streams, exceptions and their messages. Interrupting a virtual thread that is blocked on
 * a socket closes the socket; interrupting a platform thread has no effect. When a socket is
 * closed, every call that is blocked on it throws a {@link java.net.SocketException}. A TLS socket
 * can be layered on top by {@link javax.net.ssl.SSLSocketFactory#createSocket(Socket, String, int,
 * boolean)}. Urgent data, {@linkplain Socket#getChannel channels} and proxies are not supported.
 *
 * <p>While a read waits, it lends the kernel memory of its buffer's size, at most 128 KiB. Names
 * are resolved on the calling thread, as the JDK does.
 *
 * <p>The factory and its sockets are safe for use by multiple concurrent threads: one thread reads
 * and one writes at a time, the others wait.
 *
 * @since 0.1
 */
public final class RingSocketFactory extends SocketFactory {
  private final @Nullable Ring ring; // null for the shared group

  /** Creates a factory of sockets on rings of the {@linkplain RingGroup#shared() shared group}. */
  public RingSocketFactory() {
    ring = null;
  }

  /**
   * Creates a factory of sockets on a ring.
   *
   * @param ring the ring for operations of threads that no ring carries
   */
  public RingSocketFactory(Ring ring) {
    this.ring = ring;
  }

  /**
   * Creates an unconnected socket.
   *
   * @return the socket, for the caller to connect and close
   * @throws IOException never; nothing is opened yet
   */
  @Override
  public Socket createSocket() throws IOException {
    return new ImplSocket(new RingSocketImpl(ring, false));
  }

  /**
   * Connects to a peer. Blocks until the connection is established, or the kernel gives up.
   *
   * @param host the peer's name or address
   * @param port the peer's port
   * @return the socket, for the caller to close
   * @throws IllegalArgumentException if the port is not from 0 to 65,535
   * @throws UnknownHostException if the name cannot be resolved
   * @throws java.net.ConnectException if the peer refuses the connection, or does not answer
   * @throws IOException if the connection fails otherwise, or no ring can be opened
   */
  @Override
  public Socket createSocket(String host, int port) throws IOException {
    return connect(Hosts.address(host, port), null);
  }

  /**
   * Connects to a peer from a local address; see {@link #createSocket(String, int)}.
   *
   * @param host the peer's name or address
   * @param port the peer's port
   * @param localHost the local address, or null for any
   * @param localPort the local port, or 0 for any
   * @return the socket, for the caller to close
   * @throws java.net.BindException if the address is in use or not a local address
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
   * @param host the peer's address
   * @param port the peer's port
   * @return the socket, for the caller to close
   * @throws IOException if the operation fails, as described in {@link #createSocket(String, int)}
   */
  @Override
  public Socket createSocket(InetAddress host, int port) throws IOException {
    return connect(new InetSocketAddress(host, port), null);
  }

  /**
   * Connects to a peer from a local address; see {@link #createSocket(String, int)}.
   *
   * @param host the peer's address
   * @param port the peer's port
   * @param localHost the local address, or null for any
   * @param localPort the local port, or 0 for any
   * @return the socket, for the caller to close
   * @throws java.net.BindException if the address is in use or not a local address
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
