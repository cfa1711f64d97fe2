package io.ringspun.file;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.DELETE_ON_CLOSE;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.OperationException;
import io.ringspun.OperationTimeoutException;
import io.ringspun.Ring;
import io.ringspun.RingClosedException;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.Fifo;
import io.ringspun.testing.LeakCheck;
import io.ringspun.testing.Liburing;
import io.ringspun.testing.Once;
import io.ringspun.testing.RingCase;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.ProviderMismatchException;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@ExtendWith(LeakCheck.class)
class RingDirectoryTest {
  private static final String CASES = "io.ringspun.testing.RingCase#all";
  private static final Path FILE = Path.of("file");
  private static final Path NEW = Path.of("new");
  private static final Path SUB = Path.of("sub");
  private static final Path NOTHING = Path.of("nothing");
  private static final Path INSIDE = Path.of("sub/inside");

  private Path root;

  private interface Body {
    void run(RingDirectory directory) throws Exception;
  }

  /** root/{file, sub/inside}. */
  @BeforeEach
  void prepare(@TempDir Path directory) throws IOException {
    root = Files.createDirectory(directory.resolve("root"));
    Files.writeString(root.resolve(FILE), "file");
    Files.createDirectory(root.resolve(SUB));
    Files.writeString(root.resolve(INSIDE), "inside");
  }

  private void run(RingCase how, Body body) throws Exception {
    how.run(
        ring -> {
          try (RingDirectory directory = RingDirectory.open(ring, root)) {
            body.run(directory);
          }
        });
  }

