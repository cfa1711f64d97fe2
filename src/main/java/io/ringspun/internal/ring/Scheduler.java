package io.ringspun.internal.ring;

import io.ringspun.internal.memory.CarrierThread;
import java.util.Arrays;
import java.util.concurrent.Executor;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Carries virtual threads on the rings of a group. A thread that becomes ready goes to the ring on
 * whose thread that happens, and a ring that has nothing to do takes half of what is ready on
 * another. {@link SpareCarriers} run threads that have run for long of late, and any while each
 * ring is held by a thread that does not park. Safe for use by multiple concurrent threads.
 */
public final class Scheduler implements Executor {
  private static final int LOOKS_MAX = 4; // at rings that may be asleep

  private volatile RingThread[] rings = {};
  private final AtomicInteger turn = new AtomicInteger();
  private final AtomicBoolean searching = new AtomicBoolean();
  private final Predicate<Runnable> ifUnheld = this::offerUnheld; // made once

  /** Adds a ring. */
  synchronized void add(RingThread ring) {
    RingThread[] more = Arrays.copyOf(rings, rings.length + 1);
    more[rings.length] = ring;
    rings = more;
  }

  /** Returns how many {@link SpareCarriers} the process has. */
  public static int spareCarriers() {
    return SpareCarriers.POOL.count();
  }

  /** Returns a builder of virtual threads that the rings carry, where the JDK allows. */
  public Thread.Builder.OfVirtual threadBuilder() {
    return CarrierAccess.builder(this);
  }

  /** Makes a continuation of a virtual thread ready to run. */
  @Override
  public void execute(Runnable continuation) {
    if (SpareCarriers.POOL.executeHolder(continuation, ifUnheld)) {
      return;
    }
    if (CarrierThread.current() instanceof RingThread ring
        && ring.carried().schedules(this)
        && !ring.isGone()
        && !ring.isHeld()) {
      ring.carried().addMovable(continuation);
    } else if (!offer(continuation)) {
      executeOnSpare(continuation);
    }
  }

  /**
   * Gives a continuation to a ring that sleeps, else to the next in turn that is not held, else to
   * one that is.
   *
   * @return false if all are closed
   */
  boolean offer(Runnable continuation) {
    RingThread ring = choose();
    if (ring == null) {
      return false;
    }
    ring.handOver(new Carried.Resumption(continuation, true));
    return true;
  }

  private boolean offerUnheld(Runnable continuation) {
    return !isHeld() && offer(continuation);
  }

  /** Runs a continuation on a spare carrier, or on one of the rings if all of those compute. */
  void executeOnSpare(Runnable continuation) {
    SpareCarriers.POOL.execute(continuation, ifUnheld);
  }

  private @Nullable RingThread choose() {
    RingThread[] all = rings;
    int first = Math.floorMod(turn.getAndIncrement(), all.length);
    RingThread free = null;
    RingThread held = null;
    for (int i = 0; i < all.length && (free == null || i < LOOKS_MAX); i++) {
      RingThread ring = all[(first + i) % all.length];
      if (!ring.isUsable()) {
        continue;
      }
      if (ring.isHeld()) {
        held = ring;
      } else if (ring.isWaiting()) {
        return ring;
      } else if (free == null) {
        free = ring;
      }
    }
    return free != null ? free : held;
  }

  /** Returns whether all rings are held, or closed. */
  boolean isHeld() {
    for (RingThread ring : rings) {
      if (ring.isUsable() && !ring.isHeld()) {
        return false;
      }
    }
    return true;
  }

  /** Returns a ring that no thread holds, or the given one if there is none. */
  RingThread unheld(RingThread otherwise) {
    RingThread[] all = rings;
    int first = ThreadLocalRandom.current().nextInt(all.length);
    for (int i = 0; i < all.length; i++) {
      RingThread ring = all[(first + i) % all.length];
      if (ring.isUsable() && !ring.isHeld()) {
        return ring;
      }
    }
    return otherwise;
  }

  /** Returns another ring than one, chosen at random, or null if there is none. */
  @Nullable RingThread other(RingThread one) {
    RingThread[] all = rings;
    if (all.length <= 1) { // the first ring of a group goes round before it is in here
      return null;
    }
    RingThread ring = all[ThreadLocalRandom.current().nextInt(all.length)];
    return ring == one ? null : ring;
  }

  /**
   * Takes half of what is ready on another ring. One ring searches at a time: others would meet the
   * same queues.
   *
   * @param idle the ring that has nothing to do, whose thread calls
   * @param taken where the continuations are put
   * @return how many
   */
  int steal(RingThread idle, @Nullable Runnable[] taken) {
    RingThread[] all = rings;
    if (all.length <= 1 || searching.get() || !searching.compareAndSet(false, true)) {
      return 0;
    }
    try {
      int first = ThreadLocalRandom.current().nextInt(all.length);
      for (int i = 0; i < all.length; i++) {
        RingThread ring = all[(first + i) % all.length];
        if (ring != idle) {
          int count = ring.carried().giveHalf(taken);
          if (count > 0) {
            FlightRecording.threadsStolen(ring.getName(), idle.getName(), count);
            return count;
          }
        }
      }
      return 0;
    } finally {
      searching.set(false);
    }
  }
}
