package io.ringspun.net;

import static io.ringspun.internal.kernel.Constants.*;

import io.ringspun.Descriptor;
import io.ringspun.Ring;
import io.ringspun.RingGroup;
import io.ringspun.buffer.BufferRing;
import io.ringspun.buffer.ReceiveStream;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.memory.Arguments;
import io.ringspun.internal.memory.Lending;
import io.ringspun.internal.net.Family;
import io.ringspun.internal.net.Message;
import io.ringspun.internal.net.Multicast;
import io.ringspun.internal.net.NetErrors;
import io.ringspun.internal.net.SocketHandle;
import io.ringspun.internal.net.SocketKind;
import io.ringspun.internal.net.Sockets;
import io.ringspun.internal.ring.Deadline;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.internal.ring.Handle;
import io.ringspun.internal.ring.ReceiveAccess;
import io.ringspun.raw.TableSlot;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.PortUnreachableException;
import java.net.ProtocolFamily;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.NotYetConnectedException;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A datagram socket, UDP or Unix, whose calls go through a {@link Ring}. Blocking, memory
 * ownership, thread safety and exceptions are as described in {@link RingSocket}.
 *
 * <p>If a connected UDP socket sends a datagram to a port that is not in use, the kernel reports
 * this to a later call, which throws {@link java.net.PortUnreachableException}.
 *
 * @since 0.1
 */
public final class RingDatagramSocket extends SocketDescriptor {
  private static final ControlMessage[] NO_CONTROL = {};
  private static final Descriptor[] NOTHING = {};
  private static final long PAUSE_MIN_NANOS = 50_000;
  private static final long PAUSE_MAX_NANOS = 5_000_000;

  private RingDatagramSocket(SocketHandle socket, long timeoutNanos) {
    super(socket, timeoutNanos);
  }

  /**
   * Opens an unbound socket ({@code IORING_OP_SOCKET}, Linux 5.19). The first send binds a UDP
   * socket to a port of the kernel's choice. Does not wait for a peer.
   *
   * @param ring the ring for operations of threads that no ring carries, and of a registered socket
   * @param family {@link java.net.StandardProtocolFamily#INET}, {@code INET6}, which supports IPv4
   *     too, or {@code UNIX}
   * @param options the options
   * @return the socket, for the caller to close
   * @throws UnsupportedOperationException if the family is not one of these, or the system does not
   *     support it
   * @throws IllegalArgumentException if {@link SocketOpenOption#REGISTERED} is given and the ring
   *     has no table of registered files
   * @throws IOException if the operation fails, as described in {@link RingSocket}; {@code ENFILE}
   *     if the table is full
   */
  public static RingDatagramSocket open(
      Ring ring, ProtocolFamily family, SocketOpenOption... options) throws IOException {
    boolean registered = SocketOpenOption.isRegistered(options);
    return open(EngineAccess.of(ring), Sockets.family(family), registered);
  }

  private static RingDatagramSocket open(Engine home, Family family, boolean registered)
      throws IOException {
    int number = Sockets.open(home, family, SOCK_DGRAM, registered);
    RingDatagramSocket socket = of(Sockets.handle(number, home, registered), family);
    try {
      if (family != Family.UNIX) {
        Multicast.onlyOwnGroups(socket.socket());
      }
      return socket;
    } catch (IOException | RuntimeException | Error e) {
      socket.close();
      throw e;
    }
  }

  /**
   * Takes a datagram socket out of a slot; see {@link RingSocket#take}.
   *
   * @param slot the slot into which a chain has opened the socket
   * @return the socket, for the caller to close
   * @throws java.nio.channels.ClosedChannelException if the slot is closed
   * @throws IOException if the slot is empty ({@code EBADF}) or holds something else, or if it
   *     fails otherwise, as described in {@link RingSocket}
   */
  public static RingDatagramSocket take(TableSlot slot) throws IOException {
    Family family = SocketKind.DATAGRAM.requireFamily(Handle.of(slot));
    return of(taken(slot), family);
  }

  /** Takes ownership of a datagram socket. */
  static RingDatagramSocket of(Handle handle, Family family) {
    return new RingDatagramSocket(new SocketHandle(handle, family, false), 0);
  }

