package io.ringspun.internal.ring;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * {@link RingThread#use}: the ring's thread and the one that serves in its place do not use the
 * ring at the same time, and each sees what the other has done.
 */
public final class OwnersLockStress {
  private OwnersLockStress() {}

  /** The lock by itself. */
  @JCStressTest
  @Outcome(
      id = {"1, 2, 2", "2, 1, 2"},
      expect = Expect.ACCEPTABLE,
      desc = "one after the other")
  @Outcome(id = "1, 0, 1", expect = Expect.ACCEPTABLE, desc = "the rescuer found it in use")
  @Outcome(expect = Expect.FORBIDDEN, desc = "both at once")
  @State
  public static class Exclusion {
    private static final RingThread RING = StressRing.thread(new Scheduler());

    private int count; // neither volatile nor atomic

    @Actor
    public void owner(III_Result seen) {
      RING.use();
      try {
        seen.r1 = ++count;
      } finally {
        RING.endUse();
      }
    }

    @Actor
    public void rescuer(III_Result seen) {
      if (RING.tryUse()) {
        try {
          seen.r2 = ++count;
        } finally {
          RING.endUse();
        }
      }
    }

    @Arbiter
    public void count(III_Result seen) {
      seen.r3 = count;
    }
  }

  /** Two turns of the owner, as the ring's thread is in the loop and behind a continuation. */
  @JCStressTest
  @Outcome(id = "2, 3", expect = Expect.ACCEPTABLE, desc = "the rescuer came last")
  @Outcome(id = "3, 1", expect = Expect.ACCEPTABLE, desc = "the rescuer came first")
  @Outcome(id = "3, 2", expect = Expect.ACCEPTABLE, desc = "the rescuer came between them")
  @Outcome(id = "2, 0", expect = Expect.ACCEPTABLE, desc = "the rescuer found it in use")
  @Outcome(expect = Expect.FORBIDDEN, desc = "both at once")
  @State
  public static class Between {
    private static final RingThread RING = StressRing.thread(new Scheduler());

    private int count;

    @Actor
    public void owner(II_Result seen) {
      RING.use();
      count++;
      RING.endUse();
      RING.use();
      seen.r1 = ++count;
      RING.endUse();
    }

    @Actor
    public void rescuer(II_Result seen) {
      if (RING.tryUse()) {
        seen.r2 = ++count;
        RING.endUse();
      }
    }
  }

  /**
   * The real thread on the real kernel, with {@link RingThread#rescue} in its place at any time.
   * One actor hands over a task, which either of them does. Another hands over a continuation,
   * which gives the ring's thread a task for the time behind it.
   */
  @JCStressTest
  @Outcome(
      id = {"1, 2, 1", "2, 1, 1"},
      expect = Expect.ACCEPTABLE,
      desc = "one after the other")
  @Outcome(expect = Expect.FORBIDDEN, desc = "both at once, or lost")
  @State
  public static class Rescue {
    private static final RingThread RING = StressRing.started(new Scheduler());

    private int count;

    private RingTask task() {
      return new RingTask(_ -> ++count);
    }

    @Actor
    public void handOver(III_Result seen) {
      RingTask task = task();
      RING.handOver(task);
      seen.r1 = StressRing.await(task::isDone) ? task.result() : 0;
    }

    @Actor
    public void post(III_Result seen) {
      RingTask task = task();
      RING.handOver(new Carried.Resumption(() -> RING.post(task), false));
      seen.r2 = StressRing.await(task::isDone) ? task.result() : 0;
    }

    @Actor
    public void rescue(III_Result seen) {
      RING.rescue(true);
      seen.r3 = 1;
    }
  }
}
