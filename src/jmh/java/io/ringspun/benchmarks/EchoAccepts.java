package io.ringspun.benchmarks;

import io.ringspun.benchmarks.TurnTable.Column;
import java.io.IOException;
import java.util.List;

/** Connections that are opened, echo one byte, and are closed; 64 at once. */
record EchoAccepts(int warmupSeconds, int seconds) implements EchoWork {
  @Override
  public String pointName() {
    return "At once";
  }

  @Override
  public List<Point> points() {
    return List.of(new Point("64", this::run));
  }

  @Override
  public List<Column> columns() {
    return List.of(
        new Column("Connections/s", "%,.0f", true), new Column("CPU µs/connection", "%.2f", true));
  }

  private double[] run(PinnedServer server) throws IOException, InterruptedException {
    LoadRun run =
        LoadRun.of(server, LoadRun.program("accept-load"), server.port(), warmupSeconds, seconds);
    long[] numbers = run.numbers();
    return new double[] {
      numbers[0] * 1e9 / numbers[1], run.serverNanos() / 1e3 / numbers[0],
    };
  }
}
