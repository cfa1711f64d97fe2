package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.SubmissionEntry;
import java.util.Arrays;

/**
 * Cancels on their way to the kernel: {@code IORING_OP_ASYNC_CANCEL} by {@code user_data}. They
 * have room of their own in the completion queue, so that they never wait for what they cancel.
 * What a cancel itself answers does not decide: the target's completion does. For the ring's
 * thread.
 */
final class Cancels {
  /** The {@code user_data} of the first cancel; those of the others are below it. */
  private static final long USER_DATA = -2;

  private final SubmissionEntry entry = new SubmissionEntry();
  private long[] targets = new long[16];
  private int count;

  private final long[] sent; // what those in flight are to cancel
  private final int[] free; // which of these places are not taken
  private int freeCount;

  Cancels(int inFlightMax) {
    sent = new long[inFlightMax];
    free = new int[inFlightMax];
    for (int place = inFlightMax - 1; place >= 0; place--) {
      free[freeCount++] = place;
    }
  }

  void add(long userData) {
    if (count == targets.length) {
      targets = Arrays.copyOf(targets, count * 2);
    }
    targets[count++] = userData;
  }

  void submit(SubmissionQueue submissions) {
    while (count > 0 && freeCount > 0 && submissions.room() > 0) {
      int place = free[--freeCount];
      sent[place] = targets[--count];
      entry.cancel(sent[place]);
      submissions.add(entry, USER_DATA - place, 0);
    }
  }

  /** Returns whether only the submission queue's size keeps more cancels from going in. */
  boolean waitForQueue() {
    return count > 0 && freeCount > 0;
  }

  /** Returns whether a completion is a cancel's own. */
  boolean isAnswer(long userData) {
    return userData <= USER_DATA && userData > USER_DATA - sent.length;
  }

  /** Handles a cancel's completion, and returns the operation that it was to cancel. */
  long answered(long userData) {
    int place = (int) (USER_DATA - userData);
    free[freeCount++] = place;
    return sent[place];
  }

  boolean isIdle() {
    return count == 0 && freeCount == sent.length;
  }
}
