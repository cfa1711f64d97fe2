package io.ringspun.examples;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.testing.ExampleJvm;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
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
    port = start(ExampleJvm.example("HttpFiles").arguments(0, root, "--rings", 2)).port();
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
    "/a%20b+%25.txt,     200, odd,        text/plain; charset=utf-8",
    "/empty.css,         200, '',         text/css; charset=utf-8",
    "/absent,            404, '',         ",
    "/sub/none/,         404, '',         ",
    "/digits.txt/,       404, '',         ",
    "/digits.txt/x,      404, '',         ",
    "/out,               403, '',         ",
    "/../secret,         403, '',         ",
    "/sub/../../secret,  403, '',         ",
    "/%2e%2e/secret,     403, '',         ",
    "/%2e%2e%2fabsent,   403, '',         ",
    "/%00,               400, '',         ",
    "/%zz,               400, '',         ",
    "nowhere,            400, '',         ",
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
    String elsewhere = raw("GET //sub HTTP/1.1\r\n" + HOST + "Connection: close\r\n\r\n");
    assertTrue(elsewhere.contains("\r\nLocation: /sub/\r\n"), elsewhere);
  }

  @Test
  void pipe_isNotWaitedFor() throws Exception {
    assumeTrue(run("mkfifo", root.resolve("pipe").toString()).isEmpty(), "no mkfifo(1)");
    assertStatus(403, "GET /pipe HTTP/1.1\r\n" + HOST);
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
      })
  void noRequest_badRequest(String head) throws Exception {
    assertStatus(400, head);
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
      ExampleJvm.Result result = ExampleJvm.example("HttpFiles").arguments(0, path).run(directory);
      assertEquals(
          "ringspun: cannot serve %s, which should be a directory\n".formatted(path), result.err());
      assertEquals(1, result.status());
    }
  }
}
