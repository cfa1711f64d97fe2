package io.ringspun.net;

import io.ringspun.Descriptor;
import io.ringspun.Ring;
import io.ringspun.RingGroup;
import io.ringspun.Step;
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
import io.ringspun.raw.RawOperation;
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
 * A listening stream socket, TCP or Unix. Blocking, thread safety and exceptions are as described
 * in {@link RingSocket}.
 *
 * @since 0.1
 */
public final class RingListener extends SocketDescriptor {
  /** The default backlog. */
  private static final int BACKLOG = 4096;

  private final Set<Connections> iterations; // open ones, of any view

  private RingListener(SocketHandle socket, long timeoutNanos, Set<Connections> iterations) {
    super(socket, timeoutNanos);
    this.iterations = iterations;
  }

  /**
   * Opens an unbound listener ({@code IORING_OP_SOCKET}, Linux 5.19), for options that must be set
   * before {@link #bindTo} starts it. Does not wait for a peer.
   *
   * @param ring the ring for operations of threads that no ring carries, and of a registered
   *     listener
   * @param family {@link java.net.StandardProtocolFamily#INET}, {@code INET6}, which accepts IPv4
   *     too, or {@code UNIX}
   * @param options the options; connections of a {@linkplain SocketOpenOption#REGISTERED
   *     registered} listener are registered, too
   * @return the listener, for the caller to close
   * @throws UnsupportedOperationException if the family is not one of these, or the system does not
   *     support it
   * @throws IllegalArgumentException if {@link SocketOpenOption#REGISTERED} is given and the ring
   *     has no table of registered files
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
   * Returns a step that binds a socket to a local address ({@code IORING_OP_BIND}, Linux 6.11;
   * before that, {@code EINVAL}).
   *
   * @param socket an unbound socket; one in a slot must be of the address's family
   * @param local the local address; with port 0 the kernel chooses the port
   * @return the step
   * @throws java.nio.channels.UnresolvedAddressException if the address is unresolved
   * @throws java.nio.channels.UnsupportedAddressTypeException if it is neither an {@link
   *     java.net.InetSocketAddress}, nor a {@link java.net.UnixDomainSocketAddress}, nor an {@link
   *     AbstractUnixAddress}, or the socket is of another protocol family
   */
  public static Step bindStep(Descriptor socket, SocketAddress local) {
    return withAddress(Constants.IORING_OP_BIND, socket, local).toStep();
  }

  /**
   * Returns a step that starts listening on a socket ({@code IORING_OP_LISTEN}, Linux 6.11; before
   * that, {@code EINVAL}).
   *
   * @param socket a bound socket
   * @param backlog the maximum number of connections that wait to be accepted, at least 1; the
   *     kernel may reduce it
   * @return the step
   * @throws IllegalArgumentException if the backlog is less than 1
   */
  public static Step listenStep(Descriptor socket, int backlog) {
    Sockets.requireBacklog(backlog);
    return RawOperation.of(Constants.IORING_OP_LISTEN).on(socket).length(backlog).toStep();
  }

  /**
   * Returns a step that accepts a connection into a slot ({@code IORING_OP_ACCEPT}, Linux 5.15 for
   * slots). The step waits until there is one.
   *
   * @param slot the slot for the connection, whose content is replaced
   * @param listener a {@link RingListener}, or a slot with a listening socket
   * @return the step
   */
  public static Step acceptStep(TableSlot slot, Descriptor listener) {
    return RawOperation.of(Constants.IORING_OP_ACCEPT).on(listener).into(slot).toStep();
  }

  /**
   * Takes a listener out of a slot; see {@link RingSocket#take}.
   *
   * @param slot the slot in which a chain has opened, bound and started the listener
   * @return the listener, for the caller to close; its connections are registered, too
   * @throws java.nio.channels.ClosedChannelException if the slot is closed
   * @throws IOException if the slot is empty ({@code EBADF}) or holds something else, or if it
   *     fails otherwise, as described in {@link RingSocket}
   */
  public static RingListener take(TableSlot slot) throws IOException {
    Family family = SocketKind.LISTENER.requireFamily(Handle.of(slot));
    return of(taken(slot), family);
  }

  /** Takes ownership of a stream socket. */
  static RingListener of(Handle handle, Family family) {
    return new RingListener(
        new SocketHandle(handle, family, true), 0, ConcurrentHashMap.newKeySet());
  }

  /**
   * Opens a listener on a ring of the {@linkplain RingGroup#shared() shared group}; see {@link
   * #bind(Ring, SocketAddress, SocketOpenOption...)}.
   *
   * @param local the local address
   * @return the listener, for the caller to close
   * @throws IOException if the operation fails, as described in {@link #bind(Ring, SocketAddress,
   *     SocketOpenOption...)}
   */
  public static RingListener bind(SocketAddress local) throws IOException {
    return bind(RingGroup.shared().nextHome(), local);
  }

