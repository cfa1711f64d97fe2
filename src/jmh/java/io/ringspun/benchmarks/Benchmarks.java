package io.ringspun.benchmarks;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Runs JMH, with the CPU time of every benchmark. */
final class Benchmarks {
  private Benchmarks() {}

  /** Passes the arguments on; {@code -h} lists them all. */
  public static void main(String[] args) throws IOException {
    List<String> all = new ArrayList<>(List.of("-prof", CpuProfiler.class.getName()));
    all.addAll(List.of(args));
    org.openjdk.jmh.Main.main(all.toArray(String[]::new));
  }
}
