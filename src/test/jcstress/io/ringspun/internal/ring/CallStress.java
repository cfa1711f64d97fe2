package io.ringspun.internal.ring;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** {@link Call}: once it is done, its caller sees its results. */
@JCStressTest
@Outcome(id = "-1, -1", expect = Expect.ACCEPTABLE, desc = "not done yet")
@Outcome(id = "42, 1", expect = Expect.ACCEPTABLE, desc = "done, with its result and its end")
@Outcome(expect = Expect.FORBIDDEN, desc = "done before its result")
@State
public class CallStress {
  private final Call call = Call.single();

  /** What the ring's thread does when the last completion has come. */
  @Actor
  public void finish() {
    call.operation(0).result = 42;
    call.cancelled = Call.Cancelled.TIMED_OUT;
    call.setDone();
  }

  @Actor
  public void look(II_Result seen) {
    if (call.isDone()) {
      seen.r1 = call.operation(0).result();
      seen.r2 = call.timedOut() ? 1 : 0;
    } else {
      seen.r1 = -1;
      seen.r2 = -1;
    }
  }
}
