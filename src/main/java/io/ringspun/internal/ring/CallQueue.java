package io.ringspun.internal.ring;

import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Calls that wait for room, oldest first. The calls themselves are the links, so that nothing is
 * allocated: a queue that could not grow for want of memory would lose them. For the ring's thread.
 */
final class CallQueue {
  private @Nullable Call first;
  private @Nullable Call last;
  private int size;

  int size() {
    return size;
  }

  boolean isEmpty() {
    return first == null;
  }

  /** Returns the oldest call, or null. */
  @Nullable Call peek() {
    return first;
  }

  /** Adds a call that is in no queue. */
  void add(Call call) {
    assert call.next == null;
    Call before = last;
    if (before == null) {
      first = call;
    } else {
      before.next = call;
    }
    last = call;
    size++;
  }

  /** Adds a call that is in no queue in front of all others. */
  void addFirst(Call call) {
    assert call.next == null;
    call.next = first;
    first = call;
    if (last == null) {
      last = call;
    }
    size++;
  }

  /** Removes the oldest call, which must be there. */
  void remove() {
    Call oldest = first;
    assert oldest != null;
    first = (Call) oldest.next;
    oldest.next = null;
    if (first == null) {
      last = null;
    }
    size--;
  }

  /** Shows all calls, oldest first, to an action that adds and removes none. */
  void forEach(Consumer<Call> action) {
    Call call = first;
    while (call != null) {
      Call following = (Call) call.next;
      action.accept(call);
      call = following;
    }
  }

  /** Removes all calls. */
  void clear() {
    while (first != null) {
      remove();
    }
  }
}
