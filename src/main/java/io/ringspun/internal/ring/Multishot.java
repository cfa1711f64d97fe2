package io.ringspun.internal.ring;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * An operation that completes many times. What it brings waits here, in the order it came, until a
 * thread takes it. It is armed when somebody wants something, and again whenever the kernel has
 * ended it; it is disarmed while too much waits to be taken. Safe for use by many threads.
 */
public final class Multishot {
  /** Fills the operation. */
  public interface Encoder {
    /** Encodes for a descriptor's number. */
    void encode(Operation operation, int fd);
  }

  /** Gets rid of what nobody took. */
  public interface Disposal {
    /** Disposes of what one completion brought. */
    void dispose(int result, int flags);
  }

  private final Engine ring;
  private final Handle handle;
  private final Encoder encoder;
  private final @Nullable Object lent;
  private final int waitingMax;

  // All that follows is guarded by this.
  private final Deque<Waiter> takers = new ArrayDeque<>();
  private long[] arrivals = new long[16]; // results and flags, a ring of them from first on
  private int first;
  private int count;
  private @Nullable Call armed;
  private boolean closed;

  /**
   * Describes an operation.
   *
   * @param ring where it runs, whoever takes what it brings
   * @param lent what the kernel uses while it is armed
   * @param waitingMax how much may wait to be taken before it is disarmed
   */
  public Multishot(
      Engine ring, Handle handle, Encoder encoder, @Nullable Object lent, int waitingMax) {
    this.ring = ring;
    this.handle = handle;
    this.encoder = encoder;
    this.lent = lent;
    this.waitingMax = waitingMax;
  }

  // ---- for those who take --------------------------------------------------------------------

  /**
   * Takes what came first, and waits for it if need be. An interrupt or the end of the time ends
   * the wait, not the operation: nothing is lost.
   *
   * @param nanos how long to wait at most, or 0 for no limit
   * @return a completion, for {@link #result} and {@link #flags} to take apart
   * @throws ClosedChannelException if it or its descriptor is closed
   * @throws AsynchronousCloseException if either is closed meanwhile
   * @throws InterruptedIOException if the thread is interrupted before or while it waits
   * @throws IOException if the ring is closed or has failed, or the time is up
   */
  public long take(long nanos) throws IOException {
    Waiter me = Waiter.current();
    boolean waited = false;
    long deadline = nanos == 0 ? 0 : System.nanoTime() + nanos;
    try {
      while (true) {
        if (me.thread().isInterrupted()) {
          throw new InterruptedIOException("interrupted; what arrives will wait");
        }
        synchronized (this) {
          if (count > 0) {
            return poll();
          }
          if (closed || !handle.isOpen()) {
            throw waited ? new AsynchronousCloseException() : new ClosedChannelException();
          }
          if (!waited) {
            takers.add(me);
            waited = true;
          }
        }
        arm();
        long left = nanos == 0 ? 0 : deadline - System.nanoTime();
        if (left < 0 || (left == 0 && nanos != 0)) {
          throw ring.config().failures().timedOut(ring.toString(), nanos);
        }
        if (isIdle()) {
          me.park(left);
        }
      }
    } finally {
      if (waited) {
        leave(me);
      }
    }
  }

  /** Returns whether there is nothing to do but to wait. */
  private synchronized boolean isIdle() {
    return count == 0 && armed != null && !closed && handle.isOpen();
  }

  private long poll() {
    long arrival = arrivals[first];
    first = (first + 1) % arrivals.length;
    count--;
    return arrival;
  }

  /** Passes on what woke this thread if it does not take it. */
  private void leave(Waiter me) {
    Waiter next;
    synchronized (this) {
      takers.remove(me);
      next = count > 0 ? takers.peek() : null;
    }
    if (next != null) {
      next.wake();
    }
  }

  private void arm() throws IOException {
    Call call;
    synchronized (this) {
      if (armed != null || closed) {
        return;
      }
      handle.acquire(); // the ring releases it at the last completion
      call = Call.single();
      armed = call;
    }
    call.operation(0).deliverTo(this);
    encoder.encode(call.operation(0), handle.fd());
    call.operation(0).using(handle, lent).openEnded();
    try {
      ring.start(call);
    } catch (IOException e) {
      disarmed();
      throw e;
    }
  }

  /** Returns the result in what {@link #take} returned: a negated errno if the kernel refused. */
  public static int result(long arrival) {
    return (int) arrival;
  }

  /** Returns the {@code IORING_CQE_F_} flags in what {@link #take} returned. */
  public static int flags(long arrival) {
    return (int) (arrival >>> Integer.SIZE);
  }

  /**
   * Ends the operation, waits until the kernel has let go of it, and disposes of what nobody took.
   * Closing again has no effect.
   */
  public void close(Disposal disposal) {
    Call call;
    Waiter[] waiting;
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
      call = armed;
      waiting = takers.toArray(Waiter[]::new);
      takers.add(Waiter.current());
    }
    for (Waiter taker : waiting) {
      taker.wake();
    }
    if (call != null) {
      ring.cancel(call);
      Engine.awaitUninterruptibly(this::isDisarmed);
    }
    for (long arrival : drain()) {
      disposal.dispose(result(arrival), flags(arrival));
    }
  }

  private synchronized long[] drain() {
    long[] rest = new long[count];
    for (int i = 0; i < rest.length; i++) {
      rest[i] = poll();
    }
    return rest;
  }

  private synchronized boolean isDisarmed() {
    return armed == null;
  }

  // ---- for the ring's thread -----------------------------------------------------------------

  /** Keeps what a completion brought; returns whether more is welcome. */
  boolean arrived(int result, int flags) {
    Waiter taker;
    boolean isWelcome;
    synchronized (this) {
      if (count == arrivals.length) {
        long[] longer = Arrays.copyOf(arrivals, count * 2);
        System.arraycopy(arrivals, 0, longer, count, first);
        arrivals = longer;
      }
      arrivals[(first + count) % arrivals.length] =
          Integer.toUnsignedLong(result) | (long) flags << Integer.SIZE;
      count++;
      isWelcome = count < waitingMax && !closed;
      taker = takers.peek();
    }
    if (taker != null) {
      taker.wake();
    }
    return isWelcome;
  }

  /** Notes that the kernel has ended the operation, or that it never began. */
  void disarmed() {
    Waiter[] waiting;
    synchronized (this) {
      armed = null;
      waiting = takers.toArray(Waiter[]::new);
    }
    for (Waiter taker : waiting) {
      taker.wake();
    }
  }
}
