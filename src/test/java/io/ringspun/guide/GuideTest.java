package io.ringspun.guide;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.OperationTimeoutException;
import io.ringspun.Ring;
import io.ringspun.RingGroup;
import io.ringspun.buffer.BufferRing;
import io.ringspun.file.RingFile;
import io.ringspun.net.RingListener;
import io.ringspun.net.RingSocket;
import io.ringspun.testing.Await;
import io.ringspun.testing.SocketPair;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code docs/guide.md} and {@code README.md} show compiles, runs, and is what they say. */
class GuideTest {
  private static final Path GUIDE = Path.of("docs", "guide.md");
  private static final Path ARCHITECTURE = Path.of("docs", "architecture.md");
  private static final Path README = Path.of("README.md");

  @TempDir Path directory;
  private Ring ring;

  @BeforeEach
  void open() throws IOException {
    ring = Ring.open();
  }

  @AfterEach
  void close() {
    ring.close();
  }

  // ---- the pages -----------------------------------------------------------------------------

  @Test
  void pages_showTheSnippets() throws Exception {
    TreeSet<String> snippets = new TreeSet<>(snippets());
    TreeSet<String> shown = new TreeSet<>(blocks(GUIDE));
    shown.add(blocks(README).getFirst());
    TreeSet<String> notCompiled = new TreeSet<>(shown);
    notCompiled.removeAll(snippets);
    assertEquals(new TreeSet<>(), notCompiled, "on a page, and not in the code");
    snippets.removeAll(shown);
    assertEquals(new TreeSet<>(), snippets, "in the code, and on no page");
  }

  /** Returns what stands between {@code // snippet} and {@code // end}, without its indentation. */
  private static List<String> snippets() throws IOException {
    List<String> snippets = new ArrayList<>();
    List<String> lines = null;
    Path source =
        Path.of("src", "test", "java", "io", "ringspun", "guide", Snippets.class.getSimpleName());
    for (String line : Files.readAllLines(Path.of(source + ".java"))) {
      switch (line.strip()) {
        case "// snippet" -> lines = new ArrayList<>();
        case "// end" -> {
          snippets.add(String.join("\n", lines).stripTrailing().stripIndent() + "\n");
          lines = null;
        }
        default -> {
          if (lines != null) {
            lines.add(line);
          }
        }
      }
    }
    return snippets;
  }

  private static List<String> blocks(Path page) throws IOException {
    return Pattern.compile("(?s)```java\n(.*?)```\n")
        .matcher(Files.readString(page))
        .results()
        .map(block -> block.group(1))
        .toList();
  }

  /** The first column of the table has messages; an ellipsis stands for what varies. */
  @Test
  void messages_areTheOnesInTheCode() throws Exception {
    StringBuilder code = new StringBuilder();
    try (var files = Files.walk(Path.of("src", "main", "java"))) {
      for (Path file : (Iterable<Path>) files.filter(Files::isRegularFile)::iterator) {
        code.append(Files.readString(file).replaceAll("\"\\s*\\+ \"", ""));
      }
    }
    List<String> messages =
        Files.readAllLines(GUIDE).stream()
            .dropWhile(line -> !line.startsWith("| Message |"))
            .skip(2)
            .takeWhile(line -> line.startsWith("|"))
            .map(row -> row.split("`")[1])
            .toList();
    assertTrue(messages.size() > 10, messages::toString);
    for (String message : messages) {
      for (String part : message.split("…")) {
        assertTrue(code.indexOf(part.strip()) >= 0, () -> "not in the code: " + part);
      }
    }
  }

  /** Links between the pages lead to files that are there, and to headings that are there. */
  @Test
  void links_leadSomewhere() throws Exception {
    List<Path> pages = new ArrayList<>(List.of(README, Path.of("CONTRIBUTING.md")));
    try (var files = Files.list(Path.of("docs"))) {
      files.filter(file -> file.toString().endsWith(".md")).forEach(pages::add);
    }
    Pattern link = Pattern.compile("\\]\\(([^):#]*)(?:#([^)]*))?\\)");
    for (Path page : pages) {
      for (var match : link.matcher(Files.readString(page)).results().toList()) {
        Path target = match.group(1).isEmpty() ? page : page.resolveSibling(match.group(1));
        assertTrue(Files.exists(target), () -> page + " links to " + target);
        String heading = match.group(2);
        if (heading != null) {
          assertTrue(headings(target).contains(heading), () -> page + " links to #" + heading);
        }
      }
    }
  }

