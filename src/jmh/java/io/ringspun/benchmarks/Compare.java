package io.ringspun.benchmarks;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToDoubleFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Runs the arms of one workload in turn, A B C A B C, so that whatever else the machine does meets
 * all of them, and prints a Markdown table of medians with their spread. Ratios are taken within
 * each round, then their median.
 *
 * <pre>Compare WORKLOAD [--arms A,B,...] [--threads N,M,...] [--rounds 5] [--forks 3]
 *     [--warmups 3] [--operations N] [--isolate]</pre>
 *
 * <p>The first arm is the yardstick. Each fork is a fresh JVM, with this one's flags, that runs all
 * arms, after warm-up rounds that do not count. With {@code --isolate} each arm has JVMs of its
 * own, still in turn, so that no arm profits or suffers from what the compiler learned of another.
 */
public final class Compare {
  private static final Pattern ARM_OF_RING =
      Pattern.compile("(?:ring|batch|chain)(Carried|Default|Platform)");

  private final Workload workload;
  private final boolean child;
  private List<String> arms;
  private List<Integer> threads;
  private int operations;
  private int rounds = 5;
  private int forks = 3;
  private int warmups = 3;
  private boolean isolate;

  private Compare(String[] args) {
    if (args.length == 0) {
      throw new IllegalArgumentException("which of " + Arrays.toString(Workload.values()) + "?");
    }
    workload = Workload.named(args[0]);
    arms = workload.arms();
    threads = workload.threads();
    operations = workload.operations();
    boolean isChild = false;
    for (int i = 1; i < args.length; i++) {
      switch (args[i]) {
        case "--arms" -> arms = List.of(args[++i].split(","));
        case "--threads" ->
            threads = Arrays.stream(args[++i].split(",")).map(Integer::valueOf).toList();
        case "--rounds" -> rounds = Integer.parseInt(args[++i]);
        case "--forks" -> forks = Integer.parseInt(args[++i]);
        case "--warmups" -> warmups = Integer.parseInt(args[++i]);
        case "--operations" -> operations = Integer.parseInt(args[++i]);
        case "--isolate" -> isolate = true;
        case "--child" -> isChild = true;
        default -> throw new IllegalArgumentException("unknown option: " + args[i]);
      }
    }
    child = isChild;
  }

  /**
   * Compares.
   *
   * @param args see the class comment
   */
  public static void main(String[] args) throws Exception {
    Compare compare;
    try {
      compare = new Compare(args);
    } catch (IllegalArgumentException e) {
      System.err.println(e.getMessage());
      System.exit(2);
      return;
    }
    if (compare.child) {
      compare.sample();
    } else {
      compare.run();
    }
  }

  /**
   * Compares, and returns how the arms of a ring compare with the first arm.
   *
   * @param args see the class comment
   */
  static List<Ratio> ratios(String... args) throws IOException, InterruptedException {
    return new Compare(args).run();
  }

  // ---- in a fork -----------------------------------------------------------------------------

  /** Measures the arms in turn; every sample is a line of output. */
  private void sample() throws Exception {
    Map<String, Arm> opened = new LinkedHashMap<>();
    try {
      for (String arm : arms) {
        opened.put(arm, workload.open(arm, threads.getFirst()));
      }
      for (int round = -warmups; round < rounds; round++) {
        for (Map.Entry<String, Arm> arm : opened.entrySet()) {
          System.gc(); // what an arm leaves behind is not the next one's to clear away
          Sample sample = arm.getValue().measure(operations);
          if (round >= 0) {
            SampleFork.print(arm.getKey(), sample);
          }
        }
      }
    } finally {
      for (Arm arm : opened.values()) {
        arm.close();
      }
    }
  }

  // ---- in the process that was started -------------------------------------------------------

  private List<Ratio> run() throws IOException, InterruptedException {
    System.out.println(Figures.environment());
    System.out.println();
    System.out.printf(
        "`%s`: %,d operations a run; medians of %d runs of each arm in turn (%d JVMs%s, %d rounds"
            + " after %d for warm-up), least and most in brackets; ratios to `%s` within a"
            + " round.%n",
        workload.name().toLowerCase(Locale.ROOT),
        operations,
        forks * rounds,
        isolate ? forks * arms.size() : forks,
        isolate ? ", each for one arm" : "",
        rounds,
        warmups,
        arms.getFirst());
    System.out.println();
    System.out.println(
        "| Threads | Arm | Operations/s | CPU µs/operation | Heap bytes/operation | × rate | × CPU"
            + " |");
    System.out.println("|---|---|---|---|---|---|---|");
    List<Ratio> ratios = new ArrayList<>();
    for (int count : threads) {
      Map<String, List<Sample>> samples = new LinkedHashMap<>();
      for (int fork = 0; fork < forks; fork++) {
        if (isolate) {
          for (String arm : arms) {
            fork(List.of(arm), count, samples);
          }
        } else {
          fork(arms, count, samples);
        }
      }
      report(count, samples);
      for (String arm : arms) {
        Matcher ofRing = ARM_OF_RING.matcher(arm);
        if (ofRing.matches()) {
          String name = ofRing.group(1).toLowerCase(Locale.ROOT);
          List<Sample> jdk = samples.get(arms.getFirst());
          ratios.add(Ratio.of(workload.title(), count, name, samples.get(arm), jdk));
        }
      }
    }
    return ratios;
  }

  /** Has another JVM measure arms, and collects its samples. */
  private void fork(List<String> chosen, int count, Map<String, List<Sample>> samples)
      throws IOException, InterruptedException {
    List<String> arguments = new ArrayList<>(List.of(workload.name(), "--child"));
    arguments.addAll(List.of("--arms", String.join(",", chosen), "--threads", "" + count));
    arguments.addAll(List.of("--rounds", "" + rounds, "--warmups", "" + warmups));
    arguments.addAll(List.of("--operations", "" + operations));
    SampleFork.run(Compare.class, arguments, samples);
  }

  private void report(int count, Map<String, List<Sample>> samples) {
    List<Sample> yardstick = samples.get(arms.getFirst());
    for (String arm : arms) {
      List<Sample> own = samples.get(arm);
      System.out.printf(
          "| %,d | %s | %s | %s | %s | %s | %s |%n",
          count,
          arm,
          figures(own, Sample::rate, "%,.0f"),
          figures(own, Sample::cpuMicros, "%.3f"),
          figures(own, Sample::bytes, "%.1f"),
          ratios(own, yardstick, Sample::rate),
          ratios(own, yardstick, Sample::cpuMicros));
    }
    System.out.flush();
  }

  private static String figures(
      List<Sample> samples, ToDoubleFunction<Sample> figure, String format) {
    return Figures.of(values(samples, figure), format);
  }

  private static String ratios(
      List<Sample> samples, List<Sample> yardstick, ToDoubleFunction<Sample> figure) {
    if (samples == yardstick) {
      return "1";
    }
    return Figures.ratios(values(samples, figure), values(yardstick, figure));
  }

  private static double[] values(List<Sample> samples, ToDoubleFunction<Sample> figure) {
    return samples.stream().mapToDouble(figure).toArray();
  }
}
