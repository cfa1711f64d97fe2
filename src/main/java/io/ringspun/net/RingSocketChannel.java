package io.ringspun.net;

import io.ringspun.Ring;
import io.ringspun.RingGroup;
import io.ringspun.internal.socketchannel.RingSocketChannelImpl;
import java.io.IOException;
import java.net.ProtocolFamily;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.net.StandardProtocolFamily;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.SelectorProvider;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A {@link SocketChannel} whose blocking calls go through a {@link Ring}, for libraries that expect
 * a {@code SocketChannel}. It has the contract of {@code SocketChannel}, including that an
 * interrupt closes it. New code should use {@link RingSocket}.
 *
 * <p>In blocking mode a virtual thread that waits parks and gives up its carrier, and a write sends
 * all bytes.
 *
 * <p>A channel that is put into non-blocking mode is from then on backed by a JDK channel and can
 * be registered with selectors: those that {@code channel.provider().openSelector()} opens, and
 * those of {@link java.nio.channels.Selector#open} if {@link RingSelectorProvider} is installed.
 * Other selectors throw {@link java.nio.channels.IllegalSelectorException}. If the channel is
 * already bound or connected, it then has two descriptors.
 *
 * <p>Not for extension outside Ringspun.
 *
 * @since 0.1
 */
public abstract class RingSocketChannel extends SocketChannel {
  /**
   * Creates a channel.
   *
   * @param provider the channel's provider
   */
  protected RingSocketChannel(SelectorProvider provider) {
    super(provider);
  }

  /**
   * Opens an unconnected channel on a ring of the {@linkplain RingGroup#shared() shared group}.
   * Does not wait for a peer.
   *
   * @return a new channel for IPv6 and IPv4, or for IPv4 if the system has no IPv6
   * @throws IOException if the kernel refuses, or no ring can be opened
   */
  public static RingSocketChannel open() throws IOException {
    return RingSocketChannelImpl.open(RingSelectorProvider.instance(), null);
  }

  /**
   * Opens a channel of a family; see {@link #open()}.
   *
   * @param family a {@link StandardProtocolFamily}
   * @return a new channel
   * @throws UnsupportedOperationException if the system does not support the family
   * @throws IOException if the operation fails, as described in {@link #open()}
   */
  public static RingSocketChannel open(ProtocolFamily family) throws IOException {
    return RingSocketChannelImpl.open(
        RingSelectorProvider.instance(), Objects.requireNonNull(family));
  }

  /**
   * Opens a channel and connects it; see {@link #connect}.
   *
   * @param remote the peer's address
   * @return a new channel
   * @throws IOException if {@link #connect} would throw it
   */
  public static RingSocketChannel open(SocketAddress remote) throws IOException {
    return RingSocketChannelImpl.connect(RingSelectorProvider.instance(), remote);
  }

  /**
   * Binds the channel to a local address, as {@link SocketChannel#bind} does.
   *
   * @throws IOException if that method would throw it
   */
  @Override
  public abstract RingSocketChannel bind(@Nullable SocketAddress address) throws IOException;

  /**
   * Sets an option, as {@link SocketChannel#setOption} does.
   *
   * @throws IOException if that method would throw it
   */
  @Override
  public abstract <T> RingSocketChannel setOption(SocketOption<T> option, T value)
      throws IOException;

  /**
   * Shuts down the input side, as {@link SocketChannel#shutdownInput} does.
   *
   * @throws IOException if that method would throw it
   */
  @Override
  public abstract RingSocketChannel shutdownInput() throws IOException;

  /**
   * Shuts down the output side, as {@link SocketChannel#shutdownOutput} does.
   *
   * @throws IOException if that method would throw it
   */
  @Override
  public abstract RingSocketChannel shutdownOutput() throws IOException;
}
