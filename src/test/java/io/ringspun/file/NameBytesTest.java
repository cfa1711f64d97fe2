package io.ringspun.file;

import static java.nio.file.LinkOption.NOFOLLOW_LINKS;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.Ring;
import io.ringspun.RingOptions;
import io.ringspun.Step;
import io.ringspun.raw.Raw;
import io.ringspun.raw.TableSlot;
import io.ringspun.testing.Caller;
import io.ringspun.testing.ChildJvm;
import io.ringspun.testing.LongRun;
import io.ringspun.testing.Once;
import io.ringspun.testing.RawNames;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.FieldSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Names that the locale cannot tell as text. The kernel must get their bytes as they are: relative
 * if the path is, and without a slash behind them, which would follow a link. The default file
 * system says what is there.
 */
class NameBytesTest {
  private static final byte[] CONTENT = {1, 0, 2};

  @TempDir private Path temporary;

  // ---- who takes names -----------------------------------------------------------------------

  /** One of the places of the library that take names; {@link Place} says what names. */
  private enum Users {
    FILE_SYSTEM {
      @Override
      User open(Ring ring, Path directory, boolean relative) throws IOException {
        return new FileSystemUser(ring, here(directory, relative));
      }
    },
    DIRECTORY {
      @Override
      User open(Ring ring, Path directory, boolean relative) throws IOException {
        Path parent = directory.getParent();
        return relative
            ? new DirectoryUser(RingDirectory.open(ring, directory), Path.of(""))
            : new DirectoryUser(RingDirectory.open(ring, parent), parent.relativize(directory));
      }
    },
    STEPS_OF_PATHS {
      @Override
      User open(Ring ring, Path directory, boolean relative) throws IOException {
        return new PathSteps(ring, here(directory, relative));
      }
    },
    STEPS_OF_DIRECTORY {
      @Override
      User open(Ring ring, Path directory, boolean relative) throws IOException {
        assertTrue(relative);
        return new DirectorySteps(ring, RingDirectory.open(ring, directory));
      }
    };

    abstract User open(Ring ring, Path directory, boolean relative) throws IOException;

    static List<Boolean> relativeOrNot(Users users) {
      return users == STEPS_OF_DIRECTORY ? List.of(true) : List.of(true, false);
    }

    private static Path here(Path directory, boolean relative) {
      return relative ? Path.of("").toAbsolutePath().relativize(directory) : directory;
    }
  }

  /** Does things to names in a directory. */
  private interface User extends AutoCloseable {
    FileStat.FileType type(Path name, LinkOption... options) throws IOException;

    RingFile create(Path name) throws IOException;

    void unlink(Path name) throws IOException;

    void rmdir(Path name) throws IOException;

    void rename(Path name, Path newName) throws IOException;

    void link(Path name, Path newName) throws IOException;

    void symlink(Path target, Path name) throws IOException;

    void mkdir(Path name) throws IOException;

    /** Returns whether this user has such a call. */
    default boolean setXattr(Path name) throws IOException {
      return false;
    }

    @Override
    void close() throws IOException;
  }

  private record FileSystemUser(Ring ring, Path directory) implements User {
    private Path path(Path name) {
      return RingFileSystems.wrap(ring, directory.resolve(name));
    }

    @Override
    public FileStat.FileType type(Path name, LinkOption... options) throws IOException {
      var attributes = Files.readAttributes(path(name), BasicFileAttributes.class, options);
      assertEquals(
          attributes.isSymbolicLink(), Files.isSymbolicLink(path(name)) && isLink(options));
      assertEquals(attributes.isDirectory(), Files.isDirectory(path(name), options));
      return attributes.isSymbolicLink()
          ? FileStat.FileType.SYMBOLIC_LINK
          : attributes.isDirectory() ? FileStat.FileType.DIRECTORY : FileStat.FileType.REGULAR;
    }

    private static boolean isLink(LinkOption... options) {
      return options.length > 0;
    }

    @Override
    public RingFile create(Path name) throws IOException {
      return RingFile.open(ring, directory.resolve(name), CREATE_NEW, WRITE);
    }

    @Override
    public void unlink(Path name) throws IOException {
      Files.delete(path(name));
    }

