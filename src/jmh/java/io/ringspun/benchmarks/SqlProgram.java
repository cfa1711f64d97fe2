package io.ringspun.benchmarks;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A process that runs {@code SqlClients}. */
final class SqlProgram implements AutoCloseable {
  private static final int END_SECONDS_MAX = 30;

  private final Process process;
  private final BufferedReader lines;
  private final Writer commands;

  private SqlProgram(Process process) {
    this.process = process;
    lines = process.inputReader(StandardCharsets.UTF_8);
    commands = process.outputWriter(StandardCharsets.US_ASCII);
  }

  /**
   * What a run brought.
   *
   * @param figures in the order of {@link Wrk#COLUMNS}
   * @param thread as what one of its threads printed itself
   */
  record Result(double[] figures, String thread) {}

  /** Starts it, and returns once its table is there. */
  static SqlProgram start(List<String> command, ProcessBuilder.Redirect errors)
      throws IOException, InterruptedException {
    SqlProgram program = new SqlProgram(new ProcessBuilder(command).redirectError(errors).start());
    try {
      program.expect("ready");
      return program;
    } catch (IOException | RuntimeException e) {
      program.close();
      throw e;
    }
  }

  /** Has so many threads query for so long. */
  Result run(int threads, int seconds) throws IOException {
    commands.write(threads + " " + 1000 * seconds + "\n");
    commands.flush();
    expect("start");
    long before = ProcessCosts.cpuNanos(process.pid());
    expect("end");
    long cpu = ProcessCosts.cpuNanos(process.pid()) - before;
    String[] words = line().split(" ", 5);
    double count = Long.parseLong(words[0]);
    return new Result(
        new double[] {
          count * 1e9 / Long.parseLong(words[1]),
          Long.parseLong(words[2]) / 1e3,
          Long.parseLong(words[3]) / 1e3,
          cpu / 1e3 / count
        },
        words[4]);
  }

  private void expect(String word) throws IOException {
    String line = line();
    if (!line.equals(word)) {
      throw new IllegalStateException("the program says " + line + ", not " + word);
    }
  }

  private String line() throws IOException {
    String line = lines.readLine();
    if (line == null) {
      throw new IllegalStateException("the program has ended");
    }
    return line;
  }

  @Override
  public void close() throws IOException, InterruptedException {
    try (lines) {
      commands.close();
      process.waitFor(END_SECONDS_MAX, TimeUnit.SECONDS);
    } finally {
      process.destroyForcibly().waitFor();
    }
  }
}
