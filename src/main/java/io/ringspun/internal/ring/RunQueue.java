package io.ringspun.internal.ring;

import org.jspecify.annotations.Nullable;

/** The carried virtual threads that are ready to go on, first come first served. */
final class RunQueue {
  private @Nullable Runnable[] items = new Runnable[64]; // length is a power of two
  private int head;
  private int tail;

  boolean isEmpty() {
    return head == tail;
  }

  /** Any thread: returns how many entries there are; another thread may see an earlier number. */
  int size() {
    return Math.max(0, tail - head);
  }

  void add(Runnable item) {
    if (tail - head == items.length) {
      grow();
    }
    items[tail++ & (items.length - 1)] = item;
  }

  /** Removes the oldest entry, or returns null if there is none. */
  @Nullable Runnable poll() {
    if (head == tail) {
      return null;
    }
    int index = head++ & (items.length - 1);
    Runnable item = items[index];
    items[index] = null;
    return item;
  }

  private void grow() {
    Runnable[] larger = new Runnable[items.length * 2];
    int size = tail - head;
    for (int i = 0; i < size; i++) {
      larger[i] = items[(head + i) & (items.length - 1)];
    }
    items = larger;
    head = 0;
    tail = size;
  }
}
