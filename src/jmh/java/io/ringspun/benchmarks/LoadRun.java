package io.ringspun.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A run of a C program that puts load on a server from processor 1. {@code src/jmh/c/build.sh}
 * makes them.
 *
 * @param numbers what the program found
 * @param serverNanos the server's CPU time between warm-up and end
 */
record LoadRun(long[] numbers, long serverNanos) {
  static Path program(String name) {
    Path program = Path.of("target", "jmh-c", name);
    if (!Files.isExecutable(program)) {
      throw new IllegalStateException(
          "there is no " + program + ": make it with sh src/jmh/c/build.sh");
    }
    return program;
  }

  /** Returns the words that start a program on the processor for load. */
  static List<String> pinned(Object... words) {
    List<String> command = new ArrayList<>(List.of("taskset", "-c", "1"));
    for (Object word : words) {
      command.add(word.toString());
    }
    return command;
  }

  /** Runs the program; it says {@code start} after its warm-up, and then prints its numbers. */
  static LoadRun of(PinnedServer server, Object... words) throws IOException, InterruptedException {
    Process process =
        new ProcessBuilder(pinned(words)).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    try (BufferedReader lines = process.inputReader(StandardCharsets.US_ASCII)) {
      String first = lines.readLine();
      long start = server.cpuNanos();
      String last = lines.readLine();
      long end = server.cpuNanos();
      if (process.waitFor() != 0 || !"start".equals(first) || last == null) {
        throw new IllegalStateException("the load failed: " + Arrays.toString(words));
      }
      server.awaitNoConnections();
      return new LoadRun(
          Arrays.stream(last.split(" ")).mapToLong(Long::parseLong).toArray(), end - start);
    }
  }
}
