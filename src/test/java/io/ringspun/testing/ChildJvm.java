package io.ringspun.testing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A JVM of its own, for what can only be told to one at its start. */
public final class ChildJvm {
  private final List<String> before = new ArrayList<>();
  private final List<String> flags = new ArrayList<>();

  /** Puts a command before {@code java}, such as one that lowers a limit. */
  public ChildJvm under(String... command) {
    before.addAll(List.of(command));
    return this;
  }

  /** Adds flags of the JVM. */
  public ChildJvm with(String... more) {
    flags.addAll(List.of(more));
    return this;
  }

  /** Adds the flags that this JVM has for rings. */
  public ChildJvm withFlagsOfThisOne() {
    with("--enable-native-access=ALL-UNNAMED", "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn");
    return Boolean.getBoolean("io.ringspun.test.carried")
        ? with("--add-opens=java.base/java.lang=ALL-UNNAMED")
        : this;
  }

  private ProcessBuilder command(Class<?> main, String... arguments) {
    List<String> command = new ArrayList<>(before);
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    command.addAll(flags);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), main.getName()));
    command.addAll(List.of(arguments));
    return new ProcessBuilder(command);
  }

  /** Runs a main class, which must end well, and returns what it printed, errors too. */
  public String run(Class<?> main, String... arguments) throws IOException, InterruptedException {
    Path output = Files.createTempFile("child", ".txt");
    try {
      Process process =
          command(main, arguments)
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
      boolean ended = process.waitFor(40, TimeUnit.SECONDS);
      if (!ended) {
        process.destroyForcibly().waitFor();
      }
      String text = Files.readString(output, StandardCharsets.UTF_8);
      assertTrue(ended, () -> "the child hangs: " + text);
      assertEquals(0, process.exitValue(), text);
      return text;
    } finally {
      Files.delete(output);
    }
  }

  /**
   * Runs a main class that does not end by itself, kills it ({@code SIGKILL}) when it has printed
   * so many lines, and returns all that it has printed.
   */
  public List<String> killAfter(int lines, Class<?> main, String... arguments) throws IOException {
    Path errors = Files.createTempFile("child", ".txt");
    try {
      Process process = command(main, arguments).redirectError(errors.toFile()).start();
      List<String> printed = new ArrayList<>();
      try (BufferedReader out = process.inputReader()) {
        for (String line = out.readLine(); line != null; line = out.readLine()) {
          printed.add(line);
          if (printed.size() == lines) {
            process.toHandle().destroyForcibly(); // leaves what it has printed to be read
          }
        }
      } finally {
        process.destroyForcibly().onExit().join();
      }
      String said = Files.readString(errors);
      assertTrue(printed.size() >= lines, () -> "it ended by itself: " + said);
      return printed;
    } finally {
      Files.delete(errors);
    }
  }
}
