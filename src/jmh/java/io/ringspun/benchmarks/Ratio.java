package io.ringspun.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.DoubleStream;

/**
 * How one arm compares with the JDK's way to do the same: a line of a file of results, whose fields
 * are separated by tabs.
 *
 * @param work what was done
 * @param threads how many threads did it
 * @param arm the arm
 * @param rate the ratio of operations per second, above 1 if the arm is faster
 * @param cpu the ratio of CPU time for each operation, below 1 if the arm is cheaper
 * @param bytes heap bytes for each operation
 * @param jdkRate operations per second of the JDK
 * @param jdkBytes heap bytes for each operation of the JDK
 */
record Ratio(
    String work,
    int threads,
    String arm,
    Spread rate,
    Spread cpu,
    Spread bytes,
    Spread jdkRate,
    Spread jdkBytes) {
  private static final List<String> FIGURES =
      List.of("rate ratio", "CPU ratio", "heap bytes", "JDK operations/s", "JDK heap bytes");

  /** Compares samples of the same rounds. */
  static Ratio of(String work, int threads, String arm, List<Sample> own, List<Sample> jdk) {
    return new Ratio(
        work,
        threads,
        arm,
        Spread.ofRatios(Sample.rates(own), Sample.rates(jdk)),
        Spread.ofRatios(Sample.cpuMicros(own), Sample.cpuMicros(jdk)),
        Spread.of(Sample.bytes(own)),
        Spread.of(Sample.rates(jdk)),
        Spread.of(Sample.bytes(jdk)));
  }

  /** Writes a file of results: a line that names the fields, and a line for each ratio. */
  static void write(Path file, List<Ratio> ratios) throws IOException {
    List<String> lines = new ArrayList<>();
    StringBuilder head = new StringBuilder("work\tthreads\tarm");
    FIGURES.forEach(name -> head.append("\t%s\tleast\tmost".formatted(name)));
    lines.add(head.toString());
    ratios.forEach(ratio -> lines.add(ratio.encode()));
    Files.write(file, lines);
  }

  /** Reads a file that {@link #write} wrote. */
  static List<Ratio> read(Path file) throws IOException {
    return Files.readAllLines(file).stream().skip(1).map(Ratio::parse).toList();
  }

  private String encode() {
    StringBuilder line = new StringBuilder(work + "\t" + threads + "\t" + arm);
    for (Spread spread : List.of(rate, cpu, bytes, jdkRate, jdkBytes)) {
      DoubleStream.of(spread.median(), spread.least(), spread.most())
          .forEach(figure -> line.append(String.format(Locale.ROOT, "\t%.3f", figure)));
    }
    return line.toString();
  }

  private static Ratio parse(String line) {
    String[] fields = line.split("\t");
    if (fields.length != 3 + 3 * FIGURES.size()) {
      throw new IllegalArgumentException("not a line of results: " + line);
    }
    return new Ratio(
        fields[0],
        Integer.parseInt(fields[1]),
        fields[2],
        spread(fields, 0),
        spread(fields, 1),
        spread(fields, 2),
        spread(fields, 3),
        spread(fields, 4));
  }

  private static Spread spread(String[] fields, int figure) {
    int first = 3 + 3 * figure;
    return new Spread(
        Double.parseDouble(fields[first]),
        Double.parseDouble(fields[first + 1]),
        Double.parseDouble(fields[first + 2]));
  }
}
