package io.ringspun.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.FaultyRing;
import io.ringspun.Ring;
import io.ringspun.RingClosedException;
import io.ringspun.RingMetrics;
import io.ringspun.RingOptions;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.ChildJvm;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import io.ringspun.testing.Fifo;
import io.ringspun.testing.LeakCheck;
import io.ringspun.testing.ModulePath;
import io.ringspun.testing.PathUser;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessMode;
import java.nio.file.CopyOption;
import java.nio.file.FileSystem;
import java.nio.file.FileSystemAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.ProviderMismatchException;
import java.nio.file.StandardOpenOption;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.DosFileAttributeView;
import java.nio.file.attribute.DosFileAttributes;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.spi.FileSystemProvider;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@ExtendWith(LeakCheck.class)
class RingFileSystemTest {
  private static final URI ROOT = URI.create("ring:///");

  @TempDir private Path directory;

  // ---- wrapping and finding ------------------------------------------------------------------

  @Test
  void wrap_andUnwrap() throws IOException {
    Path path = RingFileSystems.wrap(directory);
    assertEquals(directory, RingFileSystems.unwrap(path));
    assertEquals(directory, RingFileSystems.unwrap(directory));
    assertEquals(path, RingFileSystems.wrap(path));
    assertEquals(directory.toString(), path.toString());
    assertSame(path.getFileSystem(), RingFileSystems.wrap(FileSystems.getDefault()));
    assertEquals(path, RingFileSystems.wrap(FileSystems.getDefault()).getPath(path.toString()));
    assertNotEquals(path, directory);
    assertNotEquals(directory, path);
    try (Ring ring = Ring.open();
        Ring other = Ring.open()) {
      Path own = RingFileSystems.wrap(ring, path);
      assertEquals(own, RingFileSystems.wrap(ring, directory));
      assertEquals(own.hashCode(), RingFileSystems.wrap(ring, directory).hashCode());
      assertNotEquals(own, path);
      assertNotEquals(own, RingFileSystems.wrap(other, path));
      assertEquals(0, own.compareTo(path));
      assertEquals(path, RingFileSystems.wrap(own));
      assertEquals(own.getFileSystem(), RingFileSystems.wrap(ring, path.getFileSystem()));
      assertEquals(own.getFileSystem(), own.resolve("x").toAbsolutePath().getFileSystem());
      assertSame(path.getFileSystem().provider(), own.getFileSystem().provider());
      assertTrue(Files.isSameFile(own, path));
      Files.writeString(own.resolve("from"), "content");
      Files.copy(own.resolve("from"), path.resolve("to"));
      assertEquals("content", Files.readString(directory.resolve("to")));
    }
  }

  @Test
  void foreignPaths_areRefused() throws IOException {
    Path path = RingFileSystems.wrap(directory);
    Path zip = directory.resolve("a.zip");
    try (FileSystem foreign = FileSystems.newFileSystem(zip, Map.of("create", "true"))) {
      Path other = foreign.getPath("/x");
      FileSystemProvider provider = path.getFileSystem().provider();
      for (Path wrong : List.of(other, directory)) {
        assertThrows(ProviderMismatchException.class, () -> path.resolve(wrong));
        assertThrows(ProviderMismatchException.class, () -> path.relativize(wrong));
        assertThrows(ProviderMismatchException.class, () -> provider.delete(wrong));
        assertThrows(ProviderMismatchException.class, () -> provider.copy(path, wrong));
        assertThrows(ProviderMismatchException.class, () -> Files.createLink(path, wrong));
        assertThrows(ProviderMismatchException.class, () -> Files.createSymbolicLink(path, wrong));
        assertThrows(ClassCastException.class, () -> path.compareTo(wrong));
        assertFalse(path.startsWith(wrong));
        assertFalse(path.endsWith(wrong));
        assertFalse(Files.isSameFile(path, wrong));
      }
      assertThrows(ProviderMismatchException.class, () -> RingFileSystems.wrap(other));
      assertThrows(ProviderMismatchException.class, () -> RingFileSystems.unwrap(other));
      assertThrows(ProviderMismatchException.class, () -> RingFileSystems.wrap(foreign));
      Files.writeString(path.resolve("file"), "content");
      Files.copy(path.resolve("file"), other);
      assertEquals("content", Files.readString(other));
      Files.move(other, path.resolve("back"));
      assertEquals("content", Files.readString(directory.resolve("back")));
      try (WatchService watcher = directory.getFileSystem().newWatchService()) {
        assertThrows(
            ProviderMismatchException.class,
            () -> path.register(watcher, StandardWatchEventKinds.ENTRY_CREATE));
      }
    }
  }

