package io.ringspun.internal.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.testing.Await;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class SpareCarriersTest {
  private final Set<Thread> before = all();

  private static Set<Thread> all() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread instanceof SpareCarriers.Spare)
        .collect(Collectors.toSet());
  }

  /** Returns how many were started in this test and have not ended, whether they run yet or not. */
  private int started() {
    Set<Thread> now = all();
    now.removeAll(before);
    return now.size();
  }

  /** The watchdog calls many times in a millisecond, in which threads may do something. */
  @Test
  void growIfHeld_addsThreadsForThoseThatSleep() throws Exception {
    SpareCarriers spares = new SpareCarriers(1, 3, _ -> false);
    CountDownLatch begun = new CountDownLatch(3);
    CountDownLatch end = new CountDownLatch(1);
    try {
      for (int i = 0; i < 10; i++) {
        spares.execute(
            () -> {
              begun.countDown();
              Await.latch(end);
            });
      }
      long start = System.nanoTime();
      for (int i = 0; i < 100; i++) {
        spares.growIfHeld(start + i);
      }
      assertEquals(1, started());
      for (int i = 1; i <= 10; i++) {
        spares.growIfHeld(start + i * 2_000_000L);
      }
      begun.await();
      assertEquals(3, started());
    } finally {
      end.countDown();
    }
  }

  /** More of them would take the processors from each other. */
  @Test
  void growIfHeld_threadsThatCompute_areTwiceAsManyAsProcessors() throws Exception {
    SpareCarriers spares = new SpareCarriers(1, 10, _ -> true);
    CountDownLatch first = new CountDownLatch(1);
    CountDownLatch begun = new CountDownLatch(2);
    AtomicBoolean ends = new AtomicBoolean();
    try {
      for (int i = 0; i < 10; i++) {
        spares.execute(
            () -> {
              first.countDown();
              begun.countDown();
              while (!ends.get()) {
                Thread.onSpinWait();
              }
            });
      }
      first.await();
      long start = System.nanoTime();
      for (int i = 1; i <= 100; i++) {
        spares.growIfHeld(start + i * 2_000_000L);
        if (started() == 2) {
          begun.await();
        }
      }
      assertEquals(2, started());
    } finally {
      ends.set(true);
    }
  }

  @Test
  void executeHolder_runsThoseThatRanForLongOfLate() throws Exception {
    SpareCarriers spares = new SpareCarriers(1, 1, _ -> true);
    Semaphore runs = new Semaphore(0);
    Runnable holder = runs::release;
    assertFalse(spares.executeHolder(holder, null));
    spares.noteHolder(holder, 0);
    spares.forgetHolders(900_000_000);
    assertTrue(spares.executeHolder(holder, null));
    runs.acquire();
    assertFalse(spares.executeHolder(runs::release, null));
    spares.forgetHolders(1_000_000_000);
    assertFalse(spares.executeHolder(holder, null));
    assertEquals(0, runs.availablePermits());
  }
}
