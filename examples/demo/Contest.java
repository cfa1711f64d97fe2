package demo;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleConsumer;

/**
 * Lets both arms do the same work in turn: a warm-up of each, which also tells how many operations
 * fit into a round, then rounds of exactly those operations, A B A B A B.
 */
final class Contest {
  /** How long things take, and how often they are done. */
  record Plan(Duration warmUp, Duration round, int rounds) {
    static final Plan NORMAL = new Plan(Duration.ofMillis(250), Duration.ofMillis(350), 3);
    static final Plan QUICK = new Plan(Duration.ofMillis(10), Duration.ofMillis(20), 1);

    /** Where a device is slow, a row has fewer rounds rather than a longer time. */
    long rowNanos() {
      return warmUp.plus(round.multipliedBy(rounds)).multipliedBy(2).toNanos();
    }
  }

  private static final OperatingSystemMXBean PROCESS =
      ManagementFactory.getPlatformMXBean(OperatingSystemMXBean.class);

  private final Arm ringspun;
  private final Arm fileChannel;
  private final Plan plan;

  Contest(Arm ringspun, Arm fileChannel, Plan plan) {
    this.ringspun = ringspun;
    this.fileChannel = fileChannel;
    this.plan = plan;
  }

  /** Has both arms do a kind of work until the compiler has seen enough of it. */
  void warmUp(Work work) throws IOException {
    try {
      for (Arm arm : List.of(ringspun, fileChannel)) {
        if (work.refusal(arm).isEmpty()) {
          work.run(arm, Long.MAX_VALUE, System.nanoTime() + 3 * plan.warmUp().toNanos());
          work.digest();
        }
      }
    } finally {
      work.release();
    }
  }

  /**
   * Measures a row of the table.
   *
   * @param progress is told which part of the row is done, from 0 to 1
   * @throws DigestMismatchException if the arms read or wrote different bytes
   */
  Row measure(Work work, DoubleConsumer progress) throws IOException {
    try {
      return compare(work, progress);
    } finally {
      work.release();
    }
  }

  private Row compare(Work work, DoubleConsumer progress) throws IOException {
    for (Arm arm : List.of(ringspun, fileChannel)) {
      String refusal = work.refusal(arm);
      if (!refusal.isEmpty()) {
        return new Row.Refused(work, refusal);
      }
    }
    long start = System.nanoTime();
    long count = roundCount(work, Math.min(warmUp(ringspun, work), warmUp(fileChannel, work)));
    Tally ours = new Tally(plan.rounds());
    Tally theirs = new Tally(plan.rounds());
    for (int round = 1; round <= plan.rounds(); round++) {
      if (ours.round(ringspun, work, count) != theirs.round(fileChannel, work, count)) {
        throw new DigestMismatchException(
            "Ringspun and FileChannel came to different bytes: " + work.describe());
      }
      progress.accept((double) round / plan.rounds());
      if (System.nanoTime() - start > plan.rowNanos()) {
        break;
      }
    }
    return new Row.Measured(work, ours.isPartial(work), ours.score(), theirs.score());
  }

  /** Returns how many operations an arm can do in the time of a round. */
  private double warmUp(Arm arm, Work work) throws IOException {
    long start = System.nanoTime();
    long done = work.run(arm, Long.MAX_VALUE, start + plan.warmUp().toNanos());
    double fitting = (double) done * plan.round().toNanos() / (System.nanoTime() - start);
    work.digest(); // or a round of fewer threads would find what it has left
    return fitting;
  }

  /** Rounds to complete work, unless that would take four times as long as a round should. */
  private static long roundCount(Work work, double fitting) {
    long fits = Math.clamp((long) fitting, 1, work.mostCount());
    long complete = work.completeCount();
    return fits >= complete ? fits - fits % complete : Math.min(complete, 4 * fits);
  }

  /** What one arm did in the rounds so far. */
  private static final class Tally {
    private final double[] rates; // operations per second, for each round
    private int rounds;
    private long operations;
    private long cpuNanos;

    Tally(int rounds) {
      rates = new double[rounds];
    }

    /** Does a round and returns its digest. */
    long round(Arm arm, Work work, long count) throws IOException {
      long cpuStart = PROCESS.getProcessCpuTime();
      long start = System.nanoTime();
      long done = work.run(arm, count, Long.MAX_VALUE);
      long nanos = System.nanoTime() - start;
      cpuNanos += PROCESS.getProcessCpuTime() - cpuStart;
      operations += done;
      rates[rounds++] = done * 1e9 / nanos;
      return work.digest();
    }

    /** Returns whether the rounds were too short for complete work. */
    boolean isPartial(Work work) {
      return operations < work.completeCount() * rounds;
    }

    Score score() {
      double[] sorted = Arrays.copyOf(rates, rounds);
      Arrays.sort(sorted);
      double median = (sorted[(rounds - 1) / 2] + sorted[rounds / 2]) / 2;
      return new Score(median, cpuNanos / 1e3 / operations);
    }
  }
}
