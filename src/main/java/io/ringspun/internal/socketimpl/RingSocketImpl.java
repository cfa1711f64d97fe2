package io.ringspun.internal.socketimpl;

import io.ringspun.OperationTimeoutException;
import io.ringspun.Ring;
import io.ringspun.RingGroup;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.net.Family;
import io.ringspun.internal.net.Hosts;
import io.ringspun.internal.net.NetErrors;
import io.ringspun.internal.net.SocketErrors;
import io.ringspun.internal.net.SocketHandle;
import io.ringspun.internal.net.Sockets;
import io.ringspun.internal.net.StreamTransfer;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.internal.ring.RawHandle;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Cleaner;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketImpl;
import java.net.SocketOption;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.net.UnknownHostException;
import java.nio.channels.UnsupportedAddressTypeException;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The implementation of a {@link java.net.Socket} or {@link java.net.ServerSocket}: a stream socket
 * whose blocking calls go through a ring, and which otherwise behaves like the JDK's, including
 * exceptions and their messages. It does not send urgent data.
 *
 * <p>One thread reads, connects or accepts at a time, and one writes; others wait their turn.
 * Closing ends all of them with a {@link SocketException}.
 */
public final class RingSocketImpl extends SocketImpl {
  private static final int TRANSFER_BYTES_MAX = 128 << 10;
  private static final int BACKLOG = 50;

  private static final Set<SocketOption<?>> NOT_OF_SERVERS =
      Set.of(
          StandardSocketOptions.SO_KEEPALIVE,
          StandardSocketOptions.SO_LINGER,
          StandardSocketOptions.SO_SNDBUF,
          StandardSocketOptions.TCP_NODELAY);

  private static final Cleaner CLEANER = Cleaner.create();

  private final @Nullable Ring ring; // null for the shared one

  private final ReentrantLock readLock = new ReentrantLock(); // for connect and accept as well
  private final ReentrantLock writeLock = new ReentrantLock();

  // Guarded by readLock.
  private boolean ended;
  private boolean reset;

  // Changed under the monitor of this object, read by any thread.
  private volatile boolean server;
  private volatile @Nullable SocketHandle socket;
  private volatile Cleaner.@Nullable Cleanable cleanable;
  private volatile boolean closed;

  private volatile boolean connected; // set by the thread that connects
  private volatile boolean inputClosed; // set by any thread
  private volatile int timeoutMillis; // 0 for none; set by any thread

  /**
   * Creates what {@link #create} or {@link #accept} makes a socket of.
   *
   * @param ring the home ring, or null for the shared one
   * @param server whether it is for a server socket
   */
  public RingSocketImpl(@Nullable Ring ring, boolean server) {
    this.ring = ring;
    this.server = server;
  }

  // ---- beginning -----------------------------------------------------------------------------

  @Override
  protected void create(boolean stream) throws IOException {
    if (!stream) {
      throw new IOException("Datagram socket creation not supported");
    }
    Engine home = EngineAccess.of(ring != null ? ring : RingGroup.shared().nextHome());
    synchronized (this) {
      if (socket != null || closed) {
        throw new IOException("Already created");
      }
      own(open(home));
    }
    if (server) {
      setOption(StandardSocketOptions.SO_REUSEADDR, true);
    }
  }

  /**
   * Opens a socket for both protocols, or for IPv4 if the system has no IPv6 or IPv4 is preferred.
   */
  private static SocketHandle open(Engine home) throws IOException {
    if (!Boolean.getBoolean("java.net.preferIPv4Stack")) {
      try {
        SocketHandle socket = open(home, Family.INET6);
        LegacyOptions.setFlag(socket, Constants.IPPROTO_IPV6, Constants.IPV6_V6ONLY, false);
        return socket;
      } catch (UnsupportedOperationException _) {
        // There is no IPv6 here.
      }
    }
    return open(home, Family.INET);
  }

  private static SocketHandle open(Engine home, Family family) throws IOException {
    int fd = uninterrupted(() -> Sockets.open(home, family, Constants.SOCK_STREAM, false));
    return socket(fd, family, home);
  }

  /** Takes ownership of a socket on which interrupts do what they do in the JDK. */
  private static SocketHandle socket(int fd, Family family, Engine home) {
    RawHandle handle = new RawHandle(fd, false, home).takingInterruptsAsJdk();
    handle.noteStream();
    return new SocketHandle(handle, family, true);
  }