  /** Classes, and members of classes, that the page on the architecture names are there. */
  @Test
  void architecture_namesWhatIsThere() throws Exception {
    Map<String, String> sources = new HashMap<>();
    try (var files = Files.walk(Path.of("src"))) {
      for (Path file : (Iterable<Path>) files::iterator) {
        String name = file.getFileName().toString();
        if (name.endsWith(".java")) {
          sources.merge(name.replace(".java", ""), Files.readString(file), String::concat);
        }
      }
    }
    String code = String.join("\n", sources.values());
    Pattern named = Pattern.compile("`([A-Z][a-z]\\w+)(?:\\.([a-z]\\w*))?`");
    for (var match : named.matcher(Files.readString(ARCHITECTURE)).results().toList()) {
      String type = match.group(1);
      String source = sources.containsKey(type) ? sources.get(type) : code;
      assertTrue(source.contains(type), () -> "no class: " + match.group());
      String member = match.group(2);
      assertTrue(
          member == null || Pattern.compile("\\b" + member + "\\b").matcher(source).find(),
          () -> "no member: " + match.group());
    }
  }

  private static TreeSet<String> headings(Path page) throws IOException {
    return Files.readAllLines(page).stream()
        .filter(line -> line.startsWith("#"))
        .map(line -> line.replaceFirst("#+ ", "").toLowerCase(Locale.ROOT))
        .map(line -> line.replaceAll("[^a-z0-9 _-]", "").replace(' ', '-'))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  // ---- files ---------------------------------------------------------------------------------

  @Test
  void readme_commits() throws Exception {
    assertEquals("committed", Snippets.readme(directory.resolve("log")));
  }

  @Test
  void roundTrip_returnsWhatItWrote() throws Exception {
    assertEquals("hello", Snippets.roundTrip(directory.resolve("file")));
  }

  @Test
  void shout_writesCapitals() throws Exception {
    Path path = file("loud");
    assertEquals("LOUD", Snippets.shout(path));
    assertEquals("LOUD", Files.readString(path));
  }

  @Test
  void lines_areThoseOfTheFile() throws Exception {
    assertEquals(List.of("one", "two"), Snippets.lines(file("one\ntwo\n")));
  }

  @Test
  void replace_replaces() throws Exception {
    Path old = file("old");
    try (Arena arena = Arena.ofConfined()) {
      Snippets.replace(directory, old.getFileName().toString(), arena.allocateFrom("new"));
    }
    assertEquals("new\0", Files.readString(old));
  }

  @Test
  void readDirect_reads() throws Exception {
    Path path = file("x".repeat(65_536));
    try {
      assertEquals(65_536, Snippets.readDirect(path));
    } catch (FileSystemException e) {
      assumeTrue(false, "the file system has no direct I/O: " + e.getMessage());
    }
  }

  // ---- sockets -------------------------------------------------------------------------------

  @Test
  void serve_echoesUntilTheListenerIsClosed() throws Exception {
    try (RingListener listener = RingListener.bind(ring, loopback())) {
      Thread server = ring.startVirtualThread(() -> serve(listener));
      assertEquals("ping", Snippets.ask(listener.localAddress(), "ping"));
      assertEquals("pong", Snippets.ask(listener.localAddress(), "pong"));
      listener.close();
      server.join();
    }
  }

  private void serve(RingListener listener) {
    try {
      Snippets.serve(ring, listener);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void count_countsToTheEnd() throws Exception {
    try (SocketPair pair = SocketPair.open(ring);
        var buffers = BufferRing.open(ring, 8, 1_024)) {
      pair.left().writeFully(ByteBuffer.allocate(5_000));
      pair.left().shutdownOutput();
      assertEquals(5_000, Snippets.count(pair.right(), buffers));
    }
  }

  // ---- chains and batches --------------------------------------------------------------------

  @Test
  void chains_run() throws Exception {
    try (RingFile file = RingFile.open(ring, directory.resolve("file"), CREATE, READ, WRITE);
        RingFile other = RingFile.open(ring, directory.resolve("other"), CREATE, READ, WRITE);
        Arena arena = Arena.ofConfined()) {
      var text = arena.allocateFrom("seven b");
      Snippets.commit(ring, file, text, 0);
      assertEquals("committed", Snippets.tryCommit(ring, file, text));
      assertEquals(4, Snippets.bytesOfFirst(ring, file, arena.allocate(4), arena.allocate(4)));
      Snippets.copyBlock(ring, file, other, arena.allocate(8));
      assertEquals("seven b\0", Files.readString(directory.resolve("other")));
      Snippets.syncAfterEverythingElse(ring, file);
      Snippets.syncAll(ring, List.of(file, other));
    }
  }

  @Test
  void tryCommit_namesTheStepThatFailed() throws Exception {
    try (RingFile full = RingFile.open(ring, Path.of("/dev/full"), WRITE);
        Arena arena = Arena.ofConfined()) {
      assertEquals(
          "write failed with ENOSPC; 0 of 2 steps succeeded",
          Snippets.tryCommit(ring, full, arena.allocateFrom("more")));
    }
  }

  // ---- memory --------------------------------------------------------------------------------

  @Test
  void memory_isFilled() throws Exception {
    try (RingFile file = RingFile.open(ring, file("y".repeat(100_000)), READ)) {
      assertEquals(10, Snippets.readIntoArray(file, new byte[10]));
      assertEquals(100_000, Snippets.sizeByReading(ring, file));
    }
  }

  // ---- time limits and interrupts ------------------------------------------------------------

  @Test
  void silentPeer_timesOutAndIsInterrupted() throws Exception {
    try (SocketPair pair = SocketPair.open(ring);
        Arena arena = Arena.ofShared()) {
      var buffer = arena.allocate(16);
      assertThrows(OperationTimeoutException.class, () -> Snippets.readInTime(pair.left(), buffer));
      AtomicReference<String> answer = new AtomicReference<>();
      Thread reader = ring.startVirtualThread(() -> answer.set(readOrGiveUp(pair.right())));
      Await.until("the read is in flight", () -> ring.metrics().inFlight() > 0);
      reader.interrupt();
      reader.join();
      assertEquals("interrupted; the socket is open", answer.get());
    }
  }

  private static String readOrGiveUp(RingSocket socket) {
    try (Arena arena = Arena.ofConfined()) {
      return Snippets.readOrGiveUp(socket, arena.allocate(16));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  // ---- carried threads -----------------------------------------------------------------------

  @Test
  void carriedThreads_readFiles() throws Exception {
    Path one = file("one\n");
    assertEquals(List.of("one", "one"), Snippets.readAll(ring, List.of(one, one)));
    Snippets.onEveryProcessor(List.of(one, one));
    try (var threads = ring.executor()) {
      Ring here = threads.submit(Snippets::here).get();
      assertEquals(ring.carriesVirtualThreads(), here != Ring.shared());
    }
    assertEquals(InetAddress.getByName("127.0.0.1"), Snippets.lookUp("127.0.0.1"));
  }

  @Test
  void watchingRings() throws Exception {
    try (RingGroup group = RingGroup.open()) {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      Snippets.printWaits(group, new PrintStream(out, true, UTF_8));
      assertEquals(group.rings().size(), out.toString(UTF_8).lines().count());
    }
  }

  // ---- drop-ins ------------------------------------------------------------------------------

  @Test
  void dropIns_read() throws Exception {
    Path path = file("text");
    assertEquals(4, Snippets.viaFileChannel(path, ByteBuffer.allocate(10)));
    assertEquals("text", Snippets.viaPath(path));
    try (RingListener listener = RingListener.bind(ring, loopback())) {
      int port = ((InetSocketAddress) listener.localAddress()).getPort();
      Thread server = ring.startVirtualThread(() -> sendOneByte(listener));
      assertEquals('x', Snippets.viaSocket("127.0.0.1", port));
      server.join();
    }
  }

  private static void sendOneByte(RingListener listener) {
    try (RingSocket connection = listener.accept()) {
      connection.writeFully(ByteBuffer.wrap(new byte[] {'x'}));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void describe_saysThatRingsWork() {
    assertTrue(Snippets.describe().startsWith("io_uring works, liburing is "), Snippets::describe);
  }

  private Path file(String content) throws IOException {
    return Files.writeString(Files.createTempFile(directory, "file", ".txt"), content);
  }

  private static InetSocketAddress loopback() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  }
}
