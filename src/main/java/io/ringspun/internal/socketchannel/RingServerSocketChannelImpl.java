package io.ringspun.internal.socketchannel;

import io.ringspun.OperationTimeoutException;
import io.ringspun.Ring;
import io.ringspun.RingGroup;
import io.ringspun.internal.net.Family;
import io.ringspun.internal.net.SocketHandle;
import io.ringspun.internal.net.Sockets;
import io.ringspun.internal.ring.Handle;
import io.ringspun.net.RingListener;
import io.ringspun.net.RingServerSocketChannel;
import io.ringspun.net.RingSocket;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ProtocolFamily;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.net.SocketTimeoutException;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.AlreadyBoundException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NotYetBoundException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.SelectorProvider;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The implementation of {@link RingServerSocketChannel}: backed by a {@link RingListener} in
 * blocking mode, and by a JDK channel once it has been put into non-blocking mode.
 */
public final class RingServerSocketChannelImpl extends RingServerSocketChannel
    implements Delegating {
  private static final int BACKLOG = 50; // as in the JDK

  private final Family family;

  private final ReentrantLock acceptLock = new ReentrantLock();
  private final Object stateLock = new Object(); // for all that follows; not held while waiting

  /** Null if the JDK's channel has backed this one since before it was bound. */
  private volatile @Nullable RingListener ring;

  /** Null while the channel has always been in blocking mode. */
  private volatile @Nullable Delegate<ServerSocketChannel> jdk;

  private volatile @Nullable SocketAddress local; // null until bound on the ring
  private final Map<SocketOption<?>, Object> options =
      new LinkedHashMap<>(); // the options set so far
  private @Nullable ServerSocket socket;

  private RingServerSocketChannelImpl(SelectorProvider provider, RingListener ring, Family family) {
    super(provider);
    this.ring = ring;
    this.family = family;
  }

  private RingServerSocketChannelImpl(
      SelectorProvider provider, ServerSocketChannel jdk, Family family) {
    super(provider);
    this.jdk = new Delegate<>(this, jdk);
    this.family = family;
  }

  /**
   * Opens a channel that is not bound, with a ring of the shared group as its home.
   *
   * @param family null for IPv6 and IPv4, or for IPv4 alone if IPv6 is not available
   */
  public static RingServerSocketChannel open(
      SelectorProvider provider, @Nullable ProtocolFamily family) throws IOException {
    Ring home = RingGroup.shared().nextHome();
    RingServerSocketChannelImpl channel =
        ChannelRules.open(
            family,
            chosen ->
                new RingServerSocketChannelImpl(
                    provider, RingListener.open(home, chosen), Sockets.family(chosen)));
    if (channel.family != Family.UNIX) {
      channel.ring().setOption(StandardSocketOptions.SO_REUSEADDR, true); // as in the JDK
    }
    return channel;
  }

  /** Creates a channel that is backed by a bound JDK channel. */
  public static RingServerSocketChannel backedBy(SelectorProvider provider, ServerSocketChannel jdk)
      throws IOException {
    boolean isUnix = jdk.getLocalAddress() instanceof UnixDomainSocketAddress;
    RingServerSocketChannelImpl channel =
        new RingServerSocketChannelImpl(provider, jdk, isUnix ? Family.UNIX : Family.INET6);
    channel.configureBlocking(jdk.isBlocking());
    return channel;
  }

  private void requireOpen() throws ClosedChannelException {
    if (!isOpen()) {
      throw new ClosedChannelException();
    }
  }

  private RingListener ring() throws ClosedChannelException {
    requireOpen();
    RingListener listener = ring;
    assert listener != null : "only the JDK's channel has no listener on the ring";
    return listener;
  }

  // ---- binding -------------------------------------------------------------------------------

  @Override
  public RingServerSocketChannel bind(@Nullable SocketAddress address, int backlog)
      throws IOException {
    synchronized (stateLock) {
      requireOpen();
      Delegate<ServerSocketChannel> delegate = jdk;
      if (delegate != null) {
        delegate.channel().bind(address, backlog);
      } else {
        bindOnRing(ring(), address, backlog < 1 ? BACKLOG : backlog);
      }
    }
    return this;
  }

  private void bindOnRing(RingListener own, @Nullable SocketAddress address, int backlog)
      throws IOException {
    if (local != null) {
      throw new AlreadyBoundException();
    }
    SocketAddress place;
    if (address != null) {
      place = address;
    } else {
      place = family == Family.UNIX ? JdkTwins.freePath() : ChannelRules.any(family);
    }
    ChannelRules.requireFit(place, family);
    try {
      own.bindTo(place, backlog);
      local = own.localAddress();
    } catch (IOException e) {
      throw ChannelRules.socketException(e);
    }
  }

  // ---- accepting -----------------------------------------------------------------------------

  @Override
  public @Nullable SocketChannel accept() throws IOException {
    return accept(ServerSocketChannel::accept, 0);
  }

  /**
   * Accepts for the adaptor.
   *
   * @param millis the time limit, 0 for none
   */
  @Nullable SocketChannel blockingAccept(int millis) throws IOException {
    return accept(
        channel -> {
          channel.socket().setSoTimeout(millis);
          return channel.socket().accept().getChannel();
        },
        millis);
  }

  private @Nullable SocketChannel accept(
      Delegate.Action<ServerSocketChannel, @Nullable SocketChannel> onJdk, int millis)
      throws IOException {
    acceptLock.lock();
    try {
      Delegate<ServerSocketChannel> delegate = jdk;
      if (delegate != null) {
        SocketChannel accepted = delegate.run(onJdk);
        return accepted == null ? null : RingSocketChannelImpl.backedBy(provider(), accepted);
      }
      RingListener own = ring();
      if (local == null) {
        throw new NotYetBoundException();
      }
      RingSocket accepted = acceptOnRing(millis == 0 ? own : own.within(Duration.ofMillis(millis)));
      return RingSocketChannelImpl.accepted(provider(), accepted, family);
    } finally {
      acceptLock.unlock();
    }
  }

  /** Accepts as an interruptible channel: a close or an interrupt ends the call. */
  private RingSocket acceptOnRing(RingListener own) throws IOException {
    RingSocket accepted = null;
    InterruptedIOException interrupted = null;
    try {
      begin();
      requireOpen();
      accepted = own.accept();
    } catch (OperationTimeoutException e) {
      SocketTimeoutException timeout = new SocketTimeoutException("Accept timed out");
      timeout.initCause(e);
      throw timeout;
    } catch (InterruptedIOException e) {
      interrupted = e;
    } finally {
      endAccept(accepted);
    }
    if (accepted == null) {
      close();
      ClosedByInterruptException closed = new ClosedByInterruptException();
      closed.initCause(interrupted);
      throw closed;
    }
    return accepted;
  }

  /** Waits for the interrupting thread, and throws if the channel was closed meanwhile. */
  private void endAccept(@Nullable RingSocket accepted) throws IOException {
    try {
      end(accepted != null);
    } catch (ClosedByInterruptException e) {
      if (accepted != null) {
        accepted.close();
      }
      throw e;
    }
  }

  // ---- address and options -------------------------------------------------------------------

  @Override
  public @Nullable SocketAddress getLocalAddress() throws IOException {
    requireOpen();
    Delegate<ServerSocketChannel> delegate = jdk;
    return delegate == null || local != null ? local : delegate.channel().getLocalAddress();
  }

  @Override
  public <T> RingServerSocketChannel setOption(SocketOption<T> option, T value) throws IOException {
    ChannelRules.requireSupported(supportedOptions(), option);
    ChannelRules.requireFit(option, value);
    synchronized (stateLock) {
      requireOpen();
      RingListener own = ring;
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
      RingListener own = ring;
      return own == null ? delegate().channel().getOption(option) : own.getOption(option);
    }
  }

  @Override
  public Set<SocketOption<?>> supportedOptions() {
    RingListener own = ring;
    return own == null
        ? delegate().channel().supportedOptions()
        : ChannelRules.ofServer(own.supportedOptions());
  }

  @Override
  public ServerSocket socket() {
    if (family == Family.UNIX) {
      throw new UnsupportedOperationException("Not supported");
    }
    synchronized (stateLock) {
      ServerSocket adaptor = socket;
      if (adaptor == null) {
        adaptor = ChannelServerSocket.of(this);
        socket = adaptor;
      }
      return adaptor;
    }
  }

  // ---- the JDK's channel ---------------------------------------------------------------------

  /** Returns the JDK's channel, which exists if this one is or was in non-blocking mode. */
  @Override
  public Delegate<ServerSocketChannel> delegate() {
    Delegate<ServerSocketChannel> delegate = jdk;
    assert delegate != null : "no channel of the JDK";
    return delegate;
  }

  @Override
  protected void implConfigureBlocking(boolean block) throws IOException {
    acceptLock.lock();
    try {
      if (jdk == null) {
        handToJdk();
      }
      delegate().configureBlocking(block);
    } finally {
      acceptLock.unlock();
    }
  }

  private void handToJdk() throws IOException {
    RingListener own;
    boolean isFresh;
    synchronized (stateLock) {
      own = ring();
      isFresh = local == null;
      if (isFresh) {
        ServerSocketChannel channel =
            JdkProvider.get().openServerSocketChannel(JdkTwins.protocol(family));
        ChannelRules.copyOptions(options, channel);
        jdk = new Delegate<>(this, channel);
        ring = null;
      } else {
        jdk =
            new Delegate<>(
                this, JdkTwins.listening(new SocketHandle(Handle.of(own), family, true)));
      }
    }
    if (isFresh) {
      own.close();
    }
  }

  @Override
  protected void implCloseSelectableChannel() throws IOException {
    Delegate<ServerSocketChannel> delegate;
    RingListener own;
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

  /** Returns the address for the adaptor, even if the channel is closed; null if not bound. */
  @Nullable SocketAddress localAddress() {
    try {
      return local != null ? local : getLocalAddress();
    } catch (IOException _) {
      return null; // closed
    }
  }

  @Override
  public String toString() {
    RingListener own = ring;
    return "RingServerSocketChannel[%s]".formatted(own != null ? own : delegate().channel());
  }
}
