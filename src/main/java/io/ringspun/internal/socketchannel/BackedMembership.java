package io.ringspun.internal.socketchannel;

import java.io.IOException;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.nio.channels.MembershipKey;
import java.nio.channels.MulticastChannel;
import org.jspecify.annotations.Nullable;

/**
 * A wrapper of a membership of the JDK's channel, which returns the Ringspun channel as its
 * channel.
 */
final class BackedMembership extends MembershipKey {
  private final BackedDatagramChannel channel;
  private final MembershipKey jdk;

  BackedMembership(BackedDatagramChannel channel, MembershipKey jdk) {
    this.channel = channel;
    this.jdk = jdk;
  }

  @Override
  public MulticastChannel channel() {
    return channel;
  }

  @Override
  public boolean isValid() {
    return jdk.isValid();
  }

  @Override
  public void drop() {
    jdk.drop();
    channel.forget(jdk);
  }

  @Override
  public MembershipKey block(InetAddress source) throws IOException {
    jdk.block(source);
    return this;
  }

  @Override
  public MembershipKey unblock(InetAddress source) {
    jdk.unblock(source);
    return this;
  }

  @Override
  public InetAddress group() {
    return jdk.group();
  }

  @Override
  public NetworkInterface networkInterface() {
    return jdk.networkInterface();
  }

  @Override
  public @Nullable InetAddress sourceAddress() {
    return jdk.sourceAddress();
  }

  @Override
  public String toString() {
    return jdk.toString();
  }
}
