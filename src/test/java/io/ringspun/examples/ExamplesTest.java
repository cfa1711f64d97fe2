package io.ringspun.examples;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.file.RingFile;
import io.ringspun.file.RingOpenOption;
import io.ringspun.testing.ExampleJvm;
import io.ringspun.testing.Once;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The small examples run, and do what they print. */
@Once
class ExamplesTest {
  @TempDir Path directory;

  @Test
  void readmeExample_runs() throws Exception {
    Path file = directory.resolve("file");
    ExampleJvm.Result result = ExampleJvm.program("ReadmeExample").arguments(file).run(directory);
    assertEquals("committed\n", result.out(), result.err());
    assertEquals("committed\0", Files.readString(file));
  }

  @Test
  void readmeExample_isTheOneInTheReadme() throws Exception {
    String readme = Files.readString(Path.of("README.md"));
    String example = Files.readString(Path.of("examples", "ReadmeExample.java"));
    assertTrue(readme.contains("```java\n" + example + "```\n"));
  }

  @Test
  void basicIo_runs() throws Exception {
    Path file = directory.resolve("file");
    assertEquals(
        """
        wrote 34 bytes, the file has 34
        read: Plain blocking
        cut to 5 bytes; a read at the end returns -1
        """,
        run("BasicIo", file));
    assertEquals("Plain", Files.readString(file));
  }

  @Test
  void linkedOps_breaksTheLinkButNotTheHardOne() throws Exception {
    assertEquals(
        """
        write, fsync, read:
          operation 0: result 27
          operation 1: result 0
          operation 2: result 27
        read: written, synced, read back
        read at the end, write:
          operation 0: result 0
          operation 1: cancelled
        read at the end, hard link, write:
          operation 0: result 0
          operation 1: result 27
        """,
        run("LinkedOps", directory.resolve("file")));
  }

  @Test
  void manyFiles_inThreeBatches() throws Exception {
    assertEquals(
        """
        120 files written, synced and read: 1,930 bytes
        the last one: file 119 of many
        """,
        run("ManyFiles", directory, 120));
    assertEquals("file 7 of many\0", Files.readString(directory.resolve("many-007.txt")));
  }

  @Test
  void directIo_comparesWhatItWrote() throws Exception {
    Path file = directory.resolve("file");
    assumeTrue(takesDirectIo(), "the file system of the temporary directory has no direct I/O");
    String out = run("DirectIo", file, 20);
    assertTrue(out.startsWith("20 MiB written, read back and compared"), out);
    assertEquals(20 << 20, Files.size(file));
    byte[] bytes = Files.readAllBytes(file);
    for (int i = 0; i < bytes.length; i += 4096) {
      assertEquals((i >> 20) + 1, bytes[i], "the byte at " + i);
    }
  }

  @Test
  void nops_countsAll() throws Exception {
    String out = run("Nops", 20, 50);
    assertTrue(out.matches("1,000 nops in .* system calls\n"), out);
  }

  @Test
  void registeredBuffers_readsWhatItWrote() throws Exception {
    Path file = directory.resolve("file");
    assertEquals(
        """
        8 buffers of 65,536 bytes
        abcdefgh
        524,288 bytes written and read back
        """,
        run("RegisteredBuffers", file));
    assertEquals(8 << 16, Files.size(file));
  }

  @Test
  void sqpoll_writesBothWays() throws Exception {
    Path file = directory.resolve("file");
    List<String> lines = run("Sqpoll", file, 10).lines().toList();
    assertEquals(2, lines.size());
    assertTrue(lines.getFirst().startsWith("usual: 40,960 bytes, "), lines::toString);
    assertTrue(lines.getLast().startsWith("SQPOLL: 40,960 bytes, "), lines::toString);
    assertEquals("x".repeat(40_960), Files.readString(file));
  }

  private boolean takesDirectIo() throws IOException {
    Path probe = Files.createFile(directory.resolve("probe"));
    try (RingFile file = RingFile.open(probe, RingOpenOption.DIRECT)) {
      return file.isOpen();
    } catch (FileSystemException _) {
      return false;
    }
  }

  private String run(String name, Object... arguments) throws Exception {
    ExampleJvm.Result result =
        ExampleJvm.program("samples." + name).arguments(arguments).run(directory);
    assertEquals(0, result.status(), result.err());
    assertEquals("", result.err());
    return result.out();
  }
}
