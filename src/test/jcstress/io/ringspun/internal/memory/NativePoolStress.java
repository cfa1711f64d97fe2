package io.ringspun.internal.memory;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.II_Result;

/** {@link NativePool}: a block has one owner from {@code take} to {@code close}. */
public final class NativePoolStress {
  private static final Set<Long> OWNED = ConcurrentHashMap.newKeySet(); // addresses

  private NativePoolStress() {}

  /** Takes a block, writes to it, and gives it back; returns 1 if nobody else had it meanwhile. */
  private static int own(int byteSize, long mark) {
    try (NativePool.Block block = NativePool.take(byteSize)) {
      boolean alone = OWNED.add(block.address());
      block.memory().set(JAVA_LONG, 0, mark);
      alone &= block.memory().get(JAVA_LONG, 0) == mark;
      OWNED.remove(block.address());
      return alone ? 1 : 0;
    }
  }

  /** Blocks from the stock, as magazines do not keep this size. */
  @JCStressTest
  @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "two blocks, or one after the other")
  @Outcome(expect = Expect.FORBIDDEN, desc = "one block for both")
  @State
  public static class Stock {
    @Actor
    public void one(II_Result alone) {
      alone.r1 = own(NativePool.LARGEST_BYTES, 1);
    }

    @Actor
    public void two(II_Result alone) {
      alone.r2 = own(NativePool.LARGEST_BYTES, 2);
    }
  }

  /**
   * One thread uses its magazine while another frees what all magazines keep, and takes a block. If
   * a block in use were freed, the allocator would give the other thread the same memory.
   */
  @JCStressTest
  @Outcome(id = "1, 1", expect = Expect.ACCEPTABLE, desc = "two blocks, or one after the other")
  @Outcome(expect = Expect.FORBIDDEN, desc = "one piece of memory for both")
  @State
  public static class Trim {
    @Actor
    public void use(II_Result alone) {
      alone.r1 = own(1, 1);
    }

    @Actor
    public void trim(II_Result alone) {
      NativePool.trim();
      alone.r2 = own(1, 2);
    }
  }
}
