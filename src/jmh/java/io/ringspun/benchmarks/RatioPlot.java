package io.ringspun.benchmarks;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.List;
import java.util.Locale;

/**
 * Draws ratios to the JDK's rate as an SVG: a row for each number of threads, in which each arm has
 * a mark at its median and a line from the least to the most; the axis is logarithmic. Readable in
 * light and dark, and at half its width.
 *
 * <pre>RatioPlot OUT.svg RESULTS...</pre>
 *
 * <p>The results are files that {@link EverydayCompare} wrote with {@code --out}; this draws them
 * again without another run.
 */
public final class RatioPlot {
  private static final List<String> ARMS = List.of("carried", "default", "platform");
  private static final List<Double> TICKS =
      List.of(0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0);

  /** The ends of the axis, unless a median is beyond; lines are cut there. */
  private static final double LEAST = 0.2;

  private static final double MOST = 4;
  private static final int WIDTH = 600;
  private static final int LEFT = 246;
  private static final int RIGHT = 584;
  private static final int TOP = 104;
  private static final int ROW = 22;
  private static final int TEXT_LINE = 16;
  private static final int GAP = 10;
  private static final int LABEL_CHARACTERS = 27;

  private static final String STYLE =
      """
        <style>
          svg { color: #1f2328; font: 13px system-ui, sans-serif; }
          text { fill: currentColor; }
          .page { fill: #ffffff; }
          .faster { fill: #eef6ee; }
          .head { font-size: 15px; font-weight: 600; }
          .end { text-anchor: end; }
          .middle { text-anchor: middle; }
          .grid { stroke: #d0d7de; }
          .one { stroke: #1f2328; stroke-width: 1.6; }
          .carried { fill: #0072b2; stroke: #0072b2; }
          .default { fill: #d55e00; stroke: #d55e00; }
          .platform { fill: #aa4499; stroke: #aa4499; }
          .carried, .default, .platform { stroke-width: 2; stroke-linecap: round; }
          @media (prefers-color-scheme: dark) {
            svg { color: #e6edf3; }
            .page { fill: #0d1117; }
            .faster { fill: #14241a; }
            .grid { stroke: #30363d; }
            .one { stroke: #e6edf3; }
            .carried { fill: #56b4e9; stroke: #56b4e9; }
            .default { fill: #f0a030; stroke: #f0a030; }
            .platform { fill: #ee99dd; stroke: #ee99dd; }
          }
        </style>
      """;

  /** What has one label: the numbers of threads of one work. */
  private record Block(String work, List<Row> rows) {
    List<String> label() {
      List<String> lines = new ArrayList<>(List.of(""));
      for (String word : work.split(" ")) {
        String longer = (lines.getLast() + " " + word).strip();
        if (longer.length() <= LABEL_CHARACTERS || lines.getLast().isEmpty()) {
          lines.set(lines.size() - 1, longer);
        } else {
          lines.add(word);
        }
      }
      return lines;
    }

    int height() {
      return Math.max(rows.size() * ROW, label().size() * TEXT_LINE + 6) + GAP;
    }
  }

  private record Row(int threads, List<Ratio> ratios) {}

  private final List<Ratio> ratios;
  private final List<Block> blocks = new ArrayList<>();
  private final List<String> arms;
  private final double least;
  private final double most;
  private final StringBuilder svg = new StringBuilder();

  private RatioPlot(List<Ratio> ratios) {
    this.ratios = ratios;
    for (Ratio ratio : ratios) {
      if (blocks.isEmpty() || !blocks.getLast().work().equals(ratio.work())) {
        blocks.add(new Block(ratio.work(), new ArrayList<>()));
      }
      List<Row> rows = blocks.getLast().rows();
      if (rows.isEmpty() || rows.getLast().threads() != ratio.threads()) {
        rows.add(new Row(ratio.threads(), new ArrayList<>()));
      }
      rows.getLast().ratios().add(ratio);
    }
    arms = ARMS.stream().filter(arm -> ratios.stream().anyMatch(r -> r.arm().equals(arm))).toList();
    DoubleSummaryStatistics medians =
        ratios.stream().mapToDouble(r -> r.rate().median()).summaryStatistics();
    least = Math.min(LEAST, medians.getMin() / 1.05);
    most = Math.max(MOST, medians.getMax() * 1.05);
  }

  /** Returns the drawing of ratios, in the order of their works and numbers of threads. */
  static String draw(List<Ratio> ratios) {
    return new RatioPlot(ratios).draw();
  }

  /** Draws files of results; see the class comment. */
  public static void main(String[] args) throws IOException {
    List<Ratio> ratios = new ArrayList<>();
    for (int i = 1; i < args.length; i++) {
      ratios.addAll(Ratio.read(Path.of(args[i])));
    }
    Files.writeString(Path.of(args[0]), draw(ratios));
  }

