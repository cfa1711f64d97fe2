package io.ringspun.internal.ring;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * {@link RingThread}: what is handed over while the ring's thread goes to sleep is not slept over.
 * This drives the real thread on the real kernel: both actors hand over to one ring, whose thread
 * wants to sleep after each.
 *
 * <p>A quick run finds a ring that does not look at its inbox again before it sleeps; it is too
 * short to find that look taken ahead of the announcement.
 */
@JCStressTest
@Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "both served")
@Outcome(expect = Expect.FORBIDDEN, desc = "slept over")
@State
public class WakeUpStress {
  private static final RingThread RING = StressRing.started(new Scheduler());

  private static int serve() {
    RingTask task = new RingTask(_ -> 1);
    RING.handOver(task);
    return StressRing.await(task::isDone) ? task.result() : 0;
  }

  @Actor
  public void one(II_Result served) {
    served.r1 = serve();
  }

  @Actor
  public void two(II_Result served) {
    served.r2 = serve();
  }
}
