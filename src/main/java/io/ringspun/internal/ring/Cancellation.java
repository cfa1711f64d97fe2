package io.ringspun.internal.ring;

import java.util.function.Predicate;

/**
 * A wish to end some of the operations that a ring has, and the thread that waits for their ends.
 * But for that thread, for the ring's thread.
 */
final class Cancellation extends Inbound implements Claim {
  private final Predicate<Operation> wanted;
  private final Waiter waiter = Waiter.current();

  private int pending = 1; // itself, until it has claimed all it wants
  private int cancelled; // written before done, read after it

  Cancellation(Predicate<Operation> wanted) {
    this.wanted = wanted;
  }

  /** Selects an operation if it matches and its call has not been cancelled before. */
  boolean claims(Operation operation) {
    Call call = operation.call;
    if (operation.claim != null
        || operation.multishot != null // whose takers do not wait for it alone
        || operation.isLimit() // which ends with what it limits
        || call.uncancellable
        || call.cancelled != Call.Cancelled.NOT
        || !wanted.test(operation)) {
      return false;
    }
    operation.claim = this;
    if (call.size() == 1) {
      call.cancelled = Call.Cancelled.REQUESTED;
    }
    pending++;
    return true;
  }

  @Override
  public void ended(boolean wasCancelled) {
    if (wasCancelled) {
      cancelled++;
    }
    settle();
  }

  /** Records that no more operations are going to be claimed. */
  void settle() {
    if (--pending == 0) {
      setDone();
      waiter.wake();
    }
  }

  /** Returns how many operations it has ended, once it is done. */
  int cancelled() {
    return cancelled;
  }
}
