package io.ringspun.benchmarks;

import io.ringspun.benchmarks.TurnTable.Column;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Runs of wrk, which puts load on web servers from processor 1. */
final class Wrk {
  /** The figures of a run. */
  static final List<Column> COLUMNS =
      List.of(
          new Column("Requests/s", "%,.0f", true),
          new Column("p50 µs", "%,.0f", false),
          new Column("p99 µs", "%,.0f", true),
          new Column("CPU µs/request", "%.2f", true));

  private static final Pattern REQUESTS = Pattern.compile("(\\d+) requests in ([\\d.]+)s");
  private static final Pattern PERCENTILE = Pattern.compile(" (50|99)% +([\\d.]+)(us|ms|s)");

  private Wrk() {}

  /**
   * Runs it, and returns its figures.
   *
   * @param more further options
   * @throws IllegalStateException if a request failed
   */
  static double[] run(
      PinnedServer server, String path, int connections, int seconds, String... more)
      throws IOException, InterruptedException {
    List<String> command =
        LoadRun.pinned("wrk", "-t1", "-c" + connections, "-d" + seconds + "s", "--latency");
    command.addAll(List.of(more));
    command.add("http://127.0.0.1:" + server.port() + path);
    long before = server.cpuNanos();
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    long nanos = server.cpuNanos() - before;
    Matcher requests = REQUESTS.matcher(out);
    if (process.waitFor() != 0
        || !requests.find()
        || out.contains("Non-2xx")
        || out.contains("wrong responses")
        || out.contains("Socket errors")) {
      throw new IllegalStateException("wrk is not content: " + out);
    }
    server.awaitNoConnections();
    long done = Long.parseLong(requests.group(1));
    double[] percentiles = PERCENTILE.matcher(out).results().mapToDouble(Wrk::micros).toArray();
    return new double[] {
      done / Double.parseDouble(requests.group(2)),
      percentiles[0],
      percentiles[1],
      nanos / 1e3 / done
    };
  }

  private static double micros(MatchResult percentile) {
    double factor =
        switch (percentile.group(3)) {
          case "us" -> 1;
          case "ms" -> 1e3;
          default -> 1e6;
        };
    return Double.parseDouble(percentile.group(2)) * factor;
  }
}