  /**
   * Opens a bound socket on a ring of the {@linkplain RingGroup#shared() shared group}; see {@link
   * #bind(Ring, SocketAddress, SocketOpenOption...)}.
   *
   * @param local the local address
   * @return the socket, for the caller to close
   * @throws java.net.BindException if the address is in use or not a local address
   * @throws IOException if the socket cannot be opened or bound
   */
  public static RingDatagramSocket bind(SocketAddress local) throws IOException {
    return bind(RingGroup.shared().nextHome(), local);
  }

  /**
   * Opens a socket and binds it to an address.
   *
   * @param ring the ring for operations of threads that no ring carries, and of a registered socket
   * @param local the local address; with port 0 the kernel chooses the port; the wildcard address
   *     receives IPv4 and IPv6
   * @param options the options
   * @return the socket, for the caller to close
   * @throws IllegalArgumentException if {@link SocketOpenOption#REGISTERED} is given and the ring
   *     has no table of registered files
   * @throws java.nio.channels.UnresolvedAddressException if the address is unresolved
   * @throws java.nio.channels.UnsupportedAddressTypeException if the type of the address is not
   *     supported
   * @throws java.net.BindException if the address is in use or not a local address
   * @throws IOException if another I/O error occurs, as described in {@link RingSocket}
   */
  public static RingDatagramSocket bind(Ring ring, SocketAddress local, SocketOpenOption... options)
      throws IOException {
    boolean registered = SocketOpenOption.isRegistered(options);
    RingDatagramSocket socket =
        Sockets.openFor(
            EngineAccess.of(ring), local, (home, family) -> open(home, family, registered));
    try {
      socket.bindTo(local);
      return socket;
    } catch (IOException | RuntimeException | Error e) {
      socket.close();
      throw e;
    }
  }

  /**
   * Binds the socket to a local address ({@code bind(2)}; for a {@linkplain
   * SocketOpenOption#REGISTERED registered} socket {@code IORING_OP_BIND}, Linux 6.11). Does not
   * wait for a peer.
   *
   * @param local the local address
   * @throws java.nio.channels.UnresolvedAddressException if the address is unresolved
   * @throws java.nio.channels.UnsupportedAddressTypeException if the socket is of another protocol
   *     family
   * @throws java.net.BindException if the address is in use or not a local address
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public void bindTo(SocketAddress local) throws IOException {
    socket().bind(local);
  }

  /**
   * Connects the socket: it then receives only from the peer, and {@link #write} sends to it
   * ({@code IORING_OP_CONNECT}, Linux 5.5). May be called again to change the peer. Does not wait
   * for the peer.
   *
   * @param remote the peer
   * @throws java.nio.channels.UnresolvedAddressException if the address is unresolved
   * @throws java.nio.channels.UnsupportedAddressTypeException if the socket is of another protocol
   *     family
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public void connectTo(SocketAddress remote) throws IOException {
    socket().connect(remote, timeoutNanos());
  }

  /**
   * Disconnects the socket from its peer ({@code IORING_OP_CONNECT}, Linux 5.5). The socket keeps
   * its port.
   *
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public void disconnect() throws IOException {
    SocketAddress before = localAddress();
    socket().disconnect(timeoutNanos());
    if (before instanceof InetSocketAddress connected
        && localAddress() instanceof InetSocketAddress now
        && now.getPort() == 0) { // the kernel releases a port that it has chosen
      bindTo(new InetSocketAddress(now.getAddress(), connected.getPort()));
    }
  }

  /**
   * Returns the peer's address ({@code getpeername(2)}). Does not wait for the peer; an interrupt
   * does not end the call.
   *
   * @return an address of a type that {@link #localAddress localAddress()} returns
   * @throws NotYetConnectedException if the socket is not connected
   * @throws java.nio.channels.ClosedChannelException if the socket is closed
   * @throws IOException if the kernel refuses
   */
  public SocketAddress remoteAddress() throws IOException {
    return socket().remoteAddress();
  }

  /**
   * Returns a view of this socket with a time limit on every call; see {@link RingSocket#within}.
   *
   * @param limit positive
   * @return a view of this socket
   * @throws IllegalArgumentException if not positive
   */
  public RingDatagramSocket within(Duration limit) {
    return new RingDatagramSocket(socket(), Arguments.timeoutNanos(limit));
  }

  // ---- receiving -----------------------------------------------------------------------------

