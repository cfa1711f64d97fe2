package io.ringspun.internal.socketchannel;

import io.ringspun.OperationException;
import io.ringspun.OperationTimeoutException;
import io.ringspun.Ring;
import io.ringspun.RingGroup;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.net.Addresses;
import io.ringspun.internal.net.Family;
import io.ringspun.internal.net.SocketErrors;
import io.ringspun.internal.net.SocketHandle;
import io.ringspun.internal.net.Sockets;
import io.ringspun.internal.ring.Handle;
import io.ringspun.internal.ring.Uninterrupted;
import io.ringspun.net.RingSocket;
import io.ringspun.net.RingSocketChannel;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ProtocolFamily;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketOption;
import java.net.SocketTimeoutException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AlreadyBoundException;
import java.nio.channels.AlreadyConnectedException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NoConnectionPendingException;
import java.nio.channels.NotYetConnectedException;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.SelectorProvider;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The implementation of {@link RingSocketChannel}: backed by a {@link RingSocket} in blocking mode,
 * and by a JDK channel once it has been put into non-blocking mode.
 */
public final class RingSocketChannelImpl extends RingSocketChannel implements Delegating {
  private enum State {
    UNCONNECTED,
    PENDING,
    CONNECTED
  }

  private final Family family;

  private final ReentrantLock readLock = new ReentrantLock(); // held to read, or to connect
  private final ReentrantLock writeLock = new ReentrantLock(); // to write or connect; taken second
  private final Object stateLock = new Object(); // guards the options and the backing channel

  /** Null if the JDK's channel has backed this one since before it was bound or connected. */
  private volatile @Nullable RingSocket ring;

  /** Null while the channel has always been in blocking mode. */
  private volatile @Nullable Delegate<SocketChannel> jdk;

  // The channel's state while it was backed by the ring:
  private volatile State state = State.UNCONNECTED;
  private volatile boolean inputClosed;
  private volatile boolean outputClosed;
  private volatile @Nullable SocketAddress local; // null until bound
  private volatile @Nullable SocketAddress remote; // null until there was an attempt to connect
  private final Map<SocketOption<?>, Object> options =
      new LinkedHashMap<>(); // the options set so far

  private boolean connectionReset; // guarded by readLock
  private @Nullable Socket socket; // guarded by stateLock

  private RingSocketChannelImpl(SelectorProvider provider, RingSocket ring, Family family) {
    super(provider);
    this.ring = ring;
    this.family = family;
  }

  private RingSocketChannelImpl(SelectorProvider provider, SocketChannel jdk, Family family) {
    super(provider);
    this.jdk = new Delegate<>(this, jdk);
    this.family = family;
  }

  /**
   * Opens a channel that is not connected, with a ring of the shared group as its home.
   *
   * @param family null for IPv6 and IPv4, or for IPv4 alone if IPv6 is not available
   */
  public static RingSocketChannel open(SelectorProvider provider, @Nullable ProtocolFamily family)
      throws IOException {
    Ring home = RingGroup.shared().nextHome();
    return ChannelRules.open(
        family,
        chosen ->
            new RingSocketChannelImpl(
                provider, RingSocket.open(home, chosen), Sockets.family(chosen)));
  }

  /** Opens a channel and connects it. */
  public static RingSocketChannel connect(SelectorProvider provider, SocketAddress remote)
      throws IOException {
    boolean isUnix = Addresses.family(remote) == Family.UNIX;
    RingSocketChannel channel = open(provider, isUnix ? StandardProtocolFamily.UNIX : null);
    try {
      channel.connect(remote);
      return channel;
    } catch (IOException | RuntimeException | Error e) {
      channel.close();
      throw e;
    }
  }

  /** Creates a channel for a connection that a listener has accepted. */
  static RingSocketChannel accepted(SelectorProvider provider, RingSocket ring, Family family)
      throws IOException {
    RingSocketChannelImpl channel = new RingSocketChannelImpl(provider, ring, family);
    try {
      channel.state = State.CONNECTED;
      channel.local = ring.localAddress();
      channel.remote = ring.remoteAddress();
    } catch (NotYetConnectedException _) {
      // already reset by the peer, whose address is no longer known
    }
    return channel;
  }

