package io.ringspun.internal.ring;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/** {@link StealableQueue}: what is added is taken once, whole, and in order. */
public final class StealableQueueStress {
  private StealableQueueStress() {}

  /** A continuation with a plain field that the queue must publish. */
  private static final class Item implements Runnable {
    int value;

    Item(int value) {
      this.value = value;
    }

    @Override
    public void run() {}
  }

  private static int value(Runnable item) {
    return item == null ? 0 : ((Item) item).value;
  }

  /** Whoever takes an entry sees what was written to it before. */
  @JCStressTest
  @Outcome(id = "0", expect = Expect.ACCEPTABLE, desc = "not there yet")
  @Outcome(id = "42", expect = Expect.ACCEPTABLE, desc = "there, and whole")
  @Outcome(expect = Expect.FORBIDDEN, desc = "there before its content")
  @State
  public static class Publication {
    private final StealableQueue queue = new StealableQueue();

    @Actor
    public void add() {
      queue.add(new Item(42));
    }

    @Actor
    public void take(I_Result seen) {
      Runnable[] taken = new Runnable[1];
      seen.r1 = queue.takeHalf(taken) == 0 ? 0 : value(taken[0]);
    }
  }

  /** The ring's thread and two others want the last two entries. */
  @JCStressTest
  @Outcome(id = "[012], [012], [012]", expect = Expect.ACCEPTABLE, desc = "each has another")
  @Outcome(expect = Expect.FORBIDDEN, desc = "something else")
  @State
  public static class Race {
    private final StealableQueue queue = new StealableQueue();

    public Race() {
      queue.add(new Item(1));
      queue.add(new Item(2));
    }

    @Actor
    public void owner(III_Result seen) {
      seen.r1 = value(queue.poll());
    }

    @Actor
    public void thief(III_Result seen) {
      Runnable[] taken = new Runnable[1];
      seen.r2 = queue.takeHalf(taken) == 0 ? 0 : value(taken[0]);
    }

    @Actor
    public void other(III_Result seen) {
      Runnable[] taken = new Runnable[1];
      seen.r3 = queue.takeHalf(taken) == 0 ? 0 : value(taken[0]);
    }

    /** Marks what must not be: an entry that two have, or one that nobody has. */
    @Arbiter
    public void check(III_Result seen) {
      int sum = seen.r1 + seen.r2 + seen.r3 + value(queue.poll()) + value(queue.poll());
      if (sum != 3 || queue.size() != 0) {
        seen.r1 = -1;
      }
    }
  }

  /** An array that is replaced meanwhile. */
  @JCStressTest
  @Outcome(id = "257, 0, 0", expect = Expect.ACCEPTABLE, desc = "all are there, once")
  @Outcome(expect = Expect.FORBIDDEN, desc = "lost or doubled")
  @State
  public static class Growth {
    private final StealableQueue queue = new StealableQueue();
    private int sumTaken;
    private int countTaken;

    public Growth() {
      for (int i = 1; i <= 256; i++) {
        queue.add(new Item(i));
      }
    }

    @Actor
    public void add() {
      queue.add(new Item(257));
    }

    @Actor
    public void take() {
      Runnable[] taken = new Runnable[150];
      countTaken = queue.takeHalf(taken);
      for (int i = 0; i < countTaken; i++) {
        sumTaken += value(taken[i]);
      }
    }

    @Arbiter
    public void check(III_Result seen) {
      int count = countTaken;
      int sum = sumTaken;
      for (Runnable item = queue.poll(); item != null; item = queue.poll()) {
        count++;
        sum += value(item);
      }
      seen.r1 = count;
      seen.r2 = sum - 257 * 258 / 2;
      seen.r3 = queue.size();
    }
  }
}
