package io.ringspun.examples;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.testing.Await;
import io.ringspun.testing.ExampleJvm;
import io.ringspun.testing.Once;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The echo server, as a user starts it. */
@Once
class TcpEchoTest extends ServerCase {
  private static final String USAGE = "usage: TcpEcho PORT [--rings N]\n";

  private int port; // of a server with two rings

  @BeforeAll
  void startServer() throws Exception {
    port = start(echo().arguments(0, "--rings", 2)).port();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "x", "-1", "65536", "7007 8008", "7007 --rings", "7007 --rings 0"})
  void wrongUsage_oneLine(String words) throws Exception {
    Object[] arguments = words.isEmpty() ? new Object[0] : words.split(" ");
    ExampleJvm.Result result = echo().arguments(arguments).run(directory);
    assertEquals(USAGE, result.err());
    assertEquals(2, result.status());
  }

  @Test
  void portInUse_oneLine() throws Exception {
    try (ServerSocket other = new ServerSocket(0)) {
      assertRefused(other.getLocalPort());
    }
  }

  /** The kernel would let them share the port, since both ask for that. */
  @Test
  void portInUseByEcho_oneLine() throws Exception {
    assertRefused(port);
  }

  private void assertRefused(int port) throws Exception {
    ExampleJvm.Result result = echo().arguments(port).run(directory);
    assertEquals(1, result.errLines().size(), result.err());
    assertTrue(
        result.err().startsWith("ringspun: cannot listen on port %d: ".formatted(port)),
        result.err());
    assertEquals(1, result.status());
  }

  @Test
  void ioUringUnavailable_oneLine() throws Exception {
    ExampleJvm.Result result =
        echo().flags("-Dio.ringspun.liburing=/absent.so").arguments(0).run(directory);
    assertEquals(1, result.errLines().size(), result.err());
    assertEquals(1, result.status());
  }

  @Test
  void manyConnections_twoRings() throws Exception {
    List<Socket> sockets = new ArrayList<>();
    try {
      for (int i = 0; i < 200; i++) {
        sockets.add(connect(port));
      }
      for (int round = 0; round < 3; round++) {
        for (int i = 0; i < sockets.size(); i++) {
          sockets.get(i).getOutputStream().write(message(round * 1000 + i));
        }
        for (int i = 0; i < sockets.size(); i++) {
          byte[] message = message(round * 1000 + i);
          assertArrayEquals(message, sockets.get(i).getInputStream().readNBytes(message.length));
        }
      }
    } finally {
      for (Socket socket : sockets) {
        socket.close();
      }
    }
  }

  @Test
  void bigMessage_comesBackWhole() throws Exception {
    assertComesBack(connect(port), bytes(20 << 20));
  }

  @Test
  void ipv6_comesBack() throws Exception {
    assertComesBack(connect(InetAddress.getByName("::1"), port), bytes(1000));
  }

  /** Writes and reads at once, ends writing, and expects the end behind the last byte. */
  private static void assertComesBack(Socket socket, byte[] bytes) throws Exception {
    try (socket;
        ExecutorService writer = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<?> written =
          writer.submit(
              () -> {
                socket.getOutputStream().write(bytes);
                socket.shutdownOutput();
                return null;
              });
      assertArrayEquals(bytes, socket.getInputStream().readAllBytes());
      written.get();
    }
  }

  @Test
  void peerResets_othersGoOn() throws Exception {
    try (Socket other = connect(port)) {
      Socket socket = connect(port);
      socket.getOutputStream().write(bytes(100_000));
      socket.setSoLinger(true, 0);
      socket.close();
      other.getOutputStream().write(message(1));
      assertArrayEquals(message(1), other.getInputStream().readNBytes(message(1).length));
    }
  }

  /** There are descriptors for a few connections only; the rest have their turn after those. */
  @Test
  void descriptorsRunOut_goesOnWhenThereAreMore() throws Exception {
    String script = "ulimit -n 64 && exec \"$@\"";
    Running server = startApart(echo().by("sh", "-c", script, "sh").arguments(0));
    Deque<Socket> sockets = new ArrayDeque<>();
    try (Socket first = connect(server.port())) { // has Java load classes, while it still can
      first.getOutputStream().write(message(0));
      assertArrayEquals(message(0), first.getInputStream().readNBytes(message(0).length));
      for (int i = 0; i < 100; i++) {
        sockets.add(connect(server.port())); // the kernel takes them, on the server's behalf
      }
      Await.until("the server runs out", () -> server.child().errSoFar().contains("EMFILE"));
      for (int i = 0; !sockets.isEmpty(); i++) {
        try (Socket socket = sockets.remove()) {
          socket.getOutputStream().write(message(i));
          assertArrayEquals(message(i), socket.getInputStream().readNBytes(message(i).length));
        }
      }
    } finally {
      for (Socket socket : sockets) {
        socket.close();
      }
    }
    String err = server.end();
    assertFalse(err.contains("\tat "), err);
  }

  private static ExampleJvm.Builder echo() {
    return ExampleJvm.program("servers.TcpEcho");
  }

  private static byte[] message(int i) {
    return ("message " + i).repeat(20).getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] bytes(int count) {
    byte[] bytes = new byte[count];
    new Random(count).nextBytes(bytes);
    return bytes;
  }
}
