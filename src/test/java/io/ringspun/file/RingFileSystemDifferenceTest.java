package io.ringspun.file;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static java.nio.file.StandardCopyOption.ATOMIC_MOVE;
import static java.nio.file.StandardCopyOption.COPY_ATTRIBUTES;
import static java.nio.file.StandardCopyOption.REPLACE_EXISTING;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.Ring;
import io.ringspun.testing.Caller;
import io.ringspun.testing.ChildJvm;
import io.ringspun.testing.ExtendedOption;
import io.ringspun.testing.Fifo;
import io.ringspun.testing.LeakCheck;
import io.ringspun.testing.Once;
import io.ringspun.testing.RingCase;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessMode;
import java.nio.file.CopyOption;
import java.nio.file.DirectoryStream;
import java.nio.file.FileVisitOption;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.AclFileAttributeView;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.DosFileAttributeView;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileOwnerAttributeView;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** {@link Files} does the same on ring paths as on those of the default file system. */
@ExtendWith(LeakCheck.class)
class RingFileSystemDifferenceTest {
  private static final String CASES = "io.ringspun.testing.RingCase#all";
  private static final FileTime LONG_AGO = FileTime.fromMillis(1_234_567_890_123L);

  @TempDir private Path directory;

  private void compare(RingCase how, FilesProgram program) throws Exception {
    how.run(ring -> compare(ring, directory, directory, program));
  }

  /** Runs a program in directories of their own below the two given. */
  private static void compare(Ring ring, Path parent, Path ringParent, FilesProgram program)
      throws Exception {
    Path expected = Files.createDirectory(parent.resolve("default"));
    Path actual = Files.createDirectory(ringParent.resolve("on-ring"));
    List<String> seen = FilesProgram.run(expected, program);
    assertTrue(seen.size() > 3, "a program that sees something");
    List<String> onRing = FilesProgram.run(RingFileSystems.wrap(ring, actual), program);
    for (int i = 0; i < Math.min(seen.size(), onRing.size()); i++) {
      assertEquals(seen.get(i), onRing.get(i));
    }
    assertEquals(seen.size(), onRing.size());
  }

  // ---- making, removing, linking -------------------------------------------------------------

