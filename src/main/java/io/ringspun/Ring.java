package io.ringspun;

import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.ErrnoException;
import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.ring.Call;
import io.ringspun.internal.ring.Counters;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.internal.ring.EngineConfig;
import io.ringspun.internal.ring.Handle;
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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * An io_uring instance with a thread of its own, through which blocking calls of any thread reach
 * the kernel. Safe for use by many threads.
 *
 * <p>A call parks the calling virtual thread until its completion arrives; a platform thread waits.
 * More callers than the kernel may hold operations for wait in the order they came.
 *
 * <h2>Carried virtual threads</h2>
 *
 * <p>Where Java was started with {@code --add-opens java.base/java.lang=io.ringspun} ({@code
 * =ALL-UNNAMED} on the class path), the ring's thread also carries the virtual threads started
 * through {@link #startVirtualThread}, {@link #threadFactory} and {@link #executor}, and the
 * virtual threads that those start: they all run on that one platform thread, and their operations
 * reach the kernel without a hand-over. Elsewhere the same methods start threads on the default
 * scheduler, and everything works the same, more slowly.
 *
 * <p>One platform thread carries them all, and nothing replaces it while a carried thread holds it.
 * So run elsewhere whatever blocks without parking or computes for long: file I/O of the JDK, name
 * resolution, class initializers that do either. The library reports, in the log and to the flight
 * recorder, code that holds a ring for half a second. A call made from a class initializer or an
 * upcall from native code, which cannot park, completes nevertheless, but may take some tens of
 * milliseconds and holds up the others.
 *
 * <h2>Interrupts</h2>
 *
 * <p>An interrupt cancels the operation that a thread waits for, and nothing else: the file or
 * socket stays open. The call returns when the kernel has let go of its memory. If the operation
 * had succeeded by then, its result is returned and the interrupt stays pending.
 *
 * @since 0.1
 */
public final class Ring implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Ring.class);
  private static final AtomicInteger OPENED = new AtomicInteger();
  private static final AtomicBoolean HINTED = new AtomicBoolean();

  static {
    EngineAccess.set(ring -> ((Ring) ring).engine);
  }

  private final Engine engine;
  private final boolean isShared;
  private final ThreadFactory threadFactory;

  private Ring(Engine engine, boolean isShared) {
    this.engine = engine;
    this.isShared = isShared;
    threadFactory = engine.threadBuilder().factory();
    engine.setOwner(this);
  }

  /**
   * Opens a ring with the {@linkplain RingOptions#defaults() default options}.
   *
   * @return the ring, for the caller to close
   * @throws RingUnavailableException if there can be no ring here; the message says why
   * @throws IOException if another I/O error occurs
   */
  public static Ring open() throws IOException {
    return open(RingOptions.defaults());
  }

  /**
   * Opens a ring. Needs Linux 6.1. Where its memory counts against the limit of locked memory
   * ({@code ulimit -l}), the kernel counts that of a closed ring for a moment longer: a refusal for
   * want of memory is believed only when it has been repeated for some tens of milliseconds.
   *
   * @param options how
   * @return the ring, for the caller to close
   * @throws RingUnavailableException if there can be no such ring here; the message says why
   * @throws IOException if another I/O error occurs
   */
  public static Ring open(RingOptions options) throws IOException {
    return open(options, SystemKernel.get());
  }

  /** Opens a ring on a kernel of the caller's making. */
  static Ring open(RingOptions options, Kernel kernel) throws IOException {
    return open(configure(options), kernel, false);
  }

  /** Opens a ring that shares the kernel's polling thread of another. */
  static Ring open(RingOptions options, Kernel kernel, Ring other) throws IOException {
    return open(configure(options, other.engine), kernel, false);
  }

  /** Opens a ring of the shared group, which users cannot close. */
  static Ring openShared(RingOptions options, Kernel kernel) throws IOException {
    return open(configure(options), kernel, true);
  }

  private static Ring open(EngineConfig config, Kernel kernel, boolean isShared)
      throws IOException {
    if (!Engine.canCarry() && HINTED.compareAndSet(false, true)) {
      LOG.info(
          "Rings do not carry virtual threads in this process, so every operation is handed over to"
              + " a ring's thread. Start Java with --add-opens java.base/java.lang={} to spare"
              + " that.",
          Ring.class.getModule().isNamed() ? "io.ringspun" : "ALL-UNNAMED");
    }
    try {
      return new Ring(Engine.open(config, kernel), isShared);
    } catch (ErrnoException e) {
      throw Diagnosis.of(e).asException(e);
    }
  }

  static EngineConfig configure(RingOptions options) {
    return configure(options, null);
  }

  private static EngineConfig configure(RingOptions options, @Nullable Engine attachTo) {
    String name =
        options.threadName().isEmpty()
            ? "ringspun-" + OPENED.incrementAndGet()
            : options.threadName();
    return new EngineConfig(
        name,
        options.entries(),
        Math.max(options.completionEntries(), options.entries()),
        options.completionEntriesMax(),
        options.flagBits(),
        options.modeBits() | (attachTo != null ? Constants.IORING_SETUP_ATTACH_WQ : 0),
        Math.max(options.sqThreadCpu(), 0),
        options.sqThreadIdleMillis(),
        attachTo != null ? attachTo.descriptor() : 0,
        options.inFlightLimit(),
        options.registrations(),
        options.restriction(),
        options.registeredFiles(),
        options.inlineAttempts(),
        options.minimumWait(),
        new PublicFailures());
  }

  /** Makes the exceptions that the layers below cannot name. */
  private static final class PublicFailures implements EngineConfig.Failures {
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
   * @throws RingUnavailableException if there can be no ring here; the message says why
   * @throws IOException if the ring cannot be opened for another reason
   */
  public static Ring shared() throws IOException {
    return RingGroup.shared().rings().getFirst();
  }

  /**
   * Returns the ring that carries the calling thread. Its operations go to this ring, whatever ring
   * their descriptors were opened with. Does not block.
   *
   * @return nothing if the calling thread is no virtual thread that a ring carries
   */
  public static Optional<Ring> current() {
    Engine engine = Engine.carryingCurrentThread();
    return engine == null ? Optional.empty() : Optional.ofNullable((Ring) engine.owner());
  }

  /**
   * Finds out whether rings work here, by opening one and reading bytes through it. Blocks for some
   * milliseconds.
   *
   * @return what works, or why it does not and what to do
   */
  public static Availability availability() {
    return Prober.probe();
  }

  /**
   * Returns whether this ring carries the virtual threads that are started through it.
   *
   * @return false if {@code java.lang} is not open to this library
   */
  public boolean carriesVirtualThreads() {
    return Engine.canCarry();
  }

  /**
   * Starts a virtual thread that this ring carries, or one of the default scheduler where it cannot
   * carry any.
   *
   * @param task what the thread is to run
   * @return the thread, started
   * @throws IllegalStateException if the ring is closed
   */
  public Thread startVirtualThread(Runnable task) {
    requireOpen();
    Thread thread = threadFactory.newThread(task);
    thread.start();
    return thread;
  }

  /**
   * Returns a factory of virtual threads that this ring carries, or of the default scheduler where
   * it cannot carry any. Threads that are started after the ring was closed, and those that outlive
   * it, run on platform threads of a pool.
   *
   * @return a thread-safe factory
   */
  public ThreadFactory threadFactory() {
    return threadFactory;
  }

  /**
   * Returns an executor that starts a virtual thread of {@link #threadFactory} for each task.
   *
   * @return a new executor; its {@code close} waits for its tasks and leaves the ring open
   */
  public ExecutorService executor() {
    return Executors.newThreadPerTaskExecutor(threadFactory);
  }

  /**
   * Does nothing, by way of the kernel ({@code IORING_OP_NOP}, Linux 5.1): the price of a round
   * trip.
   *
   * @throws RingClosedException if the ring is closed, before or meanwhile
   * @throws RingFailedException if the ring has failed
   * @throws java.io.InterruptedIOException if the thread is interrupted
   * @throws IOException if another I/O error occurs
   */
  public void nop() throws IOException {
    Call call = engine.single();
    call.operation(0).nop();
    int result = engine.run(call);
    if (result < 0) {
      throw new OperationException("nop", -result);
    }
  }

  /**
   * Runs an operation that is described as the kernel takes it, and waits until it is over. A
   * virtual thread parks meanwhile, a platform thread waits. If an interrupt, a time limit or a
   * close cancels an operation that had already succeeded, its result is returned: descriptors in
   * it are the caller's.
   *
   * <p>A zero-copy send returns when the kernel has let go of its memory, with the result and the
   * flags of its first completion.
   *
   * @param operation what to do
   * @return what the kernel answered
   * @throws IllegalArgumentException if the operation would break the ring's rules, its memory is
   *     empty, on the heap, of a shared arena, confined to another thread, shorter than its length,
   *     or to be written though read-only, or a descriptor is registered with another ring
   * @throws IllegalStateException if a segment's arena is closed
   * @throws java.nio.channels.ClosedChannelException if a descriptor is closed already
   * @throws OperationException if the kernel refuses: with {@code EINVAL} if it has no such
   *     operation, and with {@code ETIME} if an {@code IORING_OP_TIMEOUT} ends, unless it has
   *     {@code IORING_TIMEOUT_ETIME_SUCCESS}
   * @throws OperationTimeoutException if the time limit ends it
   * @throws RingClosedException if the ring is closed, before or meanwhile
   * @throws RingFailedException if the ring has failed
   * @throws java.io.InterruptedIOException if the thread is interrupted
   * @throws java.nio.channels.AsynchronousCloseException if a descriptor is closed meanwhile
   * @throws IOException if another I/O error occurs
   */
  public RawResult run(RawOperation operation) throws IOException {
    return operation.run(engine);
  }

  /**
   * Runs a step by itself, and waits until it is over, as a {@link Chain} of that step alone does.
   *
   * @param step what to do
   * @return its outcome, which {@linkplain Outcome#succeeded() succeeded}
   * @throws IllegalArgumentException if the step works on something that is registered with another
   *     ring, or is one that runs {@linkplain Step#evenIfPreviousFailed even if the previous step
   *     failed}
   * @throws IllegalStateException if the arena of the step's segment is closed
   * @throws java.nio.channels.ClosedChannelException if a descriptor is closed already
   * @throws java.io.InterruptedIOException if the thread is interrupted, before or meanwhile
   * @throws OperationException if it would sync a file whose data was lost in an earlier sync
   * @throws TransactionException if the step failed, was cancelled, or fell short
   * @throws OperationTimeoutException if its time limit was why
   * @throws java.nio.channels.AsynchronousCloseException if the closing of a descriptor was why
   * @throws RingClosedException if the ring is closed, before or meanwhile
   * @throws RingFailedException if the ring has failed, or fails meanwhile
   * @throws IOException if another I/O error occurs
   */
  public Outcome run(Step step) throws IOException {
    return chain().add(step).run().get(0);
  }

  /**
   * Begins a chain: steps that run one after the other in one submission.
   *
   * @return an empty chain
   */
  public Chain chain() {
    return new Chain(engine);
  }

  /**
   * Begins a batch: steps that run in any order and are awaited together.
   *
   * @return an empty batch
   */
  public Batch batch() {
    return new Batch(engine);
  }

  /**
   * Takes a place in the ring's table for what a chain opens and goes on to use. Does not block.
   * There are 64, which are not among those that {@link RingOptions#withRegisteredFiles} asks for;
   * fewer where the limit of open files ({@code RLIMIT_NOFILE}) leaves no room for them. A
   * registered listener may take one, too.
   *
   * @return the place, empty, for the caller to close, before or after the ring
   * @throws IllegalArgumentException if the ring has no table
   * @throws RingClosedException if the ring is closed
   * @throws RingFailedException if the ring has failed
   * @throws java.io.InterruptedIOException if the thread is interrupted
   * @throws OperationException if all are taken, with {@code ENFILE}
   * @throws IOException if another I/O error occurs
   */
  public DescriptorSlot descriptorSlot() throws IOException {
    return DescriptorSlot.take(engine);
  }

  /**
   * Opens a pool of buffers that are registered with this ring ({@code IORING_REGISTER_BUFFERS2}
   * and {@code BUFFERS_UPDATE}, Linux 5.19), or not, where the kernel refuses. Blocks until the
   * kernel has pinned the memory, some milliseconds for every hundred megabytes, during which the
   * ring serves nobody. A ring has room for 64 registered pools.
   *
   * @param buffers how many
   * @param bufferBytes the size of each; they start at pages of their own
   * @return the pool, for the caller to close, before or after the ring
   * @throws IllegalArgumentException if either is not positive, or all would take more than 1 GiB
   * @throws OutOfMemoryError if there is not so much native memory
   * @throws RingClosedException if the ring is closed
   * @throws RingFailedException if the ring has failed
   * @throws java.io.InterruptedIOException if the thread is interrupted
   * @throws IOException if another I/O error occurs
   */
  public BufferPool bufferPool(int buffers, int bufferBytes) throws IOException {
    return BufferPool.open(List.of(engine), buffers, bufferBytes);
  }

  /**
   * Opens buffers that this ring's operations take when data arrives ({@code
   * IORING_REGISTER_PBUF_RING}, Linux 5.19). Blocks until the ring's thread has told the kernel.
   *
   * @param buffers how many, 32,768 at most
   * @param bufferBytes the size of each
   * @return the buffers, for the caller to close, before or after the ring
   * @throws IllegalArgumentException if either is not positive, there are too many, or all would
   *     take more than 1 GiB
   * @throws OutOfMemoryError if there is not so much native memory
   * @throws RingClosedException if the ring is closed
   * @throws RingFailedException if the ring has failed
   * @throws java.io.InterruptedIOException if the thread is interrupted
   * @throws OperationException if the kernel refuses
   * @throws IOException if another I/O error occurs
   */
  public BufferRing bufferRing(int buffers, int bufferBytes) throws IOException {
    return BufferRing.open(engine, buffers, bufferBytes, false);
  }

  /**
   * Opens such buffers that are filled piece by piece ({@code IOU_PBUF_RING_INC}, Linux 6.12): what
   * arrives goes behind what arrived before, even from another peer, until a buffer is full. So a
   * few large ones do for small messages and large ones alike. A buffer is given back when all
   * chunks in it are closed, so one that is kept keeps all of it. For byte streams; datagrams need
   * a buffer each.
   *
   * @param buffers how many, 32,768 at most
   * @param bufferBytes the size of each
   * @return the buffers, for the caller to close, before or after the ring
   * @throws OperationException if the kernel refuses, with {@code EINVAL} before Linux 6.12
   * @throws IOException as for {@link #bufferRing}, as are other exceptions
   */
  public BufferRing incrementalBufferRing(int buffers, int bufferBytes) throws IOException {
    return BufferRing.open(engine, buffers, bufferBytes, true);
  }

  /**
   * Ends all calls of this ring that work on a descriptor, which stays open: those in flight
   * ({@code IORING_OP_ASYNC_CANCEL}, Linux 5.5) and those that wait for room. They throw {@link
   * OperationCancelledException}; of a chain or a batch, the operations on the descriptor have
   * {@code ECANCELED} as their results, and what follows in a chain does too. To end the call of
   * one thread alone, interrupt it.
   *
   * <p>Blocks until these calls are over; that takes as long as the hardware needs for what it has
   * in hand, and an interrupt does not end the wait. Each call either completes or is cancelled.
   * Streams, pollers and tickers, for which the kernel has one operation at all times, are not
   * ended: close them. Calls that begin meanwhile are not touched, nor those on other rings.
   *
   * @param descriptor whatever calls may work on
   * @return how many operations were cancelled
   */
  public int cancel(Descriptor descriptor) {
    Handle handle = descriptor.handle();
    return engine.cancelWhere(operation -> operation.uses(handle));
  }

  /**
   * Ends all calls of this ring that do the same, such as to accept, likewise.
   *
   * @param opcode an {@code IORING_OP_} number
   * @return how many operations were cancelled
   */
  public int cancel(int opcode) {
    return engine.cancelWhere(operation -> operation.opcode() == opcode);
  }

  /**
   * Ends all calls of this ring likewise.
   *
   * @return how many operations were cancelled
   */
  public int cancelAll() {
    return engine.cancelWhere(_ -> true);
  }

  /**
   * Returns what this ring has done so far.
   *
   * @return a snapshot
   */
  public RingMetrics metrics() {
    Counters counters = engine.counters();
    return new RingMetrics(
        counters.submitted(),
        counters.completed(),
        counters.enters(),
        counters.wakeUps(),
        counters.inFlight(),
        counters.waiting(),
        counters.overflows(),
        counters.completionEntries(),
        counters.stale(),
        counters.inlineHits(),
        counters.inlineMisses(),
        counters.unregisteredBuffers());
  }

  /**
   * Returns whether the ring takes calls.
   *
   * @return false from the moment that closing began
   */
  public boolean isOpen() {
    return !engine.isClosed();
  }

  /**
   * Refuses new calls, cancels those that wait, and returns when the kernel has let go of all their
   * memory. New calls and cancelled ones end with {@link RingClosedException}; what a closed file,
   * socket or other object ends has a plain {@link java.nio.channels.AsynchronousCloseException}.
   * An operation that the hardware has in hand is waited for. Virtual threads that the ring carries
   * are not waited for: they go on, on other platform threads.
   *
   * <p>Closing again waits likewise. Closing a ring of the {@linkplain RingGroup#shared() shared
   * group} has no effect.
   */
  @Override
  public void close() {
    if (!isShared) {
      engine.close();
    }
  }

  /** Closes the ring, also if it is one of the shared group. */
  void closeAnyway() {
    engine.close();
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
