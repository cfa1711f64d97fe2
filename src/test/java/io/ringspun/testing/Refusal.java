package io.ringspun.testing;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** What starts a process that is refused {@code io_uring_setup}, as it is in many a container. */
public final class Refusal {
  private Refusal() {}

  /**
   * Compiles the launcher; its arguments are the error number and the command. Skips the calling
   * test where that cannot be done.
   *
   * @param directory where it is left for the next caller
   */
  public static String launcher(Path directory) throws IOException, InterruptedException {
    Path program = directory.resolve("refuse");
    if (!Files.exists(program)) {
      Path source = directory.resolve("refuse.c");
      try (InputStream in = Refusal.class.getResourceAsStream("/io/ringspun/refuse.c")) {
        assertNotNull(in);
        Files.copy(in, source);
      }
      assumeTrue(isThere("cc"), "there is no C compiler (cc)");
      Process compiler =
          new ProcessBuilder("cc", "-o", program.toString(), source.toString()).inheritIO().start();
      assertTrue(compiler.waitFor(30, TimeUnit.SECONDS));
      assumeTrue(
          compiler.exitValue() == 0, "the C compiler cannot build for seccomp; see its output");
    }
    return program.toString();
  }

  /** Returns whether there is such a command. */
  public static boolean isThere(String command) {
    for (String folder : System.getenv("PATH").split(":")) {
      if (Files.isExecutable(Path.of(folder, command))) {
        return true;
      }
    }
    return false;
  }
}
