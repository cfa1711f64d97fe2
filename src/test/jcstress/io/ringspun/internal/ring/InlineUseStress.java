package io.ringspun.internal.ring;

import io.ringspun.internal.inline.InlineMemory;
import java.lang.foreign.MemorySegment;
import java.nio.channels.ClosedChannelException;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/**
 * {@link InlineCalls} and {@link InlineMemory}: a thread in a plain system call is not counted as a
 * user of the handle, yet the descriptor is not closed until the call has returned.
 */
public final class InlineUseStress {
  private static final int REFUSED = -1;

  private InlineUseStress() {}

  /** A call through the memory of the caller's carrier. */
  @JCStressTest
  @Outcome(id = "-1, 1", expect = Expect.ACCEPTABLE, desc = "the caller came too late")
  @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "the closer let the call finish")
  @Outcome(expect = Expect.FORBIDDEN, desc = "closed during the call, or not closed once")
  @State
  public static class CallAndClose extends HandleStress.Base {
    @Actor
    public void call(II_Result seen) {
      seen.r1 = read(handle); // the kernel of these tests returns how often it was closed
    }

    @Actor
    public void close(II_Result seen) {
      close();
      seen.r2 = closes();
    }
  }

  /** Two calls in a row: the memory that the first has given back protects the second as well. */
  @JCStressTest
  @Outcome(id = "-1, -1", expect = Expect.ACCEPTABLE, desc = "closed before both")
  @Outcome(id = "0, -1", expect = Expect.ACCEPTABLE, desc = "closed between them")
  @Outcome(id = "0, 0", expect = Expect.ACCEPTABLE, desc = "closed after both")
  @Outcome(expect = Expect.FORBIDDEN, desc = "closed during a call, or open again")
  @State
  public static class TwoCallsAndClose extends HandleStress.Base {
    @Actor
    public void call(II_Result seen) {
      seen.r1 = read(handle);
      seen.r2 = read(handle);
    }

    @Actor
    public void end() {
      close();
    }
  }

  /** A call of a second carrier: the handle knows that there is more than one memory to look at. */
  @JCStressTest
  @Outcome(id = "-1, 1", expect = Expect.ACCEPTABLE, desc = "the caller came too late")
  @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "the closer let the call finish")
  @Outcome(expect = Expect.FORBIDDEN, desc = "closed during the call, or not closed once")
  @State
  public static class SecondCallAndClose extends HandleStress.Base {
    private static final InlineMemory FIRST = InlineMemory.create();

    public SecondCallAndClose() {
      handle.noteOnTheSpot(FIRST);
    }

    @Actor
    public void call(II_Result seen) {
      seen.r1 = read(handle);
    }

    @Actor
    public void close(II_Result seen) {
      close();
      seen.r2 = closes();
    }
  }

  /** Returns how often the descriptor has been closed, or that the call was refused. */
  private static int read(Handle handle) {
    try {
      return (int) handle.home().inline().read(handle, MemorySegment.NULL, 0);
    } catch (ClosedChannelException _) {
      return REFUSED;
    }
  }

  /** A call through memory that one thread has for itself, as the ring's own thread has. */
  @JCStressTest
  @Outcome(id = "-1, 1", expect = Expect.ACCEPTABLE, desc = "the caller came too late")
  @Outcome(id = "0, 1", expect = Expect.ACCEPTABLE, desc = "the closer let the call finish")
  @Outcome(expect = Expect.FORBIDDEN, desc = "closed during the call, or not closed once")
  @State
  public static class OwnMemory extends HandleStress.Base {
    private static final InlineMemory MEMORY = InlineMemory.create(); // of the thread that calls

    @Actor
    public void call(II_Result seen) {
      MEMORY.use(handle);
      handle.noteOnTheSpot(MEMORY);
      seen.r1 = handle.isOpen() ? closes() : REFUSED;
      MEMORY.close();
    }

    @Actor
    public void close(II_Result seen) {
      // What Handle.close does, for the memory of a ring that is open.
      if (handle.refuseUsers()) {
        handle.awaitOnTheSpot();
        handle.leaveOpen(); // or the cleaner would close the number again, which another one has
        handle.home().kernel().close(handle.fd());
      }
      seen.r2 = closes();
    }
  }
}
