package io.ringspun.examples;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.testing.ExampleJvm;
import io.ringspun.testing.Once;
import java.io.IOException;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The file server, as clients of several kinds see it. */
@Once
class HttpFilesTest extends ServerCase {
  private static final byte[] BIG = new byte[1_000_003];
  private static final String HOST = "Host: localhost\r\n";

  private Path root;
  private int port;

  @BeforeAll
  void serveFiles() throws IOException {
    new Random(1).nextBytes(BIG);
    root = Files.createDirectory(directory.resolve("root"));
    Files.writeString(root.resolve("index.html"), "<p>hello");
    Files.writeString(root.resolve("digits.txt"), "0123456789");
    Files.writeString(root.resolve("a b+%.txt"), "odd");
    Files.createFile(root.resolve("empty.css"));
    Files.write(root.resolve("big.bin"), BIG);
    Files.createDirectories(root.resolve("sub/none"));
    Files.writeString(root.resolve("sub/index.html"), "<p>below");
    Files.writeString(directory.resolve("secret"), "secret");
    Files.createSymbolicLink(root.resolve("out"), Path.of("../secret"));
    Files.createSymbolicLink(root.resolve("in"), Path.of("digits.txt"));
    Files.createSymbolicLink(root.resolve("out-dir"), Path.of(".."));
    Files.createSymbolicLink(root.resolve("out-absent"), Path.of("../absent"));
    Files.createSymbolicLink(root.resolve("out-under-file"), Path.of("../secret/x"));
    Files.createSymbolicLink(root.resolve("out-absolute"), directory.resolve("absent"));
    Files.createSymbolicLink(root.resolve("out-device"), Path.of("/dev/null"));
    Files.createSymbolicLink(root.resolve("loop"), Path.of("loop"));
    Files.createDirectory(root.resolve("dir b"));
    port = start(ExampleJvm.program("servers.HttpFiles").arguments(0, root, "--rings", 2)).port();
  }

  // ---- by a client of the JDK ----------------------------------------------------------------

  @ParameterizedTest
  @CsvSource({
    "/,                  200, <p>hello,   text/html; charset=utf-8",
    "/?a={b},            200, <p>hello,   text/html; charset=utf-8",
    "//index.html,       200, <p>hello,   text/html; charset=utf-8",
    "/sub/,              200, <p>below,   text/html; charset=utf-8",
    "/sub/../digits.txt, 200, 0123456789, text/plain; charset=utf-8",
    "/in,                200, 0123456789, application/octet-stream",
    "/.,                 200, <p>hello,   text/html; charset=utf-8",
    "//.,                200, <p>hello,   text/html; charset=utf-8",
    "/%2e,               200, <p>hello,   text/html; charset=utf-8",
    "/sub/..,            200, <p>hello,   text/html; charset=utf-8",
    "/sub/.,             200, <p>below,   text/html; charset=utf-8",
    "//,                 200, <p>hello,   text/html; charset=utf-8",
    "/digits.txt/.,      404, '',         ",
    "/..,                403, '',         ",
    "/loop,              404, '',         ",
    "/a%20b+%25.txt,     200, odd,        text/plain; charset=utf-8",
    "/empty.css,         200, '',         text/css; charset=utf-8",
    "/absent,            404, '',         ",
    "/sub/none/,         404, '',         ",
    "/digits.txt/,       404, '',         ",
    "/digits.txt/x,      404, '',         ",
    "/out,               403, '',         ",
    "/out/,              403, '',         ",
    "/out-dir,           403, '',         ",
    "/out-dir/,          403, '',         ",
    "/out-dir/secret,    403, '',         ",
    "/out-dir/absent,    403, '',         ",
    "/out-absent,        403, '',         ",
    "/out-under-file,    403, '',         ",
    "/out-absolute,      403, '',         ",
    "/out-device,        403, '',         ",
    "/../secret,         403, '',         ",
    "/sub/../../secret,  403, '',         ",
    "/%2e%2e/secret,     403, '',         ",
    "/%2e%2e%2fabsent,   403, '',         ",
    "/%00,               400, '',         ",
    "/%zz,               400, '',         ",
    "nowhere,            400, '',         ",
    "*,                  400, '',         ",
    "/#x,                400, '',         ",
    "ftp://localhost/,   400, '',         ",
    "http:///,           400, '',         ",
    "http://localhost,   200, <p>hello,   text/html; charset=utf-8",
  })
  void get_answers(String target, int status, String body, String type) throws Exception {
    String response = raw("GET " + target + " HTTP/1.1\r\n" + HOST + "Connection: close\r\n\r\n");
    assertTrue(response.startsWith("HTTP/1.1 %d ".formatted(status)), response);
    assertTrue(response.contains("\r\nContent-Length: " + body.length() + "\r\n"), response);
    assertTrue(response.endsWith("\r\n\r\n" + body), response);
    assertTrue(type == null || response.contains("\r\nContent-Type: " + type + "\r\n"), response);
  }

