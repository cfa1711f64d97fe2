package io.ringspun.internal.ring;

import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A supply from which a multishot operation takes at each completion, for example of buffers, and
 * which may run out. The operation then ends, and is notified when the supply is replenished. Safe
 * for use by multiple concurrent threads.
 */
abstract class Supply {
  /** The place of what a completion brought that took nothing from the supply. */
  public static final int NOWHERE = -1;

  /** An operation that takes from a supply. */
  interface Consumer {
    /** Called when a supply that had run out has been replenished. */
    void fed();
  }

  final SpinLock lock = new SpinLock();

  // Guarded by the lock.
  private final Set<Consumer> starved = new HashSet<>();
  private long returns;

  /** What an operation reserves for its first completion. */
  enum Kept {
    /** Whatever the kernel finds then. */
    NOTHING,
    ONE,
    /** There is nothing that the kernel could take, so it need not be asked. */
    EXHAUSTED
  }

  /** Reserves an item for an operation that is to begin. */
  abstract Kept keep();

  /** Cancels the reservation of an operation that has ended without using it. */
  abstract void giveUp();

  /** Returns whether an operation has ended because there was nothing. */
  abstract boolean isShortage(int result);

  /** Keeps what a completion brought. */
  interface Parts {
    /** Keeps a part of it, with its place in the supply, or {@link #NOWHERE}. */
    void add(int result, int place);
  }

  /**
   * Notes what a completion took, which may be several parts; returns whether the operation must
   * end, or lose what comes.
   *
   * @param kept whether the operation had kept something
   */
  abstract boolean take(int result, int flags, boolean kept, Parts parts);

  /** Returns how often something was given back. */
  final long returns() {
    lock.take();
    try {
      return returns;
    } finally {
      lock.taken = false;
    }
  }

  /**
   * Records that an operation found nothing, unless something was given back since.
   *
   * @param before the {@link #returns} before it began
   * @return whether it will be told when there is something
   */
  final boolean awaitReturn(Consumer operation, long before) {
    lock.take();
    try {
      return returns == before && starved.add(operation);
    } finally {
      lock.taken = false;
    }
  }

  /** Records that the supply has been replenished. */
  final void returned() {
    List<Consumer> fed;
    lock.take();
    try {
      returns++;
      fed = List.copyOf(starved);
      starved.clear();
    } finally {
      lock.taken = false;
    }
    for (Consumer operation : fed) {
      operation.fed();
    }
  }
}
