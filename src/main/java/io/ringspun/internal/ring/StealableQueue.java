package io.ringspun.internal.ring;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * The virtual threads of a group that are ready on one ring, first come first served. The ring's
 * thread adds and takes; the threads of other rings take, too, many at once.
 *
 * <p>The releasing store of the tail publishes an entry. Whoever takes reads the entries first and
 * then moves the head by compare-and-set; if that fails, what was read is discarded. A slot is
 * written again only when the head has passed it, and an array that was replaced is not written any
 * more, so an entry that was read is the right one whenever the compare-and-set succeeds.
 */
final class StealableQueue {
  private static final VarHandle HEAD;
  private static final VarHandle TAIL;
  private static final VarHandle ITEM = MethodHandles.arrayElementVarHandle(Runnable[].class);

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      HEAD = lookup.findVarHandle(StealableQueue.class, "head", int.class);
      TAIL = lookup.findVarHandle(StealableQueue.class, "tail", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private volatile @Nullable Runnable[] items; // length is a power of two
  private volatile int head; // changed through HEAD

  @SuppressWarnings("unused") // read through TAIL
  private volatile int tail; // changed through TAIL, by the ring's thread

  private int cleared; // for the ring's thread: slots before it refer to nothing

  StealableQueue() {
    this(256);
  }

  /**
   * Creates a queue.
   *
   * @param room for so many entries before it grows, a power of two
   */
  StealableQueue(int room) {
    items = new Runnable[room];
  }

  // ---- the ring's thread ---------------------------------------------------------------------

  void add(Runnable item) {
    @Nullable Runnable[] array = items;
    int end = (int) TAIL.get(this);
    if (end - head == array.length) {
      array = grow(array, end);
    }
    array[end & (array.length - 1)] = item;
    TAIL.setRelease(this, end + 1);
  }

  private @Nullable Runnable[] grow(@Nullable Runnable[] array, int end) {
    @Nullable Runnable[] larger = new Runnable[array.length * 2];
    for (int i = head; i != end; i++) {
      larger[i & (larger.length - 1)] = array[i & (array.length - 1)];
    }
    items = larger;
    return larger;
  }

  /** Removes the oldest entry, or returns null if there is none. */
  @Nullable Runnable poll() {
    @Nullable Runnable[] array = items;
    int end = (int) TAIL.get(this);
    for (int start = head; start != end; start = head) {
      int index = start & (array.length - 1);
      Runnable item = array[index];
      if (HEAD.compareAndSet(this, start, start + 1)) {
        array[index] = null;
        return item;
      }
    }
    return null;
  }

  /** Drops the references to what others have taken, while the queue is empty. */
  void forgetTaken() {
    @Nullable Runnable[] array = items;
    int end = (int) TAIL.get(this);
    for (int i = Math.min(end - cleared, array.length); i > 0; i--) {
      array[(end - i) & (array.length - 1)] = null;
    }
    cleared = end;
  }

  // ---- any thread ----------------------------------------------------------------------------

  /** Returns how many entries there are; others may take them meanwhile. */
  int size() {
    int start = head;
    return Math.max(0, (int) TAIL.getAcquire(this) - start);
  }

  /**
   * Removes the older half of the entries, rounded up.
   *
   * @param taken where they are put, as far as they fit
   * @return how many
   */
  int takeHalf(@Nullable Runnable[] taken) {
    while (true) {
      int start = head;
      int size = (int) TAIL.getAcquire(this) - start;
      int count = Math.min(size - size / 2, taken.length);
      if (count <= 0) {
        return 0;
      }
      @Nullable Runnable[] array = items;
      for (int i = 0; i < count; i++) {
        taken[i] = (Runnable) ITEM.getOpaque(array, (start + i) & (array.length - 1));
      }
      if (HEAD.compareAndSet(this, start, start + count)) {
        return count;
      }
    }
  }
}
