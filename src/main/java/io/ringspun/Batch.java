package io.ringspun;

import io.ringspun.internal.ring.Call;
import io.ringspun.internal.ring.Engine;

/**
 * Any number of {@linkplain Step steps} that run in any order, submitted together and awaited once.
 * The failure of one does not touch the others. A batch larger than the ring goes in as room
 * becomes free.
 *
 * <p>The steps may be on as many files as wanted:
 *
 * {@snippet :
 * Batch reads = ring.batch();
 * for (RingFile file : files) {
 *   reads.read(file, arena.allocate(HEADER_BYTES), 0);
 * }
 * reads.run();
 * }
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
          "a step of a batch has no limit of its own: Batch.within limits all of them");
    }
    if (step.runsEvenIfPreviousFailed()) {
      throw new IllegalArgumentException(
          "evenIfPreviousFailed is for chains: no step of a batch waits for another");
    }
    if (step.runsAfterEverythingElse()) {
      throw new IllegalArgumentException("afterEverythingElse is for chains");
    }
  }

  @Override
  Call newCall(Step[] all) {
    return Call.batch(all.length);
  }
}
