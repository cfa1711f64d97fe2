package io.ringspun;

import io.ringspun.internal.kernel.ErrnoException;
import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.log.Log;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.internal.ring.EngineConfig;
import io.ringspun.internal.ring.Failures;
import io.ringspun.internal.ring.Operation;
import io.ringspun.internal.ring.Scheduler;
import io.ringspun.raw.OperationCancelledException;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * An io_uring instance with a thread of its own, through which any thread makes blocking calls.
 * Safe for use by multiple concurrent threads.
 *
 * <p>A call blocks until its operation completes: a virtual thread parks, a platform thread waits.
 * When the maximum number of operations is in flight, further callers wait in arrival order.
 *
 * <h2>Carried virtual threads</h2>
 *
 * <p>Where Java was started with {@code --add-opens java.base/java.lang=io.ringspun} ({@code
 * =ALL-UNNAMED} on the class path), or with this library's jar as {@code -javaagent}, rings also
 * carry virtual threads: the operations of such a thread reach the kernel without a hand-over
 * between threads. {@link #executor} and {@link #threadFactory} use a ring for each processor, as a
 * {@link RingGroup} does. {@link #startVirtualThread} starts a thread that stays on this ring, with
 * the virtual threads that it starts. Otherwise the same methods start threads on the default
 * scheduler, and everything works the same, but more slowly.
 *
 * <p>One platform thread carries those that stay, and no other thread replaces it while one of them
 * occupies it. So run code that blocks without parking or computes for long on other threads: file
 * I/O of the JDK, name resolution, and class initializers that do either. Code that occupies a ring
 * for half a second is reported to the log and to the flight recorder. A call from a class
 * initializer or from an upcall cannot park; it completes nevertheless, but may take some tens of
 * milliseconds and delays the other carried threads.
 *
 * <h2>Interrupts</h2>
 *
 * <p>An interrupt cancels only the operation that the thread waits for; the file or socket stays
 * open. The call returns when the kernel has released its memory. If the operation succeeded before
 * it could be cancelled, the call returns its result and the interrupt status stays set.
 *
 * @since 0.1
 */
public final class Ring implements AutoCloseable {
  private static final Log LOG = Log.of(Ring.class);
  private static final AtomicInteger OPENED = new AtomicInteger();
  private static final AtomicBoolean HINTED = new AtomicBoolean();

  static {
    EngineAccess.set(ring -> ((Ring) ring).engine);
  }

  private final Engine engine;
  private final boolean isShared;
  private final ThreadFactory stayingThreads;
  private final RingThreads threads;

  private Ring(Engine engine, RingThreads threads, boolean isShared) {
    this.engine = engine;
    this.threads = threads;
    this.isShared = isShared;
    stayingThreads = engine.threadBuilder().factory();
    engine.setOwner(this);
  }

  /**
   * Opens a ring with the {@linkplain RingOptions#defaults() default options}.
   *
   * @return the ring, for the caller to close
   * @throws RingUnavailableException if rings do not work on this machine; the message says why
   * @throws IOException if another I/O error occurs
   */
  public static Ring open() throws IOException {
    return open(RingOptions.defaults());
  }

  /**
   * Opens a ring with the given options. Requires Linux 6.1 or newer. Where the memory of rings
   * counts against the limit on locked memory ({@code ulimit -l}), the kernel counts that of a
   * closed ring for a moment longer. If it refuses a ring for lack of memory, this method therefore
   * retries for some tens of milliseconds.
   *
   * @param options the options
   * @return the ring, for the caller to close
   * @throws RingUnavailableException if the kernel cannot open such a ring; the message says why
   * @throws IOException if another I/O error occurs
   */
  public static Ring open(RingOptions options) throws IOException {
    return open(options, SystemKernel.get());
  }

  /** Opens a ring on the caller's implementation of the kernel. */
  static Ring open(RingOptions options, Kernel kernel) throws IOException {
    return open(options, kernel, null, null, false);
  }

  /**
   * Opens a ring of a group.
   *
   * @param scheduler of the group, or null for a ring without one
   * @param other a ring whose kernel polling thread to share, if it has one, or null for none
   * @param isShared whether users cannot close it
   */
  static Ring open(
      RingOptions options,
      Kernel kernel,
      @Nullable Scheduler scheduler,
      @Nullable Ring other,
      boolean isShared)
      throws IOException {
    EngineConfig config = options.config();
    if (other != null) {
      config = config.withSetup(config.setup().attachedTo(other.engine.descriptor()));
    }
    if (!Engine.canCarry() && HINTED.compareAndSet(false, true)) {
      hint();
    }
    try {
      Engine engine = openEngine(config, kernel, scheduler);
      return new Ring(engine, new RingThreads(engine, options, kernel, scheduler), isShared);
    } catch (ErrnoException e) {
      throw Diagnosis.of(e).asException(e);
    }
  }

  private static void hint() {
    Module own = Ring.class.getModule();
    if (Thread.class.getModule().isOpen("java.lang", own)) {
      LOG.warn(
          "Rings do not carry virtual threads in this process, so every operation is handed over to"
              + " a ring's thread: {}",
          Engine.carryingObstacle());
    } else {
      LOG.info(
          "Rings do not carry virtual threads in this process, so every operation is handed over to"
              + " a ring's thread. Start Java with --add-opens java.base/java.lang={} to avoid"
              + " that.",
          own.isNamed() ? "io.ringspun" : "ALL-UNNAMED");
    }
  }

  /** Opens the engine of a ring, with a name. */
  static Engine openEngine(EngineConfig config, Kernel kernel, @Nullable Scheduler scheduler)
      throws ErrnoException {
    EngineConfig named =
        config.name().isEmpty() ? config.withName("ringspun-" + OPENED.incrementAndGet()) : config;
    return Engine.open(named, new PublicFailures(), kernel, scheduler);
  }

  /** Creates the public exceptions for the internal packages. */
  private static final class PublicFailures implements Failures {
    @Override
    public IOException closed(String ring) {
      return new RingClosedException(ring);
    }

    @Override
    public IOException failed(String ring, Throwable cause) {
      return new RingFailedException(ring, cause);
    }

    @Override
    public IOException refused(String operation, int errno, String reason) {
      return new OperationException(operation, errno, reason);
    }

    @Override
    public IOException cancelled(String ring) {
      return new OperationCancelledException(ring);
    }

    @Override
    public IOException timedOut(String ring, long timeoutNanos) {
      return new OperationTimeoutException(
          "no completion within "
              + Duration.ofNanos(timeoutNanos)
              + "; the operation was cancelled");
    }
  }

  /**
   * Returns the first ring of the {@linkplain RingGroup#shared() shared group}, which the first
   * call opens.
   *
   * @return always the same ring; {@link #close} has no effect on it, {@link RingGroup#closeShared}
   *     closes it
   * @throws RingUnavailableException if rings do not work on this machine; the message says why
   * @throws IOException if the ring cannot be opened for another reason
   */
  public static Ring shared() throws IOException {
    return RingGroup.shared().rings().getFirst();
  }

  /**
   * Returns the ring that carries the calling thread. Its operations go to this ring, whatever ring
   * their descriptors were opened with. Does not block.
   *
   * @return the ring, or empty if no ring carries the calling thread
   */
  public static Optional<Ring> current() {
    Engine engine = Engine.carryingCurrentThread();
    return engine == null ? Optional.empty() : Optional.ofNullable((Ring) engine.owner());
  }

  /**
   * Determines whether rings work on this machine, by opening one and reading bytes through it.
   * Blocks for some milliseconds.
   *
   * @return what works, or why it does not and how to fix it
   */
  public static Availability availability() {
    return Prober.probe();
  }

  /**
   * Returns whether this ring carries the virtual threads that are started through it.
   *
   * @return false if the package {@code java.lang} is not open to this module
   */
  public boolean carriesVirtualThreads() {
    return Engine.canCarry();
  }

  /**
   * Starts a virtual thread that this ring carries, or one of the default scheduler if rings cannot
   * carry threads.
   *
   * @param task the task that the thread runs
   * @return the thread, started
   * @throws IllegalStateException if the ring is closed
   */
  public Thread startVirtualThread(Runnable task) {
    requireOpen();
    Thread thread = stayingThreads.newThread(task);
    thread.start();
    return thread;
  }

  /**
   * Returns a factory of virtual threads that run on all processors. Those of a ring of a {@link
   * RingGroup} are the group's own, see {@link RingGroup#threadFactory}. Those of a single ring are
   * carried by rings that the first call opens, one for each processor, with the same options,
   * which blocks for some milliseconds. They are closed with this ring, and {@link Ring#current}
   * returns one of them, unless a spare platform thread runs the thread, see {@link RingGroup}.
   * What such a thread asks of this ring goes to the ring that carries it, unless it has to do with
   * a descriptor that is registered with this ring. If those rings cannot be opened, or this ring
   * has kernel polling, device polling or set-up flags of its own, this ring alone carries the
   * threads. If rings cannot carry threads at all, the default scheduler does.
   *
   * <p>Threads that are started after the ring is closed, or that outlive it, run on platform
   * threads of a pool.
   *
   * @return a thread-safe factory, always the same
   */
  public ThreadFactory threadFactory() {
    return threads.factory();
  }

  /**
   * Returns an executor that starts a virtual thread of {@link #threadFactory} for each task.
   *
   * @return a new executor; its {@code close} waits for its tasks and leaves the ring open
   */
  public ExecutorService executor() {
    return Executors.newThreadPerTaskExecutor(threadFactory());
  }

  /**
   * Submits an operation that does nothing and waits for its completion ({@code IORING_OP_NOP},
   * Linux 5.1), which measures a round trip.
   *
   * @throws RingClosedException if the ring is closed, before or during the call
   * @throws RingFailedException if the ring has failed
   * @throws java.io.InterruptedIOException if the thread is interrupted
   * @throws IOException if another I/O error occurs
   */
  public void nop() throws IOException {
    Operation operation = engine.near().single();
    operation.nop();
    int result = operation.run();
    if (result < 0) {
      throw new OperationException("nop", -result);
    }
  }

  /**
   * Runs a single step and blocks until it completes, like a {@link Chain} of that step alone.
   *
   * @param step the step to run
   * @return its outcome, which {@linkplain Outcome#succeeded() succeeded}
   * @throws IllegalArgumentException if the step uses a descriptor that is registered with another
   *     ring, or has the modifier {@link Step#evenIfPreviousFailed}
   * @throws IllegalStateException if the arena of the step's segment is closed
   * @throws java.nio.channels.ClosedChannelException if a descriptor is closed
   * @throws java.io.InterruptedIOException if the thread is interrupted, before or during the call
   * @throws OperationException if the step would sync a file of which an earlier sync lost data
   * @throws TransactionException if the step failed, was cancelled, or fell short
   * @throws OperationTimeoutException if the step exceeded its time limit
   * @throws java.nio.channels.AsynchronousCloseException if a descriptor was closed during the call
   * @throws RingClosedException if the ring is closed, before or during the call
   * @throws RingFailedException if the ring has failed, or fails during the call
   * @throws IOException if another I/O error occurs
   */
  public Outcome run(Step step) throws IOException {
    return chain().add(step).run().get(0);
  }

  /**
   * Creates a chain: steps that run one after the other in one submission.
   *
   * @return an empty chain
   */
  public Chain chain() {
    return new Chain(engine);
  }

  /**
   * Creates a batch: steps that run in any order and are awaited together.
   *
   * @return an empty batch
   */
  public Batch batch() {
    return new Batch(engine);
  }

  /**
   * Opens a pool of buffers that are registered with this ring, and with those of {@link
   * #threadFactory} if they are open ({@code IORING_REGISTER_BUFFERS2} and {@code BUFFERS_UPDATE},
   * Linux 5.19). If the kernel refuses, the pool works unregistered. Blocks until the kernel has
   * pinned the memory, some milliseconds per 100 megabytes; the ring processes no other operations
   * meanwhile. A ring has room for 64 registered pools.
   *
   * @param buffers the number of buffers
   * @param bufferBytes the size of each buffer in bytes; each starts on a page boundary
   * @return the pool, for the caller to close, before or after the ring
   * @throws IllegalArgumentException if either argument is not positive, or the buffers would
   *     exceed 1 GiB in total
   * @throws OutOfMemoryError if there is not enough native memory
   * @throws RingClosedException if the ring is closed
   * @throws RingFailedException if the ring has failed
   * @throws java.io.InterruptedIOException if the thread is interrupted
   * @throws IOException if another I/O error occurs
   */
  public BufferPool bufferPool(int buffers, int bufferBytes) throws IOException {
    return BufferPool.open(threads.engines(), buffers, bufferBytes);
  }

  /**
   * Returns the counters of this ring, and of those of {@link #threadFactory} that it has opened.
   *
   * @return a snapshot of what they have done so far, in sum
   */
  public RingMetrics metrics() {
    return threads.engines().stream()
        .map(each -> each.<RingMetrics>readCounters(RingMetrics::new))
        .reduce(RingMetrics::plus)
        .orElseThrow();
  }

  /**
   * Returns the operations that are in flight on this ring, and on those of {@link #threadFactory}
   * that it has opened, for finding out what threads wait for. Never blocks, works while a carried
   * thread holds the ring, and costs the ring nothing.
   *
   * <p>It is a picture that is taken while the ring goes on: an operation that ends meanwhile may
   * be missing or not, and what has just begun may be incomplete. Calls that still wait for
   * submission are not listed; {@link RingMetrics#waiting} counts them.
   *
   * @return a list of its own, in no particular order; empty if the ring is closed or has failed
   */
  public List<InFlightOperation> dump() {
    return threads.engines().stream()
        .flatMap(each -> each.<InFlightOperation>inFlight(Ring::describe).stream())
        .toList();
  }

  private static InFlightOperation describe(
      String name,
      int descriptor,
      boolean registered,
      long ageNanos,
      @Nullable Thread waiter,
      boolean cancelled) {
    return new InFlightOperation(
        name,
        descriptor,
        registered,
        Duration.ofNanos(ageNanos),
        Optional.ofNullable(waiter),
        cancelled);
  }

  /**
   * Returns whether the ring accepts calls.
   *
   * @return false from the moment that closing began
   */
  public boolean isOpen() {
    return !engine.isClosed();
  }

  /**
   * Closes the ring: refuses new calls, cancels waiting ones, and blocks until the kernel has
   * released their memory. An interrupt does not end the wait. New and cancelled calls throw {@link
   * RingClosedException}, as opposed to the plain {@link
   * java.nio.channels.AsynchronousCloseException} of calls whose file, socket or other object is
   * closed. Operations that the hardware has started are awaited. Virtual threads that the ring
   * carries are not awaited: they continue on other platform threads.
   *
   * <p>Closing again waits for the first close to finish. Closing a ring of the {@linkplain
   * RingGroup#shared() shared group} has no effect.
   */
  @Override
  public void close() {
    if (!isShared) {
      closeAnyway();
    }
  }

  /** Closes the ring, even if it belongs to the shared group. */
  void closeAnyway() {
    engine.close();
    threads.close();
  }

  private void requireOpen() {
    if (engine.isClosed()) {
      throw new IllegalStateException(engine + " is closed");
    }
  }

  @Override
  public String toString() {
    return "Ring[%s%s]".formatted(engine, isOpen() ? "" : ", closed");
  }
}