  /** Takes ownership of a socket, and closes it if this object is forgotten. */
  private void own(SocketHandle opened) {
    socket = opened;
    cleanable = CLEANER.register(this, () -> closeForgotten(opened));
  }

  private static void closeForgotten(SocketHandle socket) {
    try {
      socket.close(); // does nothing if it was closed in time
    } catch (IOException _) {
      // No caller could handle the error.
    }
  }

  private SocketHandle open() throws SocketException {
    if (closed) {
      throw new SocketException("Socket closed");
    }
    SocketHandle open = socket;
    if (open == null) {
      throw new SocketException("Socket not created");
    }
    return open;
  }

  private SocketHandle connected() throws SocketException {
    SocketHandle open = open();
    if (!connected) {
      throw new SocketException("Not connected");
    }
    return open;
  }

  @Override
  protected void connect(String host, int port) throws IOException {
    connect(Hosts.address(host, port), 0);
  }

  @Override
  protected void connect(InetAddress host, int port) throws IOException {
    connect(new InetSocketAddress(host, port), 0);
  }

  @Override
  protected void connect(SocketAddress remote, int millis) throws IOException {
    if (!(remote instanceof InetSocketAddress inet)) {
      throw new IOException("Unsupported address type");
    }
    if (inet.isUnresolved()) {
      throw new UnknownHostException(inet.getHostName());
    }
    InetAddress host = inet.getAddress();
    readLock.lock();
    try {
      connect(host.isAnyLocalAddress() ? Hosts.local() : host, inet.getPort(), millis);
    } catch (OperationTimeoutException e) {
      close();
      throw SocketErrors.timeout("Connect timed out", e);
    } catch (InterruptedIOException e) {
      close();
      throw new SocketException("Closed by interrupt", e);
    } catch (IOException e) {
      IOException translated = SocketErrors.withHost(SocketErrors.of(e, closed), remote);
      close();
      throw translated;
    } finally {
      readLock.unlock();
    }
  }

  private void connect(InetAddress host, int remotePort, int millis) throws IOException {
    SocketHandle open = open();
    if (connected) {
      throw new SocketException("Already connected");
    }
    address = host;
    port = remotePort;
    try {
      InetSocketAddress remote = new InetSocketAddress(host, remotePort);
      open.connect(remote, TimeUnit.MILLISECONDS.toNanos(millis));
    } catch (UnsupportedAddressTypeException e) {
      throw new SocketException("Protocol family unavailable", e);
    }
    localport = localAddress(open).getPort();
    connected = true;
  }

  @Override
  protected void bind(InetAddress host, int localPort) throws IOException {
    SocketHandle open = open();
    if (localport != 0) {
      throw new SocketException("Already bound");
    }
    try {
      open.bind(new InetSocketAddress(host, localPort));
      address = host;
      localport = localAddress(open).getPort();
    } catch (UnsupportedAddressTypeException e) {
      throw new SocketException("Protocol family unavailable", e);
    } catch (IOException e) {
      throw SocketErrors.of(e, closed);
    }
  }

  private static InetSocketAddress localAddress(SocketHandle socket) throws IOException {
    return (InetSocketAddress) socket.localAddress();
  }

  // ---- accepting -----------------------------------------------------------------------------

  @Override
  protected void listen(int backlog) throws IOException {
    SocketHandle open = bound();
    try {
      open.listen(backlog < 1 ? BACKLOG : backlog);
    } catch (IOException e) {
      throw SocketErrors.of(e, closed);
    }
  }

  private SocketHandle bound() throws SocketException {
    SocketHandle open = open();
    if (localport == 0) {
      throw new SocketException("Not bound");
    }
    return open;
  }

  /**
   * Waits for a connection.
   *
   * @param target an impl of this class that was not created; its socket will be the connection
   */
  @Override
  protected void accept(SocketImpl target) throws IOException {
    if (!(target instanceof RingSocketImpl blank) || blank.socket != null) {
      throw new SocketException("Not a newly created SocketImpl");
    }
    SocketHandle listener = bound();
    Engine home = listener.handle().engine();
    SocketHandle.Accepted connection = accept();
    SocketHandle accepted = socket(connection.fd(), listener.family(), home);
    try {
      blank.become(accepted, (InetSocketAddress) connection.peer());
    } catch (IOException | RuntimeException | Error e) {
      accepted.close();
      throw e;
    }
  }