  /**
   * Receives a datagram ({@code IORING_OP_RECVMSG}, Linux 5.3). Blocks until there is one.
   * Descriptors that a Unix peer passes are closed.
   *
   * @param target the memory to fill; bytes that do not fit are lost
   * @return the length, which may be 0, and the other metadata
   * @throws IllegalArgumentException if the segment is empty, on the heap, read-only, or confined
   *     to another thread
   * @throws IllegalStateException if the segment's arena is closed, before or during the call
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public Datagram receive(MemorySegment target) throws IOException {
    Lending.requireUsable(target, true);
    return receiveInto(target, null);
  }

  /**
   * Receives a datagram into a buffer, from its position to its limit, and advances its position;
   * see {@link #receive(MemorySegment)}. Data for a heap buffer is copied.
   *
   * @param target the memory to fill; bytes that do not fit are lost
   * @return the length, which may be 0, and the other metadata
   * @throws IllegalArgumentException if the buffer is full, read-only, or confined to another
   *     thread
   * @throws IllegalStateException if the buffer's arena is closed
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public Datagram receive(ByteBuffer target) throws IOException {
    RingSocket.requireWritable(target);
    Datagram datagram = receiveInto(RingSocket.segment(target), null);
    target.position(target.position() + datagram.length());
    return datagram;
  }

  /**
   * Receives a datagram together with descriptors that a Unix peer passes; see {@link
   * RingSocket#read(MemorySegment, PassedDescriptors)}.
   *
   * @param target the memory to fill; bytes that do not fit are lost
   * @param passed the object to which the descriptors are added
   * @return the length, which may be 0, and the other metadata
   * @throws DescriptorsLostException if some descriptors were lost; the bytes are in the segment,
   *     and the other descriptors in {@code passed}
   * @throws UnsupportedOperationException if this is not a Unix socket
   * @throws IllegalArgumentException if the segment is empty, on the heap, read-only, or confined
   *     to another thread
   * @throws IllegalStateException if {@code passed} or the segment's arena is closed
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public Datagram receive(MemorySegment target, PassedDescriptors passed) throws IOException {
    Lending.requireUsable(target, true);
    Datagram datagram = receivePassing(target, passed);
    passed.requireAll(datagram.length());
    return datagram;
  }

  /**
   * Receives a datagram into a buffer, from its position to its limit, together with descriptors
   * that a Unix peer passes, and advances the position; see {@link #receive(MemorySegment,
   * PassedDescriptors)}. Data for a heap buffer is copied.
   *
   * @param target the memory to fill; bytes that do not fit are lost
   * @param passed the object to which the descriptors are added
   * @return the length, which may be 0, and the other metadata
   * @throws DescriptorsLostException if some descriptors were lost; the bytes are in the buffer,
   *     and the other descriptors in {@code passed}
   * @throws UnsupportedOperationException if this is not a Unix socket
   * @throws IllegalArgumentException if the buffer is full, read-only, or confined to another
   *     thread
   * @throws IllegalStateException if {@code passed} or the buffer's arena is closed
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public Datagram receive(ByteBuffer target, PassedDescriptors passed) throws IOException {
    RingSocket.requireWritable(target);
    Datagram datagram = receivePassing(RingSocket.segment(target), passed);
    target.position(target.position() + datagram.length());
    passed.requireAll(datagram.length());
    return datagram;
  }

  private Datagram receivePassing(MemorySegment target, PassedDescriptors passed)
      throws IOException {
    requirePassing();
    passed.requireOpen();
    return receiveInto(target, passed);
  }

  private Datagram receiveInto(MemorySegment target, @Nullable PassedDescriptors passed)
      throws IOException {
    try (Message message = Message.toReceive(socket(), target)) {
      int length = check("recvmsg", message.run(timeoutNanos(), 0));
      PassedDescriptors.deliver(message, socketHandle().engine(), passed);
      message.filled(length);
      return new Datagram(
          length, message.hasFlag(MSG_TRUNC), message.sender(), message.controlMessages());
    }
  }

  /**
   * Returns a receiver that receives datagrams into provided buffers, on the buffers' ring and
   * without control messages ({@code IORING_OP_RECVMSG} with {@code IORING_RECV_MULTISHOT}, Linux
   * 6.0). Does not block. The time limit of this view applies to each datagram.
   *
   * @param buffers the buffers to receive into; the kernel uses {@value
   *     DatagramReceiver#OVERHEAD_BYTES} bytes of each ({@link DatagramReceiver#OVERHEAD_BYTES}),
   *     and bytes of a datagram that do not fit into the rest are lost
   * @return the receiver, for the caller to close
   * @throws IllegalArgumentException if the buffers are too small for any data, or incremental, or
   *     the socket is registered with another ring
   * @throws java.nio.channels.ClosedChannelException if the socket or the buffers are closed
   * @throws IOException if another I/O error occurs
   */
  public DatagramReceiver receive(BufferRing buffers) throws IOException {
    return receive(buffers, 0);
  }

