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
 * A {@link SocketChannel} that blocks on a {@link Ring}: for libraries that know nothing of rings.
 * It keeps the contract of {@code SocketChannel}, to the point that an interrupt closes it; code
 * that is written for rings does better with {@link RingSocket}.
 *
 * <p>In blocking mode a virtual thread that waits parks and gives up its carrier, and a write takes
 * all that there is.
 *
 * <p>Put into non-blocking mode, the channel is left to the JDK, for good, and can be registered
 * with selectors: those that {@code channel.provider().openSelector()} opens, and those of {@link
 * java.nio.channels.Selector#open} where {@link RingSelectorProvider} is installed. Others refuse
 * it ({@link java.nio.channels.IllegalSelectorException}). If it was bound or connected by then, it
 * has two descriptors from then on.
 *
 * <p>Not for extension outside Ringspun.
 *
 * @since 0.1
 */
public abstract class RingSocketChannel extends SocketChannel {
  /**
   * For the implementation.
   *
   * @param provider the channel's provider
   */
  protected RingSocketChannel(SelectorProvider provider) {
    super(provider);
  }

  /**
   * Opens a channel that is not connected, with a ring of the {@linkplain RingGroup#shared() shared
   * group} as its home. Does not wait for anyone.
   *
   * @return a new channel for IPv6 and IPv4, or for IPv4 where there is no other
   * @throws IOException if the kernel refuses, or the ring is gone
   */
  public static RingSocketChannel open() throws IOException {
    return RingSocketChannelImpl.open(RingSelectorProvider.instance(), null);
  }

  /**
   * Opens a channel of a family; see {@link #open()}.
   *
   * @param family of {@link StandardProtocolFamily}
   * @return a new channel
   * @throws UnsupportedOperationException if the system has not the family
   * @throws IOException if the operation fails, as described in {@link #open()}
   */
  public static RingSocketChannel open(ProtocolFamily family) throws IOException {
    return RingSocketChannelImpl.open(
        RingSelectorProvider.instance(), Objects.requireNonNull(family));
  }

  /**
   * Opens a channel and connects it; see {@link #connect}.
   *
   * @param remote whom to connect to
   * @return a new channel
   * @throws IOException as for {@link #connect}
   */
  public static RingSocketChannel open(SocketAddress remote) throws IOException {
    return RingSocketChannelImpl.connect(RingSelectorProvider.instance(), remote);
  }

  @Override
  public abstract RingSocketChannel bind(@Nullable SocketAddress address) throws IOException;

  @Override
  public abstract <T> RingSocketChannel setOption(SocketOption<T> option, T value)
      throws IOException;

  @Override
  public abstract RingSocketChannel shutdownInput() throws IOException;

  @Override
  public abstract RingSocketChannel shutdownOutput() throws IOException;
}
