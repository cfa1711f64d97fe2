package io.ringspun.benchmarks;

import io.ringspun.Ring;
import io.ringspun.RingGroup;
import io.ringspun.RingMetrics;
import io.ringspun.RingOptions;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;

/** The rings of an arm, and proof that they did its work. */
final class Rings implements AutoCloseable {
  /** How an operation may be done. */
  enum Way {
    /** By a plain system call that could not wait. */
    INLINE,
    /** By way of the ring. */
    QUEUED,
    /** As the library sees fit. */
    EITHER
  }

  private final List<Ring> rings;
  private final ThreadFactory factory;
  private long submitted;
  private long inlineHits;

  private Rings(List<Ring> rings, ThreadFactory factory) {
    this.rings = rings;
    this.factory = factory;
  }

  static Rings open(int count, RingOptions options) throws IOException {
    RingGroup group = RingGroup.open(count, options);
    return new Rings(group.rings(), group.threadFactory());
  }

  /** Returns the rings that files use which know of no other. */
  static Rings shared() throws IOException {
    return new Rings(RingGroup.shared().rings(), RingGroup.shared().threadFactory());
  }

  static Rings one() throws IOException {
    return open(1, RingOptions.defaults());
  }

  static Rings onePerProcessor() throws IOException {
    return open(Runtime.getRuntime().availableProcessors(), RingOptions.defaults());
  }

  Ring first() {
    return rings.getFirst();
  }

  /** Returns a factory of virtual threads that these rings carry. */
  ThreadFactory carried() {
    if (!first().carriesVirtualThreads()) {
      throw new IllegalStateException(
          "rings carry no virtual threads here: start Java with --add-opens"
              + " java.base/java.lang=ALL-UNNAMED");
    }
    return factory;
  }

  /** Returns what starts virtual threads that the rings carry, each of which stays on one ring. */
  Starter staying() {
    carried();
    AtomicInteger turn = new AtomicInteger();
    return body ->
        rings.get(Math.floorMod(turn.getAndIncrement(), rings.size())).startVirtualThread(body);
  }

  /** Begins to count what the rings do. */
  void count() {
    submitted = 0;
    inlineHits = 0;
    for (Ring ring : rings) {
      RingMetrics metrics = ring.metrics();
      submitted -= metrics.submitted();
      inlineHits -= metrics.inlineHits();
    }
  }

  /** Makes sure that since {@link #count} the rings did operations in the way that is expected. */
  void requireDone(long operations, Way way) {
    for (Ring ring : rings) {
      RingMetrics metrics = ring.metrics();
      submitted += metrics.submitted();
      inlineHits += metrics.inlineHits();
    }
    long done =
        switch (way) {
          case INLINE -> inlineHits;
          case QUEUED -> submitted;
          case EITHER -> inlineHits + submitted;
        };
    if (done < operations - operations / 100) { // a few may take the other way
      throw new IllegalStateException(
          "of %,d operations %,d were done inline and %,d by a ring, not all of them %s"
              .formatted(operations, inlineHits, submitted, way));
    }
  }

  @Override
  public void close() {
    rings.forEach(Ring::close);
  }
}
