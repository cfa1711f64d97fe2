package io.ringspun.internal.socketchannel;

import io.ringspun.internal.kernel.SocketAddressMemory;
import io.ringspun.internal.net.Addresses;
import io.ringspun.internal.net.Family;
import io.ringspun.internal.net.NetErrors;
import io.ringspun.internal.net.SocketHandle;
import io.ringspun.internal.ring.BlockingTask;
import io.ringspun.internal.ring.SocketCalls;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ProtocolFamily;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Creates JDK channels for sockets that the ring has already used, so that they can continue in
 * non-blocking mode. The JDK cannot create a channel for an existing socket. So a JDK channel is
 * brought into the same state at a private address; that address identifies its descriptor, and
 * {@code dup3(2)} redirects the descriptor to the socket. Both descriptors are open from then on.
 */
final class JdkTwins {
  /** The number of descriptors above ours to search first, as the JDK's was just opened. */
  private static final int LIKELY = 64;

  /** The number of descriptors to search before giving up; usually more than a process may open. */
  private static final int DESCRIPTORS_MAX = 1 << 20;

  private JdkTwins() {}

  /** Creates a channel for a connected socket. */
  static SocketChannel connected(SocketHandle socket) throws IOException {
    SocketChannel channel = JdkProvider.get().openSocketChannel();
    try {
      channel.setOption(StandardSocketOptions.SO_LINGER, 0); // so that its port is free at once
      channel.bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
      SocketAddress itself = channel.getLocalAddress();
      channel.connect(itself);
      lay(socket, itself, itself);
      return channel;
    } catch (IOException | RuntimeException | Error e) {
      channel.close();
      throw e;
    }
  }

  /** Creates a channel for a socket that is bound but not connected. */
  static SocketChannel bound(SocketHandle socket) throws IOException {
    SocketChannel channel = JdkProvider.get().openSocketChannel(protocol(socket.family()));
    try {
      SocketAddress place = place(socket);
      channel.bind(place);
      layAndForget(socket, channel.getLocalAddress());
      return channel;
    } catch (IOException | RuntimeException | Error e) {
      channel.close();
      throw e;
    }
  }

  /** Creates a channel for a listening socket. */
  static ServerSocketChannel listening(SocketHandle socket) throws IOException {
    ServerSocketChannel channel =
        JdkProvider.get().openServerSocketChannel(protocol(socket.family()));
    try {
      channel.bind(place(socket));
      layAndForget(socket, channel.getLocalAddress());
      return channel;
    } catch (IOException | RuntimeException | Error e) {
      channel.close();
      throw e;
    }
  }

  static ProtocolFamily protocol(Family family) {
    return switch (family) {
      case INET -> StandardProtocolFamily.INET;
      case INET6 -> StandardProtocolFamily.INET6;
      case UNIX -> StandardProtocolFamily.UNIX;
    };
  }

  private static SocketAddress place(SocketHandle socket) throws IOException {
    if (socket.family() != Family.UNIX) {
      return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    }
    return freePath();
  }

  /** Returns a name for a Unix socket, in the directory for temporary files. */
  static UnixDomainSocketAddress freePath() throws IOException {
    return BlockingTask.run(
        () -> {
          Path free = Files.createTempFile("socket", "");
          Files.delete(free);
          return UnixDomainSocketAddress.of(free);
        });
  }

  private static void layAndForget(SocketHandle socket, SocketAddress local) throws IOException {
    try {
      lay(socket, local, null);
    } finally {
      if (local instanceof UnixDomainSocketAddress unix) {
        BlockingTask.run(() -> Files.deleteIfExists(unix.getPath()));
      }
    }
  }

  /** Redirects the descriptor with these addresses to our socket. */
  private static void lay(SocketHandle socket, SocketAddress local, @Nullable SocketAddress remote)
      throws IOException {
    socket.control(
        control -> {
          SocketCalls calls = control.plain();
          socket.handle().noteShared();
          int fd = socket.handle().fd();
          int replaced = find(calls, fd, local, remote);
          NetErrors.check("dup3", calls.lay(fd, replaced));
          // A JDK channel that a virtual thread has used assumes that this has been done.
          return NetErrors.check("fcntl", calls.setNonBlocking(fd));
        });
  }

  private static int find(
      SocketCalls calls, int near, SocketAddress local, @Nullable SocketAddress remote)
      throws IOException {
    for (int fd = near + 1; fd <= near + LIKELY; fd++) {
      if (matches(calls, fd, local, remote)) {
        return fd;
      }
    }
    for (int fd = 0; fd < DESCRIPTORS_MAX; fd++) {
      if (matches(calls, fd, local, remote)) {
        return fd;
      }
    }
    throw new IOException("no descriptor has the address of the JDK's channel: " + local);
  }

  private static boolean matches(
      SocketCalls calls, int fd, SocketAddress local, @Nullable SocketAddress remote) {
    return local.equals(address(calls, calls.localAddress(fd)))
        && (remote == null || remote.equals(address(calls, calls.remoteAddress(fd))));
  }

  private static @Nullable SocketAddress address(SocketCalls calls, int length) {
    boolean known = length > 2 && Family.isKnown(SocketAddressMemory.family(calls.address()));
    return known ? Addresses.get(calls.address(), length) : null;
  }
}
