package io.ringspun.internal.ring;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A pool of items that are taken and given back. A thread that finds none waits, and a returned
 * item goes to the thread that has waited longest, never to a newcomer. Safe for use by multiple
 * concurrent threads.
 *
 * @param <T> what is taken
 */
public final class FairPool<T> {
  private static final class Place<T> {
    final Waiter waiter = Waiter.current();

    // Set once, by the thread that gives or closes; read by the waiter.
    volatile @Nullable T given;
    volatile boolean refused;
  }

  // All guarded by free. While a thread waits, free is empty.
  private final Deque<T> free; // the one given back last on top, since it is in the caches
  private final Deque<Place<T>> waiting = new ArrayDeque<>();
  private int out;
  private boolean closed;

  private final List<Engine> rings;

  /**
   * Creates a pool of some things.
   *
   * @param rings waiting threads fail when none of these is usable any more
   */
  public FairPool(Collection<T> things, List<Engine> rings) {
    this.rings = rings;
    free = new ArrayDeque<>(things);
  }

  /**
   * Takes an item, and waits until there is one.
   *
   * @param nanos how long to wait at most, or 0 for no limit
   * @return the thing, or null if the time is up
   * @throws ClosedChannelException if the pool is closed
   * @throws AsynchronousCloseException if it is closed meanwhile
   * @throws InterruptedIOException if the thread is interrupted before, or while it waits
   * @throws IOException if all rings are closed or have failed
   */
  public @Nullable T take(long nanos) throws IOException {
    Engine.requireUsable(rings);
    Place<T> place;
    synchronized (free) {
      if (closed) {
        throw new ClosedChannelException();
      }
      T thing = free.poll();
      if (thing != null) {
        out++;
        return thing;
      }
      place = new Place<>();
      waiting.add(place);
    }
    rings.forEach(ring -> ring.attend(place.waiter));
    try {
      return await(place, nanos);
    } finally {
      rings.forEach(ring -> ring.ignore(place.waiter));
    }
  }

  private @Nullable T await(Place<T> place, long nanos) throws IOException {
    long deadline = nanos == 0 ? 0 : System.nanoTime() + nanos;
    boolean interrupted = false;
    long left = nanos;
    boolean usable = Engine.isAnyUsable(rings);
    while (usable && place.given == null && !place.refused && !interrupted && left >= 0) {
      place.waiter.park(left);
      usable = Engine.isAnyUsable(rings);
      interrupted = Thread.interrupted();
      if (nanos != 0) {
        left = deadline - System.nanoTime();
        left = left == 0 ? -1 : left;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    withdraw(place); // unless it has come by now
    T thing = place.given;
    if (thing != null) {
      return thing;
    }
    if (place.refused) {
      throw new AsynchronousCloseException();
    }
    if (interrupted) {
      throw new InterruptedIOException("interrupted while waiting for a buffer");
    }
    if (!usable) {
      Engine.requireUsable(rings);
    }
    return null;
  }

  private void withdraw(Place<T> place) {
    if (place.given == null) {
      synchronized (free) {
        waiting.remove(place);
      }
    }
  }

  /**
   * Returns an item.
   *
   * @return whether the pool is closed and this was the last one out
   */
  public boolean give(T thing) {
    Place<T> next;
    synchronized (free) {
      next = waiting.poll();
      if (next == null) {
        free.push(thing);
        out--;
        return isOver();
      }
      next.given = thing;
    }
    next.waiter.wake();
    return false;
  }

  /**
   * Removes an item permanently. Removing the last one closes the pool.
   *
   * @return as {@link #give}
   */
  public boolean lose() {
    boolean last;
    boolean over;
    synchronized (free) {
      out--;
      last = out == 0 && free.isEmpty() && !closed;
      over = isOver();
    }
    return last ? close() : over;
  }

  /**
   * Closes the pool: waiting and later callers fail.
   *
   * @return whether this closed it and none is out
   */
  public boolean close() {
    synchronized (free) {
      if (closed) {
        return false;
      }
      closed = true;
      for (Place<T> place : waiting) {
        place.refused = true;
        place.waiter.wake();
      }
      waiting.clear();
      return isOver();
    }
  }

  private boolean isOver() {
    return closed && out == 0;
  }

  /** Returns whether it is closed. */
  public boolean isClosed() {
    synchronized (free) {
      return closed;
    }
  }

  /** Returns how many wait. */
  public int waiting() {
    synchronized (free) {
      return waiting.size();
    }
  }
}
