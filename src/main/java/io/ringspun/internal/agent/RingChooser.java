package io.ringspun.internal.agent;

import io.ringspun.RingGroup;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.internal.ring.LibraryThreads;
import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Chooses the scheduler for a virtual thread that is created without one: that of the shared group
 * for the threads of platform threads. A virtual thread's own threads inherit its scheduler, as
 * they do in the JDK.
 *
 * <p>The first thread to be created opens the rings. A thread of the library does that: the caller
 * may be a class initializer with locks of its own, may be interrupted, and may be what the opening
 * waits for. So it waits for a limited time, and without an answer its thread stays with the JDK.
 */
final class RingChooser implements Supplier<@Nullable Object> {
  private static final long OPENING_SECONDS_MAX = 10;

  private final CountDownLatch opened = new CountDownLatch(1);
  private @Nullable Thread opener; // guarded by this
  private volatile boolean ready; // set once by the opener, when the rings are open
  private volatile boolean failed; // set once, when it is known that there is no ring

  @Override
  public @Nullable Object get() {
    if (failed) {
      return null;
    }
    try {
      if (Thread.currentThread().isVirtual()) {
        return Engine.schedulerToPassOn();
      }
      if (!ready && !open()) {
        return null;
      }
      return next(RingGroup.shared());
    } catch (IOException | LinkageError | RuntimeException e) {
      fail(e);
      return null;
    }
  }

  /** Returns what schedules the threads of the group, or null if none of its rings works. */
  private static @Nullable Object next(RingGroup group) {
    for (int i = group.rings().size(); i > 0; i--) {
      Engine engine = EngineAccess.of(group.next());
      if (engine.isUsable()) {
        return engine.scheduler();
      }
    }
    return null;
  }

  /** Waits until the rings are open, and returns whether they are. */
  private boolean open() {
    synchronized (this) {
      if (opener == Thread.currentThread()) {
        return false; // opening the rings creates a virtual thread, by a logger for example
      }
      if (opener == null) {
        opener = LibraryThreads.builder().name("ringspun-agent").unstarted(this::openRings);
        opener.start();
      }
    }
    boolean interrupted = false;
    boolean answered = false;
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(OPENING_SECONDS_MAX);
    for (long left = 1; !answered && left > 0; left = deadline - System.nanoTime()) {
      try {
        answered = opened.await(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
      } catch (InterruptedException _) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (!answered) {
      AgentOutput.problem(
          "a virtual thread stays on the JDK's scheduler: after %d s the rings are not open yet"
              .formatted(OPENING_SECONDS_MAX));
    }
    return ready;
  }

  private void openRings() {
    try {
      RingGroup group = RingGroup.shared();
      String obstacle = Engine.carryingObstacle();
      if (obstacle != null) {
        throw new IOException(obstacle);
      }
      ready = true;
      AgentOutput.detail(
          "virtual threads run on the shared group of " + group.rings().size() + " rings");
    } catch (IOException | LinkageError | RuntimeException e) {
      fail(e);
    } finally {
      opened.countDown();
    }
  }

  private synchronized void fail(Throwable reason) {
    if (!failed) {
      failed = true;
      AgentOutput.problem("virtual threads stay on the JDK's scheduler", reason);
    }
  }
}