  /**
   * Opens a listener whose address can be reused as soon as it is closed ({@code SO_REUSEADDR}).
   * Its backlog is 4,096, which the kernel may reduce. The wildcard address accepts IPv4 and IPv6.
   * Does not wait for a peer. A registered listener is started by one submission of linked
   * operations ({@code SOCKET}, {@code URING_CMD}, {@code BIND} and {@code LISTEN}, Linux 6.11) if
   * the ring has a free slot as for {@link io.ringspun.raw.Raw#tableSlot}.
   *
   * @param ring the ring for operations of threads that no ring carries, and of a registered
   *     listener
   * @param local an {@link java.net.InetSocketAddress}, where with port 0 the kernel chooses the
   *     port; a {@link java.net.UnixDomainSocketAddress} or an {@link AbstractUnixAddress}
   * @param options the options; connections of a {@linkplain SocketOpenOption#REGISTERED
   *     registered} listener are registered, too
   * @return the listener, for the caller to close
   * @throws IllegalArgumentException if {@link SocketOpenOption#REGISTERED} is given and the ring
   *     has no table of registered files
   * @throws java.nio.channels.UnresolvedAddressException if the address is unresolved
   * @throws java.nio.channels.UnsupportedAddressTypeException if the type of the address is not
   *     supported
   * @throws java.net.BindException if the address is in use or not a local address
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
   * Binds an open listener and starts listening ({@code bind(2)} and {@code listen(2)}; for a
   * registered listener {@code IORING_OP_BIND} and {@code IORING_OP_LISTEN}, Linux 6.11). Does not
   * wait for a peer.
   *
   * @param local the local address
   * @param backlog the maximum number of connections that wait to be accepted, at least 1; the
   *     kernel may reduce it
   * @throws IllegalArgumentException if the backlog is less than 1
   * @throws java.nio.channels.UnresolvedAddressException if the address is unresolved
   * @throws java.nio.channels.UnsupportedAddressTypeException if the socket is of another protocol
   *     family
   * @throws java.net.BindException if the address is in use or not a local address
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public void bindTo(SocketAddress local, int backlog) throws IOException {
    Sockets.requireBacklog(backlog);
    socket().bind(local);
    socket().listen(backlog);
  }

  /**
   * Returns a view of this listener with a time limit on every call; see {@link RingSocket#within}.
   *
   * @param limit positive
   * @return a view of this listener
   * @throws IllegalArgumentException if not positive
   */
  public RingListener within(Duration limit) {
    return new RingListener(socket(), Arguments.timeoutNanos(limit), iterations);
  }

  /**
   * Creates a descriptor for this registered listener; see {@link RingSocket#installDescriptor}.
   * Connections of the new listener are not registered.
   *
   * @return a listener that is not registered, for the caller to close
   * @throws IllegalStateException if this listener is not registered
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public RingListener installDescriptor() throws IOException {
    return of(socket().install(timeoutNanos()), family());
  }

  /**
   * Registers this listener with a ring; see {@link RingSocket#registerWith}. Connections of the
   * new listener are registered with that ring.
   *
   * @param ring a ring opened with {@link io.ringspun.RingOptions#withRegisteredFiles}
   * @return a registered listener of that ring, for the caller to close
   * @throws IllegalStateException if this listener is already registered
   * @throws IllegalArgumentException if the ring has no table of registered files
   * @throws IOException if the operation fails, as described in {@link RingSocket}; {@code ENFILE}
   *     if the table is full
   */
  public RingListener registerWith(Ring ring) throws IOException {
    return of(socket().register(EngineAccess.of(ring), timeoutNanos()), family());
  }

  /**
   * Accepts a connection that is there already by {@code accept4(2)} on the calling thread;
   * otherwise by {@code IORING_OP_ACCEPT}, Linux 5.5, which blocks until there is one. A virtual
   * thread parks meanwhile. If a connection is accepted before an interrupt or a time limit can
   * cancel the call, it is returned.
   *
   * @return the socket, on the ring that accepted it, for the caller to close
   * @throws IOException if the operation fails, as described in {@link RingSocket}; {@code EMFILE}
   *     if the process has no descriptor left; {@code ENFILE} if this listener is registered and
   *     the ring's table is full, counting slots reserved by other accepts. The connection then
   *     waits for a later call
   */
  public RingSocket accept() throws IOException {
    Engine home = socketHandle().engine();
    return accepted(socket().accept(timeoutNanos()), home);
  }

  /** Takes ownership of the descriptor or slot of a connection. */
  RingSocket accepted(int number, Engine home) {
    Handle handle = Sockets.handle(number, home, isRegistered());
    if (handle instanceof RegisteredHandle theirs
        && socketHandle() instanceof RegisteredHandle ours
        && ours.mayLinger()) {
      theirs.noteLinger(); // connections inherit the option
    }
    return RingSocket.of(handle, family());
  }

  /**
   * Returns a stream of connections that one operation accepts on the listener's ring ({@code
   * IORING_OP_ACCEPT} with {@code IORING_ACCEPT_MULTISHOT}, Linux 5.19). Does not block: the
   * operation is submitted when a thread takes the first connection. The time limit of this view
   * applies to each connection.
   *
   * @return the connections, for the caller to close; closing the listener closes them too
   * @throws java.nio.channels.ClosedChannelException if the listener is closed
   * @throws IOException if another I/O error occurs
   */
  public Connections connections() throws IOException {
    Connections connections = new Connections(this);
    iterations.add(connections);
    if (!isOpen()) { // the close may have missed these
      connections.close();
      throw new ClosedChannelException();
    }
    return connections;
  }

  /** Removes a closed stream. */
  void ended(Connections connections) {
    iterations.remove(connections);
  }

  /**
   * Closes the listener and all its {@link #connections}; see {@link RingSocket#close
   * RingSocket.close()}.
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
