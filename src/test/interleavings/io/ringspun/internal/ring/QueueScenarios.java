package io.ringspun.internal.ring;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;

/** {@link StealableQueue}: what is added is taken once. */
final class QueueScenarios {
  private QueueScenarios() {}

  private record Item(int number) implements Runnable {
    @Override
    public void run() {}
  }

  /** A queue for one run, and who has taken what. */
  private static final class Run {
    private final StealableQueue queue;
    private final List<List<Integer>> taken = Collections.synchronizedList(new ArrayList<>());
    private int added;

    Run(int room, int entries) {
      queue = new StealableQueue(room);
      add(entries);
    }

    void add(int entries) {
      for (int i = 0; i < entries; i++) {
        queue.add(new Item(++added));
      }
    }

    /** The ring's thread takes entries. */
    void poll(int entries) {
      List<Integer> own = new ArrayList<>();
      for (int i = 0; i < entries; i++) {
        Runnable item = queue.poll();
        if (item != null) {
          own.add(((Item) item).number);
        }
      }
      taken.add(own);
    }

    /** The ring's thread takes all there is, as before it sleeps. */
    void pollAll() {
      poll(added);
      if (queue.size() == 0) {
        queue.forgetTaken();
      }
    }

    /** Another thread takes half. */
    void takeHalf() {
      Runnable[] items = new Runnable[4];
      int count = queue.takeHalf(items);
      List<Integer> own = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        own.add(((Item) items[i]).number);
      }
      taken.add(own);
    }

    /** Makes sure that each entry was taken once, and by each thread in order. */
    void check() {
      poll(added);
      for (List<Integer> own : taken) {
        Scenarios.require(own.stream().sorted().toList().equals(own), "out of order: " + taken);
      }
      List<Integer> all = taken.stream().flatMap(List::stream).sorted().toList();
      Scenarios.require(
          all.equals(IntStream.rangeClosed(1, added).boxed().toList()),
          "lost or doubled: " + taken);
      Scenarios.require(queue.size() == 0, "not empty");
    }
  }

  /** The ring's thread and two others want what is there. */
  static void race() {
    Run run = new Run(4, 3);
    Scenarios.together(() -> run.poll(2), run::takeHalf, run::takeHalf);
    run.check();
  }

  /** The ring's thread adds what another takes. */
  static void addAndTake() {
    Run run = new Run(4, 1);
    Scenarios.together(
        () -> {
          run.add(2);
          run.poll(1);
        },
        () -> {
          run.takeHalf();
          run.takeHalf();
        });
    run.check();
  }

  /** The array is replaced while another thread reads it. */
  static void growth() {
    Run run = new Run(2, 2);
    Scenarios.together(
        () -> {
          run.add(2);
          run.poll(1);
          run.add(2);
        },
        run::takeHalf,
        run::takeHalf);
    run.check();
  }

  /** Slots are written again while another thread still reads what was there. */
  static void wrapping() {
    Run run = new Run(2, 2);
    Scenarios.together(
        () -> {
          run.poll(1);
          run.add(1);
          run.poll(1);
          run.add(1);
        },
        () -> {
          run.takeHalf();
          run.takeHalf();
        });
    run.check();
  }

  /** The ring's thread drops references while others have taken what was there. */
  static void forgetting() {
    Run run = new Run(2, 2);
    Scenarios.together(
        () -> {
          run.pollAll();
          run.add(2);
          run.pollAll();
        },
        run::takeHalf,
        run::takeHalf);
    run.check();
  }
}
