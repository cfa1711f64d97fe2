package io.ringspun.benchmarks;

import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Locale;

/** What several runs came to, in words for a table. */
final class Figures {
  private Figures() {}

  /** Returns the median, and the least and the most in brackets. */
  static String of(double[] values, String format) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    double median =
        sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    return String.format(
        Locale.ROOT,
        format + " (" + format + " – " + format + ")",
        median,
        sorted[0],
        sorted[sorted.length - 1]);
  }

  /** Returns the same of ratios that are taken round by round. */
  static String ratios(double[] values, double[] yardstick) {
    double[] ratios = new double[values.length];
    for (int i = 0; i < ratios.length; i++) {
      ratios[i] = values[i] / yardstick[i];
    }
    return of(ratios, "%.2f");
  }

  /** Returns what figures mean nothing without. */
  static String environment() {
    return "%s %s, %d CPUs, JDK %s, %s"
        .formatted(
            System.getProperty("os.name"),
            System.getProperty("os.version"),
            Runtime.getRuntime().availableProcessors(),
            Runtime.version(),
            ManagementFactory.getRuntimeMXBean().getInputArguments());
  }
}
