package io.ringspun.internal.ring;

import static io.ringspun.internal.kernel.Constants.*;

import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.ErrnoException;
import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.kernel.NativeMemory;
import io.ringspun.internal.kernel.RingMemory;
import io.ringspun.internal.kernel.SubmissionEntry;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Queue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * The platform thread that owns a ring: the only one that enters it, and the carrier of the ring's
 * virtual threads. One turn of the loop runs the virtual threads that are ready, takes what other
 * threads handed over, submits, waits if there is nothing else to do, and reaps.
 *
 * <p>Methods and fields are for this thread alone unless they say otherwise. "This thread" includes
 * any virtual thread that is mounted on it.
 */
final class RingThread extends Thread {

  // States of the wake-up protocol. WAITING is set by this thread, then the inbox is looked at once
  // more; others push to the inbox, then look at the state. Both accesses are volatile, so one side
  // always sees the other.
  private static final int RUNNING = 0;
  private static final int WAITING = 1;
  private static final int SIGNALLED = 2; // by the one thread that won the right to wake
  private static final int TERMINATED = 3;

  private static final VarHandle STATE;
  private static final VarHandle PROGRESS;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      STATE = lookup.findVarHandle(RingThread.class, "state", int.class);
      PROGRESS = lookup.findVarHandle(RingThread.class, "progress", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private static final long WAKE = -1; // user_data of the read of the eventfd
  private static final long CANCEL = -2; // user_data of every cancel

  private static final int READY_BURST = 256; // ready threads run before completions are looked at
  private static final int RETRIES_MAX = 8;
  private static final int SPARES_MAX = 4096;
  private static final int INLINE_BURST = 64; // inline hits before a carried thread steps aside

  private final EngineConfig config;
  private final Kernel kernel;
  private final RingMemory memory;
  private final SubmissionQueue submissions;
  private final CompletionQueue completions;
  private final InFlight inFlight;
  private final int eventfd;
  private final MemorySegment wakeBuffer;
  private final Inbox inbox = new Inbox(); // any thread pushes, this one takes
  private final RunQueue ready = new RunQueue();
  private final Queue<Call> queue = new ArrayDeque<>(); // calls that wait for room, oldest first
  private final CountDownLatch started = new CountDownLatch(1);
  private final CountDownLatch terminated = new CountDownLatch(1);
  private final AtomicInteger signallers = new AtomicInteger(); // threads inside wake()
  private final SubmissionEntry control = new SubmissionEntry(); // for wake-up reads and cancels
  private final int waitFlags;
  private final Scheduler scheduler = new Scheduler();

  private @Nullable Engine engine; // set before the thread starts

  private volatile int state;
  private long turn; // counts continuations run
  private long progress; // counts turns of the loop too; read by the watchdog
  private volatile boolean stopRequested; // set once by any thread
  private volatile @Nullable Throwable failure; // set once by this thread, read by any

  private boolean stopping;
  private boolean wakeArmed;
  private long[] cancels = new long[16]; // user_data of operations to cancel, not yet submitted
  private int cancelCount;
  private int cancelsInFlight;
  private final int cancelsMax;
  private @Nullable Call barrier; // a draining call in flight: nothing else may start

  // Pinned callers; see parkCarried.
  private volatile @Nullable Thread lastParked; // read by the watchdog
  private volatile long stuckTurn = -1; // set by the watchdog
  private long pumpedTurn = -1;

  private @Nullable Runnable mounted; // the continuation being run; read by the watchdog

  private final Call[] spares = new Call[SPARES_MAX];
  private int spareCount;

  private long submitted;
  private long completed;
  private long enters;
  private long wakeUps;
  private long overflows;
  private long stale;
  private long inlineHits;
  private long inlineMisses;
  private int inlineRun;
  private long inlineTurn;

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
    final Handle handle;

    CloseRequest(Handle handle) {
      this.handle = handle;
    }
  }

  /** A carried virtual thread that another thread made ready. */
  private static final class Resumption extends Inbound {
    final Runnable continuation;

    Resumption(Runnable continuation) {
      this.continuation = continuation;
    }
  }

