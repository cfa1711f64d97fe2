package io.ringspun.net;

import io.ringspun.Descriptor;
import io.ringspun.Lease;
import io.ringspun.Ring;
import io.ringspun.RingGroup;
import io.ringspun.Step;
import io.ringspun.buffer.BufferRing;
import io.ringspun.buffer.ReceiveStream;
import io.ringspun.file.RingFile;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.memory.Arguments;
import io.ringspun.internal.memory.Lending;
import io.ringspun.internal.memory.LentVector;
import io.ringspun.internal.memory.ScratchMemory;
import io.ringspun.internal.net.Addresses;
import io.ringspun.internal.net.CachedFile;
import io.ringspun.internal.net.Family;
import io.ringspun.internal.net.Hosts;
import io.ringspun.internal.net.Message;
import io.ringspun.internal.net.NetErrors;
import io.ringspun.internal.net.SocketHandle;
import io.ringspun.internal.net.SocketKind;
import io.ringspun.internal.net.Sockets;
import io.ringspun.internal.net.SplicedFile;
import io.ringspun.internal.net.StreamTransfer;
import io.ringspun.internal.ring.Deadline;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.internal.ring.Handle;
import io.ringspun.internal.ring.LentBuffer;
import io.ringspun.internal.ring.Progress;
import io.ringspun.internal.ring.ReceiveAccess;
import io.ringspun.internal.ring.StreamSource;
import io.ringspun.raw.RawOperation;
import io.ringspun.raw.TableSlot;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.ProtocolFamily;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Objects;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongConsumer;

/**
 * A stream socket, TCP or Unix, whose calls go through a {@link Ring}.
 *
 * <p>A method that performs I/O blocks until the kernel reports the operation complete. A virtual
 * thread parks meanwhile and gives up its carrier; a platform thread waits. An operation runs on
 * the ring that carries the calling thread, or otherwise on the ring with which the socket was
 * opened. Operations on a {@linkplain SocketOpenOption#REGISTERED registered} socket always run on
 * the latter.
 *
 * <p>Safe for use by multiple concurrent threads; one may read while another writes. Concurrent
 * writes may be interleaved.
 *
 * <p>A segment is lent to the kernel until the method returns, normally or not: do not access or
 * free it before then. A segment of a shared arena is copied, and so is a heap {@link ByteBuffer}.
 *
 * <p>An interrupt cancels the operation and leaves the socket open; see {@link Ring}. {@code
 * readFully} and {@code writeFully} may need several operations. After an interrupt or a time
 * limit, {@link java.io.InterruptedIOException#bytesTransferred} is the number of bytes
 * transferred. Every blocking method throws
 *
 * <ul>
 *   <li>{@link java.nio.channels.ClosedChannelException} if the socket is closed, and {@link
 *       java.nio.channels.AsynchronousCloseException} if it is closed during the call, even if the
 *       peer ends or resets the connection at the same time; if bytes have already been
 *       transferred, their number is returned instead;
 *   <li>{@link java.io.InterruptedIOException} if the thread is interrupted, unless the operation
 *       has already succeeded;
 *   <li>{@link io.ringspun.OperationTimeoutException} if a time limit is exceeded;
 *   <li>{@link io.ringspun.RingClosedException} and {@link io.ringspun.RingFailedException} if its
 *       ring is closed or has failed;
 *   <li>{@link io.ringspun.OperationException} with the kernel's error number if the operation
 *       fails, or the {@code java.net} exception for that error, with an {@code OperationException}
 *       as its cause.
 * </ul>
 *
 * @since 0.1
 */
public final class RingSocket extends SocketDescriptor {
  private interface Receiving extends StreamSource {
    @Override
    default IOException failure(int errno) {
      return NetErrors.of("recv", errno);
    }
  }

  private static final Receiving RECEIVE =
      (operation, fd, group) -> operation.multishotRecv(fd, group, 0);
  private static final Receiving RECEIVE_BUNDLES =
      (operation, fd, group) -> operation.multishotRecvBundle(fd, group, 0);

  private static final long NEVER = Long.MAX_VALUE;
  private static final int SEND_FILE_BYTES = 1 << 17;
  private static final MemorySegment ANY_BYTE = Arena.global().allocate(1);

  private final long zeroCopyAbove;
  private final long spliceAbove;
  private final StreamTransfer transfer;

  private RingSocket(SocketHandle socket, long timeoutNanos, long zeroCopyAbove, long spliceAbove) {
    super(socket, timeoutNanos);
    this.zeroCopyAbove = zeroCopyAbove;
    this.spliceAbove = spliceAbove;
    transfer = new StreamTransfer(socket.handle(), zeroCopyAbove);
  }

  /** Takes ownership of a stream socket. */
  static RingSocket of(Handle handle, Family family) {
    return new RingSocket(stream(handle, family), 0, NEVER, NEVER);
  }

  private static SocketHandle stream(Handle handle, Family family) {
    return new SocketHandle(handle, family, true);
  }

  // ---- opening -------------------------------------------------------------------------------

