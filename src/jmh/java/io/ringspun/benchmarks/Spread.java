package io.ringspun.benchmarks;

import java.util.Arrays;
import java.util.Locale;

/**
 * What several runs came to.
 *
 * @param median the median
 * @param least the least of them
 * @param most the most of them
 */
record Spread(double median, double least, double most) {
  static Spread of(double[] values) {
    double[] sorted = values.clone();
    Arrays.sort(sorted);
    int middle = sorted.length / 2;
    double median =
        sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    return new Spread(median, sorted[0], sorted[sorted.length - 1]);
  }

  /** Returns the spread of ratios that are taken round by round. */
  static Spread ofRatios(double[] values, double[] yardstick) {
    double[] ratios = new double[values.length];
    for (int i = 0; i < ratios.length; i++) {
      ratios[i] = values[i] / yardstick[i];
    }
    return of(ratios);
  }

  /** Returns the median, and the least and the most in brackets. */
  String text(String format) {
    return String.format(
        Locale.ROOT, format + " (" + format + " – " + format + ")", median, least, most);
  }
}
