package demo;

import java.io.Console;
import java.io.PrintStream;

/** A bar that fills while the job works; where there is no terminal, a line for each step. */
final class Progress implements AutoCloseable {
  private static final int BAR_CHARACTERS = 30;
  private static final String TO_LINE_END = "\033[K";

  private final PrintStream out;
  private final int steps;
  private final boolean isTerminal;
  private int step;
  private String what = "";

  Progress(PrintStream out, int steps) {
    this.out = out;
    this.steps = steps;
    Console console = System.console();
    isTerminal = console != null && console.isTerminal();
  }

  /** Begins the next step. */
  void next(String name) {
    step++;
    what = name;
    if (isTerminal) {
      update(0);
    } else {
      out.printf("[%2d/%d] %s%n", step, steps, what);
    }
  }

  /** Shows which part of the step is done, from 0 to 1. */
  void update(double part) {
    if (!isTerminal) {
      return;
    }
    double done = (step - 1 + part) / steps;
    int filled = (int) (done * BAR_CHARACTERS);
    out.printf(
        "\r[%s%s] %3.0f %%  %s%s",
        "=".repeat(filled), " ".repeat(BAR_CHARACTERS - filled), 100 * done, what, TO_LINE_END);
    out.flush();
  }

  /** Takes the bar away. */
  @Override
  public void close() {
    if (isTerminal) {
      out.print("\r" + TO_LINE_END);
      out.flush();
    }
  }
}
