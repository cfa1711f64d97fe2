package io.ringspun.internal.socketchannel;

import java.io.IOException;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.MulticastSocket;
import java.net.NetworkInterface;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.MembershipKey;
import java.nio.channels.spi.SelectorProvider;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * A datagram channel of the JDK that can be registered with selectors of {@link
 * io.ringspun.net.RingSelectorProvider}.
 */
public final class BackedDatagramChannel extends DatagramChannel implements Delegating {
  private final DatagramChannel jdk;
  private final Delegate<DatagramChannel> delegate;
  private final Map<MembershipKey, MembershipKey> memberships = new ConcurrentHashMap<>();
  private @Nullable DatagramSocket socket; // guarded by memberships

  public BackedDatagramChannel(SelectorProvider provider, DatagramChannel jdk) {
    super(provider);
    this.jdk = jdk;
    delegate = new Delegate<>(this, jdk);
  }

  @Override
  public Delegate<?> delegate() {
    return delegate;
  }

  @Override
  public DatagramChannel bind(@Nullable SocketAddress local) throws IOException {
    jdk.bind(local);
    return this;
  }

  @Override
  public <T> DatagramChannel setOption(SocketOption<T> option, T value) throws IOException {
    jdk.setOption(option, value);
    return this;
  }

  @Override
  public <T> T getOption(SocketOption<T> option) throws IOException {
    return jdk.getOption(option);
  }

  @Override
  public Set<SocketOption<?>> supportedOptions() {
    return jdk.supportedOptions();
  }

  @Override
  public DatagramSocket socket() {
    synchronized (memberships) {
      DatagramSocket adaptor = socket;
      if (adaptor == null) {
        adaptor = BackedDatagramSocket.of(this, (MulticastSocket) jdk.socket());
        socket = adaptor;
      }
      return adaptor;
    }
  }

  @Override
  public boolean isConnected() {
    return jdk.isConnected();
  }

  @Override
  public DatagramChannel connect(SocketAddress remote) throws IOException {
    delegate.run(channel -> channel.connect(remote));
    return this;
  }

  @Override
  public DatagramChannel disconnect() throws IOException {
    delegate.run(DatagramChannel::disconnect);
    return this;
  }

  @Override
  public @Nullable SocketAddress getLocalAddress() throws IOException {
    return jdk.getLocalAddress();
  }

  @Override
  public @Nullable SocketAddress getRemoteAddress() throws IOException {
    return jdk.getRemoteAddress();
  }

  @Override
  public @Nullable SocketAddress receive(ByteBuffer target) throws IOException {
    return delegate.run(channel -> channel.receive(target));
  }

  @Override
  public int send(ByteBuffer source, SocketAddress target) throws IOException {
    return delegate.run(channel -> channel.send(source, target));
  }

  @Override
  public int read(ByteBuffer target) throws IOException {
    return delegate.run(channel -> channel.read(target));
  }

  @Override
  public long read(ByteBuffer[] targets, int offset, int length) throws IOException {
    return delegate.run(channel -> channel.read(targets, offset, length));
  }

  @Override
  public int write(ByteBuffer source) throws IOException {
    return delegate.run(channel -> channel.write(source));
  }

  @Override
  public long write(ByteBuffer[] sources, int offset, int length) throws IOException {
    return delegate.run(channel -> channel.write(sources, offset, length));
  }

  @Override
  public MembershipKey join(InetAddress group, NetworkInterface via) throws IOException {
    return membership(jdk.join(group, via));
  }

  @Override
  public MembershipKey join(InetAddress group, NetworkInterface via, InetAddress source)
      throws IOException {
    return membership(jdk.join(group, via, source));
  }

  /** Returns the wrapper of a JDK key. */
  private MembershipKey membership(MembershipKey key) {
    return memberships.computeIfAbsent(key, joined -> new BackedMembership(this, joined));
  }

  /** Forgets a membership that has ended. */
  void forget(MembershipKey key) {
    memberships.remove(key);
  }

  @Override
  protected void implConfigureBlocking(boolean block) throws IOException {
    delegate.configureBlocking(block);
  }

  @Override
  protected void implCloseSelectableChannel() throws IOException {
    jdk.close();
  }
}
