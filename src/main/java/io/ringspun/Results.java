package io.ringspun;

import io.ringspun.internal.kernel.Errno;
import java.io.IOException;
import java.util.List;

/** What became of the operations of a transaction, before it is known of which kind. */
final class Results {
  private final List<Transaction.Step> steps;
  private final int[] values; // as the kernel gave them: counts, or negated errnos
  private final boolean timedOut;

  Results(List<Transaction.Step> steps, int[] values, boolean timedOut) {
    this.steps = steps;
    this.values = values;
    this.timedOut = timedOut;
  }

  boolean timedOut() {
    return timedOut;
  }

  int size() {
    return values.length;
  }

  int value(int index) {
    return values[index];
  }

  boolean isCancelled(int index) {
    return values[index] == -Errno.ECANCELED;
  }

  boolean isShort(int index) {
    return values[index] >= 0 && values[index] < steps.get(index).length();
  }

  IOException shortTransfer(int index) {
    return new IOException(
        "%s transferred %d of %d bytes"
            .formatted(steps.get(index).name(), values[index], steps.get(index).length()));
  }

  OperationException failure(int index) {
    return new OperationException(steps.get(index).name(), -values[index]);
  }
}
