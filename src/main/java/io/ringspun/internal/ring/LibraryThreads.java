package io.ringspun.internal.ring;

import java.util.concurrent.Executor;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/**
 * The platform threads of this library. They serve the whole process, so they have nothing of the
 * thread that happened to need them first: neither its context class loader, nor its inheritable
 * thread-locals, nor its group, nor its priority. Otherwise an application that ended long ago
 * could not be unloaded.
 */
public final class LibraryThreads {
  /** How long a thread without work stays for more. */
  static final long LINGER_NANOS = TimeUnit.SECONDS.toNanos(3);

  /** The group of all groups: others are of an application. */
  static final ThreadGroup GROUP = topmostGroup();

  private LibraryThreads() {}

  private static ThreadGroup topmostGroup() {
    ThreadGroup group = Thread.currentThread().getThreadGroup();
    while (group.getParent() != null) {
      group = group.getParent();
    }
    return group;
  }

  /** Returns a builder of daemon threads whose context class loader is the system's. */
  @SuppressWarnings("ThreadPriorityCheck") // else inherited from the caller
  public static Thread.Builder.OfPlatform builder() {
    return Thread.ofPlatform()
        .group(GROUP)
        .inheritInheritableThreadLocals(false)
        .priority(Thread.NORM_PRIORITY)
        .daemon();
  }

  /** Creates a pool whose number of threads follows the number of tasks. */
  static Executor pool(String prefix) {
    return new ThreadPoolExecutor(
        0,
        Integer.MAX_VALUE,
        LINGER_NANOS,
        TimeUnit.NANOSECONDS,
        new SynchronousQueue<>(),
        builder().name(prefix, 0).factory());
  }
}