  private String draw() {
    int bottom = TOP + blocks.stream().mapToInt(Block::height).sum();
    int height = bottom + 30;
    add(
        "<svg xmlns='http://www.w3.org/2000/svg' width='%1$d' height='%2$d' viewBox='0 0 %1$d %2$d'"
            + " role='img' aria-labelledby='title description'>",
        WIDTH, height);
    add("  <title id='title'>Operations per second, compared with the JDK</title>");
    add("  <desc id='description'>%s</desc>", description());
    svg.append(STYLE);
    add("  <!-- its own background, since a page may be light while the system is dark -->");
    add("  <rect class='page' width='%d' height='%d'/>", WIDTH, height);
    head();
    axis(bottom);
    int y = TOP;
    for (Block block : blocks) {
      draw(block, y);
      y += block.height();
    }
    add("</svg>");
    return svg.toString();
  }

  private String description() {
    StringBuilder words = new StringBuilder();
    for (String arm : arms) {
      List<Ratio> own = ratios.stream().filter(ratio -> ratio.arm().equals(arm)).toList();
      long wins = own.stream().filter(ratio -> ratio.rate().median() >= 1).count();
      words.append(
          "%s: the JDK's rate or more in %d of %d rows. ".formatted(arm, wins, own.size()));
    }
    return words.toString().strip();
  }

  private static String describe(Ratio ratio) {
    String threads = ratio.threads() == 1 ? "1 thread" : "%,d threads".formatted(ratio.threads());
    return "%s, %s, %s: %s"
        .formatted(ratio.work(), threads, ratio.arm(), ratio.rate().text("%.2f"));
  }

  private void head() {
    add("  <text class='head' x='16' y='26'>Operations per second, compared with the JDK</text>");
    int x = 22;
    for (String arm : arms) {
      mark(arm, x, 45);
      add("  <text x='%d' y='50'>%s</text>", x + 10, arm);
      x += 88;
    }
    add("  <text x='%d' y='50'>at the median; lines from least to most</text>", x);
    add("  <text class='end' x='%d' y='%d'>threads</text>", LEFT - 12, TOP - 30);
    add("  <text class='end' x='%.1f' y='%d'>← slower</text>", x(1) - 8, TOP - 30);
    add("  <text x='%.1f' y='%d'>faster →</text>", x(1) + 8, TOP - 30);
  }

  private void axis(int bottom) {
    add("  <path class='faster' d='M%.1f %dH%dV%dH%1$.1f'/>", x(1), TOP, RIGHT, bottom);
    for (double tick : TICKS) {
      if (tick >= least && tick <= most) {
        String kind = tick == 1 ? "one" : "grid";
        add("  <path class='%s' d='M%.1f %dV%d'/>", kind, x(tick), TOP - 4, bottom + 4);
        String name = tick == (int) tick ? "" + (int) tick : "" + tick;
        for (int y : new int[] {TOP - 10, bottom + 18}) {
          add("  <text class='middle' x='%.1f' y='%d'>%s</text>", x(tick), y, name);
        }
      }
    }
  }

  private void draw(Block block, int top) {
    add("  <path class='grid' d='M16 %dH%d'/>", top, RIGHT);
    int y = top + GAP / 2 + ROW / 2 + 5;
    for (String line : block.label()) {
      add("  <text x='16' y='%d'>%s</text>", y, escaped(line));
      y += TEXT_LINE;
    }
    y = top + GAP / 2 + ROW / 2;
    for (Row row : block.rows()) {
      add("  <text class='end' x='%d' y='%d'>%,d</text>", LEFT - 12, y + 5, row.threads());
      for (Ratio ratio : row.ratios()) {
        draw(ratio, y + 7 * arms.indexOf(ratio.arm()) - 7 * (arms.size() - 1) / 2.0);
      }
      y += ROW;
    }
  }

  private void draw(Ratio ratio, double y) {
    Spread rate = ratio.rate();
    add("  <g><title>%s</title>", escaped(describe(ratio)));
    add(
        "  <path class='%s' d='M%.1f %.1fH%.1f'/>",
        ratio.arm(), x(rate.least()), y, x(rate.most()));
    mark(ratio.arm(), x(rate.median()), y);
    add("  </g>");
  }

  /** A shape for each arm, so that it need not be told by its colour. */
  private void mark(String arm, double x, double y) {
    switch (arm) {
      case "carried" -> add("  <circle class='carried' cx='%.1f' cy='%.1f' r='3'/>", x, y);
      case "default" ->
          add("  <rect class='default' x='%.1f' y='%.1f' width='5' height='5'/>", x - 2.5, y - 2.5);
      default -> add("  <path class='%s' d='M%.1f %.1fl3.5 -6l3.5 6z'/>", arm, x - 3.5, y + 3);
    }
  }

  /** Where a ratio is on the axis; what is beyond its ends is at them. */
  private double x(double ratio) {
    double part = Math.log(Math.clamp(ratio, least, most) / least) / Math.log(most / least);
    return LEFT + part * (RIGHT - LEFT);
  }

  private static String escaped(String text) {
    return text.replace("&", "&amp;").replace("<", "&lt;");
  }

  private void add(String format, Object... values) {
    svg.append(String.format(Locale.ROOT, format, values)).append('\n');
  }
}
