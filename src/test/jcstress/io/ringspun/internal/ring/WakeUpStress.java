package io.ringspun.internal.ring;

import java.io.IOException;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * {@link RingThread}: a call handed over while the ring's thread goes to sleep is not slept over.
 * This drives the real thread on the real kernel: both actors hand over to one ring, whose thread
 * wants to sleep after each. A lost wake-up shows as a call that takes until its time is up.
 *
 * <p>A quick run finds a ring that does not look at its inbox again before it sleeps; it is too
 * short to find that look taken ahead of the announcement.
 */
@JCStressTest
@Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "both served")
@Outcome(expect = Expect.FORBIDDEN, desc = "slept over")
@State
public class WakeUpStress {
  private static final Engine RING = StressRing.open();
  private static final long LIMIT_NANOS = 2_000_000_000;

  private static volatile boolean sleptOver; // once is enough; each time costs the limit

  private static int serve() {
    if (sleptOver) {
      return 0;
    }
    Operation operation = RING.single().within(LIMIT_NANOS);
    operation.nop();
    long start = System.nanoTime();
    try {
      operation.run();
    } catch (IOException _) {
      sleptOver = true;
    }
    // The cancel at the end of its time wakes the ring, and then the call may still succeed.
    sleptOver |= System.nanoTime() - start >= LIMIT_NANOS;
    return sleptOver ? 0 : 1;
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
