package io.ringspun.testing;

import io.ringspun.Ring;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;

/** The kinds of threads that call a ring. */
public enum Caller {
  /** A platform thread, which waits. */
  PLATFORM {
    @Override
    public Thread start(Ring ring, Runnable task) {
      return Thread.ofPlatform().daemon().start(task);
    }
  },
  /** A virtual thread of the default scheduler. */
  VIRTUAL {
    @Override
    public Thread start(Ring ring, Runnable task) {
      return Thread.ofVirtual().start(task);
    }
  },
  /** A virtual thread that the ring carries, where it can. */
  CARRIED {
    @Override
    public Thread start(Ring ring, Runnable task) {
      return ring.startVirtualThread(task);
    }
  };

  private static final boolean HANDED_OVER =
      "false".equals(System.getProperty("io.ringspun.test.carried"));

  /**
   * Returns the kinds of threads that parameterized tests are run on. In the build's run in which
   * rings may not carry virtual threads, that is {@link #CARRIED} alone: only a thread that asks to
   * be carried takes another path there, so the cases of the others would repeat the first run. A
   * test that is not started by the build has all kinds.
   */
  public static List<Caller> inThisRun() {
    return HANDED_OVER ? List.of(CARRIED) : List.of(values());
  }

  /** Starts a thread of this kind. */
  public abstract Thread start(Ring ring, Runnable task);

  /** Starts a thread of this kind. */
  public <T> Begun<T> begin(Ring ring, Callable<T> task) {
    FutureTask<T> future = new FutureTask<>(task);
    return new Begun<>(start(ring, future), future);
  }

  /** Runs something on a thread of this kind and waits for its end. */
  public <T> T call(Ring ring, Callable<T> task) throws Exception {
    return begin(ring, task).result();
  }

  /** Something without a result. */
  public interface Action {
    /** Does it. */
    void run() throws Exception;
  }

  /** Runs something on a thread of this kind and waits for its end. */
  public void run(Ring ring, Action action) throws Exception {
    call(
        ring,
        () -> {
          action.run();
          return null;
        });
  }

  /**
   * What a thread is at.
   *
   * @param thread the thread
   * @param future what it has come to
   */
  public record Begun<T>(Thread thread, FutureTask<T> future) {

    /** Waits for the end, and returns or throws what the task did. */
    public T result() throws Exception {
      try {
        return future.get();
      } catch (ExecutionException e) {
        switch (e.getCause()) {
          case Exception exception -> throw exception;
          case Error error -> throw error;
          default -> throw e;
        }
      }
    }

    /** Waits until the thread is parked. */
    public void awaitParked() {
      Await.parked(thread);
    }
  }
}