  private static void names(Path root, FilesProgram.Log log) {
    Path file = root.resolve("file with space");
    Path dir = root.resolve("dir");
    Path below = dir.resolve("below/deep");
    log.does("delete none", () -> Files.delete(file));
    log.note("delete none if there", () -> Files.deleteIfExists(file));
    log.note("write", () -> Files.writeString(file, "content"));
    log.does("create", () -> Files.createFile(file));
    log.note("mkdir", () -> Files.createDirectory(dir));
    log.note("mkdir again", () -> Files.createDirectory(dir));
    log.note("mkdir below none", () -> Files.createDirectory(below));
    log.note("mkdir below a file", () -> Files.createDirectory(file.resolve("x")));
    log.note("mkdirs", () -> Files.createDirectories(below));
    log.note("mkdirs again", () -> Files.createDirectories(below));
    log.note("mkdirs on a file", () -> Files.createDirectories(file));
    log.note(
        "mkdir with permissions",
        () ->
            Files.createDirectory(
                root.resolve("mine"),
                PosixFilePermissions.asFileAttribute(
                    PosixFilePermissions.fromString("rwx--x---"))));
    log.note("delete full", () -> Files.deleteIfExists(dir));
    log.does("delete empty", () -> Files.delete(below));
    log.does("delete below a file", () -> Files.delete(file.resolve("x")));
    log.note("delete below a file if there", () -> Files.deleteIfExists(file.resolve("x")));
    log.note("symlink", () -> Files.createSymbolicLink(root.resolve("link"), file.getFileName()));
    log.note("symlink again", () -> Files.createSymbolicLink(root.resolve("link"), file));
    log.note("symlink to dir", () -> Files.createSymbolicLink(root.resolve("dirlink"), dir));
    log.note(
        "symlink to nothing",
        () -> Files.createSymbolicLink(root.resolve("dangling"), dir.resolve("none")));
    log.note(
        "symlink to the empty path",
        () -> Files.createSymbolicLink(root.resolve("e"), root.relativize(root)));
    log.note(
        "symlink with attributes",
        () ->
            Files.createSymbolicLink(
                root.resolve("e"),
                file,
                PosixFilePermissions.asFileAttribute(
                    PosixFilePermissions.fromString("rwx--x---"))));
    for (String name : List.of("link", "dirlink", "dangling", "dir", "file with space", "none")) {
      Path path = root.resolve(name);
      log.note("readlink " + name, () -> Files.readSymbolicLink(path));
      log.note("exists " + name, () -> Files.exists(path));
      log.note("exists " + name + " itself", () -> Files.exists(path, NOFOLLOW_LINKS));
      log.note("not exists " + name, () -> Files.notExists(path));
      log.note("is directory " + name, () -> Files.isDirectory(path));
      log.note("is directory " + name + " itself", () -> Files.isDirectory(path, NOFOLLOW_LINKS));
      log.note("is file " + name, () -> Files.isRegularFile(path));
      log.note("is link " + name, () -> Files.isSymbolicLink(path));
      log.note("readable " + name, () -> Files.isReadable(path));
      log.note("executable " + name, () -> Files.isExecutable(path));
      log.note("size " + name, () -> Files.isDirectory(path) ? 0 : Files.size(path));
      log.note("real " + name, path::toRealPath);
      log.note("real " + name + " itself", () -> path.toRealPath(NOFOLLOW_LINKS));
      log.note("hidden " + name, () -> Files.isHidden(path));
      log.note("store " + name, () -> Files.getFileStore(path));
      log.note("same " + name, () -> Files.isSameFile(path, file));
      log.note("mismatch " + name, () -> Files.mismatch(path, file));
      log.note("type " + name, () -> Files.probeContentType(path));
      log.note("list " + name, () -> Files.list(path));
      log.does(
          "access " + name,
          () ->
              path.getFileSystem()
                  .provider()
                  .checkAccess(path, AccessMode.READ, AccessMode.WRITE, AccessMode.EXECUTE));
    }
    log.note("link", () -> Files.createLink(root.resolve("hard"), file));
    log.note("link again", () -> Files.createLink(root.resolve("hard"), file));
    log.note("link to none", () -> Files.createLink(root.resolve("x"), root.resolve("none")));
    log.note("link to a directory", () -> Files.createLink(root.resolve("x"), dir));
    log.note(
        "link to a link", () -> Files.createLink(root.resolve("hardlink"), root.resolve("link")));
    log.note("same through links", () -> Files.isSameFile(root.resolve("hard"), file));
    log.does("delete a link to a directory", () -> Files.delete(root.resolve("dirlink")));
    log.note("temporary", () -> Files.createTempFile(root, "a", ".b").getParent());
    log.note("temporary directory", () -> Files.createTempDirectory(root, "a").getParent());
    log.note(
        "delete the temporary",
        () -> {
          try (Stream<Path> found =
              Files.find(root, 1, (path, _) -> path.getFileName().toString().startsWith("a"))) {
            List<Path> all = found.toList();
            for (Path path : all) {
              Files.delete(path);
            }
            return all.size();
          }
        });
    log.does("delete what cannot be", () -> Files.delete(root.resolve("/proc/self")));
    log.does("mkdir in /sys", () -> Files.createDirectory(root.resolve("/sys/ringspun")));
    log.does("delete /", () -> Files.delete(root.resolve("/")));
    log.note("name too long", () -> Files.createDirectory(root.resolve("n".repeat(300))));
    log.note(
        "mkdir with an unknown attribute",
        () -> Files.createDirectory(root.resolve("u"), unknown()));
    log.note("mkdir null", () -> Files.createDirectory(null));
  }

