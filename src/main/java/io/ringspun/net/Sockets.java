package io.ringspun.net;

import io.ringspun.OperationException;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.SocketAddressMemory;
import io.ringspun.internal.ring.Call;
import io.ringspun.internal.ring.Encoder;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.FileTable;
import io.ringspun.internal.ring.Handle;
import io.ringspun.internal.ring.NativePool;
import io.ringspun.internal.ring.RawHandle;
import io.ringspun.internal.ring.RegisteredHandle;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetSocketAddress;
import java.net.ProtocolFamily;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.channels.AlreadyConnectedException;
import java.nio.channels.NotYetConnectedException;
import java.util.function.ToIntFunction;

/** Opening, binding and connecting sockets of all kinds. */
final class Sockets {
  private Sockets() {}

  static Family family(ProtocolFamily family) {
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
  static int open(Engine home, Family family, int type, boolean registered) throws IOException {
    if (registered) {
      return intoTable(home.files(), "socket", () -> openRegistered(home, family, type));
    }
    Call call = home.single();
    call.operation(0).socket(family.number(), type | Constants.SOCK_CLOEXEC, 0);
    return checkOpen(family, home.run(call));
  }

  private static int openRegistered(Engine home, Family family, int type) throws IOException {
    Call call = home.single();
    call.operation(0).socketRegistered(family.number(), type, 0);
    return checkOpen(family, home.run(call));
  }

  static int checkOpen(Family family, int result) throws IOException {
    if (result == -Errno.EAFNOSUPPORT) {
      throw new UnsupportedOperationException(
          "this system has no sockets of the family " + family, NetErrors.of("socket", -result));
    }
    return NetErrors.check("socket", result);
  }

  /** Has a socket put into a ring's table. */
  static int intoTable(FileTable files, String operation, FileTable.Entry entry)
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

  /** Takes charge of a descriptor or a slot. */
  static Handle handle(int number, Engine home, boolean registered) {
    Handle handle =
        registered ? new RegisteredHandle(number, false, home) : new RawHandle(number, false, home);
    handle.noteStream();
    return handle;
  }

  /** Opens a socket of a family. */
  interface Opener<T> {
    T open(Engine home, Family family) throws IOException;
  }

  /** Opens a socket that can use an address: for the wildcard, IPv4 will do if it must. */
  static <T> T openFor(Engine home, SocketAddress address, Opener<T> opener) throws IOException {
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

  static void bind(SocketDescriptor socket, SocketAddress local) throws IOException {
    socket.control(
        control -> {
          int length = Addresses.put(control.address(), local, socket.family());
          return NetErrors.check("bind", control.bind(length));
        });
  }

  static void connect(SocketDescriptor socket, SocketAddress remote, long nanos)
      throws IOException {
    connect(socket, memory -> Addresses.put(memory, remote, socket.family()), nanos);
  }

  /** Takes the peer from a socket for datagrams. */
  static void disconnect(SocketDescriptor socket, long nanos) throws IOException {
    connect(socket, SocketAddressMemory::putNone, nanos);
  }

  private static void connect(
      SocketDescriptor socket, ToIntFunction<MemorySegment> address, long nanos)
      throws IOException {
    try (NativePool.Block block = NativePool.take(SocketAddressMemory.MAX_BYTES)) {
      int length = address.applyAsInt(block.memory());
      int result =
          socket.run(
              (operation, fd) -> operation.connect(fd, block.address(), length), block, nanos);
      if (result == -Errno.EISCONN) {
        throw new AlreadyConnectedException();
      }
      NetErrors.check("connect", result);
    }
  }

  /** A connection that was taken. */
  record Accepted(int fd, SocketAddress peer) {}

  /** Takes a connection, and with it the address of a peer that may have left again. */
  static Accepted accept(SocketDescriptor listener, long nanos) throws IOException {
    try (NativePool.Block block = NativePool.take(SocketAddressMemory.MAX_BYTES + Integer.BYTES)) {
      long lengthAt = SocketAddressMemory.MAX_BYTES;
      block.memory().set(ValueLayout.JAVA_INT, lengthAt, SocketAddressMemory.MAX_BYTES);
      long address = block.address();
      int fd =
          listener.run(
              (operation, socket) ->
                  operation.accept(socket, address, address + lengthAt, Constants.SOCK_CLOEXEC),
              block,
              nanos);
      NetErrors.check("accept", fd);
      int length = block.memory().get(ValueLayout.JAVA_INT, lengthAt);
      return new Accepted(fd, Addresses.get(block.memory(), length));
    }
  }

  /**
   * Takes a connection into the ring's table. The kernel would close one that it finds no slot for,
   * so a slot is kept before it is asked.
   *
   * @return the slot
   */
  static int acceptRegistered(SocketDescriptor listener, long nanos) throws IOException {
    return intoTable(
        listener.socketHandle().home().files(),
        "accept",
        () -> {
          Encoder encoder = (operation, fd) -> operation.acceptRegistered(fd, 0, 0, 0);
          return NetErrors.check("accept", listener.run(encoder, null, nanos));
        });
  }

  static SocketAddress remoteAddress(SocketDescriptor socket) throws IOException {
    return socket.control(
        control -> {
          int length = control.remoteAddress();
          if (length == -Errno.ENOTCONN) {
            throw new NotYetConnectedException();
          }
          return Addresses.get(control.address(), NetErrors.check("getpeername", length));
        });
  }

  static SocketAddress localAddress(SocketDescriptor socket) throws IOException {
    return socket.control(
        control -> {
          int length = control.localAddress();
          return Addresses.get(control.address(), NetErrors.check("getsockname", length));
        });
  }

  static void requireBacklog(int backlog) {
    if (backlog < 1) {
      throw new IllegalArgumentException("the backlog must be at least 1: " + backlog);
    }
  }

  static void listen(SocketDescriptor socket, int backlog) throws IOException {
    socket.control(control -> NetErrors.check("listen", control.listen(backlog)));
  }
}
