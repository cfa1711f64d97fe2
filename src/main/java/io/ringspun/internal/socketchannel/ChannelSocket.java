package io.ringspun.internal.socketchannel;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketImpl;
import java.net.SocketOption;
import java.net.StandardSocketOptions;
import java.net.UnknownHostException;
import java.nio.channels.NetworkChannel;
import java.nio.channels.SocketChannel;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The {@link Socket} adaptor of a socket channel; urgent data is not supported. */
final class ChannelSocket extends Socket {
  private final RingSocketChannelImpl channel;
  private volatile int timeoutMillis;

  private ChannelSocket(RingSocketChannelImpl channel) throws SocketException {
    super((SocketImpl) null); // every method that would use it is overridden
    this.channel = channel;
  }

  static ChannelSocket of(RingSocketChannelImpl channel) {
    try {
      return new ChannelSocket(channel);
    } catch (SocketException e) {
      throw new AssertionError("a socket without an implementation opens nothing", e);
    }
  }

  // ---- the channel's methods, with a socket's exceptions -------------------------------------

  private interface Action {
    void run() throws IOException;
  }

  private static void translated(Action action) throws IOException {
    try {
      action.run();
    } catch (IOException e) {
      throw e;
    } catch (RuntimeException e) {
      throw ChannelRules.ofSocket(e);
    }
  }

  @Override
  public void connect(SocketAddress remote) throws IOException {
    connect(remote, 0);
  }

  @Override
  public void connect(@Nullable SocketAddress remote, int timeout) throws IOException {
    if (remote == null) {
      throw new IllegalArgumentException("connect: The address can't be null");
    }
    if (remote instanceof InetSocketAddress inet && inet.isUnresolved()) {
      requireOpen();
      if (isConnected()) {
        throw new SocketException("Already connected");
      }
      close();
      throw new UnknownHostException(inet.getHostString());
    }
    if (timeout < 0) {
      throw new IllegalArgumentException("connect: timeout can't be negative");
    }
    translated(() -> channel.blockingConnect(remote, timeout));
  }

  @Override
  public void bind(@Nullable SocketAddress local) throws IOException {
    translated(() -> channel.bind(local));
  }

  @Override
  public void shutdownInput() throws IOException {
    translated(channel::shutdownInput);
  }

  @Override
  public void shutdownOutput() throws IOException {
    translated(channel::shutdownOutput);
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }

  @Override
  public SocketChannel getChannel() {
    return channel;
  }

  // ---- streams -------------------------------------------------------------------------------

