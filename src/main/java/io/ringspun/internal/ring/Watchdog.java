package io.ringspun.internal.ring;

import io.ringspun.internal.inline.InlineMemory;
import io.ringspun.internal.inline.Mounts;
import io.ringspun.internal.kernel.Barrier;
import io.ringspun.internal.kernel.NativeThread;
import io.ringspun.internal.kernel.ThreadClock;
import io.ringspun.internal.log.Log;
import io.ringspun.internal.memory.NativePool;
import java.lang.invoke.MethodHandles;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * One thread that looks at all rings: a few times a second while they sleep, and a thousand times a
 * second and more while rings of groups are at work. A ring whose thread runs the same continuation
 * as at the last look is held. If it belongs to a group, this thread serves it meanwhile. A pinned
 * caller may be what holds it, which has to drive the ring itself, so that caller is woken. A ring
 * that sleeps although its inbox is not empty, because a caller had no stack left to wake it, is
 * woken. A ring that is held for long is reported, with the code that holds it.
 */
final class Watchdog implements Runnable {
  private static final Log LOG = Log.of("io.ringspun.watchdog");
  private static final long ROUND_NANOS = 20_000_000;
  private static final long IDLE_NANOS = 100_000_000; // while all rings sleep
  private static final long LOOK_NANOS = 1_000_000; // at rings of groups, while one is at work
  private static final long HELD_NANOS = 3_000_000; // so long, a ring's thread has to stand
  private static final long COMPUTES_NANOS = 2_000_000; // and so much of it, to have a processor
  private static final long SURELY_NANOS = 10_000_000; // even without a processor
  private static final long RESCUE_NANOS = 20_000; // while one is held and there is something to do
  private static final long RESCUE_NANOS_MAX = 25_000; // and nothing
  private static final long RESCUE_LATER_NANOS_MAX = 1_000_000; // if it is held for long
  private static final long LATER_NANOS = 100_000_000; // that long
  private static final long WORK_NANOS = 20_000_000; // a ring is at work until so long after it
  private static final long REPORT_NANOS = 500_000_000;

  private static final SpinLock START = new SpinLock();
  private static @Nullable Thread thread; // guarded by that
  private static volatile @Nullable Thread rescuer; // the same while it serves held rings

  /** The state of a ring at the last look. */
  private static final class Sighting {
    long progress = -1;
    long sinceNanos;
    boolean busy; // since it stands
    boolean slept; // at the last look, somewhere else than in the ring
    boolean stood; // at the last look
    long computedNanos; // by the clock of the ring's thread, when it was first seen to stand
    long wokenNanos;
    boolean reported;
  }

  private final Map<Engine, Sighting> sightings = new HashMap<>();
  private long roundNanos; // when the last round began
  private long activeNanos = System.nanoTime(); // when a ring was last seen at work
  private long workNanos = activeNanos - WORK_NANOS; // when one of a group was
  private long heldSinceNanos; // when a ring was last found to be held
  private final ThreadClock clock = new ThreadClock();
  private @Nullable Thread reporter; // of the last look that failed
  private boolean held; // whether a ring is, that this thread serves
  private boolean serves; // whether something may come for one of them
  private boolean interrupted; // whether the processors were, since the last look began
  private boolean found; // whether there was something to do for it

  /** Starts the watch if it is not on; it ends some seconds after the last ring was closed. */
  static void watch() {
    load(); // before the process can run out of descriptors
    Thread another = null;
    while (!wakeOrStart(another)) {
      another = LibraryThreads.builder().name("ringspun-watchdog").unstarted(new Watchdog());
    }
  }

  /** Wakes the thread that watches, or starts one if there is none; returns false if neither. */
  private static boolean wakeOrStart(@Nullable Thread another) {
    START.take();
    try {
      Thread watching = thread;
      if (watching != null) {
        LockSupport.unpark(watching);
        return true;
      }
      if (another == null) {
        return false;
      }
      another.start();
      thread = another;
      Alarm.startBy(null);
      return true;
    } finally {
      START.taken = false;
    }
  }

