package io.ringspun.internal.socketimpl;

import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.net.NetErrors;
import io.ringspun.internal.net.SocketHandle;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.net.SocketOption;
import java.net.SocketOptions;
import java.net.StandardSocketOptions;
import java.util.Map;
import java.util.Objects;

/** Options by the numbers of {@link SocketOptions}, which {@link java.net.Socket} uses. */
final class LegacyOptions {
  private static final Map<Integer, SocketOption<Boolean>> FLAGS =
      Map.of(
          SocketOptions.TCP_NODELAY, StandardSocketOptions.TCP_NODELAY,
          SocketOptions.SO_KEEPALIVE, StandardSocketOptions.SO_KEEPALIVE,
          SocketOptions.SO_REUSEADDR, StandardSocketOptions.SO_REUSEADDR,
          SocketOptions.SO_REUSEPORT, StandardSocketOptions.SO_REUSEPORT);

  private static final Map<Integer, SocketOption<Integer>> NUMBERS =
      Map.of(
          SocketOptions.IP_TOS, StandardSocketOptions.IP_TOS,
          SocketOptions.SO_SNDBUF, StandardSocketOptions.SO_SNDBUF,
          SocketOptions.SO_RCVBUF, StandardSocketOptions.SO_RCVBUF,
          SocketOptions.SO_LINGER, StandardSocketOptions.SO_LINGER);

  private LegacyOptions() {}

  static void set(SocketHandle socket, int option, Object value) throws IOException {
    SocketOption<Boolean> flag = FLAGS.get(option);
    SocketOption<Integer> number = NUMBERS.get(option);
    if (flag != null) {
      socket.setOption(flag, requireType(flag.name(), Boolean.class, value));
    } else if (number != null) {
      socket.setOption(number, number(option, number, value));
    } else if (option == SocketOptions.SO_OOBINLINE) {
      boolean on = requireType("SO_OOBINLINE", Boolean.class, value);
      setFlag(socket, Constants.SOL_SOCKET, Constants.SO_OOBINLINE, on);
    } else {
      throw unknown(option);
    }
  }

  private static int number(int option, SocketOption<Integer> name, Object value)
      throws SocketException {
    if (option == SocketOptions.SO_LINGER && value.equals(false)) {
      return -1;
    }
    int number = requireType(name.name(), Integer.class, value);
    boolean isSize = option == SocketOptions.SO_SNDBUF || option == SocketOptions.SO_RCVBUF;
    if (isSize && number <= 0) {
      throw new SocketException(name + " <= 0");
    }
    return number;
  }

  static <T> T requireType(String option, Class<T> type, Object value) throws SocketException {
    if (!type.isInstance(value)) {
      throw new SocketException("Bad value for " + option);
    }
    return type.cast(value);
  }

  static Object get(SocketHandle socket, int option) throws IOException {
    SocketOption<?> flag = FLAGS.get(option);
    SocketOption<?> named = flag != null ? flag : NUMBERS.get(option);
    if (named != null) {
      Object value = Objects.requireNonNull(socket.getOption(named));
      return option == SocketOptions.SO_LINGER && value.equals(-1) ? false : value;
    }
    return switch (option) {
      case SocketOptions.SO_OOBINLINE -> isInlineUrgent(socket);
      case SocketOptions.SO_BINDADDR -> ((InetSocketAddress) socket.localAddress()).getAddress();
      default -> throw unknown(option);
    };
  }

  private static SocketException unknown(int option) {
    return new SocketException("Unknown option " + option);
  }

  /** Sets an option that has no name in Java. */
  static void setFlag(SocketHandle socket, int level, int option, boolean on) throws IOException {
    socket.control(
        control -> {
          control.value().set(ValueLayout.JAVA_INT, 0, on ? 1 : 0);
          return NetErrors.check("setsockopt", control.setOption(level, option, Integer.BYTES));
        });
  }

  private static boolean isInlineUrgent(SocketHandle socket) throws IOException {
    return socket.control(
        control -> {
          NetErrors.check(
              "getsockopt", control.getOption(Constants.SOL_SOCKET, Constants.SO_OOBINLINE));
          return control.value().get(ValueLayout.JAVA_INT, 0) != 0;
        });
  }
}
