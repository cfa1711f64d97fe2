package io.ringspun.internal.ring;

import java.io.IOException;
import java.util.concurrent.Callable;
import java.util.concurrent.Future;
import org.jspecify.annotations.Nullable;

/**
 * Something that may wait and is no operation of a ring, such as what the JDK does with files. A
 * virtual thread has a platform thread do it and parks: it would hold its ring meanwhile, or a
 * carrier of the default scheduler, and there the JDK can neither close nor interrupt a wait for a
 * file lock. A platform thread does it itself.
 */
public final class BlockingTask<T extends @Nullable Object> implements Callable<T> {
  /** A task that may block. */
  public interface Action<T extends @Nullable Object> {
    /** Does it. */
    T run() throws IOException;
  }

  /** A task that may block and has no result. */
  public interface Step {
    /** Does it. */
    void run() throws IOException;
  }

  private final Action<T> action;

  // Guarded by this.
  private @Nullable Thread worker; // while it is at it
  private boolean interrupted;

  private BlockingTask(Action<T> action) {
    this.action = action;
  }

  /**
   * Does something, and returns when that has ended. An interrupt of the calling thread, before or
   * meanwhile, is one of the thread that does it, and is pending afterwards.
   *
   * @throws IOException if the action does; like every other exception it is the action's own
   */
  public static <T extends @Nullable Object> T run(Action<T> action) throws IOException {
    return Thread.currentThread().isVirtual() ? new BlockingTask<>(action).run() : action.run();
  }

  /** Does something that has no result; see {@link #run(Action)}. */
  public static void run(Step step) throws IOException {
    run(
        () -> {
          step.run();
          return true;
        });
  }

  private T run() throws IOException {
    boolean wasInterrupted = Thread.interrupted();
    interrupted = wasInterrupted; // the other thread has not begun yet
    Offload<T> offload = Offload.start(this);
    while (!offload.await(0)) {
      wasInterrupted |= Thread.interrupted(); // or it would not wait
      if (wasInterrupted) {
        interrupt();
      }
    }
    if (wasInterrupted) {
      Thread.currentThread().interrupt();
    }
    if (offload.state() == Future.State.SUCCESS) {
      return offload.resultNow();
    }
    switch (offload.exceptionNow()) {
      case IOException e -> throw e;
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      default -> throw new AssertionError(offload.exceptionNow());
    }
  }

  @Override
  public T call() throws IOException {
    synchronized (this) {
      worker = Thread.currentThread();
      if (interrupted) {
        worker.interrupt();
      }
    }
    try {
      return action.run();
    } finally {
      synchronized (this) {
        worker = null; // from now on it does something else
      }
      Thread.interrupted();
    }
  }

  private synchronized void interrupt() {
    interrupted = true;
    if (worker != null) {
      worker.interrupt();
    }
  }
}
