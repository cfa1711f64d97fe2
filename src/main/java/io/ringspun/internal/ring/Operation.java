package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.SubmissionEntry;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One submission and its completion. Filled by the calling thread, then owned by the ring's thread
 * until its call is over; {@link Call} orders the two.
 */
public final class Operation extends SubmissionEntry {
  static final int NO_SLOT = -1;

  final Call call;

  /** The descriptor it works on, so that closing one can find it. */
  @Nullable Handle handle;

  /** Other descriptors that the kernel looks up meanwhile; who calls keeps them open. */
  @Nullable List<? extends Handle> others;

  /** Whatever owns the memory that the kernel was lent; reachable until the completion. */
  @Nullable Object lent;

  /** Whether doing it twice does no harm, so that a transient refusal may be retried. */
  boolean repeatable;

  /** Whether it may wait for ever, so that it must not keep others out. */
  boolean openEnded;

  /** Where completions go if there can be many. */
  @Nullable Multishot multishot;

  /** Set by the ring's thread: where it stands in the in-flight table, or {@link #NO_SLOT}. */
  int slot = NO_SLOT;

  /** Set by the ring's thread, read by the caller once the call is done. */
  int result;

  boolean finished;

  byte retries;

  Operation(Call call) {
    this.call = call;
  }

  /** Notes what must stay alive and open while the kernel works. */
  public Operation using(@Nullable Handle handle, @Nullable Object lent) {
    this.handle = handle;
    this.lent = lent;
    return this;
  }

  /** Notes other descriptors that it names: it ends when one of them is closed. */
  public Operation naming(List<? extends Handle> named) {
    others = named;
    return this;
  }

  /** Returns whether something that it works on has been closed. */
  boolean isClosed() {
    if (handle != null && !handle.isOpen()) {
      return true;
    }
    if (others != null) {
      for (Handle other : others) {
        if (!other.isOpen()) {
          return true;
        }
      }
    }
    return false;
  }

  /** Says that the operation may be submitted again after a transient refusal. */
  public Operation repeatable() {
    repeatable = true;
    return this;
  }

  /** Says that the operation completes many times. */
  void deliverTo(Multishot arrivals) {
    multishot = arrivals;
  }

  /** Says that the operation may wait for ever for somebody, such as a peer. */
  public Operation openEnded() {
    openEnded = true;
    return this;
  }

  /** Returns the result once the call is done: as the kernel gave it, or a negated errno. */
  public int result() {
    return result;
  }

  void reset() {
    handle = null;
    others = null;
    lent = null;
    repeatable = false;
    openEnded = false;
    retries = 0;
    finished = false;
    assert slot == NO_SLOT;
  }
}
