package io.ringspun.internal.ring;

import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * Platform threads that run virtual threads of groups whose rings are all held, or closed. They
 * have no ring: operations of the threads that they run are handed over. Their number is that of
 * the processors; when those are held, too, {@link #growIfHeld} adds one at a time, up to a limit.
 * They end some seconds after they ran a thread last. Safe for use by multiple concurrent threads.
 */
final class SpareCarriers implements Executor {
  private static final long STANDS_NANOS = 1_000_000; // without progress, a thread is added

  /** Those of the process. */
  static final SpareCarriers POOL =
      new SpareCarriers(Runtime.getRuntime().availableProcessors(), 256);

  private final int least;
  private final int most;
  private final ThreadPoolExecutor threads;

  // For the watchdog.
  private long seenNanos = System.nanoTime() - STANDS_NANOS;
  private long completedSeen;
  private boolean stood;

  SpareCarriers(int least, int most) {
    this.least = least;
    this.most = most;
    threads =
        new ThreadPoolExecutor(
            least,
            least,
            LibraryThreads.LINGER_NANOS,
            TimeUnit.NANOSECONDS,
            new LinkedBlockingQueue<>(),
            LibraryThreads.builder().name("ringspun-spare-", 0).factory());
    threads.allowCoreThreadTimeOut(true);
  }

  @Override
  public void execute(Runnable continuation) {
    try {
      threads.execute(continuation);
    } catch (OutOfMemoryError _) { // no thread could be started: the pool has dropped it
      threads.getQueue().add(continuation);
    }
  }

  /** Returns whether nothing waits to be run. */
  boolean isIdle() {
    return threads.getQueue().isEmpty();
  }

  /** Starts a thread if there is something to run and none could be started for it before. */
  void startIfNone() {
    if (threads.getPoolSize() == 0 && !threads.getQueue().isEmpty()) {
      threads.prestartCoreThread();
    }
  }

  /** Returns how many there are. */
  int count() {
    return threads.getPoolSize();
  }

  /**
   * Adds a thread if there was something to run for a while, and no thread has parked or ended
   * meanwhile.
   *
   * @param now the time, by {@link System#nanoTime}
   */
  void growIfHeld(long now) {
    if (now - seenNanos < STANDS_NANOS) {
      return;
    }
    seenNanos = now;
    boolean stands = !threads.getQueue().isEmpty();
    long completed = threads.getCompletedTaskCount();
    if (stands && stood && completed == completedSeen) {
      resize(Math.min(threads.getCorePoolSize() + 1, most));
    } else if (!stands && threads.getPoolSize() == 0) {
      resize(least);
    }
    stood = stands;
    completedSeen = completed;
  }

  private void resize(int size) {
    if (size > threads.getCorePoolSize()) {
      threads.setMaximumPoolSize(size);
      threads.setCorePoolSize(size);
    } else if (size < threads.getCorePoolSize()) {
      threads.setCorePoolSize(size);
      threads.setMaximumPoolSize(size);
    }
  }
}