  @Test
  void longName_notFound() throws Exception {
    assertStatus(404, "GET /" + "x".repeat(300) + " HTTP/1.1\r\n" + HOST);
  }

  @Test
  void directory_redirectsToItself() throws Exception {
    try (HttpClient client = client()) {
      HttpResponse<String> found = client.send(get("/sub").build(), BodyHandlers.ofString());
      assertEquals("<p>below", found.body());
      assertEquals("/sub/", found.uri().getPath());
    }
    String spaced = raw("GET /dir%20b HTTP/1.1\r\n" + HOST + "Connection: close\r\n\r\n");
    assertTrue(spaced.contains("\r\nLocation: /dir%20b/\r\n"), spaced);
    String elsewhere = raw("GET //sub HTTP/1.1\r\n" + HOST + "Connection: close\r\n\r\n");
    assertTrue(elsewhere.contains("\r\nLocation: /sub/\r\n"), elsewhere);
  }

  @Test
  void pipe_isNotWaitedFor() throws Exception {
    assumeTrue(run("mkfifo", root.resolve("pipe").toString()).isEmpty(), "no mkfifo(1)");
    assertStatus(403, "GET /pipe HTTP/1.1\r\n" + HOST);
  }

  @Test
  void unixSocket_isNotServed() throws Exception {
    try (ServerSocketChannel socket = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      socket.bind(UnixDomainSocketAddress.of(root.resolve("socket")));
      assertStatus(403, "GET /socket HTTP/1.1\r\n" + HOST);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "bytes=0-0,  206, 0,          bytes 0-0/10",
    "bytes=2-4,  206, 234,        bytes 2-4/10",
    "bytes=7-99, 206, 789,        bytes 7-9/10",
    "bytes=8-,   206, 89,         bytes 8-9/10",
    "bytes=-3,   206, 789,        bytes 7-9/10",
    "bytes=-99,  206, 0123456789, bytes 0-9/10",
    "bytes=10-,  416, '',         bytes */10",
    "bytes=-0,   416, '',         bytes */10",
    "bytes=4-2,  200, 0123456789, ",
    "'bytes=1-2,4-5', 200, 0123456789, ",
    "bytes=-,    200, 0123456789, ",
    "lines=1-2,  200, 0123456789, ",
  })
  void range_sendsPart(String range, int status, String body, String described) throws Exception {
    try (HttpClient client = client()) {
      HttpRequest request = get("/digits.txt").header("Range", range).build();
      HttpResponse<String> response = client.send(request, BodyHandlers.ofString());
      assertEquals(status, response.statusCode());
      assertEquals(body, response.body());
      assertEquals(described, response.headers().firstValue("Content-Range").orElse(null));
    }
  }

  @Test
  void ifModifiedSince_notModified() throws Exception {
    try (HttpClient client = client()) {
      HttpResponse<byte[]> first = client.send(get("/big.bin").build(), BodyHandlers.ofByteArray());
      assertArrayEquals(BIG, first.body());
      String changed = first.headers().firstValue("Last-Modified").orElseThrow();
      assertEquals(304, since(client, changed));
      assertEquals(200, since(client, "Thu, 01 Jan 1970 00:00:00 GMT"));
      assertEquals(200, since(client, "yesterday"));
    }
  }

  private int since(HttpClient client, String date) throws Exception {
    HttpRequest request = get("/big.bin").header("If-Modified-Since", date).build();
    return client.send(request, BodyHandlers.discarding()).statusCode();
  }

