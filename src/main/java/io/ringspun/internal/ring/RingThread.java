package io.ringspun.internal.ring;

import static io.ringspun.internal.kernel.Constants.*;

import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.ErrnoException;
import io.ringspun.internal.kernel.ExtendedWait;
import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.kernel.KernelFeatures;
import io.ringspun.internal.kernel.NativeThread;
import io.ringspun.internal.kernel.Opcode;
import io.ringspun.internal.kernel.OwnRing;
import io.ringspun.internal.kernel.Registration;
import io.ringspun.internal.kernel.RingMemory;
import io.ringspun.internal.kernel.RingParams;
import io.ringspun.internal.memory.CarrierThread;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The platform thread that owns a ring: the only one that enters it, and the carrier of the ring's
 * virtual threads. One turn of the loop runs the virtual threads that are ready, takes what other
 * threads handed over, submits, waits if there is nothing else to do, and reaps.
 *
 * <p>Methods and fields are for this thread alone unless they say otherwise. "This thread" includes
 * any virtual thread that is mounted on it.
 */
final class RingThread extends Thread implements Carrier {
  private static final long RETRY_NANOS = 100_000;
  private static final int PAIR = 2;
  private static final int DRIVE_FRAMES = 400; // some 12 KiB, more than a turn takes

  private static final int FREE = 0; // values of IN_USE
  private static final int BY_OWNER = 1;
  private static final int BY_RESCUER = 2;
  private static final int SPINS = 1_000;

  private static final VarHandle PROGRESS;
  private static final VarHandle IN_USE;

