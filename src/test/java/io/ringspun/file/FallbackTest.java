package io.ringspun.file;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.internal.filechannel.JdkBackedChannel;
import io.ringspun.testing.Await;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.ChildJvm;
import io.ringspun.testing.Fifo;
import io.ringspun.testing.Once;
import io.ringspun.testing.OpenFiles;
import io.ringspun.testing.Refusal;
import java.io.IOException;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.ProviderMismatchException;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The JDK in place of rings: when it comes in, and what its channels show of themselves. That they
 * do as the JDK's own do is for {@link RingFileChannelDifferenceTest}.
 */
@Once
class FallbackTest {
  private static final String ALLOWED = "-Dio.ringspun.fallback=jdk";
  private static final String EPERM = "1";

  @TempDir static Path tools;
  @TempDir Path directory;

  // ---- when it comes in ----------------------------------------------------------------------

  /** Opens a file twice, and moves bytes through it. */
  static final class TwoChannels {
    public static void main(String[] arguments) throws IOException {
      Path path = Path.of(arguments[0]);
      for (int i = 1; i <= 2; i++) {
        try (RingFileChannel channel = RingFileChannel.open(path, CREATE, READ, WRITE)) {
          channel.write(Bytes.direct(3, 0, 5_000), i);
          ByteBuffer back = ByteBuffer.allocate(5_000);
          channel.read(back, i);
          Bytes.check(3, 0, back.array());
          System.out.println("channel " + channel);
        } catch (IOException | IllegalArgumentException e) {
          System.out.println("refused " + e);
        }
      }
    }
  }

  private List<String> twoChannels(ChildJvm jvm, String... flags) throws Exception {
    return jvm.with("--enable-native-access=ALL-UNNAMED")
        .with(flags)
        .run(TwoChannels.class, directory.resolve("file").toString())
        .lines()
        .toList();
  }

  private static ChildJvm withoutRings() throws Exception {
    return new ChildJvm().under(Refusal.launcher(tools), EPERM);
  }

  private static List<String> starting(String start, List<String> output) {
    return output.stream().filter(line -> line.startsWith(start)).toList();
  }

  @Test
  void noRing_failsByDefault() throws Exception {
    for (String[] flags : new String[][] {{}, {"-Dio.ringspun.fallback=fail"}}) {
      List<String> output = twoChannels(withoutRings(), flags);
      List<String> refusals =
          starting("refused io.ringspun.RingUnavailableException: io_uring is not", output);
      assertEquals(2, refusals.size(), output::toString);
      assertTrue(
          refusals.getFirst().contains("security module forbids io_uring"), output::toString);
      assertTrue(refusals.getFirst().endsWith(ALLOWED), output::toString);
      assertFalse(Files.exists(directory.resolve("file")), "nothing must be done by other means");
    }
  }

  @Test
  void noRing_theJdkMayStandIn() throws Exception {
    List<String> output = twoChannels(withoutRings(), ALLOWED);
    String expected =
        "channel RingFileChannel[%s, fallback: JDK, because a seccomp profile or security module"
            .formatted(directory.resolve("file"));
    assertEquals(2, starting(expected, output).size(), output::toString);
    List<String> warnings = output.stream().filter(line -> line.contains("WARN")).toList();
    assertEquals(1, warnings.size(), output::toString);
    assertTrue(warnings.getFirst().contains("io.ringspun.file.RingFileChannel"));
    assertTrue(warnings.getFirst().contains("a seccomp profile or security module forbids"));
    assertTrue(warnings.getFirst().contains("profile that allows io_uring_setup"));
  }

  @Test
  void ring_isPreferred() throws Exception {
    List<String> output = twoChannels(new ChildJvm(), ALLOWED);
    List<String> channels = starting("channel RingFileChannel[RingFile[fd ", output);
    assertEquals(2, channels.size(), output::toString);
    assertTrue(
        channels.getFirst().matches(".*] on Ring\\[ringspun-shared-\\d+]]"), output::toString);
    assertTrue(output.stream().noneMatch(line -> line.contains("WARN")), output::toString);
  }

