package io.ringspun.benchmarks;

import java.util.List;

/**
 * What one run of an {@link Arm} cost.
 *
 * @param operations how many were done
 * @param nanos how long that took
 * @param cpuNanos what all threads of the process used, those of the kernel that work for it too
 * @param allocatedBytes what all threads allocated on the heap
 */
record Sample(long operations, long nanos, long cpuNanos, long allocatedBytes) {
  double rate() {
    return operations * 1e9 / nanos;
  }

  double cpuMicros() {
    return cpuNanos / 1e3 / operations;
  }

  double bytes() {
    return (double) allocatedBytes / operations;
  }

  static double[] rates(List<Sample> samples) {
    return samples.stream().mapToDouble(Sample::rate).toArray();
  }

  static double[] cpuMicros(List<Sample> samples) {
    return samples.stream().mapToDouble(Sample::cpuMicros).toArray();
  }

  static double[] bytes(List<Sample> samples) {
    return samples.stream().mapToDouble(Sample::bytes).toArray();
  }

  /** One line, for another process to {@link #parse}. */
  String encode() {
    return operations + " " + nanos + " " + cpuNanos + " " + allocatedBytes;
  }

  static Sample parse(String line) {
    String[] fields = line.trim().split(" ");
    return new Sample(
        Long.parseLong(fields[0]),
        Long.parseLong(fields[1]),
        Long.parseLong(fields[2]),
        Long.parseLong(fields[3]));
  }
}
