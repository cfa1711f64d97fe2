package io.ringspun.internal.net;

import io.ringspun.OperationException;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.log.Log;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.FileTable;
import io.ringspun.internal.ring.Handle;
import io.ringspun.internal.ring.Operation;
import io.ringspun.internal.ring.RawHandle;
import io.ringspun.internal.ring.RegisteredHandle;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ProtocolFamily;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;

/** Opening, binding and connecting sockets of all kinds. */
public final class Sockets {
  private static final Log LOG = Log.of(Sockets.class);

  private Sockets() {}

  public static Family family(ProtocolFamily family) {
    return switch (family) {
      case StandardProtocolFamily.INET -> Family.INET;
      case StandardProtocolFamily.INET6 -> Family.INET6;
      case StandardProtocolFamily.UNIX -> Family.UNIX;
      default -> throw new UnsupportedOperationException("Protocol family not supported");
    };
  }

  /**
   * Opens a socket.
   *
   * @param registered whether to put it into the ring's table
   * @return its descriptor or its slot
   */
  public static int open(Engine home, Family family, int type, boolean registered)
      throws IOException {
    if (registered) {
      return intoTable(home.files(), "socket", () -> openRegistered(home, family, type));
    }
    Operation operation = home.single();
    operation.socket(family.number(), type | Constants.SOCK_CLOEXEC, 0);
    return checkOpen(family, operation.run());
  }

  private static int openRegistered(Engine home, Family family, int type) throws IOException {
    Operation operation = home.single();
    operation.socketRegistered(family.number(), type, 0);
    return checkOpen(family, operation.run());
  }

  public static int checkOpen(Family family, int result) throws IOException {
    if (result == -Errno.EAFNOSUPPORT) {
      throw new UnsupportedOperationException(
          "this system has no sockets of the family " + family, NetErrors.of("socket", -result));
    }
    return NetErrors.check("socket", result);
  }

  /** Has a socket put into a ring's table. */
  public static int intoTable(FileTable files, String operation, FileTable.Entry entry)
      throws IOException {
    return files.fill(
        () ->
            new OperationException(
                operation,
                Errno.ENFILE,
                "the ring's table has %d slots (RingOptions.withRegisteredFiles)"
                    .formatted(files.slots())),
        entry);
  }

  /** Takes ownership of the descriptor or the slot of a socket that this library has opened. */
  public static Handle handle(int number, Engine home, boolean registered) {
    Handle handle =
        registered ? new RegisteredHandle(number, false, home) : new RawHandle(number, false, home);
    handle.noteStream();
    handle.noteExclusive();
    return handle;
  }

  /** Opens a socket of a family. */
  public interface Opener<T> {
    T open(Engine home, Family family) throws IOException;
  }

  /** Opens a socket that can use an address: for the wildcard, IPv4 will do if it must. */
  public static <T> T openFor(Engine home, SocketAddress address, Opener<T> opener)
      throws IOException {
    Family family = Addresses.family(address);
    try {
      return opener.open(home, family);
    } catch (UnsupportedOperationException e) {
      boolean isWildcard =
          address instanceof InetSocketAddress inet && inet.getAddress().isAnyLocalAddress();
      if (!isWildcard || family == Family.INET) {
        throw e;
      }
      return opener.open(home, Family.INET);
    }
  }

  public static void requireBacklog(int backlog) {
    if (backlog < 1) {
      throw new IllegalArgumentException("the backlog must be at least 1: " + backlog);
    }
  }

  /** Closes a descriptor that is not needed. */
  public static void discard(Engine ring, int fd) {
    try {
      if (SocketOptions.lingers(ring, Family.INET, fd)) { // whatever it is
        ring.closer().closeInBackground(fd); // the peer may have chosen hours
      } else {
        ring.closer().close(fd);
      }
    } catch (IOException e) {
      LOG.debug("a descriptor was not taken, and closing it failed", e);
    }
  }
}
