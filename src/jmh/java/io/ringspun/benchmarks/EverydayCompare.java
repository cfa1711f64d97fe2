package io.ringspun.benchmarks;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Compares everyday file work through the drop-ins with the JDK's own: the arms in turn, a JVM of
 * its own for each row and number of threads, several of them. Prints a Markdown table of median
 * ratios within a round, with the least and the most.
 *
 * <pre>EverydayCompare [--work A,B,...] [--arms carried,default,platform] [--threads N,M]
 *     [--rounds 5] [--forks 1] [--warmups 3] [--millis 200]</pre>
 */
public final class EverydayCompare {
  private List<EverydayWork> works = List.of(EverydayWork.values());
  private List<String> arms = List.of("carried", "default");
  private List<Integer> threads = List.of();
  private int rounds = 5;
  private int forks = 1;
  private int warmups = 3;
  private int millis = 200;
  private boolean child;

  private EverydayCompare(String[] args) {
    for (int i = 0; i < args.length; i++) {
      switch (args[i]) {
        case "--work" ->
            works = Arrays.stream(args[++i].split(",")).map(EverydayWork::named).toList();
        case "--arms" -> arms = List.of(args[++i].split(","));
        case "--threads" ->
            threads = Arrays.stream(args[++i].split(",")).map(Integer::valueOf).toList();
        case "--rounds" -> rounds = Integer.parseInt(args[++i]);
        case "--forks" -> forks = Integer.parseInt(args[++i]);
        case "--warmups" -> warmups = Integer.parseInt(args[++i]);
        case "--millis" -> millis = Integer.parseInt(args[++i]);
        case "--child" -> child = true;
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
    EverydayCompare compare;
    try {
      compare = new EverydayCompare(args);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.exit(2);
      return;
    }
    if (compare.child) {
      compare.sample(compare.works.getFirst(), compare.threads.getFirst());
    } else {
      compare.run();
    }
  }

  // ---- in a fork -----------------------------------------------------------------------------

  private void sample(EverydayWork work, int count) throws Exception {
    Map<String, Arm> opened = new LinkedHashMap<>();
    for (String arm : arms) {
      String yardstick = EverydayArm.yardstick(arm);
      if (!opened.containsKey(yardstick)) {
        opened.put(yardstick, EverydayArm.open(work, yardstick, count));
      }
      opened.put(arm, EverydayArm.open(work, arm, count));
    }
    int operations = calibrated(opened.values().iterator().next(), count);
    for (int round = -warmups; round < rounds; round++) {
      for (Map.Entry<String, Arm> arm : opened.entrySet()) {
        System.gc(); // what an arm leaves behind is not the next one's to clear away
        Sample sample = arm.getValue().measure(operations);
        if (round >= 0) {
          SampleFork.print(arm.getKey(), sample);
        }
      }
    }
    for (Arm arm : opened.values()) {
      arm.close();
    }
  }

  /** Returns how many operations the JDK does in the time that a run is to take. */
  private int calibrated(Arm yardstick, int count) throws Exception {
    int operations = 16 * count;
    yardstick.measure(operations); // the first run loads classes
    while (true) {
      Sample sample = yardstick.measure(operations);
      if (sample.nanos() > millis * 500_000L) {
        return (int) (sample.rate() * millis / 1000 / count + 1) * count;
      }
      operations *= 2;
    }
  }

  // ---- in the process that was started -------------------------------------------------------

  private void run() throws IOException, InterruptedException {
    System.out.println(Figures.environment());
    System.out.println();
    System.out.printf(
        "Everyday file work: medians of %d runs of each arm in turn (%d JVMs for each line, %d"
            + " rounds after %d for warm-up), least and most in brackets; ratios to the JDK's way"
            + " within a round.%n%n",
        forks * rounds, forks, rounds, warmups);
    System.out.println(
        "| Work | Threads | Arm | Operations/s of the JDK | × rate | × CPU | Heap bytes, JDK |"
            + " Heap bytes |");
    System.out.println("|---|---|---|---|---|---|---|---|");
    for (EverydayWork work : works) {
      for (int count : threads.isEmpty() ? work.threads() : threads) {
        Map<String, List<Sample>> samples = new LinkedHashMap<>();
        for (int fork = 0; fork < forks; fork++) {
          fork(work, count, samples);
        }
        for (String arm : arms) {
          report(work, count, arm, samples);
        }
      }
    }
  }

  private void fork(EverydayWork work, int count, Map<String, List<Sample>> samples)
      throws IOException, InterruptedException {
    List<String> arguments = new ArrayList<>(List.of("--child", "--work", work.name()));
    arguments.addAll(List.of("--arms", String.join(",", arms), "--threads", "" + count));
    arguments.addAll(List.of("--rounds", "" + rounds, "--warmups", "" + warmups));
    arguments.addAll(List.of("--millis", "" + millis));
    SampleFork.run(EverydayCompare.class, arguments, samples);
  }

  private static void report(
      EverydayWork work, int count, String arm, Map<String, List<Sample>> samples) {
    List<Sample> own = samples.getOrDefault(arm, List.of());
    List<Sample> jdk = samples.getOrDefault(EverydayArm.yardstick(arm), List.of());
    System.out.printf(
        "| %s | %,d | %s | %s | %s | %s | %s | %s |%n",
        work.title(),
        count,
        arm,
        Figures.of(jdk.stream().mapToDouble(Sample::rate).toArray(), "%,.0f"),
        Figures.ratios(
            own.stream().mapToDouble(Sample::rate).toArray(),
            jdk.stream().mapToDouble(Sample::rate).toArray()),
        Figures.ratios(
            own.stream().mapToDouble(Sample::cpuMicros).toArray(),
            jdk.stream().mapToDouble(Sample::cpuMicros).toArray()),
        Figures.of(jdk.stream().mapToDouble(Sample::bytes).toArray(), "%.0f"),
        Figures.of(own.stream().mapToDouble(Sample::bytes).toArray(), "%.0f"));
    System.out.flush();
  }
}
