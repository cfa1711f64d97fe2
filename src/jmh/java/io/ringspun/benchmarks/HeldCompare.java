package io.ringspun.benchmarks;

import io.ringspun.RingGroup;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * How long an echo server of virtual threads takes to answer at light load, while other virtual
 * threads of the same scheduler compute, or block without parking.
 *
 * <pre>HeldCompare [--rounds N] [--millis N] [--disturbers NONE,COMPUTES,...]</pre>
 *
 * <p>A round measures each arm once, in turn. The client is a platform thread that waits for each
 * answer and pauses between requests. The result is a Markdown table of medians over the rounds.
 */
public final class HeldCompare {
  private static final int CONNECTIONS = 16;
  private static final long PAUSE_NANOS = 200_000;
  private static final long COMPUTE_NANOS = 50_000_000;
  private static final double[] QUANTILES = {0.5, 0.99, 0.999};

  private HeldCompare() {}

  /** What the virtual threads beside the server do. */
  enum Disturber {
    NONE(0) {
      @Override
      void disturb() {}
    },
    /** One computes for 50 ms of every 100. */
    COMPUTES(1) {
      @Override
      void disturb() throws InterruptedException {
        long end = System.nanoTime() + COMPUTE_NANOS;
        while (System.nanoTime() < end) {
          Thread.onSpinWait();
        }
        Thread.sleep(COMPUTE_NANOS / 1_000_000);
      }
    },
    /** One opens a FIFO that nobody writes to, by the JDK. */
    FIFO(1) {
      @Override
      void disturb() throws IOException {
        try (InputStream in = new FileInputStream(Fifo.PATH.toFile())) {
          in.read();
        }
      }
    },
    /** One looks up a host, which takes two seconds. */
    RESOLVES(1) {
      @Override
      void disturb() throws IOException {
        InetAddress.getByName(SlowResolverProvider.newName());
      }
    },
    /** One sleeps for a second in a native call. */
    SLEEPS(1) {
      @Override
      void disturb() throws InterruptedException {
        sleepInNativeCall();
      }
    },
    /** Three sleep for a second each in a native call. */
    THREE_SLEEP(3) {
      @Override
      void disturb() throws InterruptedException {
        sleepInNativeCall();
      }
    };

    final int threads;

    Disturber(int threads) {
      this.threads = threads;
    }

    abstract void disturb() throws IOException, InterruptedException;

    private static void sleepInNativeCall() throws InterruptedException {
      NativeSleep.sleep(1_000_000);
      Thread.sleep(1);
    }
  }

  /** A FIFO in the directory for temporary files. */
  private static final class Fifo {
    static final Path PATH = make();

    private static Path make() {
      try {
        Path path = Files.createTempDirectory("held").resolve("fifo");
        new ProcessBuilder("mkfifo", path.toString()).start().waitFor();
        return path;
      } catch (IOException | InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }

    /** Lets readers go. */
    static void open() {
      try {
        Files.write(PATH, new byte[64]);
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  /**
   * Compares.
   *
   * @param args see the class comment
   */
  public static void main(String[] args) throws Exception {
    int rounds = 5;
    int millis = 3_000;
    List<Disturber> disturbers = List.of(Disturber.values());
    for (int i = 0; i + 1 < args.length; i += 2) {
      switch (args[i]) {
        case "--rounds" -> rounds = Integer.parseInt(args[i + 1]);
        case "--millis" -> millis = Integer.parseInt(args[i + 1]);
        case "--disturbers" ->
            disturbers = Arrays.stream(args[i + 1].split(",")).map(Disturber::valueOf).toList();
        default -> throw new IllegalArgumentException("unknown option: " + args[i]);
      }
    }
    System.out.println(Figures.environment());
    System.out.printf(
        "%n| Beside the server | Arm | p50 µs | p99 µs | p99.9 µs | requests |%n|%s%n",
        "---|".repeat(6));
    for (Disturber disturber : disturbers) {
      List<String> arms = List.of("jdk", "group");
      List<List<double[]>> all = List.of(new ArrayList<>(), new ArrayList<>());
      for (int round = -1; round < rounds; round++) {
        for (int arm = 0; arm < arms.size(); arm++) {
          double[] figures = measure(arms.get(arm), disturber, millis);
          if (round >= 0) {
            all.get(arm).add(figures);
          }
        }
      }
      for (int arm = 0; arm < arms.size(); arm++) {
        System.out.printf("| %s | %s |", disturber, arms.get(arm));
        for (int i = 0; i <= QUANTILES.length; i++) {
          int column = i;
          double[] values = all.get(arm).stream().mapToDouble(f -> f[column]).sorted().toArray();
          System.out.printf(
              " %,.0f (%,.0f – %,.0f) |",
              values[values.length / 2], values[0], values[values.length - 1]);
        }
        System.out.println();
      }
    }
    System.exit(0); // some threads may sit in a native call
  }

  private static VirtualEcho open(String arm) throws IOException {
    return switch (arm) {
      case "jdk" -> VirtualEcho.ofJdk(() -> {});
      case "group" -> {
        RingGroup group = RingGroup.open();
        Starter threads = Starter.of(group.threadFactory());
        yield VirtualEcho.ofRings(group, threads, threads, () -> {});
      }
      default -> throw Workload.unknown(arm);
    };
  }

  private static double[] measure(String arm, Disturber disturber, int millis) throws Exception {
    try (VirtualEcho server = open(arm)) {
      List<SocketChannel> clients = new ArrayList<>();
      for (int i = 0; i < CONNECTIONS; i++) {
        clients.add(SocketChannel.open(server.address()));
      }
      boolean[] stop = new boolean[1];
      List<Thread> disturbing = new ArrayList<>();
      for (int i = 0; i < disturber.threads; i++) {
        Thread thread =
            server
                .threads()
                .newThread(
                    () -> {
                      try {
                        while (!stop[0]) {
                          disturber.disturb();
                        }
                      } catch (IOException | InterruptedException e) {
                        throw new IllegalStateException(e);
                      }
                    });
        disturbing.add(thread);
        thread.start();
      }
      ByteBuffer buffer = ByteBuffer.allocateDirect(VirtualEcho.BYTES);
      long[] latencies = new long[millis * 10];
      int count = 0;
      long start = System.nanoTime();
      long warm = start + millis * 1_000_000L / 5;
      long end = start + millis * 1_000_000L;
      for (int turn = 0; System.nanoTime() < end && count < latencies.length; turn++) {
        SocketChannel client = clients.get(turn % CONNECTIONS);
        long before = System.nanoTime();
        client.write(buffer.clear());
        buffer.clear();
        while (buffer.hasRemaining() && client.read(buffer) > 0) {}
        if (before > warm) {
          latencies[count++] = System.nanoTime() - before;
        }
        LockSupport.parkNanos(PAUSE_NANOS);
      }
      if (count == 0) {
        latencies[count++] = System.nanoTime() - start; // nobody was answered
      }
      stop[0] = true;
      if (disturber == Disturber.FIFO) {
        Fifo.open();
      }
      for (Thread thread : disturbing) {
        thread.join();
      }
      for (SocketChannel client : clients) {
        client.close();
      }
      long[] sorted = Arrays.copyOf(latencies, count);
      Arrays.sort(sorted);
      double[] figures = new double[QUANTILES.length + 1];
      for (int i = 0; i < QUANTILES.length; i++) {
        figures[i] = sorted[(int) (QUANTILES[i] * (count - 1))] / 1e3;
      }
      figures[QUANTILES.length] = count;
      return figures;
    }
  }
}
