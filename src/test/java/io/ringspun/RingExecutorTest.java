package io.ringspun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.file.RingFile;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.testing.Await;
import io.ringspun.testing.FaultKernel;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.ThreadFactory;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The threads of a ring's executor run on all processors, although the ring has one thread. */
@Tag("carried")
class RingExecutorTest {
  private static final int PROCESSORS = Runtime.getRuntime().availableProcessors();

  @TempDir Path directory;

  @BeforeAll
  static void needsSeveralProcessors() {
    assumeTrue(PROCESSORS > 1, "needs several processors");
  }

  @Test
  void threads_runOnAllProcessors_atTheSameTime() throws Exception {
    Set<Ring> carriers = ConcurrentHashMap.newKeySet();
    CountDownLatch allRun = new CountDownLatch(PROCESSORS);
    try (Ring ring = Ring.open();
        ExecutorService threads = ring.executor()) {
      for (int i = 0; i < PROCESSORS; i++) {
        threads.submit(
            () -> {
              carriers.add(Ring.current().orElseThrow());
              allRun.countDown();
              while (allRun.getCount() > 0) {
                Thread.onSpinWait(); // a ring runs one such thread at a time
              }
              return true;
            });
      }
      allRun.await();
      assertEquals(PROCESSORS, carriers.size());
      assertFalse(carriers.contains(ring));
    }
  }

  @Test
  void threadFactory_isTheSame_andOpensRingsOnce() throws Exception {
    try (Ring ring = Ring.open()) {
      int entries = ring.metrics().completionEntries();
      ThreadFactory factory = ring.threadFactory();
      assertSame(factory, ring.threadFactory());
      assertEquals((PROCESSORS + 1) * entries, ring.metrics().completionEntries());
    }
  }

  @Test
  void nop_batch_chain_goToTheRingThatCarriesTheCaller() throws Exception {
    try (Ring ring = Ring.open();
        ExecutorService threads = ring.executor()) {
      Future<Long> wakeUps =
          threads.submit(
              () -> {
                long before = submitted(ring);
                ring.nop();
                ring.batch().nop().nop().run();
                ring.chain().nop().nop().run();
                return submitted(ring) - before;
              });
      assertEquals(0, wakeUps.get(), "the ring itself has done some of it");
    }
  }

  private static long submitted(Ring ring) {
    return EngineAccess.of(ring).<RingMetrics>readCounters(RingMetrics::new).submitted();
  }

  /** Only one ring knows a registered file. */
  @Test
  void chain_withARegisteredFile_goesToItsRing() throws Exception {
    try (Ring ring = Ring.open(RingOptions.defaults().withRegisteredFiles(1));
        RingFile file =
            RingFile.open(
                ring, directory.resolve("f"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        RingFile registered = file.registerWith(ring);
        ExecutorService threads = ring.executor();
        Arena arena = Arena.ofShared()) {
      var bytes = arena.allocate(8);
      Future<Outcomes> outcomes =
          threads.submit(() -> ring.chain().write(registered, bytes, 0).nop().run());
      assertEquals(8, outcomes.get().get(0).result());
    }
  }

  @Test
  void startVirtualThread_stays() throws Exception {
    try (Ring ring = Ring.open();
        ExecutorService threads = ring.executor()) {
      assertNotEquals(ring, threads.submit(() -> Ring.current().orElseThrow()).get());
      Set<Ring> carriers = ConcurrentHashMap.newKeySet();
      Thread thread = ring.startVirtualThread(() -> carriers.add(Ring.current().orElseThrow()));
      thread.join();
      assertEquals(Set.of(ring), carriers);
    }
  }

  @Test
  void close_closesTheOtherRings_whileThreadsUseThem() throws Exception {
    Ring ring = Ring.open();
    Set<Ring> carriers = ConcurrentHashMap.newKeySet();
    Future<Void> sleeper;
    try (ring) {
      sleeper =
          ring.executor()
              .submit(
                  () -> {
                    carriers.add(Ring.current().orElseThrow());
                    ring.chain().delay(Duration.ofDays(1)).run();
                    return null;
                  });
      Await.until("it waits", () -> ring.metrics().inFlight() > 0);
    }
    var failure = assertThrows(ExecutionException.class, sleeper::get);
    assertTrue(failure.getCause() instanceof IOException, () -> "" + failure.getCause());
    assertFalse(carriers.iterator().next().isOpen());
    ring.executor().submit(() -> true).get(); // on a platform thread of a pool
  }

  @Test
  void close_onAThreadOfTheExecutor() throws Exception {
    Ring ring = Ring.open();
    ring.executor()
        .submit(
            () -> {
              ring.close();
              return true;
            })
        .get();
    assertFalse(ring.isOpen());
  }

  @Test
  void ringOfAGroup_usesTheGroup() throws Exception {
    try (RingGroup group = RingGroup.open();
        ExecutorService threads = group.rings().getFirst().executor()) {
      assertTrue(group.rings().contains(threads.submit(() -> Ring.current().orElseThrow()).get()));
    }
  }

  @Test
  void ringsCannotBeOpened_theRingCarriesTheThreads() throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(RingOptions.defaults(), kernel)) {
      kernel.failOpen(_ -> Errno.ENOMEM);
      try (ExecutorService threads = ring.executor()) {
        assertEquals(ring, threads.submit(() -> Ring.current().orElseThrow()).get());
      }
    }
  }
}
