package io.ringspun.file;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.common.io.MoreFiles;
import io.ringspun.Ring;
import io.ringspun.testing.Caller;
import io.ringspun.testing.ChildJvm;
import io.ringspun.testing.LeakCheck;
import io.ringspun.testing.Refusal;
import io.ringspun.testing.RingCase;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.ClosedDirectoryStreamException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.ProviderMismatchException;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.DosFileAttributeView;
import java.nio.file.attribute.FileOwnerAttributeView;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Directories of ring paths can be used so that nobody exchanges them for links meanwhile. */
@ExtendWith(LeakCheck.class)
class RingSecureDirectoryStreamTest {
  private static final String CASES = "io.ringspun.testing.RingCase#all";
  private static final RingCase ONE = new RingCase(Caller.VIRTUAL, true);
  private static final FileTime LONG_AGO = FileTime.fromMillis(1_234_567_890_123L);

  @TempDir private Path directory;
  @TempDir private Path tools;

  private static SecureDirectoryStream<Path> open(Path path) throws IOException {
    return (SecureDirectoryStream<Path>) Files.newDirectoryStream(path);
  }

  private static Path tree(Path root) throws IOException {
    Files.createDirectories(root.resolve("a/b/c"));
    Files.createDirectory(root.resolve("empty"));
    Files.writeString(root.resolve("file"), "content");
    Files.writeString(root.resolve("a/b/file"), "content");
    Files.createSymbolicLink(root.resolve("link"), Path.of("a"));
    Files.createSymbolicLink(root.resolve("a/dangling"), Path.of("none"));
    return root;
  }

  // ---- as the JDK does -----------------------------------------------------------------------

  private static void everything(Path root, FilesProgram.Log log) throws IOException {
    tree(RingFileSystems.unwrap(root));
    var fileSystem = root.getFileSystem();
    Path file = fileSystem.getPath("file");
    try (SecureDirectoryStream<Path> stream = open(root);
        SecureDirectoryStream<Path> below = stream.newDirectoryStream(fileSystem.getPath("a"))) {
      StringBuilder names = new StringBuilder();
      below.forEach(entry -> names.append(entry).append(' '));
      log.note("entries", () -> names.toString().contains(root + "/a/b ") + " " + names.length());
      for (String name :
          new String[] {"file", "a", "empty", "link", "none", "file/x", "a/b/file"}) {
        Path path = fileSystem.getPath(name);
        if (!name.endsWith("file")) { // the JDK would leak a descriptor
          log.does(name + " as a directory", () -> stream.newDirectoryStream(path).close());
          log.does(
              name + " itself as a directory",
              () -> stream.newDirectoryStream(path, NOFOLLOW_LINKS).close());
        }
        log.note(
            name + " as a file",
            () -> {
              try (var channel = stream.newByteChannel(path, Set.of())) {
                return channel.read(ByteBuffer.allocate(100));
              }
            });
        log.does(
            name + " as a file to write",
            () ->
                stream
                    .newByteChannel(
                        path, Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW))
                    .close());
        BasicFileAttributeView basic =
            stream.getFileAttributeView(path, BasicFileAttributeView.class, NOFOLLOW_LINKS);
        PosixFileAttributeView posix =
            stream.getFileAttributeView(path, PosixFileAttributeView.class);
        log.note("names of views", () -> basic.name() + posix.name());
        log.note(name + " is a link", () -> basic.readAttributes().isSymbolicLink());
        log.note(name + " is a directory", () -> posix.readAttributes().isDirectory());
        log.note(name + " owner", posix::getOwner);
        log.note(name + " group", () -> posix.readAttributes().group());
        log.does(name + " set times", () -> posix.setTimes(LONG_AGO, LONG_AGO, null));
        log.note(name + " modified", () -> posix.readAttributes().lastModifiedTime());
        log.does(
            name + " set permissions",
            () -> posix.setPermissions(PosixFilePermissions.fromString("rwxr-x--x")));
        log.note(name + " permissions", () -> posix.readAttributes().permissions());
        log.does(name + " set owner", () -> posix.setOwner(posix.getOwner()));
        log.does(name + " set group", () -> posix.setGroup(posix.readAttributes().group()));
      }
      log.note(
          "of the directory",
          () ->
              stream
                  .getFileAttributeView(BasicFileAttributeView.class)
                  .readAttributes()
                  .isDirectory());
      log.note(
          "its owner", () -> stream.getFileAttributeView(FileOwnerAttributeView.class).getOwner());
      log.note("dos", () -> stream.getFileAttributeView(DosFileAttributeView.class));
      log.does("no type", () -> stream.getFileAttributeView(null));
      log.does("delete none", () -> stream.deleteFile(fileSystem.getPath("none2")));
      log.does("delete a directory as a file", () -> stream.deleteFile(fileSystem.getPath("a")));
      log.does("delete a file as a directory", () -> stream.deleteDirectory(file));
      log.does("delete empty", () -> stream.deleteDirectory(fileSystem.getPath("empty")));
      log.does("move", () -> stream.move(file, below, fileSystem.getPath("moved")));
      log.does("move none", () -> stream.move(file, below, fileSystem.getPath("moved")));
      log.does("move nowhere", () -> stream.move(file, null, fileSystem.getPath("moved")));
      log.does("delete a link", () -> stream.deleteFile(fileSystem.getPath("link")));
      log.does(
          "delete absolute", () -> below.deleteFile(root.resolve("a/dangling").toAbsolutePath()));
      log.note(
          "make with permissions",
          () -> {
            try (var channel =
                below.newByteChannel(
                    fileSystem.getPath("made"),
                    Set.of(StandardOpenOption.WRITE, StandardOpenOption.CREATE_NEW),
                    PosixFilePermissions.asFileAttribute(
                        PosixFilePermissions.fromString("rwx------")))) {
              return channel.write(ByteBuffer.wrap(new byte[] {1, 2, 3}));
            }
          });
      log.does("null", () -> stream.deleteFile(null));
      stream.close();
      stream.close();
      log.does("deleted when closed", () -> stream.deleteFile(fileSystem.getPath("none")));
      log.does("opened when closed", () -> stream.newByteChannel(file, Set.of()));
      log.does("a directory when closed", () -> stream.newDirectoryStream(file));
      log.does("moved from closed", () -> stream.move(file, below, file));
      log.does("moved to closed", () -> below.move(file, stream, file));
      log.note(
          "attributes when closed",
          () -> stream.getFileAttributeView(BasicFileAttributeView.class).readAttributes());
      log.does("iterate when closed", () -> assertNotNull(stream.iterator()));
      log.note(
          "still open below",
          () ->
              below
                  .getFileAttributeView(BasicFileAttributeView.class)
                  .readAttributes()
                  .isDirectory());
    }
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void everything_isAsWithTheDefaultProvider(RingCase how) throws Exception {
    how.run(
        ring -> {
          var expected =
              FilesProgram.run(
                  Files.createDirectory(directory.resolve("default")),
                  RingSecureDirectoryStreamTest::everything);
          var actual =
              FilesProgram.run(
                  RingFileSystems.wrap(ring, Files.createDirectory(directory.resolve("on-ring"))),
                  RingSecureDirectoryStreamTest::everything);
          for (int i = 0; i < Math.min(expected.size(), actual.size()); i++) {
            assertEquals(expected.get(i), actual.get(i));
          }
          assertEquals(expected.size(), actual.size());
        });
  }