    @Override
    public void rmdir(Path name) throws IOException {
      Files.delete(path(name));
    }

    @Override
    public void rename(Path name, Path newName) throws IOException {
      Files.move(path(name), path(newName));
    }

    @Override
    public void link(Path name, Path newName) throws IOException {
      Files.createLink(path(newName), path(name));
    }

    @Override
    public void symlink(Path target, Path name) throws IOException {
      Files.createSymbolicLink(path(name), RingFileSystems.wrap(ring, target));
    }

    @Override
    public void mkdir(Path name) throws IOException {
      Files.createDirectory(path(name));
    }

    @Override
    public boolean setXattr(Path name) throws IOException {
      var view = Files.getFileAttributeView(path(name), UserDefinedFileAttributeView.class);
      view.write("a", ByteBuffer.wrap(CONTENT));
      assertEquals(CONTENT.length, view.size("a"));
      return true;
    }

    @Override
    public void close() {}
  }

  private record DirectoryUser(RingDirectory directory, Path prefix) implements User {
    @Override
    public FileStat.FileType type(Path name, LinkOption... options) throws IOException {
      return directory.stat(prefix.resolve(name), options).type();
    }

    @Override
    public RingFile create(Path name) throws IOException {
      return directory.openFile(prefix.resolve(name), CREATE_NEW, WRITE);
    }

    @Override
    public void unlink(Path name) throws IOException {
      directory.unlink(prefix.resolve(name));
    }

    @Override
    public void rmdir(Path name) throws IOException {
      directory.rmdir(prefix.resolve(name));
    }

    @Override
    public void rename(Path name, Path newName) throws IOException {
      directory.rename(prefix.resolve(name), prefix.resolve(newName));
    }

    @Override
    public void link(Path name, Path newName) throws IOException {
      directory.link(prefix.resolve(name), prefix.resolve(newName));
    }

    @Override
    public void symlink(Path target, Path name) throws IOException {
      directory.symlink(target, prefix.resolve(name));
    }

    @Override
    public void mkdir(Path name) throws IOException {
      directory.mkdir(prefix.resolve(name));
    }

    @Override
    public boolean setXattr(Path name) throws IOException {
      directory.setXattr(prefix.resolve(name), "user.a", CONTENT);
      assertArrayEquals(CONTENT, directory.xattr(prefix.resolve(name), "user.a").orElseThrow());
      return true;
    }

    @Override
    public void close() throws IOException {
      directory.close();
    }
  }

  /** Runs steps one by one. */
  private abstract static class Steps implements User {
    final Ring ring;
    private final MemorySegment stat = Arena.ofAuto().allocate(FileStat.BYTES, 8);

    Steps(Ring ring) {
      this.ring = ring;
    }

    final void run(Step step) throws IOException {
      ring.chain().add(step).run();
    }

    final RingFile take(OpeningStep step) throws IOException {
      try (TableSlot slot = Raw.of(ring).tableSlot()) {
        run(step.in(slot));
        return RingFile.take(slot, WRITE);
      }
    }

    interface OpeningStep {
      Step in(TableSlot slot);
    }

    abstract Step stat(Path name, MemorySegment target, LinkOption... options);

    @Override
    public final FileStat.FileType type(Path name, LinkOption... options) throws IOException {
      run(stat(name, stat, options));
      return FileStat.of(stat).type();
    }
  }

  private static final class PathSteps extends Steps {
    private final Path directory;

    PathSteps(Ring ring, Path directory) {
      super(ring);
      this.directory = directory;
    }

    @Override
    Step stat(Path name, MemorySegment target, LinkOption... options) {
      return FileSteps.stat(directory.resolve(name), target, options);
    }

    @Override
    public RingFile create(Path name) throws IOException {
      return take(slot -> FileSteps.open(slot, directory.resolve(name), CREATE_NEW, WRITE));
    }

    @Override
    public void unlink(Path name) throws IOException {
      run(FileSteps.unlink(directory.resolve(name)));
    }

    @Override
    public void rmdir(Path name) throws IOException {
      run(FileSteps.rmdir(directory.resolve(name)));
    }

