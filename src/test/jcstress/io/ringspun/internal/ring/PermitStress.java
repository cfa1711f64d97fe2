package io.ringspun.internal.ring;

import java.util.concurrent.atomic.AtomicBoolean;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZ_Result;

/**
 * {@link Call#setDone}: a virtual thread that waits for a call has a permit of an earlier unpark.
 * The permit is as in {@code java.lang.VirtualThread}: unpark writes it only if it is not there.
 */
@JCStressTest
@Outcome(id = "true, true", expect = Expect.ACCEPTABLE, desc = "done before the permit was taken")
@Outcome(id = "false, true", expect = Expect.ACCEPTABLE, desc = "done, and unparked")
@Outcome(id = "false, false", expect = Expect.ACCEPTABLE, desc = "unparked after it has parked")
@Outcome(id = "true, false", expect = Expect.FORBIDDEN, desc = "parks, and nobody unparks it")
@State
public class PermitStress {
  private final Call call = Call.single();
  private final AtomicBoolean permit = new AtomicBoolean(true);

  /** What the ring's thread does: ends the call, then asks whether to unpark. */
  @Actor
  public void finish(ZZ_Result seen) {
    call.setDone();
    seen.r1 = permit.get();
  }

  /** What the caller does: parks, which only takes the permit, and looks again. */
  @Actor
  public void park(ZZ_Result seen) {
    permit.getAndSet(false);
    seen.r2 = call.isDone();
  }
}
