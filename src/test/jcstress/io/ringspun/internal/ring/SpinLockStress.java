package io.ringspun.internal.ring;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;

/** {@link SpinLock}: one thread at a time, and each sees what the other has done. */
@JCStressTest
@Outcome(
    id = {"1, 2, 2", "2, 1, 2"},
    expect = Expect.ACCEPTABLE,
    desc = "one after the other")
@Outcome(expect = Expect.FORBIDDEN, desc = "both at once")
@State
public class SpinLockStress {
  private final SpinLock lock = new SpinLock();
  private int count; // neither volatile nor atomic

  @Actor
  public void one(III_Result seen) {
    seen.r1 = next();
  }

  @Actor
  public void other(III_Result seen) {
    seen.r2 = next();
  }

  private int next() {
    lock.take();
    try {
      return ++count;
    } finally {
      lock.taken = false;
    }
  }

  @Arbiter
  public void count(III_Result seen) {
    seen.r3 = count;
  }
}
