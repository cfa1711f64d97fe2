package io.ringspun.internal.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.testing.Await;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class NativeThreadTest {
  private volatile int number;

  @Test
  void isRunning_threadThatComputes_thenWaits_thenEnds() throws Exception {
    AtomicBoolean computes = new AtomicBoolean(true);
    CountDownLatch begun = new CountDownLatch(1);
    CountDownLatch end = new CountDownLatch(1);
    Thread thread =
        Thread.ofPlatform()
            .name("with ) R") // as the kernel shows it, "(with ) R)"
            .start(
                () -> {
                  number = NativeThread.current();
                  begun.countDown();
                  while (computes.get()) {
                    Thread.onSpinWait();
                  }
                  Await.latch(end);
                });
    begun.await();
    assertTrue(NativeThread.isRunning(number));
    ThreadClock clock = new ThreadClock();
    long ran = clock.nanos(number);
    Await.until("it has run", () -> clock.nanos(number) > ran + 1_000_000);
    computes.set(false);
    Await.until("it sleeps", () -> !NativeThread.isRunning(number));
    long all = clock.nanos(number);
    assertTrue(all > ran);
    assertEquals(all, clock.nanos(number));
    end.countDown();
    thread.join();
    Await.until("the kernel has ended it", () -> !NativeThread.isRunning(number));
    assertFalse(NativeThread.isRunning(-1));
    assertEquals(0, clock.nanos(number));
  }
}
