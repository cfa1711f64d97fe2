package io.ringspun.internal.net;

import static io.ringspun.internal.kernel.Constants.*;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.SocketCalls;
import io.ringspun.raw.KernelOption;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;
import java.net.SocketOption;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import jdk.net.ExtendedSocketOptions;
import org.jspecify.annotations.Nullable;

/** Options of sockets as Java names them, and as the kernel numbers them. */
final class SocketOptions {
  private static final int IP_MREQN_BYTES = 12; // group, address of an interface, its index
  private static final int LINGER_SECONDS_MAX = 65_535;

  /** How values look to the kernel. */
  private enum Kind {
    NUMBER,
    /** The kernel doubles what is set, to have room for what it needs itself. */
    BUFFER_SIZE,
    FLAG,
    LINGER,
    /** An {@code int} that the user knows the meaning of. */
    RAW,
    INTERFACE
  }

  /** To what an option applies. */
  private enum Scope {
    ANY,
    STREAM,
    DATAGRAM,
    INTERNET,
    TCP
  }

  /**
   * The kernel's level and number of an option.
   *
   * @param level6 for sockets of IPv6
   */
  private record Spec(Kind kind, Scope scope, int level, int number, int level6, int number6) {
    Spec(Kind kind, Scope scope, int level, int number) {
      this(kind, scope, level, number, level, number);
    }
  }

  private static final Map<SocketOption<?>, Spec> SPECS =
      Map.ofEntries(
          Map.entry(StandardSocketOptions.SO_RCVBUF, socket(Kind.BUFFER_SIZE, SO_RCVBUF)),
          Map.entry(StandardSocketOptions.SO_SNDBUF, socket(Kind.BUFFER_SIZE, SO_SNDBUF)),
          Map.entry(
              StandardSocketOptions.SO_REUSEADDR,
              new Spec(Kind.FLAG, Scope.INTERNET, SOL_SOCKET, SO_REUSEADDR)),
          Map.entry(
              StandardSocketOptions.SO_REUSEPORT,
              new Spec(Kind.FLAG, Scope.INTERNET, SOL_SOCKET, SO_REUSEPORT)),
          Map.entry(
              StandardSocketOptions.SO_KEEPALIVE,
              new Spec(Kind.FLAG, Scope.TCP, SOL_SOCKET, SO_KEEPALIVE)),
          Map.entry(
              StandardSocketOptions.SO_LINGER,
              new Spec(Kind.LINGER, Scope.STREAM, SOL_SOCKET, SO_LINGER)),
          Map.entry(
              StandardSocketOptions.SO_BROADCAST,
              new Spec(Kind.FLAG, Scope.DATAGRAM, SOL_SOCKET, SO_BROADCAST)),
          Map.entry(
              StandardSocketOptions.IP_TOS,
              new Spec(Kind.NUMBER, Scope.INTERNET, IPPROTO_IP, IP_TOS, IPPROTO_IPV6, IPV6_TCLASS)),
          Map.entry(
              StandardSocketOptions.IP_MULTICAST_IF,
              new Spec(
                  Kind.INTERFACE,
                  Scope.DATAGRAM,
                  IPPROTO_IP,
                  IP_MULTICAST_IF,
                  IPPROTO_IPV6,
                  IPV6_MULTICAST_IF)),
          Map.entry(
              StandardSocketOptions.IP_MULTICAST_TTL,
              new Spec(
                  Kind.NUMBER,
                  Scope.DATAGRAM,
                  IPPROTO_IP,
                  IP_MULTICAST_TTL,
                  IPPROTO_IPV6,
                  IPV6_MULTICAST_HOPS)),
          Map.entry(
              StandardSocketOptions.IP_MULTICAST_LOOP,
              new Spec(
                  Kind.FLAG,
                  Scope.DATAGRAM,
                  IPPROTO_IP,
                  IP_MULTICAST_LOOP,
                  IPPROTO_IPV6,
                  IPV6_MULTICAST_LOOP)),
          Map.entry(StandardSocketOptions.TCP_NODELAY, tcp(Kind.FLAG, TCP_NODELAY)),
          Map.entry(ExtendedSocketOptions.TCP_QUICKACK, tcp(Kind.FLAG, TCP_QUICKACK)),
          Map.entry(ExtendedSocketOptions.TCP_KEEPIDLE, tcp(Kind.NUMBER, TCP_KEEPIDLE)),
          Map.entry(ExtendedSocketOptions.TCP_KEEPINTERVAL, tcp(Kind.NUMBER, TCP_KEEPINTVL)),
          Map.entry(ExtendedSocketOptions.TCP_KEEPCOUNT, tcp(Kind.NUMBER, TCP_KEEPCNT)),
          Map.entry(
              ExtendedSocketOptions.SO_INCOMING_NAPI_ID,
              new Spec(Kind.NUMBER, Scope.INTERNET, SOL_SOCKET, SO_INCOMING_NAPI_ID)));

