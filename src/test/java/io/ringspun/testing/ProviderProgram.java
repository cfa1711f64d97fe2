package io.ringspun.testing;

import com.sun.net.httpserver.HttpServer;
import io.ringspun.RingGroup;
import io.ringspun.net.RingSocketChannel;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.DatagramChannel;
import java.nio.channels.Pipe;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.concurrent.Executors;

/** What programs do with channels, in a JVM where our provider is installed. */
public final class ProviderProgram {
  private static final InetSocketAddress ANYWHERE =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

  private ProviderProgram() {}

  public static void main(String[] args) throws Exception {
    blockingEcho();
    http();
    acceptedThenSelected();
    otherChannels();
    System.out.println("module " + RingSocketChannel.class.getModule().isNamed());
    System.out.println("done");
  }

  private static void check(boolean holds, String what) {
    if (!holds) {
      throw new AssertionError(what);
    }
  }

  /** Returns how much the rings have done that channels are opened on. */
  private static long work() throws Exception {
    return RingGroup.shared().rings().stream().mapToLong(RingWork::of).sum();
  }

  private static void blockingEcho() throws Exception {
    long before = work();
    try (ServerSocketChannel server = ServerSocketChannel.open().bind(ANYWHERE)) {
      Thread echo =
          Thread.startVirtualThread(
              () -> {
                try (SocketChannel peer = server.accept()) {
                  Channels.newInputStream(peer).transferTo(Channels.newOutputStream(peer));
                } catch (Exception e) {
                  throw new AssertionError(e);
                }
              });
      try (SocketChannel client = SocketChannel.open(server.getLocalAddress())) {
        check(client instanceof RingSocketChannel, "a channel on the ring: " + client);
        for (int i = 0; i < 100; i++) {
          client.write(ByteBuffer.wrap(new byte[] {(byte) i}));
          ByteBuffer answer = ByteBuffer.allocate(10);
          check(client.read(answer) == 1 && answer.get(0) == i, "echo of " + i);
        }
        client.shutdownOutput();
        InputStream rest = client.socket().getInputStream();
        check(rest.read() == -1, "the end");
      }
      echo.join();
    }
    long operations = work() - before;
    check(operations >= 400, "the rings did it: " + operations);
    System.out.println("echo");
  }

  private static void http() throws Exception {
    byte[] body = "x".repeat(100_000).getBytes(StandardCharsets.US_ASCII);
    HttpServer server = HttpServer.create(ANYWHERE, 0);
    try (var threads = Executors.newVirtualThreadPerTaskExecutor();
        HttpClient client = HttpClient.newBuilder().executor(threads).build()) {
      server.setExecutor(threads);
      server.createContext(
          "/",
          exchange -> {
            try (exchange) {
              byte[] sent = exchange.getRequestBody().readAllBytes();
              exchange.sendResponseHeaders(200, sent.length);
              exchange.getResponseBody().write(sent);
            }
          });
      server.start();
      URI uri = URI.create("http://localhost:" + server.getAddress().getPort() + "/");
      for (int i = 0; i < 20; i++) {
        HttpResponse<byte[]> response =
            client.send(
                HttpRequest.newBuilder(uri)
                    .POST(HttpRequest.BodyPublishers.ofByteArray(body))
                    .build(),
                HttpResponse.BodyHandlers.ofByteArray());
        check(response.statusCode() == 200, "status");
        check(response.body().length == body.length, "length");
      }
    } finally {
      server.stop(0);
    }
    System.out.println("http");
  }

  /** Connects and accepts in blocking mode, as many servers do, and then selects. */
  private static void acceptedThenSelected() throws Exception {
    try (ServerSocketChannel server = ServerSocketChannel.open().bind(ANYWHERE);
        SocketChannel client = SocketChannel.open(server.getLocalAddress());
        SocketChannel peer = server.accept();
        Selector selector = Selector.open()) {
      SelectionKey key =
          peer.configureBlocking(false).register(selector, SelectionKey.OP_READ, "it");
      check(selector.selectNow() == 0, "nothing yet");
      client.write(ByteBuffer.wrap(new byte[3]));
      check(selector.select() == 1, "one is ready");
      check(selector.selectedKeys().equals(Set.of(key)), "the key");
      check(
          key.isReadable() && key.channel() == peer && key.attachment().equals("it"), "its state");
      check(peer.read(ByteBuffer.allocate(10)) == 3, "three bytes");
      check(peer.read(ByteBuffer.allocate(10)) == 0, "no more");
    }
    System.out.println("selected");
  }

  private static void otherChannels() throws Exception {
    Pipe pipe = Pipe.open();
    try (Selector selector = Selector.open();
        Pipe.SourceChannel source = pipe.source();
        Pipe.SinkChannel sink = pipe.sink();
        DatagramChannel a = DatagramChannel.open().bind(ANYWHERE);
        DatagramChannel b = DatagramChannel.open()) {
      source.configureBlocking(false).register(selector, SelectionKey.OP_READ);
      a.configureBlocking(false).register(selector, SelectionKey.OP_READ);
      sink.write(ByteBuffer.wrap(new byte[1]));
      b.send(ByteBuffer.wrap(new byte[2]), a.getLocalAddress());
      while (selector.selectedKeys().size() < 2) {
        selector.select();
      }
      check(source.read(ByteBuffer.allocate(5)) == 1, "the pipe");
      ByteBuffer datagram = ByteBuffer.allocate(5);
      check(a.receive(datagram) != null && datagram.position() == 2, "the datagram");
    }
    check(System.inheritedChannel() == null, "no inherited channel");
    System.out.println("others");
  }
}
