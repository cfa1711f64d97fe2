package io.ringspun.benchmarks;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Threads that share a number of operations among them. They are started for each run, so a run
 * must be long enough for that not to matter.
 */
final class Crew {
  private final Starter starter;
  private final int size;

  Crew(ThreadFactory factory, int size) {
    this(Starter.of(factory), size);
  }

  Crew(Starter starter, int size) {
    this.starter = starter;
    this.size = size;
  }

  /** What each thread does. */
  interface Job {
    /**
     * Does this thread's share.
     *
     * @param member which thread of the crew this is, from 0
     * @param operations how many it is to do
     */
    void perform(int member, int operations) throws Exception;
  }

  /** Returns the number of threads. */
  int size() {
    return size;
  }

  /** Starts the threads and waits for them; throws what the first that failed has thrown. */
  void run(int operations, Job job) throws Exception {
    if (operations % size != 0) {
      throw new IllegalArgumentException(
          operations + " operations cannot be shared equally among " + size + " threads");
    }
    AtomicReference<Throwable> failure = new AtomicReference<>();
    List<Thread> threads = new ArrayList<>(size);
    for (int i = 0; i < size; i++) {
      int member = i;
      threads.add(
          starter.start(
              () -> {
                try {
                  job.perform(member, operations / size);
                } catch (Throwable e) {
                  failure.compareAndSet(null, e);
                }
              }));
    }
    for (Thread thread : threads) {
      thread.join();
    }
    if (failure.get() != null) {
      throw new IllegalStateException("a thread of the crew failed", failure.get());
    }
  }
}