    @Override
    public void rename(Path name, Path newName) throws IOException {
      run(FileSteps.rename(directory.resolve(name), directory.resolve(newName)));
    }

    @Override
    public void link(Path name, Path newName) throws IOException {
      run(FileSteps.link(directory.resolve(name), directory.resolve(newName)));
    }

    @Override
    public void symlink(Path target, Path name) throws IOException {
      run(FileSteps.symlink(target, directory.resolve(name)));
    }

    @Override
    public void mkdir(Path name) throws IOException {
      run(FileSteps.mkdir(directory.resolve(name)));
    }

    @Override
    public void close() {}
  }

  private static final class DirectorySteps extends Steps {
    private final RingDirectory directory;

    DirectorySteps(Ring ring, RingDirectory directory) {
      super(ring);
      this.directory = directory;
    }

    @Override
    Step stat(Path name, MemorySegment target, LinkOption... options) {
      return FileSteps.stat(directory, name, target, options);
    }

    @Override
    public RingFile create(Path name) throws IOException {
      return take(slot -> FileSteps.open(slot, directory, name, CREATE_NEW, WRITE));
    }

    @Override
    public void unlink(Path name) throws IOException {
      run(FileSteps.unlink(directory, name));
    }

    @Override
    public void rmdir(Path name) throws IOException {
      run(FileSteps.rmdir(directory, name));
    }

    @Override
    public void rename(Path name, Path newName) throws IOException {
      run(FileSteps.rename(directory, name, directory, newName));
    }

    @Override
    public void link(Path name, Path newName) throws IOException {
      run(FileSteps.link(directory, name, directory, newName));
    }

    @Override
    public void symlink(Path target, Path name) throws IOException {
      run(FileSteps.symlink(target, directory, name));
    }

    @Override
    public void mkdir(Path name) throws IOException {
      run(FileSteps.mkdir(directory, name));
    }

    @Override
    public void close() throws IOException {
      directory.close();
    }
  }

  // ---- what is done --------------------------------------------------------------------------