  /** Does to ring paths whatever a ring would be asked to do. */
  static final class RingPaths {
    public static void main(String[] arguments) throws IOException {
      Path root = RingFileSystems.wrap(Path.of(arguments[0]));
      Path file = root.resolve("file");
      Files.writeString(file, "what it holds");
      Path copy = Files.copy(file, root.resolve("copy"), StandardCopyOption.COPY_ATTRIBUTES);
      Path moved = Files.move(copy, Files.createDirectory(root.resolve("sub")).resolve("moved"));
      Files.createLink(root.resolve("link"), moved);
      Files.createSymbolicLink(root.resolve("symbolic"), moved);
      var user = Files.getFileAttributeView(moved, UserDefinedFileAttributeView.class);
      user.write("origin", ByteBuffer.wrap(new byte[5]));
      user.read("origin", ByteBuffer.allocate(user.size("origin")));
      var view = Files.getFileAttributeView(moved, PosixFileAttributeView.class);
      System.out.println("owned by " + view.readAttributes().owner());
      System.out.println("holds " + Files.readString(root.resolve("symbolic")));
      System.out.println("size " + Files.getAttribute(moved, "size"));
      System.out.println("size too " + Files.size(moved) + Files.exists(moved));
      Files.delete(file);
      try (var walk = Files.walk(root)) {
        System.out.println("left " + walk.map(root::relativize).sorted().toList());
      }
      System.out.println("by " + root.getFileSystem());
    }
  }

  @Test
  void noRing_theJdkMayStandInForPaths() throws Exception {
    List<String> output =
        withoutRings()
            .with("--enable-native-access=ALL-UNNAMED", ALLOWED)
            .run(RingPaths.class, directory.toString())
            .lines()
            .toList();
    assertEquals(1, starting("owned by ", output).size(), output::toString);
    assertEquals(List.of("holds what it holds"), starting("holds", output));
    assertEquals(List.of("size 13", "size too 13true"), starting("size", output));
    assertEquals(List.of("left [, link, sub, sub/moved, symbolic]"), starting("left", output));
    List<String> by = starting("by RingFileSystem[fallback: JDK, because a seccomp", output);
    assertEquals(1, by.size(), output::toString);
  }

  @Test
  void noRing_pathsFailByDefault() throws Exception {
    ChildJvm jvm = withoutRings().with("--enable-native-access=ALL-UNNAMED");
    AssertionError failed =
        assertThrows(AssertionError.class, () -> jvm.run(RingPaths.class, directory.toString()));
    assertTrue(failed.getMessage().contains("RingUnavailableException"), failed::getMessage);
    assertFalse(Files.exists(directory.resolve("file")), "nothing must be done by other means");
  }

  /** A mistake is told before it matters. */
  @Test
  void property_isWrong() throws Exception {
    List<String> output = twoChannels(new ChildJvm(), "-Dio.ringspun.fallback=true");
    String expected =
        "refused java.lang.IllegalArgumentException: -Dio.ringspun.fallback=true means nothing: it"
            + " must be jdk or fail";
    assertEquals(List.of(expected, expected), starting("refused ", output), output::toString);
  }

  // ---- what its channels show ----------------------------------------------------------------

  private static RingFileChannel open(Path path, OpenOption... options) throws IOException {
    return JdkBackedChannel.open("a test wants it", path, Set.of(options));
  }

  private interface Body {
    void run(RingFileChannel channel, Thread thread, FutureTask<Integer> reader) throws Exception;
  }

  /** Waits in the JDK's own read of an empty pipe. */
  private void whileBlocked(Body body) throws Exception {
    Path pipe = directory.resolve("pipe");
    Fifo.make(pipe);
    try (RingFileChannel channel = open(pipe, READ, WRITE)) {
      FutureTask<Integer> reader = new FutureTask<>(() -> channel.read(ByteBuffer.allocate(3)));
      Thread thread = Thread.ofPlatform().daemon().start(reader);
      Await.until("a blocking read", () -> isReading(thread.getStackTrace()));
      body.run(channel, thread, reader);
    }
    assertEquals(0, OpenFiles.count(pipe.toString()));
  }

  private static boolean isReading(StackTraceElement[] stack) {
    return stack.length > 0
        && stack[0].isNativeMethod()
        && stack[0].getMethodName().startsWith("read");
  }

  @Test
  void read_blocksAndCompletes() throws Exception {
    whileBlocked(
        (channel, thread, reader) -> {
          try (FileChannel writer = FileChannel.open(directory.resolve("pipe"), WRITE)) {
            writer.write(ByteBuffer.allocate(3));
          }
          assertEquals(3, reader.get());
          assertTrue(channel.isOpen());
        });
  }

