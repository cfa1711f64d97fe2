package io.ringspun.internal.ring;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/** {@link Inbox}: what is pushed is taken once, whole, and in order. */
public final class InboxStress {
  private InboxStress() {}

  /** Something handed over, here a call, with a plain field that the push must publish. */
  private static Call item(int value) {
    return Call.single().within(value);
  }

  /** Takes everything; the values from left to right are the digits of the result. */
  private static int digits(Inbox inbox) {
    int digits = 0;
    for (Inbound item = inbox.takeAll(); item != null; item = item.next) {
      digits = digits * 10 + (int) ((Call) item).timeoutNanos;
    }
    return digits;
  }

  /** Whoever takes an item sees what was written to it before the push. */
  @JCStressTest
  @Outcome(id = "-1", expect = Expect.ACCEPTABLE, desc = "not there yet")
  @Outcome(id = "42", expect = Expect.ACCEPTABLE, desc = "there, and whole")
  @Outcome(expect = Expect.FORBIDDEN, desc = "there before its content")
  @State
  public static class Publication {
    private final Inbox inbox = new Inbox();
    private final Call item = Call.single();

    @Actor
    public void push() {
      item.timeoutNanos = 42;
      inbox.push(item);
    }

    @Actor
    public void take(I_Result seen) {
      Call taken = (Call) inbox.takeAll();
      seen.r1 = taken == null ? -1 : (int) taken.timeoutNanos;
    }
  }

  /** What one thread pushes is taken in the order that it was pushed in. */
  @JCStressTest
  @Outcome(id = "0, 12", expect = Expect.ACCEPTABLE, desc = "taken before both")
  @Outcome(id = "1, 2", expect = Expect.ACCEPTABLE, desc = "taken between them")
  @Outcome(id = "12, 0", expect = Expect.ACCEPTABLE, desc = "taken after both")
  @Outcome(expect = Expect.FORBIDDEN, desc = "lost, doubled, or out of order")
  @State
  public static class Order {
    private final Inbox inbox = new Inbox();

    @Actor
    public void push() {
      inbox.push(item(1));
      inbox.push(item(2));
    }

    @Actor
    public void take(II_Result seen) {
      seen.r1 = digits(inbox);
    }

    @Arbiter
    public void rest(II_Result seen) {
      seen.r2 = digits(inbox);
    }
  }

  /** Threads that push at the same time do not push each other out. */
  @JCStressTest
  @Outcome(
      id = {"12", "21"},
      expect = Expect.ACCEPTABLE,
      desc = "both, in either order")
  @Outcome(expect = Expect.FORBIDDEN, desc = "lost or doubled")
  @State
  public static class TwoPush {
    private final Inbox inbox = new Inbox();

    @Actor
    public void one() {
      inbox.push(item(1));
    }

    @Actor
    public void two() {
      inbox.push(item(2));
    }

    @Arbiter
    public void take(I_Result seen) {
      seen.r1 = digits(inbox);
    }
  }

  /** Of two threads that take, as after a ring's end, one gets it all and the other nothing. */
  @JCStressTest
  @Outcome(
      id = {"12, 0", "0, 12"},
      expect = Expect.ACCEPTABLE,
      desc = "one has all")
  @Outcome(expect = Expect.FORBIDDEN, desc = "lost, shared or doubled")
  @State
  public static class TwoTake {
    private final Inbox inbox = new Inbox();

    public TwoTake() {
      inbox.push(item(1));
      inbox.push(item(2));
    }

    @Actor
    public void one(II_Result seen) {
      seen.r1 = digits(inbox);
    }

    @Actor
    public void two(II_Result seen) {
      seen.r2 = digits(inbox);
    }
  }
}