  /**
   * Opens an unconnected socket ({@code IORING_OP_SOCKET}, Linux 5.19). Does not wait for a peer.
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
  public static RingSocket open(Ring ring, ProtocolFamily family, SocketOpenOption... options)
      throws IOException {
    boolean registered = SocketOpenOption.isRegistered(options);
    return open(EngineAccess.of(ring), Sockets.family(family), registered);
  }

  /**
   * Returns a step that opens a stream socket in a slot ({@code IORING_OP_SOCKET}, Linux 5.19), of
   * the protocol family of an address. For the wildcard address this is IPv6, which supports IPv4,
   * too.
   *
   * {@snippet :
   * try (TableSlot slot = Raw.of(ring).tableSlot()) {
   *   ring.chain()
   *       .add(RingSocket.openStep(slot, server))
   *       .add(RingSocket.connectStep(slot, server))
   *       .send(slot, request)
   *       .receive(slot, answer)
   *       .add(slot.closeStep())
   *       .run();
   * }
   * }
   *
   * @param slot the slot for the socket, whose content is replaced
   * @param address the address that the socket will be connected or bound to
   * @return the step
   * @throws java.nio.channels.UnresolvedAddressException if the address is unresolved
   * @throws java.nio.channels.UnsupportedAddressTypeException if it is neither an {@link
   *     java.net.InetSocketAddress}, nor a {@link java.net.UnixDomainSocketAddress}, nor an {@link
   *     AbstractUnixAddress}
   */
  public static Step openStep(TableSlot slot, SocketAddress address) {
    return RawOperation.of(Constants.IORING_OP_SOCKET)
        .on(Addresses.family(address).number())
        .offset(Constants.SOCK_STREAM)
        .into(slot)
        .toStep();
  }

  /**
   * Returns a step that connects a socket ({@code IORING_OP_CONNECT}, Linux 5.5). The step waits
   * until the connection is established or the kernel gives up.
   *
   * @param socket an unconnected socket; one in a slot must be of the address's family
   * @param remote the peer's address
   * @return the step
   * @throws java.nio.channels.UnresolvedAddressException if the address is unresolved
   * @throws java.nio.channels.UnsupportedAddressTypeException if it is neither an {@link
   *     java.net.InetSocketAddress}, nor a {@link java.net.UnixDomainSocketAddress}, nor an {@link
   *     AbstractUnixAddress}, or the socket is of another protocol family
   */
  public static Step connectStep(Descriptor socket, SocketAddress remote) {
    return withAddress(Constants.IORING_OP_CONNECT, socket, remote).toStep();
  }

  /**
   * Takes a stream socket out of a slot. Cancels operations in flight on the slot and closes the
   * slot; the socket keeps its place in the ring's table and is {@linkplain
   * SocketOpenOption#REGISTERED registered}. Does not wait for a peer. If this method fails, the
   * slot is unchanged.
   *
   * @param slot the slot into which a chain has opened or accepted the socket
   * @return the socket, for the caller to close
   * @throws java.nio.channels.ClosedChannelException if the slot is closed
   * @throws IOException if the slot is empty ({@code EBADF}) or holds something else, or if it
   *     fails otherwise, as described in {@link RingSocket}
   */
  public static RingSocket take(TableSlot slot) throws IOException {
    Family family = SocketKind.STREAM.requireFamily(Handle.of(slot));
    return of(taken(slot), family);
  }

  private static RingSocket open(Engine home, Family family, boolean registered)
      throws IOException {
    int number = Sockets.open(home, family, Constants.SOCK_STREAM, registered);
    return of(Sockets.handle(number, home, registered), family);
  }

  /**
   * Connects to a peer on a ring of the {@linkplain RingGroup#shared() shared group}; see {@link
   * #connect(Ring, SocketAddress, SocketOpenOption...)}.
   *
   * @param remote the peer's address
   * @return the socket, for the caller to close
   * @throws IOException if the operation fails, as described in {@link #connect(Ring,
   *     SocketAddress, SocketOpenOption...)}
   */
  public static RingSocket connect(SocketAddress remote) throws IOException {
    return connect(RingGroup.shared().nextHome(), remote);
  }

  /**
   * Connects to a peer ({@code IORING_OP_CONNECT}, Linux 5.5). Blocks until the connection is
   * established, or the kernel gives up.
   *
   * @param ring the ring for operations of threads that no ring carries, and of a registered socket
   * @param remote an {@link java.net.InetSocketAddress}, {@link java.net.UnixDomainSocketAddress}
   *     or {@link AbstractUnixAddress}
   * @param options the options
   * @return the socket, for the caller to close
   * @throws IllegalArgumentException if {@link SocketOpenOption#REGISTERED} is given and the ring
   *     has no table of registered files
   * @throws java.nio.channels.UnresolvedAddressException if the address is unresolved
   * @throws java.nio.channels.UnsupportedAddressTypeException if the type of the address is not
   *     supported
   * @throws java.net.ConnectException if the peer refuses the connection, or does not answer until
   *     the kernel gives up
   * @throws java.net.NoRouteToHostException if there is no route to the peer
   * @throws IOException if another I/O error occurs, as described in {@link RingSocket}
   */
  public static RingSocket connect(Ring ring, SocketAddress remote, SocketOpenOption... options)
      throws IOException {
    return connect(EngineAccess.of(ring), remote, SocketOpenOption.isRegistered(options), 0);
  }

  /**
   * Connects to a peer within a time limit; see {@link #connect(Ring, SocketAddress,
   * SocketOpenOption...)}.
   *
   * @param ring the ring for operations of threads that no ring carries
   * @param remote the peer's address
   * @param limit positive
   * @return the socket, without a limit for later calls, for the caller to close
   * @throws io.ringspun.OperationTimeoutException if the peer has not answered in time
   * @throws IllegalArgumentException if the limit is not positive
   * @throws IOException if the operation fails, as described in {@link #connect(Ring,
   *     SocketAddress, SocketOpenOption...)}
   */
  public static RingSocket connect(Ring ring, SocketAddress remote, Duration limit)
      throws IOException {
    return connect(EngineAccess.of(ring), remote, false, Arguments.timeoutNanos(limit));
  }

