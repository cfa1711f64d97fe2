package io.ringspun;

import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.EngineAccess;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Several rings, usually one for each processor, among which virtual threads are dealt out in turn.
 * A thread stays on the ring that it was started on. Safe for use by many threads.
 *
 * @since 0.1
 */
public final class RingGroup implements AutoCloseable {
  private static final Object SHARED_LOCK = new Object();

  private static volatile @Nullable RingGroup shared; // set under SHARED_LOCK, read by any thread

  private final List<Ring> rings;
  private final AtomicInteger turn = new AtomicInteger();

  private RingGroup(List<Ring> rings) {
    this.rings = rings;
  }

  /**
   * Opens one ring for each processor, with default options.
   *
   * @return the group, for the caller to close
   * @throws RingUnavailableException if there can be no ring here; the message says why
   * @throws IOException if another I/O error occurs
   */
  public static RingGroup open() throws IOException {
    return open(Runtime.getRuntime().availableProcessors(), RingOptions.defaults());
  }

  /**
   * Opens rings that are all alike. With {@link RingOptions#withKernelPolling} one thread of the
   * kernel submits for all of them ({@code IORING_SETUP_ATTACH_WQ}, Linux 5.6).
   *
   * @param count how many, at least 1
   * @param options for each; a thread name in them gets a number behind it
   * @return the group, for the caller to close
   * @throws IllegalArgumentException if {@code count} is less than 1
   * @throws RingUnavailableException if there can be no such ring here; the message says why
   * @throws IOException if another I/O error occurs
   */
  public static RingGroup open(int count, RingOptions options) throws IOException {
    return open(count, options, SystemKernel.get());
  }

  /** Opens a group on a kernel of the caller's making. */
  static RingGroup open(int count, RingOptions options, Kernel kernel) throws IOException {
    if (count < 1) {
      throw new IllegalArgumentException("a group has at least one ring: " + count);
    }
    return open(count, options, kernel, false);
  }

  private static RingGroup open(int count, RingOptions options, Kernel kernel, boolean isShared)
      throws IOException {
    List<Ring> rings = new ArrayList<>(count);
    try {
      for (int i = 1; i <= count; i++) {
        String name = options.threadName();
        RingOptions own = name.isEmpty() ? options : options.withThreadName(name + "-" + i);
        if (isShared) {
          rings.add(Ring.openShared(own, kernel));
        } else if (i > 1 && options.pollsInKernel()) {
          rings.add(Ring.open(own, kernel, rings.getFirst()));
        } else {
          rings.add(Ring.open(own, kernel));
        }
      }
    } catch (IOException | RuntimeException | Error e) {
      rings.forEach(Ring::closeAnyway);
      throw e;
    }
    return new RingGroup(List.copyOf(rings));
  }

  /**
   * Returns the group of the whole process: one ring for each processor, with default options,
   * opened at the first call. Files, sockets and other objects that are opened without a ring have
   * rings of this group as their homes, in turn. The first call blocks until the rings are open,
   * some milliseconds.
   *
   * @return always the same group; {@link #close} has no effect on it, {@link #closeShared} closes
   *     it
   * @throws RingUnavailableException if there can be no ring here; the message says why
   * @throws IOException if a ring cannot be opened for another reason
   */
  public static RingGroup shared() throws IOException {
    RingGroup group = shared;
    if (group == null) {
      synchronized (SHARED_LOCK) {
        group = shared;
        if (group == null) {
          RingOptions options = RingOptions.defaults().withThreadName("ringspun-shared");
          int count = Runtime.getRuntime().availableProcessors();
          group = open(count, options, SystemKernel.get(), true);
          shared = group;
        }
      }
    }
    return group;
  }

  /**
   * Closes the {@linkplain #shared() shared group}, if it was opened, as {@link #close} closes
   * others. For a host that unloads the library together with an application, when the application
   * has ended: whatever still uses the rings fails. The next call of {@link #shared()} opens
   * another group.
   *
   * <p>The library's other threads end some seconds after its last ring was closed.
   */
  public static void closeShared() {
    RingGroup group;
    synchronized (SHARED_LOCK) {
      group = shared;
      shared = null;
    }
    if (group != null) {
      group.rings.forEach(Ring::closeAnyway);
    }
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
   * Returns the rings in turn.
   *
   * @return the ring after the one that was returned last
   */
  public Ring next() {
    return rings.get(Math.floorMod(turn.getAndIncrement(), rings.size()));
  }

  /**
   * Opens a pool of buffers that all the rings share: their memory is pinned once and cloned into
   * the table of each ({@code IORING_REGISTER_CLONE_BUFFERS}; Linux 6.12 for the first pool of a
   * ring, 6.13 for the others). Where the kernel cannot do that, each ring pins it for itself, and
   * the limit of locked memory counts it as often. Otherwise like {@link Ring#bufferPool}. Blocks
   * until the calling thread has pinned the memory, some milliseconds for every hundred megabytes,
   * and each ring has come round to take it.
   *
   * @param buffers how many
   * @param bufferBytes the size of each; they start at pages of their own
   * @return the pool, for the caller to close, before or after the group
   * @throws IllegalArgumentException if either is not positive, or all would take more than 1 GiB
   * @throws OutOfMemoryError if there is not so much native memory
   * @throws RingClosedException if all the rings are closed
   * @throws RingFailedException if none is open and the first has failed
   * @throws java.io.InterruptedIOException if the thread is interrupted
   * @throws IOException if another I/O error occurs
   */
  public BufferPool bufferPool(int buffers, int bufferBytes) throws IOException {
    List<Engine> engines = rings.stream().map(EngineAccess::of).toList();
    return BufferPool.open(engines, buffers, bufferBytes);
  }

  /**
   * Starts a virtual thread on the next ring; see {@link Ring#startVirtualThread}.
   *
   * @param task what the thread is to run
   * @return the thread, started
   * @throws IllegalStateException if the group is closed
   */
  public Thread startVirtualThread(Runnable task) {
    return next().startVirtualThread(task);
  }

  /**
   * Returns a factory whose threads are dealt out to the rings in turn.
   *
   * @return a thread-safe factory
   */
  public ThreadFactory threadFactory() {
    return task -> next().threadFactory().newThread(task);
  }

  /**
   * Returns an executor that starts a virtual thread of {@link #threadFactory} for each task.
   *
   * @return a new executor; its {@code close} waits for its tasks and leaves the rings open
   */
  public ExecutorService executor() {
    return Executors.newThreadPerTaskExecutor(threadFactory());
  }

  /** Closes all the rings; see {@link Ring#close}. */
  @Override
  public void close() {
    rings.forEach(Ring::close);
  }

  @Override
  public String toString() {
    return "RingGroup" + rings;
  }
}
