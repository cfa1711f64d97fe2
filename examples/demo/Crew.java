package demo;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;

/** Virtual threads that share a piece of work. If one fails, the others are interrupted. */
final class Crew {
  private Crew() {}

  /** The task of each worker; an interrupt makes its next read or write fail, which ends it. */
  interface Task {
    void run(int worker) throws IOException;
  }

  /**
   * Runs a task on each of some threads and waits for all of them.
   *
   * @throws IOException the first failure of any worker
   */
  static void run(Arm arm, int size, Task task) throws IOException {
    AtomicReference<Throwable> failure = new AtomicReference<>();
    List<Thread> threads = new ArrayList<>(size);
    for (int i = 0; i < size; i++) {
      int worker = i;
      Runnable guarded =
          () -> {
            try {
              task.run(worker);
            } catch (Throwable e) {
              if (failure.compareAndSet(null, e)) {
                threads.forEach(Thread::interrupt);
              }
            }
          };
      threads.add(arm.newThread(worker, guarded));
    }
    threads.forEach(Thread::start);
    join(threads);
    switch (failure.get()) {
      case null -> {}
      case IOException e -> throw e;
      case RuntimeException e -> throw e;
      case Error e -> throw e;
      case Throwable e -> throw new IllegalStateException(e);
    }
  }

  private static void join(List<Thread> threads) throws InterruptedIOException {
    try {
      for (Thread thread : threads) {
        thread.join();
      }
    } catch (InterruptedException e) {
      threads.forEach(Thread::interrupt);
      throw new InterruptedIOException("interrupted while workers ran");
    }
  }
}
