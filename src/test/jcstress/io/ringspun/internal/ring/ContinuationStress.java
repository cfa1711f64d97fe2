package io.ringspun.internal.ring;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.IIII_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * {@link Scheduler} and {@link Carried}: a continuation that becomes ready is run, once, whatever
 * ring goes to sleep, takes it from another, or is rescued meanwhile. These drive the real threads
 * of a group of two rings on the real kernel.
 */
public final class ContinuationStress {
  private ContinuationStress() {}

  /** What a virtual thread would do on its carrier: here it counts, and wakes the actor. */
  private static final class Continuation implements Runnable {
    private final Thread actor = Thread.currentThread();
    private final AtomicInteger runs = new AtomicInteger();

    @Override
    public void run() {
      runs.incrementAndGet();
      LockSupport.unpark(actor);
    }

    int await(int expected) {
      StressRing.await(() -> runs.get() >= expected);
      return runs.get();
    }

    int runs() {
      return runs.get();
    }
  }

  /** A group for one test. */
  private static final class Group {
    final Scheduler scheduler = new Scheduler();
    final RingThread one = StressRing.started(scheduler);
    final RingThread other = StressRing.started(scheduler);
  }

  /** Two threads that no ring carries make two others ready. */
  @JCStressTest
  @Outcome(id = "1, 1, 1, 1", expect = Expect.ACCEPTABLE, desc = "each is run once")
  @Outcome(expect = Expect.FORBIDDEN, desc = "slept over, lost or doubled")
  @State
  public static class Sleep {
    private static final Group GROUP = new Group();

    private Continuation first;
    private Continuation second;

    @Actor
    public void first(IIII_Result runs) {
      first = new Continuation();
      GROUP.scheduler.execute(first);
      runs.r1 = first.await(1);
    }

    @Actor
    public void second(IIII_Result runs) {
      second = new Continuation();
      GROUP.scheduler.execute(second);
      runs.r2 = second.await(1);
    }

    @Arbiter
    public void after(IIII_Result runs) {
      runs.r3 = first.runs();
      runs.r4 = second.runs();
    }
  }

  /** The ring that it is handed over to is served from outside at the same time. */
  @JCStressTest
  @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "it is run once")
  @Outcome(expect = Expect.FORBIDDEN, desc = "slept over, lost or doubled")
  @State
  public static class Rescue {
    private static final Group GROUP = new Group();

    private Continuation continuation;

    @Actor
    public void handOver(II_Result runs) {
      continuation = new Continuation();
      GROUP.one.handOver(new Carried.Resumption(continuation, true));
      runs.r1 = continuation.await(1);
    }

    @Actor
    public void rescue() {
      GROUP.one.rescue(true);
    }

    @Arbiter
    public void after(II_Result runs) {
      runs.r2 = continuation.runs();
    }
  }

  /** A thread on one ring makes several others ready, which the other ring may take. */
  @JCStressTest
  @Outcome(id = "6, 6, 6, 6", expect = Expect.ACCEPTABLE, desc = "each is run once")
  @Outcome(expect = Expect.FORBIDDEN, desc = "slept over, lost or doubled")
  @State
  public static class Steal {
    private static final Group GROUP = new Group();
    private static final int CHILDREN = 6;

    private Continuation first;
    private Continuation second;

    private static Continuation start(RingThread ring) {
      Continuation child = new Continuation();
      Runnable parent =
          () -> {
            for (int i = 0; i < CHILDREN; i++) {
              GROUP.scheduler.execute(child);
            }
          };
      ring.handOver(new Carried.Resumption(parent, true));
      return child;
    }

    @Actor
    public void first(IIII_Result runs) {
      first = start(GROUP.one);
      runs.r1 = first.await(CHILDREN);
    }

    @Actor
    public void second(IIII_Result runs) {
      second = start(GROUP.other);
      runs.r2 = second.await(CHILDREN);
    }

    @Arbiter
    public void after(IIII_Result runs) {
      runs.r3 = first.runs();
      runs.r4 = second.runs();
    }
  }

  /** The same, while a ring is served from outside. */
  @JCStressTest
  @Outcome(id = "6, 6", expect = Expect.ACCEPTABLE, desc = "each is run once")
  @Outcome(expect = Expect.FORBIDDEN, desc = "slept over, lost or doubled")
  @State
  public static class StealAndRescue {
    private Continuation children;

    @Actor
    public void start(II_Result runs) {
      children = Steal.start(Steal.GROUP.one);
      runs.r1 = children.await(Steal.CHILDREN);
    }

    @Actor
    public void rescue() {
      Steal.GROUP.one.rescue(true);
    }

    @Arbiter
    public void after(II_Result runs) {
      runs.r2 = children.runs();
    }
  }
}
