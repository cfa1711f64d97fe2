package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.ErrnoException;
import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.kernel.KernelFeatures;
import io.ringspun.internal.kernel.Opcode;
import io.ringspun.internal.kernel.SystemCall;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.LongAdder;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * A ring as its callers see it: run a call and wait, cancel, close. Safe for use by many threads.
 *
 * <p>A thread that the ring carries stands on the ring's own thread, so its calls go straight into
 * the submission queue. Any other thread puts its call into the inbox and wakes the ring if it
 * sleeps.
 */
public final class Engine {
  private static final long CANCEL_RETRY_NANOS = 1_000_000;
  private static final long RECHECK_NANOS = 100_000_000;

  private static final List<Engine> LIVE = new CopyOnWriteArrayList<>();

  private final EngineConfig config;
  private final Kernel kernel;
  private final RingThread thread;
  private final InlineCalls inline;
  private final LongAdder unregisteredBuffers = new LongAdder();
  private volatile @Nullable Set<Opcode> opcodes; // found out by whoever asks first

  private final Set<Waiter> attending = ConcurrentHashMap.newKeySet(); // see attend

  private volatile boolean lacksSocketCommands; // set by any thread that finds out

  private Engine(EngineConfig config, Kernel kernel, RingThread thread) {
    this.config = config;
    this.kernel = kernel;
    this.thread = thread;
    inline = new InlineCalls(kernel, thread);
  }

  /**
   * Creates a ring and starts its thread.
   *
   * @throws ErrnoException if the kernel refuses to make the ring
   */
  public static Engine open(EngineConfig config, Kernel kernel) throws ErrnoException {
    RingThread thread = RingThread.create(config, kernel);
    Engine engine = new Engine(config, kernel, thread);
    thread.start(engine);
    LIVE.add(engine);
    Watchdog.watch();
    return engine;
  }

  /** Returns the rings that are open now. */
  static List<Engine> live() {
    return LIVE;
  }

  /** Returns the ring that carries the calling thread, or null. */
  public static @Nullable Engine carryingCurrentThread() {
    return CarrierAccess.current() instanceof RingThread ringThread ? ringThread.engine() : null;
  }

  /** Returns whether virtual threads can be carried by rings in this process. */
  public static boolean canCarry() {
    return CarrierAccess.available();
  }

  /** Returns how this ring was set up. */
  public EngineConfig config() {
    return config;
  }

  /** Returns a builder of virtual threads that this ring carries, where the JDK allows. */
  public Thread.Builder.OfVirtual threadBuilder() {
    return CarrierAccess.builder(thread.carried());
  }

  /** Returns the thread-safe part that does without the ring. */
  public InlineCalls inline() {
    return inline;
  }

  /** Returns plain system calls about sockets, for the calling thread to close. */
  public SocketCalls socketCalls() {
    return new SocketCalls(kernel);
  }

  /** Returns whether sockets may take commands by the ring: until it is known that not. */
  boolean takesSocketCommands() {
    return !lacksSocketCommands;
  }

  /** Notes that the kernel has no such commands. */
  void noteNoSocketCommands() {
    lacksSocketCommands = true;
  }

  /**
   * Returns the ring's table of registered files.
   *
   * @throws IllegalArgumentException if there is none
   */
  public FileTable files() {
    if (config.registeredFiles() == 0) {
      throw new IllegalArgumentException(
          "REGISTERED needs a ring opened with RingOptions.withRegisteredFiles, which %s is not"
              .formatted(this));
    }
    return thread.files();
  }

  /** Returns the longest chain that can be submitted at once. */
  public int longestChain() {
    return thread.longestChain();
  }

  /** Returns a blank call of one operation, used once and given back by {@link #run}. */
  public Call single() {
    return carriesCaller() ? thread.carried().takeSpare() : Call.single();
  }