  @Test
  void uris_leadBack() throws IOException {
    for (String name : List.of("plain", "with space", "größe", "100%", "a#b?c", "ring:x")) {
      Path path = RingFileSystems.wrap(directory.resolve(name));
      assertEquals("ring", path.toUri().getScheme());
      assertEquals(path, Path.of(path.toUri()));
      Files.createDirectory(path);
      assertTrue(path.toUri().toString().endsWith("/"), "a directory's");
      assertEquals(path, Path.of(path.toUri()));
    }
    assertEquals("/tmp/x", Path.of(URI.create("RING:/tmp/x")).toString());
    FileSystem fileSystem = FileSystems.getFileSystem(ROOT);
    assertSame(fileSystem, Path.of(ROOT).getFileSystem());
    assertSame(fileSystem, RingFileSystems.wrap(directory).getFileSystem());
    for (String wrong : List.of("ring:x", "ring://host/x", "ring:///x?y", "ring:///x#y")) {
      assertThrows(IllegalArgumentException.class, () -> Path.of(URI.create(wrong)), wrong);
    }
    for (String wrong : List.of("ring:///x", "ring://host/", "ring:x", "ring:///?x")) {
      assertThrows(
          IllegalArgumentException.class,
          () -> FileSystems.getFileSystem(URI.create(wrong)),
          wrong);
    }
    assertThrows(
        FileSystemAlreadyExistsException.class,
        () -> FileSystems.newFileSystem(ROOT, Map.<String, Object>of()));
    assertThrows(
        IllegalArgumentException.class,
        () -> fileSystem.provider().getPath(URI.create("file:///x")));
    assertThrows(UnsupportedOperationException.class, fileSystem::close);
    assertTrue(fileSystem.isOpen());
    assertFalse(fileSystem.isReadOnly());
    assertTrue(FileSystemProvider.installedProviders().contains(fileSystem.provider()));
    assertThrows(UnsupportedOperationException.class, Path.of(ROOT)::toFile);
  }

  @Test
  void provider_isFoundOnTheClassPath() throws Exception {
    String output =
        new ChildJvm()
            .with("--enable-native-access=ALL-UNNAMED")
            .run(PathUser.class, RingFileSystems.wrap(directory).toUri().toString());
    assertTrue(output.contains("content null true in ring:///"), output);
  }

  @Test
  void provider_isFoundOnTheModulePath() throws Exception {
    String output =
        new ChildJvm()
            .with("--enable-native-access=io.ringspun")
            .with("--module-path", ModulePath.get(), "--add-modules", "io.ringspun")
            .run(PathUser.class, RingFileSystems.wrap(directory).toUri().toString());
    assertTrue(output.contains("content io.ringspun true in ring:///"), output);
  }

  // ---- names ---------------------------------------------------------------------------------

