package io.ringspun.internal.net;

import static io.ringspun.internal.kernel.Constants.*;

import io.ringspun.internal.ring.Handle;
import io.ringspun.internal.ring.RawHandle;
import io.ringspun.internal.ring.SocketControl;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.util.Locale;

/** The type of a socket. */
public enum SocketKind {
  STREAM,
  LISTENER,
  DATAGRAM,
  OTHER;

  /**
   * Returns the family of a socket that is of this kind.
   *
   * @throws IOException if it is of another, or no socket
   */
  public Family requireFamily(Handle handle) throws IOException {
    handle.acquire();
    try (SocketControl control = new SocketControl(handle)) {
      Family family = Family.of(option(control, handle, SO_DOMAIN));
      SocketKind kind = family == null ? OTHER : of(control, handle);
      if (family == null || kind != this) {
        throw new IOException(
            "%s is no %s socket but one of the kind %s".formatted(handle, name(this), name(kind)));
      }
      return family;
    } finally {
      handle.release();
    }
  }

  private static SocketKind of(SocketControl control, Handle handle) throws IOException {
    return switch (option(control, handle, SO_TYPE)) {
      case SOCK_STREAM -> option(control, handle, SO_ACCEPTCONN) == 0 ? STREAM : LISTENER;
      case SOCK_DGRAM -> DATAGRAM;
      default -> OTHER;
    };
  }

  /** ENOTSOCK says it if it is no socket at all. */
  private static int option(SocketControl control, Handle handle, int option) throws IOException {
    int result =
        handle instanceof RawHandle // which needs no ring
            ? control.plain().getOption(handle.fd(), SOL_SOCKET, option)
            : control.getOption(SOL_SOCKET, option);
    NetErrors.check("getsockopt", result);
    return control.value().get(ValueLayout.JAVA_INT, 0);
  }

  private static String name(SocketKind kind) {
    return kind.name().toLowerCase(Locale.ROOT);
  }
}
