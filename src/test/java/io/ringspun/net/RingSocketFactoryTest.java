package io.ringspun.net;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.Ring;
import io.ringspun.internal.socketimpl.RingSocketImpl;
import io.ringspun.net.SocketKit.Pair;
import io.ringspun.testing.Await;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.ChildJvm;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.RingWork;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.ref.WeakReference;
import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;

/** What is not a matter of comparing with the JDK's sockets; for that see the difference test. */
class RingSocketFactoryTest {
  @TempDir static Path directory;

  @ParameterizedTest
  @EachCaller
  void largeTransfer_bothWaysAtOnce(Caller caller) throws Exception {
    byte[] there = Bytes.of(1, 0, 5_000_000);
    byte[] back = Bytes.of(2, 0, 4_000_000);
    try (Ring ring = Ring.open();
        Pair pair = SocketKit.of(ring).pair()) {
      List<Caller.Begun<byte[]>> parts = new ArrayList<>();
      parts.add(caller.begin(ring, () -> send(pair.client(), there)));
      parts.add(caller.begin(ring, () -> send(pair.server(), back)));
      Caller.Begun<byte[]> atServer =
          caller.begin(ring, () -> pair.server().getInputStream().readAllBytes());
      Caller.Begun<byte[]> atClient =
          caller.begin(ring, () -> pair.client().getInputStream().readAllBytes());
      assertArrayEquals(there, atServer.result());
      assertArrayEquals(back, atClient.result());
      for (Caller.Begun<byte[]> part : parts) {
        part.result();
      }
      assertTrue(RingWork.of(ring) > 4, "the ring must have done it");
    }
  }

  private static byte[] send(Socket socket, byte[] bytes) throws IOException {
    new ByteArrayInputStream(bytes).transferTo(socket.getOutputStream());
    socket.shutdownOutput();
    return bytes;
  }

  @Test
  void manyWriters_takeTurns() throws Exception {
    int writers = 8;
    int length = 3_000_000; // all of them are more than the kernel takes
    try (Ring ring = Ring.open();
        Pair pair = SocketKit.of(ring).pair()) {
      List<Caller.Begun<Object>> begun = new ArrayList<>();
      for (int i = 0; i < writers; i++) {
        byte[] mine = new byte[length];
        java.util.Arrays.fill(mine, (byte) i);
        begun.add(
            Caller.VIRTUAL.begin(
                ring,
                () -> {
                  pair.client().getOutputStream().write(mine);
                  return null;
                }));
      }
      Await.until(
          "the rest of them wait",
          () ->
              begun.stream()
                  .map(each -> each.thread().getState())
                  .allMatch(
                      state -> state == Thread.State.WAITING || state == Thread.State.TERMINATED));
      InputStream in = pair.server().getInputStream();
      for (int i = 0; i < writers; i++) {
        byte[] got = in.readNBytes(length);
        for (byte each : got) {
          assertEquals(got[0], each, "what one write sends is not mixed with another's");
        }
      }
      for (Caller.Begun<Object> each : begun) {
        each.result();
      }
    }
  }

  @Test
  void urgentData_refused() throws Exception {
    try (Ring ring = Ring.open();
        Pair pair = SocketKit.of(ring).pair()) {
      SocketException e =
          assertThrows(SocketException.class, () -> pair.client().sendUrgentData(1));
      assertEquals("Urgent data not supported", e.getMessage());
    }
  }

  /** The JDK refuses to mix its own impl with another. */
  @Test
  void accept_intoSocketOfTheJdk_refused() throws Exception {
    class Acceptor extends ServerSocket {
      Acceptor(Ring ring) {
        super(new RingSocketImpl(ring, true));
      }
    }
    try (Ring ring = Ring.open();
        ServerSocket listener = new Acceptor(ring)) {
      listener.bind(null);
      IOException e = assertThrows(IOException.class, listener::accept);
      assertTrue(e.getMessage().contains("factory not set"), e.getMessage());
    }
  }

  @Test
  void forgottenSocket_isClosed() throws Exception {
    try (Ring ring = Ring.open();
        ServerSocket listener = SocketKit.of(ring).listen()) {
      WeakReference<Socket> forgotten =
          new WeakReference<>(
              new RingSocketFactory(ring)
                  .createSocket(InetAddress.getLoopbackAddress(), listener.getLocalPort()));
      try (Socket server = listener.accept()) {
        server.setSoTimeout(20);
        Await.until(
            "the peer finds the end",
            () -> {
              System.gc();
              try {
                return server.getInputStream().read() == -1;
              } catch (java.net.SocketTimeoutException _) {
                return false;
              }
            });
      }
      assertTrue(forgotten.refersTo(null));
    }
  }

  @Test
  void closedRing_failsCalls() throws Exception {
    Ring ring = Ring.open();
    try (Pair pair = SocketKit.of(ring).pair()) {
      Caller.Begun<Integer> read =
          Caller.VIRTUAL.begin(ring, () -> pair.client().getInputStream().read());
      read.awaitParked();
      ring.close();
      assertThrows(SocketException.class, read::result);
      assertThrows(SocketException.class, () -> pair.server().getOutputStream().write(1));
    }
  }

  // ---- TLS -----------------------------------------------------------------------------------