  /**
   * Returns a receiver that receives datagrams with control messages; see {@link
   * #receive(BufferRing)}.
   *
   * @param buffers the buffers to receive into
   * @param controlBytes the bytes of each buffer for control messages; messages that do not fit are
   *     lost; a message with a C {@code int} takes 24 bytes
   * @return the receiver, for the caller to close
   * @throws IllegalArgumentException if the number is negative or leaves no room for data, the
   *     buffers are incremental, or the socket is registered with another ring
   * @throws java.nio.channels.ClosedChannelException if the socket or the buffers are closed
   * @throws IOException if another I/O error occurs
   */
  public DatagramReceiver receive(BufferRing buffers, int controlBytes) throws IOException {
    DatagramSource source = new DatagramSource(this, buffers, controlBytes);
    return new DatagramReceiver(
        (ReceiveStream) ReceiveAccess.receive(buffers, Handle.of(this), source, timeoutNanos()),
        source);
  }

  // ---- sending -------------------------------------------------------------------------------

  /**
   * Sends a datagram ({@code IORING_OP_SENDMSG}, Linux 5.3). Blocks until the kernel has accepted
   * it. If the receive queue of a Unix peer is full, the call retries every few milliseconds.
   *
   * @param source the bytes of the datagram; may be empty
   * @param target the address of the receiver
   * @param control the control messages
   * @return the number of bytes sent, which is all
   * @throws IllegalArgumentException if the segment is on the heap or confined to another thread,
   *     or there are more than 2,048 bytes of control messages
   * @throws IllegalStateException if the segment's arena is closed
   * @throws java.nio.channels.UnresolvedAddressException if the address is unresolved
   * @throws java.nio.channels.UnsupportedAddressTypeException if the socket is of another protocol
   *     family
   * @throws IOException if the operation fails, as described in {@link RingSocket}; {@code
   *     EMSGSIZE} if the datagram is too large for the protocol
   */
  public int send(MemorySegment source, SocketAddress target, ControlMessage... control)
      throws IOException {
    requireUsable(source);
    return transmit(source, target, control, NOTHING);
  }

  /**
   * Sends a buffer's bytes as a datagram, from its position to its limit, and advances its
   * position; see {@link #send(MemorySegment, SocketAddress, ControlMessage...)}. A heap buffer is
   * copied.
   *
   * @param source the bytes of the datagram; may be empty
   * @param target the address of the receiver
   * @param control the control messages
   * @return the number of bytes sent, which is all
   * @throws IllegalArgumentException if the buffer is confined to another thread, or under the
   *     other conditions of {@link #send(MemorySegment, SocketAddress, ControlMessage...)}
   * @throws IllegalStateException if the buffer's arena is closed
   * @throws IOException if the operation fails, as described in {@link #send(MemorySegment,
   *     SocketAddress, ControlMessage...)}
   */
  public int send(ByteBuffer source, SocketAddress target, ControlMessage... control)
      throws IOException {
    return transmit(source, target, control, NOTHING);
  }

  /**
   * Sends a datagram to the peer that the socket is connected to; see {@link #send(MemorySegment,
   * SocketAddress, ControlMessage...)}.
   *
   * @param source the bytes of the datagram; may be empty
   * @param control the control messages
   * @return the number of bytes sent, which is all
   * @throws NotYetConnectedException if the socket is not connected
   * @throws IllegalArgumentException under the conditions of {@link #send(MemorySegment,
   *     SocketAddress, ControlMessage...)}
   * @throws IllegalStateException if the segment's arena is closed
   * @throws IOException if the operation fails, as described in {@link #send(MemorySegment,
   *     SocketAddress, ControlMessage...)}
   */
  public int write(MemorySegment source, ControlMessage... control) throws IOException {
    requireUsable(source);
    return transmit(source, null, control, NOTHING);
  }

