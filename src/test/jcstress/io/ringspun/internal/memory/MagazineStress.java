package io.ringspun.internal.memory;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.III_Result;
import org.openjdk.jcstress.infra.results.II_Result;

/** {@link Magazine}: whatever threads share it, no block is handed out twice, and none is lost. */
public final class MagazineStress {
  private static final NativePool.Block FIRST = NativePool.take(1);
  private static final NativePool.Block SECOND = NativePool.take(1);
  private static final int SIZE = 0; // the smallest

  private MagazineStress() {}

  /** A magazine for one test. */
  abstract static class Base {
    final Magazine magazine = new Magazine();

    /** Takes a block; returns its digit, or 0 if there is none or another thread is at it. */
    final int poll() {
      NativePool.Block block = magazine.poll(SIZE);
      if (block == null) {
        return 0;
      }
      return block == FIRST ? 1 : 2;
    }

    final int offer(NativePool.Block block) {
      return magazine.offer(SIZE, block) ? 1 : 0;
    }

    /** Takes all blocks; their digits from left to right are those of the result. */
    final int rest() {
      int digits = 0;
      for (int digit = poll(); digit != 0; digit = poll()) {
        digits = digits * 10 + digit;
      }
      return digits;
    }
  }

  /** Of two threads that take the only block, at most one gets it, and the other does without. */
  @JCStressTest
  @Outcome(
      id = {"1, 0, 0", "0, 1, 0"},
      expect = Expect.ACCEPTABLE,
      desc = "one has it")
  @Outcome(expect = Expect.FORBIDDEN, desc = "handed out twice, or lost")
  @State
  public static class TwoPoll extends Base {
    public TwoPoll() {
      magazine.offer(SIZE, FIRST);
    }

    @Actor
    public void one(III_Result seen) {
      seen.r1 = poll();
    }

    @Actor
    public void two(III_Result seen) {
      seen.r2 = poll();
    }

    @Arbiter
    public void rest(III_Result seen) {
      seen.r3 = rest();
    }
  }

  /** What two threads put there is there, unless it was refused. */
  @JCStressTest
  @Outcome(
      id = {"1, 1, 12", "1, 1, 21"},
      expect = Expect.ACCEPTABLE,
      desc = "both, in either order")
  @Outcome(
      id = {"1, 0, 1", "0, 1, 2"},
      expect = Expect.ACCEPTABLE,
      desc = "the other thread was at it")
  @Outcome(expect = Expect.FORBIDDEN, desc = "lost or doubled")
  @State
  public static class TwoOffer extends Base {
    @Actor
    public void one(III_Result seen) {
      seen.r1 = offer(FIRST);
    }

    @Actor
    public void two(III_Result seen) {
      seen.r2 = offer(SECOND);
    }

    @Arbiter
    public void rest(III_Result seen) {
      seen.r3 = rest();
    }
  }

  /** A thread puts one block there while another takes one. */
  @JCStressTest
  @Outcome(id = "1, 1, 2", expect = Expect.ACCEPTABLE, desc = "taken after it was put there")
  @Outcome(id = "1, 2, 1", expect = Expect.ACCEPTABLE, desc = "taken before")
  @Outcome(id = "1, 0, 12", expect = Expect.ACCEPTABLE, desc = "the taker found the other at it")
  @Outcome(id = "0, 2, 0", expect = Expect.ACCEPTABLE, desc = "the giver found the other at it")
  @Outcome(expect = Expect.FORBIDDEN, desc = "lost or doubled")
  @State
  public static class OfferAndPoll extends Base {
    public OfferAndPoll() {
      magazine.offer(SIZE, SECOND);
    }

    @Actor
    public void offer(III_Result seen) {
      seen.r1 = offer(FIRST);
    }

    @Actor
    public void poll(III_Result seen) {
      seen.r2 = poll();
    }

    @Arbiter
    public void rest(III_Result seen) {
      seen.r3 = rest();
    }
  }

  /** A block that one thread puts into a new magazine is whole when another takes it. */
  @JCStressTest
  @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "not there yet")
  @Outcome(id = "1, 0", expect = Expect.ACCEPTABLE, desc = "there")
  @Outcome(expect = Expect.FORBIDDEN, desc = "lost or doubled")
  @State
  public static class FirstOffer extends Base {
    @Actor
    public void offer() {
      offer(FIRST);
    }

    @Actor
    public void poll(II_Result seen) {
      seen.r1 = poll();
    }

    @Arbiter
    public void rest(II_Result seen) {
      seen.r2 = rest();
    }
  }
}