  @ParameterizedTest
  @EachCaller
  void tls_layeredOnBothEnds(Caller caller) throws Exception {
    SSLContext context = Tls.context(directory);
    byte[] sent = Bytes.of(3, 0, 700_000);
    try (Ring ring = Ring.open();
        Pair pair = SocketKit.of(ring).pair()) {
      Caller.Begun<byte[]> server =
          caller.begin(
              ring,
              () -> {
                // The server has looked at the first byte, to see whether it is TLS.
                int first = pair.server().getInputStream().read();
                InputStream consumed = new ByteArrayInputStream(new byte[] {(byte) first});
                try (SSLSocket tls =
                    (SSLSocket)
                        context.getSocketFactory().createSocket(pair.server(), consumed, true)) {
                  byte[] received = tls.getInputStream().readNBytes(sent.length);
                  tls.getOutputStream().write("thanks".getBytes(UTF_8));
                  return received;
                }
              });
      String answer =
          caller.call(
              ring,
              () -> {
                try (Socket tls =
                    context
                        .getSocketFactory()
                        .createSocket(pair.client(), "localhost", pair.client().getPort(), true)) {
                  tls.getOutputStream().write(sent);
                  return new String(tls.getInputStream().readAllBytes(), UTF_8);
                }
              });
      assertArrayEquals(sent, server.result());
      assertEquals("thanks", answer);
      assertTrue(pair.client().isClosed(), "autoClose");
    }
  }

  @Test
  void tls_timeLimitAndAsynchronousClose() throws Exception {
    SSLContext context = Tls.context(directory);
    try (Ring ring = Ring.open();
        Pair pair = SocketKit.of(ring).pair()) {
      Socket tls =
          context
              .getSocketFactory()
              .createSocket(pair.client(), "localhost", pair.client().getPort(), true);
      tls.setSoTimeout(20);
      assertThrows(java.net.SocketTimeoutException.class, () -> tls.getInputStream().read());
    }
  }

  // ---- the whole process ---------------------------------------------------------------------

  /** Everything that is made by {@code new} is ours. */
  static final class Everything {
    @SuppressWarnings("deprecation") // for there is no other way
    public static void main(String[] args) throws Exception {
      Socket.setSocketImplFactory(new RingSocketImplFactory());
      ServerSocket.setSocketFactory(new RingSocketImplFactory());
      long before = RingWork.of(Ring.shared());
      try (ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
        check(listener.getReuseAddress(), "a server socket reuses its address");
        check(
            !listener.supportedOptions().contains(java.net.StandardSocketOptions.TCP_NODELAY),
            "a server socket has its own options");
        Thread server = Thread.ofVirtual().start(() -> serve(listener));
        URI uri = URI.create("http://127.0.0.1:%d/echo".formatted(listener.getLocalPort()));
        for (int i = 0; i < 20; i++) {
          HttpURLConnection connection = (HttpURLConnection) uri.toURL().openConnection();
          connection.setRequestMethod("POST");
          connection.setDoOutput(true);
          connection.setReadTimeout(10_000);
          connection.setConnectTimeout(10_000);
          byte[] body = "body %d ".formatted(i).repeat(1000).getBytes(UTF_8);
          connection.getOutputStream().write(body);
          check(connection.getResponseCode() == 200, "answered");
          byte[] answer = connection.getInputStream().readAllBytes();
          check(java.util.Arrays.equals(body, answer), "echoed");
        }
        listener.close();
        server.join();
      }
      System.out.println(RingWork.of(Ring.shared()) - before > 40 ? "by ring" : "not");
    }

    private static void check(boolean holds, String what) {
      if (!holds) {
        throw new AssertionError(what);
      }
    }

    /** Echoes what is posted, connection by connection, each kept alive. */
    private static void serve(ServerSocket listener) {
      try {
        while (true) {
          Socket socket = listener.accept();
          Thread.ofVirtual().start(() -> echo(socket));
        }
      } catch (IOException e) {
        check(listener.isClosed(), "it ends by being closed: " + e);
      }
    }

    private static void echo(Socket socket) {
      try (socket) {
        InputStream in = socket.getInputStream();
        OutputStream out = socket.getOutputStream();
        while (true) {
          int length = 0;
          for (String line = line(in); !line.isEmpty(); line = line(in)) {
            if (line.toLowerCase(java.util.Locale.ROOT).startsWith("content-length:")) {
              length = Integer.parseInt(line.substring(15).strip());
            }
          }
          if (length == 0) {
            return;
          }
          byte[] body = in.readNBytes(length);
          out.write(
              "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n".formatted(length).getBytes(UTF_8));
          out.write(body);
        }
      } catch (IOException e) {
        e.printStackTrace();
      }
    }

    private static String line(InputStream in) throws IOException {
      ByteArrayOutputStream line = new ByteArrayOutputStream();
      for (int c = in.read(); c >= 0 && c != '\n'; c = in.read()) {
        line.write(c);
      }
      return line.toString(UTF_8).strip();
    }
  }

  @Test
  void implFactory_forTheWholeProcess() throws Exception {
    assertEquals("by ring", new ChildJvm().withFlagsOfThisOne().run(Everything.class).strip());
  }

  @Test
  void factories_haveSharedRingByDefault() throws Exception {
    Callable<Boolean> exchange =
        () -> {
          SocketKit kit = new SocketKit(new RingSocketFactory(), new RingServerSocketFactory());
          long before = RingWork.of(Ring.shared());
          try (Pair pair = kit.pair()) {
            pair.client().getOutputStream().write(1);
            assertEquals(1, pair.server().getInputStream().read());
          }
          return RingWork.of(Ring.shared()) > before;
        };
    assertTrue(exchange.call());
    assertFalse(new RingSocketFactory().createSocket().isBound(), "nothing is opened before");
  }
}
