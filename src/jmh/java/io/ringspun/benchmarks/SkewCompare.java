package io.ringspun.benchmarks;

import io.ringspun.Ring;
import io.ringspun.RingGroup;
import io.ringspun.benchmarks.TurnTable.Column;
import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * How many messages an echo server answers, and how fast, if all threads of its connections are
 * started on one ring of a group, 90 of 100 connections are busy, and each message takes some
 * microseconds to answer.
 *
 * <pre>SkewCompare [--arms jdk,group,staying] [--rounds 3] [--forks 3] [--millis 2000]
 *     [--work MICROS,...] [--busy 90] [--light 10]</pre>
 *
 * <p>{@code jdk}: JDK sockets on the default scheduler. {@code group}: the thread that accepts
 * stays on the first ring and starts threads of the group there, which may move. {@code staying}:
 * the threads stay on the first ring as well.
 *
 * <p>The client is one platform thread. A busy connection sends the next message when an answer is
 * there, another one two milliseconds later. Each arm has JVMs of its own, in turn. The result is a
 * Markdown table of medians.
 */
public final class SkewCompare {
  private static final long LIGHT_PAUSE_NANOS = 2_000_000;
  private static final double P50 = 0.5;
  private static final double P99 = 0.99;

  private List<String> arms = List.of("jdk", "group", "staying");
  private List<Integer> work = List.of(0, 20);
  private int rounds = 3;
  private int forks = 3;
  private int millis = 2_000;
  private int busy = 90;
  private int light = 10;
  private boolean child;

  private SkewCompare(String[] args) {
    for (int i = 0; i < args.length; i += 2) {
      if (args[i].equals("--child")) {
        child = true;
        i--;
        continue;
      }
      String value = args[i + 1];
      switch (args[i]) {
        case "--arms" -> arms = List.of(value.split(","));
        case "--work" -> work = Arrays.stream(value.split(",")).map(Integer::valueOf).toList();
        case "--rounds" -> rounds = Integer.parseInt(value);
        case "--forks" -> forks = Integer.parseInt(value);
        case "--millis" -> millis = Integer.parseInt(value);
        case "--busy" -> busy = Integer.parseInt(value);
        case "--light" -> light = Integer.parseInt(value);
        default -> throw new IllegalArgumentException("unknown option: " + args[i]);
      }
    }
  }

  /**
   * Compares.
   *
   * @param args see the class comment
   */
  public static void main(String[] args) throws Exception {
    SkewCompare compare = new SkewCompare(args);
    if (compare.child) {
      compare.sample();
    } else {
      compare.run();
    }
  }

  private void run() throws IOException, InterruptedException {
    System.out.println(Figures.environment());
    System.out.printf(
        "%n%d busy and %d other connections; medians of %d runs of %d ms of each arm in turn, least"
            + " and most in brackets; × is the ratio to `%s` within a round.%n%n",
        busy, light, forks * rounds, millis, arms.getFirst());
    TurnTable table =
        new TurnTable(
            List.of(
                new Column("Messages/s", "%,.0f", true),
                new Column("p50 µs", "%,.0f", false),
                new Column("p99 µs", "%,.0f", true),
                new Column("p50 µs, others", "%,.0f", false),
                new Column("p99 µs, others", "%,.0f", true)));
    table.begin("Work µs");
    for (int micros : work) {
      for (int fork = 0; fork < forks; fork++) {
        for (String arm : arms) {
          List<String> arguments = new ArrayList<>(List.of("--child", "--arms", arm));
          arguments.addAll(List.of("--work", "" + micros, "--rounds", "" + rounds));
          arguments.addAll(List.of("--millis", "" + millis, "--busy", "" + busy));
          arguments.addAll(List.of("--light", "" + light));
          SampleFork.run(
              SkewCompare.class,
              arguments,
              (name, figures) ->
                  table.add(
                      name,
                      Arrays.stream(figures.split(" "))
                          .mapToDouble(Double::parseDouble)
                          .toArray()));
        }
      }
      table.print("" + micros);
    }
  }

  // ---- in a fork -----------------------------------------------------------------------------

  private void sample() throws IOException {
    long workNanos = work.getFirst() * 1_000L;
    for (int round = -1; round < rounds; round++) {
      try (VirtualEcho server = open(arms.getFirst(), () -> compute(workNanos))) {
        double[] figures = new Client(server).run();
        if (round >= 0) {
          SampleFork.print(
              arms.getFirst(),
              String.join(" ", Arrays.stream(figures).mapToObj(Double::toString).toList()));
        }
      }
    }
  }

