package io.ringspun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.Fifo;
import io.ringspun.testing.Liburing;
import io.ringspun.testing.LongRun;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;

/** More callers than the ring has room for. */
class BackPressureTest {
  @TempDir static Path directory;

  /** Blocks as many operations as the ring may have in flight. */
  private static List<BlockedCall<Byte>> cork(Ring ring, Fifo fifo, int count) {
    List<BlockedCall<Byte>> corks = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      corks.add(BlockedCall.start(ring, Caller.VIRTUAL, fifo::read));
    }
    Await.until("the ring is full", () -> ring.metrics().inFlight() == count);
    return corks;
  }

  /** With one operation in flight at a time, the n-th byte of a pipe goes to the n-th waiter. */
  @ParameterizedTest
  @EachCaller
  void waiters_areServedInTheOrderTheyCame(Caller caller) throws Exception {
    int count = 100;
    try (Ring ring = Ring.open(RingOptions.defaults().withEntries(8).withInFlightLimit(1));
        Fifo cork = Fifo.open(ring, directory);
        Fifo bytes = Fifo.open(ring, directory)) {
      var first = cork(ring, cork, 1).getFirst();
      List<BlockedCall<Byte>> waiters = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        int waiting = i + 1;
        waiters.add(BlockedCall.start(ring, caller, bytes::read));
        Await.until(waiting + " wait", () -> ring.metrics().waiting() == waiting);
      }
      for (int i = 0; i < count; i++) {
        bytes.write(i);
      }
      assertEquals(count, ring.metrics().waiting());
      assertEquals(1, ring.metrics().inFlight());

      cork.write(0);

      first.result();
      for (int i = 0; i < count; i++) {
        assertEquals((byte) i, waiters.get(i).result());
      }
    }
  }

  /** The ring is full when they arrive, so that every one of them has to wait. */
  @ParameterizedTest
  @EachCaller({Caller.CARRIED, Caller.VIRTUAL})
  void manyThreads_onARingOfEight(Caller caller) throws Exception {
    int count = LongRun.count(100_000, 1_000_000);
    try (Ring ring = Ring.open(RingOptions.defaults().withEntries(8).withInFlightLimit(8));
        Fifo fifo = Fifo.open(ring, directory)) {
      List<BlockedCall<Byte>> corks = cork(ring, fifo, 8);
      long completed = ring.metrics().completed();
      AtomicInteger done = new AtomicInteger();
      ConcurrentLinkedQueue<Throwable> failures = new ConcurrentLinkedQueue<>();
      Runnable task =
          () -> {
            try {
              ring.nop();
              done.incrementAndGet();
            } catch (IOException | RuntimeException | Error e) {
              failures.add(e);
            }
          };
      for (int i = 0; i < count; i++) {
        caller.start(ring, task);
      }
      Await.until("all wait", () -> ring.metrics().waiting() == count);

      fifo.write(new int[8]);

      Await.until("all are done", () -> done.get() + failures.size() == count);
      assertTrue(failures.isEmpty(), () -> "" + failures.peek());
      for (BlockedCall<Byte> cork : corks) {
        cork.result();
      }
      RingMetrics after = ring.metrics();
      assertEquals(count + 8, after.completed() - completed);
      assertEquals(after.completed(), after.submitted());
      assertEquals(0, after.inFlight());
      assertEquals(0, after.waiting());
      assertEquals(0, after.overflows());
      assertEquals(0, after.stale());
    }
  }

  /**
   * More blocked operations than submission entries: all must reach the kernel, since the ones that
   * could not go in with the first submission may be those that everybody waits for.
   */
  @Liburing("sq-full")
  @ParameterizedTest
  @EachCaller
  void moreThanSubmissionEntries_allReachTheKernel(Caller caller) throws Exception {
    int count = 20;
    try (Ring ring = Ring.open(RingOptions.defaults().withEntries(8));
        Fifo fifo = Fifo.open(ring, directory)) {
      MemorySegment memory = Arena.ofAuto().allocate(count);
      var batch =
          BlockedCall.start(
              ring,
              caller,
              () -> {
                Batch reads = ring.batch();
                for (int i = 0; i < count; i++) {
                  reads.read(fifo.file(), memory.asSlice(i, 1), 0);
                }
                return reads.attempt();
              });
      try {
        Await.until(
            Duration.ofSeconds(5), "all are in flight", () -> ring.metrics().inFlight() == count);
        ring.nop();
      } finally {
        fifo.write(new int[count]);
      }
      batch.result().orThrow();
    }
  }
}