  /** Makes this thread look now at what was handed over to a ring that is held. */
  static void hurry() {
    LockSupport.unpark(rescuer); // which may be null
  }

  /** Returns whether the watchdog has ended; the next ring to open starts another. */
  private static boolean ends() {
    START.take();
    try {
      boolean idle =
          LiveRings.all().isEmpty(); // a ring is among them before watch() is called for it
      if (idle) {
        Alarm.startBy(Watchdog::watch);
        if (!SpareCarriers.POOL
            .isIdle()) { // who has queued something before that has not started one
          Alarm.startBy(null);
          return false;
        }
        thread = null;
      }
      return idle;
    } finally {
      START.taken = false;
    }
  }

  @Override
  public void run() {
    NativeThread.wakeOnTime();
    long lastSeenNanos = System.nanoTime(); // when there was a ring
    long rescuePeriod = RESCUE_NANOS;
    while (true) {
      if (LiveRings.all().isEmpty()) {
        long left = lastSeenNanos + LibraryThreads.LINGER_NANOS - System.nanoTime();
        if (!SpareCarriers.POOL.isIdle()) {
          LockSupport.parkNanos(this, LOOK_NANOS);
        } else if (left > 0) {
          Alarm.sleep(this, left, SpareCarriers.POOL::isIdle);
        } else if (ends()) {
          SpareCarriers.POOL.forgetHolders();
          NativePool.trim(); // or it would outlive the library when that is unloaded
          return;
        }
      } else {
        lastSeenNanos = System.nanoTime();
        boolean isLater = lastSeenNanos - heldSinceNanos > LATER_NANOS;
        long most = isLater ? RESCUE_LATER_NANOS_MAX : RESCUE_NANOS_MAX;
        rescuePeriod = found ? RESCUE_NANOS : Math.min(2 * rescuePeriod, most);
        park(serves ? rescuePeriod : period(lastSeenNanos));
      }
      try {
        look(System.nanoTime());
      } catch (RuntimeException | Error _) {
        // No memory, or no more threads: it looks again, since no other thread would.
      }
    }
  }

  /**
   * Loads the classes of what is done when a ring is held: there may be no descriptor left then.
   * None of them is an event: those start the flight recorder.
   */
  private static void load() {
    MethodHandles.Lookup lookup = MethodHandles.lookup();
    try {
      lookup.ensureInitialized(Barrier.class);
      lookup.ensureInitialized(FlightRecording.class);
      lookup.ensureInitialized(HoldReport.class);
      lookup.ensureInitialized(KnownHolders.class);
      lookup.ensureInitialized(Sighting.class);
      lookup.ensureInitialized(SpareCarriers.class);
      lookup.ensureInitialized(SpareCarriers.Spare.class);
      lookup.ensureInitialized(SpareCarriers.Task.class);
    } catch (IllegalAccessException e) {
      throw new AssertionError(e);
    }
  }

  private void park(long nanos) {
    if (nanos > LOOK_NANOS) {
      Alarm.sleep(this, nanos, SpareCarriers.POOL::isIdle);
    } else {
      LockSupport.parkNanos(this, nanos);
    }
  }

  private long period(long now) {
    if (held || !SpareCarriers.POOL.isIdle()) {
      return LOOK_NANOS; // until it is not
    }
    if (now - workNanos >= WORK_NANOS) {
      return now - activeNanos < IDLE_NANOS ? ROUND_NANOS : IDLE_NANOS;
    }
    return LOOK_NANOS;
  }

