package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.ErrnoException;
import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.kernel.Opcode;
import io.ringspun.internal.kernel.SystemCall;
import io.ringspun.internal.memory.CarrierThread;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A ring as its callers see it: run a call and wait, cancel, close. Safe for use by multiple
 * concurrent threads.
 *
 * <p>A thread that the ring carries stands on the ring's own thread, so its calls go straight into
 * the submission queue. Any other thread puts its call into the inbox and wakes the ring if it
 * sleeps.
 */
public final class Engine
    implements RingThread.Owner, Call.Runner, KernelWait.Ring, SocketPoller.Ring {
  private static final long CANCEL_RETRY_NANOS = 1_000_000;
  private static final long RECHECK_NANOS = 100_000_000;
  private static final int BUSY_OPERATIONS = 4; // fewer are done sooner by the ring

  private final EngineConfig config;
  private final Failures failures;
  private final Kernel kernel;
  private volatile @Nullable Object owner; // set once, when the ring is open
  private final RingThread thread;
  private final InlineCalls inline;
  private final LongAdder unregisteredBuffers = new LongAdder();
  private final DescriptorCloser closer = new DescriptorCloser(this);
  private final Capabilities capabilities = new Capabilities(this);

  private final Set<Waiter> attending = ConcurrentHashMap.newKeySet(); // see attend
  private final Set<KernelWait> kernelWaits = ConcurrentHashMap.newKeySet(); // of open handles
  private volatile @Nullable SocketPoller poller; // made under the monitor when needed

  private Engine(EngineConfig config, Failures failures, Kernel kernel, RingThread thread) {
    this.config = config;
    this.failures = failures;
    this.kernel = kernel;
    this.thread = thread;
    inline = new InlineCalls(kernel, thread);
  }

  /**
   * Creates a ring and starts its thread.
   *
   * @param failures makes the exceptions that callers see
   * @throws ErrnoException if the kernel refuses to make the ring
   */
  public static Engine open(EngineConfig config, Failures failures, Kernel kernel)
      throws ErrnoException {
    return open(config, failures, kernel, null);
  }

  /**
   * Creates a ring of a group and starts its thread.
   *
   * @param scheduler of the group, or null for a ring without one
   */
  public static Engine open(
      EngineConfig config, Failures failures, Kernel kernel, @Nullable Scheduler scheduler)
      throws ErrnoException {
    RingThread thread = RingThread.create(config, kernel, scheduler);
    Engine engine = new Engine(config, failures, kernel, thread);
    thread.start(engine);
    if (scheduler != null) {
      scheduler.add(thread);
    }
    LiveRings.add(engine);
    try {
      Watchdog.watch();
    } catch (Throwable e) { // no memory, or no more threads
      engine.close();
      throw e;
    }
    return engine;
  }

  /** Returns the ring that carries the calling thread, or null. */
  public static @Nullable Engine carryingCurrentThread() {
    return CarrierThread.current() instanceof RingThread ring ? (Engine) ring.owner() : null;
  }

  /** Returns whether the calling thread belongs to rings: one carries it, or a spare carrier. */
  public static boolean isCurrentThreadOfRings() {
    return carryingCurrentThread() != null || SpareCarriers.carryCurrentThread();
  }

  /**
   * Returns the ring for an operation that any ring may do: this one, or another of its group while
   * a carried thread holds this one.
   */
  Engine unheld() {
    return (Engine) thread.substitute().owner();
  }

  /**
   * Returns the ring for what the calling thread asks of this one and other rings can do, too: the
   * one that carries the thread, if it belongs to the same group, or to the companions.
   */
  public Engine near() {
    Engine carrier = carryingCurrentThread();
    return carrier != null && thread.isRelatedTo(carrier.thread) && isUsable() && carrier.isUsable()
        ? carrier
        : this;
  }

  /** Has rings carry threads for this one, which has no group. */
  public void setCompanions(Scheduler rings) {
    thread.setCompanions(rings);
  }

  /** Sets the public ring of this engine. */
  public void setOwner(Object ring) {
    owner = ring;
  }

  /** Returns the public ring of which this is the engine, or null if it has none. */
  public @Nullable Object owner() {
    return owner;
  }

  /** Returns whether virtual threads can be carried by rings in this process. */
  public static boolean canCarry() {
    return CarrierAccess.available();
  }

  /** Returns why no ring can carry virtual threads in this process, or null if rings can. */
  public static @Nullable String carryingObstacle() {
    return CarrierAccess.obstacle();
  }

  /**
   * Returns what schedules virtual threads on the rings of this ring's group, or on this ring if it
   * has none, as the type that the JDK has for it; null if rings cannot carry threads.
   */
  public @Nullable Object scheduler() {
    return CarrierAccess.scheduler(thread.scheduler());
  }

  /**
   * Returns the scheduler for a thread that the calling virtual thread creates, or null if the JDK
   * chooses the right one: it lets threads inherit it, or no ring carries the caller.
   */
  public static @Nullable Object schedulerToPassOn() {
    if (CarrierAccess.isInherited()) {
      return null;
    }
    Engine carrier = carryingCurrentThread();
    return carrier == null ? null : carrier.scheduler();
  }

  /** Returns how this ring was set up. */
  @Override
  public EngineConfig config() {
    return config;
  }

  /** Returns what makes the exceptions that callers see. */
  Failures failures() {
    return failures;
  }

  /** Returns a builder of virtual threads that this ring carries, where the JDK allows. */
  public Thread.Builder.OfVirtual threadBuilder() {
    return CarrierAccess.builder(thread.carried());
  }

  /** Returns the thread-safe part that does without the ring. */
  @Override
  public InlineCalls inline() {
    return inline;
  }

  /** Returns what closes descriptors and empties slots. */
  public DescriptorCloser closer() {
    return closer;
  }

  /** Returns what the kernel of the ring can do. */
  public Capabilities capabilities() {
    return capabilities;
  }

  /** Returns plain system calls about sockets, for the calling thread to close. */
  public SocketCalls socketCalls() {
    return new SocketCalls(kernel);
  }

  /**
   * Returns the ring's table of registered files.
   *
   * @throws IllegalArgumentException if there is none
   */
  public FileTable files() {
    if (config.registeredFiles() == 0) {
      throw new IllegalArgumentException(
          "registered files, sockets and slots need a ring opened with"
              + " RingOptions.withRegisteredFiles,"
              + " which %s was not".formatted(this));
    }
    return thread.files();
  }

  /** Returns the longest chain that can be submitted at once. */
  public int longestChain() {
    return thread.longestChain();
  }

  /**
   * Returns the blank operation of a new call, for the caller to describe, encode and {@linkplain
   * Operation#run() run}:
   *
   * <pre>
   * int n = engine.single().on(handle).lending(memory).within(nanos)
   *     .run((operation, fd) -&gt; operation.read(fd, memory.address(), length, position));
   * </pre>
   *
   * <p>A thread that the ring carries gets one that was used before, so that nothing is allocated.
   */
  @Override
  public Operation single() {
    Call spare = carriesCaller() ? thread.carried().takeSpare() : null;
    Call call = spare != null ? spare : Call.single(this);
    return call.operations[0];
  }

  /**
   * Runs a call of {@link #single} and waits until it has ended, interrupted or not.
   *
   * @return the result, or a negated errno
   * @throws InterruptedIOException if the thread is interrupted before, or during an operation that
   *     had not succeeded
   * @throws ClosedChannelException if the descriptor is closed already
   * @throws AsynchronousCloseException if the descriptor is closed meanwhile
   * @throws IOException if the ring is closed or has failed, or the call's time is up
   */
  @Override
  public int run(Call call) throws IOException {
    runAll(call);
    int result = result(call, 0);
    // The result of a late cancel is still to be checked, and must not apply to a later use of the
    // call.
    if (carriesCaller() && !call.cancelAsked && call.cancelled == Call.Cancelled.NOT) {
      thread.carried().putSpare(call);
    }
    return result;
  }

  /**
   * Returns the result of one operation of a call that has ended.
   *
   * @return the result, or a negated errno
   * @throws InterruptedIOException if an interrupt cancelled it
   * @throws AsynchronousCloseException if the closing of the descriptor did
   * @throws IOException if {@link #cancelWhere} did, the ring is closed or has failed, or the
   *     call's time is up
   */
  public int result(Call call, int index) throws IOException {
    Operation operation = call.operations[index];
    if (operation.wasCancelled()) {
      throw cancelled(call, operation);
    }
    if (operation.result == -Errno.EACCES) {
      requireAllowed(operation.opcode());
    }
    if (operation.result == -Errno.EOPNOTSUPP && thread.pollsDevices()) {
      throw failures.refused(
          Opcode.describe(operation.opcode()),
          Errno.EOPNOTSUPP,
          "%s polls devices, and this one, its driver or its file system cannot be polled"
              .formatted(this));
    }
    return operation.result;
  }

  /**
   * Returns whether the ring's restriction is the reason why the kernel refused an operation with
   * EACCES.
   *
   * @throws IOException if so
   */
  private void requireAllowed(int opcode) throws IOException {
    EngineConfig.Restriction restriction = config.restriction();
    if (restriction != null && !restriction.operations().get(opcode)) {
      throw failures.refused(
          Opcode.describe(opcode),
          Errno.EACCES,
          "%s is restricted to %s".formatted(this, restriction.name()));
    }
  }

  private IOException cancelled(Call call, Operation operation) {
    IOException closing = closing(call, operation);
    if (closing != null) {
      return closing;
    }
    return switch (call.cancelled) {
      case INTERRUPTED -> new InterruptedIOException("interrupted; the operation was cancelled");
      case TIMED_OUT -> failures.timedOut(config.name(), call.timeoutNanos);
      case REQUESTED -> failures.cancelled(config.name());
      case DISARMED -> new AsynchronousCloseException();
      case RING_FAILED -> failures.failed(config.name(), thread.failure());
      case NOT, RING_CLOSED ->
          call.shape == Call.Shape.RACE // no other cause was recorded, so it was requested
              ? failures.cancelled(config.name())
              : new IOException("the kernel cancelled the operation");
    };
  }

  /**
   * Returns the exception for a caller one of whose operations was cancelled because the ring, or
   * something that the operation uses, was closed.
   *
   * @return null if that is not the reason
   */
  public @Nullable IOException closing(Call call, int index) {
    Operation operation = call.operations[index];
    return operation.wasCancelled() ? closing(call, operation) : null;
  }

  private @Nullable IOException closing(Call call, Operation operation) {
    return switch (call.cancelled) {
      case RING_CLOSED -> failures.closed(config.name());
      case NOT -> call.isClosed(operation) ? new AsynchronousCloseException() : null;
      default -> null;
    };
  }

  /**
   * Runs a call of any shape and waits until all of it is over. Each operation has its result;
   * cancelled ones have {@code -ECANCELED}.
   *
   * <p>An error of the calling thread, such as that its stack is full, is thrown once the kernel
   * has released the lent memory.
   *
   * @throws ClosedChannelException if a descriptor is closed already
   * @throws InterruptedIOException if the thread is interrupted before; nothing was submitted
   * @throws IOException if the ring is closed or has failed
   */
  public void runAll(Call call) throws IOException {
    Thread me = Thread.currentThread();
    CountedDescriptor handle = call.operations[0].handle;
    requireOpen(call);
    IOException refusal = refusal(handle, me);
    if (refusal != null) {
      throw refusal;
    }
    requirePollable(call);
    call.waiter = me;
    deliver(call, call.timeoutNanos, !takesInterruptsAsJdk(handle) || me.isVirtual());
    if (call.cancelled == Call.Cancelled.RING_FAILED && call.size() > 1) {
      throw failures.failed(config.name(), thread.failure());
    }
  }

  /**
   * Refuses a call on something that is closed already. What is closed from here on ends it.
   *
   * @throws ClosedChannelException if so
   */
  private static void requireOpen(Call call) throws ClosedChannelException {
    for (Operation operation : call.operations) {
      if (operation.comesTooLate()) {
        throw new ClosedChannelException();
      }
    }
  }

  /**
   * Refuses what a ring that polls devices does not take.
   *
   * @throws IllegalStateException if an operation is anything else than a direct transfer
   */
  private void requirePollable(Call call) {
    if (!thread.pollsDevices()) {
      return;
    }
    for (Operation operation : call.operations) {
      Operation refused = operation.isPollable() ? operation.limit : operation;
      if (refused != null) {
        throw new IllegalStateException(
            "%s polls devices, and does nothing but read and write files opened with DIRECT: no %s"
                .formatted(this, "IORING_OP_" + Opcode.of(refused.opcode())));
      }
    }
  }

  /**
   * Posts an item to the ring's thread. If this throws, {@link Inbound#given} tells whether it was
   * posted.
   */
  void give(Inbound item) {
    give(item, carriesCaller());
  }

  private void give(Inbound item, boolean carried) {
    if (carried) {
      thread.post(item);
    } else {
      thread.handOver(item);
    }
  }

  /**
   * Begins a call without waiting for its end. If this throws, {@link Inbound#given} tells whether
   * it began.
   *
   * @throws InterruptedIOException if the thread is interrupted; nothing was submitted
   * @throws IOException if the ring is closed or has failed
   */
  void start(Call call) throws IOException {
    IOException refusal = refusal(Thread.currentThread());
    if (refusal != null) {
      throw refusal;
    }
    requirePollable(call);
    give(call);
  }

  /** Cancels a call without waiting for the cancellation. */
  @Override
  public void cancel(Call call) {
    cancel(call, Call.Cancelled.DISARMED);
  }

  /**
   * Checks that a call can begin.
   *
   * @throws InterruptedIOException if the calling thread is interrupted
   * @throws IOException if the ring is closed or has failed
   */
  public void requireUsable() throws IOException {
    IOException refusal = refusal(Thread.currentThread());
    if (refusal != null) {
      throw refusal;
    }
  }

  /**
   * Checks that a call on a handle can run on this ring.
   *
   * @throws InterruptedIOException if the calling thread is interrupted, and the handle heeds that
   * @throws IOException if the ring is closed or has failed
   */
  @Override
  public void requireUsable(CountedDescriptor handle) throws IOException {
    IOException refusal = refusal(handle, Thread.currentThread());
    if (refusal != null) {
      throw refusal;
    }
  }

  /**
   * Has a thread be woken when the ring is closed or fails, though no operation of the ring is what
   * it waits for. It must look whether the ring is usable after this.
   */
  void attend(Waiter waiter) {
    attending.add(waiter);
  }

  /** Ends what {@link #attend} began. */
  void ignore(Waiter waiter) {
    attending.remove(waiter);
  }

  /** Wakes those who attend; the ring is not usable any more. */
  @Override
  public void wakeAttending() {
    attending.forEach(Waiter::wake);
    kernelWaits.forEach(KernelWait::expel);
    SocketPoller made = poller;
    if (made != null) {
      made.end();
    }
  }

  @Override
  public void handedOverToHeld() {
    Watchdog.hurry();
  }

  /** Has threads that wait in the kernel be expelled when the ring is closed or fails. */
  void addKernelWait(KernelWait wait) {
    kernelWaits.add(wait);
  }

  /** Ends what {@link #addKernelWait} began. */
  void removeKernelWait(KernelWait wait) {
    kernelWaits.remove(wait);
  }

  /**
   * Returns where virtual threads that no ring carries may wait for their sockets.
   *
   * @return null if they must wait through the ring: it has so little to do that this is quicker,
   *     it is not usable any more, or not everything is allowed on it
   */
  @Nullable SocketPoller socketPoller() {
    SocketPoller made = poller;
    boolean isBusy = thread.inFlight() >= BUSY_OPERATIONS || (made != null && made.isActive());
    if (!isBusy || !config.inlineAttempts() || config.restriction() != null) {
      return null;
    }
    return made != null ? made : makeSocketPoller();
  }

  private synchronized @Nullable SocketPoller makeSocketPoller() {
    SocketPoller made = poller;
    if (made == null && isUsable()) { // or nobody would close it
      made = SocketPoller.open(this);
      poller = made;
    }
    return made;
  }

  /** Ends what a socket that is closed already has with the poller. */
  void forgetPolled(PolledSocket socket) {
    SocketPoller made = poller;
    if (made != null) {
      made.remove(socket);
    }
  }

  /** Does {@link #forgetPolled(PolledSocket)} for a number that is about to be closed. */
  void forgetPolled(int fd) {
    SocketPoller made = poller;
    if (made != null) {
      made.remove(fd);
    }
  }

  private void closePoller() {
    SocketPoller made;
    synchronized (this) { // after the stop was requested, so that none is made any more
      made = poller;
    }
    if (made != null) {
      made.close();
    }
  }

  /** Returns whether calls can begin on one of some rings. */
  static boolean isAnyUsable(List<Engine> rings) {
    return rings.stream().anyMatch(Engine::isUsable);
  }

  /**
   * Checks that a call can begin on one of some rings.
   *
   * @throws InterruptedIOException if the calling thread is interrupted
   * @throws IOException if all are closed or have failed
   */
  public static void requireUsable(List<Engine> rings) throws IOException {
    Engine best = rings.getFirst();
    for (Engine ring : rings) {
      if (ring.isUsable()) {
        best = ring;
        break;
      }
    }
    best.requireUsable();
  }

  /** Returns whether calls can begin: the ring is neither closed nor has it failed. */
  @Override
  public boolean isUsable() {
    return thread.isUsable();
  }

  private @Nullable IOException refusal(@Nullable CountedDescriptor handle, Thread me) {
    return takesInterruptsAsJdk(handle) ? refusal() : refusal(me);
  }

  private static boolean takesInterruptsAsJdk(@Nullable CountedDescriptor handle) {
    return handle != null && handle.takesInterruptsAsJdk();
  }

  private @Nullable IOException refusal(Thread me) {
    if (me.isInterrupted()) {
      return new InterruptedIOException("interrupted before the operation; nothing was submitted");
    }
    return refusal();
  }

  private @Nullable IOException refusal() {
    if (thread.hasFailed()) {
      return failures.failed(config.name(), thread.failure());
    }
    return thread.isStopping() ? failures.closed(config.name()) : null;
  }

  /**
   * Posts an item to the ring's thread and waits until it is done in any case, because the caller's
   * memory may be lent to the kernel. What goes wrong meanwhile on the calling thread, such as that
   * its stack is full, is thrown afterwards, and at once if the ring's thread has not looked at it.
   *
   * @param timeoutNanos after which a call is cancelled, or 0 for never
   * @param heedsInterrupt whether an interrupt cancels the call
   */
  private void deliver(Inbound item, long timeoutNanos, boolean heedsInterrupt) {
    Throwable failure = null;
    boolean carried = carriesCaller();
    try {
      give(item, carried);
    } catch (Throwable e) {
      if (!item.given) {
        throw e;
      }
      failure = e;
    }
    boolean hurries = failure != null; // to wake the ring's thread is what may have failed
    boolean interrupted = false;
    boolean cancelRequested = false;
    long deadline = 0;
    while (!item.done) { // a field, since even a method's frame may be too much
      try {
        if (hurries) {
          thread.hurry();
          hurries = false;
        }
        long left = 0;
        if (timeoutNanos != 0 && !cancelRequested) {
          if (deadline == 0) {
            deadline = System.nanoTime() + timeoutNanos;
          }
          left = deadline - System.nanoTime();
          if (left <= 0) {
            cancel((Call) item, Call.Cancelled.TIMED_OUT);
            cancelRequested = true;
            continue;
          }
        }
        boolean cancelFailed = interrupted && heedsInterrupt && !cancelRequested;
        park(cancelFailed ? CANCEL_RETRY_NANOS : left);
        carried =
            carried && carriesCaller(); // another ring of the group may have taken this thread
        interrupted |= Thread.interrupted();
        if (interrupted && heedsInterrupt && !cancelRequested) {
          cancel((Call) item, Call.Cancelled.INTERRUPTED);
          cancelRequested = true;
        }
      } catch (Throwable e) {
        failure = failure != null ? failure : e;
        if (carried && item.posted) {
          item.withdrawn = true; // the ring's thread, which we stand on, has not looked at it
          break;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (failure == null) {
      failure = item.failure;
    }
    if (failure != null) {
      if (item.done && item instanceof Call call) {
        closer.closeOpened(call);
      }
      throw asUnchecked(failure);
    }
  }

  private static Error asUnchecked(Throwable failure) {
    if (failure instanceof RuntimeException exception) {
      throw exception;
    }
    return failure instanceof Error error ? error : new AssertionError(failure);
  }

  private void cancel(Call call, Call.Cancelled reason) {
    call.cancelAsked = true;
    give(new RingThread.CancelRequest(call, reason));
  }

  /**
   * Cancels all operations of a kind that this ring has, in flight or waiting for room, but for
   * those that complete many times or must be done, and waits until they are over. An interrupt
   * does not end the wait.
   *
   * @return how many ended by that
   */
  public int cancelWhere(Predicate<Operation> wanted) {
    Cancellation cancellation = new Cancellation(wanted);
    deliver(cancellation, 0, false);
    SocketPoller made = poller;
    return cancellation.cancelled() + (made != null ? made.cancel(wanted) : 0);
  }

  /**
   * Waits until a condition holds. The thread that makes it true unparks the caller, but may fail
   * to do so when its stack is full, so this method also checks periodically. An interrupt does not
   * end the wait; the interrupt status is set again afterwards.
   */
  static void awaitUninterruptibly(BooleanSupplier condition) {
    boolean interrupted = false;
    while (!condition.getAsBoolean()) {
      park(RECHECK_NANOS);
      interrupted |= Thread.interrupted();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Runs a call of {@link #single} that waits for no peer. An interrupt neither prevents nor ends
   * it.
   *
   * @return the result, or a negated errno; {@code -ECANCELED} if the ring was closed before, and 0
   *     if it failed meanwhile: then the operation may have been done, and must not be repeated
   */
  @Override
  public int runUncancellable(Call call) {
    boolean interrupted = Thread.interrupted(); // or it would be refused
    try {
      if (refusal(Thread.currentThread()) != null) {
        return -Errno.ECANCELED;
      }
      call.uncancellable = true;
      call.operations[0].exempt = true; // it may be the close that others wait for
      call.waiter = Thread.currentThread();
      deliver(call, 0, false);
      return call.cancelled == Call.Cancelled.RING_FAILED ? 0 : call.operations[0].result;
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /**
   * Creates a descriptor for the content of a slot that is no longer in use. An interrupt does not
   * end the wait.
   *
   * @return the descriptor, or a negated errno
   */
  public int installDescriptor(int slot) {
    Operation operation = single();
    operation.fixedFdInstall(slot);
    int fd = operation.runUncancellable();
    return operation.call.cancelled == Call.Cancelled.RING_FAILED ? -Errno.ECANCELED : fd;
  }

  /** Returns whether the ring takes only what it can poll a device for. */
  boolean pollsDevices() {
    return thread.pollsDevices();
  }

  /** Returns the ring's descriptor, good for as long as the ring is open. */
  public int descriptor() {
    return thread.memory().fd();
  }

  /** Returns what says that a call, or several that make up one, took too long. */
  @Override
  public IOException timedOut(long nanos) {
    return failures.timedOut(config.name(), nanos);
  }

  @Override
  public IOException cancelled() {
    return failures.cancelled(config.name());
  }

  /**
   * Has the kernel pin native memory for the operations of this ring that name it, and waits until
   * it has. An interrupt does not end the wait.
   *
   * @return the memory's slot, or a negated errno: {@code -ECANCELED} if the ring is closed or has
   *     failed
   */
  int registerBuffer(MemorySegment memory) {
    int result = LockedMemory.ask(() -> ask(new RingTask(ring -> ring.buffers().add(memory))));
    if (result < 0 && result != -Errno.ECANCELED) {
      unregisteredBuffers.increment();
    }
    return result;
  }

  /**
   * Runs another register operation on the ring's thread, and waits for it.
   *
   * @return the kernel's answer: {@code -ECANCELED} if the ring is closed or has failed
   */
  public int register(int opcode, MemorySegment argument, int count) {
    return ask(
        new RingTask(ring -> ring.kernel().register(ring.memory(), opcode, argument, count)));
  }

  /**
   * Duplicates the ring's descriptor, close-on-exec, for use by other rings: the number refers to
   * this ring until the caller closes it. Waits for the ring's thread.
   *
   * @return the number, or a negated errno: {@code -ECANCELED} if the ring is closed or has failed
   */
  public int duplicate() {
    return ask(
        new RingTask(
            ring ->
                (int)
                    ring.kernel()
                        .call(SystemCall.FCNTL, ring.memory().fd(), Constants.F_DUPFD_CLOEXEC, 0)));
  }

  /** Registers the buffer that a source has pinned, and waits for the ring's thread. */
  int shareBuffer(BufferSource source) {
    return LockedMemory.ask(() -> ask(new RingTask(ring -> ring.buffers().share(source))));
  }

  /** Unregisters memory, which no operation in flight may use. */
  void unregisterBuffer(int slot) {
    ask(new RingTask(ring -> ring.buffers().remove(slot)));
  }

  /**
   * Runs a task that occupies a bounded worker of this ring, perhaps indefinitely. The limit on
   * workers is raised by one meanwhile, so that other operations do not lack one. If the kernel
   * refuses once, this is not tried again.
   */
  public <T> T withOneMoreWorker(Uninterrupted.Action<T> waiting) throws IOException {
    boolean added = ask(RingTask.ofOwnThread(ring -> ring.changeWorkers(1))) >= 0;
    try {
      return waiting.run();
    } finally {
      if (added) {
        ask(RingTask.ofOwnThread(ring -> ring.changeWorkers(-1)));
      }
    }
  }

  /** Returns the kernel that the ring is of. */
  @Override
  public Kernel kernel() {
    return kernel;
  }

  /** Parks the calling thread; {@code nanos} is 0 for no limit. May return early. */
  private static void park(long nanos) {
    if (CarrierThread.current() instanceof RingThread carrier) {
      carrier.carried().park(nanos);
    } else if (nanos > 0) {
      LockSupport.parkNanos(nanos);
    } else {
      LockSupport.park();
    }
  }

  /** Has the ring's thread do a task, waits for that, and returns the answer. */
  int ask(RingTask task) {
    if (Thread.currentThread() == thread) {
      thread.serve(task);
      return task.result();
    }
    deliver(task, 0, false);
    return task.result();
  }

  /** Counts one attempt to do without the ring. */
  public void countInline(boolean hit) {
    if (CarrierThread.current() instanceof RingThread carrier) {
      carrier.carried().countInline(hit);
    } else {
      inline.count(hit);
    }
  }

  /** Returns whether the calling thread stands on this ring's thread. */
  public boolean carriesCaller() {
    return CarrierThread.current() == thread;
  }

  /** Returns the thread that drives the ring. */
  RingThread thread() {
    return thread;
  }

  /** Returns whether {@link #close} was called. */
  public boolean isClosed() {
    return thread.isStopping();
  }

  /** Returns a picture of the operations in flight, which goes on meanwhile. Never waits. */
  public <T> List<T> inFlight(OperationReader<T> reader) {
    return thread.picture(
        operation -> {
          CountedDescriptor handle = operation.handle;
          Tick tick = operation.tick;
          Call call = operation.call;
          return reader.read(
              Opcode.describe(operation.opcode()),
              handle == null ? -1 : handle.fd(),
              handle != null && handle.entryFlags() != 0,
              tick == null ? 0 : tick.ageNanos(),
              call.waiter,
              call.cancelAsked || call.cancelled != Call.Cancelled.NOT || operation.isClosed());
        });
  }

  /** Reads the counters; each value is exact, but their moments may differ slightly. */
  public <T> T readCounters(CounterReader<T> reader) {
    return thread.readCounters(
        reader, inline.hits(), inline.misses(), inline.slow(), unregisteredBuffers.sum());
  }

  /**
   * Closes the ring: refuses new calls, cancels those in flight, waits until the kernel has
   * released every buffer, and frees the ring. Threads that the ring carries continue on other
   * platform threads. A second call waits for the first to finish.
   */
  public void close() {
    thread.requestStop();
    if (carriesCaller()) {
      thread.awaitQuiet(); // the thread that would free the ring is the one we stand on
    }
    if (!carriesCaller()) { // nor did another ring of the group take this thread meanwhile
      thread.awaitTermination();
    }
    closePoller();
    LiveRings.remove(this);
  }

  @Override
  public String toString() {
    return config.name();
  }
}
