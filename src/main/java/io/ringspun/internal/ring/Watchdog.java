package io.ringspun.internal.ring;

import io.ringspun.internal.inline.InlineMemory;
import io.ringspun.internal.inline.Mounts;
import io.ringspun.internal.log.Log;
import io.ringspun.internal.memory.NativePool;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * One thread that looks at all rings a few times a second. A ring whose thread runs the same
 * continuation as at the last look may carry a pinned caller that has to drive the ring itself, so
 * that caller is woken. A ring that sleeps although its inbox is not empty, because a caller had no
 * stack left to wake it, is woken. A ring that is occupied for long is reported, with the code that
 * holds it.
 */
final class Watchdog implements Runnable {
  private static final Log LOG = Log.of("io.ringspun.watchdog");
  private static final long PERIOD_NANOS = 20_000_000;
  private static final long REPORT_NANOS = 500_000_000;

  private static @Nullable Thread thread; // guarded by the class

  /** The state of a ring at the last check. */
  private static final class Sighting {
    long progress = -1;
    long sinceNanos;
    boolean reported;
  }

  private final Map<Engine, Sighting> sightings = new HashMap<>();

  /** Starts the watch if it is not on; it ends some seconds after the last ring was closed. */
  static synchronized void watch() {
    Thread watching = thread;
    if (watching != null) {
      LockSupport.unpark(watching);
    } else {
      thread = LibraryThreads.builder().name("ringspun-watchdog").start(new Watchdog());
    }
  }

  /** Returns whether the watchdog has ended; the next ring to open starts another. */
  private static synchronized boolean ends() {
    boolean idle =
        LiveRings.all().isEmpty(); // a ring is among them before watch() is called for it
    if (idle) {
      thread = null;
    }
    return idle;
  }

  @Override
  public void run() {
    long lastSeenNanos = System.nanoTime(); // when there was a ring
    while (true) {
      if (LiveRings.all().isEmpty()) {
        long left = lastSeenNanos + LibraryThreads.LINGER_NANOS - System.nanoTime();
        if (left > 0) {
          LockSupport.parkNanos(this, left);
        } else if (ends()) {
          NativePool.trim(); // or it would outlive the library when that is unloaded
          return;
        }
      } else {
        lastSeenNanos = System.nanoTime();
        LockSupport.parkNanos(this, PERIOD_NANOS);
      }
      long now = System.nanoTime();
      InlineMemory.noticeSlowCalls(now);
      Mounts.refresh(now);
      for (Engine engine : LiveRings.all()) {
        engine.inline().noticeSlowCall(now);
        try {
          look(engine, sightings.computeIfAbsent(engine, _ -> new Sighting()));
        } catch (RuntimeException | Error e) {
          LOG.error("The watchdog failed to look at {}", engine, e);
        }
      }
      sightings.keySet().retainAll(LiveRings.all());
    }
  }

  private static void look(Engine engine, Sighting last) {
    if (engine.thread().isDriven()) {
      engine.thread().wake();
    }
    long now = System.nanoTime();
    long progress = engine.thread().progressSeen();
    if (progress == -1 || progress == last.progress) {
      engine.thread().insist();
    }
    if (progress == -1 || progress != last.progress) {
      last.progress = progress;
      last.sinceNanos = now;
      last.reported = false;
      return;
    }
    engine.thread().carried().standsStill();
    long heldNanos = now - last.sinceNanos;
    if (heldNanos >= REPORT_NANOS && !last.reported) {
      last.reported = true;
      HeldRing.report(LOG, engine, heldNanos);
    }
  }
}