  @Test
  void names_areThoseOfTheDefaultFileSystem() {
    List<Function<Path, Object>> questions =
        List.of(
            Path::isAbsolute,
            Path::getRoot,
            Path::getFileName,
            Path::getParent,
            Path::getNameCount,
            path -> path.getName(0),
            path -> path.getName(path.getNameCount() - 1),
            path -> path.subpath(0, 2),
            path -> path.subpath(2, 1),
            Path::normalize,
            Path::toAbsolutePath,
            path -> path.resolve("x/../y"),
            path -> path.resolve("/y"),
            path -> path.resolve(""),
            path -> path.resolve("a\0b"),
            path -> path.resolveSibling("z"),
            path -> path.resolve("q").relativize(path.resolve("r/s")),
            path -> path.relativize(path),
            path -> path.startsWith("/a"),
            path -> path.startsWith(path.getName(0)),
            path -> path.endsWith("c"),
            path -> path.endsWith(path.subpath(0, 1)),
            path -> path.compareTo(path.resolve("x")) < 0,
            path -> path.equals(path.resolve("")),
            path -> path.hashCode() == path.resolve("").hashCode(),
            path -> {
              StringBuilder names = new StringBuilder();
              path.forEach(name -> names.append(name).append(';'));
              return names;
            },
            path -> path.getFileSystem().getPath("a", "b", "c"),
            path -> path.getFileSystem().getPathMatcher("glob:**.c").matches(path),
            path -> path.getFileSystem().getPathMatcher("none:x"),
            path -> path.getFileSystem().getSeparator(),
            path -> path.getFileSystem().getRootDirectories().iterator().next(),
            path -> path.getFileSystem().supportedFileAttributeViews(),
            path -> path.resolve((String) null));
    for (String name : List.of("", "/", "a", "/a/b/c", "a/b.c", "../a/./b", "/a/../..", "größe")) {
      Path path = Path.of(name);
      for (int i = 0; i < questions.size(); i++) {
        assertEquals(
            outcome(questions.get(i), path),
            outcome(questions.get(i), RingFileSystems.wrap(path)),
            name + ", question " + i);
      }
    }
  }

  private static String outcome(Function<Path, Object> question, Path path) {
    try {
      Object answer = question.apply(path);
      if (answer instanceof Path other) {
        assertEquals(path.getFileSystem(), other.getFileSystem());
      }
      return String.valueOf(answer);
    } catch (RuntimeException e) {
      return e.getClass().toString();
    }
  }

  // ---- through the ring ----------------------------------------------------------------------

  private interface Action {
    void run() throws Exception;
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void operations_goThroughTheRing(boolean inline) throws Exception {
    try (Ring ring = Ring.open(RingOptions.defaults().withInlineAttempts(inline))) {
      Path root = RingFileSystems.wrap(ring, directory);
      Path file = root.resolve("file");
      List<Action> actions =
          List.of(
              () -> Files.writeString(file, "content"),
              () -> Files.readString(file),
              () -> Files.createDirectory(root.resolve("dir")),
              () -> Files.createSymbolicLink(root.resolve("symlink"), file),
              () -> Files.createLink(root.resolve("link"), file),
              () -> Files.copy(file, root.resolve("copy")),
              () -> Files.move(root.resolve("copy"), root.resolve("moved")),
              () -> Files.size(file),
              () -> Files.exists(file),
              () -> Files.getPosixFilePermissions(file),
              () -> Files.readAttributes(file, "posix:*"),
              () -> Files.walk(root).close(),
              () -> Files.delete(root.resolve("moved")));
      for (int i = 0; i < actions.size(); i++) {
        RingMetrics before = ring.metrics();
        actions.get(i).run();
        RingMetrics after = ring.metrics();
        long submitted = after.submitted() - before.submitted();
        long inlineHits = after.inlineHits() - before.inlineHits();
        // While the disk is slow, what could be done inline goes through the ring, too.
        assertTrue(submitted > 0 || (inline && inlineHits > 0), "action " + i);
      }
      assertInstanceOf(RingFileChannel.class, close(FileChannel.open(file)));
      assertInstanceOf(RingFileChannel.class, close(Files.newByteChannel(file)));
      assertInstanceOf(RingInputStream.class, close(Files.newInputStream(file)));
      assertInstanceOf(RingOutputStream.class, close(Files.newOutputStream(file)));
    }
  }

