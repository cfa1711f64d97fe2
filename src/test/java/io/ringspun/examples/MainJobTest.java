package io.ringspun.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.testing.ExampleJvm;
import io.ringspun.testing.Once;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The main job, as a newcomer starts it: what it prints, and that whatever is in the way is told in
 * one line, with an exit status that is not 0 and nothing left behind.
 */
@Once
class MainJobTest {
  private static final int ROWS = 23;
  private static final int COLUMNS = 98;

  @TempDir Path directory;
  private Path work;
  private List<String> tiny = List.of();

  @BeforeEach
  void makeWorkDirectory() throws IOException {
    work = Files.createDirectory(directory.resolve("work"));
  }

  @Test
  void quick_printsTableAndFindsDigestsEqual() throws Exception {
    checkGood(job("--quick", file(3_000_001)).run(directory));
  }

  @Test
  void quick_fileSmallerThanBlock() throws Exception {
    checkGood(job("--quick", file(100)).run(directory));
  }

  private void checkGood(ExampleJvm.Result result) throws IOException {
    assertEquals("", result.err());
    assertEquals(0, result.status(), result.out());
    String out = result.out();
    assertTrue(out.contains("the digests of all %d rows agree".formatted(measured(out))), out);
    List<String> rows = rows(out);
    assertEquals(ROWS, rows.size(), out);
    for (String row : rows) {
      assertTrue(row.length() == COLUMNS || row.endsWith("see below"), row);
    }
    assertEquals(ROWS + 1, out.lines().filter(line -> line.startsWith("[")).count(), out);
    assertNothingLeft();
  }

  /** The lines between the head of the table and the empty line after it. */
  private static List<String> rows(String out) {
    return out.lines()
        .dropWhile(line -> !line.startsWith("work "))
        .skip(1)
        .takeWhile(line -> line.matches(".* (cached|direct|synced) .*"))
        .toList();
  }

  private static long measured(String out) {
    return rows(out).stream().filter(row -> !row.endsWith("see below")).count();
  }

  @Test
  void help_printsUsage() throws Exception {
    ExampleJvm.Result result = job("--help").run(directory);
    assertEquals(0, result.status(), result.err());
    assertTrue(result.out().startsWith("usage: "), result.out());
  }

  @Test
  void noSuchFile_oneLine() throws Exception {
    assertRefused(1, "no such file", job(directory.resolve("absent")));
  }

  @Test
  void directory_oneLine() throws Exception {
    assertRefused(1, "is a directory", job(directory));
  }

  @Test
  void device_oneLine() throws Exception {
    assertRefused(1, "not a regular file", job("/dev/zero"));
  }

  @Test
  void emptyFile_oneLine() throws Exception {
    assertRefused(2, "is empty", job(file(0)));
  }

  @Test
  void wrongUsage_oneLine() throws Exception {
    assertRefused(2, "unknown option --slow", job("--slow"));
  }

