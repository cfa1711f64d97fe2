package io.ringspun.internal.socketchannel;

import io.ringspun.OperationException;
import io.ringspun.internal.net.Family;
import io.ringspun.internal.ring.Uninterrupted;
import io.ringspun.net.AbstractUnixAddress;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ProtocolFamily;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketOption;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.channels.AlreadyBoundException;
import java.nio.channels.AlreadyConnectedException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NetworkChannel;
import java.nio.channels.NotYetBoundException;
import java.nio.channels.NotYetConnectedException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.channels.UnsupportedAddressTypeException;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The rules of the JDK's socket channels for arguments and exceptions. */
final class ChannelRules {
  /** Options that a socket has but its server-socket channel lacks. */
  private static final Set<SocketOption<?>> NOT_OF_SERVERS =
      Set.of(
          StandardSocketOptions.SO_SNDBUF,
          StandardSocketOptions.SO_LINGER,
          StandardSocketOptions.SO_KEEPALIVE,
          StandardSocketOptions.TCP_NODELAY,
          StandardSocketOptions.IP_TOS);

  private ChannelRules() {}

  /** Opens a socket of a family. */
  interface Opener<T> {
    T open(ProtocolFamily family) throws IOException;
  }

  /** Opens a socket; without a family, an IPv6 socket, which also reaches IPv4 addresses. */
  static <T> T open(@Nullable ProtocolFamily family, Opener<T> opener) throws IOException {
    if (family != null) {
      return Uninterrupted.get(() -> opener.open(family));
    }
    if (!Boolean.getBoolean("java.net.preferIPv4Stack")) {
      try {
        return Uninterrupted.get(() -> opener.open(StandardProtocolFamily.INET6));
      } catch (UnsupportedOperationException _) {
        // IPv6 is not available
      }
    }
    return Uninterrupted.get(() -> opener.open(StandardProtocolFamily.INET));
  }

  /** Returns the options of a server-socket channel. */
  static Set<SocketOption<?>> ofServer(Set<SocketOption<?>> ofSocket) {
    Set<SocketOption<?>> options = new HashSet<>(ofSocket);
    options.removeAll(NOT_OF_SERVERS);
    return Set.copyOf(options);
  }

  /** Checks an option before it is set or returned. */
  static void requireSupported(Set<SocketOption<?>> supported, SocketOption<?> option) {
    if (!supported.contains(Objects.requireNonNull(option))) {
      throw new UnsupportedOperationException("'" + option + "' not supported");
    }
  }

  /** Checks the value of an option. */
  static <T> void requireFit(SocketOption<T> option, @Nullable T value) {
    if (!option.type().isInstance(value)) {
      throw new IllegalArgumentException("Invalid value '" + value + "'");
    }
  }

  /**
   * Checks whether a socket of a family can use an address.
   *
   * @throws UnresolvedAddressException if the host name was not resolved
   * @throws UnsupportedAddressTypeException if the family has another type of address
   */
  static void requireFit(SocketAddress address, Family family) {
    boolean isUnix =
        Objects.requireNonNull(address) instanceof UnixDomainSocketAddress
            || address instanceof AbstractUnixAddress;
    if (family == Family.UNIX) {
      if (!isUnix) {
        throw new UnsupportedAddressTypeException();
      }
    } else {
      if (!(address instanceof InetSocketAddress inet)) {
        throw new UnsupportedAddressTypeException();
      }
      if (inet.isUnresolved()) {
        throw new UnresolvedAddressException();
      }
      if (family == Family.INET && inet.getAddress() instanceof Inet6Address) {
        throw new UnsupportedAddressTypeException();
      }
    }
  }

  /** Returns the address that a socket is bound to by default. */
  static SocketAddress any(Family family) {
    return family == Family.UNIX ? UnixDomainSocketAddress.of("") : new InetSocketAddress(0);
  }

  /** Returns the address to connect to: the wildcard address means the local host. */
  static SocketAddress target(SocketAddress remote) {
    if (remote instanceof InetSocketAddress inet && inet.getAddress().isAnyLocalAddress()) {
      byte[] loopback = inet.getAddress().getAddress();
      loopback[loopback.length - 1] = 1;
      if (loopback.length == 4) {
        loopback[0] = 127;
      }
      try {
        return new InetSocketAddress(InetAddress.getByAddress(loopback), inet.getPort());
      } catch (UnknownHostException e) {
        throw new AssertionError("four or sixteen bytes are an address", e);
      }
    }
    return remote;
  }

  /** Rejects buffers over memory that the calling thread may not access, as the JDK does. */
  static void requireAccessible(ByteBuffer buffer) {
    MemorySegment memory = MemorySegment.ofBuffer(buffer);
    if (memory.scope().isAlive() && !memory.isAccessibleBy(Thread.currentThread())) {
      throw new WrongThreadException("the buffer is confined to another thread");
    }
  }

  /** Returns a range of an array after checking that the calling thread may access its buffers. */
  static ByteBuffer[] slice(ByteBuffer[] buffers, int offset, int length) {
    Objects.checkFromIndexSize(offset, length, buffers.length);
    ByteBuffer[] chosen = Arrays.copyOfRange(buffers, offset, offset + length);
    for (ByteBuffer buffer : chosen) {
      requireAccessible(buffer);
    }
    return chosen;
  }

  /** Sets on a channel the options that were set on another channel. */
  @SuppressWarnings("unchecked") // the values were of the options' types when they were set
  static void copyOptions(Map<SocketOption<?>, Object> options, NetworkChannel target)
      throws IOException {
    for (Map.Entry<SocketOption<?>, Object> option : options.entrySet()) {
      target.setOption((SocketOption<Object>) option.getKey(), option.getValue());
    }
  }

  static long remaining(ByteBuffer[] buffers) {
    long total = 0;
    for (ByteBuffer buffer : buffers) {
      total += buffer.remaining();
    }
    return total;
  }

  /** Converts a failure of bind, connect or accept to the exception that the JDK throws. */
  static IOException socketException(IOException e) {
    if (e instanceof OperationException) {
      SocketException specific = new SocketException(e.getMessage());
      specific.initCause(e);
      return specific;
    }
    return e;
  }

  /** Converts an exception of a channel to the exception that {@link java.net.Socket} throws. */
  static IOException ofSocket(Exception e) {
    String message =
        switch (e) {
          case ClosedChannelException _ -> "Socket is closed";
          case NotYetConnectedException _ -> "Socket is not connected";
          case AlreadyBoundException _ -> "Already bound";
          case AlreadyConnectedException _ -> "Already connected";
          case NotYetBoundException _ -> "Socket is not bound yet";
          case UnsupportedAddressTypeException _ -> "Unsupported address type";
          case UnresolvedAddressException _ -> "Unresolved address";
          case RuntimeException other -> throw other;
          default -> e.getMessage();
        };
    SocketException translated = new SocketException(message);
    translated.initCause(e);
    return translated;
  }
}