  private static <T extends AutoCloseable> T close(T resource) throws Exception {
    resource.close();
    return resource;
  }

  @Test
  void closedRing_isTold() throws Exception {
    Ring ring = Ring.open();
    Path root = RingFileSystems.wrap(ring, directory);
    ring.close();
    assertThrows(RingClosedException.class, () -> Files.size(root));
    assertThrows(RingClosedException.class, () -> Files.createFile(root.resolve("x")));
    assertThrows(RingClosedException.class, () -> Files.createDirectory(root.resolve("x")));
    assertThrows(RingClosedException.class, () -> Files.newInputStream(root.resolve("x")));
    assertThrows(RingClosedException.class, () -> Files.move(root, root.resolve("x")));
  }

  @Test
  void failedCopy_leavesNothingAndTellsBoth() throws Exception {
    FaultKernel kernel = new FaultKernel();
    Files.write(directory.resolve("file"), new byte[1 << 20]);
    try (Ring ring = FaultyRing.open(kernel)) {
      Path root = RingFileSystems.wrap(ring, directory);
      kernel.add(
          FaultRule.on(Constants.IORING_OP_WRITE, Constants.IORING_OP_WRITEV)
              .after(2)
              .fail(Errno.ENOSPC));
      FileSystemException e =
          assertThrows(
              FileSystemException.class,
              () -> Files.copy(root.resolve("file"), root.resolve("copy")));
      assertEquals(root.resolve("file").toString(), e.getFile());
      assertEquals(root.resolve("copy").toString(), e.getOtherFile());
      assertFalse(Files.exists(directory.resolve("copy")));
      kernel.add(FaultRule.on(Constants.IORING_OP_UNLINKAT).fail(Errno.EIO).times(1));
      assertThrows(FileSystemException.class, () -> Files.delete(root.resolve("file")));
      kernel.add(FaultRule.on(Constants.IORING_OP_RENAMEAT).fail(Errno.EIO).times(1));
      e =
          assertThrows(
              FileSystemException.class,
              () -> Files.move(root.resolve("file"), root.resolve("moved")));
      assertEquals(root.resolve("moved").toString(), e.getOtherFile());
      assertTrue(Files.exists(directory.resolve("file")));
    }
  }

  @Test
  void zip_onARingPath() throws IOException {
    Path zip = RingFileSystems.wrap(directory).resolve("a.zip");
    try (FileSystem inside = FileSystems.newFileSystem(zip, Map.of("create", "true"))) {
      Files.writeString(inside.getPath("/entry"), "content");
    }
    try (FileSystem inside = FileSystems.newFileSystem(zip)) {
      assertEquals("content", Files.readString(inside.getPath("/entry")));
    }
  }

  @Test
  void watching_tellsRingPaths() throws Exception {
    Path root = RingFileSystems.wrap(directory);
    try (WatchService watcher = root.getFileSystem().newWatchService()) {
      assertNull(watcher.poll());
      WatchKey key = root.register(watcher, StandardWatchEventKinds.ENTRY_CREATE);
      assertSame(root, key.watchable());
      Path again = RingFileSystems.wrap(directory);
      assertSame(key, again.register(watcher, StandardWatchEventKinds.ENTRY_CREATE));
      assertSame(root, key.watchable());
      Files.createFile(root.resolve("new"));
      WatchKey seen = watcher.poll(30, TimeUnit.SECONDS);
      assertSame(key, seen);
      assertEquals(root.getFileSystem().getPath("new"), seen.pollEvents().getFirst().context());
      assertTrue(seen.reset());
      Files.createFile(root.resolve("another"));
      assertSame(key, watcher.take());
      key.cancel();
      assertFalse(seen.isValid());
      assertFalse(key.reset());
      WatchKey other = again.register(watcher, StandardWatchEventKinds.ENTRY_CREATE);
      assertNotSame(key, other);
      assertNotEquals(key, other);
      assertSame(again, other.watchable());
    }
  }