  private SocketHandle.Accepted accept() throws IOException {
    long nanos = lock(readLock, "Accept timed out");
    try {
      return bound().acceptWithPeer(nanos);
    } catch (OperationTimeoutException e) {
      throw SocketErrors.timeout("Accept timed out", e);
    } catch (InterruptedIOException e) {
      throw e; // upon which the ServerSocket closes itself
    } catch (IOException e) {
      throw SocketErrors.of(e, closed);
    } finally {
      readLock.unlock();
    }
  }

  private synchronized void become(SocketHandle accepted, InetSocketAddress peer)
      throws IOException {
    if (socket != null || closed) {
      throw new SocketException("Not a newly created SocketImpl");
    }
    localport = localAddress(accepted).getPort();
    address = peer.getAddress();
    port = peer.getPort();
    server = false;
    own(accepted);
    connected = true;
  }

  // ---- reading -------------------------------------------------------------------------------

  @Override
  protected InputStream getInputStream() {
    return new InputStream() {
      @Override
      public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) > 0 ? one[0] & 0xff : -1;
      }

      @Override
      public int read(byte[] target, int offset, int length) throws IOException {
        return RingSocketImpl.this.read(target, offset, length);
      }

      @Override
      public int available() throws IOException {
        return RingSocketImpl.this.available();
      }

