package demo;

import java.io.PrintStream;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** Prints rows as aligned columns, with notes on some of them below. */
final class Table {
  private static final String LEFT = "%-18s %7s  %-7s";
  private static final String RIGHT = " %11s %12s %6s %10s %12s %6s%n";

  private Table() {}

  static void print(PrintStream out, List<Row> rows) {
    out.printf(
        LEFT + " %31s %30s%n",
        "",
        "",
        "",
        "operations per second",
        "CPU microseconds per operation");
    out.printf(
        LEFT + RIGHT,
        "work",
        "threads",
        "mode",
        "Ringspun",
        "FileChannel",
        "ratio",
        "Ringspun",
        "FileChannel",
        "ratio");
    Set<String> notes = new LinkedHashSet<>();
    for (Row row : rows) {
      Work work = row.work();
      String mark = row instanceof Row.Measured measured && measured.isPartial() ? "*" : "";
      out.printf(LEFT, work.name() + mark, "%,d".formatted(work.threads()), work.mode());
      switch (row) {
        case Row.Measured measured -> print(out, measured);
        case Row.Refused refused -> {
          out.println("   not here, see below");
          notes.add(refused.reason());
        }
      }
      if (!mark.isEmpty()) {
        notes.add("* only the first part: all of it would take too long");
      }
    }
    notes.forEach(out::println);
  }

  private static void print(PrintStream out, Row.Measured row) {
    Score ours = row.ringspun();
    Score theirs = row.fileChannel();
    out.printf(
        RIGHT,
        "%,.0f".formatted(ours.perSecond()),
        "%,.0f".formatted(theirs.perSecond()),
        ratio(ours.perSecond(), theirs.perSecond()),
        "%.2f".formatted(ours.cpuMicros()),
        "%.2f".formatted(theirs.cpuMicros()),
        ratio(ours.cpuMicros(), theirs.cpuMicros()));
  }

  /** The kernel counts CPU time in steps, so that of very short work may be nothing. */
  private static String ratio(double ours, double theirs) {
    return theirs == 0 ? "-" : "%.2f".formatted(ours / theirs);
  }
}