  /** A directory's key ends with the directory, and another one is made for its successor. */
  @Test
  void watching_aDirectoryThatIsDeleted() throws Exception {
    for (Path parent : List.of(directory, RingFileSystems.wrap(directory))) {
      Path watched = Files.createDirectory(parent.resolve("watched"));
      try (WatchService watcher = watched.getFileSystem().newWatchService()) {
        WatchKey key = watched.register(watcher, StandardWatchEventKinds.ENTRY_CREATE);
        Files.delete(watched);
        assertSame(key, watcher.take());
        assertFalse(key.reset());
        Files.createDirectory(watched);
        assertNotEquals(key, watched.register(watcher, StandardWatchEventKinds.ENTRY_CREATE));
      }
      Files.delete(watched);
    }
  }

  // ---- attributes ----------------------------------------------------------------------------

  @Test
  void fileKey_isTheSameInEveryView() throws IOException {
    try (Ring ring = Ring.open()) {
      Path file = RingFileSystems.wrap(ring, Files.createFile(directory.resolve("file")));
      Files.createLink(file.resolveSibling("link"), file);
      Path other = Files.createFile(file.resolveSibling("other"));
      Object key = Files.readAttributes(file, BasicFileAttributes.class).fileKey();
      List<Object> keys =
          List.of(
              Files.readAttributes(file, PosixFileAttributes.class).fileKey(),
              Files.readAttributes(file, DosFileAttributes.class).fileKey(),
              Files.getFileAttributeView(file, BasicFileAttributeView.class)
                  .readAttributes()
                  .fileKey(),
              Files.getFileAttributeView(file, DosFileAttributeView.class)
                  .readAttributes()
                  .fileKey(),
              Files.getAttribute(file, "fileKey"),
              Files.getAttribute(file, "posix:fileKey"),
              Files.getAttribute(file, "dos:fileKey"),
              Files.getAttribute(file, "unix:fileKey"),
              Files.readAttributes(file, "unix:*").get("fileKey"),
              Files.readAttributes(file, "dos:*").get("fileKey"),
              Files.getAttribute(file.resolveSibling("link"), "unix:fileKey"));
      for (Object same : keys) {
        assertEquals(key, same);
        assertEquals(key.hashCode(), same.hashCode());
      }
      assertNotEquals(key, Files.getAttribute(other, "unix:fileKey"));
      assertEquals(
          Files.getAttribute(directory.resolve("file"), "fileKey").toString(), key.toString());
      assertEquals(Set.of("fileKey"), Files.readAttributes(file, "unix:fileKey").keySet());
    }
  }

  @Test
  void dosFlags_areTheJdks() throws IOException {
    Path file = RingFileSystems.wrap(Files.createFile(directory.resolve("file")));
    DosFileAttributeView view = Files.getFileAttributeView(file, DosFileAttributeView.class);
    view.setHidden(true);
    view.setArchive(true);
    DosFileAttributes seen = view.readAttributes();
    assertTrue(seen.isHidden() && seen.isArchive() && !seen.isReadOnly() && !seen.isSystem());
    view.setReadOnly(true);
    view.setSystem(true);
    view.setTimes(FileTime.fromMillis(5), null, null);
    assertEquals(FileTime.fromMillis(5), view.readAttributes().lastModifiedTime());
    assertEquals(
        Files.readAttributes(directory.resolve("file"), "dos:readonly,hidden,archive,system"),
        Files.readAttributes(file, "dos:readonly,hidden,archive,system"));
  }

  // ---- null ----------------------------------------------------------------------------------

  private interface Question {
    void ask(Path path) throws Exception;
  }

