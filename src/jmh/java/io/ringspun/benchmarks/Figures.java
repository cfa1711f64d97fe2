package io.ringspun.benchmarks;

import java.lang.management.ManagementFactory;

/** What several runs came to, in words for a table. */
final class Figures {
  private Figures() {}

  /** Returns the median, and the least and the most in brackets. */
  static String of(double[] values, String format) {
    return Spread.of(values).text(format);
  }

  /** Returns the same of ratios that are taken round by round. */
  static String ratios(double[] values, double[] yardstick) {
    return Spread.ofRatios(values, yardstick).text("%.2f");
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
