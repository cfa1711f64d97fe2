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
}
