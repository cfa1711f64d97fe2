package io.ringspun.internal.ring;

import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/** How rings that begin to work wake the watchdog, which sleeps long while they sleep. */
final class Alarm {
  private static volatile @Nullable Thread sleeper;
  private static volatile @Nullable Runnable starter; // after the watchdog has ended

  private Alarm() {}

  /**
   * Sleeps for some time, or until a ring begins to work or a spare carrier is missing.
   *
   * @param isIdle whether none is missing
   */
  static void sleep(Object blocker, long nanos, BooleanSupplier isIdle) {
    sleeper = Thread.currentThread();
    if (isIdle.getAsBoolean()) { // who queues something rings afterwards
      LockSupport.parkNanos(blocker, nanos);
    }
    sleeper = null;
  }

  /** The watchdog: says how it is started again, or null while it runs. */
  static void startBy(@Nullable Runnable start) {
    starter = start;
  }

  /** Returns whether the watchdog runs. */
  static boolean isWatched() {
    return starter == null;
  }

  /** A spare carrier is missing: starts the watchdog if it has ended. */
  static void call() {
    Runnable start = starter;
    if (start != null) {
      start.run();
    }
    ring();
  }

  /** A ring's thread, when it wakes. It may just miss the watchdog, which then looks later. */
  static void ring() {
    Thread sleeping = sleeper;
    if (sleeping != null) {
      sleeper = null;
      LockSupport.unpark(sleeping);
    }
  }
}