      @Override
      public void close() throws IOException {
        RingSocketImpl.this.close();
      }
    };
  }

  private int read(byte[] target, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, target.length);
    if (length == 0) {
      return 0;
    }
    long nanos = lock(readLock, "Read timed out");
    try {
      if (ended) {
        return -1; // even if closed since, as in the JDK
      }
      SocketHandle open = connected();
      if (reset) {
        throw new SocketException("Connection reset");
      }
      int n = 0;
      if (!inputClosed) {
        MemorySegment segment = MemorySegment.ofArray(target);
        int size = Math.min(length, TRANSFER_BYTES_MAX);
        n = transfer(open).receive(segment.asSlice(offset, size), nanos);
      }
      if (n == 0 && closed) {
        throw new SocketException("Socket closed"); // the order of the two is unknown
      }
      ended = n == 0;
      return ended ? -1 : n;
    } catch (OperationTimeoutException e) {
      throw SocketErrors.timeout("Read timed out", e);
    } catch (InterruptedIOException e) {
      throw e; // upon which the Socket closes itself
    } catch (IOException e) {
      if (!closed && SocketErrors.isErrno(e, Errno.ECONNRESET)) {
        reset = true;
        throw new SocketException("Connection reset", e);
      }
      throw SocketErrors.of(e, closed);
    } finally {
      readLock.unlock();
    }
  }

  @Override
  protected int available() throws IOException {
    SocketHandle open = connected();
    if (inputClosed) {
      return 0;
    }
    try {
      return open.control(
          control -> NetErrors.check("ioctl", control.plain().unread(open.handle().fd())));
    } catch (IOException e) {
      throw SocketErrors.of(e, closed);
    }
  }

  // ---- writing -------------------------------------------------------------------------------

  @Override
  protected OutputStream getOutputStream() {
    return new OutputStream() {
      @Override
      public void write(int b) throws IOException {
        write(new byte[] {(byte) b}, 0, 1);
      }

      @Override
      public void write(byte[] source, int offset, int length) throws IOException {
        RingSocketImpl.this.write(source, offset, length);
      }

      @Override
      public void close() throws IOException {
        RingSocketImpl.this.close();
      }
    };
  }

  private static StreamTransfer transfer(SocketHandle socket) {
    return new StreamTransfer(socket.handle(), Long.MAX_VALUE);
  }

  private void write(byte[] source, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, source.length);
    if (length == 0) {
      return;
    }
    writeLock.lock();
    try {
      MemorySegment segment = MemorySegment.ofArray(source);
      int end = offset + length;
      for (int done = offset; done < end; ) {
        int size = Math.min(end - done, TRANSFER_BYTES_MAX);
        StreamTransfer transfer = transfer(connected());
        done += transfer.send(segment.asSlice(done, size), Constants.MSG_WAITALL, 0);
      }
    } catch (InterruptedIOException e) {
      throw e; // upon which the Socket closes itself
    } catch (IOException e) {
      throw SocketErrors.of(e, closed);
    } finally {
      writeLock.unlock();
    }
  }

  /** Refuses; {@link #supportsUrgentData} has said so. */
  @Override
  protected void sendUrgentData(int data) throws IOException {
    throw new SocketException("Urgent data not supported");
  }

  // ---- ending --------------------------------------------------------------------------------

  @Override
  protected void shutdownInput() throws IOException {
    SocketHandle open = connected();
    shutdown(() -> open.shutdown(Constants.SHUT_RD, 0));
    inputClosed = true;
  }

  @Override
  protected void shutdownOutput() throws IOException {
    SocketHandle open = connected();
    shutdown(() -> open.shutdown(Constants.SHUT_WR, 0));
  }

  private interface Shutdown {
    void run() throws IOException;
  }

  private void shutdown(Shutdown half) throws SocketException {
    try {
      uninterrupted(
          () -> {
            half.run();
            return 0;
          });
    } catch (IOException e) {
      throw SocketErrors.of(e, closed);
    }
  }

  @Override
  protected void close() throws IOException {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    SocketHandle open = socket;
    Cleaner.Cleanable closing = cleanable;
    if (open == null || closing == null) {
      return;
    }
    try {
      if (connected) {
        open.closeAfterEnd();
      } else {
        open.close();
      }
    } catch (IOException e) {
      throw SocketErrors.of(e, false);
    } finally {
      closing.clean();
    }
  }

  // ---- options -------------------------------------------------------------------------------

  @Override
  protected Set<SocketOption<?>> supportedOptions() {
    SocketHandle created = socket;
    if (created == null) {
      return Set.of();
    }
    Set<SocketOption<?>> supported = new HashSet<>(created.supportedOptions());
    if (server) {
      supported.removeAll(NOT_OF_SERVERS);
    }
    return supported;
  }

  private void requireSupported(SocketOption<?> option) {
    if (!supportedOptions().contains(option)) {
      throw new UnsupportedOperationException("'" + option + "' not supported");
    }
  }

  @Override
  protected <T> void setOption(SocketOption<T> option, T value) throws IOException {
    requireSupported(option);
    if (!option.type().isInstance(value)) {
      throw new IllegalArgumentException("Invalid value '" + value + "'");
    }
    try {
      open().setOption(option, value);
    } catch (IOException e) {
      throw SocketErrors.of(e, closed);
    }
  }

  @Override
  protected <T> T getOption(SocketOption<T> option) throws IOException {
    requireSupported(option);
    try {
      return Objects.requireNonNull(open().getOption(option));
    } catch (IOException e) {
      throw SocketErrors.of(e, closed);
    }
  }

  @Override
  public void setOption(int option, Object value) throws SocketException {
    try {
      SocketHandle open = open();
      if (option == SO_TIMEOUT) {
        int millis = LegacyOptions.requireType("SO_TIMEOUT", Integer.class, value);
        if (millis < 0) {
          throw new SocketException("timeout < 0");
        }
        timeoutMillis = millis;
      } else {
        LegacyOptions.set(open, option, value);
      }
    } catch (IllegalArgumentException e) {
      throw new SocketException(e.getMessage(), e);
    } catch (IOException e) {
      throw SocketErrors.of(e, closed);
    }
  }

  @Override
  public Object getOption(int option) throws SocketException {
    try {
      SocketHandle open = open();
      return option == SO_TIMEOUT ? (Object) timeoutMillis : LegacyOptions.get(open, option);
    } catch (IOException e) {
      throw SocketErrors.of(e, closed);
    }
  }

  // ---- waiting -------------------------------------------------------------------------------

  /**
   * Takes a turn, interrupted or not, within the socket's time limit.
   *
   * @return what is left of the limit in nanoseconds, or 0 if there is none
   */
  private long lock(ReentrantLock lock, String late) throws SocketTimeoutException {
    int millis = timeoutMillis;
    if (millis == 0) {
      lock.lock();
      return 0;
    }
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    boolean interrupted = false;
    try {
      while (true) {
        try {
          boolean locked = lock.tryLock(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
          long left = deadline - System.nanoTime();
          if (locked && left > 0) {
            return left;
          }
          if (locked) {
            lock.unlock();
          }
          throw new SocketTimeoutException(late);
        } catch (InterruptedException _) {
          interrupted = true;
        }
      }
    } finally {
      restore(interrupted);
    }
  }

  /** A call that does not wait for a peer. */
  private interface Brief {
    int run() throws IOException;
  }

  /** Does it, interrupted or not. */
  private static int uninterrupted(Brief operation) throws IOException {
    boolean interrupted = Thread.interrupted();
    try {
      while (true) {
        try {
          return operation.run();
        } catch (InterruptedIOException _) {
          interrupted |= Thread.interrupted(); // it was cancelled before it began
        }
      }
    } finally {
      restore(interrupted);
    }
  }

  private static void restore(boolean interrupted) {
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