  /** What is asked without an argument that is needed fails as with the default provider. */
  @Test
  @SuppressWarnings("ReturnValueIgnored") // each only has to throw
  void null_isRefusedAsByTheDefaultProvider() throws IOException {
    Path file = Files.createFile(directory.resolve("file"));
    List<Question> questions =
        List.of(
            path -> Files.isSameFile(path, null),
            path -> path.getFileSystem().provider().isSameFile(path, null),
            path -> path.getFileSystem().provider().isSameFile(null, path),
            path -> path.getFileSystem().provider().newDirectoryStream(path.getParent(), null),
            path -> path.getFileSystem().provider().newByteChannel(path, null),
            path -> path.getFileSystem().provider().newFileChannel(path, null),
            path -> path.getFileSystem().provider().newInputStream(path, (OpenOption) null),
            path -> path.getFileSystem().provider().newInputStream(null),
            path -> path.getFileSystem().provider().newOutputStream(path, (OpenOption) null),
            path -> path.getFileSystem().provider().copy(path, null),
            path -> path.getFileSystem().provider().copy(path, path, (CopyOption) null),
            path -> path.getFileSystem().provider().move(path, null),
            path -> path.getFileSystem().provider().move(path, path, (CopyOption) null),
            path -> path.getFileSystem().provider().createLink(path, null),
            path -> path.getFileSystem().provider().createSymbolicLink(path, null),
            path -> path.getFileSystem().provider().createDirectory(null),
            path -> path.getFileSystem().provider().delete(null),
            path -> path.getFileSystem().provider().checkAccess(path, (AccessMode) null),
            path -> path.getFileSystem().provider().readSymbolicLink(null),
            path -> path.getFileSystem().provider().getFileAttributeView(path, null),
            path ->
                path.getFileSystem()
                    .provider()
                    .getFileAttributeView(path, BasicFileAttributeView.class, (LinkOption) null),
            path ->
                path.getFileSystem()
                    .provider()
                    .readAttributes(path, (Class<BasicFileAttributes>) null),
            path -> path.getFileSystem().provider().readAttributes(path, (String) null),
            path -> path.getFileSystem().provider().readAttributes(path, "*", (LinkOption) null),
            path -> path.getFileSystem().provider().setAttribute(path, null, 1),
            path -> path.getFileSystem().provider().setAttribute(path, "size", null),
            path -> path.getFileSystem().provider().getPath(null),
            path -> path.getFileSystem().provider().getFileSystem(null),
            path -> path.getFileSystem().provider().isHidden(null),
            path -> path.getFileSystem().provider().getFileStore(null),
            path -> path.getFileSystem().getPathMatcher(null),
            path -> path.getFileSystem().getPathMatcher("glob:*").matches(null),
            path -> path.getFileSystem().getPath(null),
            path -> path.getFileSystem().getPath("a", (String) null),
            path -> path.resolve((Path) null),
            path -> path.relativize(null),
            path -> path.startsWith((Path) null),
            path -> path.endsWith((Path) null),
            path -> path.compareTo(null),
            path -> path.equals(null),
            path -> path.toRealPath((LinkOption) null),
            path -> path.register(null, StandardWatchEventKinds.ENTRY_CREATE),
            path -> {
              try (WatchService watcher = path.getFileSystem().newWatchService()) {
                path.getParent().register(watcher, (WatchEvent.Kind<?>) null);
              }
            },
            path -> {
              try (WatchService watcher = path.getFileSystem().newWatchService()) {
                watcher.poll(1, null);
              }
            });
    for (int i = 0; i < questions.size(); i++) {
      assertEquals(
          failure(questions.get(i), file),
          failure(questions.get(i), RingFileSystems.wrap(file)),
          "question " + i);
    }
  }

  private static @Nullable Class<?> failure(Question question, Path path) {
    try {
      question.ask(path);
      return null;
    } catch (Exception e) {
      return e.getClass();
    }
  }

  // ---- interrupts before ---------------------------------------------------------------------

