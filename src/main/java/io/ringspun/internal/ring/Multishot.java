package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.memory.LentMemory;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * A multishot operation. Its results wait here, in arrival order, until a thread takes them. It is
 * armed when a thread wants a result, and again whenever the kernel has ended it. It is disarmed
 * while too many results wait, and stays disarmed while its supply has run out or it has been
 * paused. Safe for use by multiple concurrent threads.
 */
public final class Multishot implements CompletionSink, Supply.Consumer {
  /** Disposes of results that no thread took. */
  public interface Disposal {
    /** Disposes of a result, and of what is at a place, as {@link #place} returns it. */
    void dispose(int result, int place);
  }

  private final Engine ring;
  private final @Nullable Handle handle;
  private final Operation.Encoder encoder;
  private final @Nullable Supply supply;
  private final @Nullable LentMemory lent;
  private final int waitingMax;
  private final Supply.Parts parts = this::keep;
  private final boolean merges;

  private final SpinLock lock = new SpinLock();

  // All that follows is written under the lock, and read there, too, but for what is volatile.
  private final Deque<Waiter> takers = new ArrayDeque<>();
  private long[] arrivals = new long[16]; // results and places, a ring of them from first on
  private int first;
  private int count;
  private volatile @Nullable Call armed;
  private boolean kept; // whether it has something of the supply that no completion has taken
  private long merged;
  private boolean starved; // the supply ran out, and nothing has been given back since
  private long returnsBefore; // how often something had been given back when it was armed
  private long restsUntil = System.nanoTime();
  private volatile boolean closed;

  /**
   * Describes an operation.
   *
   * @param ring the ring on which it runs, whichever thread takes its results
   * @param supply from which the kernel takes at each completion, or null
   * @param waitingMax how much may wait to be taken before it is disarmed
   */
  public Multishot(
      Engine ring,
      Handle handle,
      Operation.Encoder encoder,
      @Nullable Supply supply,
      int waitingMax) {
    this(ring, handle, encoder, supply, null, waitingMax, false);
  }

  /**
   * Describes an operation without a descriptor, all of whose completions are equal: of those not
   * yet taken one waits, and the others are counted.
   *
   * @param lent what the kernel is given
   */
  public static Multishot merging(Engine ring, Operation.Encoder encoder, LentMemory lent) {
    return new Multishot(ring, null, encoder, null, lent, Integer.MAX_VALUE, true);
  }

  private Multishot(
      Engine ring,
      @Nullable Handle handle,
      Operation.Encoder encoder,
      @Nullable Supply supply,
      @Nullable LentMemory lent,
      int waitingMax,
      boolean merges) {
    this.ring = ring;
    this.handle = handle;
    this.encoder = encoder;
    this.supply = supply;
    this.lent = lent;
    this.waitingMax = waitingMax;
    this.merges = merges;
  }

  // ---- for takers ----------------------------------------------------------------------------

  /**
   * Takes the oldest result, and waits for one if there is none. An interrupt or a timeout ends the
   * wait but not the operation, so no result is lost.
   *
   * @param nanos the time limit, or 0 for none
   * @param deadline when it ends, by {@link System#nanoTime}
   * @param again whether the caller has waited before and could not use the result
   * @return what arrived, for {@link #result} and {@link #place} to take apart
   * @throws ClosedChannelException if it or its descriptor is closed
   * @throws AsynchronousCloseException if either is closed meanwhile
   * @throws InterruptedIOException if the thread is interrupted before or while it waits
   * @throws IOException if the ring is closed or has failed, or the time is up
   */
  public long take(long nanos, long deadline, boolean again) throws IOException {
    Waiter me = Waiter.current();
    boolean waited = false;
    try {
      while (true) {
        if (me.thread().isInterrupted()) {
          throw new InterruptedIOException("interrupted; what arrives will wait");
        }
        lock.take();
        try {
          if (hasEnded() && !(waited && hasProgress())) {
            throw waited || again ? new AsynchronousCloseException() : new ClosedChannelException();
          }
          if (count > 0) {
            return poll();
          }
          if (!waited) {
            takers.add(me);
            waited = true;
          }
        } finally {
          lock.taken = false;
        }
        arm();
        long left = nanos == 0 ? Long.MAX_VALUE : deadline - System.nanoTime();
        if (left <= 0) {
          throw ring.failures().timedOut(ring.toString(), nanos);
        }
        long idle = Math.min(left, idleNanos());
        if (idle > 0) {
          park(me, idle == Long.MAX_VALUE ? 0 : idle);
        }
      }
    } finally {
      if (waited) {
        leave(me);
      }
    }
  }