  private RingThread(EngineConfig config, Kernel kernel, RingMemory memory, int eventfd) {
    super(config.name());
    setDaemon(true);
    this.config = config;
    this.kernel = kernel;
    this.memory = memory;
    this.eventfd = eventfd;
    wakeBuffer = NativeMemory.allocate(NativeMemory.ALIGNMENT);
    submissions = new SubmissionQueue(memory);
    completions = new CompletionQueue(memory);
    // Every operation in flight must find room in the completion queue, beside the wake-up read and
    // the cancels, which must not have to wait for what they cancel.
    cancelsMax = Math.max(1, completions.capacity() / 8);
    int limit = completions.capacity() - cancelsMax - 1;
    if (config.inFlightLimit() > 0) {
      limit = Math.min(limit, config.inFlightLimit());
    }
    inFlight = new InFlight(limit);
    waitFlags =
        IORING_ENTER_GETEVENTS
            | (memory.hasFeature(IORING_FEAT_NO_IOWAIT) ? IORING_ENTER_NO_IOWAIT : 0);
  }

  /** Any thread: makes a ring, disabled until its own thread runs, and that thread. */
  static RingThread create(EngineConfig config, Kernel kernel) throws ErrnoException {
    RingMemory memory = RingSetup.open(config, kernel);
    int eventfd = kernel.eventfd();
    if (eventfd < 0) {
      kernel.close(memory);
      throw new ErrnoException("eventfd", -eventfd);
    }
    return new RingThread(config, kernel, memory, eventfd);
  }

  /** Any thread, once: starts the loop and waits until the ring is enabled. */
  void start(Engine owner) throws ErrnoException {
    engine = owner;
    start();
    awaitUninterruptibly(started);
    if (failure instanceof RefusedException refused) {
      requestStop();
      awaitTermination();
      throw refused.cause;
    }
  }

  /** Carries a refusal of the ring's own thread to the thread that opens it. */
  private static final class RefusedException extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final transient ErrnoException cause;

