package io.ringspun.testing;

import java.util.concurrent.Callable;
import java.util.concurrent.locks.LockSupport;

/** Waits for a state, for so long that only a fault can make it fail. */
public final class Eventually {
  private static final long LIMIT_NANOS = 20_000_000_000L;

  private Eventually() {}

  /** Returns once the condition holds; throws after some seconds in which it did not. */
  public static void holds(String what, Callable<Boolean> condition) {
    long start = System.nanoTime();
    try {
      while (!condition.call()) {
        if (System.nanoTime() - start > LIMIT_NANOS) {
          throw new AssertionError("waited in vain: " + what);
        }
        LockSupport.parkNanos(200_000);
      }
    } catch (RuntimeException e) {
      throw e;
    } catch (Exception e) {
      throw new AssertionError(what, e);
    }
  }
}
