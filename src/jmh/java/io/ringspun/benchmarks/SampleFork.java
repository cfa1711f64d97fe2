package io.ringspun.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiConsumer;

/** A JVM of its own, with this one's flags, that prints samples of arms. */
final class SampleFork {
  private static final String MARK = "sample ";

  private SampleFork() {}

  /** In the fork: prints a sample. */
  static void print(String arm, Sample sample) {
    print(arm, sample.encode());
  }

  /** In the fork: prints figures of another kind. */
  static void print(String arm, String figures) {
    System.out.println(MARK + arm + " " + figures);
  }

  /** Runs a main class, and adds its samples to those of each arm. */
  static void run(Class<?> main, List<String> arguments, Map<String, List<Sample>> samples)
      throws IOException, InterruptedException {
    run(
        main,
        arguments,
        (arm, text) ->
            samples.computeIfAbsent(arm, _ -> new ArrayList<>()).add(Sample.parse(text)));
  }

  /** Runs a main class, and passes on each arm and its figures. */
  static void run(Class<?> main, List<String> arguments, BiConsumer<String, String> figures)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElse("java"));
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(List.of("--class-path", System.getProperty("java.class.path"), main.getName()));
    command.addAll(arguments);
    Process process =
        new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith(MARK)) {
          String[] parts = line.substring(MARK.length()).split(" ", 2);
          figures.accept(parts[0], parts[1]);
        } else {
          System.err.println(line);
        }
      }
    }
    int status = process.waitFor();
    if (status != 0) {
      throw new IllegalStateException("the JVM for " + arguments + " ended with status " + status);
    }
  }
}