  @Test
  void read_closedMeanwhile() throws Exception {
    whileBlocked(
        (channel, thread, reader) -> {
          channel.close();
          Throwable e = assertThrows(ExecutionException.class, reader::get).getCause();
          assertEquals(AsynchronousCloseException.class, e.getClass());
        });
  }

  @Test
  void read_interruptedMeanwhile() throws Exception {
    whileBlocked(
        (channel, thread, reader) -> {
          thread.interrupt();
          Throwable e = assertThrows(ExecutionException.class, reader::get).getCause();
          assertEquals(ClosedByInterruptException.class, e.getClass());
          assertFalse(channel.isOpen());
        });
  }

  /** That the other channel is for the wrong direction is seen at once only by who knows it. */
  @Test
  void transfer_showsTheJdkItsOwnChannels() throws Exception {
    Path from = Bytes.file(directory.resolve("from"), 1, 300_000);
    Path to = Bytes.file(directory.resolve("to"), 2, 0);
    try (RingFileChannel source = open(from, READ);
        RingFileChannel target = open(to, WRITE)) {
      assertThrows(NonWritableChannelException.class, () -> source.transferTo(0, 0, source));
      assertThrows(NonReadableChannelException.class, () -> target.transferFrom(target, 0, 0));
      assertEquals(299_990, source.transferTo(10, 1_000_000, target));
      assertEquals(299_990, target.position());
      assertEquals(300_000, target.transferFrom(source, 5, 1_000_000));
      assertEquals(300_000, source.position());
    }
    byte[] bytes = Files.readAllBytes(to);
    assertEquals(300_005, bytes.length);
    Bytes.check(1, 10, Arrays.copyOf(bytes, 5));
    Bytes.check(1, 0, Arrays.copyOfRange(bytes, 5, 300_005));
  }

  @Test
  void transfer_interruptedClosesBoth() throws Exception {
    Path from = Bytes.file(directory.resolve("from"), 1, 300_000);
    Path to = Bytes.file(directory.resolve("to"), 2, 0);
    try (RingFileChannel source = open(from, READ);
        RingFileChannel target = open(to, WRITE)) {
      Thread.currentThread().interrupt();
      assertThrows(ClosedByInterruptException.class, () -> source.transferTo(0, 5_000, target));
      assertTrue(Thread.interrupted());
      assertFalse(source.isOpen());
      assertFalse(target.isOpen());
    }
  }

  @Test
  void lock_isOfOurChannel() throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 100);
    try (RingFileChannel channel = open(path, READ, WRITE);
        FileLock lock = channel.tryLock(3, 5, false)) {
      assertSame(channel, lock.acquiredBy());
    }
  }

  @Test
  void option_direct() throws Exception {
    Path path = directory.resolve("file");
    try (RingFileChannel channel = open(path, CREATE, WRITE, RingOpenOption.DIRECT)) {
      assertThrows(IOException.class, () -> channel.write(ByteBuffer.allocate(5)));
      int block = (int) Files.getFileStore(directory).getBlockSize();
      assertEquals(block, channel.write(ByteBuffer.allocate(block)));
    }
  }

  @Test
  void option_ofOthers() throws Exception {
    Path link = Files.createSymbolicLink(directory.resolve("link"), directory.resolve("file"));
    assertThrows(IOException.class, () -> open(link, READ, LinkOption.NOFOLLOW_LINKS));
    UnsupportedOperationException e =
        assertThrows(
            UnsupportedOperationException.class,
            () -> open(directory, WRITE, RingOpenOption.TMPFILE));
    assertEquals("TMPFILE needs a ring", e.getMessage());
    assertNull(e.getCause());
  }

  @Test
  void path_ofAnotherFileSystem() {
    Path path = Path.of(URI.create("jrt:/java.base/module-info.class"));
    assertThrows(ProviderMismatchException.class, () -> open(path, READ));
  }

  @Test
  void attributes_ofANewFile() throws Exception {
    Set<PosixFilePermission> wanted = PosixFilePermissions.fromString("rw-r-----");
    Path path = directory.resolve("file");
    JdkBackedChannel.open(
            "a test wants it",
            path,
            Set.of(CREATE, WRITE),
            PosixFilePermissions.asFileAttribute(wanted))
        .close();
    assertEquals(wanted, Files.getPosixFilePermissions(path));
  }
}
