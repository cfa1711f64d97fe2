package io.ringspun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.file.RingFile;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.Liburing;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Many threads of every kind on one ring. */
class HandOverTest {
  @TempDir static Path directory;

  /** Several callers share a wake-up: the ring's thread takes all that is there. */
  @ParameterizedTest
  @ValueSource(ints = {8, 256})
  void nops_foreignThreads(int entries) throws Exception {
    hammer(entries, List.of(Caller.VIRTUAL, Caller.PLATFORM));
  }

  @Liburing("single-issuer")
  @ParameterizedTest
  @ValueSource(ints = {8, 256})
  void nops_foreignAndCarriedThreads(int entries) throws Exception {
    hammer(entries, List.of(Caller.CARRIED, Caller.VIRTUAL, Caller.PLATFORM));
  }

  private static void hammer(int entries, List<Caller> kinds) throws Exception {
    int threads = 24;
    int each = 4_000;
    try (Ring ring = Ring.open(RingOptions.defaults().withEntries(entries))) {
      List<BlockedCall<Void>> callers = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        callers.add(
            BlockedCall.start(
                ring,
                kinds.get(i % kinds.size()),
                () -> {
                  for (int round = 0; round < each; round++) {
                    ring.nop();
                  }
                  return null;
                }));
      }
      for (BlockedCall<Void> caller : callers) {
        caller.result();
      }
      RingMetrics metrics = ring.metrics();
      assertEquals((long) threads * each, metrics.completed());
      assertEquals(metrics.completed(), metrics.submitted());
      assertTrue(metrics.wakeUps() < metrics.completed(), metrics::toString);
      assertEquals(0, metrics.inFlight());
      assertEquals(0, metrics.waiting());
      assertEquals(0, metrics.stale());
      assertEquals(0, metrics.overflows());
    }
  }

  /** Threads that a ring carries run for long, though none of them for long at a stretch. */
  @Tag("carried")
  @Test
  void nop_ofForeignThread_needNotAwaitAllReadyThreads() throws Exception {
    int threads = 200;
    int enough = 100;
    try (Ring ring = Ring.open()) {
      AtomicInteger turns = new AtomicInteger();
      AtomicInteger begun = new AtomicInteger(); // the turn in which the first thread ran last
      AtomicBoolean ends = new AtomicBoolean();
      List<Thread> carried = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        boolean isFirst = i == 0;
        carried.add(
            ring.startVirtualThread(
                () -> {
                  while (!ends.get()) {
                    int turn = turns.incrementAndGet();
                    if (isFirst) {
                      begun.set(turn);
                    }
                    long end = System.nanoTime() + 50_000;
                    while (System.nanoTime() < end) {
                      Thread.onSpinWait();
                    }
                    Thread.yield();
                  }
                }));
      }
      int least = threads;
      for (int i = 0; i < 100 && least > enough; i++) {
        int before = begun.get();
        Await.until("the first one runs again", () -> begun.get() != before);
        int start = begun.get();
        ring.nop();
        least = Math.min(least, turns.get() - start);
      }
      ends.set(true);
      for (Thread thread : carried) {
        thread.join();
      }
      assertTrue(least <= enough, least + " turns of threads in one call");
    }
  }

  /** Every caller gets the answer to its own question. */
  @Test
  void reads_resultsAreNotMixedUp() throws Exception {
    int records = 1000;
    try (Ring ring = Ring.open(RingOptions.defaults().withEntries(8).withInlineAttempts(false));
        RingFile file =
            RingFile.open(
                ring,
                directory.resolve("records"),
                StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE)) {
      // Record i is the number i, and the file ends with a piece of 3 bytes.
      MemorySegment all = Arena.ofAuto().allocate(8L * records + 3);
      for (int i = 0; i < records; i++) {
        all.setAtIndex(ValueLayout.JAVA_LONG, i, i);
      }
      file.writeFully(all, 0);
      List<BlockedCall<Void>> callers = new ArrayList<>();
      for (int i = 0; i < 30; i++) {
        int seed = i;
        callers.add(
            BlockedCall.start(
                ring,
                Caller.values()[i % 3],
                () -> {
                  try (Arena arena = Arena.ofConfined()) {
                    MemorySegment record = arena.allocate(8);
                    for (int round = 0; round < 1000; round++) {
                      int index = (seed * 7919 + round * 31) % (records + 2);
                      int n = file.read(record, 8L * index);
                      if (index < records) {
                        assertEquals(8, n);
                        assertEquals(index, record.get(ValueLayout.JAVA_LONG, 0));
                      } else {
                        assertEquals(index == records ? 3 : -1, n);
                      }
                    }
                  }
                  return null;
                }));
      }
      for (BlockedCall<Void> caller : callers) {
        caller.result();
      }
    }
  }
}
