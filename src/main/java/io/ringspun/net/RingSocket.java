package io.ringspun.net;

import io.ringspun.Descriptor;
import io.ringspun.Lease;
import io.ringspun.Ring;
import io.ringspun.RingGroup;
import io.ringspun.buffer.BufferRing;
import io.ringspun.buffer.ReceiveStream;
import io.ringspun.file.RingFile;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.memory.Arguments;
import io.ringspun.internal.memory.Lending;
import io.ringspun.internal.memory.LentVector;
import io.ringspun.internal.memory.ScratchMemory;
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
import io.ringspun.raw.TableSlot;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.ProtocolFamily;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongConsumer;

/**
 * A stream socket, TCP or Unix, whose calls go through a {@link Ring}.
 *
 * <p>Each method that says so blocks until the kernel reports the operation complete. A virtual
 * thread parks meanwhile and gives up its carrier; a platform thread waits. An operation goes to
 * the ring that carries the calling thread, else to the ring that the socket was opened with.
 *
 * <p>Safe for use by many threads; one may read while another writes. What several threads write at
 * once may be mixed, except for what one call writes at one go.
 *
 * <p>A segment is lent to the kernel until the method returns, normally or not: do not touch or
 * free it before then. A segment of a shared arena is copied, and so is a heap {@link ByteBuffer}.
 *
 * <p>An interrupt cancels the operation and leaves the socket open; see {@link Ring}. {@code
 * readFully} and {@code writeFully} may take several operations. If an interrupt or a time limit
 * ends them, {@link java.io.InterruptedIOException#bytesTransferred} says how many bytes were
 * moved. Every blocking method throws
 *
 * <ul>
 *   <li>{@link java.nio.channels.ClosedChannelException} if the socket is closed already, and
 *       {@link java.nio.channels.AsynchronousCloseException} if it is closed meanwhile, even if the
 *       peer ends or resets the connection at that moment; bytes that have been transferred by then
 *       are returned;
 *   <li>{@link java.io.InterruptedIOException} if the thread is interrupted, unless the operation
 *       had succeeded by then;
 *   <li>{@link io.ringspun.OperationTimeoutException} if a time limit ends it;
 *   <li>{@link io.ringspun.RingClosedException} and {@link io.ringspun.RingFailedException} if its
 *       ring is gone;
 *   <li>{@link io.ringspun.OperationException} with the kernel's error number if the kernel
 *       refuses, or the exception of {@code java.net} for that number, with the former as its
 *       cause.
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

  private final long zeroCopyAbove;
  private final long spliceAbove;
  private final StreamTransfer transfer;

  private RingSocket(SocketHandle socket, long timeoutNanos, long zeroCopyAbove, long spliceAbove) {
    super(socket, timeoutNanos);
    this.zeroCopyAbove = zeroCopyAbove;
    this.spliceAbove = spliceAbove;
    transfer = new StreamTransfer(socket.handle(), zeroCopyAbove);
  }

  /** Takes charge of a stream socket. */
  static RingSocket of(Handle handle, Family family) {
    return new RingSocket(stream(handle, family), 0, NEVER, NEVER);
  }

  private static SocketHandle stream(Handle handle, Family family) {
    return new SocketHandle(handle, family, true);
  }

  // ---- opening -------------------------------------------------------------------------------

  /**
   * Opens a socket that is not connected yet ({@code IORING_OP_SOCKET}, Linux 5.19). Does not wait
   * for anyone.
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
  public static RingSocket open(Ring ring, ProtocolFamily family, SocketOpenOption... options)
      throws IOException {
    boolean registered = SocketOpenOption.isRegistered(options);
    return open(EngineAccess.of(ring), Sockets.family(family), registered);
  }

  /**
   * Takes a stream socket out of a slot, whose operations in flight are cancelled, and which is
   * closed: this has its place in the ring's table. The socket is {@linkplain
   * SocketOpenOption#REGISTERED registered}. Does not wait for anyone. If it fails, the slot is as
   * before.
   *
   * @param slot what a chain has opened or accepted
   * @return the socket, for the caller to close
   * @throws java.nio.channels.ClosedChannelException if the slot is closed
   * @throws IOException if there is something else in it, or nothing ({@code EBADF}); and if it
   *     fails otherwise, as described in {@link RingSocket}
   */
  public static RingSocket take(TableSlot slot) throws IOException {
    Family family = SocketKind.STREAM.requireFamily(handleOf(slot));
    return of(taken(slot), family);
  }

  private static RingSocket open(Engine home, Family family, boolean registered)
      throws IOException {
    int number = Sockets.open(home, family, Constants.SOCK_STREAM, registered);
    return of(Sockets.handle(number, home, registered), family);
  }

  /**
   * Connects to a peer, with a ring of the {@linkplain RingGroup#shared() shared group} as the
   * socket's home; see {@link #connect(Ring, SocketAddress, SocketOpenOption...)}.
   *
   * @param remote the peer's address
   * @return the socket, for the caller to close
   * @throws IOException if the operation fails, as described in {@link #connect(Ring,
   *     SocketAddress, SocketOpenOption...)}
   */
  public static RingSocket connect(SocketAddress remote) throws IOException {
    return connect(RingGroup.shared().next(), remote);
  }

  /**
   * Connects to a peer ({@code IORING_OP_CONNECT}, Linux 5.5). Blocks until it has answered, or the
   * kernel gives up.
   *
   * @param ring the socket's home ring
   * @param remote an {@link java.net.InetSocketAddress}, {@link java.net.UnixDomainSocketAddress}
   *     or {@link AbstractUnixAddress}
   * @param options how to open the socket
   * @return the socket, for the caller to close
   * @throws IllegalArgumentException if it is to be {@linkplain SocketOpenOption#REGISTERED
   *     registered} and the ring has no table
   * @throws java.nio.channels.UnresolvedAddressException if it is a name that was not found
   * @throws java.nio.channels.UnsupportedAddressTypeException if it is of another type
   * @throws java.net.ConnectException if the peer refuses, or does not answer for as long as the
   *     kernel tries
   * @throws java.net.NoRouteToHostException if there is no way to it
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
   * @param ring the socket's home ring
   * @param remote whom to connect to
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
   * Connects to a host by its name, with a ring of the {@linkplain RingGroup#shared() shared group}
   * as the socket's home; see {@link #connect(Ring, String, int)}.
   *
   * @param host a name or an address in text
   * @param port 0 to 65,535
   * @return the socket, for the caller to close
   * @throws IllegalArgumentException if the port is out of range
   * @throws java.net.UnknownHostException if the name has no address
   * @throws IOException if none of its addresses answers
   */
  public static RingSocket connect(String host, int port) throws IOException {
    return connect(RingGroup.shared().next(), host, port);
  }

  /**
   * Connects to a host by its name. Blocks until the name's addresses are known, which is found out
   * on a thread that no ring needs, then tries each in turn until one answers.
   *
   * @param ring the socket's home ring
   * @param host a name or an address in text
   * @param port 0 to 65,535
   * @return the socket, for the caller to close
   * @throws IllegalArgumentException if the port is out of range
   * @throws java.net.UnknownHostException if the name has no address
   * @throws IOException as {@link #connect(Ring, SocketAddress, SocketOpenOption...)} threw for the
   *     first address, with what it threw for the others as suppressed exceptions; and if it fails
   *     otherwise, as described in {@link RingSocket}
   */
  public static RingSocket connect(Ring ring, String host, int port) throws IOException {
    return connect(EngineAccess.of(ring), host, port, 0);
  }

  /**
   * Connects to a host by its name within a time limit, which is for the name and all its addresses
   * together; see {@link #connect(Ring, String, int)}. No address gets more than its share of what
   * is left.
   *
   * @param ring the socket's home ring
   * @param host a name or an address in text
   * @param port 0 to 65,535
   * @param limit positive
   * @return the socket, without a limit for later calls, for the caller to close
   * @throws io.ringspun.OperationTimeoutException if it took too long
   * @throws IllegalArgumentException if the limit is not positive or the port is out of range
   * @throws IOException if the operation fails, as described in {@link #connect(Ring, String, int)}
   */
  public static RingSocket connect(Ring ring, String host, int port, Duration limit)
      throws IOException {
    return connect(EngineAccess.of(ring), host, port, Arguments.timeoutNanos(limit));
  }

  private static RingSocket connect(Engine home, String host, int port, long limitNanos)
      throws IOException {
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
   * Gives the socket an address of its own ({@code bind(2)}). Does not block.
   *
   * @param local where; port 0 has the kernel choose one
   * @throws java.nio.channels.UnsupportedAddressTypeException if the socket is of another family
   * @throws java.net.BindException if the address is in use or not of this machine
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public void bind(SocketAddress local) throws IOException {
    socket().bind(local);
  }

  /**
   * Connects an open socket; see {@link #connect(Ring, SocketAddress, SocketOpenOption...)}. After
   * a failure, an interrupt or the end of the time limit the socket can only be closed.
   *
   * @param remote whom to connect to
   * @throws java.nio.channels.UnsupportedAddressTypeException if the socket is of another family
   * @throws java.nio.channels.AlreadyConnectedException if it is connected already
   * @throws IOException if the operation fails, as described in {@link #connect(SocketAddress)}
   */
  public void connectTo(SocketAddress remote) throws IOException {
    socket().connect(remote, timeoutNanos());
  }

  /**
   * Returns this socket with a time limit on every call: a call that is not over in time is
   * cancelled and throws {@link io.ringspun.OperationTimeoutException}; what had been received by
   * then is returned. The socket is the same, so closing either closes both.
   *
   * @param limit positive
   * @return another view of this socket
   * @throws IllegalArgumentException if not positive
   */
  public RingSocket withTimeout(Duration limit) {
    long nanos = Arguments.timeoutNanos(limit);
    return new RingSocket(socket(), nanos, zeroCopyAbove, spliceAbove);
  }

  /**
   * Makes a descriptor of the process for this registered socket, close-on-exec, which operations
   * of any ring can use ({@code IORING_OP_FIXED_FD_INSTALL}, Linux 6.8). It is the same connection,
   * which ends when both are closed; it stays open when this one is closed, and when the ring is.
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
   * Puts this socket into the table of a ring, too ({@code IORING_OP_FILES_UPDATE} with {@code
   * IORING_FILE_INDEX_ALLOC}, Linux 5.19), so that the kernel need not look up its descriptor for
   * each operation. It is the same connection, which ends when both are closed. Blocks for no
   * longer than that takes.
   *
   * @param ring opened with {@link io.ringspun.RingOptions#withRegisteredFiles}
   * @return a registered socket, whose home is that ring, for the caller to close
   * @throws IllegalStateException if this socket is registered already
   * @throws IllegalArgumentException if the ring has no table
   * @throws IOException if the operation fails, as described in {@link RingSocket}; {@code ENFILE}
   *     if the table is full
   */
  public RingSocket registerWith(Ring ring) throws IOException {
    Handle registered = socket().register(EngineAccess.of(ring), timeoutNanos());
    return new RingSocket(stream(registered, family()), timeoutNanos(), zeroCopyAbove, spliceAbove);
  }

  /**
   * Returns this socket with writes that do not copy: of more than so many bytes, what {@code
   * write} and {@code writeFully} are given goes from its memory to the network card ({@code
   * IORING_OP_SEND_ZC}, Linux 6.0, and {@code SENDMSG_ZC}, 6.1). Worth it for some ten kilobytes
   * and more, over a real network; the loopback interface copies all the same.
   *
   * <p>Such a write returns when the kernel needs the memory no more, which is when the peer has
   * acknowledged all of it. Nothing ends that wait early: after an interrupt, a time limit or a
   * close, what had been taken is returned, but no sooner; a peer that does not read can hold the
   * caller for as long as the kernel keeps the connection. Closing the socket does not wait for it,
   * and with {@link java.net.StandardSocketOptions#SO_LINGER} of 0 gives the peer up.
   *
   * <p>Memory that is copied first, heap memory for instance, is sent as usual, and so is
   * everything where the kernel refuses: on Unix sockets, or where too much memory would be locked.
   *
   * @param bytes at least 0
   * @return another view of this socket; closing either closes both
   * @throws IllegalArgumentException if negative
   */
  public RingSocket withZeroCopyAbove(long bytes) {
    requireCount(bytes);
    return new RingSocket(socket(), timeoutNanos(), bytes, spliceAbove);
  }

  /**
   * Returns this socket with a {@link #sendFile} that copies nothing: of more than so many bytes,
   * what it is asked for goes from the file to the socket by way of a pipe ({@code
   * IORING_OP_SPLICE}, Linux 5.7).
   *
   * <p>Worth it from about 1 MiB on. The kernel has worker threads do that, one step of 1 MiB at a
   * time, so what is small costs more than it does to copy; and a peer that stops to read in the
   * middle of a step occupies one of the ring's workers until it goes on (see {@link
   * io.ringspun.RingOptions#withWorkers}). Files that cannot be spliced are copied.
   *
   * @param bytes at least 0
   * @return another view of this socket; closing either closes both
   * @throws IllegalArgumentException if negative
   */
  public RingSocket withSpliceAbove(long bytes) {
    requireCount(bytes);
    return new RingSocket(socket(), timeoutNanos(), zeroCopyAbove, bytes);
  }

  private static void requireCount(long bytes) {
    if (bytes < 0) {
      throw new IllegalArgumentException("the number of bytes is negative: " + bytes);
    }
  }

  // ---- reading -------------------------------------------------------------------------------

  /**
   * Receives bytes ({@code IORING_OP_RECV}, Linux 5.6). Blocks until there is one, or the peer will
   * send no more. That the peer reset the connection the kernel tells only one call; those behind
   * it find the end of the stream.
   *
   * @param target where the bytes go
   * @return the bytes received, at least 1, or -1 at the end of the stream
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
   * Receives bytes into the buffer of a lease, whose size is asked for; {@link Lease#filled} shows
   * them. See {@link #read(MemorySegment)}.
   *
   * @param target where the bytes go
   * @return the bytes received, at least 1, or -1 at the end of the stream
   * @throws IllegalStateException if the lease is closed
   * @throws WrongThreadException if another thread took the lease
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public int read(Lease target) throws IOException {
    LentBuffer buffer = LentBuffer.of(target);
    buffer.filled(0); // what the kernel leaves there before it fails is not for reading
    int n = transfer.receive(buffer, timeoutNanos());
    buffer.filled(n);
    return endOrCount(n);
  }

  /**
   * Receives bytes into a buffer, from its position to its limit, and moves its position; see
   * {@link #read(MemorySegment)}. A heap buffer is copied.
   *
   * @param target where the bytes go
   * @return the bytes received, at least 1, or -1 at the end of the stream
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
   * Linux 5.3); see {@link #read(MemorySegment)}. At most 1,024 of them are used.
   *
   * @param targets where the bytes go
   * @return the bytes received, at least 1, or -1 at the end of the stream
   * @throws IllegalArgumentException if there is no segment, or one is unfit for the reasons given
   *     there
   * @throws IllegalStateException if the arena of one is closed
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public long read(MemorySegment[] targets) throws IOException {
    for (MemorySegment target : targets) {
      Lending.requireUsable(target, true);
    }
    return endOrCount(transfer.receive(targets, timeoutNanos()));
  }

  /**
   * Receives bytes into several buffers, filling one after the other, and moves their positions;
   * see {@link #read(MemorySegment[])}. Full ones are passed over.
   *
   * @param targets where the bytes go
   * @return the bytes received, at least 1, or -1 at the end of the stream
   * @throws IllegalArgumentException if all are full, or one is read-only or confined to another
   *     thread
   * @throws IllegalStateException if the arena of one is closed
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
   * Receives until a segment is full.
   *
   * @param target where the bytes go; any size
   * @throws EOFException if the stream ends before; what there was is in the segment
   * @throws IllegalArgumentException for the reasons of {@link #read(MemorySegment)}
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
   * Receives until a buffer has no room left, and moves its position.
   *
   * @param target where the bytes go
   * @throws EOFException if the stream ends before; what there was is in the buffer
   * @throws IllegalArgumentException for the reasons of {@link #read(ByteBuffer)}
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
   * Receives bytes, and with them the descriptors that the peer passes along ({@code
   * IORING_OP_RECVMSG} with {@code SCM_RIGHTS}, Linux 5.3), on a Unix socket. They are new
   * descriptors of this process, close-on-exec, for what the peer has open. They come with the
   * first of the bytes that they were {@linkplain #writePassing sent with}; a read for those bytes
   * by another method closes them unseen. Otherwise as {@link #read(MemorySegment)}.
   *
   * @param target where the bytes go
   * @param passed where the descriptors go, behind those that it has
   * @return the bytes received, at least 1, or -1 at the end of the stream
   * @throws DescriptorsLostException if there was no room for some of the descriptors; the bytes
   *     are in the segment, and the others in {@code passed}
   * @throws UnsupportedOperationException if this is no Unix socket
   * @throws IllegalArgumentException if the segment is empty, on the heap, read-only, or confined
   *     to another thread
   * @throws IllegalStateException if {@code passed} is closed, or the segment's arena
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public int read(MemorySegment target, PassedDescriptors passed) throws IOException {
    Lending.requireUsable(target, true);
    int n = receive(target, passed);
    passed.requireAll(n);
    return endOrCount(n);
  }

  /**
   * Receives bytes into a buffer, from its position to its limit, and moves its position, and with
   * them the descriptors that the peer passes along; see {@link #read(MemorySegment,
   * PassedDescriptors)}. A heap buffer is copied.
   *
   * @param target where the bytes go
   * @param passed where the descriptors go, behind those that it has
   * @return the bytes received, at least 1, or -1 at the end of the stream
   * @throws DescriptorsLostException if there was no room for some of the descriptors; the bytes
   *     are in the buffer, and the others in {@code passed}
   * @throws UnsupportedOperationException if this is no Unix socket
   * @throws IllegalArgumentException if the buffer is full, read-only, or confined to another
   *     thread
   * @throws IllegalStateException if {@code passed} is closed, or the buffer's arena
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
   * Begins to receive bytes into buffers that the kernel takes when they arrive ({@code
   * IORING_OP_RECV} with {@code IORING_RECV_MULTISHOT}, Linux 6.0), on the buffers' ring. Does not
   * block. This view's time limit holds for each chunk.
   *
   * @param buffers where the bytes go
   * @return a stream, for the caller to close
   * @throws IllegalArgumentException if the socket is registered with another ring
   * @throws java.nio.channels.ClosedChannelException if the socket or the buffers are closed
   * @throws IOException if another I/O error occurs
   */
  public ReceiveStream receive(BufferRing buffers) throws IOException {
    return (ReceiveStream) ReceiveAccess.receive(buffers, Handle.of(this), RECEIVE, timeoutNanos());
  }

  /**
   * Begins to receive bytes in the same way, as many buffers at once as there are bytes for ({@code
   * IORING_RECVSEND_BUNDLE}, Linux 6.10; else one at a time): cheaper where much arrives into small
   * buffers. The stream is the same, a chunk for each buffer. Kernels before 6.16 had errors by
   * which bytes could change their order; their maintainers may have corrected them.
   *
   * @param buffers where the bytes go
   * @return a stream, for the caller to close
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
   * Sends bytes ({@code IORING_OP_SEND}, Linux 5.6). Blocks until the kernel has taken some, which
   * it does when the peer keeps up.
   *
   * @param source the bytes
   * @return the bytes taken, at least 1 and perhaps fewer than asked for
   * @throws IllegalArgumentException if the segment is empty, on the heap, or confined to another
   *     thread
   * @throws IllegalStateException if the segment's arena is closed
   * @throws IOException if the operation fails, as described in {@link RingSocket}; {@code EPIPE}
   *     or {@code ECONNRESET} if the peer is gone
   */
  public int write(MemorySegment source) throws IOException {
    Lending.requireUsable(source, false);
    return transfer.send(source, 0, timeoutNanos());
  }

  /**
   * Sends a buffer's bytes, from its position to its limit, and moves its position; see {@link
   * #write(MemorySegment)}. A heap buffer is copied.
   *
   * @param source the bytes
   * @return the bytes taken, at least 1 and perhaps fewer than asked for
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
   * #write(MemorySegment)}. At most 1,024 of them are used.
   *
   * @param sources the bytes
   * @return the bytes taken, at least 1 and perhaps fewer than asked for
   * @throws IllegalArgumentException if there is no segment, or one is unfit for the reasons given
   *     there
   * @throws IllegalStateException if the arena of one is closed
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public long write(MemorySegment[] sources) throws IOException {
    for (MemorySegment source : sources) {
      Lending.requireUsable(source, false);
    }
    return transfer.send(sources, 0, timeoutNanos());
  }

  /**
   * Sends several buffers, one after the other, and moves their positions; see {@link
   * #write(MemorySegment[])}. Empty ones are passed over.
   *
   * @param sources the bytes
   * @return the bytes taken, at least 1 and perhaps fewer than asked for
   * @throws IllegalArgumentException if all are empty, or one is confined to another thread
   * @throws IllegalStateException if the arena of one is closed
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public long write(ByteBuffer[] sources) throws IOException {
    long n = transfer.send(segments(sources), 0, timeoutNanos());
    LentVector.advance(sources, n);
    return n;
  }

  /**
   * Sends the first bytes of the buffer of a lease: what was read into it, or put into its {@link
   * Lease#segment}; bytes that are neither are sent as zeros. If they are more than {@link
   * #withZeroCopyAbove} says, they are not copied, and on the ring of the lease's pool, if that is
   * registered, the kernel need not pin them either ({@code IORING_OP_SEND_ZC} with {@code
   * IORING_RECVSEND_FIXED_BUF}, Linux 6.0); see {@link #write(MemorySegment)}.
   *
   * @param source the bytes
   * @param length how many of them, from 1 to the size of the buffer
   * @return the bytes taken, at least 1 and perhaps fewer than asked for
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
   * Sends the first bytes of the buffer of a lease, all of them; see {@link #write(Lease, int)}. If
   * it fails otherwise than by an interrupt or a time limit, an unknown part has been sent.
   *
   * @param source the bytes
   * @param length how many of them, from 1 to the size of the buffer
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
   * Sends bytes, and passes open files and sockets along with the first of them ({@code
   * IORING_OP_SENDMSG} with {@code SCM_RIGHTS}, Linux 5.3), on a Unix socket. The peer gets
   * descriptors of its own, in this order; see {@link #read(MemorySegment, PassedDescriptors)}.
   * What is passed stays open here until the call returns, and may then be closed. To close it
   * sooner ends the call as closing the socket does. If the call fails, nothing was passed.
   *
   * <p>What stands behind a descriptor is shared: both have the same offset and status flags, as
   * after {@code dup(2)}.
   *
   * @param source the bytes
   * @param passed files, directories, sockets and listeners, at most 253
   * @return the bytes taken, at least 1 and perhaps fewer than asked for; all descriptors went with
   *     them
   * @throws UnsupportedOperationException if this is no Unix socket
   * @throws IllegalArgumentException if the segment is empty, on the heap, or confined to another
   *     thread, there are more than 253 descriptors, or one is a {@linkplain
   *     io.ringspun.file.RingOpenOption#REGISTERED registered} file, which has none
   * @throws IllegalStateException if the segment's arena is closed
   * @throws java.nio.channels.ClosedChannelException if one of the descriptors is closed
   * @throws IOException if the operation fails, as described in {@link RingSocket}; {@code
   *     ETOOMANYREFS} if this user has too many descriptors on their way
   */
  public int writePassing(MemorySegment source, Descriptor... passed) throws IOException {
    Lending.requireUsable(source, false);
    return send(source, passed);
  }

  /**
   * Sends a buffer's bytes, from its position to its limit, moves its position, and passes open
   * files and sockets along; see {@link #writePassing(MemorySegment, Descriptor...)}. A heap buffer
   * is copied.
   *
   * @param source the bytes
   * @param passed files, directories, sockets and listeners, at most 253
   * @return the bytes taken, at least 1 and perhaps fewer than asked for; all descriptors went with
   *     them
   * @throws UnsupportedOperationException if this is no Unix socket
   * @throws IllegalArgumentException if the buffer is empty or confined to another thread, or for
   *     the other reasons given there
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
   * Sends a segment whole ({@code IORING_OP_SEND} with {@code MSG_WAITALL}). If it fails otherwise
   * than by an interrupt or a time limit, an unknown part has been sent.
   *
   * @param source the bytes; any size
   * @throws IllegalArgumentException for the reasons of {@link #write(MemorySegment)}
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
   * Sends a buffer whole, and moves its position; see {@link #writeFully(MemorySegment)}.
   *
   * @param source the bytes
   * @throws IllegalArgumentException for the reasons of {@link #write(ByteBuffer)}
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public void writeFully(ByteBuffer source) throws IOException {
    Deadline deadline = deadline();
    moveAll(
        segment(source).byteSize(),
        _ -> {
          int n = transfer.send(segment(source), Constants.MSG_WAITALL, left(deadline));
          source.position(source.position() + n);
          return n;
        });
  }

  /**
   * Sends a part of a file, by reading and sending 128 KiB at a time, or as {@link
   * #withSpliceAbove} says. If it fails when some bytes have been sent, it returns their number; an
   * interrupt is pending then, and any other failure comes again with the next call. Only a close
   * of the socket is told by an exception in any case.
   *
   * @param file what to read, opened for that
   * @param position where to begin, in bytes from the beginning of the file
   * @param count how many bytes
   * @return how many were sent: fewer than asked for only if the file ends before, or if it fails
   * @throws IllegalArgumentException if the position or the count is negative, or both together
   *     overflow; or for the reasons of {@link RingFile#read(MemorySegment, long)}
   * @throws java.nio.channels.NonReadableChannelException if the file was not opened for reading
   * @throws IOException if the operation fails, as described in {@link RingSocket}, and for the
   *     file
   */
  public long sendFile(RingFile file, long position, long count) throws IOException {
    requireCount(count);
    Arguments.requirePosition(position, count);
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
                    sendCopying(file, position + sent.sum(), count - sent.sum(), sent::add);
                    return sent.sum();
                  } catch (IOException e) {
                    if (!isOpen()) {
                      throw e; // who closes the socket gives up what was sent
                    }
                    return Progress.before(e, sent.sum());
                  }
                }));
  }

  /** Sends a part of a file, and tells piece by piece what was sent. */
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
   * Ends reading, here only ({@code IORING_OP_SHUTDOWN}, Linux 5.11): reads that wait, and later
   * ones, find the end of the stream once they have what had arrived.
   *
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public void shutdownInput() throws IOException {
    socket().shutdown(Constants.SHUT_RD, timeoutNanos());
  }

  /**
   * Ends writing ({@code IORING_OP_SHUTDOWN}, Linux 5.11): the peer finds the end of the stream
   * behind all that was sent.
   *
   * @throws IOException if the operation fails, as described in {@link RingSocket}
   */
  public void shutdownOutput() throws IOException {
    socket().shutdown(Constants.SHUT_WR, timeoutNanos());
  }

  /**
   * Returns the peer's address. Does not block.
   *
   * @return an address as {@link #localAddress} returns it
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
      throw new IllegalArgumentException("the buffer has nothing remaining");
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