  private void park(Waiter me, long nanos) throws IOException {
    if (isArmed()) { // then the end of the operation wakes this thread when the ring ends it
      me.park(nanos);
      return;
    }
    ring.attend(me);
    try {
      ring.requireUsable();
      me.park(nanos);
    } finally {
      ring.ignore(me);
    }
  }

  private boolean isArmed() {
    return armed != null;
  }

  private boolean hasEnded() {
    return closed || (handle != null && !handle.isOpen());
  }

  /**
   * Returns whether the oldest result is neither an end nor an error, and arrived before the close.
   */
  private boolean hasProgress() {
    return !closed && count > 0 && result(arrivals[first]) > 0;
  }

  /** Returns for how long there is nothing to do but to wait. */
  private long idleNanos() {
    lock.take();
    try {
      if (count > 0 || hasEnded()) {
        return 0;
      }
      return armed != null || starved ? Long.MAX_VALUE : restsUntil - System.nanoTime();
    } finally {
      lock.taken = false;
    }
  }

  /** Returns whether {@link #close} has not been called. */
  public boolean isOpen() {
    return !closed;
  }

  /** Keeps the operation disarmed for a while, if it is disarmed now. */
  public void rest(long nanos) {
    lock.take();
    try {
      restsUntil = System.nanoTime() + nanos;
    } finally {
      lock.taken = false;
    }
  }

  /** Returns how many completions were merged into others since the last call. */
  public long takeMerged() {
    lock.take();
    try {
      long taken = merged;
      merged = 0;
      return taken;
    } finally {
      lock.taken = false;
    }
  }

  /**
   * Updates the operation in the kernel. The encoder must already produce the new form.
   *
   * @param change fills the operation that does it
   * @return 0, or a negated errno
   */
  public int update(Operation.Encoder change) throws IOException {
    Call target = armed;
    if (target == null) {
      return 0;
    }
    int result = ring.single().about(target.operation(0)).run(change);
    if (result == -Errno.ENOENT || result == -Errno.EALREADY) {
      ring.cancel(target); // not with the kernel yet, or just completing
      return 0;
    }
    return result;
  }

  private long poll() {
    long arrival = arrivals[first];
    first = (first + 1) % arrivals.length;
    count--;
    return arrival;
  }

  /** Passes on what woke this thread: what it did not take, or that it was to arm. */
  private void leave(Waiter me) {
    Waiter next;
    lock.take();
    try {
      takers.remove(me);
      next = count > 0 || armed == null ? takers.peek() : null;
    } finally {
      lock.taken = false;
    }
    if (next != null) {
      next.wake();
    }
  }

  private void arm() throws IOException {
    Call call;
    lock.take();
    try {
      if (armed != null || closed || starved || restsUntil - System.nanoTime() > 0) {
        return;
      }
      if (handle != null && !handle.isOpen()) {
        return; // the caller will see that, and say that it had begun to wait
      }
      if (supply != null) {
        returnsBefore = supply.returns();
        Supply.Kept now = supply.keep();
        if (now == Supply.Kept.EXHAUSTED) {
          starved = supply.awaitReturn(this, returnsBefore); // else the caller would retry at once
          return;
        }
        kept = now == Supply.Kept.ONE;
      }
      call = Call.single();
      armed = call;
    } finally {
      lock.taken = false;
    }
    try {
      call.operation(0)
          .on(handle)
          .lending(lent != null ? lent : supply)
          .openEnded()
          .deliverTo(this)
          .encode(encoder);
      ring.start(call);
    } catch (Throwable e) {
      if (!call.given) {
        disarmed();
      }
      throw e;
    }
  }

