package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.NativeThread;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.function.IntPredicate;

/**
 * Platform threads that run virtual threads of groups that would hold a ring, and any while all
 * rings of their group are held, or closed. They have no ring: operations of the threads that they
 * run are handed over. Their number is that of the processors; when those are held, too, {@link
 * #growIfHeld} adds some, up to a limit. They end some seconds after they ran a thread last. Safe
 * for use by multiple concurrent threads.
 */
final class SpareCarriers implements Executor {
  private static final long STANDS_NANOS = 1_000_000; // without progress, a thread is added

  private static final long COMPUTES_NANOS = 10_000_000; // until it looks again whether they do

  /** Those of the process. */
  static final SpareCarriers POOL =
      new SpareCarriers(Runtime.getRuntime().availableProcessors(), 256, NativeThread::isRunning);

  private final int least;
  private final int most;
  private final IntPredicate isRunning;
  private final ThreadPoolExecutor threads;
  private final KnownHolders holders = new KnownHolders();
  private final Set<Integer> numbers = ConcurrentHashMap.newKeySet(); // of threads, by the kernel

  // For the watchdog.
  private long seenNanos = System.nanoTime() - STANDS_NANOS;
  private long completedSeen;
  private boolean stood;

  /**
   * Makes them, without a thread yet.
   *
   * @param least their number while none is held
   * @param most their number while all are held, at most
   * @param isRunning whether the thread with a number of the kernel's runs, or would if it had a
   *     processor
   */
  SpareCarriers(int least, int most, IntPredicate isRunning) {
    this.least = least;
    this.most = most;
    this.isRunning = isRunning;
    threads =
        new ThreadPoolExecutor(
            least,
            least,
            LibraryThreads.LINGER_NANOS,
            TimeUnit.NANOSECONDS,
            new LinkedBlockingQueue<>(),
            threadFactory());
    threads.allowCoreThreadTimeOut(true);
  }

  private ThreadFactory threadFactory() {
    ThreadFactory factory = LibraryThreads.builder().name("ringspun-spare-", 0).factory();
    return worker ->
        factory.newThread(
            () -> {
              int number = NativeThread.current();
              numbers.add(number);
              FlightRecording.spareStarted(numbers.size());
              try {
                worker.run();
              } finally {
                numbers.remove(number);
              }
            });
  }

  @Override
  public void execute(Runnable continuation) {
    try {
      threads.execute(() -> run(continuation));
    } catch (OutOfMemoryError _) { // no thread could be started: the pool has dropped it
      threads.getQueue().add(continuation);
    }
    if (!isIdle()) {
      Alarm.ring(); // for more threads, should these be held
    }
  }

  private void run(Runnable continuation) {
    long start = System.nanoTime();
    continuation.run();
    long now = System.nanoTime();
    if (now - start >= KnownHolders.LONG_NANOS) {
      holders.add(continuation, now);
    }
  }

  /** Runs a continuation if it most likely runs for long; returns whether it does. */
  boolean executeHolder(Runnable continuation) {
    boolean isKnown = holders.contains(continuation);
    if (isKnown) {
      execute(continuation);
    }
    return isKnown;
  }

  /** Takes note of a continuation that has held a ring for {@link KnownHolders#LONG_NANOS}. */
  void noteHolder(Runnable continuation, long now) {
    holders.add(continuation, now);
  }

  /** The watchdog, now and then: lets go of threads that have held no ring of late. */
  void forgetHolders(long now) {
    holders.forgetOld(now);
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
   * Adds threads if there was something to run for a while, and no thread has parked or ended
   * meanwhile, so that twice as many as processors compute: more of them would only take the
   * processors from each other.
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
      int more = 2 * least - running();
      resize(Math.clamp(threads.getCorePoolSize() + more, least, most));
      seenNanos = more > 0 ? now : now + COMPUTES_NANOS;
    } else if (!stands && threads.getPoolSize() == 0) {
      resize(least);
    }
    stood = stands;
    completedSeen = completed;
  }

  /** Returns how many run, or would if they had processors. */
  private int running() {
    int running = 0;
    for (int number : numbers) {
      if (isRunning.test(number)) {
        running++;
      }
    }
    return running;
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
