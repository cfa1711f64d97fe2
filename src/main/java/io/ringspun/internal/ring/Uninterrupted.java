package io.ringspun.internal.ring;

import java.io.IOException;
import java.io.InterruptedIOException;

/**
 * Calls that an interrupt does not end, for code that expects the JDK's: there neither metadata
 * operations nor streams are interruptible. An operation that an interrupt has cancelled has done
 * nothing, so it is made again; the interrupt is pending afterwards.
 */
public final class Uninterrupted {
  private Uninterrupted() {}

  /** One operation with a result. */
  public interface Action<T> {
    /** Does it. */
    T run() throws IOException;
  }

  /** One operation without a result. */
  public interface Step {
    /** Does it. */
    void run() throws IOException;
  }

  /** Does something that has a result. */
  public static <T> T get(Action<T> action) throws IOException {
    boolean interrupted = Thread.interrupted();
    try {
      while (true) {
        try {
          return action.run();
        } catch (InterruptedIOException _) {
          interrupted = true;
          Thread.interrupted();
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Does something that has none. */
  public static void run(Step step) throws IOException {
    get(
        () -> {
          step.run();
          return true;
        });
  }
}
