package io.ringspun.net;

import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.SocketAddressMemory;
import io.ringspun.internal.ring.Call;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.NativePool;
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

  /** Opens a socket and returns its descriptor. */
  static int open(Engine home, Family family, int type) throws IOException {
    Call call = home.single();
    call.operation(0).socket(family.number(), type | Constants.SOCK_CLOEXEC, 0);
    int fd = home.run(call);
    if (fd == -Errno.EAFNOSUPPORT) {
      throw new UnsupportedOperationException(
          "this system has no sockets of the family " + family, NetErrors.of("socket", -fd));
    }
    return NetErrors.check("socket", fd);
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
    socket.onDescriptor(
        calls -> {
          int length = Addresses.put(calls.address(), local, socket.family());
          return NetErrors.check("bind", calls.bind(socket.socketHandle().fd(), length));
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
    NativePool.Block block = NativePool.take(SocketAddressMemory.MAX_BYTES);
    boolean lent = false;
    try {
      int length = address.applyAsInt(block.memory());
      lent = true;
      int result =
          socket.run(
              (operation, fd) -> operation.connect(fd, block.address(), length), block, nanos);
      lent = false;
      if (result == -Errno.EISCONN) {
        throw new AlreadyConnectedException();
      }
      NetErrors.check("connect", result);
    } finally {
      if (!lent || !socket.isRingFailed()) {
        block.close();
      }
    }
  }

  /** A connection that was taken. */
  record Accepted(int fd, SocketAddress peer) {}

  /** Takes a connection, and with it the address of a peer that may have left again. */
  static Accepted accept(SocketDescriptor listener, long nanos) throws IOException {
    NativePool.Block block = NativePool.take(SocketAddressMemory.MAX_BYTES + Integer.BYTES);
    boolean settled = false;
    try {
      long lengthAt = SocketAddressMemory.MAX_BYTES;
      block.memory().set(ValueLayout.JAVA_INT, lengthAt, SocketAddressMemory.MAX_BYTES);
      long address = block.address();
      int fd =
          listener.run(
              (operation, socket) ->
                  operation.accept(socket, address, address + lengthAt, Constants.SOCK_CLOEXEC),
              block,
              nanos);
      settled = true;
      NetErrors.check("accept", fd);
      int length = block.memory().get(ValueLayout.JAVA_INT, lengthAt);
      return new Accepted(fd, Addresses.get(block.memory(), length));
    } finally {
      if (settled || !listener.isRingFailed()) {
        block.close();
      }
    }
  }

  static SocketAddress remoteAddress(SocketDescriptor socket) throws IOException {
    return socket.onDescriptor(
        calls -> {
          int length = calls.remoteAddress(socket.socketHandle().fd());
          if (length == -Errno.ENOTCONN) {
            throw new NotYetConnectedException();
          }
          return Addresses.get(calls.address(), NetErrors.check("getpeername", length));
        });
  }

  static SocketAddress localAddress(SocketDescriptor socket) throws IOException {
    return socket.onDescriptor(
        calls -> {
          int length = calls.localAddress(socket.socketHandle().fd());
          return Addresses.get(calls.address(), NetErrors.check("getsockname", length));
        });
  }

  static void listen(SocketDescriptor socket, int backlog) throws IOException {
    socket.onDescriptor(
        calls -> NetErrors.check("listen", calls.listen(socket.socketHandle().fd(), backlog)));
  }
}
