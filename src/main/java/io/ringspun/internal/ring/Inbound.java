package io.ringspun.internal.ring;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import org.jspecify.annotations.Nullable;

/**
 * Something that a thread hands to the ring's thread; a link in the {@link Inbox}. Most are waited
 * for by the thread that handed them over: see {@link Engine#deliver}.
 */
abstract class Inbound {
  private static final VarHandle DONE;

  static {
    try {
      DONE = MethodHandles.lookup().findVarHandle(Inbound.class, "done", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  @Nullable Inbound next; // written before the push that publishes it, then by the drainer alone

  /** Written by the posting thread: whether the item has been posted. */
  boolean given;

  // Both are for the ring's thread, and for virtual threads that stand on it.
  boolean posted; // and not looked at
  boolean withdrawn; // while it was posted: no thread waits for it

  /** Why the call could not begin although the ring still works, or null. */
  @Nullable Throwable failure;

  volatile boolean done; // set through DONE

  boolean isDone() {
    return done;
  }

  /**
   * Ends the call. From this store on, the waiting thread may read its results or reuse it.
   *
   * <p>A releasing store would not do. Whoever ends a call unparks the thread then, and {@code
   * LockSupport.unpark} of a virtual thread first reads whether a permit is there already. If the
   * store came after that read, a thread that takes an older permit meanwhile would see that the
   * call is not done, park, and never be woken.
   */
  final void setDone() {
    DONE.setVolatile(this, true);
  }

  /** Makes it ready to be handed over again. */
  void reset() {
    DONE.set(this, false); // without the fence of a volatile store
    next = null;
    given = false;
    posted = false;
  }
}
