package io.ringspun;

import io.ringspun.internal.ring.Call;
import io.ringspun.internal.ring.Engine;

/**
 * Any number of {@linkplain Step steps} that run in any order, submitted together and awaited once.
 * A step that fails does not affect the others. If the ring's submission queue has fewer free
 * entries than the batch has steps, the remaining steps are submitted as entries become free.
 *
 * <p>The steps may use any number of files:
 *
 * {@snippet :
 * Batch reads = ring.batch();
 * for (RingFile file : files) {
 *   reads.read(file, arena.allocate(HEADER_BYTES), 0);
 * }
 * reads.run();
 * }
 *
 * <p>A batch can be run once. Not thread-safe. {@link #run()} throws unless every step succeeded
 * completely. {@link #attempt} returns the outcomes in any case. Segments are lent to the kernel
 * until the run ends: do not access or free them meanwhile. A segment of a shared arena is copied.
 *
 * @since 0.1
 */
public final class Batch extends Transaction<Batch> {
  Batch(Engine engine) {
    super(engine);
  }

  @Override
  Batch self() {
    return this;
  }

  @Override
  void admit(Step step, int position) {
    if (step.limit() != null) {
      throw new IllegalArgumentException(
          "a step of a batch cannot have a time limit of its own: use Batch.within");
    }
    if (step.runsEvenIfPreviousFailed()) {
      throw new IllegalArgumentException(
          "evenIfPreviousFailed is only for chains: no step of a batch waits for another");
    }
    if (step.runsAfterEverythingElse()) {
      throw new IllegalArgumentException("afterEverythingElse is only for chains");
    }
  }

  @Override
  Call newCall(Step[] all) {
    return Call.batch(all.length);
  }
}
