package io.ringspun.net;

import io.ringspun.Ring;
import io.ringspun.RingGroup;
import io.ringspun.internal.socketimpl.ImplServerSocket;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import javax.net.ServerSocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * A factory of {@link ServerSocket}s that accept through a ring. The accepted sockets behave like
 * those of {@link RingSocketFactory}.
 *
 * <p>A server socket that is bound to the wildcard address accepts IPv4 and IPv6. Interrupting a
 * virtual thread that is blocked in {@link ServerSocket#accept} closes the socket; interrupting a
 * platform thread has no effect.
 *
 * <p>The factory and its sockets are safe for use by multiple concurrent threads; one thread
 * accepts at a time.
 *
 * @since 0.1
 */
public final class RingServerSocketFactory extends ServerSocketFactory {
  private static final int BACKLOG = 50;

  private final @Nullable Ring ring; // null for the shared group

  /** Creates a factory of sockets on rings of the {@linkplain RingGroup#shared() shared group}. */
  public RingServerSocketFactory() {
    ring = null;
  }

  /**
   * Creates a factory of sockets on a ring.
   *
   * @param ring the ring for operations of threads that no ring carries
   */
  public RingServerSocketFactory(Ring ring) {
    this.ring = ring;
  }

  /**
   * Creates an unbound server socket.
   *
   * @return the socket, for the caller to bind and close
   * @throws IOException never; nothing is opened yet
   */
  @Override
  public ServerSocket createServerSocket() throws IOException {
    return new ImplServerSocket(ring);
  }

  /**
   * Creates a server socket on the wildcard address. Does not wait for a peer.
   *
   * @param port the port, or 0 to let the kernel choose one
   * @return the socket, for the caller to close
   * @throws IllegalArgumentException if the port is not from 0 to 65,535
   * @throws java.net.BindException if the port is in use
   * @throws IOException if the kernel refuses otherwise, or no ring can be opened
   */
  @Override
  public ServerSocket createServerSocket(int port) throws IOException {
    return createServerSocket(port, BACKLOG, null);
  }

  /**
   * Creates a server socket; see {@link #createServerSocket(int)}.
   *
   * @param port the port, or 0 to let the kernel choose one
   * @param backlog the maximum number of connections that wait to be accepted; less than 1 for the
   *     JDK's default
   * @return the socket, for the caller to close
   * @throws IOException if the operation fails, as described in {@link #createServerSocket(int)}
   */
  @Override
  public ServerSocket createServerSocket(int port, int backlog) throws IOException {
    return createServerSocket(port, backlog, null);
  }

  /**
   * Creates a server socket on one address; see {@link #createServerSocket(int, int)}.
   *
   * @param port the port, or 0 to let the kernel choose one
   * @param backlog the maximum number of connections that wait to be accepted; less than 1 for the
   *     JDK's default
   * @param host the address, or null for all
   * @return the socket, for the caller to close
   * @throws java.net.BindException if the port is in use, or the address is not a local address
   * @throws IOException if the operation fails, as described in {@link #createServerSocket(int)}
   */
  @Override
  public ServerSocket createServerSocket(int port, int backlog, @Nullable InetAddress host)
      throws IOException {
    ServerSocket socket = createServerSocket();
    try {
      socket.bind(new InetSocketAddress(host, port), backlog);
      return socket;
    } catch (IOException | RuntimeException | Error e) {
      socket.close();
      throw e;
    }
  }
}
