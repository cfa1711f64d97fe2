package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.kernel.RingMemory;
import io.ringspun.internal.kernel.SparseTable;
import java.io.IOException;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;

/**
 * A ring's table of registered files: the number of slots in use, as known from completions. The
 * kernel chooses the slots, except for some at the end, which Ringspun chooses: for files that a
 * chain opens and uses, because its steps need the number before the slot is filled.
 *
 * <p>The kernel accepts a connection before it looks for a slot, and closes it again if there is
 * none. So a caller must reserve a slot before it accepts. Safe for use by multiple concurrent
 * threads.
 */
public final class FileTable extends Supply {
  /** As many connections as come together: what a listener's backlog usually holds. */
  private static final int PLENTY = 4096;

  /** More than are likely to be wanted at once; they count against the limit of open files. */
  private static final int CHOSEN_MAX = 64;

  private final int slots;
  private final AtomicInteger taken = new AtomicInteger();
  private final Queue<Integer> chosen = new ConcurrentLinkedQueue<>(); // those that are not taken
  private volatile int chosenSlots; // set once by the ring's thread

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
    int more = CHOSEN_MAX;
    int result = make(kernel, ring, more);
    while (result == -Errno.EMFILE && more > 0) { // as many chosen slots as possible
      more /= 2;
      result = make(kernel, ring, more);
    }
    // The kernel looks for a free slot from the one on that was last taken or emptied. If that is
    // behind the range, it then looks through all before it, from the first on: it comes to ours
    // only if the range is full, and it is not asked then.
    if (result >= 0 && SparseTable.allocateWithin(kernel, ring, slots) >= 0) {
      for (int i = 0; i < more; i++) {
        chosen.add(slots + i);
      }
      chosenSlots = more;
    }
    return result;
  }

  private int make(Kernel kernel, RingMemory ring, int more) {
    return SparseTable.make(kernel, ring, Constants.IORING_REGISTER_FILES2, slots + more);
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
   * Returns whether a multishot accept is safe: enough slots are free for the connections that may
   * arrive together.
   */
  public boolean hasPlenty() {
    return slots - taken.get() > PLENTY;
  }

  /** Records that an operation has filled a slot without a reservation. */
  private void take() {
    taken.incrementAndGet();
  }

  /** Reserves a slot for an operation that is to begin; returns false if all are in use. */
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

  /** Puts something into a slot. */
  public interface Entry {
    /** Does so, and returns the slot. */
    int run() throws IOException;
  }

  /**
   * Fills a slot that is reserved first, so that no other connection is accepted for it and closed.
   *
   * @param full says that all are taken
   * @return the slot
   * @throws IOException if all are taken, or the entry fails, which gives the slot up
   */
  public int fill(Supplier<IOException> full, Entry entry) throws IOException {
    if (!reserve()) {
      throw full.get();
    }
    boolean filled = false;
    try {
      int slot = entry.run();
      filled = true;
      return slot;
    } finally {
      if (!filled) {
        unreserve();
      }
    }
  }

  /** Cancels the reservation of an operation that has failed. */
  public void unreserve() {
    taken.decrementAndGet();
    returned();
  }

  /** Returns the number of slots that Ringspun chooses, in use or not. */
  public int chosenSlots() {
    return chosenSlots;
  }

  /** Takes one of the slots that Ringspun chooses; returns -1 if all are in use. */
  public int takeSlot() {
    Integer slot = chosen.poll();
    return slot == null ? -1 : slot;
  }

  /** Records that a slot is empty again. */
  public void giveBack(int slot) {
    if (slot >= slots) {
      chosen.add(slot);
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
    parts.add(result, NOWHERE);
    if (result < 0) {
      return false;
    }
    if (!kept) {
      take();
    }
    return !hasPlenty();
  }
}