  private static FileAttribute<String> unknown() {
    return new FileAttribute<>() {
      @Override
      public String name() {
        return "no:such";
      }

      @Override
      public String value() {
        return "";
      }
    };
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void names(RingCase how) throws Exception {
    compare(how, RingFileSystemDifferenceTest::names);
  }

  // ---- content -------------------------------------------------------------------------------

  @ParameterizedTest
  @MethodSource(CASES)
  void content(RingCase how) throws Exception {
    compare(
        how,
        (root, log) -> {
          Path file = root.resolve("file");
          byte[] big = new byte[1_000_003];
          fillBytes(big);
          log.note("read none", () -> Files.readString(file));
          log.note("stream of none", () -> Files.newInputStream(file));
          log.note("write", () -> Files.write(file, big));
          log.note("read", () -> Files.readAllBytes(file));
          log.note("write lines", () -> Files.write(file, List.of("a", "bäh", "c")));
          log.note("read lines", () -> Files.readAllLines(file));
          log.note("lines", () -> Files.lines(file));
          log.note("append", () -> Files.writeString(file, "more", StandardOpenOption.APPEND));
          log.note(
              "write anew", () -> Files.writeString(file, "more", StandardOpenOption.CREATE_NEW));
          log.note(
              "write without truncating",
              () -> Files.writeString(file, "XY", StandardOpenOption.WRITE));
          log.note(
              "append and truncate",
              () ->
                  Files.writeString(
                      file,
                      "more",
                      StandardOpenOption.APPEND,
                      StandardOpenOption.TRUNCATE_EXISTING));
          log.note(
              "stream that writes", () -> Files.newInputStream(file, StandardOpenOption.WRITE));
          log.note("stream that reads", () -> Files.newOutputStream(file, StandardOpenOption.READ));
          log.note("stream of a directory", () -> Files.newOutputStream(root));
          log.note("read a directory", () -> Files.readAllBytes(root));
          log.note("stream below a file", () -> Files.newInputStream(file.resolve("x")));
          log.note(
              "skip and transfer",
              () -> {
                try (var in = Files.newInputStream(file);
                    var out = Files.newOutputStream(root.resolve("copy"))) {
                  return in.skip(2) + " " + in.available() + " " + in.transferTo(out);
                }
              });
          log.note("copy in", () -> copyFrom(file, root.resolve("in")));
          log.note("copy in again", () -> copyFrom(file, root.resolve("in")));
          log.note("copy out", () -> Files.copy(file, OutputStream.nullOutputStream()));
          log.note(
              "channel",
              () -> {
                try (var channel =
                    Files.newByteChannel(
                        file, StandardOpenOption.READ, StandardOpenOption.DELETE_ON_CLOSE)) {
                  ByteBuffer buffer = ByteBuffer.allocate(100);
                  channel.read(buffer);
                  return StandardCharsets.UTF_8.decode(buffer.flip()) + " " + Files.exists(file);
                }
              });
          log.note(
              "channel with permissions",
              () -> {
                try (var channel =
                    Files.newByteChannel(
                        file,
                        EnumSet.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                        PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwx------")))) {
                  return channel.position();
                }
              });
          log.does(
              "write /proc",
              () -> Files.writeString(root.resolve("/proc/sys/kernel/osrelease"), "x"));
          log.note(
              "of /proc", () -> Files.readAllBytes(root.resolve("/proc/sys/kernel/osrelease")));
          log.note("interrupted", () -> interrupted(() -> Files.writeString(file, "written")));
          log.note("interrupted", () -> interrupted(() -> Files.readAllBytes(file)));
          log.note("interrupted", () -> interrupted(() -> Files.readString(file)));
          log.note("interrupted", () -> interrupted(() -> Files.readAllLines(file)));
          log.note("interrupted", () -> interrupted(() -> Files.write(file, List.of("a", "b"))));
          log.note(
              "interrupted", () -> interrupted(() -> Files.mismatch(file, root.resolve("in"))));
          log.note(
              "interrupted",
              () -> interrupted(() -> Files.copy(file, OutputStream.nullOutputStream())));
          log.note(
              "interrupted",
              () ->
                  interrupted(
                      () -> {
                        try (var reader = Files.newBufferedReader(file)) {
                          return reader.readLine();
                        }
                      }));
          log.note(
              "interrupted channel",
              () ->
                  interrupted(
                      () -> {
                        try (var channel = Files.newByteChannel(file)) {
                          return channel.read(ByteBuffer.allocate(1));
                        }
                      }));
          log.note("interrupted", () -> interrupted(() -> copyFrom(file, root.resolve("in2"))));
          log.note(
              "interrupted", () -> interrupted(() -> Files.createDirectory(root.resolve("d"))));
          log.note("interrupted", () -> interrupted(() -> Files.deleteIfExists(root.resolve("d"))));
          log.note("interrupted", () -> interrupted(() -> Files.copy(file, root.resolve("c2"))));
          log.note("interrupted", () -> interrupted(() -> Files.move(file, root.resolve("c3"))));
        });
  }

  private static long copyFrom(Path from, Path to) throws IOException {
    try (var in = Files.newInputStream(from)) {
      return Files.copy(in, to);
    }
  }

  private static void fillBytes(byte[] bytes) {
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (i * 31 + i / 251);
    }
  }

  private static <T> T interrupted(Callable<T> call) throws Exception {
    Thread.currentThread().interrupt();
    return call.call();
  }

  // ---- copying and moving --------------------------------------------------------------------

  private static void fill(Path root) throws IOException {
    fill(root, 300_001);
  }

  private static void fill(Path root, int fileBytes) throws IOException {
    byte[] content = new byte[fileBytes];
    fillBytes(content);
    Files.write(root.resolve("file"), content);
    Files.setPosixFilePermissions(
        root.resolve("file"), PosixFilePermissions.fromString("rwxr-x---"));
    Files.setLastModifiedTime(root.resolve("file"), LONG_AGO);
    Files.setAttribute(
        root.resolve("file"), "user:origin", "here".getBytes(StandardCharsets.UTF_8));
    Files.createFile(root.resolve("empty"));
    Files.createDirectory(root.resolve("emptydir"));
    Files.setLastModifiedTime(root.resolve("emptydir"), LONG_AGO);
    Files.createDirectory(root.resolve("fulldir"));
    Files.writeString(root.resolve("fulldir/inside"), "inside");
    Files.createSymbolicLink(root.resolve("link"), root.resolve("file").getFileName());
    Files.createSymbolicLink(root.resolve("dangling"), root.resolve("nowhere"));
    Files.createLink(root.resolve("hard"), root.resolve("file"));
  }

  private static void fillWithPipe(Path root) throws IOException {
    fill(root);
    Fifo.make(RingFileSystems.unwrap(root.resolve("pipe")));
  }

  private static final List<String> ALL =
      List.of("file", "empty", "emptydir", "fulldir", "link", "dangling", "hard", "none", "file/x");

  private static final List<CopyOption[]> COPY_OPTIONS =
      List.of(
          new CopyOption[] {},
          new CopyOption[] {REPLACE_EXISTING},
          new CopyOption[] {REPLACE_EXISTING, COPY_ATTRIBUTES, NOFOLLOW_LINKS},
          new CopyOption[] {ATOMIC_MOVE},
          new CopyOption[] {null});

  private interface Two {
    Path run(Path source, Path target, CopyOption... options) throws IOException;
  }

  /** Does it from everything to everything, each time in a new directory. */
  private static FilesProgram everyPair(Two action) {
    return (root, log) -> {
      for (CopyOption[] options : COPY_OPTIONS) {
        for (String from : ALL) {
          for (String to : ALL) {
            if (from.equals("link") && to.equals("link")) {
              continue; // to replace a link by its target, the JDK deletes the link first and fails
            }
            Path place = Files.createDirectory(root.resolve("place"));
            fill(place, 3_001);
            Path target = place.resolve(to);
            String what = from + " to " + to + " " + Arrays.toString(options);
            log.note(what, () -> action.run(place.resolve(from), target, options));
            log.note(
                "then " + what,
                () -> Files.walk(place).map(RingFileSystemDifferenceTest::describe));
            log.note("target of " + what, () -> describe(target));
            try (Stream<Path> all = Files.walk(place)) {
              for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
              }
            }
          }
        }
      }
    };
  }

