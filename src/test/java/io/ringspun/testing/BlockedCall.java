package io.ringspun.testing;

import static org.junit.jupiter.api.Assertions.assertFalse;

import io.ringspun.Ring;
import io.ringspun.RingMetrics;
import java.util.concurrent.Callable;

/** A blocking call on a thread of its own, watched from the thread that tests. */
public final class BlockedCall<T> {
  private final Callable<T> call;
  private Thread thread;

  // Written by the thread before it ends, read after it has ended.
  private T value;
  private Throwable failure;
  private boolean interruptPending;
  private volatile boolean ended;

  private BlockedCall(Callable<T> call) {
    this.call = call;
  }

  /** Starts a call on a thread of the given kind. */
  public static <T> BlockedCall<T> start(Ring ring, Caller caller, Callable<T> call) {
    BlockedCall<T> blocked = new BlockedCall<>(call);
    blocked.thread = caller.start(ring, blocked::run);
    return blocked;
  }

  /** Starts a call on a thread that the ring carries, where it can. */
  public static <T> BlockedCall<T> start(Ring ring, Callable<T> call) {
    return start(ring, Caller.CARRIED, call);
  }

  private void run() {
    try {
      value = call.call();
    } catch (Throwable e) {
      failure = e;
    }
    interruptPending = Thread.currentThread().isInterrupted();
    ended = true;
  }

  /** Waits until the thread is parked and the ring has as many operations in flight. */
  public BlockedCall<T> awaitInFlight(Ring ring, int count) {
    Await.until(count + " in flight", () -> ended || isInFlight(ring.metrics(), count));
    Await.until("the call parks", () -> ended || thread.getState() == Thread.State.WAITING);
    assertFalse(ended, () -> "the call did not block: " + (failure != null ? failure : value));
    return this;
  }

  /** Returns whether so many are in flight, and counted as submitted, which a ring does later. */
  private static boolean isInFlight(RingMetrics metrics, int count) {
    return metrics.inFlight() >= count && metrics.submitted() - metrics.completed() >= count;
  }

  public Thread thread() {
    return thread;
  }

  public void interrupt() {
    thread.interrupt();
  }

  public boolean hasEnded() {
    return ended;
  }

  /** Waits for the end; returns what the call returned or throws what it threw. */
  public T result() throws Exception {
    Await.until("the call on " + thread + " ends", () -> ended);
    return switch (failure) {
      case null -> value;
      case Exception e -> throw e;
      case Error e -> throw e;
      default -> throw new AssertionError(failure);
    };
  }

  /** Waits for the end; returns whether an interrupt was pending then. */
  public boolean interruptPending() {
    Await.until("the call on " + thread + " ends", () -> ended);
    return interruptPending;
  }
}
