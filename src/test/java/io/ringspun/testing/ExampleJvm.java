package io.ringspun.testing;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Runs a program of {@code examples/} in a JVM of its own, which may carry virtual threads if the
 * JVM of the test may.
 */
public final class ExampleJvm implements AutoCloseable {
  private static final long LIMIT_SECONDS = 50;

  /** How a program ended, with all that it printed. */
  public record Result(int status, String out, String err) {
    /** The lines on standard error. */
    public List<String> errLines() {
      return err.lines().toList();
    }
  }

  private final Process process;
  private final Path out;
  private final Path err;

  private ExampleJvm(Process process, Path out, Path err) {
    this.process = process;
    this.out = out;
    this.err = err;
  }

  /** A program to be started. */
  public static final class Builder {
    private final String mainClass;
    private final List<String> prefix = new ArrayList<>();
    private final List<String> flags = new ArrayList<>();
    private final List<String> arguments = new ArrayList<>();

    private Builder(String mainClass) {
      this.mainClass = mainClass;
    }

    /** Starts the JVM by way of another command. */
    public Builder by(String... command) {
      prefix.addAll(List.of(command));
      return this;
    }

    /** Adds flags for the JVM. */
    public Builder flags(String... more) {
      flags.addAll(List.of(more));
      return this;
    }

    /** Adds arguments for the program. */
    public Builder arguments(Object... more) {
      for (Object argument : more) {
        arguments.add(argument.toString());
      }
      return this;
    }

    /** Starts the program; what it prints goes to files in a directory. */
    public ExampleJvm start(Path directory) throws IOException {
      Path out = Files.createTempFile(directory, "out", ".txt");
      Path err = Files.createTempFile(directory, "err", ".txt");
      Process process =
          new ProcessBuilder(command())
              .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
              .redirectOutput(out.toFile())
              .redirectError(err.toFile())
              .start();
      return new ExampleJvm(process, out, err);
    }

    /** Runs the program to its end. */
    public Result run(Path directory) throws IOException, InterruptedException {
      try (ExampleJvm child = start(directory)) {
        return child.await();
      }
    }

    private List<String> command() {
      List<String> command = new ArrayList<>(prefix);
      command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
      command.addAll(
          List.of(
              "-ea",
              "-Xmx512m",
              "-XX:+UseSerialGC",
              "-XX:TieredStopAtLevel=1",
              "--enable-native-access=ALL-UNNAMED"));
      if (Boolean.getBoolean("io.ringspun.test.carried")) {
        command.add("--add-opens=java.base/java.lang=ALL-UNNAMED");
      }
      command.add("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn");
      command.addAll(flags);
      command.add("--class-path");
      command.add(
          Path.of("target", "examples-classes").toAbsolutePath()
              + File.pathSeparator
              + System.getProperty("java.class.path"));
      command.add(mainClass);
      command.addAll(arguments);
      return command;
    }
  }

  /** Begins the description of a program by its class's name. */
  public static Builder program(String mainClass) {
    return new Builder(mainClass);
  }

  /** Asks the program to end, by {@code SIGTERM}. */
  public void terminate() {
    process.destroy();
  }

  /** Returns whether the program runs. */
  public boolean isAlive() {
    return process.isAlive();
  }

  /** Returns what the program has printed so far. */
  public String outSoFar() throws IOException {
    return Files.readString(out);
  }

  /** Returns what the program has printed on standard error so far. */
  public String errSoFar() throws IOException {
    return Files.readString(err);
  }

  /** Waits for the program's end. */
  public Result await() throws IOException, InterruptedException {
    if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
      throw new AssertionError(
          "not over after %d s; it printed:%n%s%s"
              .formatted(LIMIT_SECONDS, Files.readString(out), Files.readString(err)));
    }
    return new Result(process.exitValue(), Files.readString(out), Files.readString(err));
  }

  @Override
  public void close() {
    process.destroyForcibly();
  }
}