  private static void compute(long nanos) {
    if (nanos > 0) {
      long end = System.nanoTime() + nanos;
      while (System.nanoTime() < end) {
        Thread.onSpinWait();
      }
    }
  }

  private static VirtualEcho open(String arm, Runnable work) throws IOException {
    if (arm.equals("jdk")) {
      return VirtualEcho.ofJdk(work);
    }
    RingGroup group = RingGroup.open();
    Ring first = group.rings().getFirst();
    return switch (arm) {
      case "group" ->
          VirtualEcho.ofRings(
              group, first::startVirtualThread, Starter.of(group.threadFactory()), work);
      case "staying" ->
          VirtualEcho.ofRings(group, first::startVirtualThread, first::startVirtualThread, work);
      default -> throw Workload.unknown(arm);
    };
  }

  /** The other end of all connections. */
  private final class Client {
    private final VirtualEcho server;
    private final Latencies ofBusy = new Latencies();
    private final Latencies ofOthers = new Latencies();

    Client(VirtualEcho server) {
      this.server = server;
    }

    double[] run() throws IOException {
      List<Connection> connections = new ArrayList<>();
      try (Selector selector = Selector.open()) {
        for (int i = 0; i < busy + light; i++) {
          connections.add(new Connection(selector, i < busy));
        }
        long start = System.nanoTime();
        long warm = start + millis * 1_000_000L / 4;
        long end = warm + millis * 1_000_000L;
        for (Connection connection : connections) {
          connection.send(start);
        }
        for (long now = start; now < end; now = System.nanoTime()) {
          selector.select(key -> ((Connection) key.attachment()).receive(warm), 1);
          for (Connection connection : connections.subList(busy, busy + light)) {
            if (connection.isDue(now)) {
              connection.send(System.nanoTime());
            }
          }
        }
        double seconds = (System.nanoTime() - warm) / 1e9;
        return new double[] {
          (ofBusy.count + ofOthers.count) / seconds,
          ofBusy.micros(P50),
          ofBusy.micros(P99),
          ofOthers.micros(P50),
          ofOthers.micros(P99)
        };
      } finally {
        for (Connection connection : connections) {
          connection.channel.close();
        }
      }
    }

    private final class Connection {
      final SocketChannel channel;
      private final boolean isBusy;
      private final ByteBuffer buffer = ByteBuffer.allocateDirect(VirtualEcho.BYTES);
      private long sentNanos;
      private long dueNanos = Long.MAX_VALUE;

      Connection(Selector selector, boolean isBusy) throws IOException {
        this.isBusy = isBusy;
        channel = SocketChannel.open(server.address());
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        channel.configureBlocking(false);
        channel.register(selector, SelectionKey.OP_READ, this);
      }

      boolean isDue(long now) {
        return now >= dueNanos;
      }

      void send(long now) throws IOException {
        dueNanos = Long.MAX_VALUE;
        sentNanos = now;
        if (channel.write(buffer.clear()) < VirtualEcho.BYTES) {
          throw new IllegalStateException("a message did not fit in the socket's buffer");
        }
        buffer.clear();
      }

      void receive(long warm) {
        try {
          if (channel.read(buffer) < 0) {
            throw new IllegalStateException("the server has closed a connection");
          }
          if (buffer.hasRemaining()) {
            return;
          }
          long now = System.nanoTime();
          if (now >= warm) {
            (isBusy ? ofBusy : ofOthers).add(now - sentNanos);
          }
          if (isBusy) {
            send(now);
          } else {
            dueNanos = now + LIGHT_PAUSE_NANOS;
          }
        } catch (IOException e) {
          throw new IllegalStateException(e);
        }
      }
    }
  }

  private static final class Latencies {
    private long[] nanos = new long[1 << 16];
    int count;

    void add(long value) {
      if (count == nanos.length) {
        nanos = Arrays.copyOf(nanos, 2 * count);
      }
      nanos[count++] = value;
    }

    double micros(double quantile) {
      long[] sorted = Arrays.copyOf(nanos, count);
      Arrays.sort(sorted);
      return sorted[(int) (quantile * (count - 1))] / 1e3;
    }
  }
}
