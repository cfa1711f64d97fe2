package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.kernel.NativeMemory;
import io.ringspun.internal.kernel.SubmissionEntry;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * How other threads get a ring's thread out of the kernel: an eventfd that the ring always has a
 * read of in flight.
 *
 * <p>The ring's thread announces that it will wait and then looks at the inbox once more; others
 * push to the inbox and then look at the state. Both sides use volatile accesses in that order, so
 * at least one of them sees the other. Of many concurrent callers, one rings.
 */
final class Doorbell {
  /** The {@code user_data} of the read. */
  static final long USER_DATA = -1;

  private static final int RUNNING = 0;
  private static final int WAITING = 1; // set by the ring's thread
  private static final int RUNG = 2; // by the one thread that changed it from WAITING
  private static final int GONE = 3;

  private static final long PATIENCE_NANOS = 1_000_000_000; // with threads that are ringing

  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(Doorbell.class, "state", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final Kernel kernel;
  private final int eventfd;
  private final MemorySegment buffer = NativeMemory.allocate(NativeMemory.ALIGNMENT);
  private final SubmissionEntry read = new SubmissionEntry();
  private final AtomicInteger ringing = new AtomicInteger(); // threads that may use the eventfd
  private volatile int uncounted; // of those, how many have left without being counted out
  private volatile int state;
  private volatile @Nullable Thread
      parked; // the thread to unpark once there is no ring to read with
  private boolean armed; // for the ring's thread only, like all that follows

  private long answered;

  Doorbell(Kernel kernel, int eventfd) {
    this.kernel = kernel;
    this.eventfd = eventfd;
    read.read(eventfd, buffer.address(), Long.BYTES, 0);
  }

  // ---- any thread ----------------------------------------------------------------------------

  /**
   * Makes the ring's thread look at the inbox, if it waits. If this throws, for example because the
   * caller's stack is full, the thread may keep waiting, and the next caller rings.
   */
  @SuppressWarnings("NonAtomicVolatileUpdate") // as the comment on it says
  void ring() {
    if (state != WAITING) {
      return; // it will look before it waits
    }
    ringing.incrementAndGet(); // keeps the eventfd from being closed and its number reused
    boolean failed = false;
    try {
      if (STATE.compareAndSet(this, WAITING, RUNG)) {
        failed = true;
        Thread thread = parked;
        if (thread != null) {
          LockSupport.unpark(thread);
        } else {
          kernel.signal(eventfd);
        }
        failed = false;
      }
    } finally {
      if (failed) {
        state =
            WAITING; // a store, which needs no stack; no other thread changes RUNG before a signal
      }
      try {
        ringing.decrementAndGet();
      } catch (Throwable _) { // no stack even for that, but for a store
        uncounted = uncounted + 1; // two at once may count as one: the eventfd is leaked then
      }
    }
  }

  /**
   * Signals once more, if the ring's thread sleeps although it should have been woken: the thread
   * that had to wake it may have failed.
   */
  @SuppressWarnings("NonAtomicVolatileUpdate") // as the comment on it says
  void insist() {
    ring();
    if (state == RUNG && parked == null) {
      ringing.incrementAndGet();
      try {
        if (state == RUNG) {
          kernel.signal(eventfd);
        }
      } finally {
        try {
          ringing.decrementAndGet();
        } catch (Throwable _) { // no stack even for that, but for a store
          uncounted = uncounted + 1; // two at once may count as one: the eventfd is leaked then
        }
      }
    }
  }

  boolean isWaiting() {
    return state == WAITING;
  }

  boolean isGone() {
    return state == GONE;
  }

  // ---- the ring's thread ---------------------------------------------------------------------

  /** Announces that the thread is about to wait; it must check the inbox after this. */
  void announceWait() {
    if (state == RUNNING) {
      STATE.setVolatile(this, WAITING);
    }
  }

  /**
   * Announces that the thread is awake. A ring of the bell stays in effect until the read
   * completes.
   */
  void endWait() {
    STATE.compareAndSet(this, WAITING, RUNNING);
  }

  boolean isArmed() {
    return armed;
  }

  /** Submits the read if it is not in flight. */
  void arm(SubmissionQueue submissions) {
    if (!armed && submissions.room() > 0) {
      submissions.add(read, USER_DATA, 0);
      armed = true;
    }
  }

  /** Handles the read's completion. */
  void answered() {
    armed = false;
    answered++;
    STATE.compareAndSet(this, RUNG, RUNNING);
  }

  /** Returns how often the bell was rung. */
  long count() {
    return answered;
  }

  /** Rings, so that the read comes back and the kernel releases its buffer. */
  void ringItself() {
    if (STATE.compareAndSet(this, RUNNING, RUNG)) {
      kernel.signal(eventfd);
    }
  }

  /**
   * Switches to parking, because there is no ring to read with: ringing then unparks the thread.
   */
  void useParking(Thread thread) {
    parked = thread;
  }

  /** Parks until the bell rings, unless there is work; for a thread without a ring. */
  void park(BooleanSupplier nothingToDo) {
    STATE.setVolatile(this, WAITING);
    if (nothingToDo.getAsBoolean()) {
      LockSupport.park(this);
    }
    STATE.setVolatile(this, RUNNING);
  }

  private boolean isRinging() {
    return ringing.get() - uncounted > 0;
  }

  /** Nobody will listen again; {@link #isGone} is true from now on. */
  void leave() {
    STATE.setVolatile(this, GONE);
    long deadline = System.nanoTime() + PATIENCE_NANOS;
    while (isRinging() && deadline - System.nanoTime() > 0) {
      Thread.onSpinWait();
    }
    STATE.setVolatile(this, GONE); // again: a thread that failed to ring has restored what it saw
    if (!isRinging()) {
      kernel.close(eventfd);
    }
    if (!armed) {
      NativeMemory.free(buffer);
    }
  }
}