  private static String describe(Path path) {
    try {
      PosixFileAttributes attributes =
          Files.readAttributes(path, PosixFileAttributes.class, NOFOLLOW_LINKS);
      boolean old = attributes.lastModifiedTime().equals(LONG_AGO);
      String extended =
          attributes.isRegularFile()
              ? Files.getFileAttributeView(path, UserDefinedFileAttributeView.class)
                  .list()
                  .toString()
              : "";
      return "%s %d %s %s %s %s"
          .formatted(
              path,
              attributes.isDirectory() ? 0 : attributes.size(),
              attributes.permissions(),
              old,
              extended,
              attributes.isRegularFile() ? Files.readAllBytes(path).length : "");
    } catch (IOException e) {
      return e.toString();
    }
  }

  private static final RingCase ONE = new RingCase(Caller.VIRTUAL, true);

  @Test
  @Once
  void copy_everythingOntoEverything() throws Exception {
    compare(ONE, everyPair(Files::copy));
  }

  @Test
  @Once
  void move_everythingOntoEverything() throws Exception {
    compare(ONE, everyPair(Files::move));
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void copy_keepsTheContent(RingCase how) throws Exception {
    compare(
        how,
        (root, log) -> {
          fillWithPipe(root);
          log.note("copy", () -> Files.copy(root.resolve("file"), root.resolve("copy")));
          log.note(
              "copy all",
              () -> Files.copy(root.resolve("link"), root.resolve("copy2"), COPY_ATTRIBUTES));
          log.note(
              "interruptibly",
              () ->
                  Files.copy(
                      root.resolve("file"), root.resolve("copy3"), ExtendedOption.interruptible()));
          log.note("move", () -> Files.move(root.resolve("copy"), root.resolve("moved")));
          log.note("pipe", () -> Files.move(root.resolve("pipe"), root.resolve("pipe2")));
          log.note(
              "of /proc", () -> Files.copy(root.resolve("/proc/version"), root.resolve("version")));
          log.note(
              "onto /proc", () -> Files.copy(root.resolve("file"), root.resolve("/proc/version")));
          log.note(
              "onto /proc",
              () ->
                  Files.copy(
                      root.resolve("file"), root.resolve("/proc/version"), REPLACE_EXISTING));
          log.note("modified", () -> Files.getLastModifiedTime(root.resolve("copy2")));
          log.note("extended", () -> Files.getAttribute(root.resolve("copy2"), "user:origin"));
        });
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void move_acrossFileSystems(RingCase how) throws Exception {
    Path memory = Path.of("/dev/shm");
    assumeTrue(
        Files.isWritable(memory)
            && !Files.getFileStore(memory).equals(Files.getFileStore(directory)),
        "no second file system");
    Path there = Files.createTempDirectory(memory, "ringspun");
    try {
      compare(
          how,
          (root, log) -> {
            fillWithPipe(root);
            for (String name : List.of("file", "emptydir", "fulldir", "link", "pipe", "none")) {
              Path target = root.resolve(there.toString()).resolve(name);
              log.note(
                  "atomically " + name, () -> Files.move(root.resolve(name), target, ATOMIC_MOVE));
              log.note("move " + name, () -> Files.move(root.resolve(name), target));
              log.note("then", () -> describe(target));
              log.note("delete", () -> Files.deleteIfExists(target));
            }
          });
    } finally {
      Files.delete(there);
    }
  }

  // ---- attributes ----------------------------------------------------------------------------

  /** Attributes by name, without what differs between two files made one after the other. */
  private static Map<String, Object> stable(Map<String, Object> attributes) {
    Map<String, Object> stable = new TreeMap<>(attributes);
    stable.keySet().removeAll(List.of("fileKey", "creationTime", "lastAccessTime", "ino", "ctime"));
    return stable;
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void attributes(RingCase how) throws Exception {
    compare(
        how,
        (root, log) -> {
          fill(root);
          Files.setLastModifiedTime(root.resolve("fulldir"), LONG_AGO);
          Files.setLastModifiedTime(root.resolve("empty"), LONG_AGO);
          for (String name : List.of("file", "emptydir", "fulldir", "empty", "none", "file/x")) {
            Path path = root.resolve(name);
            for (String what :
                List.of(
                    "*",
                    "size,isOther",
                    "posix:*",
                    "posix:owner,size",
                    "owner:owner",
                    "unix:mode,nlink,uid",
                    "unix:*",
                    "unix:fileKey,size",
                    "unix:fileKey,none",
                    "dos:*",
                    "dos:readonly,size",
                    "dos:none",
                    "size,none",
                    "basic:owner",
                    "posix:none",
                    "",
                    ":",
                    "none:x",
                    "size,")) {
              log.note(name + " " + what, () -> stable(Files.readAttributes(path, what)));
            }
          }
          Path file = root.resolve("file");
          Path link = root.resolve("link");
          log.note("link's size", () -> Files.getAttribute(link, "size", NOFOLLOW_LINKS));
          log.note("target's size", () -> Files.getAttribute(link, "size"));
          log.note("no type", () -> Files.readAttributes(file, (Class<BasicFileAttributes>) null));
          log.note(
              "dos", () -> Files.getFileAttributeView(file, DosFileAttributeView.class).name());
          log.note("acl", () -> Files.getFileAttributeView(file, AclFileAttributeView.class));
          for (String name : List.of("basic", "posix", "owner")) {
            log.note(
                "view " + name,
                () ->
                    switch (name) {
                      case "basic" ->
                          Files.getFileAttributeView(file, BasicFileAttributeView.class).name();
                      case "posix" ->
                          Files.getFileAttributeView(file, PosixFileAttributeView.class).name();
                      default ->
                          Files.getFileAttributeView(file, FileOwnerAttributeView.class).name();
                    });
          }
          log.note("owner", () -> Files.getOwner(file));
          log.does(
              "set times",
              () ->
                  Files.getFileAttributeView(file, BasicFileAttributeView.class)
                      .setTimes(FileTime.fromMillis(5), FileTime.fromMillis(-6), null));
          log.note("modified", () -> Files.getLastModifiedTime(file));
          log.note("accessed", () -> Files.getAttribute(file, "lastAccessTime"));
          log.note("set modified", () -> Files.setAttribute(file, "lastModifiedTime", LONG_AGO));
          log.note(
              "set permissions",
              () ->
                  Files.setPosixFilePermissions(
                      file, PosixFilePermissions.fromString("-wx-wx--x")));
          log.note("permissions", () -> Files.getPosixFilePermissions(file));
          log.note("set owner", () -> Files.setOwner(file, Files.getOwner(root)));
          log.note("set mode", () -> Files.setAttribute(file, "unix:mode", 04711));
          log.note("mode", () -> Files.getAttribute(file, "unix:mode"));
          log.note("group", () -> Files.readAttributes(file, PosixFileAttributes.class).group());
          log.note("set none", () -> Files.setAttribute(file, "basic:none", 1));
        });
  }

  @Test
  void attributes_areThoseOfTheDefaultProvider() throws Exception {
    ONE.run(
        ring -> {
          Path root = Files.createDirectory(directory.resolve("same"));
          fillWithPipe(root);
          for (Path path :
              List.of(
                  root.resolve("file"),
                  root.resolve("link"),
                  root.resolve("fulldir"),
                  root.resolve("pipe"),
                  Path.of("/dev/null"),
                  Path.of("/proc/self"),
                  Path.of("/etc/passwd"))) {
            Path onRing = RingFileSystems.wrap(ring, path);
            for (LinkOption[] options :
                List.of(new LinkOption[] {}, new LinkOption[] {NOFOLLOW_LINKS})) {
              Map<String, Object> expected = Files.readAttributes(path, "posix:*", options);
              Map<String, Object> actual = Files.readAttributes(onRing, "posix:*", options);
              assertEquals(expected.keySet(), actual.keySet());
              expected.forEach(
                  (name, value) -> {
                    // A birth at the epoch is taken for none.
                    if (!name.equals("fileKey")
                        && !path.startsWith("/proc")
                        && !value.equals(FileTime.fromMillis(0))) {
                      assertEquals(value, actual.get(name), path + " " + name);
                      assertEquals(value.toString(), actual.get(name).toString());
                    }
                  });
              assertEquals(
                  Files.readAttributes(onRing, BasicFileAttributes.class, options).fileKey(),
                  actual.get("fileKey"));
            }
          }
          assertEquals(
              Files.getAttribute(RingFileSystems.wrap(ring, root.resolve("hard")), "fileKey"),
              Files.getAttribute(RingFileSystems.wrap(ring, root.resolve("file")), "fileKey"));
        });
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void userAttributes(RingCase how) throws Exception {
    compare(
        how,
        (root, log) -> {
          fill(root);
          for (String name : List.of("file", "link", "none", "emptydir")) {
            UserDefinedFileAttributeView view =
                Files.getFileAttributeView(root.resolve(name), UserDefinedFileAttributeView.class);
            log.note("name", view::name);
            log.note(name + " list", view::list);
            log.note("size", () -> view.size("origin"));
            log.note("read", () -> view.read("origin", ByteBuffer.allocate(10)));
            log.note("read exactly", () -> view.read("origin", ByteBuffer.allocateDirect(4)));
            log.note("too small", () -> view.read("origin", ByteBuffer.allocate(3)));
            log.note("no room", () -> view.read("origin", ByteBuffer.allocate(0)));
            log.note(
                "read-only", () -> view.read("origin", ByteBuffer.allocate(9).asReadOnlyBuffer()));
            log.note("size of none", () -> view.size("none"));
            log.note("read none", () -> view.read("none", ByteBuffer.allocate(10)));
            ByteBuffer value = StandardCharsets.UTF_8.encode("value").position(1);
            log.note("write", () -> view.write("new", value) + " " + value);
            log.note("write nothing", () -> view.write("void", ByteBuffer.allocate(0)));
            log.note("size of nothing", () -> view.size("void"));
            log.note("read nothing", () -> view.read("void", ByteBuffer.allocate(0)));
            if (!name.equals("none")) { // which error comes first is the kernel's affair
              log.note("size of null", () -> view.size(null));
              log.note("read null", () -> view.read(null, ByteBuffer.allocate(10)));
              log.note("write null", () -> view.write(null, ByteBuffer.allocate(1)));
              log.does("delete null", () -> view.delete(null));
              log.note(
                  "write a long name", () -> view.write("n".repeat(300), ByteBuffer.allocate(1)));
              log.note("write no name", () -> view.write("", ByteBuffer.allocate(1)));
              log.note("write much", () -> view.write("much", ByteBuffer.allocate(70_000)));
            }
            log.does("delete", () -> view.delete("new"));
            log.does("delete again", () -> view.delete("new"));
            log.note("list", () -> view.list().stream().sorted());
            log.note("by name", () -> Files.getAttribute(root.resolve(name), "user:origin"));
            UserDefinedFileAttributeView itself =
                Files.getFileAttributeView(
                    root.resolve(name), UserDefinedFileAttributeView.class, NOFOLLOW_LINKS);
            log.note("itself", () -> itself.size("origin"));
          }
        });
  }

  // ---- walking -------------------------------------------------------------------------------

  @ParameterizedTest
  @MethodSource(CASES)
  void walking(RingCase how) throws Exception {
    compare(
        how,
        (root, log) -> {
          fill(root);
          Files.createSymbolicLink(root.resolve("fulldir/loop"), root);
          Files.createSymbolicLink(root.resolve("self"), likePath(root, "self"));
          log.note("walk", () -> Files.walk(root));
          log.note("walk with links", () -> Files.walk(root, FileVisitOption.FOLLOW_LINKS));
          log.note("walk none", () -> Files.walk(root.resolve("none")));
          log.note("find", () -> Files.find(root, 9, (_, found) -> found.size() > 1000));
          log.note("list", () -> Files.list(root));
          log.note("exists self", () -> Files.exists(root.resolve("self")));
          log.note("read self", () -> Files.readString(root.resolve("self")));
          log.note("size of self", () -> Files.size(root.resolve("self")));
          log.note("glob", () -> toList(Files.newDirectoryStream(root, "*e")));
          log.note(
              "filter",
              () -> toList(Files.newDirectoryStream(root, path -> Files.isDirectory(path))));
          log.note(
              "a filter that fails",
              () ->
                  toList(
                      Files.newDirectoryStream(
                          root,
                          _ -> {
                            throw new IOException("refused");
                          })));
          log.note(
              "stream of a file", () -> toList(Files.newDirectoryStream(root.resolve("file"))));
          log.note("no filter", () -> Files.newDirectoryStream(root, (String) null));
          log.does(
              "iterate twice",
              () -> {
                try (var stream = Files.newDirectoryStream(root)) {
                  var _ = stream.iterator();
                  var _ = stream.iterator();
                }
              });
          log.note(
              "visit with links",
              () -> {
                StringBuilder visited = new StringBuilder();
                Files.walkFileTree(
                    root,
                    EnumSet.of(FileVisitOption.FOLLOW_LINKS),
                    5,
                    new SimpleFileVisitor<>() {
                      @Override
                      public FileVisitResult visitFileFailed(Path file, IOException e) {
                        visited.append(file.getFileName()).append(e.getClass()).append(' ');
                        return FileVisitResult.CONTINUE;
                      }
                    });
                return Stream.of(visited.toString().split(" "));
              });
          log.note(
              "delete the tree",
              () ->
                  Files.walkFileTree(
                      root.resolve("fulldir"),
                      new SimpleFileVisitor<>() {
                        @Override
                        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                            throws IOException {
                          Files.delete(file);
                          return FileVisitResult.CONTINUE;
                        }

                        @Override
                        public FileVisitResult postVisitDirectory(Path dir, IOException e)
                            throws IOException {
                          Files.delete(dir);
                          return FileVisitResult.CONTINUE;
                        }
                      }));
        });
  }

  private static Path likePath(Path like, String name) {
    return like.getFileSystem().getPath(name);
  }

  private static Stream<Path> toList(DirectoryStream<Path> stream) throws IOException {
    try (stream) {
      List<Path> paths = new ArrayList<>();
      stream.forEach(paths::add);
      return paths.stream();
    }
  }

  // ---- without permission --------------------------------------------------------------------

  /** For a process whose user is bound by permissions, be it root. */
  static final class Denied {
    private Denied() {}

    public static void main(String[] args) throws Exception {
      Path directory = Path.of(args[0]);
      try (Ring ring = Ring.open()) {
        compare(ring, directory, directory, Denied::program);
      }
      System.out.println("the same");
    }

    private static void program(Path root, FilesProgram.Log log) throws Exception {
      fill(root);
      Files.setPosixFilePermissions(
          root.resolve("file"), PosixFilePermissions.fromString("---------"));
      Path closed = root.resolve("fulldir");
      Path inside = closed.resolve("inside");
      for (String permissions : List.of("r--r--r--", "-wx-wx-wx", "r-xr-xr-x", "---------")) {
        Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString(permissions));
        log.note(permissions, () -> Files.readString(root.resolve("file")));
        log.note("exists", () -> Files.exists(inside));
        log.note("not exists", () -> Files.notExists(inside));
        log.note("size", () -> Files.size(inside));
        log.note("read", () -> Files.readString(inside));
        log.note("list", () -> Files.list(closed));
        log.note("create", () -> Files.createFile(closed.resolve("new")));
        log.note("mkdir", () -> Files.createDirectory(closed.resolve("dir")));
        log.note("link", () -> Files.createLink(closed.resolve("link"), root.resolve("empty")));
        log.note("symlink", () -> Files.createSymbolicLink(closed.resolve("to"), inside));
        log.note("copy", () -> Files.copy(root.resolve("file"), root.resolve("copy")));
        log.note(
            "onto",
            () -> Files.copy(root.resolve("file"), root.resolve("empty"), REPLACE_EXISTING));
        log.note("into", () -> Files.copy(root.resolve("empty"), closed.resolve("copy")));
        log.note("move", () -> Files.move(root.resolve("emptydir"), closed.resolve("moved")));
        log.note("move back", () -> Files.move(closed.resolve("moved"), root.resolve("emptydir")));
        log.note("move it", () -> Files.move(closed, root.resolve("moved")));
        log.note("move it back", () -> Files.move(root.resolve("moved"), closed));
        log.note("move atomically", () -> Files.move(inside, root.resolve("m"), ATOMIC_MOVE));
        log.note("move back", () -> Files.move(root.resolve("m"), inside, ATOMIC_MOVE));
        log.does("delete", () -> Files.delete(closed.resolve("new")));
        log.does("delete it", () -> Files.delete(closed));
        log.note(
            "attribute",
            () ->
                Files.getFileAttributeView(inside, UserDefinedFileAttributeView.class)
                    .write("a", ByteBuffer.allocate(1)));
      }
      Files.setPosixFilePermissions(closed, PosixFilePermissions.fromString("rwxr-xr-x"));
      Files.setPosixFilePermissions(
          root.resolve("file"), PosixFilePermissions.fromString("rw-------"));
    }
  }

  @Test
  void denied() throws Exception {
    ChildJvm child = new ChildJvm().with("--enable-native-access=ALL-UNNAMED");
    if (Files.isWritable(Path.of("/"))) {
      assumeTrue(
          Files.exists(Path.of("/usr/bin/setpriv")), "no setpriv to give up CAP_DAC_OVERRIDE with");
      String capabilities = "-dac_override,-dac_read_search";
      child.under("setpriv", "--bounding-set=" + capabilities, "--inh-caps=" + capabilities);
    }
    String output = child.run(Denied.class, directory.toString());
    assertTrue(output.contains("the same"), output);
  }
}
