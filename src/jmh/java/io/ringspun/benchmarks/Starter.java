package io.ringspun.benchmarks;

import java.util.concurrent.ThreadFactory;

/** Starts a thread. */
interface Starter {
  Thread start(Runnable body);

  /** Returns one of the threads that a factory makes. */
  static Starter of(ThreadFactory factory) {
    return body -> {
      Thread thread = factory.newThread(body);
      thread.start();
      return thread;
    };
  }
}