  private SocketOptions() {}

  private static Spec socket(Kind kind, int number) {
    return new Spec(kind, Scope.ANY, SOL_SOCKET, number);
  }

  private static Spec tcp(Kind kind, int number) {
    return new Spec(kind, Scope.TCP, IPPROTO_TCP, number);
  }

  static Set<SocketOption<?>> supported(SocketHandle socket) {
    Set<SocketOption<?>> supported = new LinkedHashSet<>();
    SPECS.forEach(
        (option, spec) -> {
          if (applies(spec, socket)) {
            supported.add(option);
          }
        });
    return Set.copyOf(supported);
  }

  private static boolean applies(Spec spec, SocketHandle socket) {
    boolean isUnix = socket.family() == Family.UNIX;
    boolean isStream = socket.isStream();
    return switch (spec.scope) {
      case ANY -> true;
      case STREAM -> isStream;
      case INTERNET -> !isUnix;
      case TCP -> isStream && !isUnix;
      case DATAGRAM -> !isStream && !isUnix;
    };
  }

  private static Spec spec(SocketHandle socket, SocketOption<?> option) {
    Spec spec =
        option instanceof KernelOption numbers
            ? new Spec(Kind.RAW, Scope.ANY, numbers.level(), numbers.number())
            : SPECS.get(option);
    if (spec == null || !applies(spec, socket)) {
      throw new UnsupportedOperationException("'" + option + "' not supported");
    }
    return spec;
  }

  static <T> void set(SocketHandle socket, SocketOption<T> option, T value) throws IOException {
    Spec spec = spec(socket, option);
    int number = number(spec, option, option.type().cast(value));
    boolean isV6 = socket.family() == Family.INET6;
    socket.control(
        control -> {
          MemorySegment memory = control.value();
          int length = Integer.BYTES;
          if (spec.kind == Kind.INTERFACE && !isV6) {
            length = putInterface(memory, (NetworkInterface) value);
          } else if (spec.kind == Kind.LINGER) {
            memory.set(ValueLayout.JAVA_INT, 0, number >= 0 ? 1 : 0);
            memory.set(ValueLayout.JAVA_INT, 4, Math.clamp(number, 0, LINGER_SECONDS_MAX));
            length = 2 * Integer.BYTES;
          } else {
            memory.set(ValueLayout.JAVA_INT, 0, number);
          }
          int result =
              control.setOption(
                  isV6 ? spec.level6 : spec.level, isV6 ? spec.number6 : spec.number, length);
          if (result == 0 && isV6 && spec.level != spec.level6) {
            if (spec.kind == Kind.INTERFACE) {
              length = putInterface(memory, (NetworkInterface) value);
            }
            control.setOption(spec.level, spec.number, length); // for mapped peers, if it can be
          }
          return checked("setsockopt", option, result);
        });
  }

