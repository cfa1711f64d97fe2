package io.ringspun.internal.ring;

import org.jspecify.annotations.Nullable;

/** Something that another thread hands to the ring's thread; a link in the {@link Inbox}. */
abstract sealed class Inbound
    permits Call,
        Cancellation,
        Carried.Resumption,
        Errand,
        RingThread.CancelRequest,
        RingThread.CloseRequest {
  @Nullable Inbound next; // written before the push that publishes it, then by the drainer alone

  /** Written by the thread that gives it: whether the ring's thread has it, or is going to. */
  boolean given;

  // Both are for the ring's thread, and for virtual threads that stand on it.
  boolean posted; // and not looked at
  boolean withdrawn; // while it was posted: nobody waits for it
}
