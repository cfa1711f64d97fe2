package io.ringspun.net;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicInteger;

/** The kinds of addresses that tests use, each with one to listen on. */
enum Kind {
  IPV4 {
    @Override
    SocketAddress listen() throws IOException {
      return new InetSocketAddress(InetAddress.getByName("127.0.0.1"), 0);
    }
  },
  IPV6 {
    @Override
    SocketAddress listen() throws IOException {
      return new InetSocketAddress(InetAddress.getByName("::1"), 0);
    }
  },
  UNIX {
    @Override
    SocketAddress listen() throws IOException {
      return UnixDomainSocketAddress.of(DIRECTORY.resolve("s" + COUNT.incrementAndGet()));
    }
  },
  ABSTRACT {
    @Override
    SocketAddress listen() {
      return AbstractUnixAddress.of(
          "ringspun-%d-%d".formatted(ProcessHandle.current().pid(), COUNT.incrementAndGet()));
    }
  };

  private static final AtomicInteger COUNT = new AtomicInteger();
  private static final Path DIRECTORY;

  static {
    try {
      DIRECTORY = Files.createTempDirectory("ringspun-net");
    } catch (IOException e) {
      throw new ExceptionInInitializerError(e);
    }
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  for (String name : DIRECTORY.toFile().list()) {
                    DIRECTORY.resolve(name).toFile().delete();
                  }
                  DIRECTORY.toFile().delete();
                }));
  }

  /** Returns an address that is not in use: the kernel chooses the port, a counter the name. */
  abstract SocketAddress listen() throws IOException;

  /** Returns an address of the loopback interface where nobody listens. */
  static InetSocketAddress deadPort() throws IOException {
    try (var socket = new java.net.ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      return new InetSocketAddress(socket.getInetAddress(), socket.getLocalPort());
    }
  }
}
