package io.ringspun.internal.ring;

import io.ringspun.internal.memory.CarrierThread;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The virtual threads that a ring's thread carries: the queue of ready threads, the running thread,
 * and the handling of a pinned thread that has to wait. For the ring's thread, and for the virtual
 * thread that is mounted on it, unless said otherwise.
 */
final class Carried implements Executor {
  private static final int READY_BURST = 256; // run before completions are looked at
  // A thread that never has to wait steps aside after so long. Each change of threads costs what
  // the
  // processor's caches have forgotten, some 90 µs where each thread reads a file of its own.
  private static final long INLINE_TURN_NANOS = 2_000_000;

  private static final int CALLS_PER_LOOK = 32; // at the clock
  private static final int SPARES_MAX = 4096;
  private static final long PINNED_TEST_NANOS = 10_000;

  private final RingThread carrier;
  private final RunQueue ready = new RunQueue();
  private final Call[] spares = new Call[SPARES_MAX]; // calls of one operation, to be used again
  private int spareCount;

  private long turn; // counts continuations run
  private volatile @Nullable Runnable mounted; // the continuation being run; read by the watchdog

  // Pinned callers; see park.
  private volatile @Nullable Thread lastParked; // read by the watchdog
  private volatile long stuckTurn = -1; // set by the watchdog
  private long drivenTurn = -1;

  private long inlineHits;
  private long inlineMisses;
  private int inlineRun;
  private long inlineSince; // when the run had its first look at the clock
  private long inlineTurn;

  Carried(RingThread carrier) {
    this.carrier = carrier;
  }

  /** Any thread: makes a continuation of a virtual thread ready to run. */
  @Override
  public void execute(Runnable continuation) {
    if (CarrierThread.current() == carrier && !carrier.isGone()) {
      ready.add(continuation);
    } else {
      carrier.handOver(new Resumption(continuation));
    }
  }

  /** A continuation that another thread made ready. */
  static final class Resumption extends Inbound {
    final Runnable continuation;

    Resumption(Runnable continuation) {
      this.continuation = continuation;
    }
  }

  void add(Resumption resumption) {
    ready.add(resumption.continuation);
  }

  boolean isIdle() {
    return ready.isEmpty();
  }

  /**
   * Lets go of the threads that were here last, before a wait that may be long: they may have ended
   * since, and hold the class loader of an application that has ended, too.
   */
  void forgetLast() {
    lastParked = null;
    mounted = null;
  }

  /** Runs those that are ready now, each until it parks, yields or ends. */
  void runReady() {
    for (int budget = Math.min(ready.size(), READY_BURST); budget > 0; budget--) {
      Runnable continuation = ready.poll();
      assert continuation != null;
      mounted = continuation;
      turn++;
      carrier.progress();
      continuation.run();
      if (carrier.hasPosted()) {
        carrier.takePosted();
      }
      carrier.submitEarly();
    }
  }

  // ---- calls of carried threads --------------------------------------------------------------

  /** Returns a blank call of one operation that was used before, or null if there is none. */
  @Nullable Call takeSpare() {
    return spareCount == 0 ? null : spares[--spareCount];
  }

  void putSpare(Call call) {
    if (spareCount < SPARES_MAX) {
      call.reset(); // nor does it refer any longer to what it used
      spares[spareCount++] = call;
    }
  }

  /**
   * Parks the virtual thread that is mounted here. May return early, as parking may.
   *
   * <p>A thread with a native frame or a class initializer below it cannot leave its carrier: it
   * parks the ring's platform thread, so no thread reaps completions. The watchdog then unparks it,
   * and it drives the ring itself. If it had left the carrier, the turn number would have changed.
   *
   * @param nanos for how long at most, or 0 for no limit
   */
  void park(long nanos) {
    long before = turn;
    if (drivenTurn == before) {
      // Pinned a moment ago, and probably still: a short park finds out.
      LockSupport.parkNanos(carrier, PINNED_TEST_NANOS);
      if (turn == before) {
        carrier.drive();
      }
      return;
    }
    lastParked = Thread.currentThread();
    if (nanos > 0) {
      LockSupport.parkNanos(carrier, nanos);
    } else {
      LockSupport.park(carrier);
    }
    if (turn == before && stuckTurn == before) {
      drivenTurn = before;
      carrier.drive();
    }
  }

  void countInline(boolean hit) {
    if (!hit) {
      inlineMisses++;
      return;
    }
    inlineHits++;
    if (inlineTurn != turn) {
      inlineTurn = turn;
      inlineRun = 0;
    } else if (++inlineRun % CALLS_PER_LOOK == 0) {
      stepAsideAfterTurn(System.nanoTime());
    }
  }

  @SuppressWarnings("ThreadPriorityCheck") // no hint here: our own scheduler runs the others next
  private void stepAsideAfterTurn(long now) {
    if (inlineRun == CALLS_PER_LOOK) {
      inlineSince = now;
    } else if (now - inlineSince >= INLINE_TURN_NANOS) {
      inlineRun = 0;
      Thread.yield();
    }
  }

  long inlineHits() {
    return inlineHits;
  }

  long inlineMisses() {
    return inlineMisses;
  }

  // ---- the watchdog's view -------------------------------------------------------------------

  /**
   * Tells a caller that may be pinned here that the ring's thread stands still: woken, it finds the
   * turn it parked in still running, and drives the ring itself.
   */
  void standsStill() {
    stuckTurn = turn; // a racy read: at worst a caller drives the ring that could have parked
    LockSupport.unpark(lastParked);
  }

  /** Returns the continuation that was run last. */
  @Nullable Runnable mounted() {
    return mounted;
  }

  // ---- the end -------------------------------------------------------------------------------

  /** Moves ready virtual threads to an executor that runs them without this ring. */
  void moveToOrphanExecutor() {
    for (Runnable continuation = ready.poll(); continuation != null; continuation = ready.poll()) {
      OrphanExecutor.EXECUTOR.execute(continuation);
    }
  }

  /** Any thread: runs a continuation whose ring is closed. */
  static void runElsewhere(Resumption resumption) {
    OrphanExecutor.EXECUTOR.execute(resumption.continuation);
  }

  /** Carries virtual threads whose ring is closed. */
  private static final class OrphanExecutor {
    static final Executor EXECUTOR = LibraryThreads.pool("ringspun-orphans-");
  }

  @Override
  public String toString() {
    return carrier.getName();
  }
}
