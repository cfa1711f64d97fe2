package io.ringspun.internal.socketchannel;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketOption;
import java.net.StandardSocketOptions;
import java.nio.channels.IllegalBlockingModeException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The {@link ServerSocket} adaptor of a server-socket channel. */
final class ChannelServerSocket extends ServerSocket {
  private final RingServerSocketChannelImpl channel;
  private volatile int timeoutMillis;

  private ChannelServerSocket(RingServerSocketChannelImpl channel) throws IOException {
    this.channel = channel;
  }

  static ChannelServerSocket of(RingServerSocketChannelImpl channel) {
    try {
      return new ChannelServerSocket(channel);
    } catch (IOException e) {
      throw new AssertionError("a server socket that is not bound opens nothing", e);
    }
  }

  @Override
  public void bind(@Nullable SocketAddress local) throws IOException {
    bind(local, 0);
  }

  @Override
  public void bind(@Nullable SocketAddress local, int backlog) throws IOException {
    try {
      channel.bind(local, backlog);
    } catch (IOException e) {
      throw e;
    } catch (RuntimeException e) {
      throw ChannelRules.ofSocket(e);
    }
  }

  @Override
  public Socket accept() throws IOException {
    try {
      SocketChannel accepted =
          timeoutMillis > 0 ? channel.blockingAccept(timeoutMillis) : channel.accept();
      if (accepted == null) {
        throw new IllegalBlockingModeException();
      }
      return accepted.socket();
    } catch (IOException e) {
      throw e;
    } catch (RuntimeException e) {
      throw ChannelRules.ofSocket(e);
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  @Override
  public ServerSocketChannel getChannel() {
    return channel;
  }

  private @Nullable InetSocketAddress local() {
    return (InetSocketAddress) channel.localAddress();
  }

  @Override
  public @Nullable InetAddress getInetAddress() {
    InetSocketAddress local = local();
    return local == null ? null : local.getAddress();
  }

  @Override
  public int getLocalPort() {
    InetSocketAddress local = local();
    return local == null ? -1 : local.getPort();
  }

  @Override
  public @Nullable SocketAddress getLocalSocketAddress() {
    return local();
  }

  @Override
  public boolean isBound() {
    return local() != null;
  }

  @Override
  public boolean isClosed() {
    return !channel.isOpen();
  }

  private void requireOpen() throws SocketException {
    if (isClosed()) {
      throw new SocketException("Socket is closed");
    }
  }

  @Override
  public void setSoTimeout(int millis) throws SocketException {
    requireOpen();
    if (millis < 0) {
      throw new IllegalArgumentException("timeout < 0");
    }
    timeoutMillis = millis;
  }

  @Override
  public int getSoTimeout() throws IOException {
    requireOpen();
    return timeoutMillis;
  }

  @Override
  public void setReuseAddress(boolean on) throws SocketException {
    ChannelSocket.set(channel, StandardSocketOptions.SO_REUSEADDR, on);
  }

  @Override
  public boolean getReuseAddress() throws SocketException {
    return ChannelSocket.get(channel, StandardSocketOptions.SO_REUSEADDR);
  }

  @Override
  public void setReceiveBufferSize(int size) throws SocketException {
    if (size <= 0) {
      throw new IllegalArgumentException("size cannot be 0 or negative");
    }
    ChannelSocket.set(channel, StandardSocketOptions.SO_RCVBUF, size);
  }

  @Override
  public int getReceiveBufferSize() throws SocketException {
    return ChannelSocket.get(channel, StandardSocketOptions.SO_RCVBUF);
  }

  @Override
  public <T> ServerSocket setOption(SocketOption<T> option, T value) throws IOException {
    channel.setOption(option, value);
    return this;
  }

  @Override
  public <T> @Nullable T getOption(SocketOption<T> option) throws IOException {
    return channel.getOption(option);
  }

  @Override
  public Set<SocketOption<?>> supportedOptions() {
    return channel.supportedOptions();
  }

  @Override
  public String toString() {
    return isBound()
        ? "ServerSocket[addr=%s,localport=%d]".formatted(getInetAddress(), getLocalPort())
        : "ServerSocket[unbound]";
  }
}