  /**
   * Connects to a host by its name on a ring of the {@linkplain RingGroup#shared() shared group};
   * see {@link #connect(Ring, String, int)}.
   *
   * @param host a name or a literal address
   * @param port from 0 to 65,535
   * @return the socket, for the caller to close
   * @throws IllegalArgumentException if the port is out of range
   * @throws java.net.UnknownHostException if the name has no address
   * @throws IOException if no connection to any of its addresses can be established
   */
  public static RingSocket connect(String host, int port) throws IOException {
    return connect(RingGroup.shared().nextHome(), host, port);
  }

  /**
   * Connects to a host by its name. Blocks until the name is resolved, on a thread outside the
   * ring, and then tries the addresses in turn until a connection is established.
   *
   * @param ring the ring for operations of threads that no ring carries
   * @param host a name or a literal address
   * @param port from 0 to 65,535
   * @return the socket, for the caller to close
   * @throws IllegalArgumentException if the port is out of range
   * @throws java.net.UnknownHostException if the name has no address
   * @throws IOException if no address can be connected: the exception of {@link #connect(Ring,
   *     SocketAddress, SocketOpenOption...)} for the first address, with those for the others as
   *     suppressed exceptions; or if it fails otherwise, as described in {@link RingSocket}
   */
  public static RingSocket connect(Ring ring, String host, int port) throws IOException {
    return connect(EngineAccess.of(ring), host, port, 0);
  }

  /**
   * Connects to a host by its name within a time limit for the resolution and all addresses
   * together; see {@link #connect(Ring, String, int)}. The remaining time is divided among the
   * remaining addresses.
   *
   * @param ring the ring for operations of threads that no ring carries
   * @param host a name or a literal address
   * @param port from 0 to 65,535
   * @param limit positive
   * @return the socket, without a limit for later calls, for the caller to close
   * @throws io.ringspun.OperationTimeoutException if the time limit is exceeded
   * @throws IllegalArgumentException if the limit is not positive or the port is out of range
   * @throws IOException if the operation fails, as described in {@link #connect(Ring, String, int)}
   */
  public static RingSocket connect(Ring ring, String host, int port, Duration limit)
      throws IOException {
    return connect(EngineAccess.of(ring), host, port, Arguments.timeoutNanos(limit));
  }

  private static RingSocket connect(Engine home, String host, int port, long limitNanos)
      throws IOException {
    Objects.requireNonNull(host); // the JDK resolves null to the loopback address
    return Hosts.connect(
        home, host, port, limitNanos, (remote, nanos) -> connect(home, remote, false, nanos));
  }

