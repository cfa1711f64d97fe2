package io.ringspun.internal.ring;

import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/** How rings that begin to work wake the watchdog, which sleeps long while they sleep. */
final class Alarm {
  private static volatile @Nullable Thread sleeper;

  private Alarm() {}

  /** Sleeps for some time, or until a ring begins to work. */
  static void sleep(Object blocker, long nanos) {
    sleeper = Thread.currentThread();
    LockSupport.parkNanos(blocker, nanos);
    sleeper = null;
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
