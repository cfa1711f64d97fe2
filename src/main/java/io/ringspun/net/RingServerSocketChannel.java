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
 * A {@link ServerSocketChannel} that takes connections by a {@link Ring}: for libraries that know
 * nothing of rings. What it accepts in blocking mode is a {@link RingSocketChannel} on the ring; in
 * non-blocking mode, and for good once it has been in it, the channel and what it accepts are left
 * to the JDK, as described there.
 *
 * <p>Not for extension outside Ringspun.
 *
 * @since 0.1
 */
public abstract class RingServerSocketChannel extends ServerSocketChannel {
  /**
   * For the implementation.
   *
   * @param provider the channel's provider
   */
  protected RingServerSocketChannel(SelectorProvider provider) {
    super(provider);
  }

  /**
   * Opens a channel that is not bound, with a ring of the {@linkplain RingGroup#shared() shared
   * group} as its home. Does not wait for anyone.
   *
   * @return a new channel for IPv6 and IPv4, or for IPv4 where there is no other
   * @throws IOException if the kernel refuses, or the ring is gone
   */
  public static RingServerSocketChannel open() throws IOException {
    return RingServerSocketChannelImpl.open(RingSelectorProvider.instance(), null);
  }

  /**
   * Opens a channel of a family; see {@link #open()}.
   *
   * @param family of {@link StandardProtocolFamily}
   * @return a new channel
   * @throws UnsupportedOperationException if the system has not the family
   * @throws IOException if the operation fails, as described in {@link #open()}
   */
  public static RingServerSocketChannel open(ProtocolFamily family) throws IOException {
    return RingServerSocketChannelImpl.open(
        RingSelectorProvider.instance(), Objects.requireNonNull(family));
  }

  @Override
  public abstract RingServerSocketChannel bind(@Nullable SocketAddress address, int backlog)
      throws IOException;

  @Override
  public abstract <T> RingServerSocketChannel setOption(SocketOption<T> option, T value)
      throws IOException;
}
