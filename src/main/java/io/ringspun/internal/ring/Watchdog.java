package io.ringspun.internal.ring;

import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One thread that looks at all rings a few times a second. A ring whose thread runs the same
 * continuation as at the last look may carry a pinned caller that only it can serve, so that caller
 * is told; a ring held for long is reported, with the code that holds it.
 */
final class Watchdog implements Runnable {
  private static final Logger LOG = LoggerFactory.getLogger("io.ringspun.watchdog");
  private static final long PERIOD_NANOS = 20_000_000;
  private static final long REPORT_NANOS = 500_000_000;

  private static final class Start {
    static final Thread THREAD =
        Thread.ofPlatform().daemon().name("ringspun-watchdog").start(new Watchdog());
  }

  /** What was seen of a ring at the last look. */
  private static final class Sighting {
    long progress = -1;
    long sinceNanos;
    boolean reported;
  }

  private final Map<Engine, Sighting> sightings = new HashMap<>();

  /** Starts the watch if it is not on; it rests while there is no ring. */
  static void watch() {
    LockSupport.unpark(Start.THREAD);
  }

  @Override
  public void run() {
    while (true) {
      if (Engine.live().isEmpty()) {
        LockSupport.park(this);
      } else {
        LockSupport.parkNanos(this, PERIOD_NANOS);
      }
      for (Engine engine : Engine.live()) {
        try {
          look(engine, sightings.computeIfAbsent(engine, _ -> new Sighting()));
        } catch (RuntimeException e) {
          LOG.error("The watchdog failed to look at {}", engine, e);
        }
      }
      sightings.keySet().retainAll(Engine.live());
    }
  }

  private static void look(Engine engine, Sighting last) {
    if (engine.thread().isDriven()) {
      engine.thread().wake();
    }
    long now = System.nanoTime();
    long progress = engine.thread().progressSeen();
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
