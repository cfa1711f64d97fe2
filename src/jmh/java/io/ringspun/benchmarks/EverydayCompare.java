package io.ringspun.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Compares everyday file work through the drop-ins with the JDK's own: the arms in turn, a JVM of
 * its own for each row and number of threads, several of them. Prints a Markdown table of median
 * ratios within a round, with the least and the most, and of the medians of heap bytes for each
 * operation.
 *
 * <pre>EverydayCompare [--work A,B,...] [--arms carried,default,platform] [--threads N,M]
 *     [--rounds 5] [--forks 1] [--warmups 12] [--millis 200]
 *     [--with WORKLOAD,...] [--out FILE] [--svg FILE]</pre>
 *
 * <p>{@code --with} compares workloads of {@link Compare} afterwards, with as many rounds and
 * forks; {@code --out} writes all ratios to a file, and {@code --svg} draws them.
 */
public final class EverydayCompare {
  private List<EverydayWork> works = List.of(EverydayWork.values());
  private List<String> arms = List.of("carried", "default");
  private List<Integer> threads = List.of();
  private int rounds = 5;
  private int forks = 1;
  private int warmups = 12; // until the compiler has seen all of it
  private int millis = 200;
  private boolean child;
  private List<String> with = List.of();
  private @Nullable Path out;
  private @Nullable Path svg;

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
        case "--with" -> with = List.of(args[++i].split(","));
        case "--out" -> out = Path.of(args[++i]);
        case "--svg" -> svg = Path.of(args[++i]);
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
    List<Map.Entry<String, Arm>> order = new ArrayList<>(opened.entrySet());
    for (int round = -warmups; round < rounds; round++) {
      Collections.rotate(order, 1); // or the same one would always meet what another left on disk
      for (Map.Entry<String, Arm> arm : order) {
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
    head();
    List<Ratio> ratios = new ArrayList<>();
    for (EverydayWork work : works) {
      for (int count : threads.isEmpty() ? work.threads() : threads) {
        Map<String, List<Sample>> samples = new LinkedHashMap<>();
        for (int fork = 0; fork < forks; fork++) {
          fork(work, count, samples);
        }
        List<Ratio> row = new ArrayList<>();
        for (String arm : arms) {
          List<Sample> jdk = samples.getOrDefault(EverydayArm.yardstick(arm), List.of());
          row.add(Ratio.of(work.title(), count, arm, samples.getOrDefault(arm, List.of()), jdk));
        }
        print(row);
        ratios.addAll(row);
        write(ratios);
      }
    }
    for (String workload : with) {
      System.out.println();
      ratios.addAll(
          Compare.ratios(
              workload, "--rounds", "" + rounds, "--forks", "" + forks, "--warmups", "" + warmups));
      write(ratios);
    }
  }

  /** Writes and draws what there is so far, so that a run that is cut short is not lost. */
  private void write(List<Ratio> ratios) throws IOException {
    if (out != null) {
      Ratio.write(out, ratios);
    }
    if (svg != null) {
      Files.writeString(svg, RatioPlot.draw(ratios));
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

  private void head() {
    StringBuilder head = new StringBuilder("| Work | Threads |");
    Set<String> yardsticks = new LinkedHashSet<>();
    for (String arm : arms) {
      String yardstick = EverydayArm.yardstick(arm);
      if (yardsticks.add(yardstick)) {
        head.append(" %1$s, operations/s | %1$s, heap bytes |".formatted(yardstick));
      }
      head.append(" %1$s, × rate | %1$s, × CPU | %1$s, heap bytes |".formatted(arm));
    }
    System.out.println(head);
    System.out.println(head.toString().replaceAll("[^|]+", "---"));
  }

  private static void print(List<Ratio> row) {
    StringBuilder line =
        new StringBuilder(
            "| %s | %,d |".formatted(row.getFirst().work(), row.getFirst().threads()));
    Set<String> yardsticks = new LinkedHashSet<>();
    for (Ratio ratio : row) {
      if (yardsticks.add(EverydayArm.yardstick(ratio.arm()))) {
        line.append(" %s |".formatted(ratio.jdkRate().text("%,.0f")));
        line.append(" %.0f |".formatted(ratio.jdkBytes().median()));
      }
      line.append(" %s |".formatted(ratio.rate().text("%.2f")));
      line.append(" %s |".formatted(ratio.cpu().text("%.2f")));
      line.append(" %.0f |".formatted(ratio.bytes().median()));
    }
    System.out.println(line);
    System.out.flush();
  }
}
