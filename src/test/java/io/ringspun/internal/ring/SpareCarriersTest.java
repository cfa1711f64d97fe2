package io.ringspun.internal.ring;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class SpareCarriersTest {
  /** The watchdog calls many times in a millisecond. */
  @Test
  void growIfHeld_addsOneForEachMillisecondWithoutProgress() throws Exception {
    SpareCarriers spares = new SpareCarriers(1, 3);
    CountDownLatch begun = new CountDownLatch(3);
    CountDownLatch end = new CountDownLatch(1);
    try {
      for (int i = 0; i < 10; i++) {
        spares.execute(
            () -> {
              begun.countDown();
              await(end);
            });
      }
      long start = System.nanoTime();
      for (int i = 0; i < 100; i++) {
        spares.growIfHeld(start + i);
      }
      assertEquals(1, spares.count());
      for (int i = 1; i <= 10; i++) {
        spares.growIfHeld(start + i * 2_000_000L);
      }
      begun.await();
      assertEquals(3, spares.count());
    } finally {
      end.countDown();
    }
  }

  private static void await(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
