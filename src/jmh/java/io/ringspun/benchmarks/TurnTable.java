package io.ringspun.benchmarks;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Figures of arms that run in turn, as rows of a Markdown table; the first arm is the yardstick.
 */
final class TurnTable {
  /**
   * A figure that every run brings.
   *
   * @param name its name with its unit
   * @param format how to print it
   * @param hasRatio whether its ratio to the yardstick's is worth a column
   */
  record Column(String name, String format, boolean hasRatio) {}

  private final List<Column> columns;
  private final Map<String, List<double[]>> runs = new LinkedHashMap<>();

  TurnTable(List<Column> columns) {
    this.columns = columns;
  }

  /** Prints the head. */
  void begin(String point) {
    StringBuilder head = new StringBuilder("| " + point + " | Arm |");
    for (Column column : columns) {
      head.append(' ').append(column.name).append(column.hasRatio ? " | × |" : " |");
    }
    System.out.println(head);
    System.out.println(head.toString().replaceAll("[^|]+", "---"));
  }

  /** Takes note of a run. */
  void add(String arm, double... figures) {
    runs.computeIfAbsent(arm, _ -> new ArrayList<>()).add(figures);
  }

  /** Prints a row for each arm, and forgets their runs. */
  void print(String point) {
    List<double[]> yardstick = runs.values().iterator().next();
    runs.forEach(
        (arm, own) -> {
          StringBuilder row = new StringBuilder("| " + point + " | " + arm + " |");
          for (int i = 0; i < columns.size(); i++) {
            double[] values = values(own, i);
            row.append(' ').append(Figures.of(values, columns.get(i).format)).append(" |");
            if (columns.get(i).hasRatio) {
              String ratio = own == yardstick ? "1" : Figures.ratios(values, values(yardstick, i));
              row.append(' ').append(ratio).append(" |");
            }
          }
          System.out.println(row);
        });
    runs.clear();
  }

  private static double[] values(List<double[]> runs, int column) {
    return runs.stream().mapToDouble(run -> run[column]).toArray();
  }
}