  /** Returns the result in what {@link #take} returned: a negated errno if the kernel refused. */
  public static int result(long arrival) {
    return (int) arrival;
  }

  /**
   * Returns where in the memory of the {@link ProvidedBuffers} what {@link #take} returned is, or
   * {@link Supply#NOWHERE}.
   */
  public static int place(long arrival) {
    return (int) (arrival >>> Integer.SIZE);
  }

  /**
   * Cancels the operation, waits until the kernel has ended it, and disposes of results that no
   * thread took. An interrupt does not end the wait. Closing again waits for the first close to
   * finish.
   */
  public void close(Disposal disposal) {
    Call call;
    Waiter[] waiting;
    lock.take();
    try {
      call = closed ? null : armed;
      closed = true;
      waiting = takers.toArray(Waiter[]::new);
      takers.add(Waiter.current());
    } finally {
      lock.taken = false;
    }
    for (Waiter taker : waiting) {
      taker.wake();
    }
    if (call != null) {
      ring.cancel(call);
    }
    Engine.awaitUninterruptibly(() -> !isArmed());
    for (long arrival : drain()) {
      disposal.dispose(result(arrival), place(arrival));
    }
  }

  private long[] drain() {
    lock.take();
    try {
      long[] rest = new long[count];
      for (int i = 0; i < rest.length; i++) {
        rest[i] = poll();
      }
      return rest;
    } finally {
      lock.taken = false;
    }
  }

  // ---- for the ring's thread -----------------------------------------------------------------

  /** Keeps what a completion brought; returns whether it is time to disarm. */
  @Override
  public boolean arrived(int result, int flags) {
    Waiter taker;
    boolean isFull = false;
    lock.take();
    try {
      if (supply != null && supply.isShortage(result)) {
        starved = supply.awaitReturn(this, returnsBefore);
        return false; // no thread need be woken
      }
      if (merges && count > 0) {
        merged++;
        return false;
      }
      boolean wasFull = count >= waitingMax;
      if (supply == null) {
        keep(result, Supply.NOWHERE);
      } else {
        isFull = supply.take(result, flags, kept, parts);
        kept &= result < 0;
      }
      isFull |= !wasFull && count >= waitingMax;
      taker = takers.peek();
    } finally {
      lock.taken = false;
    }
    if (taker != null) {
      taker.wake();
    }
    return isFull;
  }

  private void keep(int result, int place) {
    if (count == arrivals.length) {
      arrivals = unrolled(count * 2);
      first = 0;
    }
    arrivals[(first + count) % arrivals.length] =
        Integer.toUnsignedLong(result) | (long) place << Integer.SIZE;
    count++;
  }

  private long[] unrolled(int length) {
    long[] longer = new long[length];
    for (int i = 0; i < count; i++) {
      longer[i] = arrivals[(first + i) % arrivals.length];
    }
    return longer;
  }

  /** Records that the kernel has ended the operation, or that it never began. */
  @Override
  public void disarmed() {
    Waiter[] waiting;
    boolean givesUp;
    lock.take();
    try {
      armed = null;
      givesUp = kept;
      kept = false;
      waiting = takers.toArray(Waiter[]::new);
    } finally {
      lock.taken = false;
    }
    if (givesUp && supply != null) {
      supply.giveUp(); // not under our lock, since it takes those of others
    }
    for (Waiter taker : waiting) {
      taker.wake();
    }
  }

  // ---- for the supply ---------------------------------------------------------------------------

  /** Records that the supply has been replenished. */
  @Override
  public void fed() {
    Waiter taker;
    lock.take();
    try {
      starved = false;
      taker = takers.peek();
    } finally {
      lock.taken = false;
    }
    if (taker != null) {
      taker.wake();
    }
  }
}
