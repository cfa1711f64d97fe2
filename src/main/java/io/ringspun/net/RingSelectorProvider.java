package io.ringspun.net;

import io.ringspun.internal.socketchannel.BackedDatagramChannel;
import io.ringspun.internal.socketchannel.BackedPipe;
import io.ringspun.internal.socketchannel.JdkProvider;
import io.ringspun.internal.socketchannel.RingSelector;
import io.ringspun.internal.socketchannel.RingServerSocketChannelImpl;
import io.ringspun.internal.socketchannel.RingSocketChannelImpl;
import java.io.IOException;
import java.net.ProtocolFamily;
import java.nio.channels.Channel;
import java.nio.channels.DatagramChannel;
import java.nio.channels.Pipe;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.AbstractSelector;
import java.nio.channels.spi.SelectorProvider;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A selector provider whose blocking socket channels use rings of the {@linkplain
 * io.ringspun.RingGroup#shared() shared group}. The following option installs it for a whole
 * program:
 *
 * <pre>{@code
 * java -Djava.nio.channels.spi.SelectorProvider=io.ringspun.net.RingSelectorProvider ...
 * }</pre>
 *
 * <p>{@link SocketChannel#open()} then returns a {@link RingSocketChannel}, and {@link
 * ServerSocketChannel#open()} a {@link RingServerSocketChannel}. Selectors, pipes and datagram
 * channels are the JDK's. A socket channel that is put into non-blocking mode is from then on
 * backed by a JDK channel.
 *
 * @since 0.1
 */
public final class RingSelectorProvider extends SelectorProvider {
  private static final class Holder {
    static final RingSelectorProvider INSTANCE =
        SelectorProvider.provider() instanceof RingSelectorProvider installed
            ? installed
            : new RingSelectorProvider();
  }

  /** Creates a provider. The JDK calls this once if the system property names this class. */
  public RingSelectorProvider() {}

  /** Returns the provider of channels that are opened without one. */
  static RingSelectorProvider instance() {
    return Holder.INSTANCE;
  }

  /**
   * Opens a socket channel.
   *
   * @return a new channel, in blocking mode
   * @throws IOException if the kernel refuses, or no ring can be opened
   */
  @Override
  public SocketChannel openSocketChannel() throws IOException {
    return RingSocketChannelImpl.open(this, null);
  }

  /**
   * Opens a socket channel of a family.
   *
   * @param family a {@link java.net.StandardProtocolFamily}
   * @return a new channel, in blocking mode
   * @throws UnsupportedOperationException if the system does not support the family
   * @throws IOException if the kernel refuses, or no ring can be opened
   */
  @Override
  public SocketChannel openSocketChannel(ProtocolFamily family) throws IOException {
    return RingSocketChannelImpl.open(this, Objects.requireNonNull(family));
  }

  /**
   * Opens a server-socket channel.
   *
   * @return a new channel, in blocking mode
   * @throws IOException if the kernel refuses, or no ring can be opened
   */
  @Override
  public ServerSocketChannel openServerSocketChannel() throws IOException {
    return RingServerSocketChannelImpl.open(this, null);
  }

  /**
   * Opens a server-socket channel of a family.
   *
   * @param family a {@link java.net.StandardProtocolFamily}
   * @return a new channel, in blocking mode
   * @throws UnsupportedOperationException if the system does not support the family
   * @throws IOException if the kernel refuses, or no ring can be opened
   */
  @Override
  public ServerSocketChannel openServerSocketChannel(ProtocolFamily family) throws IOException {
    return RingServerSocketChannelImpl.open(this, Objects.requireNonNull(family));
  }

  /**
   * Opens a selector of the JDK, which accepts channels of this provider.
   *
   * @return a new selector
   * @throws IOException if the JDK cannot open one
   */
  @Override
  public AbstractSelector openSelector() throws IOException {
    return new RingSelector(this, JdkProvider.get().openSelector());
  }

  /**
   * Opens a pipe of the JDK, whose ends can be registered with selectors of this provider.
   *
   * @return a new pipe
   * @throws IOException if the JDK cannot open one
   */
  @Override
  public Pipe openPipe() throws IOException {
    return new BackedPipe(this, JdkProvider.get().openPipe());
  }

  /**
   * Opens a datagram channel of the JDK, which can be registered with selectors of this provider.
   *
   * @return a new channel
   * @throws IOException if the JDK cannot open one
   */
  @Override
  public DatagramChannel openDatagramChannel() throws IOException {
    return new BackedDatagramChannel(this, JdkProvider.get().openDatagramChannel());
  }

  /**
   * Opens a datagram channel of the JDK for a family; it can be registered with selectors of this
   * provider.
   *
   * @param family a {@link java.net.StandardProtocolFamily}
   * @return a new channel
   * @throws UnsupportedOperationException if the JDK or the system does not support the family
   * @throws IOException if the JDK cannot open one
   */
  @Override
  public DatagramChannel openDatagramChannel(ProtocolFamily family) throws IOException {
    return new BackedDatagramChannel(this, JdkProvider.get().openDatagramChannel(family));
  }

  /**
   * Returns the channel that the process was started with, if it is a socket.
   *
   * @return a channel that is backed by the JDK's and can be registered with selectors of this
   *     provider, or null if there is none
   * @throws IOException if the JDK cannot create it
   */
  @Override
  public @Nullable Channel inheritedChannel() throws IOException {
    Channel inherited = JdkProvider.get().inheritedChannel();
    return switch (inherited) {
      case SocketChannel channel -> RingSocketChannelImpl.backedBy(this, channel);
      case ServerSocketChannel channel -> RingServerSocketChannelImpl.backedBy(this, channel);
      case DatagramChannel channel -> new BackedDatagramChannel(this, channel);
      case null, default -> inherited;
    };
  }
}
