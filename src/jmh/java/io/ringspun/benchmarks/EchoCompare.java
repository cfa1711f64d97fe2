package io.ringspun.benchmarks;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Compares echo servers, each a process of its own that is kept on processor 0, with the load on
 * processor 1. Arms run in turn, A B C A B C, and the result is a Markdown table of medians with
 * their spread; ratios are taken within each round, then their median.
 *
 * <pre>EchoCompare requests|accepts|idle [--arms A,B,...] [--bytes N,M,...]
 *     [--connections N,M,...] [--rounds 5] [--forks 3] [--warmup SECONDS] [--seconds SECONDS]</pre>
 *
 * <p>The first arm is the yardstick. For each point of the table, servers are started once for each
 * fork; the first of their rounds is for warm-up, and so are the first seconds of every run.
 */
public final class EchoCompare {
  private final EchoWork work;
  private List<EchoArm> arms = List.of(EchoArm.values());
  private List<Integer> bytes = List.of(64, 16 << 10);
  private List<Integer> connections = List.of(1, 100, 1000, 10_000);
  private int rounds = 5;
  private int forks = 3;
  private int warmupSeconds = 2;
  private int seconds = 5;

  private EchoCompare(String[] args) {
    for (int i = 1; i < args.length; i += 2) {
      if (i + 1 == args.length) {
        throw new IllegalArgumentException(args[i] + " needs a value");
      }
      String value = args[i + 1];
      switch (args[i]) {
        case "--arms" -> arms = Arrays.stream(value.split(",")).map(EchoArm::named).toList();
        case "--bytes" -> bytes = numbers(value);
        case "--connections" -> connections = numbers(value);
        case "--rounds" -> rounds = Integer.parseInt(value);
        case "--forks" -> forks = Integer.parseInt(value);
        case "--warmup" -> warmupSeconds = Integer.parseInt(value);
        case "--seconds" -> seconds = Integer.parseInt(value);
        default -> throw new IllegalArgumentException("unknown option: " + args[i]);
      }
    }
    work =
        switch (args.length == 0 ? "" : args[0]) {
          case "requests" -> new EchoRequests(bytes, connections, warmupSeconds, seconds);
          case "accepts" -> new EchoAccepts(warmupSeconds, seconds);
          case "idle" -> new EchoIdle(connections);
          default -> throw new IllegalArgumentException("which of requests, accepts, idle?");
        };
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
    EchoCompare compare;
    try {
      compare = new EchoCompare(args);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.exit(2);
      return;
    }
    compare.run();
  }

  private void run() throws Exception {
    System.out.println(Figures.environment());
    System.out.println();
    System.out.printf(
        "%s: medians of %d runs of each arm in turn (%d processes each, %d rounds), least and most"
            + " in brackets; × is the ratio to `%s` within a round.%n%n",
        work,
        forks * rounds,
        work.needsFreshServer() ? forks * rounds : forks,
        rounds,
        arms.getFirst());
    TurnTable table = new TurnTable(work.columns());
    table.begin(work.pointName());
    for (EchoWork.Point point : work.points()) {
      for (int fork = 0; fork < forks; fork++) {
        if (work.needsFreshServer()) {
          measureFresh(point, table);
        } else {
          measureWarm(point, table);
        }
      }
      table.print(point.name());
    }
  }

  private void measureFresh(EchoWork.Point point, TurnTable table) throws Exception {
    for (int round = 0; round < rounds; round++) {
      for (EchoArm arm : arms) {
        try (PinnedServer server = PinnedServer.start(arm::command)) {
          table.add(arm.toString(), point.measure().of(server));
        }
      }
    }
  }

  private void measureWarm(EchoWork.Point point, TurnTable table) throws Exception {
    Map<EchoArm, PinnedServer> servers = new LinkedHashMap<>();
    try {
      for (EchoArm arm : arms) {
        servers.put(arm, PinnedServer.start(arm::command));
      }
      for (int round = -1; round < rounds; round++) {
        for (Map.Entry<EchoArm, PinnedServer> server : servers.entrySet()) {
          double[] figures = point.measure().of(server.getValue());
          if (round >= 0) {
            table.add(server.getKey().toString(), figures);
          }
        }
      }
    } finally {
      for (PinnedServer server : servers.values()) {
        server.close();
      }
    }
  }
}