  static Stream<Arguments> cases() {
    return RawNames.ALL.stream()
        .flatMap(
            hex ->
                Arrays.stream(Users.values())
                    .flatMap(
                        users ->
                            Users.relativeOrNot(users).stream()
                                .map(relative -> Arguments.of(hex, users, relative))));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void everyCall(String hex, Users users, boolean relative) throws Exception {
    try (Ring ring = Ring.open(options())) {
      for (Caller caller : Caller.values()) {
        caller.run(ring, () -> everyCall(ring, temporary, hex, users, relative));
      }
    }
  }

  private static RingOptions options() {
    return RingOptions.defaults().withRegisteredFiles(4);
  }

  private static void everyCall(Ring ring, Path root, String hex, Users users, boolean relative)
      throws IOException {
    Path outside = Files.createDirectory(root.resolve("outside"));
    Path kept = Files.write(outside.resolve("kept"), CONTENT);
    Path tree = Files.createDirectory(root.resolve("tree"));
    try (User user = users.open(ring, tree, relative)) {
      asLink(user, tree, hex);
      asFile(user, tree, hex);
      asDirectory(user, tree, hex);
      assertEquals(Set.of(), list(tree));
    }
    assertArrayEquals(CONTENT, Files.readAllBytes(kept));
    Files.delete(kept);
    Files.delete(outside);
    Files.delete(tree);
    assertEquals(Set.of(), list(root));
  }

  private static Set<Path> list(Path directory) throws IOException {
    try (Stream<Path> names = Files.list(directory)) {
      return new HashSet<>(names.toList());
    }
  }

  /** A link that leads to a directory is never taken for the directory. */
  private static void asLink(User user, Path tree, String hex) throws IOException {
    Path name = RawNames.name(hex);
    Path other = RawNames.name(hex + "31");
    Path path = RawNames.resolve(tree, hex);
    Path target = Path.of("../outside");
    user.symlink(target, name);
    assertEquals(Set.of(path), list(tree));
    assertEquals(target, Files.readSymbolicLink(path));
    assertEquals(FileStat.FileType.SYMBOLIC_LINK, user.type(name, NOFOLLOW_LINKS));
    assertEquals(FileStat.FileType.DIRECTORY, user.type(name));
    assertEquals(FileStat.FileType.REGULAR, user.type(name.resolve("kept")));
    user.symlink(name, other); // a link to the link, as relative as it was given
    assertEquals(name, Files.readSymbolicLink(RawNames.resolve(tree, hex + "31")));
    assertEquals(FileStat.FileType.DIRECTORY, user.type(other));
    user.unlink(other);
    user.symlink(path, other);
    assertEquals(path, Files.readSymbolicLink(RawNames.resolve(tree, hex + "31")));
    user.unlink(other);
    user.link(name, other);
    assertEquals(FileStat.FileType.SYMBOLIC_LINK, user.type(other, NOFOLLOW_LINKS));
    user.unlink(name);
    user.rename(other, name);
    assertEquals(Set.of(path), list(tree));
    assertTrue(Files.isSymbolicLink(path));
    assertThrows(IOException.class, () -> user.mkdir(name));
    assertThrows(IOException.class, () -> user.create(name));
    user.unlink(name);
  }

  private static void asFile(User user, Path tree, String hex) throws IOException {
    Path name = RawNames.name(hex);
    Path path = RawNames.resolve(tree, hex);
    Path other = RawNames.name(hex + "31");
    try (RingFile file = user.create(name)) {
      assertEquals(CONTENT.length, file.write(ByteBuffer.wrap(CONTENT), 0));
    }
    assertArrayEquals(CONTENT, Files.readAllBytes(path));
    assertEquals(FileStat.FileType.REGULAR, user.type(name));
    if (user.setXattr(name)) {
      var view = Files.getFileAttributeView(path, UserDefinedFileAttributeView.class);
      assertEquals(List.of("a"), view.list());
    }
    user.link(name, other);
    assertEquals(Set.of(path, RawNames.resolve(tree, hex + "31")), list(tree));
    user.unlink(name);
    user.rename(other, name);
    assertEquals(Set.of(path), list(tree));
    assertArrayEquals(CONTENT, Files.readAllBytes(path));
    user.unlink(name);
  }

  private static void asDirectory(User user, Path tree, String hex) throws IOException {
    Path name = RawNames.name(hex);
    Path path = RawNames.resolve(tree, hex);
    Path other = RawNames.name(hex + "31");
    user.mkdir(name);
    assertEquals(Set.of(path), list(tree));
    assertEquals(FileStat.FileType.DIRECTORY, user.type(name, NOFOLLOW_LINKS));
    Path inner = name.resolve(other);
    user.create(inner).close();
    assertEquals(Set.of(RawNames.resolve(path, hex + "31")), list(path));
    assertEquals(FileStat.FileType.REGULAR, user.type(inner));
    assertEquals(
        FileStat.FileType.REGULAR, user.type(name.resolve("..").resolve(".").resolve(inner)));
    user.rename(name, other);
    assertThrows(IOException.class, () -> user.type(name));
    user.unlink(other.resolve(other));
    user.rmdir(other);
  }

  // ---- what it is for ------------------------------------------------------------------------

  /** The recursive delete of the JDK's documentation leaves alone what is outside of the tree. */
  @ParameterizedTest
  @FieldSource("io.ringspun.testing.RawNames#ALL")
  void recursiveDelete(String hex) throws Exception {
    Path outside = Files.createDirectory(temporary.resolve("outside"));
    Path kept = Files.write(outside.resolve("kept"), CONTENT);
    Path tree = Files.createDirectory(temporary.resolve("tree"));
    Path folder = Files.createDirectory(RawNames.resolve(tree, hex));
    Files.createSymbolicLink(RawNames.resolve(folder, hex), outside);
    Files.write(RawNames.resolve(folder, hex + "31"), CONTENT);
    try (Ring ring = Ring.open()) {
      delete(RingFileSystems.wrap(ring, tree));
    }
    assertArrayEquals(CONTENT, Files.readAllBytes(kept));
    assertEquals(Set.of(outside), list(temporary));
  }

  private static void delete(Path tree) throws IOException {
    Files.walkFileTree(
        tree,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path directory, IOException e)
              throws IOException {
            Files.delete(directory);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  /** What the JDK gives out as a path goes back to the kernel as the same bytes. */
  @ParameterizedTest
  @FieldSource("io.ringspun.testing.RawNames#ALL")
  void pathsOfTheFileSystem(String hex) throws Exception {
    Path file = Files.write(RawNames.resolve(temporary, hex), CONTENT);
    Path link = Files.createSymbolicLink(temporary.resolve("link"), file.getFileName());
    try (Ring ring = Ring.open()) {
      Path directory = RingFileSystems.wrap(ring, temporary);
      List<Path> found = new ArrayList<>();
      try (var entries = Files.newDirectoryStream(directory)) {
        entries.forEach(found::add);
      }
      assertEquals(2, found.size());
      for (Path path : found) {
        assertArrayEquals(CONTENT, Files.readAllBytes(path));
        assertArrayEquals(CONTENT, Files.readAllBytes(path.toRealPath()));
        assertArrayEquals(CONTENT, Files.readAllBytes(Path.of(path.toUri())));
      }
      Path target = Files.readSymbolicLink(RingFileSystems.wrap(ring, link));
      assertArrayEquals(CONTENT, Files.readAllBytes(directory.resolve(target)));
      Path copy = RingFileSystems.wrap(ring, RawNames.resolve(temporary, hex + "31"));
      Files.copy(directory.resolve(target), copy);
      Files.delete(directory.resolve(target));
      assertThrows(NoSuchFileException.class, () -> Files.readAllBytes(directory.resolve(target)));
      assertArrayEquals(CONTENT, Files.readAllBytes(RingFileSystems.unwrap(copy)));
    }
  }

  // ---- another locale ------------------------------------------------------------------------

  /** In the locale C nothing outside of ASCII is text. */
  @Test
  void everyCall_inLocaleC() throws Exception {
    String said =
        new ChildJvm()
            .under("env", "LC_ALL=C")
            .withFlagsOfThisOne()
            .run(InAnotherLocale.class, temporary.toString());
    assertEquals("US-ASCII", said.strip());
  }

  static Stream<Arguments> locales() {
    Arguments usual = Arguments.of("ja_JP", "SHIFT_JIS", "Shift_JIS");
    return LongRun.isOn()
        ? Stream.of(
            usual,
            Arguments.of("ja_JP", "EUC-JP", "x-euc-jp-linux"),
            Arguments.of("en_US", "ISO-8859-1", "ISO-8859-1"))
        : Stream.of(usual);
  }

  /** In some encodings different bytes are the same text. */
  @ParameterizedTest
  @MethodSource("locales")
  @Once
  void everyCall_inAnotherLocale(
      String language, String encoding, String charset, @TempDir Path locales) throws Exception {
    String locale = locales.resolve(language + "." + encoding).toString();
    Process compiler;
    try {
      compiler =
          new ProcessBuilder("localedef", "-c", "-i", language, "-f", encoding, locale)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
    } catch (IOException e) {
      abort("there is no localedef, which makes locales: " + e.getMessage());
      return;
    }
    compiler.waitFor();
    assumeTrue(Files.exists(Path.of(locale)), "the sources of locales are not installed");
    String said =
        new ChildJvm()
            .under("env", "LOCPATH=" + locales, "LC_ALL=" + language + "." + encoding)
            .withFlagsOfThisOne()
            .run(InAnotherLocale.class, temporary.toString());
    assertEquals(charset, said.strip());
  }

  private static final class InAnotherLocale {
    /** Does everything in a directory. */
    public static void main(String[] arguments) throws Exception {
      Path root = Path.of(arguments[0]);
      System.out.println(Charset.forName(System.getProperty("sun.jnu.encoding")));
      System.setProperty("sun.jnu.encoding", "UTF-8"); // after the JDK has read it
      try (Ring ring = Ring.open(options())) {
        for (String hex : RawNames.ALL) {
          for (Users users : Users.values()) {
            for (boolean relative : Users.relativeOrNot(users)) {
              everyCall(ring, root, hex, users, relative);
            }
          }
        }
      }
    }
  }
}