  @Test
  void manyRequestsAtOnce_allRight() throws Exception {
    try (HttpClient client = client()) {
      List<CompletableFuture<HttpResponse<byte[]>>> responses =
          Stream.generate(
                  () -> client.sendAsync(get("/big.bin").build(), BodyHandlers.ofByteArray()))
              .limit(40)
              .toList();
      for (CompletableFuture<HttpResponse<byte[]>> response : responses) {
        assertArrayEquals(BIG, response.get().body());
      }
    }
  }

  private static HttpClient client() {
    return HttpClient.newBuilder()
        .version(HttpClient.Version.HTTP_1_1)
        .followRedirects(HttpClient.Redirect.NORMAL)
        .build();
  }

  private HttpRequest.Builder get(String path) {
    return HttpRequest.newBuilder(URI.create("http://localhost:" + port + path));
  }

  // ---- byte by byte --------------------------------------------------------------------------

  @Test
  void requestsInOnePiece_answeredInTurn() throws Exception {
    String response =
        raw(
            "HEAD /digits.txt HTTP/1.1\r\n"
                + HOST
                + "\r\nGET /absent HTTP/1.1\r\n"
                + HOST
                + "\r\nGET http://localhost/digits.txt HTTP/1.1\r\n"
                + HOST
                + "Connection: close\r\n\r\nGET / HTTP/1.1\r\n"
                + HOST
                + "\r\n");
    String[] parts = response.split("(?=HTTP/1.1 )");
    assertEquals(3, parts.length, response);
    assertTrue(parts[0].contains(" 200 ") && parts[0].contains("Content-Length: 10\r\n"), response);
    assertTrue(parts[0].endsWith("\r\n\r\n"), response);
    assertTrue(parts[1].contains(" 404 "), response);
    assertTrue(parts[2].endsWith("\r\n\r\n0123456789"), response);
  }

  @Test
  void requestInPieces_answered() throws Exception {
    try (Socket socket = connect(port)) {
      socket.setTcpNoDelay(true);
      String request = "GET /digits.txt HTTP/1.1\r\n" + HOST + "Connection: close\r\n\r\n";
      for (byte b : request.getBytes(StandardCharsets.US_ASCII)) {
        socket.getOutputStream().write(b);
      }
      assertTrue(text(socket).endsWith("0123456789"));
    }
  }

  @Test
  void oldVersion_isNotKeptUnlessAsked() throws Exception {
    assertTrue(raw("GET /digits.txt HTTP/1.0\r\n\r\n").endsWith("0123456789"));
    String kept = "GET /digits.txt HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
    assertEquals(3, raw(kept + "GET /digits.txt HTTP/1.0\r\n\r\n").split("HTTP/1.1 ").length);
  }

