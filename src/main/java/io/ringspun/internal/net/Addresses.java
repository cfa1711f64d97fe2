package io.ringspun.internal.net;

import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.SocketAddressMemory;
import io.ringspun.internal.memory.PathBytes;
import io.ringspun.net.AbstractUnixAddress;
import java.lang.foreign.MemorySegment;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.channels.UnresolvedAddressException;
import java.nio.channels.UnsupportedAddressTypeException;
import java.util.Arrays;

/** Java's socket addresses, and the kernel's. */
public final class Addresses {
  private static final byte[] V4_IN_V6 = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, -1, -1};

  private Addresses() {}

  /**
   * Returns the family of the sockets that can use an address.
   *
   * @throws UnresolvedAddressException if it is a name that was not found
   * @throws UnsupportedAddressTypeException if it is of no kind that we know
   */
  public static Family family(SocketAddress address) {
    return switch (address) {
      case InetSocketAddress inet -> {
        if (inet.isUnresolved()) {
          throw new UnresolvedAddressException();
        }
        // The wildcard address covers both protocols, as in the JDK.
        yield inet.getAddress() instanceof Inet4Address && !inet.getAddress().isAnyLocalAddress()
            ? Family.INET
            : Family.INET6;
      }
      case UnixDomainSocketAddress _, AbstractUnixAddress _ -> Family.UNIX;
      default -> throw new UnsupportedAddressTypeException();
    };
  }

  /**
   * Writes an address for a socket of a family and returns its length.
   *
   * @throws UnsupportedAddressTypeException if sockets of that family cannot use it
   */
  public static int put(MemorySegment memory, SocketAddress address, Family family) {
    return switch (address) {
      case InetSocketAddress inet -> putInet(memory, inet, family);
      case UnixDomainSocketAddress unix -> {
        requireFamily(family == Family.UNIX);
        byte[] path = PathBytes.of(unix.getPath());
        if (path.length >= SocketAddressMemory.UNIX_MAX) {
          throw new IllegalArgumentException(
              "the path of a Unix socket has at most %d bytes: %s"
                  .formatted(SocketAddressMemory.UNIX_MAX - 1, unix));
        }
        yield SocketAddressMemory.putUnix(memory, path);
      }
      case AbstractUnixAddress unix -> {
        requireFamily(family == Family.UNIX);
        byte[] name = unix.bytes();
        byte[] withZero = new byte[name.length + 1];
        System.arraycopy(name, 0, withZero, 1, name.length);
        yield SocketAddressMemory.putUnix(memory, withZero);
      }
      default -> throw new UnsupportedAddressTypeException();
    };
  }

  private static int putInet(MemorySegment memory, InetSocketAddress inet, Family family) {
    if (inet.isUnresolved()) {
      throw new UnresolvedAddressException();
    }
    InetAddress host = inet.getAddress();
    byte[] bytes = host.getAddress();
    int scope = host instanceof Inet6Address v6 ? v6.getScopeId() : 0;
    if (family == Family.INET) {
      if (host.isAnyLocalAddress()) {
        bytes = new byte[4];
      }
      requireFamily(bytes.length == 4);
    } else {
      requireFamily(family == Family.INET6);
      if (host.isAnyLocalAddress()) {
        bytes = new byte[16];
      } else if (bytes.length == 4) {
        byte[] mapped = Arrays.copyOf(V4_IN_V6, 16);
        System.arraycopy(bytes, 0, mapped, 12, 4);
        bytes = mapped;
      }
    }
    return SocketAddressMemory.putInet(memory, bytes, inet.getPort(), scope);
  }

  private static void requireFamily(boolean matches) {
    if (!matches) {
      throw new UnsupportedAddressTypeException();
    }
  }

  /**
   * Reads an address.
   *
   * @param length as the kernel gave it
   */
  public static SocketAddress get(MemorySegment memory, int length) {
    int family = length < 2 ? Constants.AF_UNIX : SocketAddressMemory.family(memory);
    return switch (family) {
      case Constants.AF_INET, Constants.AF_INET6 -> inet(memory);
      case Constants.AF_UNIX -> unix(SocketAddressMemory.unixName(memory, length));
      default -> throw new AssertionError("an address of family " + family);
    };
  }

  private static InetSocketAddress inet(MemorySegment memory) {
    byte[] bytes = SocketAddressMemory.address(memory);
    int port = SocketAddressMemory.port(memory);
    try {
      int scope = bytes.length == 16 ? SocketAddressMemory.scope(memory) : 0;
      InetAddress host =
          scope == 0
              ? InetAddress.getByAddress(bytes) // which turns a mapped address into an IPv4 one
              : Inet6Address.getByAddress(null, bytes, scope);
      return new InetSocketAddress(host, port);
    } catch (UnknownHostException e) {
      throw new AssertionError("four or sixteen bytes are an address", e);
    }
  }

  private static SocketAddress unix(byte[] name) {
    return name.length > 0 && name[0] == 0
        ? AbstractUnixAddress.of(Arrays.copyOfRange(name, 1, name.length))
        : UnixDomainSocketAddress.of(PathBytes.path(name));
  }
}