  /**
   * Reading a file as a whole is the one use of a channel that no interrupt ends. {@code
   * Files.lines} ends with one in the default file system only, where it uses a channel.
   */
  @ParameterizedTest
  @EachCaller
  void readAllBytes_outlastsAnInterrupt(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        Fifo fifo = Fifo.open(ring, directory)) {
      Path path = RingFileSystems.wrap(ring, fifo.path());
      long completed = ring.metrics().completed();
      BlockedCall<byte[]> read = BlockedCall.start(ring, caller, () -> Files.readAllBytes(path));
      Await.until("the file is open", () -> ring.metrics().completed() > completed);
      read.awaitInFlight(ring, 1);
      long submitted = ring.metrics().submitted();
      read.interrupt();
      Await.until("the read is made again", () -> ring.metrics().submitted() > submitted);
      fifo.write(7);
      fifo.close(); // the only writer
      assertArrayEquals(new byte[] {7}, read.result());
      assertTrue(read.interruptPending());
    }
  }

  @Test
  void lines_withAnInterruptPending() throws Exception {
    Path file = Files.writeString(directory.resolve("file"), "line");
    Thread.currentThread().interrupt();
    assertThrows(
        Exception.class,
        () -> {
          try (Stream<String> lines = Files.lines(file)) {
            lines.toList();
          }
        });
    Thread.currentThread().interrupt();
    try (Stream<String> lines = Files.lines(RingFileSystems.wrap(file))) {
      assertEquals(List.of("line"), lines.toList());
    }
    assertTrue(Thread.interrupted());
  }

  // ---- interrupts and closing ----------------------------------------------------------------

  @ParameterizedTest
  @EachCaller
  void stream_outlastsAnInterrupt(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        Fifo fifo = Fifo.open(ring, directory);
        InputStream in = Files.newInputStream(RingFileSystems.wrap(ring, fifo.path()))) {
      BlockedCall<Integer> read = BlockedCall.start(ring, caller, in::read);
      read.awaitInFlight(ring, 1);
      long submitted = ring.metrics().submitted();
      read.interrupt();
      Await.until("the read is made again", () -> ring.metrics().submitted() >= submitted + 1);
      fifo.write(7);
      assertEquals(7, read.result());
      assertTrue(read.interruptPending());
    }
  }

  @ParameterizedTest
  @EachCaller
  void stream_closedMeanwhile(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        Fifo fifo = Fifo.open(ring, directory)) {
      InputStream in = Files.newInputStream(RingFileSystems.wrap(ring, fifo.path()));
      BlockedCall<Integer> read = BlockedCall.start(ring, caller, in::read);
      read.awaitInFlight(ring, 1);
      in.close();
      assertThrows(AsynchronousCloseException.class, read::result);
    }
  }

  @ParameterizedTest
  @EachCaller
  void channel_endsWithAnInterrupt(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        Fifo fifo = Fifo.open(ring, directory)) {
      Path path = RingFileSystems.wrap(ring, fifo.path());
      FileChannel channel = FileChannel.open(path, StandardOpenOption.READ);
      BlockedCall<Integer> read =
          BlockedCall.start(ring, caller, () -> channel.read(ByteBuffer.allocate(1)));
      read.awaitInFlight(ring, 1);
      read.interrupt();
      assertThrows(ClosedByInterruptException.class, read::result);
      assertFalse(channel.isOpen());
    }
  }

  @ParameterizedTest
  @EachCaller
  void names_areDoneInterruptedOrNot(Caller caller) throws Exception {
    try (Ring ring = Ring.open()) {
      Path root = RingFileSystems.wrap(ring, directory);
      BlockedCall<Void> call =
          BlockedCall.start(
              ring,
              caller,
              () -> {
                Thread.currentThread().interrupt();
                Path file = Files.write(root.resolve("a"), "x".getBytes(StandardCharsets.UTF_8));
                Files.move(file, root.resolve("b"));
                Files.copy(root.resolve("b"), root.resolve("c"));
                Files.delete(root.resolve("b"));
                return null;
              });
      call.result();
      assertTrue(call.interruptPending());
      assertEquals("x", Files.readString(directory.resolve("c")));
    }
  }
}
