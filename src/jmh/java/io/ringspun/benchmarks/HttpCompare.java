package io.ringspun.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Compares the file server of the examples with nginx, each a process kept on processor 0, by wrk
 * on processor 1. In turn, and in a table, as {@link EchoCompare} does it.
 *
 * <pre>HttpCompare [--bytes 1024,1048576] [--connections 1,100] [--rounds 5] [--seconds 5]</pre>
 */
public final class HttpCompare {
  private static final int WARMUP_ROUNDS = 2;
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
    TurnTable table = new TurnTable(Wrk.COLUMNS);
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
        double[] figures = Wrk.run(server.getValue(), "/" + size + ".bin", count, seconds);
        if (round >= 0) {
          table.add(server.getKey(), figures);
        }
      }
    }
  }
}
