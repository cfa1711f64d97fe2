package io.ringspun.internal.ring;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jetbrains.lincheck.Lincheck;

/** Runs each scenario under many interleavings of its threads, chosen by Lincheck. */
public final class Scenarios {
  private static final Map<String, Runnable> SCENARIOS = new LinkedHashMap<>();

  static {
    SCENARIOS.put("queue: race", QueueScenarios::race);
    SCENARIOS.put("queue: add and take", QueueScenarios::addAndTake);
    SCENARIOS.put("queue: growth", QueueScenarios::growth);
    SCENARIOS.put("queue: wrapping", QueueScenarios::wrapping);
    SCENARIOS.put("queue: forgetting", QueueScenarios::forgetting);
    SCENARIOS.put("wake: one giver", WakeScenarios::oneGiver);
    SCENARIOS.put("wake: two givers", WakeScenarios::twoGivers);
    SCENARIOS.put("wake: waker and giver", WakeScenarios::wakerAndGiver);
    SCENARIOS.put("wake: insistence", WakeScenarios::insistence);
  }

  private Scenarios() {}

  /**
   * Runs them.
   *
   * @param args how many interleavings of each scenario, and part of the names of those to run
   */
  public static void main(String[] args) {
    int interleavings = Integer.parseInt(args[0]);
    SCENARIOS.forEach(
        (name, scenario) -> {
          if (args.length == 1 || name.contains(args[1])) {
            explore(name, interleavings, scenario);
          }
        });
  }

  private static void explore(String name, int interleavings, Runnable scenario) {
    long start = System.nanoTime();
    try {
      Lincheck.runConcurrentTest(interleavings, scenario);
    } catch (Throwable e) {
      System.err.println(name + ": failed");
      e.printStackTrace();
      System.exit(1); // threads of the scenario may wait for ever
    }
    System.out.printf("%s: passed in %,d ms%n", name, (System.nanoTime() - start) / 1_000_000);
  }

  /** Runs things in a thread each, and waits for all. */
  static void together(Runnable... things) {
    List<Thread> threads = new ArrayList<>();
    for (Runnable thing : things) {
      Thread thread = new Thread(thing);
      threads.add(thread);
      thread.start();
    }
    for (Thread thread : threads) {
      try {
        thread.join();
      } catch (InterruptedException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  static void require(boolean condition, String message) {
    if (!condition) {
      throw new AssertionError(message);
    }
  }
}