  @Test
  void post_notAllowed() throws Exception {
    String body = "Content-Length: 100000\r\n\r\n" + "x".repeat(100_000);
    String response = raw("POST / HTTP/1.1\r\n" + HOST + body);
    assertTrue(response.startsWith("HTTP/1.1 405 "), response);
    assertTrue(response.contains("\r\nAllow: GET, HEAD\r\n"), response);
    assertTrue(response.contains("\r\nConnection: close\r\n"), response);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET / HTTP/1.1\r\n",
        "GET /\r\n" + HOST,
        "GET  / HTTP/1.1\r\n" + HOST,
        "GET / FTP/1.1\r\n" + HOST,
        "GET / HTTP/1.1\r\nno colon\r\n" + HOST,
        "GET / HTTP/1.1\r\nspace : x\r\n" + HOST,
        "GET / HTTP/1.1\r\n folded: x\r\n" + HOST,
        "\r\n" + HOST,
        "\r\n",
        "\r\n\r\nGET / HTTP/1.1\r\n" + HOST,
        "GET / HTTP/1.1\r\n" + HOST + HOST,
        "GET / HTTP/1.1\r\n" + HOST + "hOST: other\r\n",
        "GET / HTTP/1.0\r\n" + HOST + HOST,
        "GET / HTTP/1.1\r\nHost: a b\r\n",
        "GET / HTTP/1.1\r\nHost: a/b\r\n",
        "GET / HTTP/1.1\r\nHost: a, b\r\n",
        "GET / HTTP/1.1\r\nHost: [::1\r\n",
        "GET / HTTP/1.1\r\n" + HOST + "Content-Length: 0\r\nContent-Length: 0\r\n",
        "GET / HTTP/1.1\r\n" + HOST + "Content-Length: 0\r\ncontent-length: 40\r\n",
        "GET / HTTP/1.1\r\n" + HOST + "Content-Length: 0, 40\r\n",
        "GET / HTTP/1.1\r\n" + HOST + "Content-Length: +4\r\n",
        "GET / HTTP/1.1\r\n" + HOST + "Content-Length: \r\n",
        "GET / HTTP/1.1\r\n" + HOST + "Content-Length: -1\r\n",
        "GET / HTTP/1.1\r\n" + HOST + "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
        "GET / HTTP/1.1\r\n" + HOST + "Transfer-Encoding: gzip\r\n",
        "GET / HTTP/1.1\r\n" + HOST + "Transfer-Encoding: chunked, gzip\r\n",
        "GET / HTTP/1.1\r\n" + HOST + "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n",
        "GET / HTTP/1.0\r\n" + HOST + "Transfer-Encoding: chunked\r\n",
        "GET / HTTP/1.1\r\n" + HOST + "X: a\nContent-Length: 40\r\n",
        "GET / HTTP/1.1\r\n" + HOST + "X: a\rContent-Length: 40\r\n",
        "GET / HTTP/1.1\n" + HOST + "\n",
        "GET / HTTP/1.1\r\n" + HOST + "X: a\0b\r\n",
        "GET / HTTP/1.1\r\n" + HOST + "X: a\u007fb\r\n",
        "GET / HTTP/1.1\r\n" + HOST + "X(y): a\r\n",
        "GET / HTTP/1.1\r\n" + HOST + "X: a\r\n folded\r\n",
        "GET / HTTP/1.1\r\n" + HOST + ": a\r\n",
        "GET /\t HTTP/1.1\r\n" + HOST,
        "GET /\u00e4 HTTP/1.1\r\n" + HOST,
        "G(T / HTTP/1.1\r\n" + HOST,
        " GET / HTTP/1.1\r\n" + HOST,
        "GET / http/1.1\r\n" + HOST,
        "GET / HTTP/1.1 \r\n" + HOST,
        "GET / HTTP/11.1\r\n" + HOST,
      })
  void noRequest_badRequest(String head) throws Exception {
    assertStatus(400, head);
  }

  /** Whoever stands in front may divide the bytes otherwise, so nothing behind them is answered. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "Content-Length: 38\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Content-Length: 0\r\nContent-Length: 38\r\n",
        "X: y\nContent-Length: 38\r\n",
        "X: y\rContent-Length: 38\r\n",
        "Connection: close, x\r\n",
        "Connection: x , CLOSE\r\n",
        "Connection: keep-alive\r\nConnection: close\r\n",
      })
  void whatFollows_isNoRequest(String field) throws Exception {
    String next = "GET /digits.txt HTTP/1.1\r\n" + HOST + "\r\n";
    String response = raw("GET /empty.css HTTP/1.1\r\n" + HOST + field + "\r\n" + next);
    assertEquals(2, response.split("HTTP/1.1 ", -1).length, response);
    assertTrue(response.contains("\r\nConnection: close\r\n"), response);
    assertFalse(response.contains("0123456789"), response);
  }

  /** The answer does not wait for an end of the head that would never come. */
  @Test
  void bareLineFeed_refusedAtOnce() throws Exception {
    try (Socket socket = connect(port)) {
      socket.getOutputStream().write("GET / HTTP/1.1\n".getBytes(StandardCharsets.US_ASCII));
      byte[] start = socket.getInputStream().readNBytes(12);
      assertEquals("HTTP/1.1 400", new String(start, StandardCharsets.US_ASCII));
    }
  }

  @Test
  void emptyLineBeforeRequest_isLetPass() throws Exception {
    String request = "\r\nGET /digits.txt HTTP/1.1\r\n" + HOST + "Connection: close\r\n\r\n";
    assertTrue(raw(request).endsWith("\r\n\r\n0123456789"));
  }

  @Test
  void unknownCoding_notImplemented() throws Exception {
    assertStatus(501, "GET / HTTP/1.1\r\n" + HOST + "Transfer-Encoding: gzip, chunked\r\n");
  }

  @Test
  void otherTargets_notAllowed() throws Exception {
    assertStatus(405, "OPTIONS * HTTP/1.1\r\n" + HOST);
    assertStatus(405, "CONNECT localhost:80 HTTP/1.1\r\n" + HOST);
  }

  @Test
  void otherVersion_notSupported() throws Exception {
    assertStatus(505, "GET / HTTP/2.0\r\n" + HOST);
  }

  @Test
  void longRequest_refused() throws Exception {
    assertStatus(431, "GET / HTTP/1.1\r\nX: " + "x".repeat(20_000) + "\r\n" + HOST);
  }

  @Test
  void noRequestAtAll_closed() throws Exception {
    assertEquals("", raw(""));
    assertEquals("", raw("GET / HT"));
  }

  private void assertStatus(int status, String head) throws Exception {
    String response = raw(head + "\r\n");
    assertTrue(response.startsWith("HTTP/1.1 %d ".formatted(status)), response);
  }

  /** Sends bytes and an end, and returns all that comes back. */
  private String raw(String request) throws IOException {
    try (Socket socket = connect(port)) {
      socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
      socket.shutdownOutput();
      return text(socket);
    }
  }

  private static String text(Socket socket) throws IOException {
    return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
  }

  // ---- by foreign programs -------------------------------------------------------------------

  @Test
  void curl_getsTheSame() throws Exception {
    assumeInstalled("curl", "--version");
    Path copy = directory.resolve("copy");
    String url = "http://localhost:" + port;
    run("curl", "-sS", "--fail", "-o", copy.toString(), url + "/big.bin");
    assertArrayEquals(BIG, Files.readAllBytes(copy));
    assertEquals("345", run("curl", "-sS", "-r", "3-5", url + "/digits.txt"));
    String two = run("curl", "-sSv", url + "/digits.txt", url + "/index.html");
    assertTrue(two.contains("Re-using existing connection"), two);
    Path rest = Files.write(directory.resolve("rest"), Arrays.copyOf(BIG, 1234));
    run("curl", "-sS", "-C", "-", "-o", rest.toString(), url + "/big.bin");
    assertArrayEquals(BIG, Files.readAllBytes(rest));
  }

  @Test
  void wrk_findsNoErrors() throws Exception {
    assumeInstalled("wrk", "--version");
    String out = run("wrk", "-t1", "-c32", "-d1s", "http://localhost:" + port + "/digits.txt");
    assertTrue(out.contains("Requests/sec"), out);
    assertTrue(!out.contains("Socket errors") && !out.contains("Non-2xx"), out);
  }

  @Test
  void h2load_findsNoErrors() throws Exception {
    assumeInstalled("h2load", "--version");
    String url = "http://localhost:" + port + "/big.bin";
    String out = run("h2load", "--h1", "-n", "200", "-c", "20", url);
    assertTrue(out.contains("200 succeeded, 0 failed, 0 errored, 0 timeout"), out);
    assertTrue(out.contains("200 2xx, 0 3xx, 0 4xx, 0 5xx"), out);
  }

  private void assumeInstalled(String... command) throws Exception {
    boolean runs;
    try {
      run(command);
      runs = true;
    } catch (IOException _) {
      runs = false;
    }
    assumeTrue(runs, command[0] + " is not installed");
  }

  /** Runs a program and returns what it prints. */
  private String run(String... command) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    process.getOutputStream().close();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return out;
  }

  // ---- before it serves ----------------------------------------------------------------------

  @Test
  void noDirectory_oneLine() throws Exception {
    for (Path path : List.of(directory.resolve("absent"), root.resolve("digits.txt"))) {
      ExampleJvm.Result result =
          ExampleJvm.program("servers.HttpFiles").arguments(0, path).run(directory);
      assertEquals(
          "ringspun: cannot serve %s, which should be a directory\n".formatted(path), result.err());
      assertEquals(1, result.status());
    }
  }
}
