package io.ringspun.benchmarks;

import io.ringspun.benchmarks.TurnTable.Column;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Messages that come back: each connection sends one, waits for all of it, and sends the next. */
record EchoRequests(List<Integer> bytes, List<Integer> connections, int warmupSeconds, int seconds)
    implements EchoWork {

  @Override
  public String pointName() {
    return "Bytes | Connections";
  }

  @Override
  public List<Point> points() {
    List<Point> points = new ArrayList<>();
    for (int size : bytes) {
      for (int count : connections) {
        points.add(
            new Point("%,d | %,d".formatted(size, count), server -> run(server, size, count)));
      }
    }
    return points;
  }

  @Override
  public List<Column> columns() {
    return List.of(
        new Column("Requests/s", "%,.0f", true),
        new Column("p50 µs", "%,.0f", false),
        new Column("p99 µs", "%,.0f", true),
        new Column("CPU µs/request", "%.2f", true));
  }

  private double[] run(PinnedServer server, int size, int count)
      throws IOException, InterruptedException {
    LoadRun run =
        LoadRun.of(
            server,
            LoadRun.program("echo-load"),
            server.port(),
            count,
            size,
            warmupSeconds,
            seconds);
    long[] numbers = run.numbers();
    return new double[] {
      numbers[0] * 1e9 / numbers[1],
      numbers[2] / 1e3,
      numbers[3] / 1e3,
      run.serverNanos() / 1e3 / numbers[0]
    };
  }
}