  private void look(long now) {
    Tick.end(now);
    boolean isRound = now - roundNanos >= ROUND_NANOS;
    if (isRound) {
      roundNanos = now;
      SpareCarriers.POOL.startIfNone();
      SpareCarriers.POOL.forgetHolders(now);
      InlineMemory.noticeSlowCalls(now);
      Mounts.refresh(now);
    }
    boolean wasHeld = held;
    held = false;
    serves = false;
    found = false;
    interrupted = false;
    for (Engine engine : LiveRings.all()) {
      if (isRound) {
        engine.inline().noticeSlowCall(now);
      }
      try {
        look(engine, sightings.computeIfAbsent(engine, _ -> new Sighting()), now, isRound);
      } catch (RuntimeException | Error e) {
        report(engine, e);
      }
    }
    rescuer = held ? Thread.currentThread() : null;
    if (held && !wasHeld) {
      heldSinceNanos = now;
    }
    if (held || isRound || !SpareCarriers.POOL.isIdle()) {
      SpareCarriers.POOL.growIfHeld(now);
    }
    if (isRound) {
      sightings.keySet().retainAll(LiveRings.all());
    }
  }

  /**
   * Logs on a thread of its own: a logger may wait for a lock of a thread that waits for a ring.
   */
  private void report(Engine engine, Throwable failure) {
    if (reporter != null && reporter.isAlive()) {
      return; // that of an earlier look still waits
    }
    try {
      reporter =
          LibraryThreads.builder()
              .name("ringspun-report")
              .start(() -> LOG.error("The watchdog failed to look at {}", engine, failure));
    } catch (OutOfMemoryError _) {
      // the next look may have a thread for it
    }
  }

  private void look(Engine engine, Sighting last, long now, boolean isRound) {
    RingThread ring = engine.thread();
    if (isRound && ring.isDriven()) {
      ring.wake();
    }
    long progress = ring.progressSeen();
    boolean stands = progress == last.progress && !ring.isServing();
    if (isRound && (progress == -1 || stands)) {
      ring.insist();
    }
    if (progress != -1) {
      activeNanos = now;
    }
    if (progress == -1 || !stands) {
      if (progress != -1 && ring.isRescuable()) {
        workNanos = now;
      }
      last.progress = progress;
      last.sinceNanos = now;
      last.stood = false;
      last.busy = false;
      last.reported = false;
      boolean isDriven = ring.isDriven() && ring.isOfGroup();
      ring.setHeld(isDriven);
      if (isDriven) {
        held = true;
        serves = true;
        found |= ring.carried().moveReady(true);
      }
      return;
    }
    if (!last.stood) {
      last.stood = true;
      last.slept = false;
      last.computedNanos = clock.nanos(ring.number());
    }
    long heldNanos = now - last.sinceNanos;
    Runnable holder = ring.carried().mounted();
    boolean isBusy = last.busy || (heldNanos >= HELD_NANOS && isBusy(ring, last));
    last.busy = isBusy;
    if (ring.isRescuable() && (isBusy || heldNanos >= SURELY_NANOS)) {
      if (isBusy
          && holder != null
          && heldNanos >= KnownHolders.LONG_NANOS
          && ring.progressSeen() == progress) {
        SpareCarriers.POOL.noteHolder(holder, now);
      }
      ring.setHeld(true);
      held = true;
      if (ring.expectsSomething()) {
        serves = true;
        if (!interrupted) {
          interrupted = true;
          Barrier.interruptAll(engine.kernel());
        }
        found |= ring.rescue(isBusy);
      }
    }
    if (heldNanos >= ROUND_NANOS && now - last.wokenNanos >= ROUND_NANOS) {
      last.wokenNanos = now;
      ring.carried().standsStill();
    }
    if (heldNanos >= REPORT_NANOS && !last.reported) {
      last.reported = true;
      HoldReport.make(engine, heldNanos);
    }
  }

  /**
   * Returns whether a ring's thread computes, or waits for something else than its ring. Otherwise
   * it has lost its processor to another thread, which a spare carrier would only make worse.
   */
  private boolean isBusy(RingThread ring, Sighting last) {
    if (clock.nanos(ring.number()) - last.computedNanos >= COMPUTES_NANOS) {
      return true;
    }
    boolean hadSlept = last.slept;
    last.slept = !NativeThread.isRunning(ring.number());
    return hadSlept && last.slept;
  }
}