  @Test
  void channels_areOnTheRing() throws IOException {
    try (Ring ring = Ring.open()) {
      Path root = RingFileSystems.wrap(ring, tree(directory));
      try (SecureDirectoryStream<Path> stream = open(root);
          SecureDirectoryStream<Path> below =
              stream.newDirectoryStream(root.getFileSystem().getPath("a"))) {
        try (var channel = below.newByteChannel(root.getFileSystem().getPath("b/file"), Set.of())) {
          assertInstanceOf(RingFileChannel.class, channel);
          assertEquals(7, channel.size());
        }
        assertEquals(
            Files.getAttribute(root.resolve("a/b"), "unix:fileKey"),
            below
                .getFileAttributeView(
                    root.getFileSystem().getPath("b"), BasicFileAttributeView.class)
                .readAttributes()
                .fileKey());
        assertThrows(ProviderMismatchException.class, () -> stream.deleteFile(Path.of("file")));
        try (SecureDirectoryStream<Path> other = open(directory)) {
          Path file = root.getFileSystem().getPath("file");
          assertThrows(ProviderMismatchException.class, () -> stream.move(file, other, file));
        }
      }
    }
  }

  /** What was opened is used, whatever takes its name. */
  @Test
  void renamedDirectory_isStillUsed() throws Exception {
    Path outside = tree(Files.createDirectory(directory.resolve("outside")));
    Path inside = tree(Files.createDirectory(directory.resolve("inside")));
    ONE.run(
        ring -> {
          Path root = RingFileSystems.wrap(ring, inside);
          try (SecureDirectoryStream<Path> stream = open(root)) {
            Files.move(inside, directory.resolve("moved"));
            Files.createSymbolicLink(inside, outside);
            stream.deleteFile(root.getFileSystem().getPath("file"));
            try (SecureDirectoryStream<Path> below =
                stream.newDirectoryStream(root.getFileSystem().getPath("a"), NOFOLLOW_LINKS)) {
              Files.move(directory.resolve("moved/a"), directory.resolve("moved/a2"));
              Files.createSymbolicLink(directory.resolve("moved/a"), outside.resolve("a"));
              below.deleteFile(root.getFileSystem().getPath("b/file"));
            }
            assertThrows(
                FileSystemException.class,
                () -> stream.newDirectoryStream(root.getFileSystem().getPath("a"), NOFOLLOW_LINKS));
          }
        });
    assertTrue(Files.exists(outside.resolve("file")));
    assertTrue(Files.exists(outside.resolve("a/b/file")));
    assertFalse(Files.exists(directory.resolve("moved/file")));
    assertFalse(Files.exists(directory.resolve("moved/a2/b/file")));
  }

