package io.ringspun;

import io.ringspun.internal.kernel.Errno;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** What became of the operations of a transaction, before it is known of which kind. */
final class Results {
  private final List<Transaction.Step> steps;
  private final int[] values; // as the kernel gave them: counts, or negated errnos
  private final int[] lengths; // how many bytes each was to transfer, or 0
  private final boolean timedOut;
  private final Map<Integer, Duration> overdue; // limits that ended operations, by position
  private final Map<Integer, IOException> closings; // what tells of a close, by position

  Results(
      List<Transaction.Step> steps,
      int[] values,
      boolean timedOut,
      Map<Integer, Duration> overdue,
      Map<Integer, IOException> closings) {
    this.steps = steps;
    this.values = values;
    lengths = steps.stream().mapToInt(Transaction.Step::length).toArray();
    this.timedOut = timedOut;
    this.overdue = overdue;
    this.closings = closings;
  }

  boolean timedOut() {
    return timedOut;
  }

  boolean timedOut(int index) {
    Objects.checkIndex(index, size());
    return overdue.containsKey(index);
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
    return values[index] >= 0 && values[index] < lengths[index];
  }

  IOException shortTransfer(int index) {
    return new IOException(
        "%s transferred %d of %d bytes".formatted(name(index), values[index], lengths[index]));
  }

  /** Returns what a caller is told who wants all to succeed: of the close that was the reason. */
  IOException problem(int index) {
    IOException closing = closings.get(index);
    return closing != null ? closing : failure(index);
  }

  OperationException failure(int index) {
    Duration limit = overdue.get(index);
    return limit == null
        ? new OperationException(name(index), -values[index])
        : new OperationException(name(index), -values[index], "its limit was " + limit);
  }

  OperationTimeoutException timeout(int index) {
    return new OperationTimeoutException(
        "operation %d of %d, %s, took longer than its limit of %s"
            .formatted(index + 1, size(), name(index), overdue.get(index)));
  }

  private String name(int index) {
    return steps.get(index).name();
  }
}
