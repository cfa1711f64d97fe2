package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.SubmissionEntry;
import java.util.Arrays;

/**
 * Cancels on their way to the kernel: {@code IORING_OP_ASYNC_CANCEL} by {@code user_data}. They
 * have room of their own in the completion queue, so that they never wait for what they cancel.
 * What a cancel itself answers does not matter: the target's completion decides. For the ring's
 * thread.
 */
final class Cancels {
  /** The {@code user_data} of every cancel. */
  static final long USER_DATA = -2;

  private final SubmissionEntry entry = new SubmissionEntry();
  private final int inFlightMax;
  private long[] targets = new long[16];
  private int count;
  private int inFlight;

  Cancels(int inFlightMax) {
    this.inFlightMax = inFlightMax;
  }

  void add(long userData) {
    if (count == targets.length) {
      targets = Arrays.copyOf(targets, count * 2);
    }
    targets[count++] = userData;
  }

  void submit(SubmissionQueue submissions) {
    while (count > 0 && inFlight < inFlightMax && submissions.room() > 0) {
      entry.cancel(targets[--count]);
      submissions.add(entry, USER_DATA, 0);
      inFlight++;
    }
  }

  /** Returns whether only the submission queue's size keeps more cancels from going in. */
  boolean waitForQueue() {
    return count > 0 && inFlight < inFlightMax;
  }

  void answered() {
    inFlight--;
  }

  boolean isIdle() {
    return count == 0 && inFlight == 0;
  }
}