  @Test
  void fileAsADirectory_isRefused() throws IOException {
    Path root = RingFileSystems.wrap(tree(directory));
    try (SecureDirectoryStream<Path> stream = open(root)) {
      for (String name : new String[] {"file", "a/b/file", "file/x"}) {
        Path path = root.getFileSystem().getPath(name);
        assertThrows(NotDirectoryException.class, () -> stream.newDirectoryStream(path));
        assertThrows(
            NotDirectoryException.class, () -> stream.newDirectoryStream(path, NOFOLLOW_LINKS));
        assertThrows(
            NotDirectoryException.class, () -> Files.newDirectoryStream(root.resolve(path)));
      }
    }
  }

  @Test
  void closedStream_isTold() throws IOException {
    DirectoryStream<Path> stream = Files.newDirectoryStream(RingFileSystems.wrap(directory));
    stream.close();
    assertThrows(
        ClosedDirectoryStreamException.class,
        () ->
            ((SecureDirectoryStream<Path>) stream).deleteFile(RingFileSystems.wrap(Path.of("x"))));
  }

  // ---- Guava ---------------------------------------------------------------------------------

  @ParameterizedTest
  @MethodSource(CASES)
  void deleteRecursively_ofGuava(RingCase how) throws Exception {
    Path outside = Files.createDirectory(directory.resolve("outside"));
    Files.writeString(outside.resolve("kept"), "content");
    Path root = tree(Files.createDirectory(directory.resolve("inside")));
    Files.createSymbolicLink(root.resolve("a/out"), outside);
    how.run(ring -> MoreFiles.deleteRecursively(RingFileSystems.wrap(ring, root)));
    assertFalse(Files.exists(root));
    assertTrue(Files.exists(outside.resolve("kept")));
  }

  /** While a tree is deleted, a directory in it is exchanged for a link that leads outside. */
  @Test
  void deleteRecursively_deletesNothingOutside() throws Exception {
    Path outside = Files.createDirectory(directory.resolve("outside"));
    for (int i = 0; i < 20; i++) {
      Files.writeString(Files.createDirectories(outside.resolve("sub")).resolve("kept" + i), "");
      Files.writeString(outside.resolve("kept" + i), "");
    }
    try (Ring ring = Ring.open()) {
      for (int round = 0; round < 30; round++) {
        Path root = Files.createDirectory(directory.resolve("inside" + round));
        Path victim = Files.createDirectory(root.resolve("victim"));
        for (int i = 0; i < 20; i++) {
          Files.writeString(Files.createDirectories(victim.resolve("sub")).resolve("kept" + i), "");
        }
        Path aside = directory.resolve("aside" + round);
        Thread swapper =
            Thread.ofPlatform()
                .start(
                    () -> {
                      try {
                        Files.move(victim, aside);
                        Files.createSymbolicLink(victim, outside);
                      } catch (IOException _) {
                        // The other was quicker.
                      }
                    });
        try {
          MoreFiles.deleteRecursively(RingFileSystems.wrap(ring, root));
        } catch (IOException _) {
          // What was exchanged meanwhile may have been missed.
        }
        swapper.join();
      }
    }
    try (var kept = Files.walk(outside)) {
      assertEquals(42, kept.count());
    }
  }

  /** Deletes a tree by a ring path. */
  static final class Deleter {
    public static void main(String[] arguments) throws IOException {
      MoreFiles.deleteRecursively(RingFileSystems.wrap(Path.of(arguments[0])));
      System.out.println("deleted");
    }
  }

  @Test
  void deleteRecursively_whereTheJdkStandsIn() throws Exception {
    Path root = tree(Files.createDirectory(directory.resolve("inside")));
    String output =
        new ChildJvm()
            .under(Refusal.launcher(tools), "1")
            .with("--enable-native-access=ALL-UNNAMED", "-Dio.ringspun.fallback=jdk")
            .run(Deleter.class, root.toString());
    assertTrue(output.contains("deleted"), output);
    assertFalse(Files.exists(root));
  }
}
