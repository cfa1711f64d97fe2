package io.ringspun.internal.socketchannel;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.DatagramPacket;
import java.net.InetAddress;
import java.net.MulticastSocket;
import java.net.NetworkInterface;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketOption;
import java.nio.channels.DatagramChannel;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The datagram socket of a {@link BackedDatagramChannel}: it delegates to the socket of the JDK's
 * channel, but returns the Ringspun channel as its channel. It is a {@link MulticastSocket} because
 * the JDK's is.
 */
@SuppressWarnings({"deprecation", "removal"}) // callers of the deprecated methods have been warned
final class BackedDatagramSocket extends MulticastSocket {
  private final BackedDatagramChannel channel;
  private final MulticastSocket jdk;

  private BackedDatagramSocket(BackedDatagramChannel channel, MulticastSocket jdk)
      throws IOException {
    super((SocketAddress) null);
    super.close(); // the superclass opened a socket that is not used
    this.channel = channel;
    this.jdk = jdk;
  }

  static BackedDatagramSocket of(BackedDatagramChannel channel, MulticastSocket jdk) {
    try {
      return new BackedDatagramSocket(channel, jdk);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // no descriptor is available
    }
  }

  @Override
  public DatagramChannel getChannel() {
    return channel;
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public boolean isClosed() {
    return !channel.isOpen();
  }

  // ---- calls that may close the channel -------------------------------------------------------

  /** A send or a receive. */
  private interface Transfer {
    void run() throws IOException;
  }

  /** Delegates; if that closes the JDK's channel, closes this channel, too. */
  private void transfer(Transfer transfer) throws IOException {
    channel
        .delegate()
        .run(
            _ -> {
              transfer.run();
              return this;
            });
  }

  @Override
  public void send(DatagramPacket packet) throws IOException {
    transfer(() -> jdk.send(packet));
  }

  @Override
  public void send(DatagramPacket packet, byte ttl) throws IOException {
    transfer(() -> jdk.send(packet, ttl));
  }

  @Override
  public void receive(DatagramPacket packet) throws IOException {
    transfer(() -> jdk.receive(packet));
  }

  // ---- addresses -----------------------------------------------------------------------------

  @Override
  public void bind(@Nullable SocketAddress local) throws SocketException {
    jdk.bind(local);
  }

  @Override
  public void connect(InetAddress address, int port) {
    jdk.connect(address, port);
  }

  @Override
  public void connect(SocketAddress remote) throws SocketException {
    jdk.connect(remote);
  }

  @Override
  public void disconnect() {
    jdk.disconnect();
  }

  @Override
  public boolean isBound() {
    return jdk.isBound();
  }

  @Override
  public boolean isConnected() {
    return jdk.isConnected();
  }

  @Override
  public @Nullable InetAddress getInetAddress() {
    return jdk.getInetAddress();
  }

  @Override
  public int getPort() {
    return jdk.getPort();
  }

  @Override
  public @Nullable SocketAddress getRemoteSocketAddress() {
    return jdk.getRemoteSocketAddress();
  }

  @Override
  public @Nullable SocketAddress getLocalSocketAddress() {
    return jdk.getLocalSocketAddress();
  }

  @Override
  public @Nullable InetAddress getLocalAddress() {
    return jdk.getLocalAddress();
  }

  @Override
  public int getLocalPort() {
    return jdk.getLocalPort();
  }

  // ---- options -------------------------------------------------------------------------------

  @Override
  public void setSoTimeout(int millis) throws SocketException {
    jdk.setSoTimeout(millis);
  }

  @Override
  public int getSoTimeout() throws SocketException {
    return jdk.getSoTimeout();
  }

  @Override
  public void setSendBufferSize(int size) throws SocketException {
    jdk.setSendBufferSize(size);
  }

  @Override
  public int getSendBufferSize() throws SocketException {
    return jdk.getSendBufferSize();
  }

  @Override
  public void setReceiveBufferSize(int size) throws SocketException {
    jdk.setReceiveBufferSize(size);
  }

  @Override
  public int getReceiveBufferSize() throws SocketException {
    return jdk.getReceiveBufferSize();
  }

  @Override
  public void setReuseAddress(boolean on) throws SocketException {
    jdk.setReuseAddress(on);
  }

  @Override
  public boolean getReuseAddress() throws SocketException {
    return jdk.getReuseAddress();
  }

  @Override
  public void setBroadcast(boolean on) throws SocketException {
    jdk.setBroadcast(on);
  }

  @Override
  public boolean getBroadcast() throws SocketException {
    return jdk.getBroadcast();
  }

  @Override
  public void setTrafficClass(int trafficClass) throws SocketException {
    jdk.setTrafficClass(trafficClass);
  }

  @Override
  public int getTrafficClass() throws SocketException {
    return jdk.getTrafficClass();
  }

  @Override
  public <T> BackedDatagramSocket setOption(SocketOption<T> option, T value) throws IOException {
    jdk.setOption(option, value);
    return this;
  }

  @Override
  public <T> @Nullable T getOption(SocketOption<T> option) throws IOException {
    return jdk.getOption(option);
  }

  @Override
  public Set<SocketOption<?>> supportedOptions() {
    return jdk.supportedOptions();
  }

  // ---- multicast -----------------------------------------------------------------------------

  @Override
  public void setTTL(byte ttl) throws IOException {
    jdk.setTTL(ttl);
  }

  @Override
  public byte getTTL() throws IOException {
    return jdk.getTTL();
  }

  @Override
  public void setTimeToLive(int ttl) throws IOException {
    jdk.setTimeToLive(ttl);
  }

  @Override
  public int getTimeToLive() throws IOException {
    return jdk.getTimeToLive();
  }

  @Override
  public void joinGroup(InetAddress group) throws IOException {
    jdk.joinGroup(group);
  }

  @Override
  public void leaveGroup(InetAddress group) throws IOException {
    jdk.leaveGroup(group);
  }

  @Override
  public void joinGroup(SocketAddress group, @Nullable NetworkInterface via) throws IOException {
    jdk.joinGroup(group, via);
  }

  @Override
  public void leaveGroup(SocketAddress group, @Nullable NetworkInterface via) throws IOException {
    jdk.leaveGroup(group, via);
  }

  @Override
  public void setInterface(InetAddress address) throws SocketException {
    jdk.setInterface(address);
  }

  @Override
  public InetAddress getInterface() throws SocketException {
    return jdk.getInterface();
  }

  @Override
  public void setNetworkInterface(NetworkInterface via) throws SocketException {
    jdk.setNetworkInterface(via);
  }

  @Override
  public NetworkInterface getNetworkInterface() throws SocketException {
    return jdk.getNetworkInterface();
  }

  @Override
  public void setLoopbackMode(boolean disable) throws SocketException {
    jdk.setLoopbackMode(disable);
  }

  @Override
  public boolean getLoopbackMode() throws SocketException {
    return jdk.getLoopbackMode();
  }
}
