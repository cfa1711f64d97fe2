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
 * Makes {@link ServerSocket}s that accept through a ring, and whose connections are as those of
 * {@link RingSocketFactory}.
 *
 * <p>A server socket takes IPv4 and IPv6 if it is bound to no address in particular. An interrupt
 * closes it if it finds a virtual thread blocked in {@link ServerSocket#accept}, and does nothing
 * to a platform thread.
 *
 * <p>The factory and its sockets are safe for use by many threads; one accepts at a time.
 *
 * @since 0.1
 */
public final class RingServerSocketFactory extends ServerSocketFactory {
  private static final int BACKLOG = 50;

  private final @Nullable Ring ring; // null for the shared one

  /**
   * Creates a factory for sockets whose home is a ring of the {@linkplain RingGroup#shared() shared
   * group}.
   */
  public RingServerSocketFactory() {
    ring = null;
  }

  /**
   * Creates a factory.
   *
   * @param ring the sockets' home ring, and that of what they accept on threads no ring carries
   */
  public RingServerSocketFactory(Ring ring) {
    this.ring = ring;
  }

  /**
   * Creates a server socket that is not bound.
   *
   * @return the socket, for the caller to bind and close
   * @throws IOException never; nothing is opened yet
   */
  @Override
  public ServerSocket createServerSocket() throws IOException {
    return new ImplServerSocket(ring);
  }

  /**
   * Creates a server socket on every address of this machine. Does not wait for anyone.
   *
   * @param port the port, or 0 to have the kernel choose one
   * @return the socket, for the caller to close
   * @throws java.net.BindException if the port is in use
   * @throws IOException if the kernel refuses otherwise, or there can be no ring
   */
  @Override
  public ServerSocket createServerSocket(int port) throws IOException {
    return createServerSocket(port, BACKLOG, null);
  }

  /**
   * Creates a server socket; see {@link #createServerSocket(int)}.
   *
   * @param port the port, or 0 to have the kernel choose one
   * @param backlog how many connections the kernel keeps until they are accepted; less than 1 for
   *     the JDK's default
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
   * @param port the port, or 0 to have the kernel choose one
   * @param backlog how many connections the kernel keeps until they are accepted
   * @param host the address, or null for all
   * @return the socket, for the caller to close
   * @throws java.net.BindException if the port is in use, or the address not of this machine
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