  @Override
  public InputStream getInputStream() throws IOException {
    requireConnected();
    if (isInputShutdown()) {
      throw new SocketException("Socket input is shutdown");
    }
    return new InputStream() {
      @Override
      public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
      }

      @Override
      public int read(byte[] target, int offset, int length) throws IOException {
        return channel.blockingRead(target, offset, length, timeoutMillis);
      }

      @Override
      public void close() throws IOException {
        channel.close();
      }
    };
  }

  @Override
  public OutputStream getOutputStream() throws IOException {
    requireConnected();
    if (isOutputShutdown()) {
      throw new SocketException("Socket output is shutdown");
    }
    return new OutputStream() {
      @Override
      public void write(int value) throws IOException {
        write(new byte[] {(byte) value}, 0, 1);
      }

      @Override
      public void write(byte[] source, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, source.length);
        channel.blockingWrite(source, offset, length);
      }

      @Override
      public void close() throws IOException {
        channel.close();
      }
    };
  }

  private void requireOpen() throws SocketException {
    if (isClosed()) {
      throw new SocketException("Socket is closed");
    }
  }

  private void requireConnected() throws SocketException {
    requireOpen();
    if (!isConnected()) {
      throw new SocketException("Socket is not connected");
    }
  }

  // ---- addresses and state -------------------------------------------------------------------

  private @Nullable InetSocketAddress local() {
    return (InetSocketAddress) channel.localAddress();
  }

  private @Nullable InetSocketAddress remote() {
    return (InetSocketAddress) channel.remoteAddress();
  }

  @Override
  public @Nullable InetAddress getInetAddress() {
    InetSocketAddress remote = remote();
    return remote == null ? null : remote.getAddress();
  }

  @Override
  public int getPort() {
    InetSocketAddress remote = remote();
    return remote == null ? 0 : remote.getPort();
  }

  @Override
  public @Nullable SocketAddress getRemoteSocketAddress() {
    return remote();
  }

  @Override
  public InetAddress getLocalAddress() {
    InetSocketAddress local = isClosed() ? null : local();
    return (local == null ? new InetSocketAddress(0) : local).getAddress();
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
  public boolean isConnected() {
    return channel.isConnected();
  }

  @Override
  public boolean isBound() {
    return local() != null;
  }

  @Override
  public boolean isClosed() {
    return !channel.isOpen();
  }

  @Override
  public boolean isInputShutdown() {
    return !channel.isInputOpen();
  }

  @Override
  public boolean isOutputShutdown() {
    return !channel.isOutputOpen();
  }

  @Override
  public String toString() {
    return isConnected()
        ? "Socket[addr=%s,port=%d,localport=%d]"
            .formatted(getInetAddress(), getPort(), getLocalPort())
        : "Socket[unconnected]";
  }

  // ---- options -------------------------------------------------------------------------------

  static <T> void set(NetworkChannel channel, SocketOption<T> option, T value)
      throws SocketException {
    try {
      channel.setOption(option, value);
    } catch (IOException e) {
      throw socketException(e);
    }
  }

  static <T> T get(NetworkChannel channel, SocketOption<T> option) throws SocketException {
    try {
      return Objects.requireNonNull(channel.getOption(option));
    } catch (IOException e) {
      throw socketException(e);
    }
  }

  private static SocketException socketException(IOException e) {
    return (SocketException) (e instanceof SocketException ? e : ChannelRules.ofSocket(e));
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
  public int getSoTimeout() throws SocketException {
    requireOpen();
    return timeoutMillis;
  }

  @Override
  public void setTcpNoDelay(boolean on) throws SocketException {
    set(channel, StandardSocketOptions.TCP_NODELAY, on);
  }

  @Override
  public boolean getTcpNoDelay() throws SocketException {
    return get(channel, StandardSocketOptions.TCP_NODELAY);
  }

  @Override
  public void setSoLinger(boolean on, int seconds) throws SocketException {
    set(channel, StandardSocketOptions.SO_LINGER, on ? seconds : -1);
  }

  @Override
  public int getSoLinger() throws SocketException {
    return get(channel, StandardSocketOptions.SO_LINGER);
  }

  @Override
  public void sendUrgentData(int data) throws IOException {
    throw new SocketException("Urgent data not supported");
  }

  @Override
  public void setOOBInline(boolean on) throws SocketException {
    throw new SocketException("Urgent data not supported");
  }

  @Override
  public boolean getOOBInline() throws SocketException {
    requireOpen();
    return false;
  }

  @Override
  public void setSendBufferSize(int size) throws SocketException {
    if (size <= 0) {
      throw new IllegalArgumentException("Invalid send size");
    }
    set(channel, StandardSocketOptions.SO_SNDBUF, size);
  }

  @Override
  public int getSendBufferSize() throws SocketException {
    return get(channel, StandardSocketOptions.SO_SNDBUF);
  }

  @Override
  public void setReceiveBufferSize(int size) throws SocketException {
    if (size <= 0) {
      throw new IllegalArgumentException("Invalid receive size");
    }
    set(channel, StandardSocketOptions.SO_RCVBUF, size);
  }

  @Override
  public int getReceiveBufferSize() throws SocketException {
    return get(channel, StandardSocketOptions.SO_RCVBUF);
  }

  @Override
  public void setKeepAlive(boolean on) throws SocketException {
    set(channel, StandardSocketOptions.SO_KEEPALIVE, on);
  }

  @Override
  public boolean getKeepAlive() throws SocketException {
    return get(channel, StandardSocketOptions.SO_KEEPALIVE);
  }

  @Override
  public void setTrafficClass(int value) throws SocketException {
    set(channel, StandardSocketOptions.IP_TOS, value);
  }

  @Override
  public int getTrafficClass() throws SocketException {
    return get(channel, StandardSocketOptions.IP_TOS);
  }

  @Override
  public void setReuseAddress(boolean on) throws SocketException {
    set(channel, StandardSocketOptions.SO_REUSEADDR, on);
  }

  @Override
  public boolean getReuseAddress() throws SocketException {
    return get(channel, StandardSocketOptions.SO_REUSEADDR);
  }

  @Override
  public <T> Socket setOption(SocketOption<T> option, T value) throws IOException {
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
}
