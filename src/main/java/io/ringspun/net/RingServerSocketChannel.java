package io.ringspun.net;

import io.ringspun.Ring;
import io.ringspun.RingGroup;
import io.ringspun.internal.socketchannel.RingServerSocketChannelImpl;
import java.io.IOException;
import java.net.ProtocolFamily;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.net.StandardProtocolFamily;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.spi.SelectorProvider;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A {@link ServerSocketChannel} that accepts connections through a {@link Ring}, for libraries that
 * expect a {@code ServerSocketChannel}. In blocking mode it accepts {@link RingSocketChannel}s on
 * the ring. Once it has been put into non-blocking mode, the channel and those it accepts are
 * backed by JDK channels; see {@link RingSocketChannel}.
 *
 * <p>Not for extension outside Ringspun.
 *
 * @since 0.1
 */
public abstract class RingServerSocketChannel extends ServerSocketChannel {
  /**
   * Creates a channel.
   *
   * @param provider the channel's provider
   */
  protected RingServerSocketChannel(SelectorProvider provider) {
    super(provider);
  }

  /**
   * Opens an unbound channel on a ring of the {@linkplain RingGroup#shared() shared group}. Does
   * not wait for a peer.
   *
   * @return a new channel for IPv6 and IPv4, or for IPv4 if the system has no IPv6
   * @throws IOException if the kernel refuses, or no ring can be opened
   */
  public static RingServerSocketChannel open() throws IOException {
    return RingServerSocketChannelImpl.open(RingSelectorProvider.instance(), null);
  }

  /**
   * Opens a channel of a family; see {@link #open()}.
   *
   * @param family a {@link StandardProtocolFamily}
   * @return a new channel
   * @throws UnsupportedOperationException if the system does not support the family
   * @throws IOException if the operation fails, as described in {@link #open()}
   */
  public static RingServerSocketChannel open(ProtocolFamily family) throws IOException {
    return RingServerSocketChannelImpl.open(
        RingSelectorProvider.instance(), Objects.requireNonNull(family));
  }

  /**
   * Binds the channel to an address and starts listening, as {@link
   * ServerSocketChannel#bind(SocketAddress, int)} does.
   *
   * @throws IOException if that method would throw it
   */
  @Override
  public abstract RingServerSocketChannel bind(@Nullable SocketAddress address, int backlog)
      throws IOException;

  /**
   * Sets an option, as {@link ServerSocketChannel#setOption} does.
   *
   * @throws IOException if that method would throw it
   */
  @Override
  public abstract <T> RingServerSocketChannel setOption(SocketOption<T> option, T value)
      throws IOException;
}
