package io.ringspun.benchmarks;

import io.ringspun.benchmarks.TurnTable.Column;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Compares the file server of the examples with nginx, each a process kept on processor 0, by wrk
 * on processor 1. In turn, and in a table, as {@link EchoCompare} does it.
 *
 * <pre>HttpCompare [--bytes 1024,1048576] [--connections 1,100] [--rounds 5] [--seconds 5]</pre>
 */
public final class HttpCompare {
  private static final int WARMUP_ROUNDS = 2;
  private static final Pattern REQUESTS = Pattern.compile("(\\d+) requests in ([\\d.]+)s");
  private static final Pattern PERCENTILE = Pattern.compile(" (50|99)% +([\\d.]+)(us|ms|s)");
  private static final List<Column> COLUMNS =
      List.of(
          new Column("Requests/s", "%,.0f", true),
          new Column("p50 µs", "%,.0f", false),
          new Column("p99 µs", "%,.0f", true),
          new Column("CPU µs/request", "%.2f", true));

  private final Path directory = Path.of("target", "http-compare").toAbsolutePath();
  private List<Integer> bytes = List.of(1 << 10, 1 << 20);
  private List<Integer> connections = List.of(1, 100);
  private int rounds = 5;
  private int seconds = 5;

  private HttpCompare(String[] args) {
    for (int i = 0; i < args.length; i += 2) {
      String value = i + 1 < args.length ? args[i + 1] : "";
      switch (args[i]) {
        case "--bytes" -> bytes = numbers(value);
        case "--connections" -> connections = numbers(value);
        case "--rounds" -> rounds = Integer.parseInt(value);
        case "--seconds" -> seconds = Integer.parseInt(value);
        default -> throw new IllegalArgumentException("unknown option: " + args[i]);
      }
    }
  }

  private static List<Integer> numbers(String words) {
    return Arrays.stream(words.split(",")).map(Integer::valueOf).toList();
  }

  /**
   * Compares.
   *
   * @param args see the class comment
   */
  public static void main(String[] args) throws Exception {
    HttpCompare compare;
    try {
      compare = new HttpCompare(args);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.exit(2);
      return;
    }
    compare.run();
  }

  private void run() throws IOException, InterruptedException {
    makeFiles();
    System.out.println(Figures.environment());
    System.out.println();
    System.out.printf(
        "HTTP: medians of %d runs of %d s of each arm in turn, least and most in brackets; × is the"
            + " ratio to `nginx` within a round.%n%n",
        rounds, seconds);
    TurnTable table = new TurnTable(COLUMNS);
    table.begin("Bytes | Connections");
    Map<String, PinnedServer> servers = new LinkedHashMap<>();
    try {
      servers.put("nginx", PinnedServer.start(this::nginx));
      servers.put("ringCarried", PinnedServer.start(this::httpFiles));
      for (int size : bytes) {
        for (int count : connections) {
          measure(servers, size, count, table);
          table.print("%,d | %,d".formatted(size, count));
        }
      }
    } finally {
      for (PinnedServer server : servers.values()) {
        server.close();
      }
    }
  }

  private void makeFiles() throws IOException {
    Files.createDirectories(directory.resolve("files"));
    Files.createDirectories(directory.resolve("logs"));
    for (int size : bytes) {
      byte[] random = new byte[size];
      new Random(size).nextBytes(random);
      Files.write(directory.resolve("files").resolve(size + ".bin"), random);
    }
  }

  /** One process, and as little logging and reconnecting as our server does. */
  private List<String> nginx(int port) throws IOException {
    Path configuration = directory.resolve("nginx.conf");
    Files.writeString(
        configuration,
        """
        daemon off;
        master_process off;
        pid nginx.pid;
        error_log stderr;
        events { worker_connections 16384; }
        http {
          access_log off;
          sendfile on;
          tcp_nopush on;
          keepalive_requests 1000000000;
          server { listen 127.0.0.1:%d; root files; }
        }
        """
            .formatted(port));
    return List.of("nginx", "-p", directory.toString(), "-c", configuration.toString());
  }

  private List<String> httpFiles(int port) {
    List<String> command = new ArrayList<>(EchoArm.javaCommand());
    command.add("servers.HttpFiles");
    command.add("" + port);
    command.add(directory.resolve("files").toString());
    return command;
  }

  private void measure(Map<String, PinnedServer> servers, int size, int count, TurnTable table)
      throws IOException, InterruptedException {
    for (int round = -WARMUP_ROUNDS; round < rounds; round++) {
      for (Map.Entry<String, PinnedServer> server : servers.entrySet()) {
        double[] figures = wrk(server.getValue(), size, count);
        if (round >= 0) {
          table.add(server.getKey(), figures);
        }
      }
    }
  }

  private double[] wrk(PinnedServer server, int size, int count)
      throws IOException, InterruptedException {
    long before = server.cpuNanos();
    String url = "http://127.0.0.1:%d/%d.bin".formatted(server.port(), size);
    Process process =
        new ProcessBuilder(
                LoadRun.pinned("wrk", "-t1", "-c" + count, "-d" + seconds + "s", "--latency", url))
            .redirectErrorStream(true)
            .start();
    String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    long nanos = server.cpuNanos() - before;
    Matcher requests = REQUESTS.matcher(out);
    if (process.waitFor() != 0
        || !requests.find()
        || out.contains("Non-2xx")
        || out.contains("Socket errors")) {
      throw new IllegalStateException("wrk is not content: " + out);
    }
    server.awaitNoConnections();
    long done = Long.parseLong(requests.group(1));
    double[] percentiles =
        PERCENTILE.matcher(out).results().mapToDouble(HttpCompare::micros).toArray();
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