  static {
    try {
      PROGRESS = MethodHandles.lookup().findVarHandle(RingThread.class, "progress", long.class);
      IN_USE = MethodHandles.lookup().findVarHandle(RingThread.class, "inUse", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final EngineConfig config;
  private final Kernel kernel;
  private RingMemory memory; // any thread may look at the flags, which stay
  private final SubmissionQueue submissions;
  private final CompletionQueue completions;
  private final InFlight inFlight;
  private final Cancels cancels;
  private final Dispatcher dispatcher;
  private final BufferTable buffers;
  private final FileTable files;
  private final Carried carried;
  private final Doorbell doorbell;
  private final Inbox inbox = new Inbox(); // any thread pushes, this one takes
  private @Nullable Inbound taken; // what is left of what was taken last
  private @Nullable Inbound firstPosted; // by virtual threads that stand on this one
  private @Nullable Inbound lastPosted;
  private final CountDownLatch started = new CountDownLatch(1);
  private final CountDownLatch terminated = new CountDownLatch(1);
  private final boolean pollsDevices;
  private @Nullable ExtendedWait minimumWait; // set when the ring is enabled

  private @Nullable Owner owner; // set before the thread starts

  private final @Nullable Scheduler scheduler; // of its group
  private volatile @Nullable Scheduler companions; // of a ring without a group
  private final boolean rescuable; // whether another thread may serve while this one is held
  private volatile boolean held; // set by the watchdog
  private volatile int number; // the kernel's, of this thread
  private final Rescues rescues;

  @SuppressWarnings("unused") // through IN_USE
  private volatile int inUse; // see use

  private long progress; // counts turns of any kind; read by the watchdog
  private volatile boolean stopRequested; // set once by any thread
  private volatile @Nullable Throwable failure; // set once by this thread, read by any
  private boolean stopping;
  private boolean finished;
  private volatile boolean driven; // written by this thread, read by the watchdog

  private int enterFlags;
  private long enters;
  private long overflows;
  private int completionEntriesMax; // to grow to

  @SuppressWarnings("ThreadPriorityCheck") // else inherited from the caller
  private RingThread(
      EngineConfig config,
      Kernel kernel,
      RingMemory memory,
      int eventfd,
      @Nullable Scheduler scheduler) {
    super(LibraryThreads.GROUP, null, config.name(), 0, false);
    setDaemon(true);
    setPriority(NORM_PRIORITY);
    this.config = config;
    this.kernel = kernel;
    this.memory = memory;
    carried = new Carried(this, scheduler);
    rescues = new Rescues(config.name());
    this.scheduler = scheduler;
    rescuable = scheduler != null && RingSetup.isForSeveralThreads(memory);
    doorbell = new Doorbell(kernel, eventfd);
    pollsDevices = memory.hasFlag(IORING_SETUP_IOPOLL);
    if (pollsDevices) {
      doorbell.useParking(this); // such a ring takes no read of an eventfd
    }
    submissions = new SubmissionQueue(memory);
    completions = new CompletionQueue(memory);
    // Whatever is in flight must find room in the completion queue: the doorbell's read, the
    // cancels, and the rest is for operations.
    int cancelsMax = Math.max(1, completions.capacity() / 8);
    int limit = completions.capacity() - cancelsMax - 1;
    if (config.queues().inFlightLimit() > 0) {
      limit = Math.min(limit, config.queues().inFlightLimit());
    }
    cancels = new Cancels(cancelsMax);
    inFlight = new InFlight(limit);
    dispatcher = new Dispatcher(config.name(), kernel, submissions, inFlight, cancels);
    buffers = new BufferTable(kernel, memory);
    files = new FileTable(config.registeredFiles());
    enterFlags =
        IORING_ENTER_GETEVENTS
            | (memory.hasFeature(IORING_FEAT_NO_IOWAIT) ? IORING_ENTER_NO_IOWAIT : 0);
    completionEntriesMax = config.queues().completionEntriesMax();
  }

  /**
   * Any thread: makes a ring, disabled until its own thread runs, and that thread.
   *
   * @param scheduler of the group that the ring is to belong to, or null for none
   */
  static RingThread create(EngineConfig config, Kernel kernel, @Nullable Scheduler scheduler)
      throws ErrnoException {
    RingMemory memory = RingSetup.open(config, kernel, scheduler != null);
    int eventfd = kernel.eventfd();
    if (eventfd < 0) {
      kernel.close(memory);
      throw new ErrnoException("eventfd", -eventfd);
    }
    return new RingThread(config, kernel, memory, eventfd, scheduler);
  }

  // ---- for any thread ------------------------------------------------------------------------

  /** Starts the loop, once, and waits until the ring is enabled. */
  void start(Owner engine) throws ErrnoException {
    owner = engine;
    start();
    awaitUninterruptibly(started);
    if (failure instanceof RefusedException refused) {
      requestStop();
      awaitTermination();
      throw refused.cause;
    }
  }

  /** Brings a refusal of the ring's own thread to the thread that opens it. */
  private static final class RefusedException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final transient ErrnoException cause;

    RefusedException(ErrnoException cause) {
      super(cause);
      this.cause = cause;
    }
  }

  /** The owner of the thread. */
  interface Owner {
    /**
     * Wakes threads that wait for something other than an operation: calls are refused from now on.
     */
    void wakeAttending();

    /** Has somebody look at what was handed over to this thread, which is held. */
    void handedOverToHeld();
  }

  /** Returns what was given to {@link #start}. */
  Owner owner() {
    Owner engine = owner;
    assert engine != null;
    return engine;
  }

  @Override
  public void parkCarried(long nanos) {
    carried.park(nanos);
  }

  Carried carried() {
    return carried;
  }

  /** Any thread: returns what schedules the threads of the ring's group, else of the ring. */
  Executor scheduler() {
    return scheduler != null ? scheduler : carried;
  }

  /** Has threads of another scheduler's rings be at home here, too. */
  void setCompanions(Scheduler rings) {
    companions = rings;
  }

  /** Returns whether a ring carries threads that are at home here. */
  boolean isRelatedTo(RingThread ring) {
    Scheduler family = scheduler != null ? scheduler : companions;
    return family != null && family == ring.scheduler;
  }

  /** Returns the ring that operations of threads go to that no ring carries. */
  RingThread substitute() {
    return held && scheduler != null && isUsable() ? scheduler.unheld(this) : this;
  }

  int longestChain() {
    return Math.min(submissions.capacity(), inFlight.limit());
  }

  boolean isStopping() {
    return stopRequested;
  }

  boolean hasFailed() {
    return failure != null;
  }

  /** Returns whether calls can begin. */
  boolean isUsable() {
    return !stopRequested && failure == null;
  }

  Throwable failure() {
    Throwable cause = failure;
    return cause != null ? cause : new IllegalStateException("the ring has not failed");
  }

  /**
   * Posts an item to this thread and wakes the thread. If this throws, {@link Inbound#given} tells
   * whether the item was posted; if so, {@link #hurry} wakes the thread.
   */
  void handOver(Inbound item) {
    inbox.push(item);
    item.given = true;
    hurry();
    if (held) {
      owner().handedOverToHeld();
    }
  }

  /** Makes sure that this thread looks at what was handed over. */
  void hurry() {
    doorbell.ring();
    if (doorbell.isGone()) {
      flush(); // the loop may have ended before it could see the item
    }
  }

  /** Makes sure that this thread looks, if something was handed over by a thread that could not. */
  void insist() {
    if (!inbox.isEmpty()) {
      doorbell.insist();
    }
  }

  /**
   * Gives something to this thread, which the caller stands on. It is looked at when the caller
   * leaves the thread, on a stack that is not the caller's: whatever the ring does for the caller
   * takes no stack of the caller's, of which little may be left. For the same reason this only
   * stores.
   */
  void post(Inbound item) {
    Inbound last = lastPosted;
    if (last == null) {
      firstPosted = item;
    } else {
      last.next = item;
    }
    lastPosted = item;
    item.posted = true;
    item.given = true;
  }

  /** Handles posted items. */
  private void takePosted() {
    for (Inbound item = firstPosted; item != null; item = firstPosted) {
      Inbound following = item.next;
      firstPosted = following;
      if (following == null) {
        lastPosted = null;
      }
      item.next = null;
      item.posted = false;
      try {
        receive(item);
      } catch (Throwable e) {
        item.next = firstPosted; // its waiting thread is woken with the others
        firstPosted = item;
        throw e;
      }
    }
  }

  /** Returns whether the ring takes only what it can poll a device for. */
  boolean pollsDevices() {
    return pollsDevices;
  }

  /** Makes this thread look round, if it waits. */
  @Override
  public void wake() {
    doorbell.ring();
  }

  /** Wakes this thread to take over some of what is ready on another ring of its group. */
  void askForHelp() {
    carried.askForHelp();
    wake();
  }

  /** Returns whether this thread waits in the kernel for completions, or is about to. */
  boolean isWaiting() {
    return doorbell.isWaiting();
  }

  /** Returns whether the loop has ended permanently. */
  boolean isGone() {
    return doorbell.isGone();
  }

  void requestStop() {
    stopRequested = true;
    doorbell.ring();
  }

  void awaitTermination() {
    awaitUninterruptibly(terminated);
  }

  private static void awaitUninterruptibly(CountDownLatch latch) {
    boolean interrupted = false;
    while (true) {
      try {
        latch.await();
        break;
      } catch (InterruptedException _) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  <T> T readCounters(
      CounterReader<T> reader,
      long inlineHits,
      long inlineMisses,
      long inlineSlow,
      long unregisteredPools) {
    return reader.read(
        dispatcher.submitted(),
        dispatcher.completed(),
        enters,
        doorbell.count(),
        inFlight.count(),
        dispatcher.waiting(),
        overflows,
        completions.capacity(),
        dispatcher.stale(),
        carried.inlineHits() + inlineHits,
        carried.inlineMisses() + inlineMisses,
        inlineSlow,
        unregisteredPools,
        carried.readyCount(),
        carried.steals(),
        rescues.count());
  }

  /** Any thread: shows the operations in flight to a reader; see {@link InFlight#picture}. */
  <T> List<T> picture(Function<Operation, T> reader) {
    return inFlight.picture(reader);
  }

  /** Any thread: returns about how many operations are in flight. */
  int inFlight() {
    return inFlight.count();
  }

  /** Returns a number that changes while the loop goes round, or -1 while it waits. */
  long progressSeen() {
    return doorbell.isWaiting() ? -1 : (long) PROGRESS.getAcquire(this);
  }

  /** Any thread: returns a number that changes while the loop goes round. */
  long turns() {
    return (long) PROGRESS.getOpaque(this);
  }

  /** Returns whether a pinned virtual thread waits in the kernel for the whole ring. */
  boolean isDriven() {
    return driven;
  }

  // ---- the loop ------------------------------------------------------------------------------

  @Override
  public void run() {
    try {
      number = NativeThread.current();
      enable();
      started.countDown();
      while (failure == null && !finished) {
        carried.runReady();
        serve(false);
      }
      if (failure == null) {
        disarmDoorbell();
      }
    } catch (Throwable e) {
      fail(e);
    }
    started.countDown();
    if (failure != null) {
      carryOn();
    }
    terminate();
  }

  private boolean isFinished() {
    return isQuiet() && cancels.isIdle();
  }

  private boolean isQuiet() {
    return stopping && inFlight.count() == 0;
  }

  private void enable() {
    EngineConfig.Restriction restriction = config.restriction();
    if (restriction != null) {
      require(Registration.restrictions(known(restriction.operations())));
    }
    EngineConfig.MinimumWait minimum = config.waiting().minimum();
    if (minimum != null) {
      if (!memory.hasFeature(IORING_FEAT_MIN_TIMEOUT)) {
        throw new RefusedException(
            new ErrnoException("IORING_FEAT_MIN_TIMEOUT", Errno.EINVAL, "6.12"));
      }
      minimumWait = ExtendedWait.minimum(kernel, memory, minimum.micros());
    }
    if (OwnRing.register(kernel, memory) >= 0) { // which also makes this thread's io-wq
      enterFlags |= IORING_ENTER_REGISTERED_RING;
    }
    config.registrations().forEach(this::require);
    require(
        "IORING_REGISTER_FILES2 of %d slots".formatted(files.slots()), files.make(kernel, memory));
    require(
        "IORING_REGISTER_ENABLE_RINGS",
        kernel.register(memory, IORING_REGISTER_ENABLE_RINGS, MemorySegment.NULL, 0));
  }

  /** Returns those of some operations that the kernel has: it refuses a list with others. */
  private BitSet known(BitSet operations) {
    try {
      BitSet known = new BitSet();
      for (Opcode opcode : KernelFeatures.opcodes(kernel, memory)) {
        known.set(opcode.number());
      }
      known.and(operations);
      return known;
    } catch (ErrnoException e) {
      throw new RefusedException(e);
    }
  }

  private void require(Registration registration) {
    require(registration.name(), registration.since(), registration.with(kernel, memory));
  }

  private static void require(String what, int result) {
    require(what, ErrnoException.OLDEST_LINUX, result);
  }

  private static void require(String what, String since, int result) {
    if (result < 0) {
      throw new RefusedException(new ErrnoException(what, -result, since));
    }
  }

  /** Records that the loop continues. */
  void progress() {
    PROGRESS.setRelease(this, progress + 1);
  }

  /** Returns whether there is a completion to reap, or something was handed over. */
  boolean hasArrived() {
    return completions.ready() > 0 || !inbox.isEmpty();
  }

  /**
   * Submits and reaps once, and waits for a completion or the doorbell if there is nothing to run.
   *
   * @param pinned whether a virtual thread that cannot leave is asking, so that none can run anyway
   */
  private void serve(boolean pinned) {
    progress();
    use();
    try {
      serveInUse(pinned);
      finished = isFinished();
    } finally {
      endUse();
    }
  }

  private void serveInUse(boolean pinned) {
    if (failure != null) { // the watchdog's, meanwhile: there is no doorbell to wait with
      takePosted();
      return;
    }
    takePosted();
    takeInbox();
    noticeStop();
    dispatcher.cancelClosed();
    dispatcher.admitQueued();
    if (!pollsDevices) {
      doorbell.arm(submissions);
    }
    cancels.submit(submissions);
    boolean mayWait = pinned || (carried.isIdle() && !carried.findsWork());
    if (mayWait && !pinned) {
      carried.forgetLast();
    }
    boolean mustGoOn = isQuiet() || dispatcher.waitsForQueue() || cancels.waitForQueue();
    long overflowsBefore = overflows;
    enter(mayWait && !mustGoOn);
    reap();
    if (overflows != overflowsBefore && completions.capacity() < completionEntriesMax) {
      growCompletions();
    }
  }

  private void noticeStop() {
    if (stopRequested && !stopping) {
      stopping = true;
      dispatcher.beginStop();
      owner().wakeAttending();
    }
  }

  /**
   * Begins to use what belongs to the ring: the queues, the table of operations, and what waits for
   * room. It is used by this thread, between the continuations that it runs, and by the watchdog
   * while one of them holds this thread.
   */
  void use() {
    if (rescuable && !IN_USE.compareAndSet(this, FREE, BY_OWNER)) {
      awaitUse();
    }
  }

  private void awaitUse() {
    for (int spins = 0; !IN_USE.compareAndSet(this, FREE, BY_OWNER); spins++) {
      if (inUse == BY_OWNER) {
        return; // it has begun already, for good
      }
      // A virtual thread that drives the ring may not be pinned any more: it would park, go on upon
      // another ring's thread, and use this ring together with its own.
      if (spins < SPINS || Thread.currentThread() != this) {
        Thread.onSpinWait();
      } else {
        LockSupport.parkNanos(RETRY_NANOS); // the watchdog lost its processor in the midst
      }
    }
  }

  /** The watchdog: the same, unless another thread uses it; returns whether it does not. */
  boolean tryUse() {
    return IN_USE.compareAndSet(this, FREE, BY_RESCUER);
  }

  /** Ends what {@link #use} or {@link #tryUse} began. */
  void endUse() {
    if (rescuable) {
      IN_USE.setRelease(this, FREE);
    }
  }

  /** Handles what a virtual thread has posted that ran on this thread, after it has left. */
  void afterContinuation() {
    if (firstPosted != null || submitsInPairs()) {
      use();
      try {
        takePosted();
        submitEarly();
      } finally {
        endUse();
      }
    }
  }

  /** Makes room for as much again as has found none. */
  private void growCompletions() {
    int entries = Math.min(completions.capacity() * 2, completionEntriesMax);
    try {
      memory =
          kernel.resize(
              memory,
              new RingParams(
                  submissions.capacity(), entries, IORING_SETUP_CQSIZE | IORING_SETUP_CLAMP));
      submissions.lieIn(memory);
      completions.lieIn(memory);
    } catch (ErrnoException _) {
      completionEntriesMax = 0; // the kernel keeps what finds no room, as before
    }
  }

  /**
   * Serves once on behalf of a carried thread that is pinned here. It sits in the kernel then,
   * where neither an interrupt nor its time limit can reach it; so the watchdog rings now and then.
   *
   * @throws StackOverflowError if the stack that is left is too small for that; nothing was done
   */
  void drive() {
    if (isGone()) {
      return; // the caller has moved to another thread since
    }
    reserveStack(DRIVE_FRAMES);
    driven = failure == null;
    try {
      serve(true);
    } catch (StackOverflowError e) {
      throw e; // the caller's error; the interrupted work continues at the next turn
    } catch (Throwable e) {
      fail(e);
    } finally {
      driven = false;
    }
  }

  private void takeInbox() {
    if (taken == null) {
      if (inbox.isEmpty()) {
        return;
      }
      taken = inbox.takeAll();
    }
    for (Inbound item = taken; item != null; item = taken) {
      taken = item.next;
      item.next = null;
      try {
        receive(item);
      } catch (Throwable e) {
        item.next = taken; // its waiting thread is woken with the others
        taken = item;
        throw e;
      }
    }
  }

  private void receive(Inbound item) {
    if (item.withdrawn) {
      return;
    }
    if (item instanceof Call call) { // most are, and the switch is slower
      dispatcher.admit(call);
      return;
    }
    switch (item) {
      case Call call -> dispatcher.admit(call);
      case Carried.Resumption resumption -> carried.add(resumption);
      case CancelRequest request -> dispatcher.cancel(request.call, request.reason);
      case CloseRequest request -> dispatcher.cancel(request.handle);
      case Cancellation cancellation -> dispatcher.cancel(cancellation);
      case RingTask task -> serve(task);
      default -> throw new AssertionError("unexpected item in the inbox: " + item);
    }
  }

  /** Throws a {@link StackOverflowError} now rather than in the midst of something. */
  private static int reserveStack(int frames) {
    return frames == 0 ? 0 : 1 + reserveStack(frames - 1);
  }

  /** Returns which memory is registered; for this thread, but for what any thread may ask. */
  BufferTable buffers() {
    return buffers;
  }

  /**
   * Changes how many bounded workers the kernel may start ({@code
   * IORING_REGISTER_IOWQ_MAX_WORKERS}, Linux 5.15).
   *
   * @return 0 or a negated errno
   */
  int changeWorkers(int difference) {
    int opcode = IORING_REGISTER_IOWQ_MAX_WORKERS;
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment limits = arena.allocate(ValueLayout.JAVA_INT, 2); // zeros change nothing
      int result = kernel.register(memory, opcode, limits, 2); // and are replaced by what is
      if (result >= 0) {
        int bounded = limits.getAtIndex(ValueLayout.JAVA_INT, 0);
        limits.setAtIndex(ValueLayout.JAVA_INT, 0, bounded + difference);
        limits.setAtIndex(ValueLayout.JAVA_INT, 1, 0);
        result = kernel.register(memory, opcode, limits, 2);
      }
      return result;
    }
  }

  /** Any thread: returns the table of registered files. */
  FileTable files() {
    return files;
  }

  Kernel kernel() {
    return kernel;
  }

  RingMemory memory() {
    return memory;
  }

  /** Does a task for another thread. */
  void serve(RingTask task) {
    if (failure == null) {
      task.run(this);
    } else {
      task.refuse();
    }
  }

  private void enter(boolean mayWait) {
    submissions.publish();
    if (memory.hasFlag(IORING_SETUP_SQPOLL)) {
      VarHandle.fullFence(); // the kernel's thread says that it sleeps, then looks at the tail
    }
    int toSubmit = submissions.unconsumed();
    int queueFlags = submissions.flags();
    boolean kernelHasWork = (queueFlags & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
    if ((queueFlags & IORING_SQ_CQ_OVERFLOW) != 0) {
      overflows++;
    }
    int flags = enterFlags;
    if (memory.hasFlag(IORING_SETUP_SQPOLL)) {
      toSubmit = 0; // the kernel's own thread takes them
      if ((queueFlags & IORING_SQ_NEED_WAKEUP) != 0) {
        flags |= IORING_ENTER_SQ_WAKEUP;
        kernelHasWork = true;
      }
    }
    boolean wait;
    if (pollsDevices) {
      if (mayWait && toSubmit == 0 && inFlight.count() == 0 && completions.ready() == 0) {
        doorbell.park(() -> inbox.isEmpty() && stopRequested == stopping);
        return;
      }
      kernelHasWork = true; // completions of a polled device appear only when it is polled
      wait = mayWait && completions.ready() == 0;
    } else {
      wait = mayWait && doorbell.isArmed() && completions.ready() == 0 && prepareToWait();
    }
    if (toSubmit == 0 && !wait && !kernelHasWork) {
      return;
    }
    if (submitsInPairs()) {
      toSubmit = submitInPairs(PAIR);
    }
    dispatcher.submittedAll();
    int result = wait ? enterAndWait(toSubmit, flags) : kernel.enter(memory, toSubmit, 0, flags);
    enters++;
    if (wait) {
      doorbell.endWait();
      Alarm.ring();
    }
    if (result < 0) {
      refused(-result);
    }
  }

  private int enterAndWait(int toSubmit, int flags) {
    EngineConfig.MinimumWait minimum = config.waiting().minimum();
    ExtendedWait extended = minimumWait;
    if (minimum == null || extended == null) {
      return kernel.enter(memory, toSubmit, 1, flags);
    }
    // Not for more than can come, or a lone operation would wait for nothing.
    int completions = Math.clamp(inFlight.count(), 1, minimum.completions());
    return kernel.enter(
        memory, toSubmit, completions, flags | extended.flags(), extended.argument());
  }

  /** Submits early, so that devices have work while other virtual threads still run. */
  private void submitEarly() {
    if (submitsInPairs() && failure == null) {
      submissions.publish();
      submitInPairs(PAIR - 1);
    }
  }

  private boolean submitsInPairs() {
    return dispatcher.isSplittable() && !memory.hasFlag(IORING_SETUP_SQPOLL);
  }

  /**
   * Submits entries in pairs until at most a number of them is left, and returns how many are left.
   * The kernel holds back a submission of more than two from the device until it has seen all of it
   * ({@code IO_PLUG_THRESHOLD}), and with some dozens of reads in flight the device idles
   * meanwhile: this was measured to cost a quarter of the rate.
   */
  private int submitInPairs(int rest) {
    int left = submissions.unconsumed();
    while (left > rest) {
      int result = kernel.enter(memory, PAIR, 0, 0);
      enters++;
      if (result < 0) {
        break; // whatever it is, the next enter meets it too
      }
      left = submissions.unconsumed();
    }
    return left;
  }

  /**
   * Announces the wait; returns false if the inbox received something before the announcement was
   * visible.
   */
  private boolean prepareToWait() {
    doorbell.announceWait();
    if (inbox.isEmpty() && stopRequested == stopping) {
      return true;
    }
    doorbell.endWait();
    return false;
  }

  private void refused(int errno) {
    switch (errno) {
      case Errno.EINTR, Errno.ETIME -> {} // a signal, or the least wait is over; it comes round
      case Errno.EAGAIN, Errno.EBUSY -> {
        // No memory for requests, or completions must be taken first. Reaping follows; if there is
        // nothing to reap, let the kernel catch its breath instead of asking again at once.
        if (completions.ready() == 0 && Thread.currentThread() == this) { // see awaitUse
          LockSupport.parkNanos(RETRY_NANOS);
        }
      }
      default -> throw new IllegalStateException("io_uring_enter failed: " + Errno.describe(errno));
    }
  }

  private void reap() {
    for (int count = completions.ready(); count > 0; count--) {
      long userData = completions.userData();
      int result = completions.result();
      int flags = completions.flags();
      completions.advance();
      if (userData == Doorbell.USER_DATA) {
        doorbell.answered();
      } else if (cancels.isAnswer(userData)) {
        dispatcher.cancelAnswered(cancels.answered(userData), result);
      } else {
        dispatcher.complete(userData, result, flags);
      }
    }
  }

  // ---- for the watchdog ----------------------------------------------------------------------

  /** Any thread: returns whether a carried thread keeps this thread from serving the others. */
  boolean isHeld() {
    return held;
  }

  /** Returns whether it carries threads that other rings can run. */
  boolean isOfGroup() {
    return scheduler != null;
  }

  /** Returns whether another thread can serve while this one is held. */
  boolean isRescuable() {
    return rescuable;
  }

  /** Returns the kernel's number of this thread, or 0 before it has begun. */
  int number() {
    return number;
  }

  /** Returns whether this thread uses the ring now, so that no carried thread holds it. */
  boolean isServing() {
    return inUse == BY_OWNER;
  }

  /** Says whether this thread is held. */
  void setHeld(boolean held) {
    if (this.held != held) {
      this.held = held;
      if (!held) {
        rescues.end();
      }
    }
  }

  /**
   * The watchdog: returns whether there may be something to do on behalf of this thread. It looks
   * at what this thread alone writes, which is as it was when a carried thread began to hold it.
   */
  boolean expectsSomething() {
    return inFlight.count() > 0 || !inbox.isEmpty() || stopRequested || carried.hasMovable();
  }

  /**
   * Serves on behalf of this thread while a carried thread holds it: submits what was handed over,
   * reaps what is complete, and moves the ready threads of the group to other rings. Never waits.
   * What it submits belongs to the watchdog's thread, which outlives all rings.
   *
   * @param toSpares whether {@link SpareCarriers} run ready threads if all rings are held
   * @return whether there was anything to do
   */
  boolean rescue(boolean toSpares) {
    long movedBefore = carried.moved();
    boolean moved = carried.moveReady(toSpares);
    if (!tryUse()) {
      return moved; // it is not held any more
    }
    try {
      long submitted = dispatcher.submitted();
      long completed = dispatcher.completed();
      boolean found = serveFromOutside(toSpares) || moved;
      if (found) {
        rescues.served(
            dispatcher.submitted() - submitted,
            dispatcher.completed() - completed,
            carried.moved() - movedBefore);
      }
      return found;
    } catch (Throwable e) {
      if (failure == null) {
        failInUse(e);
      }
      throw e;
    } finally {
      endUse();
    }
  }

  private boolean serveFromOutside(boolean toSpares) {
    takeInboxFromOutside(toSpares);
    if (failure != null) {
      return false;
    }
    noticeStop();
    dispatcher.cancelClosed();
    dispatcher.admitQueued();
    cancels.submit(submissions);
    submissions.publish();
    int toSubmit = submissions.unconsumed();
    if (toSubmit > 0 || (submissions.flags() & IORING_SQ_CQ_OVERFLOW) != 0) {
      int result = kernel.enter(memory, toSubmit, 0, IORING_ENTER_GETEVENTS);
      enters++;
      dispatcher.submittedAll();
      if (result < 0) {
        refused(-result);
      }
    }
    boolean found = toSubmit > 0 || completions.ready() > 0;
    reap();
    return found;
  }

  /** Receives what was handed over, but for what only this thread itself can do. */
  private void takeInboxFromOutside(boolean toSpares) {
    if (taken == null && !inbox.isEmpty()) {
      taken = inbox.takeAll();
    }
    Inbound own = null; // newest first
    for (Inbound item = taken; item != null; item = taken) {
      taken = item.next;
      item.next = null;
      try {
        if (!receiveFromOutside(item, toSpares)) {
          item.next = own;
          own = item;
        }
      } catch (Throwable e) {
        item.next = taken; // its waiting thread is woken with the others
        taken = item;
        pushAll(own);
        throw e;
      }
    }
    pushAll(own);
  }

  /** Leaves items to this thread, oldest first. */
  private void pushAll(@Nullable Inbound newest) {
    Inbound item = null;
    for (Inbound left = newest; left != null; ) {
      Inbound following = left.next;
      left.next = item;
      item = left;
      left = following;
    }
    while (item != null) {
      Inbound following = item.next;
      inbox.push(item);
      item = following;
    }
  }

  private boolean receiveFromOutside(Inbound item, boolean toSpares) {
    switch (item) {
      case Carried.Resumption resumption -> {
        return carried.moves(resumption, toSpares);
      }
      case RingTask task when task.isOfOwnThread() -> {
        return false;
      }
      default -> {
        receive(item);
        return true;
      }
    }
  }

  // ---- for Engine, on this thread ------------------------------------------------------------

  Dispatcher dispatcher() {
    return dispatcher;
  }

  /** Waits, on a carried thread, until a stopping ring has nothing in flight. */
  void awaitQuiet() {
    boolean interrupted = false;
    while (CarrierThread.current() == this && !isQuiet() && failure == null && !isGone()) {
      carried.park(RETRY_NANOS);
      interrupted |= Thread.interrupted();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  // ---- the end -------------------------------------------------------------------------------

  /** Ends the doorbell's read, so that the kernel releases its buffer. */
  private void disarmDoorbell() {
    use(); // for good: no other thread may use what will be freed
    while (failure == null && doorbell.isArmed()) {
      doorbell.ringItself();
      submissions.publish();
      int result = kernel.enter(memory, submissions.unconsumed(), 1, enterFlags);
      if (result < 0) {
        refused(-result);
      }
      reap();
    }
  }

  /** The loop has failed: takes back from the kernel what it releases, then ends all calls. */
  private void fail(Throwable cause) {
    if (failure != null) {
      return;
    }
    use();
    try {
      failInUse(cause);
    } finally {
      endUse();
    }
  }

  private void failInUse(Throwable cause) {
    doorbell.useParking(this);
    failure = cause;
    try {
      EmergencyCancel.cancelAll(kernel, memory);
      reap();
    } catch (Throwable e) {
      cause.addSuppressed(e);
    }
    dispatcher.fail();
    owner().wakeAttending();
  }

  /** Without a ring, this thread still carries its virtual threads, until the ring is closed. */
  private void carryOn() {
    while (!stopRequested) {
      try {
        carried.runReady();
        use();
        try {
          takePosted();
          takeInbox();
        } finally {
          endUse();
        }
        if (carried.isIdle()) {
          carried.forgetLast();
          doorbell.park(() -> inbox.isEmpty() && !stopRequested);
        }
      } catch (Throwable _) {
        // Callers get the first failure; this thread must keep running for them.
      }
    }
    stopping = true;
  }

  private void terminate() {
    if (failure != null) {
      use(); // for good
    }
    doorbell.leave();
    takePosted();
    takeInbox(); // first what was taken from it before the failure
    flush();
    rescues.end(); // the watchdog does not serve this ring any more
    carried.moveAway();
    if ((enterFlags & IORING_ENTER_REGISTERED_RING) != 0) {
      OwnRing.unregister(kernel, memory);
    }
    kernel.close(memory);
    terminated.countDown();
  }

  /** Called by any thread after the end: ends calls that still arrive. */
  private void flush() {
    Inbound item = inbox.takeAll();
    while (item != null) {
      Inbound following = item.next;
      try {
        settle(item);
      } catch (Throwable e) { // the caller's stack is full; the next caller ends the rest
        for (; item != null; item = following) {
          following = item.next;
          inbox.push(item);
        }
        throw e;
      }
      item = following;
    }
  }

  private void settle(Inbound item) {
    switch (item) {
      case Call call ->
          dispatcher.refuse(
              call, failure != null ? Call.Cancelled.RING_FAILED : Call.Cancelled.RING_CLOSED);
      case Carried.Resumption resumption -> carried.runElsewhere(resumption);
      case RingTask task -> task.refuse();
      case Cancellation cancellation -> cancellation.settle();
      case CancelRequest _, CloseRequest _ -> {} // what they ask for has happened already
      default -> throw new AssertionError("unexpected item in the inbox: " + item);
    }
  }

  /** Asks this thread to cancel a call. */
  static final class CancelRequest extends Inbound {
    final Call call;
    final Call.Cancelled reason;

    CancelRequest(Call call, Call.Cancelled reason) {
      this.call = call;
      this.reason = reason;
    }
  }

  /** Asks this thread to cancel all that uses a descriptor. */
  static final class CloseRequest extends Inbound {
    final CountedDescriptor handle;

    CloseRequest(CountedDescriptor handle) {
      this.handle = handle;
    }
  }
}