  private static String content(RingFile file) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(100);
    file.read(buffer, 0);
    return StandardCharsets.UTF_8.decode(buffer.flip()).toString();
  }

  private static String contentOf(RingDirectory directory, Path name, Resolve... bounds)
      throws IOException {
    try (RingFile file = directory.openFile(name, bounds)) {
      return content(file);
    }
  }

  // ---- opening -------------------------------------------------------------------------------

  @ParameterizedTest
  @MethodSource(CASES)
  void openFile_readsAndMakes(RingCase how) throws Exception {
    run(
        how,
        directory -> {
          assertEquals("inside", contentOf(directory, INSIDE));
          Files.deleteIfExists(root.resolve(NEW));
          try (RingFile file = directory.openFile(NEW, CREATE_NEW, WRITE)) {
            file.writeFully(ByteBuffer.wrap(new byte[10]), 0);
          }
          assertEquals(10, Files.size(root.resolve(NEW)));
          assertThrows(
              FileAlreadyExistsException.class, () -> directory.openFile(NEW, CREATE_NEW, WRITE));
          assertThrows(NoSuchFileException.class, () -> directory.openFile(NOTHING));
          try (RingFile gone = directory.openFile(NEW, WRITE, DELETE_ON_CLOSE)) {
            gone.writeFully(ByteBuffer.wrap(new byte[1]), 0);
          }
          assertFalse(Files.exists(root.resolve(NEW)));
          try (RingFile nameless = directory.openFile(SUB, WRITE, RingOpenOption.TMPFILE)) {
            assertEquals(0, nameless.stat().links());
          } catch (FileSystemException e) {
            abort("the file system has no TMPFILE: " + e);
          }
        });
  }

  /** The mode that a file is made with goes by way of another structure than openat's. */
  @ParameterizedTest
  @MethodSource(CASES)
  void openFile_sameModeAsTheJdk(RingCase how) throws Exception {
    how.run(
        ring -> {
          try (RingDirectory directory = RingDirectory.open(ring, root)) {
            directory.openFile(NEW, CREATE_NEW, WRITE).close();
            Path other = Files.writeString(root.resolve("other"), "");
            assertEquals(
                Files.getPosixFilePermissions(other),
                Files.getPosixFilePermissions(root.resolve(NEW)));
          }
        });
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void openFile_direct(RingCase how) throws Exception {
    Bytes.file(root.resolve(NEW), 1, 1 << 16);
    run(
        how,
        directory -> {
          try (RingFile file = directory.openFile(NEW, RingOpenOption.DIRECT);
              Arena arena = Arena.ofConfined()) {
            var buffer = file.allocateBuffer(arena, 1 << 14);
            file.readFully(buffer, 1 << 15);
            Bytes.check(1, 1 << 15, buffer);
          } catch (FileSystemException e) {
            abort("the file system has no direct I/O: " + e);
          }
        });
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void openFile_badOptions(RingCase how) throws Exception {
    run(
        how,
        directory -> {
          assertThrows(
              IllegalArgumentException.class,
              () -> directory.openFile(FILE, Resolve.BENEATH, Resolve.IN_ROOT));
          assertThrows(
              IllegalArgumentException.class,
              () -> directory.openDirectory(SUB, Resolve.BENEATH, Resolve.IN_ROOT));
          assertThrows(
              IllegalArgumentException.class,
              () -> directory.openFile(FILE, WRITE, DELETE_ON_CLOSE, Resolve.BENEATH));
          assertThrows(
              UnsupportedOperationException.class,
              () -> RingFile.open(root.resolve(FILE), Resolve.BENEATH));
          assertTrue(Files.exists(root.resolve(FILE)));
        });
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void open_refused(RingCase how) throws Exception {
    how.run(
        ring -> {
          assertThrows(
              NotDirectoryException.class, () -> RingDirectory.open(ring, root.resolve(FILE)));
          assertThrows(
              NoSuchFileException.class, () -> RingDirectory.open(ring, root.resolve(NOTHING)));
          try (RingDirectory directory = RingDirectory.open(ring, root)) {
            assertThrows(NotDirectoryException.class, () -> directory.openDirectory(FILE));
            assertThrows(NoSuchFileException.class, () -> directory.openDirectory(NOTHING));
          }
        });
  }

  /** No process that is started meanwhile gets it. */
  @ParameterizedTest
  @MethodSource(CASES)
  void open_isNotInherited(RingCase how) throws Exception {
    run(
        how,
        directory -> {
          try (RingDirectory sub = directory.openDirectory(SUB)) {
            assertEquals(List.of(true), closedOnExec(root));
            assertEquals(List.of(true), closedOnExec(root.resolve(SUB)));
            assertTrue(sub.isOpen());
          }
        });
  }

  /** Returns, for each descriptor of a path, whether it has {@code O_CLOEXEC}. */
  private static List<Boolean> closedOnExec(Path path) throws IOException {
    List<Boolean> flags = new ArrayList<>();
    try (DirectoryStream<Path> links = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
      for (Path link : links) {
        if (!Files.isSymbolicLink(link)
            || !Files.readSymbolicLink(link).equals(path.toRealPath())) {
          continue;
        }
        for (String line : Files.readAllLines(Path.of("/proc/self/fdinfo/" + link.getFileName()))) {
          if (line.startsWith("flags:")) {
            flags.add((Long.parseLong(line.substring(6).strip(), 8) & Constants.O_CLOEXEC) != 0);
          }
        }
      }
    }
    return flags;
  }

  /** What is open is the directory, not its name. */
  @ParameterizedTest
  @MethodSource(CASES)
  void names_followTheDirectory(RingCase how) throws Exception {
    run(
        how,
        directory -> {
          Path moved = root.resolveSibling("moved");
          Files.move(root, moved);
          Files.createDirectory(root);
          assertEquals("file", contentOf(directory, FILE));
          try (RingDirectory sub = directory.openDirectory(SUB);
              RingDirectory again = sub.openDirectory(Path.of(""))) {
            assertEquals("inside", contentOf(again, Path.of("inside")));
            assertEquals(again.stat().inode(), sub.stat().inode());
          }
          Files.delete(root);
          Files.move(moved, root);
        });
  }

  // ---- bounds --------------------------------------------------------------------------------

  /** Ways out of a directory, and which bounds they pass. */
  @Liburing("openat2")
  @ParameterizedTest
  @MethodSource(CASES)
  void resolve_bounds(RingCase how) throws Exception {
    Files.writeString(root.resolveSibling("file"), "outside");
    Path inner = Files.createSymbolicLink(root.resolve("inner"), Path.of("sub/inside"));
    Path outer = Files.createSymbolicLink(root.resolve("outer"), Path.of("../file"));
    Path absolute = Files.createSymbolicLink(root.resolve("absolute"), root.resolveSibling("file"));
    Path rooted = Files.createSymbolicLink(root.resolve("rooted"), Path.of("/file"));
    Path loop = Files.createSymbolicLink(root.resolve("loop"), Path.of("loop"));
    List<Path> ways =
        List.of(
            FILE,
            Path.of("sub/../file"),
            inner.getFileName(),
            outer.getFileName(),
            absolute.getFileName(),
            rooted.getFileName(),
            Path.of("../file"),
            loop.getFileName());
    Map<Resolve, List<String>> expected =
        Map.of(
            Resolve.BENEATH,
            List.of("file", "file", "inside", "denied", "denied", "denied", "denied", "refused"),
            Resolve.IN_ROOT,
            List.of("file", "file", "inside", "file", "none", "file", "file", "refused"),
            Resolve.NO_SYMLINKS,
            List.of(
                "file", "file", "refused", "refused", "refused", "refused", "outside", "refused"),
            Resolve.NO_MAGICLINKS,
            List.of("file", "file", "inside", "outside", "outside", "none", "outside", "refused"),
            Resolve.NO_XDEV,
            List.of("file", "file", "inside", "outside", "outside", "none", "outside", "refused"));
    run(
        how,
        directory -> {
          for (Resolve bound : Resolve.values()) {
            List<String> actual = ways.stream().map(way -> outcome(directory, way, bound)).toList();
            if (bound != Resolve.NO_XDEV || !actual.get(4).equals("denied")) {
              assertEquals(expected.get(bound), actual, bound.toString());
            }
          }
          assertEquals("denied", directoryOutcome(directory, Path.of(".."), Resolve.BENEATH));
          assertEquals("ok", directoryOutcome(directory, Path.of("sub/.."), Resolve.BENEATH));
        });
  }

  private static String outcome(RingDirectory directory, Path name, Resolve bound) {
    try {
      return contentOf(directory, name, bound);
    } catch (IOException e) {
      return outcome(e);
    }
  }

  private static String directoryOutcome(RingDirectory directory, Path name, Resolve bound) {
    try (RingDirectory opened = directory.openDirectory(name, bound)) {
      return opened.isOpen() ? "ok" : "closed";
    } catch (IOException e) {
      return outcome(e);
    }
  }

  private static String outcome(IOException e) {
    return switch (e) {
      case AccessDeniedException denied when denied.getReason().contains("leads") -> "denied";
      case NoSuchFileException _ -> "none";
      case FileSystemException refused when refused.getReason().contains("symbolic") -> "refused";
      default -> e.toString();
    };
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void resolve_mountsAndMagicLinks(RingCase how) throws Exception {
    how.run(
        ring -> {
          try (RingDirectory top = RingDirectory.open(ring, Path.of("/"));
              RingDirectory proc = RingDirectory.open(ring, Path.of("/proc"))) {
            Path version = Path.of("proc/version");
            assertTrue(contentOf(top, version).startsWith("Linux"));
            AccessDeniedException e =
                assertThrows(
                    AccessDeniedException.class, () -> top.openFile(version, Resolve.NO_XDEV));
            assertTrue(e.getReason().contains("mount"), e::getReason);
            Path magic = Path.of("self/cwd");
            proc.openDirectory(magic).close();
            assertThrows(
                FileSystemException.class, () -> proc.openDirectory(magic, Resolve.NO_MAGICLINKS));
          }
        });
  }

  // ---- names ---------------------------------------------------------------------------------

  @Liburing("rename")
  @ParameterizedTest
  @MethodSource(CASES)
  void rename_withinAndAcross(RingCase how) throws Exception {
    run(
        how,
        directory -> {
          directory.rename(FILE, NEW);
          assertEquals("file", Files.readString(root.resolve(NEW)));
          assertFalse(Files.exists(root.resolve(FILE)));
          try (RingDirectory sub = directory.openDirectory(SUB)) {
            directory.rename(NEW, sub, FILE);
            assertEquals("file", Files.readString(root.resolve("sub/file")));
            sub.rename(Path.of("inside"), FILE);
            assertEquals("inside", Files.readString(root.resolve("sub/file")));
            sub.rename(FILE, directory, FILE);
            sub.fsync();
            directory.fsync();
          }
          assertEquals("inside", Files.readString(root.resolve(FILE)));
        });
  }

  @Liburing("rename")
  @ParameterizedTest
  @MethodSource(CASES)
  void rename_options(RingCase how) throws Exception {
    run(
        how,
        directory -> {
          directory.rename(FILE, INSIDE, RenameOption.EXCHANGE);
          assertEquals("inside", Files.readString(root.resolve(FILE)));
          assertEquals("file", Files.readString(root.resolve(INSIDE)));
          FileAlreadyExistsException taken =
              assertThrows(
                  FileAlreadyExistsException.class,
                  () -> directory.rename(FILE, INSIDE, RenameOption.NOREPLACE));
          assertEquals("sub/inside", taken.getFile());
          assertEquals("file", Files.readString(root.resolve(INSIDE)));
          directory.rename(FILE, NEW, RenameOption.NOREPLACE);
          assertTrue(Files.exists(root.resolve(NEW)));
          assertThrows(
              NoSuchFileException.class,
              () -> directory.rename(NEW, NOTHING, RenameOption.EXCHANGE));
          assertThrows(
              IllegalArgumentException.class,
              () -> directory.rename(NEW, INSIDE, RenameOption.NOREPLACE, RenameOption.EXCHANGE));
        });
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void rename_refused(RingCase how) throws Exception {
    Path full = Files.createDirectory(root.resolve("full"));
    Files.writeString(full.resolve("file"), "");
    run(
        how,
        directory -> {
          NoSuchFileException none =
              assertThrows(NoSuchFileException.class, () -> directory.rename(NOTHING, NEW));
          assertEquals("nothing", none.getFile());
          assertEquals("new", none.getOtherFile());
          assertThrows(
              DirectoryNotEmptyException.class, () -> directory.rename(SUB, Path.of("full")));
          assertThrows(FileSystemException.class, () -> directory.rename(FILE, SUB));
          assertThrows(FileSystemException.class, () -> directory.rename(SUB, FILE));
          assertThrows(
              FileSystemException.class, () -> directory.rename(SUB, Path.of("sub/below")));
        });
    how.run(
        ring -> {
          try (RingDirectory directory = RingDirectory.open(ring, root);
              RingDirectory proc = RingDirectory.open(ring, Path.of("/proc"))) {
            assertThrows(
                AtomicMoveNotSupportedException.class, () -> directory.rename(FILE, proc, NEW));
          }
        });
    assertEquals("file", Files.readString(root.resolve(FILE)));
    assertEquals("inside", Files.readString(root.resolve(INSIDE)));
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void link_toAnotherFileSystem(RingCase how) throws Exception {
    Path memory = Path.of("/dev/shm");
    assumeTrue(
        Files.isWritable(memory) && !Files.getFileStore(memory).equals(Files.getFileStore(root)),
        "there is no second file system to write to");
    how.run(
        ring -> {
          try (RingDirectory directory = RingDirectory.open(ring, root);
              RingDirectory other = RingDirectory.open(ring, memory)) {
            Path name = Path.of("ringspun-" + ProcessHandle.current().pid());
            FileSystemException e =
                assertThrows(FileSystemException.class, () -> directory.link(FILE, other, name));
            assertTrue(e.getReason().contains("EXDEV"), e::getReason);
            assertThrows(
                AtomicMoveNotSupportedException.class, () -> directory.rename(FILE, other, name));
          }
        });
  }

  @Liburing("unlink")
  @ParameterizedTest
  @MethodSource(CASES)
  void unlinkAndRmdir(RingCase how) throws Exception {
    Path link = Files.createSymbolicLink(root.resolve("link"), SUB);
    run(
        how,
        directory -> {
          assertThrows(FileSystemException.class, () -> directory.unlink(SUB));
          assertThrows(DirectoryNotEmptyException.class, () -> directory.rmdir(SUB));
          assertThrows(NotDirectoryException.class, () -> directory.rmdir(FILE));
          assertThrows(NotDirectoryException.class, () -> directory.rmdir(link.getFileName()));
          assertThrows(NoSuchFileException.class, () -> directory.unlink(NOTHING));
          assertThrows(NoSuchFileException.class, () -> directory.rmdir(NOTHING));
          assertThrows(FileSystemException.class, () -> directory.rmdir(Path.of("")));
          directory.unlink(link.getFileName());
          directory.unlink(INSIDE);
          directory.rmdir(SUB);
          directory.unlink(FILE);
        });
    try (var left = Files.list(root)) {
      assertEquals(0, left.count());
    }
  }

  @Liburing("mkdir")
  @ParameterizedTest
  @MethodSource(CASES)
  void mkdir_modes(RingCase how) throws Exception {
    run(
        how,
        directory -> {
          directory.mkdir(NEW);
          Path jdk = Files.createDirectory(root.resolve("jdk"));
          assertEquals(
              Files.getPosixFilePermissions(jdk), Files.getPosixFilePermissions(root.resolve(NEW)));
          var permissions = PosixFilePermissions.fromString("rwx--x---");
          directory.mkdir(
              Path.of("new/private"), PosixFilePermissions.asFileAttribute(permissions));
          assertEquals(permissions, Files.getPosixFilePermissions(root.resolve("new/private")));
          assertThrows(FileAlreadyExistsException.class, () -> directory.mkdir(NEW));
          assertThrows(FileAlreadyExistsException.class, () -> directory.mkdir(FILE));
          assertThrows(NoSuchFileException.class, () -> directory.mkdir(Path.of("nothing/new")));
          assertThrows(FileSystemException.class, () -> directory.mkdir(Path.of("file/new")));
          assertThrows(FileSystemException.class, () -> directory.mkdir(Path.of("n".repeat(256))));
        });
  }

  @Liburing({"hardlink", "symlink"})
  @ParameterizedTest
  @MethodSource(CASES)
  void linkAndSymlink(RingCase how) throws Exception {
    run(
        how,
        directory -> {
          directory.link(FILE, NEW);
          assertTrue(Files.isSameFile(root.resolve(FILE), root.resolve(NEW)));
          assertThrows(FileAlreadyExistsException.class, () -> directory.link(FILE, NEW));
          assertThrows(NoSuchFileException.class, () -> directory.link(NOTHING, Path.of("x")));
          assertThrows(AccessDeniedException.class, () -> directory.link(SUB, Path.of("x")));
          try (RingDirectory sub = directory.openDirectory(SUB)) {
            directory.link(FILE, sub, FILE);
            assertEquals(3, sub.stat(FILE).links());
          }
          for (Path target :
              List.of(FILE, NOTHING, root, Path.of("../root/file"), Path.of("näme"))) {
            Path link = root.resolve("link");
            directory.symlink(target, Path.of("link"));
            assertEquals(target, Files.readSymbolicLink(link));
            assertThrows(
                FileAlreadyExistsException.class, () -> directory.symlink(target, Path.of("link")));
            Files.delete(link);
          }
          assertThrows(IllegalArgumentException.class, () -> directory.symlink(Path.of(""), NEW));
        });
  }

  /** A link as the last part is the link itself to those that change names. */
  @ParameterizedTest
  @MethodSource(CASES)
  void links_themselves(RingCase how) throws Exception {
    Files.createSymbolicLink(root.resolve("link"), FILE);
    run(
        how,
        directory -> {
          Path link = Path.of("link");
          assertEquals(FileStat.FileType.REGULAR, directory.stat(link).type());
          assertEquals(
              FileStat.FileType.SYMBOLIC_LINK, directory.stat(link, NOFOLLOW_LINKS).type());
          directory.link(link, NEW);
          assertTrue(Files.isSymbolicLink(root.resolve(NEW)));
          directory.rename(NEW, Path.of("renamed"));
          assertTrue(Files.isSymbolicLink(root.resolve("renamed")));
          directory.unlink(link);
          assertTrue(Files.exists(root.resolve(FILE)));
        });
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void stat_asTheJdkSeesIt(RingCase how) throws Exception {
    run(
        how,
        directory -> {
          Map<String, Object> expected =
              Files.readAttributes(root.resolve(INSIDE), "unix:*", new LinkOption[0]);
          FileStat stat = directory.stat(INSIDE);
          assertEquals(expected.get("ino"), stat.inode());
          assertEquals(6, stat.size());
          assertEquals(FileStat.FileType.DIRECTORY, directory.stat().type());
          assertEquals(directory.stat().inode(), directory.stat(Path.of("")).inode());
          assertThrows(NoSuchFileException.class, () -> directory.stat(NOTHING));
        });
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void names_refused(RingCase how) throws Exception {
    Path absolute = root.resolve(FILE);
    Path foreign = FileSystems.getFileSystem(URI.create("jrt:/")).getPath("java");
    run(
        how,
        directory -> {
          List<Executable> absolutes =
              List.of(
                  () -> directory.openFile(absolute),
                  () -> directory.openDirectory(absolute),
                  () -> directory.stat(absolute),
                  () -> directory.rename(absolute, NEW),
                  () -> directory.rename(FILE, absolute),
                  () -> directory.unlink(absolute),
                  () -> directory.rmdir(absolute),
                  () -> directory.mkdir(absolute),
                  () -> directory.link(absolute, NEW),
                  () -> directory.link(FILE, absolute),
                  () -> directory.symlink(FILE, absolute),
                  () -> directory.xattr(absolute, "user.a"),
                  () -> directory.setXattr(absolute, "user.a", new byte[1]));
          for (Executable call : absolutes) {
            assertThrows(IllegalArgumentException.class, call);
          }
          assertThrows(ProviderMismatchException.class, () -> directory.openFile(foreign));
          assertThrows(ProviderMismatchException.class, () -> directory.symlink(foreign, NEW));
          assertThrows(InvalidPathException.class, () -> directory.unlink(Path.of("a\0b")));
          assertThrows(NullPointerException.class, () -> directory.unlink(null));
          assertTrue(Files.exists(absolute));
        });
  }

  // ---- extended attributes -------------------------------------------------------------------

  private static void set(Caller.Action action) throws Exception {
    try {
      action.run();
    } catch (OperationException | FileSystemException e) {
      if (e.getMessage().contains("EOPNOTSUPP")) {
        abort("the file system has no extended attributes");
      }
      throw e;
    }
  }

  @Liburing("xattr")
  @ParameterizedTest
  @MethodSource(CASES)
  void xattr_ofNames(RingCase how) throws Exception {
    run(
        how,
        directory -> {
          set(() -> directory.setXattr(INSIDE, "user.a", new byte[] {1, 0, 2}));
          assertArrayEquals(new byte[] {1, 0, 2}, directory.xattr(INSIDE, "user.a").orElseThrow());
          directory.setXattr(INSIDE, "user.a", new byte[0]);
          assertArrayEquals(new byte[0], directory.xattr(INSIDE, "user.a").orElseThrow());
          assertEquals(Optional.empty(), directory.xattr(INSIDE, "user.b"));
          directory.setXattr(Path.of(""), "user.a", new byte[] {7});
          assertArrayEquals(new byte[] {7}, (byte[]) Files.getAttribute(root, "user:a"));
          Files.createSymbolicLink(root.resolve("link"), INSIDE);
          assertTrue(directory.xattr(Path.of("link"), "user.a").isPresent());
          assertThrows(NoSuchFileException.class, () -> directory.xattr(NOTHING, "user.a"));
          assertThrows(
              NoSuchFileException.class, () -> directory.setXattr(NOTHING, "user.a", new byte[1]));
          assertThrows(
              FileSystemException.class, () -> directory.setXattr(FILE, "odd.a", new byte[1]));
          assertThrows(IllegalArgumentException.class, () -> directory.xattr(FILE, ""));
          assertThrows(IllegalArgumentException.class, () -> directory.xattr(FILE, "user.\0"));
        });
  }

  @Liburing("xattr")
  @ParameterizedTest
  @MethodSource(CASES)
  void xattr_ofFiles(RingCase how) throws Exception {
    run(
        how,
        directory -> {
          try (RingFile file = directory.openFile(FILE)) {
            byte[] value = Bytes.of(1, 0, 1_000);
            set(() -> file.setXattr("user.größe", value));
            assertArrayEquals(value, file.xattr("user.größe").orElseThrow());
            assertArrayEquals(value, directory.xattr(FILE, "user.größe").orElseThrow());
            assertEquals(Optional.empty(), file.xattr("user.none"));
            OperationException e =
                assertThrows(
                    OperationException.class, () -> file.setXattr("user.b", new byte[65_537]));
            assertEquals("E2BIG", e.errnoName());
            assertThrows(IllegalArgumentException.class, () -> file.xattr(""));
          }
        });
  }

  // ---- ends ----------------------------------------------------------------------------------

  @ParameterizedTest
  @MethodSource(CASES)
  void closed_refusesAll(RingCase how) throws Exception {
    how.run(
        ring -> {
          RingDirectory directory = RingDirectory.open(ring, root);
          RingFile file = directory.openFile(FILE);
          try (RingDirectory other = RingDirectory.open(ring, root)) {
            directory.close();
            directory.close();
            List<Executable> calls =
                List.of(
                    () -> directory.openFile(FILE),
                    () -> directory.openDirectory(SUB),
                    directory::stat,
                    () -> directory.stat(FILE),
                    () -> directory.rename(FILE, NEW),
                    () -> directory.rename(FILE, other, NEW),
                    () -> other.rename(FILE, directory, NEW),
                    () -> other.link(FILE, directory, NEW),
                    () -> directory.unlink(FILE),
                    () -> directory.mkdir(NEW),
                    () -> directory.symlink(FILE, NEW),
                    () -> directory.xattr(FILE, "user.a"),
                    () -> directory.setXattr(FILE, "user.a", new byte[1]),
                    directory::fsync);
            for (Executable call : calls) {
              assertThrows(ClosedChannelException.class, call);
            }
          }
          assertFalse(directory.isOpen());
          assertEquals("file", content(file)); // what was opened from it stays open
          file.close();
        });
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void interrupted_doesNothingAndStaysOpen(RingCase how) throws Exception {
    run(
        how,
        directory -> {
          List<Executable> calls =
              List.of(
                  () -> directory.openFile(NEW, CREATE_NEW, WRITE),
                  () -> directory.stat(FILE),
                  () -> directory.rename(FILE, directory, NEW),
                  () -> directory.unlink(FILE),
                  () -> directory.mkdir(NEW),
                  () -> directory.xattr(FILE, "user.a"));
          for (Executable call : calls) {
            Thread.currentThread().interrupt();
            assertThrows(InterruptedIOException.class, call);
            assertTrue(Thread.interrupted(), "the interrupt stays pending");
          }
          assertTrue(Files.exists(root.resolve(FILE)));
          assertFalse(Files.exists(root.resolve(NEW)));
          assertEquals("file", contentOf(directory, FILE));
        });
  }

  /** A carried thread would go to the ring that carries it. */
  @ParameterizedTest
  @Once
  @EachCaller({Caller.PLATFORM, Caller.VIRTUAL})
  void ringClosed_refuses(Caller caller) throws Exception {
    Ring ring = Ring.open();
    RingDirectory directory = RingDirectory.open(ring, root);
    ring.close();
    try (Ring other = Ring.open()) {
      caller.run(
          other,
          () -> {
            assertThrows(RingClosedException.class, () -> directory.stat(FILE));
            assertThrows(RingClosedException.class, () -> directory.rename(FILE, directory, NEW));
            directory.close();
          });
    }
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void chain_refusesToReadADirectory(RingCase how) throws Exception {
    how.run(
        ring -> {
          try (RingDirectory directory = RingDirectory.open(ring, root);
              Arena arena = Arena.ofConfined()) {
            var memory = arena.allocate(10);
            assertThrows(
                IllegalArgumentException.class, () -> ring.chain().read(directory, memory, 0));
            ring.chain().fsync(directory).attempt();
          }
        });
  }

  @Test
  void withTimeout_opensPipeThatNobodyWrites() throws Exception {
    Path place = Files.createTempDirectory("limits");
    Fifo.make(place.resolve("pipe"));
    Files.writeString(place.resolve("file"), "content");
    try (Ring ring = Ring.open();
        RingDirectory parent = RingDirectory.open(ring, place)) {
      RingDirectory limited = parent.within(Duration.ofMillis(50));
      for (Resolve[] bounds : new Resolve[][] {{}, {Resolve.BENEATH}}) {
        assertThrows(
            OperationTimeoutException.class, () -> limited.openFile(Path.of("pipe"), bounds));
      }
      RingDirectory generous = parent.within(Duration.ofMinutes(1));
      generous.fsync();
      generous.openFile(Path.of("file")).close();
      assertThrows(IllegalArgumentException.class, () -> parent.within(Duration.ZERO));
      limited.close();
      assertThrows(ClosedChannelException.class, parent::fsync);
    } finally {
      Files.delete(place.resolve("pipe"));
      Files.delete(place.resolve("file"));
      Files.delete(place);
    }
  }
}