  /** Creates a channel that is backed by a connected JDK channel. */
  public static RingSocketChannel backedBy(SelectorProvider provider, SocketChannel jdk)
      throws IOException {
    boolean isUnix = jdk.getLocalAddress() instanceof UnixDomainSocketAddress;
    RingSocketChannelImpl channel =
        new RingSocketChannelImpl(provider, jdk, isUnix ? Family.UNIX : Family.INET6);
    channel.configureBlocking(jdk.isBlocking());
    return channel;
  }

  // ---- blocking ------------------------------------------------------------------------------

  /** An operation on the ring; a positive result means progress. */
  private interface Blocking {
    long run(RingSocket socket) throws IOException;
  }

  /** An operation of the JDK's channel. */
  private interface OnJdk {
    long run(SocketChannel channel) throws IOException;
  }

  /** Runs an operation as an interruptible channel: a close or an interrupt ends it. */
  private long interruptibly(Blocking action) throws IOException {
    boolean completed = false;
    long result = 0;
    InterruptedIOException interrupted = null;
    try {
      begin();
      result = action.run(ring());
      completed = result > 0; // the close may cause the end of the stream
    } catch (SocketTimeoutException e) {
      throw e;
    } catch (InterruptedIOException e) {
      interrupted = e;
    } finally {
      end(completed); // waits for the interrupting thread, and throws if the channel was closed
      // meanwhile
    }
    if (interrupted != null) {
      close();
      ClosedByInterruptException closed = new ClosedByInterruptException();
      closed.initCause(interrupted);
      throw closed;
    }
    return result;
  }

  private RingSocket ring() throws ClosedChannelException {
    requireOpen();
    RingSocket socket = ring;
    assert socket != null : "only the JDK's channel has no socket on the ring";
    return socket;
  }

  private void requireOpen() throws ClosedChannelException {
    if (!isOpen()) {
      throw new ClosedChannelException();
    }
  }

  private void requireConnected() throws ClosedChannelException {
    requireOpen();
    if (state != State.CONNECTED) {
      throw new NotYetConnectedException();
    }
  }

  // ---- reading -------------------------------------------------------------------------------

  @Override
  public int read(ByteBuffer target) throws IOException {
    Objects.requireNonNull(target);
    return (int) reading(channel -> channel.read(target), ring -> receive(ring, target));
  }

