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
  private static final long BURST_NANOS = 300_000; // or for so long, if there are any
  // A thread that never has to wait steps aside after so long. Each change of threads costs what
  // the processor's caches have forgotten, some 90 µs where each thread reads a file of its own.
  private static final long INLINE_TURN_NANOS = 10_000_000;
  private static final long UNSEEN_NANOS = 2_000_000; // where what arrives may not be seen

  private static final int CALLS_PER_LOOK = 32; // at the clock
  private static final int SPARES_MAX = 4096;
  private static final long PINNED_TEST_NANOS = 10_000;
  private static final int PINNED_TESTS = 2;
  private static final int STOLEN_MAX = 256; // at once
  private static final int WORTH_WAKING = 16; // so much is ready here that another ring is woken
  private static final int CONTINUATIONS_PER_LOOK = 16; // at how much is ready

  private final RingThread carrier;
  private final RunQueue ready = new RunQueue(); // threads that stay
  private final @Nullable Scheduler scheduler; // of the group, or null without one
  private final StealableQueue movable = new StealableQueue(); // threads of the group
  private final @Nullable Runnable[] stolen = new Runnable[STOLEN_MAX];
  private @Nullable RingThread watched; // another ring, which may be asleep
  private long watchedTurns; // how often it had gone round then
  private boolean movableFirst; // changes with each continuation, so that neither waits for all
  private final Call[] spares = new Call[SPARES_MAX]; // calls of one operation, to be used again
  private volatile boolean asked; // by another ring, to take some of what is ready there
  private int spareCount;

  private long turn; // counts continuations run
  private volatile @Nullable Runnable mounted; // the continuation being run; read by the watchdog

  // Pinned callers; see park.
  private volatile @Nullable Thread lastParked; // read by the watchdog
  private volatile long stuckTurn = -1; // set by the watchdog

  private long steals; // written by the ring's thread, read by any
  private long inlineHits;
  private long inlineMisses;
  private int inlineRun;
  private long inlineSince; // when the run had its first look at the clock
  private long inlineTurn;
  private long pinnedTurn = -1; // in which the mounted thread was found unable to step aside

  // For the watchdog: what moveReady has taken and not yet given to others.
  private final @Nullable Runnable[] moving = new Runnable[STOLEN_MAX];
  private int movingFrom;
  private int movingTo;
  private long moved;

  Carried(RingThread carrier, @Nullable Scheduler scheduler) {
    this.carrier = carrier;
    this.scheduler = scheduler;
  }

  /** Any thread: makes a continuation of a virtual thread that stays here ready to run. */
  @Override
  public void execute(Runnable continuation) {
    if (CarrierThread.current() == carrier && !carrier.isGone()) {
      ready.add(continuation);
    } else {
      carrier.handOver(new Resumption(continuation, false));
    }
  }

  /** A continuation that another thread made ready. */
  static final class Resumption extends Inbound {
    final Runnable continuation;
    final boolean movable; // whether any ring of the group may run it

    Resumption(Runnable continuation, boolean movable) {
      this.continuation = continuation;
      this.movable = movable;
    }
  }

  void add(Resumption resumption) {
    if (resumption.movable) {
      movable.add(resumption.continuation);
    } else {
      ready.add(resumption.continuation);
    }
  }

  /** Any thread: returns whether this runs threads for a scheduler. */
  boolean schedules(Scheduler group) {
    return scheduler == group;
  }

  /** Makes a continuation that any ring of the group may run ready to run. */
  void addMovable(Runnable continuation) {
    movable.add(continuation);
  }

  /** Any thread: lets another ring of the group have half of what is ready here. */
  int giveHalf(@Nullable Runnable[] taken) {
    return movable.takeHalf(taken);
  }

  boolean isIdle() {
    return ready.isEmpty() && movable.size() == 0;
  }

  /** Another ring of the group: has this one take some of what is ready there. */
  void askForHelp() {
    asked = true;
  }

  /**
   * Takes from other rings of the group what is ready there, if one has asked for that; returns
   * whether anything was. A ring that took it whenever it had nothing to do would tear threads away
   * that another is about to run: with an even load that costs a fifth of the rate.
   */
  boolean findsWork() {
    if (!asked || scheduler == null) {
      return false;
    }
    asked = false;
    int count = scheduler.steal(carrier, stolen);
    for (int i = 0; i < count; i++) {
      Runnable continuation = stolen[i];
      assert continuation != null;
      movable.add(continuation);
      stolen[i] = null;
    }
    steals += count;
    return count > 0;
  }

  /**
   * Lets go of the threads that were here last, before a wait that may be long: they may have ended
   * since, and hold the class loader of an application that has ended, too.
   */
  void forgetLast() {
    lastParked = null;
    mounted = null;
    movable.forgetTaken();
  }

  /** Runs those that are ready now, each until it parks, yields or ends. */
  void runReady() {
    int count = ready.size();
    if (scheduler != null) {
      int movableCount = movable.size();
      if (movableCount >= WORTH_WAKING) {
        wakeSleeper(scheduler);
      }
      count += movableCount;
    }
    long since = 0; // when the first look was
    for (int run = 1; run <= Math.min(count, READY_BURST); run++) {
      Runnable continuation = next();
      if (continuation == null) {
        return; // other rings have taken them
      }
      mounted = continuation;
      turn++;
      carrier.progress();
      continuation.run();
      carrier.afterContinuation();
      if (run % CONTINUATIONS_PER_LOOK == 0) {
        if (scheduler != null && movable.size() >= WORTH_WAKING) {
          wakeSleeper(scheduler);
        }
        if (run == CONTINUATIONS_PER_LOOK) {
          since = System.nanoTime();
        } else if (carrier.hasArrived() && System.nanoTime() - since >= BURST_NANOS) {
          return; // others wait for what is there as long as these have waited
        }
      }
    }
  }

  /**
   * Wakes another ring that sleeps, to take half of what is ready here. It was asleep at the last
   * turn already: a ring that has work goes to sleep and wakes many times in a millisecond.
   */
  private void wakeSleeper(Scheduler group) {
    RingThread ring = watched;
    if (ring != null && ring.isWaiting() && ring.turns() == watchedTurns) {
      ring.askForHelp();
      watched = null;
      return;
    }
    if (ring == null || !ring.isWaiting()) {
      ring = group.other(carrier);
      watched = ring;
    }
    if (ring != null) {
      watchedTurns = ring.turns();
    }
  }

  private @Nullable Runnable next() {
    if (scheduler == null) {
      return ready.poll();
    }
    movableFirst = !movableFirst;
    Runnable continuation = movableFirst ? movable.poll() : ready.poll();
    if (continuation == null) {
      continuation = movableFirst ? ready.poll() : movable.poll();
    }
    return continuation;
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
    if (stuckTurn == before) {
      for (int i = 0; i < PINNED_TESTS; i++) { // a permit, and a lost processor, may spoil one
        if (!isPinned(before)) {
          return;
        }
      }
      carrier.drive();
      return;
    }
    lastParked = Thread.currentThread();
    if (nanos > 0) {
      LockSupport.parkNanos(carrier, nanos);
    } else {
      LockSupport.park(carrier);
    }
  }

  /**
   * Parks for a moment, and returns whether the calling thread has kept its carrier. If a permit
   * was there, or the time was too short to tell, it returns false, and the caller tries again: a
   * thread that drives the ring must not leave its carrier in the midst.
   */
  private boolean isPinned(long before) {
    boolean interrupted = Thread.interrupted(); // or it would not park
    long start = System.nanoTime();
    LockSupport.parkNanos(carrier, PINNED_TEST_NANOS);
    boolean parked = System.nanoTime() - start >= PINNED_TEST_NANOS;
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    // A thread of a group may have come to another ring.
    return parked && CarrierThread.current() == carrier && turn == before;
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
      boolean mayStepAside = turn != pinnedTurn;
      if (mayStepAside) {
        carrier.progress(); // what arrives is looked at here, so the ring is not held
      }
      if (mayStepAside && carrier.hasArrived()) {
        stepAside();
      } else {
        stepAsideAfterTurn(System.nanoTime());
      }
    }
  }

  private void stepAsideAfterTurn(long now) {
    if (inlineRun == CALLS_PER_LOOK) {
      inlineSince = now;
    } else if (now - inlineSince >= (carrier.isRescuable() ? INLINE_TURN_NANOS : UNSEEN_NANOS)) {
      if (scheduler != null && movable.size() > 0) {
        wakeSleeper(scheduler); // others wait for such turns to end
      }
      stepAside();
    }
  }

  @SuppressWarnings("ThreadPriorityCheck") // no hint here: our own scheduler runs the others next
  private void stepAside() {
    inlineRun = 0;
    long before = turn;
    Thread.yield();
    if (turn == before && CarrierThread.current() == carrier) {
      pinnedTurn = before; // it holds the ring indeed
    }
  }

  /** Any thread: returns about how many threads are ready to run here. */
  int readyCount() {
    return ready.size() + movable.size();
  }

  /** Any thread: returns how many threads this has taken from other rings. */
  long steals() {
    return steals;
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
    stuckTurn = turn; // a racy read: a caller that can park finds out
    LockSupport.unpark(lastParked);
  }

  /** Returns the continuation that was run last. */
  @Nullable Runnable mounted() {
    return mounted;
  }

  // ---- the end -------------------------------------------------------------------------------

  /** Moves ready virtual threads to where they can run without this ring. */
  void moveAway() {
    for (Runnable continuation = ready.poll(); continuation != null; continuation = ready.poll()) {
      OrphanExecutor.EXECUTOR.execute(continuation);
    }
    for (Runnable continuation = movable.poll();
        continuation != null;
        continuation = movable.poll()) {
      runElsewhere(continuation, false);
    }
  }

  /** Any thread: runs a continuation whose ring is closed. */
  void runElsewhere(Resumption resumption) {
    if (resumption.movable) {
      runElsewhere(resumption.continuation, false);
    } else {
      OrphanExecutor.EXECUTOR.execute(resumption.continuation);
    }
  }

  /** The watchdog: returns whether something is ready that others may run. */
  boolean hasMovable() {
    return movingFrom < movingTo || movable.size() > 0;
  }

  /**
   * The watchdog: lets others run what any may.
   *
   * @param toSpares whether {@link SpareCarriers} run it if all rings are held
   * @return whether there was anything
   */
  boolean moveReady(boolean toSpares) {
    if (scheduler == null || !hasMovable()) {
      return false;
    }
    boolean isHeld = scheduler.isHeld();
    if (isHeld && !toSpares) {
      return false;
    }
    do {
      while (movingFrom < movingTo) {
        Runnable continuation = moving[movingFrom];
        assert continuation != null;
        runElsewhere(continuation, isHeld);
        moved++;
        moving[movingFrom++] = null; // only now: if there was no memory, it is tried again
      }
      movingFrom = 0;
      movingTo = movable.takeHalf(moving);
    } while (movingTo > 0);
    return true;
  }

  /** The watchdog: the same for one that was handed over; returns false if it must stay. */
  boolean moves(Resumption resumption, boolean toSpares) {
    if (!resumption.movable || scheduler == null) {
      return false;
    }
    boolean isHeld = scheduler.isHeld();
    if (isHeld && !toSpares) {
      return false;
    }
    runElsewhere(resumption.continuation, isHeld);
    moved++;
    return true;
  }

  /** The watchdog: returns how many it has moved so far. */
  long moved() {
    return moved;
  }

  /** Runs one that is movable on a ring of the group, or on a spare carrier if none is there. */
  private void runElsewhere(Runnable continuation, boolean isHeld) {
    if (scheduler == null) {
      SpareCarriers.POOL.execute(continuation);
    } else if (isHeld || !scheduler.offer(continuation)) {
      scheduler.executeOnSpare(continuation);
    }
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
