package io.ringspun.internal.ring;

import java.util.concurrent.Callable;
import java.util.concurrent.Executor;
import java.util.concurrent.FutureTask;

/**
 * A blocking task for which io_uring has no operation. It runs on a separate platform thread, so
 * that it occupies neither a ring nor a scheduler, while the thread that started it parks.
 */
public final class Offload<T> extends FutureTask<T> {
  private static final Executor THREADS = LibraryThreads.pool("ringspun-offload-");

  private final Waiter waiter = Waiter.current();

  private Offload(Callable<T> task) {
    super(task);
  }

  /** Begins a task on behalf of the calling thread. */
  public static <T> Offload<T> start(Callable<T> task) {
    Offload<T> offload = new Offload<>(task);
    THREADS.execute(offload);
    return offload;
  }

  @Override
  protected void done() {
    waiter.wake();
  }

  /**
   * Waits, on the thread that started it, for its end, an interrupt, which stays pending, or the
   * end of a time limit, whichever comes first. In any case the task runs to its end.
   *
   * @param nanos the time limit, or 0 for none
   * @return whether the task has ended
   */
  public boolean await(long nanos) {
    long deadline = System.nanoTime() + nanos;
    while (!isDone() && !Thread.currentThread().isInterrupted()) {
      long left = nanos == 0 ? 0 : deadline - System.nanoTime();
      if (left < 0 || (nanos != 0 && left == 0)) {
        break;
      }
      waiter.park(left);
    }
    return isDone();
  }
}
