package io.ringspun.examples;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.testing.ExampleJvm;
import io.ringspun.testing.Once;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The proxy, between a client and a server that the test plays. */
@Once
class ProxyTest extends ServerCase {
  private ServerSocket target;
  private int port;
  private Socket client;
  private Socket server;

  @BeforeAll
  void startProxy() throws Exception {
    target = new ServerSocket(0, 50, InetAddress.getByName("127.0.0.1"));
    target.setSoTimeout(30_000);
    port = start(proxy().arguments(0, "127.0.0.1", target.getLocalPort())).port();
  }

  @BeforeEach
  void connectThrough() throws IOException {
    client = connect(port);
    server = target.accept();
    server.setSoTimeout(30_000);
  }

  @AfterEach
  void close() throws IOException {
    client.close();
    server.close();
  }

  @AfterAll
  void closeTarget() throws IOException {
    target.close();
  }

  @Test
  void bothDirections_atOnce() throws Exception {
    byte[] question = bytes(3_000_001);
    byte[] answer = bytes(5_000_003);
    try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
      Future<?> asked = threads.submit(() -> write(client, question));
      Future<?> answered = threads.submit(() -> write(server, answer));
      Future<byte[]> heard = threads.submit(() -> server.getInputStream().readAllBytes());
      assertArrayEquals(answer, client.getInputStream().readAllBytes());
      assertArrayEquals(question, heard.get());
      asked.get();
      answered.get();
    }
  }

  private static Void write(Socket socket, byte[] bytes) throws IOException {
    socket.getOutputStream().write(bytes);
    socket.shutdownOutput();
    return null;
  }

  @Test
  void clientHasSaidAll_serverStillAnswers() throws Exception {
    write(client, bytes(10));
    assertArrayEquals(bytes(10), server.getInputStream().readAllBytes());
    write(server, bytes(1000));
    assertArrayEquals(bytes(1000), client.getInputStream().readAllBytes());
  }

  @Test
  void serverHasSaidAll_clientStillAsks() throws Exception {
    write(server, bytes(10));
    assertArrayEquals(bytes(10), client.getInputStream().readAllBytes());
    write(client, bytes(1000));
    assertArrayEquals(bytes(1000), server.getInputStream().readAllBytes());
  }

  @Test
  void clientResets_serverIsReset() {
    assertResetPasses(client, server);
  }

  @Test
  void serverResets_clientIsReset() {
    assertResetPasses(server, client);
  }

  /** An end instead of a reset would make what had been sent by then look whole. */
  private static void assertResetPasses(Socket one, Socket other) {
    assertThrows(
        SocketException.class,
        () -> {
          one.setSoLinger(true, 0);
          one.close();
          other.getInputStream().read();
        });
  }

  @Test
  void targetRefuses_clientIsReset() throws Exception {
    ServerSocket closed = new ServerSocket(0);
    closed.close();
    Running proxy = start(proxy().arguments(0, "127.0.0.1", closed.getLocalPort()));
    try (Socket socket = connect(proxy.port())) {
      assertThrows(SocketException.class, () -> socket.getInputStream().read());
    }
  }

  @Test
  void wrongUsage_oneLine() throws Exception {
    ExampleJvm.Result result = proxy().arguments(0, "127.0.0.1").run(directory);
    assertEquals("usage: Proxy PORT HOST TARGET_PORT [--rings N]\n", result.err());
    assertEquals(2, result.status());
  }

  @Test
  void noSuchHost_oneLine() throws Exception {
    ExampleJvm.Result result = proxy().arguments(0, "no-such-host.invalid", 1).run(directory);
    assertTrue(result.err().startsWith("ringspun: no such host"), result.err());
    assertEquals(1, result.status());
  }

  private static ExampleJvm.Builder proxy() {
    return ExampleJvm.program("servers.Proxy");
  }

  private static byte[] bytes(int count) {
    byte[] bytes = new byte[count];
    new Random(count).nextBytes(bytes);
    return bytes;
  }
}
