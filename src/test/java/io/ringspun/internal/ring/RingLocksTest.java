package io.ringspun.internal.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ringspun.Ring;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * What a ring's own thread shares with the threads that it carries. Were it a monitor, the ring's
 * thread could wait for it behind a carried thread, which nobody else would run.
 */
@Tag("carried")
class RingLocksTest {
  /**
   * Has a carried thread use something while another thread has its monitor, then the ring's own
   * thread, and lets go of the monitor.
   */
  private static <T> T queuedFor(Object shared, Ring ring, Callable<T> carried, Runnable own)
      throws Exception {
    Engine engine = EngineAccess.of(ring);
    BlockedCall<T> first;
    BlockedCall<Integer> second;
    synchronized (shared) {
      first = BlockedCall.start(ring, Caller.CARRIED, carried);
      Await.until("it waits or ends", () -> first.hasEnded() || waits(first.thread()));
      second =
          BlockedCall.start(
              ring,
              Caller.PLATFORM,
              () ->
                  engine.ask(
                      new RingTask(
                          _ -> {
                            own.run();
                            return 0;
                          })));
      Await.until("the ring's does", () -> second.hasEnded() || waits(engine.thread()));
    }
    assertEquals(0, second.result());
    return first.result();
  }

  private static boolean waits(Thread thread) {
    return thread.getState() == Thread.State.BLOCKED || thread.getState() == Thread.State.WAITING;
  }

  @Test
  void messages() throws Exception {
    try (Ring ring = Ring.open()) {
      MessageInbox inbox = MessageInbox.begin(EngineAccess.of(ring));
      long taken =
          queuedFor(inbox, ring, () -> inbox.take(0), () -> inbox.arrived(inbox.userData(0), 7));
      assertEquals(7, MessageInbox.result(taken));
      inbox.close();
    }
  }

  @Test
  void buffers() throws Exception {
    try (Ring ring = Ring.open()) {
      ProvidedBuffers buffers = ProvidedBuffers.register(EngineAccess.of(ring), 4, 64, false);
      assertEquals(4, queuedFor(buffers, ring, buffers::available, buffers::returned));
      buffers.close();
    }
  }

  @Test
  void multishots() throws Exception {
    try (Ring ring = Ring.open()) {
      Multishot ticks = Multishot.merging(EngineAccess.of(ring), (_, _) -> {}, () -> {});
      assertEquals(0, queuedFor(ticks, ring, ticks::takeMerged, ticks::fed));
      ticks.close((_, _) -> {});
    }
  }
}