  /**
   * Sends a buffer's bytes as a datagram to the peer that the socket is connected to, and advances
   * its position; see {@link #send(ByteBuffer, SocketAddress, ControlMessage...)}.
   *
   * @param source the bytes of the datagram; may be empty
   * @param control the control messages
   * @return the number of bytes sent, which is all
   * @throws NotYetConnectedException if the socket is not connected
   * @throws IllegalArgumentException under the conditions of {@link #send(ByteBuffer,
   *     SocketAddress, ControlMessage...)}
   * @throws IllegalStateException if the buffer's arena is closed
   * @throws IOException if the operation fails, as described in {@link #send(ByteBuffer,
   *     SocketAddress, ControlMessage...)}
   */
  public int write(ByteBuffer source, ControlMessage... control) throws IOException {
    return transmit(source, null, control, NOTHING);
  }

  /**
   * Sends a datagram and passes open files and sockets with it, on a Unix socket; see {@link
   * RingSocket#writePassing(MemorySegment, Descriptor...)}.
   *
   * @param source the bytes of the datagram; may be empty
   * @param target the address of the receiver
   * @param passed files, directories, sockets and listeners, at most 253
   * @return the number of bytes sent, which is all
   * @throws UnsupportedOperationException if this is not a Unix socket
   * @throws IllegalArgumentException if the segment is on the heap or confined to another thread,
   *     there are more than 253 descriptors, or one of them is registered with a ring and so has no
   *     descriptor
   * @throws IllegalStateException if the segment's arena is closed
   * @throws java.nio.channels.ClosedChannelException if one of the descriptors is closed
   * @throws IOException if the operation fails, as described in {@link #send(MemorySegment,
   *     SocketAddress, ControlMessage...)}
   */
  public int sendPassing(MemorySegment source, SocketAddress target, Descriptor... passed)
      throws IOException {
    requirePassing();
    requireUsable(source);
    return transmit(source, target, NO_CONTROL, passed);
  }

  /**
   * Sends a buffer's bytes as a datagram, advances its position, and passes open files and sockets
   * with it; see {@link #sendPassing(MemorySegment, SocketAddress, Descriptor...)}. A heap buffer
   * is copied.
   *
   * @param source the bytes of the datagram; may be empty
   * @param target the address of the receiver
   * @param passed files, directories, sockets and listeners, at most 253
   * @return the number of bytes sent, which is all
   * @throws UnsupportedOperationException if this is not a Unix socket
   * @throws IllegalArgumentException if the buffer is confined to another thread, or under the
   *     other conditions of {@link #sendPassing(MemorySegment, SocketAddress, Descriptor...)}
   * @throws IllegalStateException if the buffer's arena is closed
   * @throws IOException if the operation fails, as described in {@link #sendPassing(MemorySegment,
   *     SocketAddress, Descriptor...)}
   */
  public int sendPassing(ByteBuffer source, SocketAddress target, Descriptor... passed)
      throws IOException {
    requirePassing();
    return transmit(source, target, NO_CONTROL, passed);
  }

  /**
   * Sends a datagram to the peer that the socket is connected to, and passes open files and sockets
   * with it; see {@link #sendPassing(MemorySegment, SocketAddress, Descriptor...)}.
   *
   * @param source the bytes of the datagram; may be empty
   * @param passed files, directories, sockets and listeners, at most 253
   * @return the number of bytes sent, which is all
   * @throws NotYetConnectedException if the socket is not connected
   * @throws UnsupportedOperationException if this is not a Unix socket
   * @throws IllegalArgumentException under the conditions of {@link #sendPassing(MemorySegment,
   *     SocketAddress, Descriptor...)}
   * @throws IllegalStateException if the segment's arena is closed
   * @throws IOException if the operation fails, as described in {@link #sendPassing(MemorySegment,
   *     SocketAddress, Descriptor...)}
   */
  public int writePassing(MemorySegment source, Descriptor... passed) throws IOException {
    requirePassing();
    requireUsable(source);
    return transmit(source, null, NO_CONTROL, passed);
  }

  /**
   * Sends a buffer's bytes as a datagram to the peer that the socket is connected to, advances its
   * position, and passes open files and sockets with it; see {@link #sendPassing(ByteBuffer,
   * SocketAddress, Descriptor...)}.
   *
   * @param source the bytes of the datagram; may be empty
   * @param passed files, directories, sockets and listeners, at most 253
   * @return the number of bytes sent, which is all
   * @throws NotYetConnectedException if the socket is not connected
   * @throws UnsupportedOperationException if this is not a Unix socket
   * @throws IllegalArgumentException under the conditions of {@link #sendPassing(ByteBuffer,
   *     SocketAddress, Descriptor...)}
   * @throws IllegalStateException if the buffer's arena is closed
   * @throws IOException if the operation fails, as described in {@link #sendPassing(ByteBuffer,
   *     SocketAddress, Descriptor...)}
   */
  public int writePassing(ByteBuffer source, Descriptor... passed) throws IOException {
    requirePassing();
    return transmit(source, null, NO_CONTROL, passed);
  }

