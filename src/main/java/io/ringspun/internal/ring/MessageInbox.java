package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.Errno;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Numbers that other rings send to a ring, in arrival order, until a thread takes them. They arrive
 * as completions without an operation: one half of the number is the result, the other the upper
 * half of the {@code user_data}, whose lower half is negative, as no slot is, and identifies the
 * inbox. Safe for use by multiple concurrent threads.
 */
public final class MessageInbox implements MessageSink {
  private static final AtomicInteger NEXT = new AtomicInteger(Integer.MIN_VALUE);

  private final Engine ring;
  final int tag = NEXT.getAndIncrement();

  private final SpinLock lock = new SpinLock();

  // All that follows is guarded by the lock.
  private final Deque<Long> waiting = new ArrayDeque<>();
  private final Deque<Waiter> takers = new ArrayDeque<>();
  private boolean closed;

  private MessageInbox(Engine ring) {
    this.ring = ring;
  }

  /**
   * Starts collecting messages sent to a ring; blocks until its thread has registered the inbox.
   *
   * @throws IOException if the ring is closed or has failed
   */
  public static MessageInbox begin(Engine ring) throws IOException {
    MessageInbox messages = new MessageInbox(ring);
    if (ring.ask(new RingTask(thread -> thread.dispatcher().expect(messages.tag, messages)))
        == -Errno.ECANCELED) {
      ring.requireUsable();
    }
    return messages;
  }

  /** Returns the result that carries a half of a number. */
  public static int result(long number) {
    return (int) number;
  }

  /** Returns the {@code user_data} that carries the other half. */
  public long userData(long number) {
    return (number >>> Integer.SIZE) << Integer.SIZE | Integer.toUnsignedLong(tag);
  }

  // ---- the ring's thread ---------------------------------------------------------------------

  /** Keeps what a completion brought. */
  @Override
  public void arrived(long userData, int result) {
    Waiter taker;
    lock.take();
    try {
      waiting.add((userData >>> Integer.SIZE) << Integer.SIZE | Integer.toUnsignedLong(result));
      taker = takers.peek();
    } finally {
      lock.taken = false;
    }
    if (taker != null) {
      taker.wake();
    }
  }

  // ---- any thread ----------------------------------------------------------------------------

  /**
   * Takes the oldest message, and waits for one if there is none.
   *
   * @param nanos the time limit, or 0 for none
   * @throws ClosedChannelException if this is closed
   * @throws AsynchronousCloseException if it is closed meanwhile
   * @throws InterruptedIOException if the thread is interrupted before or while it waits
   * @throws IOException if the ring is closed or has failed, or the time is up
   */
  public long take(long nanos) throws IOException {
    Waiter me = Waiter.current();
    Deadline deadline = Deadline.after(nanos);
    boolean waited = false;
    try {
      while (true) {
        if (me.thread().isInterrupted()) {
          throw new InterruptedIOException("interrupted; what arrives will wait");
        }
        lock.take();
        try {
          if (closed) {
            throw waited ? new AsynchronousCloseException() : new ClosedChannelException();
          }
          Long first = waiting.poll();
          if (first != null) {
            return first;
          }
          if (!waited) {
            takers.add(me);
          }
        } finally {
          lock.taken = false;
        }
        if (!waited) {
          waited = true;
          ring.attend(me); // not under the lock, since it takes another
        }
        ring.requireUsable();
        me.park(deadline.left(ring));
      }
    } finally {
      if (waited) {
        ring.ignore(me);
        leave(me);
      }
    }
  }

  /** Passes on what woke this thread, if it did not take it. */
  private void leave(Waiter me) {
    Waiter next;
    lock.take();
    try {
      takers.remove(me);
      next = waiting.isEmpty() ? null : takers.peek();
    } finally {
      lock.taken = false;
    }
    if (next != null) {
      next.wake();
    }
  }

  /** Discards the remaining messages, and ends the waits. */
  public void close() {
    Waiter[] takersThen;
    lock.take();
    try {
      closed = true;
      waiting.clear();
      takersThen = takers.toArray(Waiter[]::new);
    } finally {
      lock.taken = false;
    }
    ring.ask(new RingTask(thread -> thread.dispatcher().expectNoMore(tag)));
    for (Waiter taker : takersThen) {
      taker.wake();
    }
  }
}
