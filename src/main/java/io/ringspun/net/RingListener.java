package io.ringspun.net;

import io.ringspun.Ring;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.ring.Arguments;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.internal.ring.RawHandle;
import java.io.IOException;
import java.net.ProtocolFamily;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A stream socket, TCP or Unix, that takes connections. Blocks, waits and throws as {@link
 * RingSocket} does, and is as safe for use by many threads.
 *
 * @since 0.1
 */
public final class RingListener extends SocketDescriptor {
  /** How many connections the kernel keeps for {@code accept} unless told otherwise. */
  private static final int BACKLOG = 4096;

  private final Set<Connections> iterations; // those that are open, through any view

  private RingListener(
      RawHandle handle, Family family, long timeoutNanos, Set<Connections> iterations) {
    super(handle, family, timeoutNanos);
    this.iterations = iterations;
  }

  /**
   * Opens a socket that is not bound yet ({@code IORING_OP_SOCKET}, Linux 5.19), for options that
   * must be set before it is. Does not wait for anyone.
   *
   * @param ring the listener's home ring
   * @param family {@link java.net.StandardProtocolFamily#INET}, {@code INET6}, which takes IPv4
   *     too, or {@code UNIX}
   * @return the listener, for the caller to close
   * @throws UnsupportedOperationException if the family is another, or the system has it not
   * @throws IOException as listed for {@link RingSocket}
   */
  public static RingListener open(Ring ring, ProtocolFamily family) throws IOException {
    return open(EngineAccess.of(ring), Sockets.family(family));
  }

  private static RingListener open(Engine home, Family family) throws IOException {
    int fd = Sockets.open(home, family, Constants.SOCK_STREAM);
    return of(new RawHandle(fd, false, home), family);
  }

  /** Takes charge of a stream socket. */
  static RingListener of(RawHandle handle, Family family) {
    return new RingListener(handle, family, 0, ConcurrentHashMap.newKeySet());
  }

  /**
   * Opens a listener on the {@linkplain Ring#shared() shared ring}; see {@link #bind(Ring,
   * SocketAddress)}.
   *
   * @param local where to listen
   * @return the listener, for the caller to close
   * @throws IOException as for the other method
   */
  public static RingListener bind(SocketAddress local) throws IOException {
    return bind(Ring.shared(), local);
  }

  /**
   * Opens a listener, whose address may be taken again as soon as it is closed ({@code
   * SO_REUSEADDR}). The wildcard address takes IPv4 and IPv6. Does not wait for anyone.
   *
   * @param ring the listener's home ring, and that of the sockets that it accepts
   * @param local an {@link java.net.InetSocketAddress}, port 0 has the kernel choose one; a {@link
   *     java.net.UnixDomainSocketAddress} or an {@link AbstractUnixAddress}
   * @return the listener, for the caller to close
   * @throws java.nio.channels.UnresolvedAddressException if it is a name that was not found
   * @throws java.nio.channels.UnsupportedAddressTypeException if it is of another type
   * @throws java.net.BindException if the address is in use or not of this machine
   * @throws IOException as listed above and for {@link RingSocket}
   */
  public static RingListener bind(Ring ring, SocketAddress local) throws IOException {
    RingListener listener = Sockets.openFor(EngineAccess.of(ring), local, RingListener::open);
    try {
      if (listener.family() != Family.UNIX) {
        listener.setOption(StandardSocketOptions.SO_REUSEADDR, true);
      }
      listener.bindTo(local, BACKLOG);
      return listener;
    } catch (IOException | RuntimeException | Error e) {
      listener.close();
      throw e;
    }
  }

  /**
   * Binds an open listener and begins to take connections ({@code bind(2)}, {@code listen(2)}).
   * Does not wait for anyone.
   *
   * @param local where to listen
   * @param backlog how many connections the kernel keeps until they are accepted, at least 1; it
   *     may keep fewer
   * @throws IllegalArgumentException if the backlog is less than 1
   * @throws java.nio.channels.UnsupportedAddressTypeException if the socket is of another family
   * @throws java.net.BindException if the address is in use or not of this machine
   * @throws IOException as listed for {@link RingSocket}
   */
  public void bindTo(SocketAddress local, int backlog) throws IOException {
    if (backlog < 1) {
      throw new IllegalArgumentException("the backlog must be at least 1: " + backlog);
    }
    Sockets.bind(this, local);
    Sockets.listen(this, backlog);
  }

  /**
   * Returns this listener with a time limit on every call; see {@link RingSocket#withTimeout}.
   *
   * @param limit positive
   * @return another view of this listener
   * @throws IllegalArgumentException if not positive
   */
  public RingListener withTimeout(Duration limit) {
    return new RingListener(socketHandle(), family(), Arguments.timeoutNanos(limit), iterations);
  }

  /**
   * Takes a connection ({@code IORING_OP_ACCEPT}, Linux 5.5). Blocks until there is one. A
   * connection that is taken while an interrupt or a time limit ends the call is returned.
   *
   * @return the socket, whose home is the ring that accepted it, for the caller to close
   * @throws IOException as listed for {@link RingSocket}; {@code EMFILE} if the process has no
   *     descriptor left, in which case the connection waits for a later call
   */
  public RingSocket accept() throws IOException {
    Engine home = socketHandle().engine();
    int fd =
        run(
            (operation, listener) -> operation.accept(listener, 0, 0, Constants.SOCK_CLOEXEC),
            null,
            timeoutNanos());
    return RingSocket.of(NetErrors.check("accept", fd), family(), home);
  }

  /**
   * Begins to take connections without asking for each ({@code IORING_OP_ACCEPT} with {@code
   * IORING_ACCEPT_MULTISHOT}, Linux 5.19), on the listener's home ring. Does not block: the kernel
   * is asked when somebody wants the first. This view's time limit holds for each connection.
   *
   * @return the connections, for the caller to close; closing the listener closes them too
   * @throws java.nio.channels.ClosedChannelException if the listener is closed
   */
  public Connections connections() throws IOException {
    Connections connections = new Connections(this);
    iterations.add(connections);
    if (!isOpen()) { // perhaps since its close looked for iterations
      connections.close();
      throw new ClosedChannelException();
    }
    return connections;
  }

  /** Forgets connections that were closed. */
  void ended(Connections connections) {
    iterations.remove(connections);
  }

  /**
   * Closes the listener as {@link SocketDescriptor#close} says, and all its {@link #connections}.
   *
   * @throws IOException if the kernel reports an error; the listener is closed
   */
  @Override
  public void close() throws IOException {
    try {
      super.close();
    } finally {
      iterations.forEach(Connections::close);
    }
  }

  @Override
  public String toString() {
    return "RingListener[%s]".formatted(socketHandle());
  }
}