  private static RingSocket connect(
      Engine home, SocketAddress remote, boolean registered, long nanos) throws IOException {
    RingSocket socket =
        Sockets.openFor(home, remote, (ring, family) -> open(ring, family, registered));
    try {
      socket.socket().connect(remote, nanos);
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
   * @param local the local address; with port 0 the kernel chooses the port
   * @throws java.nio.channels.UnresolvedAddressException if the address is unresolved
   * @throws java.nio.channels.UnsupportedAddressTypeException if the socket is of another protocol
   *     family
   * @throws java.net.BindException if the address is in use or not a local address
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public void bind(SocketAddress local) throws IOException {
    socket().bind(local);
  }

  /**
   * Connects an open socket; see {@link #connect(Ring, SocketAddress, SocketOpenOption...)}. After
   * a failure, an interrupt or a timeout the socket can only be closed.
   *
   * @param remote the peer's address
   * @throws java.nio.channels.UnresolvedAddressException if the address is unresolved
   * @throws java.nio.channels.UnsupportedAddressTypeException if the socket is of another protocol
   *     family
   * @throws java.nio.channels.AlreadyConnectedException if the socket is already connected
   * @throws IOException if the operation fails, as described in {@link #connect(Ring,
   *     SocketAddress, SocketOpenOption...)}
   */
  public void connectTo(SocketAddress remote) throws IOException {
    socket().connect(remote, timeoutNanos());
  }

  /**
   * Returns a view of this socket with a time limit on every call. A call that exceeds the limit is
   * cancelled and throws {@link io.ringspun.OperationTimeoutException}, unless it has already
   * received bytes. Both objects share the connection, so closing either closes both.
   *
   * @param limit positive
   * @return a view of this socket
   * @throws IllegalArgumentException if not positive
   */
  public RingSocket within(Duration limit) {
    long nanos = Arguments.timeoutNanos(limit);
    return new RingSocket(socket(), nanos, zeroCopyAbove, spliceAbove);
  }

  /**
   * Creates a descriptor for this registered socket, close-on-exec, which operations of any ring
   * can use ({@code IORING_OP_FIXED_FD_INSTALL}, Linux 6.8). Both are the same connection, which
   * ends when both are closed. The new socket stays open when this one or the ring is closed.
   *
   * @return a socket that is not registered, for the caller to close
   * @throws IllegalStateException if this socket is not registered
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public RingSocket installDescriptor() throws IOException {
    Handle installed = socket().install(timeoutNanos());
    return new RingSocket(stream(installed, family()), timeoutNanos(), zeroCopyAbove, spliceAbove);
  }

  /**
   * Registers this socket with a ring ({@code IORING_OP_FILES_UPDATE} with {@code
   * IORING_FILE_INDEX_ALLOC}, Linux 5.19), so that the kernel need not look up its descriptor for
   * each operation. Both are the same connection, which ends when both are closed. Blocks until the
   * kernel has registered the socket.
   *
   * @param ring a ring opened with {@link io.ringspun.RingOptions#withRegisteredFiles}
   * @return a registered socket of that ring, for the caller to close
   * @throws IllegalStateException if this socket is already registered
   * @throws IllegalArgumentException if the ring has no table of registered files
   * @throws IOException if the operation fails, as described in {@link RingSocket}; {@code ENFILE}
   *     if the table is full
   */
  public RingSocket registerWith(Ring ring) throws IOException {
    Handle registered = socket().register(EngineAccess.of(ring), timeoutNanos());
    return new RingSocket(stream(registered, family()), timeoutNanos(), zeroCopyAbove, spliceAbove);
  }

  /**
   * Returns a view of this socket with zero-copy writes: if {@code write} or {@code writeFully}
   * sends more than a given number of bytes, the network card reads them from the caller's memory
   * ({@code IORING_OP_SEND_ZC}, Linux 6.0, and {@code SENDMSG_ZC}, 6.1). This pays off from some
   * ten kilobytes on over a real network; the loopback interface copies nevertheless.
   *
   * <p>Such a write returns when the kernel no longer needs the memory, which is when the peer has
   * acknowledged all of it. Nothing ends this wait early: after an interrupt, a time limit or a
   * close, the call returns the number of bytes accepted, but no sooner. A peer that does not read
   * can block the caller for as long as the kernel keeps the connection. Closing the socket does
   * not wait for the write, and with a {@link java.net.StandardSocketOptions#SO_LINGER} of 0 it
   * resets the connection.
   *
   * <p>Memory that has to be copied, such as heap memory, is sent as usual. So is everything if the
   * kernel refuses, for example on Unix sockets or beyond the limit on locked memory.
   *
   * @param bytes the number of bytes above which writes are zero-copy, at least 0
   * @return a view of this socket; closing either closes both
   * @throws IllegalArgumentException if negative
   */
  public RingSocket withZeroCopyAbove(long bytes) {
    requireCount(bytes);
    return new RingSocket(socket(), timeoutNanos(), bytes, spliceAbove);
  }

  /**
   * Returns a view of this socket with a zero-copy {@link #sendFile}: transfers of more than a
   * given number of bytes are spliced from the file to the socket through a pipe ({@code
   * IORING_OP_SPLICE}, Linux 5.7).
   *
   * <p>This pays off from about 1 MiB on. Kernel workers splice 1 MiB at a time, so small transfers
   * cost more than copying. A peer that stops reading occupies one of the ring's workers until it
   * continues (see {@link io.ringspun.RingOptions#withWorkers}). Files that cannot be spliced are
   * copied.
   *
   * @param bytes the number of bytes above which files are spliced, at least 0
   * @return a view of this socket; closing either closes both
   * @throws IllegalArgumentException if negative
   */
  public RingSocket withSpliceAbove(long bytes) {
    requireCount(bytes);
    return new RingSocket(socket(), timeoutNanos(), zeroCopyAbove, bytes);
  }

  private static void requireCount(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("the number of bytes must not be negative: " + bytes);
    }
  }

  // ---- reading -------------------------------------------------------------------------------

  /**
   * Receives bytes ({@code IORING_OP_RECV}, Linux 5.6). Blocks until at least one byte arrives or
   * the stream ends. Only one call reports that the peer has reset the connection; later reads
   * return -1.
   *
   * @param target the memory to fill
   * @return the number of bytes received, at least 1, or -1 at the end of the stream
   * @throws IllegalArgumentException if the segment is empty, on the heap, read-only, or confined
   *     to another thread
   * @throws IllegalStateException if the segment's arena is closed, before or during the call
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public int read(MemorySegment target) throws IOException {
    Lending.requireUsable(target, true);
    return endOrCount(transfer.receive(target, timeoutNanos()));
  }

  /**
   * Receives bytes into the buffer of a lease and requests its whole size; {@link Lease#filled}
   * returns them. See {@link #read(MemorySegment)}.
   *
   * @param target the memory to fill
   * @return the number of bytes received, at least 1, or -1 at the end of the stream
   * @throws IllegalStateException if the lease is closed
   * @throws WrongThreadException if another thread took the lease
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public int read(Lease target) throws IOException {
    LentBuffer buffer = LentBuffer.of(target);
    buffer.filled(0); // bytes of a failed receive must not be exposed
    int n = transfer.receive(buffer, timeoutNanos());
    buffer.filled(n);
    return endOrCount(n);
  }

  /**
   * Receives bytes into a buffer, from its position to its limit, and advances its position; see
   * {@link #read(MemorySegment)}. Data for a heap buffer is copied.
   *
   * @param target the memory to fill
   * @return the number of bytes received, at least 1, or -1 at the end of the stream
   * @throws IllegalArgumentException if the buffer is full, read-only, or confined to another
   *     thread
   * @throws IllegalStateException if the buffer's arena is closed
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public int read(ByteBuffer target) throws IOException {
    requireWritable(target);
    int n = transfer.receive(segment(target), timeoutNanos());
    target.position(target.position() + n);
    return endOrCount(n);
  }

  /**
   * Receives bytes into several segments, filling one after the other ({@code IORING_OP_RECVMSG},
   * Linux 5.3); see {@link #read(MemorySegment)}. At most 1,024 segments are used.
   *
   * @param targets the segments to fill
   * @return the number of bytes received, at least 1, or -1 at the end of the stream
   * @throws IllegalArgumentException if the array is empty, or {@link #read(MemorySegment)} would
   *     refuse one of the segments
   * @throws IllegalStateException if the arena of a segment is closed
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public long read(MemorySegment[] targets) throws IOException {
    for (MemorySegment target : targets) {
      Lending.requireUsable(target, true);
    }
    return endOrCount(transfer.receive(targets, timeoutNanos()));
  }

  /**
   * Receives bytes into several buffers, filling one after the other, and advances their positions;
   * see {@link #read(MemorySegment[])}. Full buffers are skipped.
   *
   * @param targets the buffers to fill
   * @return the number of bytes received, at least 1, or -1 at the end of the stream
   * @throws IllegalArgumentException if all buffers are full, or one is read-only or confined to
   *     another thread
   * @throws IllegalStateException if the arena of a buffer is closed
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public long read(ByteBuffer[] targets) throws IOException {
    for (ByteBuffer target : targets) {
      requireWritable(target);
    }
    long n = transfer.receive(segments(targets), timeoutNanos());
    LentVector.advance(targets, n);
    return endOrCount(n);
  }

  /**
   * Receives until a segment is full; see {@link #read(MemorySegment)}.
   *
   * @param target the segment to fill, of any size
   * @throws EOFException if the stream ends before; the segment then holds the bytes up to the end
   * @throws IllegalArgumentException if {@link #read(MemorySegment)} would throw it
   * @throws IllegalStateException if the segment's arena is closed, before or during the call
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public void readFully(MemorySegment target) throws IOException {
    Lending.requireUsable(target, true);
    Deadline deadline = deadline();
    long count = target.byteSize();
    moveAll(
        count,
        done -> requireSome(transfer.receive(target.asSlice(done), left(deadline)), count - done));
  }

  private static int requireSome(int received, long wanted) throws EOFException {
    if (received == 0) {
      throw new EOFException("the stream ended %d bytes short".formatted(wanted));
    }
    return received;
  }

  /**
   * Receives until a buffer has no bytes remaining, and advances its position; see {@link
   * #read(ByteBuffer)}.
   *
   * @param target the buffer to fill
   * @throws EOFException if the stream ends before; the buffer then holds the bytes up to the end
   * @throws IllegalArgumentException if {@link #read(ByteBuffer)} would throw it
   * @throws IllegalStateException if the buffer's arena is closed
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public void readFully(ByteBuffer target) throws IOException {
    requireWritable(target);
    Deadline deadline = deadline();
    moveAll(
        segment(target).byteSize(),
        _ -> {
          int n = transfer.receive(segment(target), left(deadline));
          target.position(target.position() + n);
          return requireSome(n, target.remaining());
        });
  }

  /**
   * Receives bytes together with descriptors that the peer passes ({@code IORING_OP_RECVMSG} with
   * {@code SCM_RIGHTS}, Linux 5.3), on a Unix socket. They are new descriptors of this process,
   * close-on-exec, for the peer's open files. They arrive with the first of the bytes that they
   * were {@linkplain #writePassing sent with}; if another method reads those bytes, they are
   * closed. See {@link #read(MemorySegment)}.
   *
   * @param target the memory to fill
   * @param passed the object to which the descriptors are added
   * @return the number of bytes received, at least 1, or -1 at the end of the stream
   * @throws DescriptorsLostException if some descriptors were lost; the bytes are in the segment,
   *     and the other descriptors in {@code passed}
   * @throws UnsupportedOperationException if this is not a Unix socket
   * @throws IllegalArgumentException if the segment is empty, on the heap, read-only, or confined
   *     to another thread
   * @throws IllegalStateException if {@code passed} or the segment's arena is closed
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public int read(MemorySegment target, PassedDescriptors passed) throws IOException {
    Lending.requireUsable(target, true);
    int n = receive(target, passed);
    passed.requireAll(n);
    return endOrCount(n);
  }

  /**
   * Receives bytes into a buffer, from its position to its limit, together with descriptors that
   * the peer passes, and advances its position; see {@link #read(MemorySegment,
   * PassedDescriptors)}. Data for a heap buffer is copied.
   *
   * @param target the memory to fill
   * @param passed the object to which the descriptors are added
   * @return the number of bytes received, at least 1, or -1 at the end of the stream
   * @throws DescriptorsLostException if some descriptors were lost; the bytes are in the buffer,
   *     and the other descriptors in {@code passed}
   * @throws UnsupportedOperationException if this is not a Unix socket
   * @throws IllegalArgumentException if the buffer is full, read-only, or confined to another
   *     thread
   * @throws IllegalStateException if {@code passed} or the buffer's arena is closed
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public int read(ByteBuffer target, PassedDescriptors passed) throws IOException {
    requireWritable(target);
    int n = receive(segment(target), passed);
    target.position(target.position() + n);
    passed.requireAll(n);
    return endOrCount(n);
  }

  private int receive(MemorySegment target, PassedDescriptors passed) throws IOException {
    requirePassing();
    passed.requireOpen();
    try (Message message = Message.toReceive(socket(), target)) {
      int n = NetErrors.check("recvmsg", message.run(timeoutNanos(), 0));
      PassedDescriptors.deliver(message, socketHandle().engine(), passed);
      message.filled(n);
      return n;
    }
  }

  /**
   * Returns a stream that receives bytes into provided buffers, on the buffers' ring ({@code
   * IORING_OP_RECV} with {@code IORING_RECV_MULTISHOT}, Linux 6.0). Does not block. The time limit
   * of this view applies to each chunk.
   *
   * @param buffers the buffers to receive into
   * @return a stream, for the caller to close
   * @throws IllegalArgumentException if the socket is registered with another ring
   * @throws java.nio.channels.ClosedChannelException if the socket or the buffers are closed
   * @throws IOException if another I/O error occurs
   */
  public ReceiveStream receive(BufferRing buffers) throws IOException {
    return (ReceiveStream) ReceiveAccess.receive(buffers, Handle.of(this), RECEIVE, timeoutNanos());
  }

  /**
   * Returns a stream that receives bytes as {@link #receive(BufferRing)} does, but lets the kernel
   * fill several buffers per completion ({@code IORING_RECVSEND_BUNDLE}, Linux 6.10; one buffer
   * before). This is cheaper when much data arrives in small buffers. The stream has one chunk for
   * each buffer. Kernels before 6.16 have bugs that can reorder bytes, unless the distribution has
   * backported the fixes.
   *
   * @param buffers the buffers to receive into
   * @return a stream, for the caller to close
   * @throws IllegalArgumentException if the socket is registered with another ring
   * @throws java.nio.channels.ClosedChannelException if the socket or the buffers are closed
   * @throws IOException if another I/O error occurs
   */
  public ReceiveStream receiveBundles(BufferRing buffers) throws IOException {
    boolean takes = socketHandle().engine().capabilities().takesBundles();
    return (ReceiveStream)
        ReceiveAccess.receive(
            buffers, Handle.of(this), takes ? RECEIVE_BUNDLES : RECEIVE, timeoutNanos());
  }

  // ---- writing -------------------------------------------------------------------------------

  /**
   * Sends bytes ({@code IORING_OP_SEND}, Linux 5.6). Blocks until the kernel has accepted at least
   * one byte.
   *
   * @param source the bytes
   * @return the number of bytes sent, at least 1 and possibly fewer than requested
   * @throws IllegalArgumentException if the segment is empty, on the heap, or confined to another
   *     thread
   * @throws IllegalStateException if the segment's arena is closed
   * @throws IOException if the operation fails, as described in {@link RingSocket}; {@code EPIPE}
   *     or {@code ECONNRESET} if the peer has closed or reset the connection
   */
  public int write(MemorySegment source) throws IOException {
    Lending.requireUsable(source, false);
    return transfer.send(source, 0, timeoutNanos());
  }

  /**
   * Sends a buffer's bytes, from its position to its limit, and advances its position; see {@link
   * #write(MemorySegment)}. A heap buffer is copied.
   *
   * @param source the bytes
   * @return the number of bytes sent, at least 1 and possibly fewer than requested
   * @throws IllegalArgumentException if the buffer is empty or confined to another thread
   * @throws IllegalStateException if the buffer's arena is closed
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public int write(ByteBuffer source) throws IOException {
    int n = transfer.send(segment(source), 0, timeoutNanos());
    source.position(source.position() + n);
    return n;
  }

  /**
   * Sends several segments, one after the other ({@code IORING_OP_SENDMSG}, Linux 5.3); see {@link
   * #write(MemorySegment)}. At most 1,024 segments are used.
   *
   * @param sources the bytes
   * @return the number of bytes sent, at least 1 and possibly fewer than requested
   * @throws IllegalArgumentException if the array is empty, or {@link #write(MemorySegment)} would
   *     refuse one of the segments
   * @throws IllegalStateException if the arena of a segment is closed
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public long write(MemorySegment[] sources) throws IOException {
    for (MemorySegment source : sources) {
      Lending.requireUsable(source, false);
    }
    return transfer.send(sources, 0, timeoutNanos());
  }

  /**
   * Sends several buffers, one after the other, and advances their positions; see {@link
   * #write(MemorySegment[])}. Empty buffers are skipped.
   *
   * @param sources the bytes
   * @return the number of bytes sent, at least 1 and possibly fewer than requested
   * @throws IllegalArgumentException if all buffers are empty, or one is confined to another thread
   * @throws IllegalStateException if the arena of a buffer is closed
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public long write(ByteBuffer[] sources) throws IOException {
    long n = transfer.send(segments(sources), 0, timeoutNanos());
    LentVector.advance(sources, n);
    return n;
  }

  /**
   * Sends the first bytes of the buffer of a lease. Bytes that were neither read into the lease nor
   * stored in its {@link Lease#segment} are sent as zeros. Above the limit of {@link
   * #withZeroCopyAbove} they are not copied, and if the lease's pool is registered with the ring
   * that runs the operation, the kernel need not pin them either ({@code IORING_OP_SEND_ZC} with
   * {@code IORING_RECVSEND_FIXED_BUF}, Linux 6.0); see {@link #write(MemorySegment)}.
   *
   * @param source the lease to send from
   * @param length the number of bytes, from 1 to the size of the buffer
   * @return the number of bytes sent, at least 1 and possibly fewer than requested
   * @throws IndexOutOfBoundsException if the length is not positive or exceeds the buffer
   * @throws IllegalStateException if the lease is closed
   * @throws WrongThreadException if another thread took the lease
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public int write(Lease source, int length) throws IOException {
    LentBuffer buffer = owned(source, length);
    return transfer.send(buffer, 0, length, 0, timeoutNanos());
  }

  private static LentBuffer owned(Lease source, int length) {
    LentBuffer buffer = LentBuffer.of(source);
    buffer.requireFits(length);
    buffer.own(length);
    return buffer;
  }

  /**
   * Sends the first bytes of the buffer of a lease; see {@link #write(Lease, int)}. Blocks until
   * the kernel has accepted all of them. After a failure other than an interrupt or a time limit,
   * an unknown number of bytes has been sent.
   *
   * @param source the lease to send from
   * @param length the number of bytes, from 1 to the size of the buffer
   * @throws IndexOutOfBoundsException if the length is not positive or exceeds the buffer
   * @throws IllegalStateException if the lease is closed
   * @throws WrongThreadException if another thread took the lease
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public void writeFully(Lease source, int length) throws IOException {
    LentBuffer buffer = owned(source, length);
    Deadline deadline = deadline();
    moveAll(
        length,
        done -> transfer.send(buffer, (int) done, length, Constants.MSG_WAITALL, left(deadline)));
  }

  /**
   * Sends bytes and passes open files and sockets with the first of them ({@code IORING_OP_SENDMSG}
   * with {@code SCM_RIGHTS}, Linux 5.3), on a Unix socket. The peer gets descriptors of its own, in
   * this order; see {@link #read(MemorySegment, PassedDescriptors)}. The passed descriptors stay
   * open in this process and may be closed after the call. Closing one during the call ends the
   * call like closing the socket. If the call fails, nothing was passed.
   *
   * <p>Both processes share the open file description, with its offset and status flags, as after
   * {@code dup(2)}.
   *
   * @param source the bytes
   * @param passed files, directories, sockets and listeners, at most 253
   * @return the number of bytes sent, at least 1 and possibly fewer than requested; all descriptors
   *     went with them
   * @throws UnsupportedOperationException if this is not a Unix socket
   * @throws IllegalArgumentException if the segment is empty, on the heap, or confined to another
   *     thread, there are more than 253 descriptors, or one of them is registered with a ring and
   *     so has no descriptor
   * @throws IllegalStateException if the segment's arena is closed
   * @throws java.nio.channels.ClosedChannelException if one of the descriptors is closed
   * @throws IOException if the operation fails, as described in {@link RingSocket}; {@code
   *     ETOOMANYREFS} if the user has too many passed descriptors that no peer has received
   */
  public int writePassing(MemorySegment source, Descriptor... passed) throws IOException {
    Lending.requireUsable(source, false);
    return send(source, passed);
  }

  /**
   * Sends a buffer's bytes, from its position to its limit, advances its position, and passes open
   * files and sockets; see {@link #writePassing(MemorySegment, Descriptor...)}. A heap buffer is
   * copied.
   *
   * @param source the bytes
   * @param passed files, directories, sockets and listeners, at most 253
   * @return the number of bytes sent, at least 1 and possibly fewer than requested; all descriptors
   *     went with them
   * @throws UnsupportedOperationException if this is not a Unix socket
   * @throws IllegalArgumentException if the buffer is empty or confined to another thread, or under
   *     the other conditions of {@link #writePassing(MemorySegment, Descriptor...)}
   * @throws IllegalStateException if the buffer's arena is closed
   * @throws IOException if the operation fails, as described in {@link #writePassing(MemorySegment,
   *     Descriptor...)}
   */
  public int writePassing(ByteBuffer source, Descriptor... passed) throws IOException {
    int n = send(segment(source), passed);
    source.position(source.position() + n);
    return n;
  }

  private int send(MemorySegment source, Descriptor[] passed) throws IOException {
    requirePassing();
    try (Message message = Message.toSend(socket(), source)) {
      message.pass(passed);
      return NetErrors.check("sendmsg", message.run(timeoutNanos(), 0));
    }
  }

  /**
   * Sends all bytes of a segment ({@code IORING_OP_SEND} with {@code MSG_WAITALL}, Linux 5.6).
   * Blocks until the kernel has accepted all of them. After a failure other than an interrupt or a
   * time limit, an unknown number of bytes has been sent.
   *
   * @param source the bytes, any number
   * @throws IllegalArgumentException if {@link #write(MemorySegment)} would throw it
   * @throws IllegalStateException if the segment's arena is closed
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public void writeFully(MemorySegment source) throws IOException {
    Lending.requireUsable(source, false);
    Deadline deadline = deadline();
    moveAll(
        source.byteSize(),
        done -> transfer.send(source.asSlice(done), Constants.MSG_WAITALL, left(deadline)));
  }

  /**
   * Sends all remaining bytes of a buffer, and advances its position; see {@link
   * #writeFully(MemorySegment)}.
   *
   * @param source the bytes
   * @throws IllegalArgumentException if {@link #write(ByteBuffer)} would throw it
   * @throws IllegalStateException if the buffer's arena is closed
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public void writeFully(ByteBuffer source) throws IOException {
    writeFully(source, Constants.MSG_WAITALL);
  }

  private void writeFully(ByteBuffer source, int flags) throws IOException {
    Deadline deadline = deadline();
    moveAll(
        segment(source).byteSize(),
        _ -> {
          int n = transfer.send(segment(source), flags, left(deadline));
          source.position(source.position() + n);
          return n;
        });
  }

  /**
   * Sends a range of a file. What the page cache has goes to the socket as it is ({@code
   * sendfile(2)} on the calling thread), unless it is less than 32 KiB or {@linkplain
   * io.ringspun.RingOptions#withInlineAttempts inline attempts} are off; the rest is read and sent
   * 128 KiB at a time, or spliced, see {@link #withSpliceAbove}. Bytes that are overwritten before
   * the peer has received them may arrive in their new form. Blocks until the kernel has accepted
   * all bytes or the file ends. If it fails after some bytes have been sent, it returns their
   * number; after an interrupt the interrupt status is then set, and any other failure is reported
   * by the next call. If the socket is closed meanwhile, the call always throws. A time limit
   * applies to each piece that is sent.
   *
   * @param file the file, open for reading
   * @param position the position of the first byte, in bytes from the beginning of the file
   * @param count the number of bytes
   * @return the number of bytes sent, fewer than requested only if the file ends before or sending
   *     fails
   * @throws IllegalArgumentException if the position or the count is negative, or both together
   *     overflow; or if {@link RingFile#read(MemorySegment, long)} would throw it
   * @throws java.nio.channels.NonReadableChannelException if the file was not opened for reading
   * @throws IOException if the operation fails, as described in {@link RingSocket}, and for the
   *     file
   */
  public long sendFile(RingFile file, long position, long count) throws IOException {
    requireCount(count);
    Arguments.requirePosition(position, count);
    return sendRange(file, position, count);
  }

  /**
   * Sends all remaining bytes of a buffer, such as the head of an HTTP response, and then a range
   * of a file, so that the first packet has bytes of both ({@code MSG_MORE}); see {@link
   * #writeFully(ByteBuffer)} and {@link #sendFile(RingFile, long, long)}.
   *
   * @param head the bytes to send first, any number; its position is advanced
   * @param file the file, open for reading
   * @param position the position of the first byte, in bytes from the beginning of the file
   * @param count the number of bytes
   * @return the number of bytes of the file that were sent, fewer than requested only if the file
   *     ends before or sending them fails
   * @throws IllegalArgumentException if {@link #sendFile(RingFile, long, long)} would throw it
   * @throws IllegalStateException if the buffer's arena is closed
   * @throws java.nio.channels.NonReadableChannelException if the file was not opened for reading
   * @throws IOException if sending the head fails, or if {@link #sendFile(RingFile, long, long)}
   *     would throw it
   */
  public long sendFile(ByteBuffer head, RingFile file, long position, long count)
      throws IOException {
    requireCount(count);
    Arguments.requirePosition(position, count);
    requireReadable(file, position);
    boolean follows = count > 0 && file.size() > position; // else the head would wait for more
    if (head.hasRemaining()) {
      int more = follows ? Constants.MSG_MORE : 0;
      writeFully(head, Constants.MSG_WAITALL | more);
    }
    return sendRange(file, position, count);
  }

  /** Refuses a file that cannot be read, as a step does when it is made. */
  private static void requireReadable(RingFile file, long position) {
    if (file.directAlignment() == 1) { // else the length is checked, too
      var _ = Step.read(file, ANY_BYTE, position);
    }
  }

  private long sendRange(RingFile file, long position, long count) throws IOException {
    Handle source = Handle.of(file);
    LongAdder sent = new LongAdder();
    return inSteps(
        () ->
            source.inSteps(
                () -> {
                  try {
                    if (count > spliceAbove) {
                      SplicedFile.send(
                          source, socketHandle(), position, count, timeoutNanos(), sent::add);
                    }
                    sendPieces(file, source, position, count, sent);
                    return sent.sum();
                  } catch (IOException e) {
                    if (!isOpen()) {
                      throw e; // after a close the number of bytes sent does not matter
                    }
                    return Progress.before(e, sent.sum());
                  }
                }));
  }

  /** Sends a range of a file as it is in the page cache, and copies what is not there. */
  private void sendPieces(RingFile file, Handle source, long position, long count, LongAdder sent)
      throws IOException {
    CachedFile cached = CachedFile.of(source, socketHandle(), count, timeoutNanos());
    long done = sent.sum();
    while (done < count) {
      if (cached != null) {
        cached.send(position + done, count - done, sent::add);
        done = sent.sum();
        if (done == count) {
          return;
        }
      }
      long piece = cached == null ? count - done : Math.min(count - done, SEND_FILE_BYTES);
      sendCopying(file, position + done, piece, sent::add);
      if (sent.sum() < done + piece) {
        return; // the file ends
      }
      done = sent.sum();
    }
  }

  /** Sends a range of a file, and reports the number of bytes sent after each send. */
  private void sendCopying(RingFile file, long position, long count, LongConsumer sent)
      throws IOException {
    int step = Math.clamp(count, 1, SEND_FILE_BYTES);
    try (ScratchMemory scratch = ScratchMemory.take(step)) {
      long done = 0;
      while (done < count) {
        MemorySegment piece = scratch.segment().asSlice(0, Math.min(step, count - done));
        int n = file.read(piece, position + done);
        if (n < 0) {
          return;
        }
        Deadline deadline = deadline();
        for (int taken = 0; taken < n; ) {
          MemorySegment rest = piece.asSlice(taken, n - taken);
          int more = transfer.send(rest, Constants.MSG_WAITALL, left(deadline));
          sent.accept(more);
          taken += more;
        }
        done += n;
      }
    }
  }

  // ---- the socket as a whole -----------------------------------------------------------------

  /**
   * Shuts down the input side, without telling the peer ({@code IORING_OP_SHUTDOWN}, Linux 5.11).
   * Waiting and later reads return the data that has already arrived, and then the end of the
   * stream.
   *
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public void shutdownInput() throws IOException {
    socket().shutdown(Constants.SHUT_RD, timeoutNanos());
  }

  /**
   * Shuts down the output side ({@code IORING_OP_SHUTDOWN}, Linux 5.11). The peer reads the end of
   * the stream after all bytes sent.
   *
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public void shutdownOutput() throws IOException {
    socket().shutdown(Constants.SHUT_WR, timeoutNanos());
  }

  /**
   * Returns the peer's address ({@code getpeername(2)}). Does not wait for the peer; an interrupt
   * does not end the call.
   *
   * @return an address of a type that {@link #localAddress} returns
   * @throws java.nio.channels.NotYetConnectedException if the socket is not connected
   * @throws java.nio.channels.ClosedChannelException if the socket is closed
   * @throws IOException if the kernel refuses
   */
  public SocketAddress remoteAddress() throws IOException {
    return socket().remoteAddress();
  }

  @Override
  public String toString() {
    return "RingSocket[%s]".formatted(socketHandle());
  }

  private Deadline deadline() {
    return Deadline.after(timeoutNanos());
  }

  private long left(Deadline deadline) throws IOException {
    return deadline.left(socketHandle().engine());
  }

  private static int endOrCount(int count) {
    return count == 0 ? -1 : count;
  }

  private static long endOrCount(long count) {
    return count == 0 ? -1 : count;
  }

  static void requireWritable(ByteBuffer target) {
    if (target.isReadOnly()) {
      throw new IllegalArgumentException("Read-only buffer");
    }
  }

  static MemorySegment segment(ByteBuffer buffer) {
    if (!buffer.hasRemaining()) {
      throw new IllegalArgumentException("the buffer has no bytes remaining");
    }
    MemorySegment segment = MemorySegment.ofBuffer(buffer);
    Lending.requireAccessible(segment);
    return segment;
  }

  private static MemorySegment[] segments(ByteBuffer[] buffers) {
    MemorySegment[] segments = LentVector.segments(buffers);
    for (MemorySegment segment : segments) {
      Lending.requireAccessible(segment);
    }
    return segments;
  }
}
