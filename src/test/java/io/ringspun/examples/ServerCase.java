package io.ringspun.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.testing.Await;
import io.ringspun.testing.ExampleJvm;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * Starts the servers of the examples as processes, on ports that the kernel chooses. They run until
 * the last test of the class is over.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class ServerCase {
  private static final Pattern READY = Pattern.compile("listening on port (\\d+)\n");
  private static final int LIMIT_MILLIS = 30_000;

  @TempDir static Path directory;
  private final List<Running> servers = new ArrayList<>();

  /** A server that runs. */
  record Running(ExampleJvm child, int port) {
    /** Ends it in good order, and returns what it has printed on standard error. */
    String end() throws Exception {
      child.terminate();
      ExampleJvm.Result result = child.await();
      assertEquals(143, result.status(), result.err());
      return result.err();
    }
  }

  /** Starts a server that takes connections by the time this returns. */
  final Running start(ExampleJvm.Builder server) throws IOException {
    ExampleJvm child = server.start(directory);
    Await.until(
        "the server listens",
        () -> {
          assertTrue(child.isAlive(), "the server ended");
          return READY.matcher(child.outSoFar()).matches();
        });
    Matcher ready = READY.matcher(child.outSoFar());
    assertTrue(ready.matches());
    Running running = new Running(child, Integer.parseInt(ready.group(1)));
    servers.add(running);
    return running;
  }

  /** Starts a server that the test ends. */
  final Running startApart(ExampleJvm.Builder server) throws IOException {
    Running running = start(server);
    servers.remove(running);
    return running;
  }

  @AfterAll
  void endServers() throws Exception {
    for (Running server : servers) {
      assertEquals("", server.end());
    }
  }

  final Socket connect(int port) throws IOException {
    return connect(InetAddress.getByName("127.0.0.1"), port);
  }

  final Socket connect(InetAddress address, int port) throws IOException {
    Socket socket = new Socket();
    socket.setSoTimeout(LIMIT_MILLIS);
    socket.connect(new InetSocketAddress(address, port), LIMIT_MILLIS);
    return socket;
  }
}
