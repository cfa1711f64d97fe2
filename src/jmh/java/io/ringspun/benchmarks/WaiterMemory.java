package io.ringspun.benchmarks;

import io.ringspun.Ring;
import io.ringspun.net.RingDatagramSocket;
import io.ringspun.net.RingListener;
import io.ringspun.os.RingTimer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * Memory of virtual threads that wait on a ring, and the time of an operation beside them. A JVM of
 * its own for each line. "park" is a thread that waits for nothing: what the others take beyond
 * that is the library's.
 *
 * <pre>WaiterMemory [--kinds park,timer,accept,receive] [--waiters 10000,100000,1000000]</pre>
 */
public final class WaiterMemory {
  private static final int WARMUP_WAITERS = 2_000;
  private static final int NOPS = 100_000;

  private final Ring ring;
  private final InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

  private WaiterMemory() throws IOException {
    ring = Ring.open();
  }

  /** Waits for something that never comes. */
  private interface Wait {
    void run() throws IOException;
  }

  /**
   * Measures.
   *
   * @param args see the class comment
   */
  public static void main(String[] args) throws Exception {
    List<String> kinds = List.of("park", "timer", "accept", "receive");
    List<String> waiters = List.of("10000", "100000", "1000000");
    boolean child = false;
    for (int i = 0; i < args.length; i++) {
      switch (args[i]) {
        case "--kinds" -> kinds = List.of(args[++i].split(","));
        case "--waiters" -> waiters = List.of(args[++i].split(","));
        case "--child" -> child = true;
        default -> {
          System.err.println("unknown option: " + args[i]);
          System.exit(2);
        }
      }
    }
    if (child) {
      new WaiterMemory().measure(kinds.getFirst(), Integer.parseInt(waiters.getFirst()));
      return;
    }
    System.out.println(Figures.environment());
    System.out.println();
    System.out.println(
        "| Waits for | Threads | heap bytes each | resident bytes each | nop, ns, before | beside"
            + " them |");
    System.out.println("|---|---|---|---|---|---|");
    for (String kind : kinds) {
      for (String count : waiters) {
        fork(kind, count);
      }
    }
  }

  private static void fork(String kind, String count) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(ProcessHandle.current().info().command().orElse("java"));
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.addAll(List.of("--class-path", System.getProperty("java.class.path")));
    command.addAll(List.of(WaiterMemory.class.getName(), "--child"));
    command.addAll(List.of("--kinds", kind, "--waiters", count));
    int status = new ProcessBuilder(command).inheritIO().start().waitFor();
    if (status != 0) {
      throw new IllegalStateException(kind + " with " + count + " ended with status " + status);
    }
  }

  // ---- in a fork -----------------------------------------------------------------------------

  private void measure(String kind, int count) throws Exception {
    Wait wait = waitFor(kind);
    boolean isOnRing = !kind.equals("park");
    start(wait, WARMUP_WAITERS, isOnRing);
    double nopsBefore = nopNanos();
    long heapBefore = heapBytes();
    long residentBefore = residentBytes();
    start(wait, count, isOnRing);
    long heap = heapBytes() - heapBefore;
    long resident = residentBytes() - residentBefore;
    System.out.printf(
        "| %s | %,d | %,d | %,d | %.0f | %.0f |%n",
        kind, count, heap / count, resident / count, nopsBefore, nopNanos());
    System.out.flush();
    Runtime.getRuntime().halt(0); // the threads wait for ever
  }

  private Wait waitFor(String kind) throws IOException {
    return switch (kind) {
      case "park" -> LockSupport::park;
      case "timer" -> () -> RingTimer.sleep(ring, Duration.ofDays(1));
      case "accept" -> {
        RingListener listener = RingListener.bind(ring, any);
        yield listener::accept;
      }
      case "receive" -> {
        RingDatagramSocket socket = RingDatagramSocket.bind(ring, any);
        ByteBuffer target = ByteBuffer.allocateDirect(1); // of all: nothing ever comes
        yield () -> socket.receive(target);
      }
      default -> throw new IllegalArgumentException(kind);
    };
  }

  /** Starts threads, and returns when all of them wait. */
  private void start(Wait wait, int count, boolean isOnRing) throws InterruptedException {
    int before = ring.metrics().inFlight();
    Thread last = Thread.currentThread();
    for (int i = 0; i < count; i++) {
      last = ring.startVirtualThread(() -> run(wait));
      if (i % 1_000 == 0) {
        Thread.sleep(1); // the ring keeps up
      }
    }
    while (last.getState() != Thread.State.WAITING
        || (isOnRing && ring.metrics().inFlight() < before + count)) {
      Thread.sleep(10);
    }
  }

  private static void run(Wait wait) {
    try {
      wait.run();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Returns how long an operation takes that waits for nothing: the least of several runs. */
  private double nopNanos() throws Exception {
    double[] runs = new double[10];
    for (int i = 0; i < runs.length; i++) {
      int run = i;
      ring.startVirtualThread(() -> runs[run] = nops()).join();
    }
    return Arrays.stream(runs).min().orElseThrow();
  }

  private double nops() {
    long begin = System.nanoTime();
    try {
      for (int i = 0; i < NOPS; i++) {
        ring.nop();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return (double) (System.nanoTime() - begin) / NOPS;
  }

  private static long heapBytes() {
    System.gc();
    System.gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  private static long residentBytes() throws IOException {
    try (var lines = Files.lines(Path.of("/proc/self/status"))) {
      String rss = lines.filter(line -> line.startsWith("VmRSS")).findFirst().orElseThrow();
      return Long.parseLong(rss.replaceAll("[^0-9]", "")) << 10;
    }
  }
}