  /** For IPv4, the kernel takes {@code struct ip_mreqn}, but returns the address. */
  private static int putInterface(MemorySegment memory, NetworkInterface via) {
    memory.asSlice(0, IP_MREQN_BYTES).fill((byte) 0);
    via.inetAddresses()
        .filter(Inet4Address.class::isInstance)
        .findFirst()
        .ifPresent(address -> MemorySegment.copy(address.getAddress(), 0, memory, JAVA_BYTE, 4, 4));
    memory.set(ValueLayout.JAVA_INT, 8, via.getIndex());
    return IP_MREQN_BYTES;
  }

  private static int number(Spec spec, SocketOption<?> option, @Nullable Object value) {
    if (value == null) {
      throw new IllegalArgumentException("Invalid option value: null");
    }
    return switch (spec.kind) {
      case FLAG -> (Boolean) value ? 1 : 0;
      case LINGER, RAW -> (Integer) value;
      case INTERFACE -> ((NetworkInterface) value).getIndex();
      case BUFFER_SIZE -> requireNotNegative(option, (Integer) value);
      case NUMBER -> {
        int number = requireNotNegative(option, (Integer) value);
        boolean isByte = spec.level == IPPROTO_IP;
        if (isByte && number > 255) {
          throw new IllegalArgumentException("Invalid value for " + option + ": " + value);
        }
        yield number;
      }
    };
  }

  private static int requireNotNegative(SocketOption<?> option, int value) {
    if (value < 0) {
      throw new IllegalArgumentException("Invalid value for " + option + ": " + value);
    }
    return value;
  }

  static <T> @Nullable T get(SocketHandle socket, SocketOption<T> option) throws IOException {
    Spec spec = spec(socket, option);
    boolean isV6 = socket.family() == Family.INET6;
    long bytes =
        socket.control(
            control -> {
              int level = isV6 ? spec.level6 : spec.level;
              int name = isV6 ? spec.number6 : spec.number;
              control.value().fill((byte) 0);
              checked("getsockopt", option, control.getOption(level, name));
              return control.value().get(ValueLayout.JAVA_LONG, 0);
            });
    if (spec.kind == Kind.INTERFACE && !isV6) {
      return option.type().cast(interfaceOf((int) bytes));
    }
    return option.type().cast(value(spec, (int) bytes, (int) (bytes >>> Integer.SIZE)));
  }

  private static @Nullable NetworkInterface interfaceOf(int address) throws IOException {
    if (address == 0) {
      return null;
    }
    byte[] bytes =
        ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.nativeOrder()).putInt(address).array();
    return NetworkInterface.getByInetAddress(InetAddress.getByAddress(bytes));
  }

  /** Returns whether closing a socket that is no longer in use may wait for the peer. */
  static boolean lingers(Engine engine, Family family, int fd) {
    return family != Family.UNIX && lingerSeconds(engine, fd) > 0; // Unix sockets do not linger
  }

  /** Returns whether closing a descriptor resets the connection. */
  static boolean isAbortive(Engine engine, int fd) {
    return lingerSeconds(engine, fd) == 0;
  }

  /** Returns the value of {@code SO_LINGER}, or -1 if that is off. */
  private static int lingerSeconds(Engine engine, int fd) {
    try (SocketCalls calls = engine.socketCalls()) {
      int result = calls.getOption(fd, SOL_SOCKET, SO_LINGER);
      MemorySegment value = calls.value();
      return result < 0 || value.get(ValueLayout.JAVA_INT, 0) == 0
          ? -1
          : value.get(ValueLayout.JAVA_INT, Integer.BYTES);
    }
  }

  private static @Nullable Object value(Spec spec, int first, int second) throws IOException {
    return switch (spec.kind) {
      case NUMBER, RAW -> first;
      case BUFFER_SIZE -> first / 2;
      case FLAG -> first != 0;
      case LINGER -> first == 0 ? -1 : second;
      case INTERFACE -> first == 0 ? null : NetworkInterface.getByIndex(first);
    };
  }

  private static int checked(String operation, SocketOption<?> option, int result)
      throws IOException {
    if (result == -Errno.ENOPROTOOPT) {
      throw new UnsupportedOperationException("'" + option + "' not supported by this kernel");
    }
    return NetErrors.check(operation, option.name(), result);
  }
}
