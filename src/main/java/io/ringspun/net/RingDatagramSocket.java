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
 * A socket for datagrams, UDP or Unix, whose calls go through a {@link Ring}. Blocks, waits,
 * borrows memory and throws as {@link RingSocket} does, and is as safe for use by many threads.
 *
 * <p>A connected UDP socket is told when nobody has the peer's port: the call after the one that
 * found out throws {@link java.net.PortUnreachableException}.
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
   * Opens a socket that is not bound yet ({@code IORING_OP_SOCKET}, Linux 5.19); UDP binds it to a
   * port of the kernel's choice when it sends. Does not wait for anyone.
   *
   * @param ring the socket's home ring
   * @param family {@link java.net.StandardProtocolFamily#INET}, {@code INET6}, which reaches IPv4
   *     too, or {@code UNIX}
   * @param options how
   * @return the socket, for the caller to close
   * @throws UnsupportedOperationException if the family is another, or the system has it not
   * @throws IllegalArgumentException if it is to be {@linkplain SocketOpenOption#REGISTERED
   *     registered} and the ring has no table
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
   * Takes a socket for datagrams out of a slot; see {@link RingSocket#take}.
   *
   * @param slot what a chain has opened
   * @return the socket, for the caller to close
   * @throws java.nio.channels.ClosedChannelException if the slot is closed
   * @throws IOException if there is something else in it, or nothing ({@code EBADF}), or if it
   *     fails otherwise, as described in {@link RingSocket}
   */
  public static RingDatagramSocket take(TableSlot slot) throws IOException {
    Family family = SocketKind.DATAGRAM.requireFamily(handleOf(slot));
    return of(taken(slot), family);
  }

  /** Takes charge of a socket for datagrams. */
  static RingDatagramSocket of(Handle handle, Family family) {
    return new RingDatagramSocket(new SocketHandle(handle, family, false), 0);
  }

  /**
   * Opens a socket with an address of its own and a ring of the {@linkplain RingGroup#shared()
   * shared group} as its home; see {@link #bind(Ring, SocketAddress, SocketOpenOption...)}.
   *
   * @param local where to receive
   * @return the socket, for the caller to close
   * @throws java.net.BindException if the address is in use or not of this machine
   * @throws IOException if the socket cannot be opened or bound
   */
  public static RingDatagramSocket bind(SocketAddress local) throws IOException {
    return bind(RingGroup.shared().next(), local);
  }

  /**
   * Opens a socket with an address of its own.
   *
   * @param ring the socket's home ring
   * @param local where to receive; port 0 has the kernel choose one, the wildcard takes IPv4 and
   *     IPv6
   * @param options how to open the socket
   * @return the socket, for the caller to close
   * @throws IllegalArgumentException if it is to be {@linkplain SocketOpenOption#REGISTERED
   *     registered} and the ring has no table
   * @throws java.nio.channels.UnresolvedAddressException if it is a name that was not found
   * @throws java.nio.channels.UnsupportedAddressTypeException if it is of an unknown type
   * @throws java.net.BindException if the address is in use or not of this machine
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
   * Gives the socket an address of its own ({@code bind(2)}). Does not block.
   *
   * @param local where to receive
   * @throws java.nio.channels.UnsupportedAddressTypeException if the socket is of another family
   * @throws java.net.BindException if the address is in use or not of this machine
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public void bindTo(SocketAddress local) throws IOException {
    socket().bind(local);
  }

  /**
   * Makes a peer the only one that is heard, and the one that {@link #write} sends to ({@code
   * IORING_OP_CONNECT}, Linux 5.5). May be called again, for another peer. Does not wait for it.
   *
   * @param remote the peer
   * @throws java.nio.channels.UnsupportedAddressTypeException if the socket is of another family
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public void connectTo(SocketAddress remote) throws IOException {
    socket().connect(remote, timeoutNanos());
  }

  /**
   * Forgets the peer ({@code IORING_OP_CONNECT}, Linux 5.5). The socket keeps its port.
   *
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public void disconnect() throws IOException {
    SocketAddress before = localAddress();
    socket().disconnect(timeoutNanos());
    if (before instanceof InetSocketAddress connected
        && localAddress() instanceof InetSocketAddress now
        && now.getPort() == 0) { // the kernel had chosen the port, and has taken it back
      bindTo(new InetSocketAddress(now.getAddress(), connected.getPort()));
    }
  }

  /**
   * Returns the peer's address. Does not block.
   *
   * @return an address as {@link #localAddress} returns it
   * @throws NotYetConnectedException if the socket is not connected
   * @throws java.nio.channels.ClosedChannelException if the socket is closed
   * @throws IOException if the kernel refuses
   */
  public SocketAddress remoteAddress() throws IOException {
    return socket().remoteAddress();
  }

  /**
   * Returns this socket with a time limit on every call; see {@link RingSocket#withTimeout}.
   *
   * @param limit positive
   * @return another view of this socket
   * @throws IllegalArgumentException if not positive
   */
  public RingDatagramSocket withTimeout(Duration limit) {
    return new RingDatagramSocket(socket(), Arguments.timeoutNanos(limit));
  }

  // ---- receiving -----------------------------------------------------------------------------

  /**
   * Receives a datagram ({@code IORING_OP_RECVMSG}, Linux 5.3). Blocks until there is one.
   * Descriptors that a Unix peer passes along are closed.
   *
   * @param target where its bytes go; what does not fit is lost
   * @return its length, which may be 0, and the rest of what is known
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
   * Receives a datagram into a buffer, from its position to its limit, and moves its position; see
   * {@link #receive(MemorySegment)}. A heap buffer is copied.
   *
   * @param target where its bytes go; what does not fit is lost
   * @return its length, which may be 0, and the rest of what is known
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
   * Receives a datagram, and with it the descriptors that a Unix peer passes along; see {@link
   * RingSocket#read(MemorySegment, PassedDescriptors)}.
   *
   * @param target where its bytes go; what does not fit is lost
   * @param passed where the descriptors go, behind those that it has
   * @return its length, which may be 0, and the rest of what is known
   * @throws DescriptorsLostException if there was no room for some of the descriptors; the bytes
   *     are in the segment, and the others in {@code passed}
   * @throws UnsupportedOperationException if this is no Unix socket
   * @throws IllegalArgumentException if the segment is empty, on the heap, read-only, or confined
   *     to another thread
   * @throws IllegalStateException if {@code passed} is closed, or the segment's arena
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public Datagram receive(MemorySegment target, PassedDescriptors passed) throws IOException {
    Lending.requireUsable(target, true);
    Datagram datagram = receivePassing(target, passed);
    passed.requireAll(datagram.length());
    return datagram;
  }

  /**
   * Receives a datagram into a buffer, from its position to its limit, moves its position, and with
   * it the descriptors that a Unix peer passes along; see {@link #receive(MemorySegment,
   * PassedDescriptors)}. A heap buffer is copied.
   *
   * @param target where its bytes go; what does not fit is lost
   * @param passed where the descriptors go, behind those that it has
   * @return its length, which may be 0, and the rest of what is known
   * @throws DescriptorsLostException if there was no room for some of the descriptors; the bytes
   *     are in the buffer, and the others in {@code passed}
   * @throws UnsupportedOperationException if this is no Unix socket
   * @throws IllegalArgumentException if the buffer is full, read-only, or confined to another
   *     thread
   * @throws IllegalStateException if {@code passed} is closed, or the buffer's arena
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
   * Begins to receive datagrams into buffers that the kernel takes when they arrive ({@code
   * IORING_OP_RECVMSG} with {@code IORING_RECV_MULTISHOT}, Linux 6.0), on the buffers' ring,
   * without control messages. Does not block. This view's time limit holds for each datagram.
   *
   * @param buffers where the datagrams go; {@value DatagramStream#OVERHEAD_BYTES} bytes of each are
   *     for the kernel's use, and what of a datagram does not fit into the rest is lost
   * @return a stream, for the caller to close
   * @throws IllegalArgumentException if the buffers have no room for a byte, or are filled piece by
   *     piece
   * @throws java.nio.channels.ClosedChannelException if the socket or the buffers are closed
   * @throws IOException if another I/O error occurs
   */
  public DatagramStream receive(BufferRing buffers) throws IOException {
    return receive(buffers, 0);
  }

  /**
   * Begins to receive datagrams, with control messages; see {@link #receive(BufferRing)}.
   *
   * @param buffers where the datagrams go
   * @param controlBytes how much of each buffer is for control messages; those that find no room
   *     are lost. One whose data are a C {@code int} takes 24
   * @return a stream, for the caller to close
   * @throws IllegalArgumentException if the number is negative or leaves no room for a byte, or the
   *     buffers are filled piece by piece
   * @throws java.nio.channels.ClosedChannelException if the socket or the buffers are closed
   * @throws IOException if another I/O error occurs
   */
  public DatagramStream receive(BufferRing buffers, int controlBytes) throws IOException {
    DatagramSource source = new DatagramSource(this, buffers, controlBytes);
    return new DatagramStream(
        (ReceiveStream) ReceiveAccess.receive(buffers, Handle.of(this), source, timeoutNanos()),
        source);
  }

  // ---- sending -------------------------------------------------------------------------------

  /**
   * Sends a datagram ({@code IORING_OP_SENDMSG}, Linux 5.3). Blocks until the kernel has taken it:
   * a Unix peer that does not receive holds the sender up, who looks every few milliseconds.
   *
   * @param source its bytes; may be empty
   * @param target whom it is for
   * @param control what goes with it
   * @return the bytes taken: all
   * @throws IllegalArgumentException if the segment is on the heap or confined to another thread,
   *     or there are more than 2,048 bytes of control messages
   * @throws IllegalStateException if the segment's arena is closed
   * @throws java.nio.channels.UnresolvedAddressException if it is a name that was not found
   * @throws java.nio.channels.UnsupportedAddressTypeException if the socket is of another family
   * @throws IOException if the operation fails, as described in {@link RingSocket}; {@code
   *     EMSGSIZE} if the protocol has no datagrams of that size
   */
  public int send(MemorySegment source, SocketAddress target, ControlMessage... control)
      throws IOException {
    requireUsable(source);
    return transmit(source, target, control, NOTHING);
  }

  /**
   * Sends a buffer's bytes as a datagram, from its position to its limit, and moves its position;
   * see {@link #send(MemorySegment, SocketAddress, ControlMessage...)}. A heap buffer is copied.
   *
   * @param source its bytes; may be empty
   * @param target whom it is for
   * @param control what goes with it
   * @return the bytes taken: all
   * @throws IllegalArgumentException if the buffer is confined to another thread, or for the other
   *     reasons given there
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
   * @param source its bytes; may be empty
   * @param control what goes with it
   * @return the bytes taken: all
   * @throws NotYetConnectedException if the socket is not connected
   * @throws IllegalArgumentException under the conditions of {@link #send(ByteBuffer,
   *     SocketAddress, ControlMessage...)}
   * @throws IllegalStateException if the segment's arena is closed
   * @throws IOException if the operation fails, as described in {@link #send(ByteBuffer,
   *     SocketAddress, ControlMessage...)}
   */
  public int write(MemorySegment source, ControlMessage... control) throws IOException {
    requireUsable(source);
    return transmit(source, null, control, NOTHING);
  }

  /**
   * Sends a buffer's bytes as a datagram to the peer that the socket is connected to, and moves its
   * position; see {@link #send(ByteBuffer, SocketAddress, ControlMessage...)}.
   *
   * @param source its bytes; may be empty
   * @param control what goes with it
   * @return the bytes taken: all
   * @throws NotYetConnectedException if the socket is not connected
   * @throws IllegalArgumentException under the conditions of {@link #send(MemorySegment,
   *     SocketAddress, ControlMessage...)}
   * @throws IllegalStateException if the buffer's arena is closed
   * @throws IOException if the operation fails, as described in {@link #send(MemorySegment,
   *     SocketAddress, ControlMessage...)}
   */
  public int write(ByteBuffer source, ControlMessage... control) throws IOException {
    return transmit(source, null, control, NOTHING);
  }

  /**
   * Sends a datagram, and passes open files and sockets along, on a Unix socket; see {@link
   * RingSocket#writePassing(MemorySegment, Descriptor...)}.
   *
   * @param source its bytes; may be empty
   * @param target whom it is for
   * @param passed files, directories, sockets and listeners, at most 253
   * @return the bytes taken: all
   * @throws UnsupportedOperationException if this is no Unix socket
   * @throws IllegalArgumentException if the segment is on the heap or confined to another thread,
   *     there are more than 253 descriptors, or one is a {@linkplain
   *     io.ringspun.file.RingOpenOption#REGISTERED registered} file, which has none
   * @throws IllegalStateException if the segment's arena is closed
   * @throws java.nio.channels.ClosedChannelException if one of the descriptors is closed
   * @throws IOException as for {@link #send(MemorySegment, SocketAddress, ControlMessage...)}
   */
  public int sendPassing(MemorySegment source, SocketAddress target, Descriptor... passed)
      throws IOException {
    requirePassing();
    requireUsable(source);
    return transmit(source, target, NO_CONTROL, passed);
  }

  /**
   * Sends a buffer's bytes as a datagram, moves its position, and passes open files and sockets
   * along; see {@link #sendPassing(MemorySegment, SocketAddress, Descriptor...)}. A heap buffer is
   * copied.
   *
   * @param source its bytes; may be empty
   * @param target whom it is for
   * @param passed files, directories, sockets and listeners, at most 253
   * @return the bytes taken: all
   * @throws UnsupportedOperationException if this is no Unix socket
   * @throws IllegalArgumentException if the buffer is confined to another thread, or for the other
   *     reasons given there
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
   * along; see {@link #sendPassing(MemorySegment, SocketAddress, Descriptor...)}.
   *
   * @param source its bytes; may be empty
   * @param passed files, directories, sockets and listeners, at most 253
   * @return the bytes taken: all
   * @throws NotYetConnectedException if the socket is not connected
   * @throws UnsupportedOperationException if this is no Unix socket
   * @throws IllegalArgumentException under the conditions of {@link #sendPassing(ByteBuffer,
   *     SocketAddress, Descriptor...)}
   * @throws IllegalStateException if the segment's arena is closed
   * @throws IOException if the operation fails, as described in {@link #sendPassing(ByteBuffer,
   *     SocketAddress, Descriptor...)}
   */
  public int writePassing(MemorySegment source, Descriptor... passed) throws IOException {
    requirePassing();
    requireUsable(source);
    return transmit(source, null, NO_CONTROL, passed);
  }

  /**
   * Sends a buffer's bytes as a datagram to the peer that the socket is connected to, moves its
   * position, and passes open files and sockets along; see {@link #sendPassing(ByteBuffer,
   * SocketAddress, Descriptor...)}.
   *
   * @param source its bytes; may be empty
   * @param passed files, directories, sockets and listeners, at most 253
   * @return the bytes taken: all
   * @throws NotYetConnectedException if the socket is not connected
   * @throws UnsupportedOperationException if this is no Unix socket
   * @throws IllegalArgumentException under the conditions of {@link #sendPassing(MemorySegment,
   *     SocketAddress, Descriptor...)}
   * @throws IllegalStateException if the buffer's arena is closed
   * @throws IOException if the operation fails, as described in {@link #sendPassing(MemorySegment,
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
   * Sends to a peer whose queue may be full. The kernel would wait for room, but having waited, it
   * sends an empty datagram: it has used up the bytes at its first attempt ({@code
   * unix_dgram_sendmsg} copies before it looks at the queue, and io_uring goes on from there). And
   * nothing tells when an unconnected peer has room. So each attempt is a new one.
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

  /** Translates a failure. */
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
   * Joins a multicast group: datagrams for it that arrive at an interface are received, if the
   * socket is bound to their port and to the wildcard or the group ({@code IP_ADD_MEMBERSHIP}).
   * Does not block.
   *
   * @param group a multicast address
   * @param via the interface
   * @throws IllegalArgumentException if the address is no multicast address
   * @throws UnsupportedOperationException if the socket's family has not such groups
   * @throws java.nio.channels.ClosedChannelException if the socket is closed
   * @throws IOException if the kernel refuses: {@code EADDRINUSE} if it is a member already
   */
  public void join(InetAddress group, NetworkInterface via) throws IOException {
    Multicast.change(socket(), group, via, true);
  }

  /**
   * Leaves a multicast group ({@code IP_DROP_MEMBERSHIP}). Does not block.
   *
   * @param group a multicast address
   * @param via the interface
   * @throws IllegalArgumentException if the address is no multicast address
   * @throws UnsupportedOperationException if the socket's family has not such groups
   * @throws java.nio.channels.ClosedChannelException if the socket is closed
   * @throws IOException if the kernel refuses: {@code EADDRNOTAVAIL} if it is no member
   */
  public void leave(InetAddress group, NetworkInterface via) throws IOException {
    Multicast.change(socket(), group, via, false);
  }

  @Override
  public String toString() {
    return "RingDatagramSocket[%s]".formatted(socketHandle());
  }
}