    RefusedException(ErrnoException cause) {
      super(cause);
      this.cause = cause;
    }
  }

  // ---- for any thread ------------------------------------------------------------------------

  Engine engine() {
    Engine owner = engine;
    assert owner != null;
    return owner;
  }

  Executor scheduler() {
    return scheduler;
  }

  int longestChain() {
    return Math.min(submissions.capacity(), inFlight.capacity());
  }

  boolean isStopping() {
    return stopRequested;
  }

  boolean hasFailed() {
    return failure != null;
  }

  Throwable failure() {
    Throwable cause = failure;
    return cause != null ? cause : new IllegalStateException("the ring has not failed");
  }

  void requestStop() {
    stopRequested = true;
    wake();
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

  /** Gives something to this thread and makes sure that it looks. */
  void handOver(Inbound item) {
    inbox.push(item);
    wake();
    if (state == TERMINATED) {
      flush(); // the loop may have ended before it could see the item
    }
  }

  void wake() {
    if (state != WAITING) {
      return; // it will look at the inbox before it waits
    }
    signallers.incrementAndGet(); // keeps the eventfd from being closed and its number reused
    try {
      if (STATE.compareAndSet(this, WAITING, SIGNALLED)) {
        if (failure != null) {
          LockSupport.unpark(this);
        } else {
          kernel.signal(eventfd);
        }
      }
    } finally {
      signallers.decrementAndGet();
    }
  }

  /** Schedules the virtual threads that this thread carries. */
  private final class Scheduler implements Executor {
    @Override
    public void execute(Runnable continuation) {
      if (CarrierAccess.current() == RingThread.this && state != TERMINATED) {
        ready.add(continuation);
      } else {
        handOver(new Resumption(continuation));
      }
    }

    @Override
    public String toString() {
      return config.name();
    }
  }

  Counters counters(InlineCalls inline) {
    return new Counters(
        submitted,
        completed,
        enters,
        wakeUps,
        inFlight.count(),
        queue.size(),
        overflows,
        stale,
        inlineHits + inline.hits(),
        inlineMisses + inline.misses());
  }

  // ---- the watchdog's view -------------------------------------------------------------------

  /** Returns a number that changes while the loop goes round, or -1 while it waits. */
  long progress() {
    return state == WAITING ? -1 : (long) PROGRESS.getAcquire(this);
  }

  /**
   * Tells a caller that may be pinned on this thread that the loop stands still: woken, it finds
   * the turn it parked in still running, and drives the ring itself.
   */
  void standsStill() {
    stuckTurn = turn; // a racy read: at worst a caller drives the ring that could have parked
    LockSupport.unpark(lastParked);
  }

  @Nullable Runnable mounted() {
    return mounted;
  }

  // ---- the loop ------------------------------------------------------------------------------

  @Override
  public void run() {
    try {
      enable();
      started.countDown();
      while (failure == null && !isFinished()) {
        runReady();
        serve(false);
      }
      if (failure == null) {
        disarmWake();
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
    return stopping && inFlight.count() == 0 && cancelsInFlight == 0 && cancelCount == 0;
  }

  private void enable() {
    require(
        "IORING_REGISTER_ENABLE_RINGS",
        kernel.register(memory, IORING_REGISTER_ENABLE_RINGS, MemorySegment.NULL, 0));
    if (config.boundedWorkers() > 0 || config.unboundedWorkers() > 0) {
      wakeBuffer.set(ValueLayout.JAVA_INT, 0, config.boundedWorkers());
      wakeBuffer.set(ValueLayout.JAVA_INT, 4, config.unboundedWorkers());
      require(
          "IORING_REGISTER_IOWQ_MAX_WORKERS",
          kernel.register(memory, IORING_REGISTER_IOWQ_MAX_WORKERS, wakeBuffer, 2));
    }
  }

  private static void require(String what, int result) {
    if (result < 0) {
      throw new RefusedException(new ErrnoException(what, -result));
    }
  }

  private void runReady() {
    for (int budget = Math.min(ready.size(), READY_BURST); budget > 0; budget--) {
      Runnable continuation = ready.poll();
      assert continuation != null;
      mounted = continuation;
      turn++;
      PROGRESS.setRelease(this, progress + 1);
      continuation.run();
    }
    mounted = null;
  }

  /**
   * Submits and reaps once, and waits for a completion or a wake-up if there is nothing to run.
   *
   * @param pinned whether a virtual thread that cannot leave is asking, so that none can run anyway
   */
  private void serve(boolean pinned) {
    PROGRESS.setRelease(this, progress + 1);
    takeInbox();
    if (stopRequested && !stopping) {
      beginStop();
    }
    admitQueued();
    addControls();
    boolean quiet = stopping && inFlight.count() == 0;
    enter((pinned || ready.isEmpty()) && !quiet);
    reap();
  }

  private void takeInbox() {
    if (inbox.isEmpty()) {
      return;
    }
    Inbound item = inbox.takeAll();
    while (item != null) {
      Inbound following = item.next;
      item.next = null;
      switch (item) {
        case Call call -> admit(call);
        case Resumption resumption -> ready.add(resumption.continuation);
        case CancelRequest request -> cancel(request.call, request.reason);
        case CloseRequest request -> cancel(request.handle);
        default -> throw new AssertionError(item);
      }
      item = following;
    }
  }

  private void enter(boolean mayWait) {
    submissions.publish();
    int toSubmit = submissions.unconsumed();
    int queueFlags = submissions.flags();
    if ((queueFlags & IORING_SQ_CQ_OVERFLOW) != 0) {
      overflows++;
    }
    boolean wait = mayWait && wakeArmed && completions.ready() == 0 && prepareToWait();
    int flags = waitFlags;
    if (memory.hasFlag(IORING_SETUP_SQPOLL)) {
      toSubmit = 0; // the kernel's own thread takes them
      if ((queueFlags & IORING_SQ_NEED_WAKEUP) != 0) {
        flags |= IORING_ENTER_SQ_WAKEUP;
      }
    }
    boolean kernelHasWork = (queueFlags & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
    if (toSubmit == 0 && !wait && !kernelHasWork && flags == waitFlags) {
      return;
    }
    int result = kernel.enter(memory, toSubmit, wait ? 1 : 0, flags);
    enters++;
    if (wait) {
      STATE.compareAndSet(
          this, WAITING, RUNNING); // or it stays SIGNALLED until the wake-up is read
    }
    if (result < 0) {
      refused(-result);
    }
  }

  /** Announces the wait; returns false if something came in before the announcement was seen. */
  private boolean prepareToWait() {
    if (state == RUNNING) {
      STATE.setVolatile(this, WAITING);
    }
    if (inbox.isEmpty() && stopRequested == stopping) {
      return true;
    }
    STATE.compareAndSet(this, WAITING, RUNNING);
    return false;
  }

  private void refused(int errno) {
    switch (errno) {
      case Errno.EINTR -> {} // a signal; the loop comes round
      case Errno.EAGAIN, Errno.EBUSY -> {
        // No memory for requests, or completions must be taken first. Reaping follows; if there is
        // nothing to reap, let the kernel catch its breath instead of asking again at once.
        if (completions.ready() == 0) {
          LockSupport.parkNanos(100_000);
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
      if (userData == WAKE) {
        wakeArmed = false;
        wakeUps++;
        STATE.compareAndSet(this, SIGNALLED, RUNNING);
      } else if (userData == CANCEL) {
        cancelsInFlight--;
      } else {
        Operation operation = inFlight.find(userData);
        if (operation == null) {
          stale++;
        } else if ((flags & IORING_CQE_F_MORE) == 0) {
          inFlight.remove(operation);
          completed++;
          complete(operation, result);
        }
      }
    }
  }

  // ---- calls: in, through and out ------------------------------------------------------------

  /** Lets a call in: submits it, or queues it behind those that wait for room. */
  void admit(Call call) {
    if (stopping || failure != null) {
      call.cancelled = failure != null ? Call.Cancelled.RING_FAILED : Call.Cancelled.RING_CLOSED;
      finishUnsubmitted(call);
    } else if (!queue.isEmpty() || !submit(call)) {
      call.queued = true;
      queue.add(call);
    }
  }

  private void admitQueued() {
    while (!queue.isEmpty()) {
      Call call = queue.element();
      if (call.queued && !submit(call)) {
        return;
      }
      call.queued = false;
      queue.remove();
    }
  }

  /** Submits what there is room for; returns whether that was all. */
  private boolean submit(Call call) {
    if (barrier != null || (call.drain && inFlight.count() > 0)) {
      return false;
    }
    if (call.shape == Call.Shape.LINKED) {
      return submitChain(call);
    }
    while (call.submitted < call.operations.length) {
      Operation operation = call.operations[call.submitted];
      if (isClosed(operation)) {
        call.submitted++;
        finish(operation, -Errno.ECANCELED);
      } else if (submissions.room() > 0 && inFlight.room() > 0) {
        call.submitted++;
        add(operation, 0);
      } else {
        return false;
      }
    }
    return true;
  }

  /** All of a chain goes in at once: entries of different submissions are never linked. */
  private boolean submitChain(Call call) {
    int count = call.operations.length;
    for (Operation operation : call.operations) {
      if (isClosed(operation)) {
        finishUnsubmitted(call);
        return true;
      }
    }
    if (submissions.room() < count || inFlight.room() < count) {
      return false;
    }
    boolean[] hard = call.hard;
    assert hard != null;
    for (int i = 0; i < count; i++) {
      int link = hard[i] ? IOSQE_IO_HARDLINK : IOSQE_IO_LINK;
      add(call.operations[i], i == count - 1 ? 0 : link);
    }
    call.submitted = count;
    if (call.drain) {
      barrier = call;
    }
    return true;
  }

  private static boolean isClosed(Operation operation) {
    Handle handle = operation.handle;
    return handle != null && !handle.isOpen();
  }

  private void add(Operation operation, int flags) {
    submissions.add(operation, inFlight.add(operation), flags);
    submitted++;
  }

  private void complete(Operation operation, int result) {
    if (isTransient(result) && mayRepeat(operation)) {
      operation.retries++;
      Call call = operation.call;
      call.submitted = 0;
      call.queued = true;
      queue.add(call);
      return;
    }
    Handle handle = operation.handle;
    if (operation.opcode() == IORING_OP_FSYNC && handle != null && isDataLoss(-result)) {
      handle.latchSyncFailure(-result);
    }
    finish(operation, result);
  }

  private static boolean isTransient(int result) {
    return result == -Errno.EINTR || result == -Errno.EAGAIN || result == -Errno.ECANCELED;
  }

  /** A lone positional transfer can be asked for again; anything else might then happen twice. */
  private boolean mayRepeat(Operation operation) {
    Call call = operation.call;
    return operation.repeatable
        && call.operations.length == 1
        && call.cancelled == Call.Cancelled.NOT
        && operation.retries < RETRIES_MAX
        && !stopping
        && !isClosed(operation);
  }

  private static boolean isDataLoss(int errno) {
    return errno == Errno.EIO || errno == Errno.ENOSPC || errno == Errno.EDQUOT;
  }

  private void finish(Operation operation, int result) {
    operation.result = result;
    operation.finished = true;
    operation.lent = null;
    Handle handle = operation.handle;
    if (handle != null) {
      handle.release();
    }
    Call call = operation.call;
    if (--call.pending > 0) {
      if (call.cancelRest) {
        cancelSubmitted(call); // a hard link has started the next one
      }
      return;
    }
    if (call == barrier) {
      barrier = null;
    }
    Thread waiter = call.waiter; // read first: after setDone the caller may use the call again
    call.setDone();
    LockSupport.unpark(waiter);
  }

  private void finishUnsubmitted(Call call) {
    for (int i = call.submitted; i < call.operations.length; i++) {
      call.submitted = i + 1;
      finish(call.operations[i], -Errno.ECANCELED);
    }
  }

  /** Lets go of what a call that never got in was to use. Safe for any thread. */
  void abandon(Call call) {
    for (Operation operation : call.operations) {
      Handle handle = operation.handle;
      if (handle != null) {
        handle.release();
      }
    }
  }

  // ---- cancelling ----------------------------------------------------------------------------

  /** Cancels what is left of a call; it is over when the kernel has answered for all of it. */
  void cancel(Call call, Call.Cancelled reason) {
    if (call.isDone() || call.cancelled != Call.Cancelled.NOT) {
      return;
    }
    call.cancelled = reason;
    call.cancelRest = call.shape == Call.Shape.LINKED;
    cancelSubmitted(call);
    if (call.queued) {
      call.queued = false; // admitQueued drops it
      finishUnsubmitted(call);
    }
  }

  private void cancelSubmitted(Call call) {
    for (int i = 0; i < call.submitted; i++) {
      Operation operation = call.operations[i];
      if (operation.slot != Operation.NO_SLOT) {
        cancel(operation);
        if (call.shape == Call.Shape.LINKED) {
          return; // the kernel finds only the one that has started; the rest follow it
        }
      }
    }
  }

  /** Cancels everything that uses a closed descriptor. What is queued ends when its turn comes. */
  void cancel(Handle handle) {
    assert !handle.isOpen();
    for (int slot = 0; slot < inFlight.capacity(); slot++) {
      Operation operation = inFlight.at(slot);
      if (operation != null && operation.handle == handle) {
        operation.call.cancelRest = operation.call.shape == Call.Shape.LINKED;
        cancel(operation);
      }
    }
    for (Call call : queue) {
      if (call.queued && uses(call, handle)) {
        call.queued = false;
        finishUnsubmitted(call);
      }
    }
  }

  private static boolean uses(Call call, Handle handle) {
    for (int i = call.submitted; i < call.operations.length; i++) {
      if (call.operations[i].handle == handle) {
        return true;
      }
    }
    return false;
  }

  private void cancel(Operation operation) {
    if (cancelCount == cancels.length) {
      cancels = Arrays.copyOf(cancels, cancelCount * 2);
    }
    cancels[cancelCount++] = inFlight.userData(operation.slot);
  }

  /**
   * Adds what the ring itself needs, ahead of nothing: the queue has just been emptied or filled.
   */
  private void addControls() {
    if (!wakeArmed && submissions.room() > 0) {
      control.read(eventfd, wakeBuffer.address(), Long.BYTES, 0);
      submissions.add(control, WAKE, 0);
      wakeArmed = true;
    }
    while (cancelCount > 0 && cancelsInFlight < cancelsMax && submissions.room() > 0) {
      control.cancel(cancels[--cancelCount]);
      submissions.add(control, CANCEL, 0);
      cancelsInFlight++;
    }
  }

  // ---- carried threads -----------------------------------------------------------------------

  Call takeSpare() {
    if (spareCount == 0) {
      return Call.single();
    }
    Call call = spares[--spareCount];
    call.reset();
    return call;
  }

  void putSpare(Call call) {
    if (spareCount < SPARES_MAX) {
      spares[spareCount++] = call;
    }
  }

  /**
   * Parks the virtual thread that is mounted here. May return early, as parking may.
   *
   * <p>A thread with a native frame or a class initializer below it cannot leave its carrier: it
   * parks this platform thread, and nobody is left to reap. The watchdog then unparks it, and it
   * drives the ring by itself. Had it left the carrier, the turn counter would have moved.
   */
  void parkCarried(long nanos) {
    long before = turn;
    if (pumpedTurn == before) {
      pump();
      return;
    }
    lastParked = Thread.currentThread();
    if (nanos > 0) {
      LockSupport.parkNanos(engine, nanos);
    } else {
      LockSupport.park(engine);
    }
    if (turn == before && stuckTurn == before) {
      pumpedTurn = before; // still pinned at the next call of the same turn, most likely
      pump();
    }
  }

  private void pump() {
    if (failure != null) {
      return;
    }
    try {
      serve(true);
    } catch (Throwable e) {
      fail(e);
    }
  }

  @SuppressWarnings(
      "ThreadPriorityCheck") // not a hint here: our own scheduler runs the others next
  void countInline(boolean hit) {
    if (!hit) {
      inlineMisses++;
      return;
    }
    inlineHits++;
    // A thread that never has to wait would keep the ring's thread for itself.
    if (inlineTurn != turn) {
      inlineTurn = turn;
      inlineRun = 0;
    } else if (++inlineRun >= INLINE_BURST) {
      inlineRun = 0;
      Thread.yield();
    }
  }

  // ---- the end -------------------------------------------------------------------------------

  private void beginStop() {
    stopping = true;
    cancelAll(Call.Cancelled.RING_CLOSED);
  }

  private void cancelAll(Call.Cancelled reason) {
    for (Call call : queue) {
      cancel(call, reason);
    }
    queue.clear();
    for (int slot = 0; slot < inFlight.capacity(); slot++) {
      Operation operation = inFlight.at(slot);
      if (operation != null) {
        cancel(operation.call, reason);
      }
    }
  }

  /** Waits, on a carried thread, until a stopping ring has nothing in flight. */
  void awaitQuiet() {
    boolean interrupted = false;
    while (!(stopping && inFlight.count() == 0) && failure == null && state != TERMINATED) {
      parkCarried(1_000_000);
      interrupted |= Thread.interrupted();
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Ends the read of the eventfd, so that the kernel lets go of its buffer. */
  private void disarmWake() {
    while (wakeArmed) {
      if (STATE.compareAndSet(this, RUNNING, SIGNALLED)) {
        kernel.signal(eventfd);
      }
      kernel.enter(memory, submissions.unconsumed(), 1, waitFlags);
      reap();
    }
  }

  /**
   * The loop cannot go on: tells everyone. Buffers that the kernel may still write to are kept
   * reachable for ever, since nobody will see it finish.
   */
  private void fail(Throwable cause) {
    if (failure != null) {
      return;
    }
    failure = cause;
    Quarantine.keep(inFlight);
    for (Call call : queue) {
      call.cancelled = Call.Cancelled.RING_FAILED;
      finishUnsubmitted(call);
    }
    queue.clear();
    for (int slot = 0; slot < inFlight.capacity(); slot++) {
      Operation operation = inFlight.at(slot);
      if (operation != null && !operation.finished) {
        operation.slot = Operation.NO_SLOT;
        operation.call.cancelled = Call.Cancelled.RING_FAILED;
        operation.call.submitted = operation.call.operations.length;
        Object lent = operation.lent;
        finish(operation, -Errno.ECANCELED);
        operation.lent = lent;
      }
    }
  }

  /** Without a ring, this thread still carries its virtual threads, until the ring is closed. */
  private void carryOn() {
    while (!stopRequested) {
      try {
        runReady();
        takeInbox();
        if (ready.isEmpty()) {
          STATE.setVolatile(this, WAITING);
          if (inbox.isEmpty() && !stopRequested) {
            LockSupport.park(this);
          }
          STATE.setVolatile(this, RUNNING);
        }
      } catch (Throwable _) {
        // The first failure is the one that callers are told; this thread must live on for them.
      }
    }
    stopping = true;
  }

  private void terminate() {
    STATE.setVolatile(this, TERMINATED);
    flush();
    for (Runnable continuation = ready.poll(); continuation != null; continuation = ready.poll()) {
      AfterLife.EXECUTOR.execute(continuation);
    }
    while (signallers.get() > 0) {
      Thread.onSpinWait();
    }
    kernel.close(eventfd);
    kernel.close(memory);
    if (failure == null) {
      NativeMemory.free(wakeBuffer);
    }
    terminated.countDown();
  }

  /** Any thread, after the end: settles what still comes in. */
  private void flush() {
    Inbound item = inbox.takeAll();
    while (item != null) {
      Inbound following = item.next;
      switch (item) {
        case Call call -> {
          call.cancelled =
              failure != null ? Call.Cancelled.RING_FAILED : Call.Cancelled.RING_CLOSED;
          finishUnsubmitted(call);
        }
        case Resumption resumption -> AfterLife.EXECUTOR.execute(resumption.continuation);
        default -> {} // what it asks for has happened already
      }
      item = following;
    }
  }

  /** Carries virtual threads whose ring is gone. */
  private static final class AfterLife {
    static final Executor EXECUTOR =
        Executors.newCachedThreadPool(
            Thread.ofPlatform().daemon().name("ringspun-afterlife-", 0).factory());
  }
}
