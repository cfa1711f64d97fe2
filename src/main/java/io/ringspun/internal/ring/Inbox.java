package io.ringspun.internal.ring;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * The way into a ring for threads that it does not carry: a lock-free stack that the ring's thread
 * takes whole and turns round, so that what was pushed first is served first.
 *
 * <p>The compare-and-set of {@link #push} publishes the item; the exchange of {@link #takeAll}
 * pairs with it.
 */
final class Inbox {
  private static final VarHandle TOP;

  static {
    try {
      TOP = MethodHandles.lookup().findVarHandle(Inbox.class, "top", Inbound.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  @SuppressWarnings("unused") // through TOP
  private volatile @Nullable Inbound top;

  void push(Inbound item) {
    Inbound seen;
    do {
      seen = top;
      item.next = seen;
    } while (!TOP.compareAndSet(this, seen, item));
  }

  boolean isEmpty() {
    return top == null;
  }

  /** Returns everything pushed so far, oldest first, linked by {@link Inbound#next}. */
  @Nullable Inbound takeAll() {
    Inbound newest = (Inbound) TOP.getAndSet(this, (Inbound) null);
    Inbound oldest = null;
    while (newest != null) {
      Inbound following = newest.next;
      newest.next = oldest;
      oldest = newest;
      newest = following;
    }
    return oldest;
  }
}