  private static void requireUsable(MemorySegment source) {
    if (source.byteSize() > 0) {
      Lending.requireUsable(source, false);
    }
  }

  private int transmit(
      ByteBuffer source,
      @Nullable SocketAddress target,
      ControlMessage[] control,
      Descriptor[] passed)
      throws IOException {
    MemorySegment segment = MemorySegment.ofBuffer(source);
    Lending.requireAccessible(segment);
    int n = transmit(segment, target, control, passed);
    source.position(source.position() + n);
    return n;
  }

  private int transmit(
      MemorySegment source,
      @Nullable SocketAddress target,
      ControlMessage[] control,
      Descriptor[] passed)
      throws IOException {
    try (Message message = Message.toSend(socket(), source)) {
      if (target != null) {
        message.to(target);
      }
      for (ControlMessage extra : control) {
        message.add(extra.level(), extra.type(), extra.data());
      }
      message.pass(passed);
      int n =
          family() == Family.UNIX
              ? (int) inSteps(() -> runUnix(message))
              : message.run(timeoutNanos(), 0);
      if (target == null && (n == -Errno.EDESTADDRREQ || n == -Errno.ENOTCONN)) {
        throw new NotYetConnectedException();
      }
      return check("sendmsg", n);
    }
  }

  /**
   * Sends to a Unix peer whose queue may be full. A blocking operation would send an empty datagram
   * after the wait, because {@code unix_dgram_sendmsg} consumes the bytes before it checks the
   * queue, and io_uring resumes from there. An unconnected socket cannot be polled for room in the
   * peer's queue. So each attempt is a new operation.
   */
  private int runUnix(Message message) throws IOException {
    Deadline deadline = Deadline.after(timeoutNanos());
    long pause = PAUSE_MIN_NANOS;
    while (true) {
      int n = message.run(deadline.left(socketHandle().engine()), MSG_DONTWAIT);
      if (n != -Errno.EAGAIN) {
        return n;
      }
      LockSupport.parkNanos(this, pause);
      pause = Math.min(pause * 2, PAUSE_MAX_NANOS);
    }
  }

  private int check(String operation, int result) throws IOException {
    if (result < 0) {
      throw failure(operation, -result);
    }
    return result;
  }

  /** Returns the exception for an errno. */
  IOException failure(String operation, int errno) {
    IOException failure = NetErrors.of(operation, errno);
    if (errno != Errno.ECONNREFUSED || family() == Family.UNIX) {
      return failure;
    }
    PortUnreachableException unreachable = new PortUnreachableException();
    unreachable.initCause(failure);
    return unreachable;
  }

  // ---- multicast -----------------------------------------------------------------------------

  /**
   * Joins a multicast group on an interface ({@code IP_ADD_MEMBERSHIP}, {@code
   * IPV6_ADD_MEMBERSHIP}). The socket must be bound to the port of the datagrams and to the
   * wildcard address or the group. Does not wait for a peer.
   *
   * @param group a multicast address
   * @param via the interface
   * @throws IllegalArgumentException if the address is not a multicast address
   * @throws UnsupportedOperationException if the socket's family does not match the group
   * @throws java.nio.channels.ClosedChannelException if the socket is closed
   * @throws IOException if the kernel refuses: {@code EADDRINUSE} if the socket is already a member
   */
  public void join(InetAddress group, NetworkInterface via) throws IOException {
    Multicast.change(socket(), group, via, true);
  }

  /**
   * Leaves a multicast group ({@code IP_DROP_MEMBERSHIP}, {@code IPV6_DROP_MEMBERSHIP}). Does not
   * wait for a peer.
   *
   * @param group a multicast address
   * @param via the interface
   * @throws IllegalArgumentException if the address is not a multicast address
   * @throws UnsupportedOperationException if the socket's family does not match the group
   * @throws java.nio.channels.ClosedChannelException if the socket is closed
   * @throws IOException if the kernel refuses: {@code EADDRNOTAVAIL} if the socket is not a member
   */
  public void leave(InetAddress group, NetworkInterface via) throws IOException {
    Multicast.change(socket(), group, via, false);
  }

  @Override
  public String toString() {
    return "RingDatagramSocket[%s]".formatted(socketHandle());
  }
}
