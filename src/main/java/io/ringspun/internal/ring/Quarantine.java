package io.ringspun.internal.ring;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Memory that the kernel was lent by rings that failed. Nobody will learn when it is free, so it is
 * never freed: a leak, counted, instead of a corruption.
 */
final class Quarantine {
  private static final List<InFlight> KEPT = new CopyOnWriteArrayList<>();

  private static final AtomicInteger FAILURES = new AtomicInteger();

  private Quarantine() {}

  /** Returns how many rings have failed with operations in flight. */
  static int failures() {
    return FAILURES.get();
  }

  static void keep(InFlight operations) {
    if (operations.count() > 0) {
      FAILURES.incrementAndGet();
      KEPT.add(operations);
    }
  }

  /** Returns how many operations were never answered for. */
  static int size() {
    return KEPT.stream().mapToInt(InFlight::count).sum();
  }
}
