package io.ringspun;

import io.ringspun.internal.ring.Call;
import io.ringspun.internal.ring.Engine;
import java.io.IOException;
import java.util.Map;

/**
 * Any number of operations that run in any order, submitted together and awaited once. The failure
 * of one does not touch the others. A batch larger than the ring goes in as room becomes free.
 *
 * @since 0.1
 */
public final class Batch extends Transaction<Batch> {
  Batch(Engine engine) {
    super(engine);
  }

  /**
   * Submits the batch and waits until all of it is over. A virtual thread parks meanwhile, a
   * platform thread waits. An interrupt or a timeout cancels what has not finished; the result
   * tells what did, and an interrupt is pending again afterwards.
   *
   * @return what became of each operation
   * @throws IllegalStateException if the batch is empty or has been run, or a segment's arena is
   *     closed
   * @throws java.nio.channels.ClosedChannelException if a descriptor is closed already
   * @throws java.io.InterruptedIOException if the thread is interrupted already; nothing was
   *     submitted
   * @throws OperationException if it would sync a file whose data was lost in an earlier sync
   * @throws RingClosedException if the ring is closed already
   * @throws RingFailedException if the ring has failed, or fails meanwhile
   * @throws IOException as listed above
   */
  public BatchResult run() throws IOException {
    return new BatchResult(execute(Map.of()));
  }

  @Override
  Batch self() {
    return this;
  }

  @Override
  Call newCall() {
    return Call.batch(count());
  }
}
