package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.NativeThread;
import io.ringspun.internal.memory.CarrierThread;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.IntPredicate;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

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

  /** Returns whether the thread under the calling thread is a spare carrier. */
  static boolean carryCurrentThread() {
    return CarrierThread.current() instanceof Spare;
  }

  /** One of the threads; see {@link LibraryThreads}. */
  static final class Spare extends Thread {
    private static final AtomicLong COUNT = new AtomicLong();

    @SuppressWarnings("ThreadPriorityCheck") // else inherited from the caller
    Spare(Runnable body) {
      super(LibraryThreads.GROUP, body, "ringspun-spare-" + COUNT.getAndIncrement(), 0, false);
      setDaemon(true);
      setPriority(NORM_PRIORITY);
    }
  }

  private ThreadFactory threadFactory() {
    return worker ->
        new Spare(
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
    execute(continuation, null);
  }

  /**
   * Runs a continuation if it most likely runs for long; returns whether it does.
   *
   * @param otherwise see {@link #execute(Runnable, Predicate)}
   */
  boolean executeHolder(Runnable continuation, @Nullable Predicate<Runnable> otherwise) {
    boolean isKnown = holders.contains(continuation);
    if (isKnown) {
      execute(continuation, otherwise);
    }
    return isKnown;
  }

  /**
   * Runs a continuation.
   *
   * @param otherwise who is asked to run it if all threads here compute; returns whether it will
   */
  void execute(Runnable continuation, @Nullable Predicate<Runnable> otherwise) {
    try {
      threads.execute(new Task(continuation, otherwise));
    } catch (OutOfMemoryError _) { // no thread could be started: the pool has dropped it
      threads.getQueue().add(continuation);
    }
    if (!isIdle()) {
      Alarm.call(); // for more threads, should these be held
    }
  }

  /** A continuation that is to run here. */
  final class Task implements Runnable {
    final Runnable continuation;
    final @Nullable Predicate<Runnable> otherwise;

    Task(Runnable continuation, @Nullable Predicate<Runnable> otherwise) {
      this.continuation = continuation;
      this.otherwise = otherwise;
    }

    @Override
    public void run() {
      long start = System.nanoTime();
      continuation.run();
      long now = System.nanoTime();
      if (now - start >= KnownHolders.LONG_NANOS && Alarm.isWatched()) {
        holders.add(continuation, now);
      }
    }
  }

  /** Takes note of a continuation that has held a ring for {@link KnownHolders#LONG_NANOS}. */
  void noteHolder(Runnable continuation, long now) {
    holders.add(continuation, now);
  }

  /** The watchdog, at its end: lets go of all threads that have held a ring. */
  void forgetHolders() {
    holders.forgetAll();
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

  /** Returns how many have begun to run and not ended. */
  int count() {
    return numbers.size(); // the pool would take its lock
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
      int more = threads.getCorePoolSize() == most ? 0 : 2 * least - running();
      resize(Math.clamp(threads.getCorePoolSize() + more, least, most));
      if (more <= 0) {
        giveBack();
        seenNanos = now + COMPUTES_NANOS;
      }
    } else if (!stands) {
      resize(Math.clamp(threads.getActiveCount(), least, most));
    }
    stood = stands;
    completedSeen = completed;
  }

  /** Gives what waits to others, such as rings that nobody holds, which may run it sooner. */
  private void giveBack() {
    Queue<Runnable> waiting = threads.getQueue();
    for (int count = waiting.size(); count > 0; count--) {
      Runnable next = waiting.poll();
      if (next == null) {
        return;
      }
      boolean given = false;
      try {
        given =
            next instanceof Task task
                && task.otherwise != null
                && task.otherwise.test(task.continuation);
      } finally {
        if (!given) {
          waiting.add(next);
        }
      }
    }
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
