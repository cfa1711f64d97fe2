package io.ringspun.benchmarks;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The same by a C program in a process of its own, one thread with batches of a given size: what
 * the kernel charges when no Java is in the way. {@code src/jmh/c/build.sh} makes the program.
 */
final class NativeNops extends Arm {
  private static final Path PROGRAM =
      Path.of(System.getProperty("io.ringspun.benchmark.nop", "target/jmh-c/nop"));

  private static final int FACTOR = 10; // or it would be over before the clock has moved

  private final int batch;

  NativeNops(int batch) {
    if (!Files.isExecutable(PROGRAM)) {
      throw new IllegalStateException(
          "there is no " + PROGRAM + ": make it with sh src/jmh/c/build.sh");
    }
    this.batch = batch;
  }

  @Override
  void run(int operations) throws Exception {
    measure(operations);
  }

  @Override
  Sample measure(int operations) throws Exception {
    Process process =
        new ProcessBuilder(PROGRAM.toString(), "" + batch, "" + FACTOR * operations)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String line = new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII);
    if (process.waitFor() != 0) {
      throw new IllegalStateException(PROGRAM + " failed");
    }
    return Sample.parse(line.strip() + " 0");
  }
}
