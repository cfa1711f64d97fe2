package io.ringspun.internal.ring;

import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;
import org.openjdk.jcstress.infra.results.I_Result;

/**
 * {@link Handle}: a descriptor is closed once, after its last user has left, and the closer learns
 * of that. A closer that nobody wakes hangs, and with it the test.
 */
public final class HandleStress {
  private static final int REFUSED = 0;
  private static final int USED_OPEN = 1;
  private static final int USED_CLOSED = 2;

  private HandleStress() {}

  /** A descriptor for one test. */
  abstract static class Base {
    private static final Engine CLOSED_RING = StressRing.closed();

    final Handle handle = new RawHandle(StressRing.fakeDescriptor(), false, CLOSED_RING);

    final int use() {
      try {
        handle.acquire();
      } catch (ClosedChannelException _) {
        return REFUSED;
      }
      int seen = closes() == 0 ? USED_OPEN : USED_CLOSED;
      handle.release();
      return seen;
    }

    final void close() {
      try {
        handle.close();
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    }

    final int closes() {
      return StressRing.closes(handle.fd());
    }
  }

  /** Nobody who got in uses the number after it was given back; close returns after that. */
  @JCStressTest
  @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "the user came too late")
  @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "the closer let the user finish")
  @Outcome(expect = Expect.FORBIDDEN, desc = "used when closed, or not closed once")
  @State
  public static class UseAndClose extends Base {
    @Actor
    public void use(II_Result seen) {
      seen.r1 = use();
    }

    @Actor
    public void close(II_Result seen) {
      close();
      seen.r2 = closes();
    }
  }

  /** A user who is in already and leaves while another thread closes is waited for. */
  @JCStressTest
  @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "closed after the user had left")
  @Outcome(expect = Expect.FORBIDDEN, desc = "closed under the user, or not closed once")
  @State
  public static class LeaveAndClose extends Base {
    public LeaveAndClose() {
      try {
        handle.acquire();
      } catch (ClosedChannelException e) {
        throw new IllegalStateException(e);
      }
    }

    @Actor
    public void leave(II_Result seen) {
      seen.r1 = closes();
      handle.release();
    }

    @Actor
    public void close(II_Result seen) {
      close();
      seen.r2 = closes();
    }
  }

  /** Of two threads that close, one does. */
  @JCStressTest
  @Outcome(id = "1", expect = Expect.ACCEPTABLE, desc = "closed once")
  @Outcome(expect = Expect.FORBIDDEN, desc = "closed twice, or not at all")
  @State
  public static class TwoClose extends Base {
    @Actor
    public void one() {
      close();
    }

    @Actor
    public void two() {
      close();
    }

    @Arbiter
    public void count(I_Result seen) {
      seen.r1 = closes();
    }
  }
}