  @Override
  public long read(ByteBuffer[] targets, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, targets.length);
    return reading(
        channel -> channel.read(targets, offset, length),
        ring -> receive(ring, ChannelRules.slice(targets, offset, length)));
  }

  /**
   * Reads for the adaptor.
   *
   * @param millis the time limit, 0 for none
   */
  int blockingRead(byte[] target, int offset, int length, int millis) throws IOException {
    Objects.checkFromIndexSize(offset, length, target.length);
    if (length == 0) {
      return 0;
    }
    ByteBuffer buffer = ByteBuffer.wrap(target, offset, length);
    return (int)
        reading(
            channel -> {
              channel.socket().setSoTimeout(millis);
              return channel.socket().getInputStream().read(target, offset, length);
            },
            ring -> {
              try {
                return receive(limited(ring, millis), buffer);
              } catch (OperationTimeoutException e) {
                throw timedOut("Read timed out", e);
              }
            });
  }

  private long reading(OnJdk onJdk, Blocking onRing) throws IOException {
    readLock.lock();
    try {
      Delegate<SocketChannel> delegate = jdk;
      if (delegate != null) {
        return delegate.run(onJdk::run);
      }
      requireConnected();
      return interruptibly(
          ring -> {
            if (connectionReset) {
              throw new SocketException("Connection reset");
            }
            return inputClosed ? -1 : onRing.run(ring);
          });
    } catch (OperationException e) {
      if (e.errno() != Errno.ECONNRESET) {
        throw e;
      }
      connectionReset = true;
      SocketException reset = new SocketException("Connection reset");
      reset.initCause(e);
      throw reset;
    } finally {
      readLock.unlock();
    }
  }

  private static int receive(RingSocket ring, ByteBuffer target) throws IOException {
    requireWritable(target);
    if (!target.hasRemaining()) {
      return 0;
    }
    ChannelRules.requireAccessible(target);
    return ring.read(target);
  }

  private static long receive(RingSocket ring, ByteBuffer[] targets) throws IOException {
    for (ByteBuffer target : targets) {
      requireWritable(target);
    }
    return ChannelRules.remaining(targets) == 0 ? 0 : ring.read(targets);
  }

  private static void requireWritable(ByteBuffer target) {
    if (target.isReadOnly()) {
      throw new IllegalArgumentException("Read-only buffer");
    }
  }

  private static RingSocket limited(RingSocket ring, int millis) {
    return millis == 0 ? ring : ring.within(Duration.ofMillis(millis));
  }

  private static SocketTimeoutException timedOut(String message, OperationTimeoutException cause) {
    SocketTimeoutException timeout = new SocketTimeoutException(message);
    timeout.initCause(cause);
    return timeout;
  }

  // ---- writing -------------------------------------------------------------------------------

  @Override
  public int write(ByteBuffer source) throws IOException {
    Objects.requireNonNull(source);
    return (int) writing(channel -> channel.write(source), ring -> send(ring, source));
  }

  @Override
  public long write(ByteBuffer[] sources, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, sources.length);
    return writing(
        channel -> channel.write(sources, offset, length),
        ring -> send(ring, ChannelRules.slice(sources, offset, length)));
  }

  /** Writes for the adaptor. */
  void blockingWrite(byte[] source, int offset, int length) throws IOException {
    ByteBuffer buffer = ByteBuffer.wrap(source, offset, length);
    if (length > 0) {
      writing(
          channel -> {
            channel.socket().getOutputStream().write(source, offset, length);
            return length;
          },
          ring -> send(ring, buffer));
    }
  }

  private long writing(OnJdk onJdk, Blocking onRing) throws IOException {
    writeLock.lock();
    try {
      Delegate<SocketChannel> delegate = jdk;
      if (delegate != null) {
        return delegate.run(onJdk::run);
      }
      requireConnected();
      return interruptibly(
          ring -> {
            if (outputClosed) {
              throw new AsynchronousCloseException(); // as the JDK does
            }
            return onRing.run(ring);
          });
    } catch (OperationException e) {
      if (!outputClosed || e.errno() != Errno.EPIPE) {
        throw e;
      }
      AsynchronousCloseException closed = new AsynchronousCloseException();
      closed.initCause(e);
      throw closed; // shut down while the thread was writing
    } finally {
      writeLock.unlock();
    }
  }

  private static int send(RingSocket ring, ByteBuffer source) throws IOException {
    int length = source.remaining();
    if (length > 0) {
      ChannelRules.requireAccessible(source);
      ring.writeFully(source);
    }
    return length;
  }

  private static long send(RingSocket ring, ByteBuffer[] sources) throws IOException {
    long length = ChannelRules.remaining(sources);
    for (long left = length; left > 0; ) {
      left -= ring.write(sources);
    }
    return length;
  }

  // ---- binding and connecting ----------------------------------------------------------------

  @Override
  public RingSocketChannel bind(@Nullable SocketAddress address) throws IOException {
    readLock.lock();
    writeLock.lock();
    try {
      Delegate<SocketChannel> delegate = jdk;
      if (delegate != null) {
        delegate.channel().bind(address);
      } else {
        bindOnRing(address);
      }
      return this;
    } finally {
      writeLock.unlock();
      readLock.unlock();
    }
  }

  private void bindOnRing(@Nullable SocketAddress address) throws IOException {
    RingSocket ring = ring();
    if (local != null) {
      throw new AlreadyBoundException();
    }
    SocketAddress place = address != null ? address : ChannelRules.any(family);
    ChannelRules.requireFit(place, family);
    boolean isUnnamed =
        place instanceof UnixDomainSocketAddress unix && unix.getPath().toString().isEmpty();
    try {
      if (!isUnnamed) {
        ring.bind(place);
      }
      local = ring.localAddress();
    } catch (IOException e) {
      throw ChannelRules.socketException(e);
    }
  }

  @Override
  public boolean connect(SocketAddress address) throws IOException {
    return connect(channel -> channel.connect(address) ? 1 : 0, address, 0);
  }

  /**
   * Connects for the adaptor.
   *
   * @param millis the time limit, 0 for none
   */
  void blockingConnect(SocketAddress address, int millis) throws IOException {
    connect(
        channel -> {
          channel.socket().connect(address, millis);
          return 1;
        },
        address,
        millis);
  }

  private boolean connect(OnJdk onJdk, SocketAddress address, int millis) throws IOException {
    ChannelRules.requireFit(address, family);
    readLock.lock();
    writeLock.lock();
    try {
      Delegate<SocketChannel> delegate = jdk;
      if (delegate != null) {
        return delegate.run(onJdk::run) != 0;
      }
      requireOpen();
      if (state == State.CONNECTED) {
        throw new AlreadyConnectedException();
      }
      connectOnRing(ChannelRules.target(address), millis);
      return true;
    } finally {
      writeLock.unlock();
      readLock.unlock();
    }
  }

  private void connectOnRing(SocketAddress target, int millis) throws IOException {
    remote = target;
    state = State.PENDING;
    try {
      interruptibly(
          ring -> {
            try {
              limited(ring, millis).connectTo(target);
            } catch (OperationTimeoutException e) {
              throw timedOut("Connect timed out", e);
            }
            local = ring.localAddress();
            return 1;
          });
    } catch (IOException e) {
      close();
      throw SocketErrors.withHost(ChannelRules.socketException(e), target);
    }
    state = State.CONNECTED;
  }

  @Override
  public boolean finishConnect() throws IOException {
    readLock.lock();
    writeLock.lock();
    try {
      Delegate<SocketChannel> delegate = jdk;
      if (delegate != null) {
        return delegate.run(SocketChannel::finishConnect);
      }
      requireOpen();
      if (state != State.CONNECTED) {
        throw new NoConnectionPendingException();
      }
      return true;
    } finally {
      writeLock.unlock();
      readLock.unlock();
    }
  }

  @Override
  public boolean isConnected() {
    Delegate<SocketChannel> delegate = jdk;
    return delegate != null
        ? delegate.channel().isConnected()
        : isOpen() && state == State.CONNECTED;
  }

  @Override
  public boolean isConnectionPending() {
    Delegate<SocketChannel> delegate = jdk;
    return delegate != null
        ? delegate.channel().isConnectionPending()
        : isOpen() && state == State.PENDING;
  }

  // ---- addresses and options -----------------------------------------------------------------

  @Override
  public @Nullable SocketAddress getLocalAddress() throws IOException {
    requireOpen();
    Delegate<SocketChannel> delegate = jdk;
    RingSocket own = ring;
    if (delegate == null) {
      return local;
    }
    return own == null ? delegate.channel().getLocalAddress() : own.localAddress();
  }

  @Override
  public @Nullable SocketAddress getRemoteAddress() throws IOException {
    requireOpen();
    Delegate<SocketChannel> delegate = jdk;
    return delegate == null || remote != null ? remote : delegate.channel().getRemoteAddress();
  }

  @Override
  public <T> RingSocketChannel setOption(SocketOption<T> option, T value) throws IOException {
    ChannelRules.requireSupported(supportedOptions(), option);
    ChannelRules.requireFit(option, value);
    synchronized (stateLock) {
      requireOpen();
      RingSocket own = ring;
      if (own == null) {
        delegate().channel().setOption(option, value);
      } else {
        own.setOption(option, value);
        options.put(option, value);
      }
    }
    return this;
  }

  @Override
  public <T> @Nullable T getOption(SocketOption<T> option) throws IOException {
    ChannelRules.requireSupported(supportedOptions(), option);
    synchronized (stateLock) {
      requireOpen();
      RingSocket own = ring;
      return own == null ? delegate().channel().getOption(option) : own.getOption(option);
    }
  }

  @Override
  public Set<SocketOption<?>> supportedOptions() {
    RingSocket own = ring;
    return own == null ? delegate().channel().supportedOptions() : own.supportedOptions();
  }

  // ---- the ends of the stream ----------------------------------------------------------------

  @Override
  public RingSocketChannel shutdownInput() throws IOException {
    Delegate<SocketChannel> delegate = jdk;
    if (delegate != null) {
      delegate.channel().shutdownInput();
    } else {
      requireConnected();
      if (!inputClosed) {
        inputClosed = true; // before a blocked read returns the end
        shutdown(RingSocket::shutdownInput);
      }
    }
    return this;
  }

  @Override
  public RingSocketChannel shutdownOutput() throws IOException {
    Delegate<SocketChannel> delegate = jdk;
    if (delegate != null) {
      delegate.channel().shutdownOutput();
    } else {
      requireConnected();
      if (!outputClosed) {
        outputClosed = true; // before a blocked write fails
        shutdown(RingSocket::shutdownOutput);
      }
    }
    return this;
  }

  private interface Shutdown {
    void run(RingSocket socket) throws IOException;
  }

  private void shutdown(Shutdown action) throws IOException {
    RingSocket own = ring();
    try {
      Uninterrupted.get(
          () -> {
            action.run(own);
            return own;
          });
    } catch (OperationException e) {
      if (e.errno() != Errno.ENOTCONN) { // the peer is gone, which ends the stream too
        throw e;
      }
    }
  }

  boolean isInputOpen() {
    Delegate<SocketChannel> delegate = jdk;
    return delegate != null ? !delegate.channel().socket().isInputShutdown() : !inputClosed;
  }

  boolean isOutputOpen() {
    Delegate<SocketChannel> delegate = jdk;
    return delegate != null ? !delegate.channel().socket().isOutputShutdown() : !outputClosed;
  }

  @Override
  public Socket socket() {
    if (family == Family.UNIX) {
      throw new UnsupportedOperationException("Not supported");
    }
    synchronized (stateLock) {
      Socket adaptor = socket;
      if (adaptor == null) {
        adaptor = ChannelSocket.of(this);
        socket = adaptor;
      }
      return adaptor;
    }
  }

  // ---- the JDK's channel ---------------------------------------------------------------------

  /** Returns the JDK's channel, which exists if this one is or was in non-blocking mode. */
  @Override
  public Delegate<SocketChannel> delegate() {
    Delegate<SocketChannel> delegate = jdk;
    assert delegate != null : "no channel of the JDK";
    return delegate;
  }

  @Override
  protected void implConfigureBlocking(boolean block) throws IOException {
    readLock.lock();
    writeLock.lock();
    try {
      if (jdk == null) {
        handToJdk();
      }
      delegate().configureBlocking(block);
    } finally {
      writeLock.unlock();
      readLock.unlock();
    }
  }

  private void handToJdk() throws IOException {
    RingSocket own = ring();
    boolean isFresh = state != State.CONNECTED && local == null;
    SocketChannel channel =
        isFresh
            ? JdkProvider.get().openSocketChannel(JdkTwins.protocol(family))
            : Uninterrupted.get(() -> twin(own));
    boolean taken = false;
    try {
      synchronized (stateLock) {
        requireOpen();
        if (isFresh) {
          ChannelRules.copyOptions(options, channel);
          ring = null;
        }
        jdk = new Delegate<>(this, channel);
        taken = true;
      }
    } finally {
      if (!taken) {
        channel.close();
      }
    }
    if (isFresh) {
      own.close();
    }
  }

  private SocketChannel twin(RingSocket own) throws IOException {
    SocketHandle handle = new SocketHandle(Handle.of(own), family, true);
    if (state != State.CONNECTED) {
      return JdkTwins.bound(handle);
    }
    SocketChannel channel = JdkTwins.connected(handle);
    if (inputClosed) {
      channel.shutdownInput();
    }
    if (outputClosed) {
      channel.shutdownOutput();
    }
    return channel;
  }

  @Override
  protected void implCloseSelectableChannel() throws IOException {
    Delegate<SocketChannel> delegate;
    RingSocket own;
    synchronized (stateLock) {
      delegate = jdk;
      own = ring;
    }
    try (own) {
      if (delegate != null) {
        delegate.channel().close();
      }
    }
  }

  // ---- for the adaptor -----------------------------------------------------------------------

  /** Returns the channel's own address, even if it is closed; null if it is not bound. */
  @Nullable SocketAddress localAddress() {
    return jdk == null ? local : addressOf(this::getLocalAddress);
  }

  /** Returns the peer's address, even if the channel is closed; null if there was none. */
  @Nullable SocketAddress remoteAddress() {
    SocketAddress known = remote;
    return known != null || jdk == null ? known : addressOf(this::getRemoteAddress);
  }

  private interface Question {
    @Nullable SocketAddress ask() throws IOException;
  }

  private static @Nullable SocketAddress addressOf(Question question) {
    try {
      return question.ask();
    } catch (IOException _) {
      return null; // closed
    }
  }

  @Override
  public String toString() {
    RingSocket own = ring;
    return "RingSocketChannel[%s]".formatted(own != null ? own : delegate().channel());
  }
}
