package io.ringspun.net;

import java.io.IOException;
import java.io.InterruptedIOException;

/** Calls of the ring that never wait for anyone, so that an interrupt must not end them. */
final class Uninterrupted {
  private Uninterrupted() {}

  /** A call that can be made again if it was interrupted. */
  interface Action<T> {
    T run() throws IOException;
  }

  /** Makes a call; an interrupt is pending again afterwards. */
  static <T> T call(Action<T> action) throws IOException {
    boolean interrupted = Thread.interrupted();
    try {
      while (true) {
        try {
          return action.run();
        } catch (InterruptedIOException e) {
          interrupted |= Thread.interrupted();
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
