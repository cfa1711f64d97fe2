package io.ringspun.net;

import static io.ringspun.internal.kernel.Constants.*;

import io.ringspun.internal.ring.RawHandle;
import io.ringspun.internal.ring.SocketCalls;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.util.Locale;

/** What kind of socket something open may be. */
enum SocketKind {
  STREAM,
  LISTENER,
  DATAGRAM,
  OTHER;

  /**
   * Returns the family of a socket that is of this kind.
   *
   * @throws IOException if it is of another, or no socket
   */
  Family requireFamily(RawHandle handle) throws IOException {
    try (SocketCalls calls = handle.engine().socketCalls()) {
      Family family = Family.of(option(calls, handle, SO_DOMAIN));
      SocketKind kind = family == null ? OTHER : of(calls, handle);
      if (family == null || kind != this) {
        throw new IOException(
            "%s is no %s socket but one of the kind %s".formatted(handle, name(this), name(kind)));
      }
      return family;
    }
  }

  private static SocketKind of(SocketCalls calls, RawHandle handle) throws IOException {
    return switch (option(calls, handle, SO_TYPE)) {
      case SOCK_STREAM -> option(calls, handle, SO_ACCEPTCONN) == 0 ? STREAM : LISTENER;
      case SOCK_DGRAM -> DATAGRAM;
      default -> OTHER;
    };
  }

  /** ENOTSOCK says it if it is no socket at all. */
  private static int option(SocketCalls calls, RawHandle handle, int option) throws IOException {
    NetErrors.check("getsockopt", calls.getOption(handle.fd(), SOL_SOCKET, option));
    return calls.value().get(ValueLayout.JAVA_INT, 0);
  }

  private static String name(SocketKind kind) {
    return kind.name().toLowerCase(Locale.ROOT);
  }
}