  /**
   * Runs a call of one operation and waits until it is over, interrupted or not.
   *
   * @return the result, or a negated errno
   * @throws InterruptedIOException if the thread is interrupted before, or during an operation that
   *     had not succeeded
   * @throws ClosedChannelException if the descriptor is closed already
   * @throws AsynchronousCloseException if the descriptor is closed meanwhile
   * @throws IOException if the ring is closed or has failed, or the call's time is up
   */
  public int run(Call call) throws IOException {
    runAll(call);
    int result = result(call, 0);
    // A cancel that came too late has yet to be looked at, and must not find another use of the
    // call.
    if (carriesCaller() && !call.cancelAsked && call.cancelled == Call.Cancelled.NOT) {
      thread.carried().putSpare(call);
    }
    return result;
  }

  /**
   * Returns the result of one operation of a call that is over.
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
      throw config
          .failures()
          .refused(
              Opcode.describe(operation.opcode()),
              Errno.EOPNOTSUPP,
              "%s polls devices, and this one, its driver or its file system cannot be polled"
                  .formatted(this));
    }
    return operation.result;
  }

  /**
   * Says of an operation that the kernel refused with EACCES whether the ring's restriction is why.
   *
   * @throws IOException if so
   */
  private void requireAllowed(int opcode) throws IOException {
    EngineConfig.Restriction restriction = config.restriction();
    if (restriction != null && !restriction.operations().get(opcode)) {
      throw config
          .failures()
          .refused(
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
      case TIMED_OUT -> config.failures().timedOut(config.name(), call.timeoutNanos);
      case REQUESTED -> config.failures().cancelled(config.name());
      case DISARMED -> new AsynchronousCloseException();
      case RING_FAILED -> config.failures().failed(config.name(), thread.failure());
      case NOT, RING_CLOSED ->
          call.shape == Call.Shape.RACE // nobody has won, so it was asked for
              ? config.failures().cancelled(config.name())
              : new IOException("the kernel cancelled the operation");
    };
  }

  /**
   * Returns what tells the caller that one operation of a call that is over was cancelled because
   * the ring, or something that the operation uses, was closed.
   *
   * @return null if that is not the reason
   */
  public @Nullable IOException closing(Call call, int index) {
    Operation operation = call.operations[index];
    return operation.wasCancelled() ? closing(call, operation) : null;
  }

  private @Nullable IOException closing(Call call, Operation operation) {
    return switch (call.cancelled) {
      case RING_CLOSED -> config.failures().closed(config.name());
      case NOT -> call.isClosed(operation) ? new AsynchronousCloseException() : null;
      default -> null;
    };
  }

  /**
   * Runs a call of any shape and waits until all of it is over. What became of each operation is in
   * its result; cancelled ones have {@code -ECANCELED}.
   *
   * <p>An error of the calling thread, such as that its stack is full, is thrown once the kernel
   * has let go of what it was lent.
   *
   * @throws ClosedChannelException if a descriptor is closed already
   * @throws InterruptedIOException if the thread is interrupted before; nothing was submitted
   * @throws IOException if the ring is closed or has failed
   */
  public void runAll(Call call) throws IOException {
    Thread me = Thread.currentThread();
    Handle handle = call.operations[0].handle;
    Throwable failure = null;
    boolean carried = false;
    try {
      requireOpen(call);
      IOException refusal = refusal(handle, me);
      if (refusal != null) {
        throw refusal;
      }
      requirePollable(call);
      call.waiter = me;
      carried = carriesCaller();
      give(call, carried);
    } catch (Throwable e) {
      if (!call.given) {
        throw e;
      }
      failure = e;
    }
    await(call, carried, failure, !takesInterruptsAsJdk(handle) || me.isVirtual());
    if (call.cancelled == Call.Cancelled.RING_FAILED && call.size() > 1) {
      throw config.failures().failed(config.name(), thread.failure());
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
   * Gives something to the ring's thread. If this throws, {@link Inbound#given} says whether that
   * has it.
   */
  private void give(Inbound item) {
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
   * Begins a call for whose end nobody waits here. If this throws, {@link Inbound#given} says
   * whether it began.
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

  /** Cancels a call on behalf of somebody who does not wait for it. */
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
   * Checks likewise, for a call on a handle.
   *
   * @throws InterruptedIOException if the calling thread is interrupted, and the handle heeds that
   * @throws IOException if the ring is closed or has failed
   */
  public void requireUsable(Handle handle) throws IOException {
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
  void wakeAttending() {
    attending.forEach(Waiter::wake);
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
  boolean isUsable() {
    return !thread.isStopping() && !thread.hasFailed();
  }

  /**
   * Makes a descriptor of what is in a slot that nobody uses any more. An interrupt does not end
   * the wait.
   *
   * @return the descriptor, or a negated errno
   */
  public int installDescriptor(int slot) {
    Call call = single();
    call.operation(0).fixedFdInstall(slot);
    int fd = runBriefly(call);
    return call.cancelled == Call.Cancelled.RING_FAILED ? -Errno.ECANCELED : fd;
  }

  private @Nullable IOException refusal(@Nullable Handle handle, Thread me) {
    return takesInterruptsAsJdk(handle) ? refusal() : refusal(me);
  }

  private static boolean takesInterruptsAsJdk(@Nullable Handle handle) {
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
      return config.failures().failed(config.name(), thread.failure());
    }
    return thread.isStopping() ? config.failures().closed(config.name()) : null;
  }

  /**
   * Waits for the call's end, whatever happens: the kernel may have memory of the caller. What goes
   * wrong meanwhile on the calling thread, such as that its stack is full, is thrown afterwards,
   * and at once if the ring's thread has not looked at the call.
   *
   * @param earlier what has gone wrong already, or null
   * @param heedsInterrupt whether an interrupt cancels the call
   */
  private void await(
      Call call, boolean carried, @Nullable Throwable earlier, boolean heedsInterrupt) {
    Throwable failure = earlier;
    boolean hurries = earlier != null; // to wake the ring's thread is what may have failed
    boolean interrupted = false;
    boolean cancelRequested = false;
    long deadline = 0;
    while (!call.done) { // a field, since even a method's frame may be too much
      try {
        if (hurries) {
          thread.hurry();
          hurries = false;
        }
        long left = 0;
        if (call.timeoutNanos != 0 && !cancelRequested) {
          if (deadline == 0) {
            deadline = System.nanoTime() + call.timeoutNanos;
          }
          left = deadline - System.nanoTime();
          if (left <= 0) {
            cancel(call, Call.Cancelled.TIMED_OUT);
            cancelRequested = true;
            continue;
          }
        }
        boolean cancelFailed = interrupted && heedsInterrupt && !cancelRequested;
        park(carried, cancelFailed ? CANCEL_RETRY_NANOS : left);
        interrupted |= Thread.interrupted();
        if (interrupted && heedsInterrupt && !cancelRequested) {
          cancel(call, Call.Cancelled.INTERRUPTED);
          cancelRequested = true;
        }
      } catch (Throwable e) {
        failure = failure != null ? failure : e;
        if (call.posted) {
          call.withdrawn = true; // the ring's thread, which we stand on, has not looked at it
          break;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (failure == null) {
      failure = call.failure;
    }
    if (failure != null) {
      if (call.done) {
        closeOpened(call);
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

  private void park(boolean carried, long nanos) {
    if (carried) {
      thread.carried().park(nanos);
    } else if (nanos > 0) {
      LockSupport.parkNanos(this, nanos);
    } else {
      LockSupport.park(this);
    }
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
    settle(cancellation, cancellation::isDone);
    return cancellation.cancelled();
  }

  /** Waits until no ring's own thread is in a system call on a handle that is closed already. */
  static void awaitUnused(Handle handle) {
    for (Engine engine : LIVE) {
      engine.inline.awaitUnused(handle);
    }
  }

  /** Asks every ring to cancel what it has in flight, or is about to submit, on a descriptor. */
  static void cancelEverywhere(Handle handle) {
    for (Engine engine : LIVE) {
      engine.give(new RingThread.CloseRequest(handle));
    }
  }

  /**
   * Waits until a condition holds that whoever makes it true announces by unparking the caller, or
   * fails to, since its stack is full: so this looks again now and then. An interrupt does not end
   * the wait; it is pending again afterwards.
   */
  static void awaitUninterruptibly(BooleanSupplier condition) {
    boolean interrupted = false;
    Engine carrier = carryingCurrentThread();
    while (!condition.getAsBoolean()) {
      parkAnywhere(carrier, RECHECK_NANOS);
      interrupted |= Thread.interrupted();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /**
   * Closes a raw descriptor: through this ring, so that a file system that writes back on close
   * does not hold the thread, or by {@code close(2)} where the ring is gone.
   *
   * @throws IOException if the kernel reports that data was lost
   */
  public void closeDescriptor(int fd) throws IOException {
    if (thread.pollsDevices()) {
      checkClosed(kernel.close(fd));
      return;
    }
    Call call = single();
    call.operation(0).close(fd);
    int result = runBriefly(call);
    // Cancelled, it never started: the ring was closed first.
    checkClosed(result == -Errno.ECANCELED ? kernel.close(fd) : result);
  }

  /**
   * Empties a slot of this ring's table of files. A ring that is gone took the table with it.
   *
   * @throws IOException if the kernel refuses
   */
  public void closeRegistered(int slot) throws IOException {
    int result = empty(slot);
    if (result != -Errno.ECANCELED) {
      checkClosed(result);
    }
  }

  /**
   * Empties one likewise that may be empty already.
   *
   * @throws IOException if the kernel refuses
   */
  public void closeChosen(int slot) throws IOException {
    int result = empty(slot);
    if (result != -Errno.ECANCELED && result != -Errno.EBADF) {
      checkClosed(result);
    }
  }

  private int empty(int slot) {
    Call call = single();
    call.operation(0).closeRegistered(slot);
    int result = runBriefly(call);
    thread.files().giveBack(slot);
    return result;
  }

  /**
   * Closes a raw descriptor by {@code close(2)} although that may wait for a peer: on a thread that
   * nobody else needs, while the caller waits. A ring would have its own thread wait, or not wait
   * at all.
   *
   * @throws IOException if the kernel reports an error
   */
  public void closeSlowly(int fd) throws IOException {
    if (!Thread.currentThread().isVirtual()) {
      checkClosed(kernel.close(fd));
      return;
    }
    Offload<Integer> closing = Offload.start(() -> kernel.close(fd));
    awaitUninterruptibly(closing::isDone);
    checkClosed(closing.resultNow());
  }

  /** Closes a raw descriptor likewise, and does not even have the caller wait. */
  public void closeAside(int fd) {
    var _ = Offload.start(() -> kernel.close(fd));
  }

  /**
   * Closes a raw descriptor by {@code close(2)}, which descriptors of rings need, since {@code
   * IORING_OP_CLOSE} refuses those.
   *
   * @throws IOException if the kernel reports an error
   */
  public void closePlainly(int fd) throws IOException {
    checkClosed(kernel.close(fd));
  }

  private static void checkClosed(int result) throws IOException {
    if (result < 0 && result != -Errno.EINTR) { // after EINTR the descriptor is gone all the same
      throw new IOException("close failed: " + Errno.describe(-result));
    }
  }

  /**
   * Runs a call of one operation that waits for nobody. An interrupt neither prevents nor ends it.
   *
   * @return the result, or a negated errno; {@code -ECANCELED} if the ring was gone before, and 0
   *     if it failed meanwhile: then the operation may have been done, and must not be repeated
   */
  public int runBriefly(Call call) {
    boolean interrupted = Thread.interrupted(); // or it would be refused
    try {
      if (refusal(Thread.currentThread()) != null) {
        return -Errno.ECANCELED;
      }
      int result = runUncancelled(call);
      return call.cancelled == Call.Cancelled.RING_FAILED ? 0 : result;
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Closes what a call has opened, best effort: its caller is told of an error instead. */
  private void closeOpened(Call call) {
    for (Operation operation : call.operations) {
      if (operation.result >= 0 && operation.opensDescriptor()) {
        try {
          kernel.close(operation.result);
        } catch (Throwable _) {
          // The caller's stack is full: the descriptor stays open.
        }
      }
    }
  }

  /** Returns the ring's descriptor, good for as long as the ring is open. */
  public int descriptor() {
    return thread.memory().fd();
  }

  /** Returns what says that a call, or several that make up one, took too long. */
  public IOException timedOut(long nanos) {
    return config.failures().timedOut(config.name(), nanos);
  }

  private int runUncancelled(Call call) {
    Throwable failure = null;
    boolean carried = false;
    try {
      call.spared = true;
      call.operations[0].exempt = true; // it may be the close that others wait for
      call.waiter = Thread.currentThread();
      carried = carriesCaller();
      give(call, carried);
    } catch (Throwable e) {
      if (!call.given) {
        throw e;
      }
      failure = e;
    }
    await(call, carried, failure, false);
    return call.operations[0].result;
  }

  /**
   * Has the kernel pin native memory for the operations of this ring that name it, and waits until
   * it has. An interrupt does not end the wait.
   *
   * @return the memory's slot, or a negated errno: {@code -ECANCELED} if the ring is gone
   */
  int registerBuffer(MemorySegment memory) {
    int result = LockedMemory.ask(() -> ask(new Errand(ring -> ring.buffers().add(memory))));
    if (result < 0 && result != -Errno.ECANCELED) {
      unregisteredBuffers.increment();
    }
    return result;
  }

  /**
   * Registers something else, and waits likewise.
   *
   * @return the kernel's answer: {@code -ECANCELED} if the ring is gone
   */
  public int register(int opcode, MemorySegment argument, int count) {
    return ask(new Errand(ring -> ring.kernel().register(ring.memory(), opcode, argument, count)));
  }

  /**
   * Makes another descriptor of the ring, close-on-exec, for other rings to name it by: its number
   * stays the ring's for as long as the caller has it open. Waits likewise.
   *
   * @return the number, or a negated errno: {@code -ECANCELED} if the ring is gone
   */
  public int duplicate() {
    return ask(
        new Errand(
            ring ->
                (int)
                    ring.kernel()
                        .call(SystemCall.FCNTL, ring.memory().fd(), Constants.F_DUPFD_CLOEXEC, 0)));
  }

  /** Takes over what a source has pinned, and waits likewise. */
  int shareBuffer(BufferSource source) {
    return LockedMemory.ask(() -> ask(new Errand(ring -> ring.buffers().share(source))));
  }

  /** Has the kernel let go of registered memory, which no operation in flight may name. */
  void unregisterBuffer(int slot) {
    ask(new Errand(ring -> ring.buffers().remove(slot)));
  }

  /**
   * Runs something that keeps a bounded worker of this ring waiting, perhaps for ever. The ring may
   * have one worker more meanwhile, so that none is missing for what ends by itself. A kernel that
   * refuses is not asked twice: the worker is one of those that are there.
   */
  public <T> T withOneMoreWorker(Uninterrupted.Action<T> waiting) throws IOException {
    boolean added = ask(new Errand(ring -> ring.changeWorkers(1))) >= 0;
    try {
      return waiting.run();
    } finally {
      if (added) {
        ask(new Errand(ring -> ring.changeWorkers(-1)));
      }
    }
  }

  /** Returns whether vectored operations can name registered memory. */
  boolean takesVectors() {
    return thread.buffers().takesVectors();
  }

  /** Returns whether one receive can fill several provided buffers. */
  public boolean takesBundles() {
    return thread.memory().hasFeature(Constants.IORING_FEAT_RECVSEND_BUNDLE);
  }

  /** Returns the kernel that the ring is of. */
  public Kernel kernel() {
    return kernel;
  }

  /**
   * Returns whether the kernel has an operation. The first call waits for the ring's thread.
   *
   * @throws IOException if the ring is closed or has failed
   */
  public boolean has(Opcode opcode) throws IOException {
    Set<Opcode> known = opcodes;
    if (known == null) {
      Set<Opcode> found =
          EnumSet.noneOf(Opcode.class); // filled by the ring's thread before it answers
      if (ask(new Errand(ring -> probe(ring, found))) == -Errno.ECANCELED) {
        requireUsable();
      }
      known = found;
      opcodes = found;
    }
    return known.contains(opcode);
  }

  private static int probe(RingThread ring, Set<Opcode> found) {
    try {
      found.addAll(KernelFeatures.opcodes(ring.kernel(), ring.memory()));
      return 0;
    } catch (ErrnoException e) {
      return -e.errno();
    }
  }

  /**
   * Checks that the kernel has an operation for which there is no substitute.
   *
   * @throws UnsupportedOperationException if not
   * @throws IOException if the ring is closed or has failed
   */
  public void require(Opcode opcode) throws IOException {
    if (!has(opcode)) {
      throw new UnsupportedOperationException(
          "this kernel has no IORING_OP_%s: Linux %s or newer is needed"
              .formatted(opcode, opcode.since()));
    }
  }

  /**
   * Gives something to the ring's thread and waits until it is done, as {@link #await} does: its
   * work may be about memory of the caller.
   */
  private void settle(Inbound item, BooleanSupplier done) {
    Throwable failure = null;
    boolean interrupted = false;
    try {
      give(item);
    } catch (Throwable e) {
      if (!item.given) {
        throw e;
      }
      failure = e;
    }
    boolean hurries = failure != null;
    boolean over = false;
    while (!over) {
      try {
        if (hurries) {
          thread.hurry();
          hurries = false;
        }
        over = done.getAsBoolean();
        if (!over) {
          parkAnywhere(carryingCurrentThread(), 0);
          interrupted |= Thread.interrupted();
        }
      } catch (Throwable e) {
        failure = failure != null ? failure : e;
        if (item.posted) {
          item.withdrawn = true;
          over = true;
        }
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    if (failure != null) {
      throw asUnchecked(failure);
    }
  }

  private static void parkAnywhere(@Nullable Engine carrier, long nanos) {
    if (carrier != null) {
      carrier.thread.carried().park(nanos);
    } else if (nanos > 0) {
      LockSupport.parkNanos(nanos);
    } else {
      LockSupport.park();
    }
  }

  /** Has the ring's thread do an errand, waits for that, and returns the answer. */
  int ask(Errand errand) {
    if (Thread.currentThread() == thread) {
      thread.serve(errand);
      return errand.result();
    }
    settle(errand, errand::isDone);
    return errand.result();
  }

  /** Counts one attempt to do without the ring. */
  public void countInline(boolean hit) {
    if (carriesCaller()) {
      thread.carried().countInline(hit);
    } else {
      inline.count(hit);
    }
  }

  /** Returns whether the calling thread stands on this ring's thread. */
  public boolean carriesCaller() {
    return CarrierAccess.current() == thread;
  }

  /** Returns the thread that drives the ring. */
  RingThread thread() {
    return thread;
  }

  /** Returns whether {@link #close} was called. */
  public boolean isClosed() {
    return thread.isStopping();
  }

  /** Returns the figures so far; each is exact, their moments may differ slightly. */
  public Counters counters() {
    return thread.counters(inline, unregisteredBuffers.sum());
  }

  /**
   * Refuses new calls, cancels what is in flight, waits until the kernel has let go of every
   * buffer, and frees the ring. Threads that the ring carries go on elsewhere. A second call waits
   * likewise.
   */
  public void close() {
    thread.requestStop();
    if (carriesCaller()) {
      thread.awaitQuiet(); // the thread that would free the ring is the one we stand on
    } else {
      thread.awaitTermination();
    }
    LIVE.remove(this);
  }

  @Override
  public String toString() {
    return config.name();
  }
}