  @Test
  void unreadableFile_oneLine() throws Exception {
    Path file = file(100);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("---------"));
    ExampleJvm.Builder job = job(file);
    if (Files.isReadable(file)) { // root may read everything, unless it gives that up
      assumeTrue(Files.isExecutable(Path.of("/usr/bin/setpriv")), "root, and no setpriv(1)");
      String less = "-dac_override,-dac_read_search";
      job.by("/usr/bin/setpriv", "--bounding-set=" + less, "--inh-caps=" + less);
    }
    assertRefused(1, "permission denied", job);
  }

  @Test
  void noWorkDirectory_oneLine() throws Exception {
    ExampleJvm.Builder job = ExampleJvm.program("demo.MainJob").flags("-Dwork=" + file(1));
    assertRefused(1, "not a directory to write to", job.arguments("--quick", file(100)));
  }

  @Test
  void noRoomForCopy_oneLine() throws Exception {
    mountTiny();
    assertRefused(1, "no space left for a copy", job("--quick", file(1 << 20)));
  }

  /** There is room for the copy but not for the log, so it is the kernel that says so. */
  @Test
  void diskFull_oneLine() throws Exception {
    mountTiny();
    assertRefused(1, "no space left", job("--quick", file(200 << 10)));
  }

  /**
   * Has the job run with a file system of 256 KiB mounted over its work directory, in a namespace
   * of its own. Status 99 means that it left files there.
   */
  private void mountTiny() throws Exception {
    String script =
        """
        mount -t tmpfs -o size=256k tiny "$0" || exit
        "$@"
        status=$?
        [ -z "$(ls -A "$0")" ] && exit $status || exit 99
        """;
    tiny = List.of("unshare", "--mount", "sh", "-c", script, work.toString());
    List<String> probe = Stream.concat(tiny.stream(), Stream.of("true")).toList();
    boolean mounts;
    try {
      mounts = new ProcessBuilder(probe).start().waitFor() == 0;
    } catch (IOException _) {
      mounts = false;
    }
    assumeTrue(mounts, "a small file system cannot be mounted: that takes root and unshare(1)");
  }

  @Test
  void ioUringUnavailable_oneLine() throws Exception {
    ExampleJvm.Builder job = job("--quick", file(100)).flags("-Dio.ringspun.liburing=/absent.so");
    assertRefused(1, "io_uring is not available", job);
  }

  /** Another process keeps changing the file, so that the two ways cannot read the same. */
  @Test
  void fileChangesMeanwhile_digestsDiffer() throws Exception {
    Path file = file(64 << 10);
    ByteBuffer bytes = ByteBuffer.allocateDirect(64 << 10);
    byte[] line = new byte[bytes.capacity()];
    try (ExampleJvm child = job("--quick", file).start(directory);
        FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      for (byte value = 0; child.isAlive(); value++) {
        Arrays.fill(line, value);
        channel.write(bytes.clear().put(line).flip(), 0);
      }
      ExampleJvm.Result result = child.await();
      assertEquals(3, result.status(), result.out());
      assertOneLine("came to different bytes", result);
      assertNothingLeft();
    }
  }

  @Test
  void fileCutMeanwhile_oneLine() throws Exception {
    Path file = file(1 << 20);
    try (ExampleJvm child = job(file).start(directory)) {
      awaitWork(child);
      Files.write(file, new byte[10]);
      ExampleJvm.Result result = child.await();
      assertEquals(1, result.status(), result.out());
      assertOneLine("became shorter while it was read", result);
      assertNothingLeft();
    }
  }

  @Test
  void terminated_leavesNothing() throws Exception {
    try (ExampleJvm child = job(file(100_000)).start(directory)) {
      awaitWork(child);
      child.terminate();
      ExampleJvm.Result result = child.await();
      assertEquals(143, result.status(), result.err());
      assertEquals("", result.err());
      assertNothingLeft();
    }
  }

  /** Waits until the job has begun. */
  private void awaitWork(ExampleJvm child) throws IOException {
    while (isEmpty(work)) {
      assertTrue(child.isAlive(), "the job ended before it made its directory");
      LockSupport.parkNanos(1_000_000);
    }
  }

  private ExampleJvm.Builder job(Object... arguments) {
    return ExampleJvm.program("demo.MainJob")
        .by(tiny.toArray(String[]::new))
        .flags("-Dwork=" + work)
        .arguments(arguments);
  }

  private void assertRefused(int status, String message, ExampleJvm.Builder job) throws Exception {
    ExampleJvm.Result result = job.run(directory);
    assertOneLine(message, result);
    assertEquals(status, result.status());
    assertFalse(result.out().contains("\tat "), result.out());
    assertNothingLeft();
  }

  private static void assertOneLine(String message, ExampleJvm.Result result) {
    assertEquals(1, result.errLines().size(), result.err());
    assertTrue(result.err().startsWith("ringspun: "), result.err());
    assertTrue(result.err().contains(message), result.err());
  }

  private void assertNothingLeft() throws IOException {
    assertTrue(isEmpty(work), "the job left files behind");
  }

  private static boolean isEmpty(Path path) throws IOException {
    try (Stream<Path> files = Files.list(path)) {
      return files.findAny().isEmpty();
    }
  }

  private Path file(int size) throws IOException {
    byte[] bytes = new byte[size];
    new Random(size).nextBytes(bytes);
    return Files.write(directory.resolve("file-" + size), bytes);
  }
}
