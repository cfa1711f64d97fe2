package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.kernel.RingMemory;
import io.ringspun.internal.kernel.SparseTable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * A ring's table of registered files: how many slots are taken, as far as completions have told.
 * The kernel chooses the slots, but for one behind them, which is ours to choose: for a socket that
 * a chain opens and goes on to use, and must know by a number before there is one.
 *
 * <p>The kernel accepts a connection before it looks for a slot, and closes it again if there is
 * none. So whoever accepts must look first. Safe for use by many threads.
 */
public final class FileTable extends Stock {
  /** As many connections as come together: what a listener's backlog usually holds. */
  private static final int PLENTY = 4096;

  private final int slots;
  private final AtomicInteger taken = new AtomicInteger();
  private final AtomicBoolean chosenTaken = new AtomicBoolean(true); // until there is such a slot

  FileTable(int slots) {
    this.slots = slots;
  }

  /**
   * Makes the table, on the ring's own thread.
   *
   * @return 0 or a negated errno
   */
  int make(Kernel kernel, RingMemory ring) {
    if (slots == 0) {
      return 0;
    }
    int result = SparseTable.make(kernel, ring, Constants.IORING_REGISTER_FILES2, slots + 1);
    if (result == -Errno.EMFILE) { // as many as may be, without ours
      return SparseTable.make(kernel, ring, Constants.IORING_REGISTER_FILES2, slots);
    }
    // The kernel looks for a free slot from the one on that was last taken or emptied, also if that
    // is beyond the range, and then takes the range to reach up to there. That is why there is only
    // one: directly behind the range, it is never looked at.
    if (result >= 0 && SparseTable.allocateWithin(kernel, ring, slots) >= 0) {
      chosenTaken.set(false);
    }
    return result;
  }

  /** Returns how many slots the kernel can choose from. */
  public int slots() {
    return slots;
  }

  /** Returns how many of them are taken. */
  public int taken() {
    return taken.get();
  }

  /**
   * Returns whether the kernel may go on accepting without being asked for each connection: so many
   * slots are free that those which come together will not run out of them.
   */
  public boolean hasPlenty() {
    return slots - taken.get() > PLENTY;
  }

  /** Notes that an operation has put something into a slot without having kept it. */
  private void take() {
    taken.incrementAndGet();
  }

  /** Keeps a slot for an operation that is to begin; returns false if all are taken. */
  public boolean reserve() {
    int now;
    do {
      now = taken.get();
      if (now >= slots) {
        return false;
      }
    } while (!taken.compareAndSet(now, now + 1));
    return true;
  }

  /** Gives up what was kept for an operation that has failed. */
  public void unreserve() {
    taken.decrementAndGet();
    returned();
  }

  /** Takes the slot that is ours to choose; returns -1 if it is taken or there is none. */
  public int takeChosen() {
    return chosenTaken.compareAndSet(false, true) ? slots : -1;
  }

  /** Notes that a slot is empty again. */
  public void giveBack(int slot) {
    if (slot == slots) {
      chosenTaken.set(false);
    } else {
      unreserve();
    }
  }

  @Override
  Kept keep() {
    if (hasPlenty()) {
      return Kept.NOTHING;
    }
    return reserve() ? Kept.ONE : Kept.EXHAUSTED;
  }

  @Override
  void giveUp() {
    unreserve();
  }

  @Override
  boolean isShortage(int result) {
    return false; // ENFILE is not for want of a slot, but of files in the system
  }

  @Override
  boolean take(int result, int flags, boolean kept, Parts parts) {
    parts.add(result, ProvidedBuffers.NOWHERE);
    if (result < 0) {
      return false;
    }
    if (!kept) {
      take();
    }
    return !hasPlenty();
  }
}
