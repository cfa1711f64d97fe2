package io.ringspun;

import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.internal.ring.Scheduler;
import io.ringspun.internal.ring.SharedRings;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * A group of rings, usually one for each processor, that together carry virtual threads. Safe for
 * use by multiple concurrent threads.
 *
 * <p>A thread that the group starts runs on any of its rings. It goes on where its last operation
 * completed, unless a ring that has nothing to do takes it from there. Its operations go to the
 * ring that carries it at that moment. A thread that was started through one of the rings ({@link
 * Ring#startVirtualThread}) stays on that ring.
 *
 * <p>A thread that computes for long, or blocks without parking, holds its ring. The other threads
 * of the group then run on the other rings, and what they wait for on the held ring completes
 * within some milliseconds. If all rings are held, spare platform threads run them: first as many
 * as there are processors, and while those are held, too, up to 256, of which twice as many as
 * processors compute. A thread that has held a ring for 5 ms runs on such a thread from then on,
 * until it has not run for so long for a second. For these threads {@link Ring#current} is empty. A
 * group with kernel polling, device polling or set-up flags of its own does without: there the
 * threads that wait for a held ring go on when it is free.
 *
 * @since 0.1
 */
public final class RingGroup implements AutoCloseable {
  private static final Object SHARED_LOCK = new Object();
  private static final int RINGS_PER_HOME = 4;

  private static volatile @Nullable RingGroup shared; // set under SHARED_LOCK, read by any thread

  private final List<Ring> rings;
  private final Scheduler scheduler;
  private final ThreadFactory threadFactory;
  private final AtomicInteger turn = new AtomicInteger();
  private final AtomicInteger homeTurn = new AtomicInteger();

  private RingGroup(List<Ring> rings, Scheduler scheduler) {
    this.rings = rings;
    this.scheduler = scheduler;
    threadFactory = scheduler.threadBuilder().factory();
  }

  /**
   * Opens one ring for each processor, with default options.
   *
   * @return the group, for the caller to close
   * @throws RingUnavailableException if rings do not work on this machine; the message says why
   * @throws IOException if another I/O error occurs
   */
  public static RingGroup open() throws IOException {
    return open(Runtime.getRuntime().availableProcessors(), RingOptions.defaults());
  }

  /**
   * Opens a number of rings with the same options. With {@link RingOptions#withKernelPolling} one
   * kernel thread polls the submission queues of all of them ({@code IORING_SETUP_ATTACH_WQ}, Linux
   * 5.6).
   *
   * @param count the number of rings, at least 1
   * @param options the options of each ring; a thread name gets a number as suffix
   * @return the group, for the caller to close
   * @throws IllegalArgumentException if {@code count} is less than 1
   * @throws RingUnavailableException if the kernel cannot open such a ring; the message says why
   * @throws IOException if another I/O error occurs
   */
  public static RingGroup open(int count, RingOptions options) throws IOException {
    return open(count, options, SystemKernel.get());
  }

  /** Opens a group on the caller's implementation of the kernel. */
  static RingGroup open(int count, RingOptions options, Kernel kernel) throws IOException {
    if (count < 1) {
      throw new IllegalArgumentException("a group must have at least one ring: " + count);
    }
    return open(count, options, kernel, false);
  }

  /**
   * Opens a group.
   *
   * @param isShared whether users cannot close its rings
   */
  static RingGroup open(int count, RingOptions options, Kernel kernel, boolean isShared)
      throws IOException {
    List<Ring> rings = new ArrayList<>(count);
    Scheduler scheduler = new Scheduler();
    try {
      String name = options.config().name();
      for (int i = 1; i <= count; i++) {
        RingOptions own = name.isEmpty() ? options : options.withThreadName(name + "-" + i);
        Ring first = rings.isEmpty() ? null : rings.getFirst();
        rings.add(Ring.open(own, kernel, scheduler, first, isShared));
      }
    } catch (IOException | RuntimeException | Error e) {
      rings.forEach(Ring::closeAnyway);
      throw e;
    }
    return new RingGroup(List.copyOf(rings), scheduler);
  }

  /**
   * Returns the group of the whole process: one ring for each processor, with default options,
   * opened by the first call. Files, sockets and other objects that are opened without a ring are
   * assigned to rings of this group as {@link #nextHome} says. The first call blocks until the
   * rings are open, some milliseconds.
   *
   * @return always the same group; {@link #close} has no effect on it, {@link #closeShared} closes
   *     it
   * @throws RingUnavailableException if rings do not work on this machine; the message says why
   * @throws IOException if a ring cannot be opened for another reason
   */
  public static RingGroup shared() throws IOException {
    RingGroup group = shared;
    if (group == null) {
      synchronized (SHARED_LOCK) {
        group = shared;
        if (group == null) {
          RingOptions options = RingOptions.defaults().withThreadName("ringspun-shared");
          int count = SharedRings.count();
          group = open(count, options, SystemKernel.get(), true);
          shared = group;
        }
      }
    }
    return group;
  }

  /**
   * Closes the {@linkplain #shared() shared group}, if it is open, as {@link #close} closes other
   * groups. Intended for a container that unloads the library together with an application: calls
   * that still use the rings fail. The next call of {@link #shared()} opens a new group.
   *
   * <p>The library's other threads end some seconds after the last ring is closed.
   */
  public static void closeShared() {
    RingGroup group;
    synchronized (SHARED_LOCK) {
      group = shared;
      shared = null;
    }
    if (group != null) {
      group.closeAnyway();
    }
  }

  /** Closes the rings, even those that users cannot close. */
  void closeAnyway() {
    rings.forEach(Ring::closeAnyway);
  }

  /** Returns what schedules the group's threads. */
  Scheduler scheduler() {
    return scheduler;
  }

  /**
   * Returns the rings.
   *
   * @return an unmodifiable list
   */
  public List<Ring> rings() {
    return rings;
  }

  /**
   * Returns how many spare carriers there are: platform threads that run the virtual threads of
   * groups that have held a ring of late, and any while all the rings of their group are held, or
   * closed. All groups of the process share them.
   *
   * @return the number of these threads now; 0 if there was no need for them in the last seconds
   */
  public static int spareCarriers() {
    return Scheduler.spareCarriers();
  }

  /**
   * Returns the next ring in turn.
   *
   * @return the ring after the one that was returned last
   */
  public Ring next() {
    return rings.get(Math.floorMod(turn.getAndIncrement(), rings.size()));
  }

  /**
   * Returns the ring for something that is opened now and is used by threads that no ring carries.
   * They hand each operation over to that ring's thread. Few rings that are busy do this with less
   * CPU time than many that must be woken, so these are a quarter of the rings, in turn.
   *
   * @return the first ring of a group of fewer than 8, otherwise one of the first {@code n / 4};
   *     another if that is closed or has failed
   */
  public Ring nextHome() {
    int homes = Math.max(1, rings.size() / RINGS_PER_HOME);
    int chosen = Math.floorMod(homeTurn.getAndIncrement(), homes);
    for (int i = 0; i < rings.size(); i++) {
      Ring ring = rings.get((chosen + i) % rings.size());
      if (EngineAccess.of(ring).isUsable()) {
        return ring;
      }
    }
    return rings.get(chosen);
  }

  /**
   * Opens a pool of buffers that all the rings share. Its memory is pinned once and cloned into the
   * table of each ring ({@code IORING_REGISTER_CLONE_BUFFERS}; Linux 6.12 for the first pool of a
   * ring, 6.13 for the others). On older kernels each ring pins the memory separately, and it
   * counts against the limit on locked memory once per ring. See {@link Ring#bufferPool}. Blocks
   * until the calling thread has pinned the memory, some milliseconds per 100 megabytes, and each
   * ring has registered it.
   *
   * @param buffers the number of buffers
   * @param bufferBytes the size of each buffer in bytes; each starts on a page boundary
   * @return the pool, for the caller to close, before or after the group
   * @throws IllegalArgumentException if either argument is not positive, or the buffers would
   *     exceed 1 GiB in total
   * @throws OutOfMemoryError if there is not enough native memory
   * @throws RingClosedException if all the rings are closed
   * @throws RingFailedException if no ring is open and the first has failed
   * @throws java.io.InterruptedIOException if the thread is interrupted
   * @throws IOException if another I/O error occurs
   */
  public BufferPool bufferPool(int buffers, int bufferBytes) throws IOException {
    List<Engine> engines = rings.stream().map(EngineAccess::of).toList();
    return BufferPool.open(engines, buffers, bufferBytes);
  }

  /**
   * Starts a virtual thread that the rings of the group carry, or one of the default scheduler if
   * rings cannot carry threads.
   *
   * @param task the task that the thread runs
   * @return the thread, started
   * @throws IllegalStateException if the group is closed
   */
  public Thread startVirtualThread(Runnable task) {
    if (!isOpen()) {
      throw new IllegalStateException(this + " is closed");
    }
    Thread thread = threadFactory.newThread(task);
    thread.start();
    return thread;
  }

  private boolean isOpen() {
    for (Ring ring : rings) {
      if (ring.isOpen()) {
        return true;
      }
    }
    return false;
  }

  /**
   * Returns a factory of virtual threads that the rings of the group carry, or that the default
   * scheduler runs if rings cannot carry threads. Threads that are started after the group is
   * closed, or that outlive it, run on platform threads of a pool.
   *
   * @return a thread-safe factory
   */
  public ThreadFactory threadFactory() {
    return threadFactory;
  }

  /**
   * Returns an executor that starts a virtual thread of {@link #threadFactory} for each task.
   *
   * @return a new executor; its {@code close} waits for its tasks and leaves the rings open
   */
  public ExecutorService executor() {
    return Executors.newThreadPerTaskExecutor(threadFactory);
  }

  /**
   * Closes all the rings, one after the other, and blocks until they are closed; see {@link
   * Ring#close}. Has no effect on the {@linkplain #shared() shared group}.
   */
  @Override
  public void close() {
    rings.forEach(Ring::close);
  }

  @Override
  public String toString() {
    return "RingGroup" + rings;
  }
}
