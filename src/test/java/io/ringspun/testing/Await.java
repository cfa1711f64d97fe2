package io.ringspun.testing;

import static org.junit.jupiter.api.Assertions.fail;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.locks.LockSupport;

/** Waits for a state instead of for a time. */
public final class Await {
  /** Far more than any state takes, on a busy machine too. */
  public static final Duration LIMIT = Duration.ofSeconds(LongRun.count(30, 300));

  /** Whether the state is there. */
  public interface Condition {
    /** Looks. */
    boolean holds() throws Exception;
  }

  private Await() {}

  /** Returns once the condition holds; fails if it does not within {@link #LIMIT}. */
  public static void until(String what, Condition condition) {
    until(LIMIT, what, condition);
  }

  /** Returns once the condition holds; fails if it does not within the limit. */
  public static void until(Duration limit, String what, Condition condition) {
    long deadline = System.nanoTime() + limit.toNanos();
    while (!holds(what, condition)) {
      if (System.nanoTime() > deadline) {
        fail("not within " + limit + ": " + what);
      }
      LockSupport.parkNanos(50_000);
    }
  }

  private static boolean holds(String what, Condition condition) {
    try {
      return condition.holds();
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      return fail(what, e);
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

  /** Waits for a latch, for threads that must not be interrupted. */
  public static void latch(CountDownLatch latch) {
    try {
      latch.await();
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
