package io.ringspun.net;

import io.ringspun.Ring;
import io.ringspun.RingGroup;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.memory.Arguments;
import io.ringspun.internal.net.Family;
import io.ringspun.internal.net.ListenerChain;
import io.ringspun.internal.net.SocketHandle;
import io.ringspun.internal.net.SocketKind;
import io.ringspun.internal.net.Sockets;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.internal.ring.Handle;
import io.ringspun.internal.ring.RegisteredHandle;
import io.ringspun.raw.TableSlot;
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

  private RingListener(SocketHandle socket, long timeoutNanos, Set<Connections> iterations) {
    super(socket, timeoutNanos);
    this.iterations = iterations;
  }

  /**
   * Opens a socket that is not bound yet ({@code IORING_OP_SOCKET}, Linux 5.19), for options that
   * must be set before it is. Does not wait for anyone.
   *
   * @param ring the listener's home ring
   * @param family {@link java.net.StandardProtocolFamily#INET}, {@code INET6}, which takes IPv4
   *     too, or {@code UNIX}
   * @param options how; what a {@linkplain SocketOpenOption#REGISTERED registered} listener accepts
   *     is registered too
   * @return the listener, for the caller to close
   * @throws UnsupportedOperationException if the family is another, or the system has it not
   * @throws IllegalArgumentException if it is to be registered and the ring has no table
   * @throws IOException if the operation fails, as described in {@link RingSocket}; {@code ENFILE}
   *     if the table is full
   */
  public static RingListener open(Ring ring, ProtocolFamily family, SocketOpenOption... options)
      throws IOException {
    boolean registered = SocketOpenOption.isRegistered(options);
    return open(EngineAccess.of(ring), Sockets.family(family), registered);
  }

  private static RingListener open(Engine home, Family family, boolean registered)
      throws IOException {
    int number = Sockets.open(home, family, Constants.SOCK_STREAM, registered);
    return of(Sockets.handle(number, home, registered), family);
  }

  /**
   * Takes a listener out of a slot; see {@link RingSocket#take}.
   *
   * @param slot what a chain has opened, bound and made to listen
   * @return the listener, for the caller to close; what it accepts is registered too
   * @throws java.nio.channels.ClosedChannelException if the slot is closed
   * @throws IOException if there is something else in it, or nothing ({@code EBADF}), or if it
   *     fails otherwise, as described in {@link RingSocket}
   */
  public static RingListener take(TableSlot slot) throws IOException {
    Family family = SocketKind.LISTENER.requireFamily(handleOf(slot));
    return of(taken(slot), family);
  }

  /** Takes charge of a stream socket. */
  static RingListener of(Handle handle, Family family) {
    return new RingListener(
        new SocketHandle(handle, family, true), 0, ConcurrentHashMap.newKeySet());
  }

  /**
   * Opens a listener on a ring of the {@linkplain RingGroup#shared() shared group}; see {@link
   * #bind(Ring, SocketAddress, SocketOpenOption...)}.
   *
   * @param local where to listen
   * @return the listener, for the caller to close
   * @throws IOException if the operation fails, as described in {@link #bind(Ring, SocketAddress,
   *     SocketOpenOption...)}
   */
  public static RingListener bind(SocketAddress local) throws IOException {
    return bind(RingGroup.shared().next(), local);
  }

  /**
   * Opens a listener, whose address may be taken again as soon as it is closed ({@code
   * SO_REUSEADDR}). The wildcard address takes IPv4 and IPv6. Does not wait for anyone. A
   * registered one is started in one trip to the kernel ({@code SOCKET}, {@code URING_CMD}, {@code
   * BIND} and {@code LISTEN}, linked, Linux 6.11), if the ring has a slot left as for {@link
   * io.ringspun.raw.Raw#tableSlot}.
   *
   * @param ring the listener's home ring, and that of the sockets that it accepts
   * @param local an {@link java.net.InetSocketAddress}, port 0 has the kernel choose one; a {@link
   *     java.net.UnixDomainSocketAddress} or an {@link AbstractUnixAddress}
   * @param options how; what a {@linkplain SocketOpenOption#REGISTERED registered} listener accepts
   *     is registered too
   * @return the listener, for the caller to close
   * @throws IllegalArgumentException if it is to be registered and the ring has no table
   * @throws java.nio.channels.UnresolvedAddressException if it is a name that was not found
   * @throws java.nio.channels.UnsupportedAddressTypeException if it is of another type
   * @throws java.net.BindException if the address is in use or not of this machine
   * @throws IOException if another I/O error occurs, as described in {@link RingSocket}
   */
  public static RingListener bind(Ring ring, SocketAddress local, SocketOpenOption... options)
      throws IOException {
    boolean registered = SocketOpenOption.isRegistered(options);
    return Sockets.openFor(
        EngineAccess.of(ring), local, (home, family) -> bind(home, family, local, registered));
  }

  private static RingListener bind(
      Engine home, Family family, SocketAddress local, boolean registered) throws IOException {
    Handle started = registered ? ListenerChain.start(home, family, local, BACKLOG) : null;
    if (started != null) {
      return of(started, family);
    }
    RingListener listener = open(home, family, registered);
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
   * Binds an open listener and begins to take connections ({@code bind(2)}, {@code listen(2)}; of a
   * registered one {@code IORING_OP_BIND} and {@code LISTEN}, Linux 6.11). Does not wait for
   * anyone.
   *
   * @param local where to listen
   * @param backlog how many connections the kernel keeps until they are accepted, at least 1; it
   *     may keep fewer
   * @throws IllegalArgumentException if the backlog is less than 1
   * @throws java.nio.channels.UnsupportedAddressTypeException if the socket is of another family
   * @throws java.net.BindException if the address is in use or not of this machine
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public void bindTo(SocketAddress local, int backlog) throws IOException {
    Sockets.requireBacklog(backlog);
    socket().bind(local);
    socket().listen(backlog);
  }

  /**
   * Returns this listener with a time limit on every call; see {@link RingSocket#withTimeout}.
   *
   * @param limit positive
   * @return another view of this listener
   * @throws IllegalArgumentException if not positive
   */
  public RingListener withTimeout(Duration limit) {
    return new RingListener(socket(), Arguments.timeoutNanos(limit), iterations);
  }

  /**
   * Makes a descriptor of the process for this registered listener; see {@link
   * RingSocket#installDescriptor}. What it accepts is not registered.
   *
   * @return a listener that is not registered, for the caller to close
   * @throws IllegalStateException if this listener is not registered
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public RingListener installDescriptor() throws IOException {
    return of(socket().install(timeoutNanos()), family());
  }

  /**
   * Puts this listener into the table of a ring, too; see {@link RingSocket#registerWith}. What the
   * result accepts is registered there.
   *
   * @param ring opened with {@link io.ringspun.RingOptions#withRegisteredFiles}
   * @return a registered listener, whose home is that ring, for the caller to close
   * @throws IllegalStateException if this listener is registered already
   * @throws IllegalArgumentException if the ring has no table
   * @throws IOException if the operation fails, as described in {@link RingSocket}; {@code ENFILE}
   *     if the table is full
   */
  public RingListener registerWith(Ring ring) throws IOException {
    return of(socket().register(EngineAccess.of(ring), timeoutNanos()), family());
  }

  /**
   * Takes a connection ({@code IORING_OP_ACCEPT}, Linux 5.5). Blocks until there is one. A
   * connection that is taken while an interrupt or a time limit ends the call is returned.
   *
   * @return the socket, whose home is the ring that accepted it, for the caller to close
   * @throws IOException if the operation fails, as described in {@link RingSocket}; {@code EMFILE}
   *     if the process has no descriptor left, {@code ENFILE} if this listener is registered and
   *     the ring's table full, counting slots that other such calls may need; the connection waits
   *     for a later call then
   */
  public RingSocket accept() throws IOException {
    Engine home = socketHandle().engine();
    return accepted(socket().accept(timeoutNanos()), home);
  }

  /** Takes charge of the descriptor or the slot of a connection. */
  RingSocket accepted(int number, Engine home) {
    Handle handle = Sockets.handle(number, home, isRegistered());
    if (handle instanceof RegisteredHandle theirs
        && socketHandle() instanceof RegisteredHandle ours
        && ours.mayLinger()) {
      theirs.noteLinger(); // which they inherit
    }
    return RingSocket.of(handle, family());
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
