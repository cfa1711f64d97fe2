package io.ringspun.testing;

import static org.junit.jupiter.api.Assertions.fail;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for a state instead of for a time. */
public final class Await {
  /** Far more than any state takes, on a busy machine too. */
  public static final Duration LIMIT = Duration.ofSeconds(30);

  private Await() {}

  /** Returns once the condition holds; fails if it does not within {@link #LIMIT}. */
  public static void until(String what, BooleanSupplier condition) {
    long deadline = System.nanoTime() + LIMIT.toNanos();
    while (!condition.getAsBoolean()) {
      if (System.nanoTime() > deadline) {
        fail("not within " + LIMIT + ": " + what);
      }
      LockSupport.parkNanos(50_000);
    }
  }

  /** Returns once the thread is parked or waits. */
  public static void parked(Thread thread) {
    until(
        thread + " parks",
        () ->
            switch (thread.getState()) {
              case WAITING, TIMED_WAITING -> true;
              case TERMINATED -> fail(thread + " ended instead of waiting");
              default -> false;
            });
  }

  /** Returns once the thread has ended. */
  public static void ended(Thread thread) {
    until(thread + " ends", () -> thread.getState() == Thread.State.TERMINATED);
  }
}
