package io.ringspun.internal.ring;

import static io.ringspun.internal.kernel.Constants.*;

import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.kernel.Opcode;
import io.ringspun.internal.kernel.Opcode.Trait;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Calls on their way in, through and out: admitted in arrival order as the queues have room, and
 * ended when the kernel has completed all their operations. For the ring's thread.
 */
final class Dispatcher {
  private static final int RETRIES_MAX = 8;
  private static final int CANCELS_MISSED_MAX = 3;

  private final String ring;
  private final Kernel kernel;
  private final SubmissionQueue submissions;
  private final InFlight inFlight;
  private final Cancels cancels;

  /** Calls that wait for room, oldest first. */
  private final CallQueue queue = new CallQueue();

  /**
   * Exempt calls that wait for room in the submission queue, oldest first. They have a queue of
   * their own, so that none of them waits behind a call that depends on one of them.
   */
  private final CallQueue exemptQueue = new CallQueue();

  private final List<CallQueue> queues = List.of(exemptQueue, queue);
  private boolean exemptFirst; // changes each turn, so that neither keeps the other out

  /** A draining call in flight: nothing may start that is not exempt. */
  private @Nullable Call barrier;

  /** Why no call is let in any more, or {@code NOT}. */
  private Call.Cancelled ending = Call.Cancelled.NOT;

  private final Map<Integer, MessageSink> expected = new HashMap<>(); // by tag

  private boolean closedSeen; // whether a descriptor was closed that operations may be using

  // Of what was added since the last submission.
  private boolean devicePending;
  private boolean linkPending;

  private long submitted;
  private long completed;
  private long stale;

  /**
   * Creates one.
   *
   * @param ring the ring's name
   */
  Dispatcher(
      String ring, Kernel kernel, SubmissionQueue submissions, InFlight inFlight, Cancels cancels) {
    this.ring = ring;
    this.kernel = kernel;
    this.submissions = submissions;
    this.inFlight = inFlight;
    this.cancels = cancels;
  }

  long submitted() {
    return submitted;
  }

  long completed() {
    return completed;
  }

  long stale() {
    return stale;
  }

  int waiting() {
    return queue.size() + exemptQueue.size();
  }

  // ---- in ------------------------------------------------------------------------------------

  /** Lets a call in: submits it, or queues it behind those that wait for room. */
  void admit(Call call) {
    if (ending != Call.Cancelled.NOT) {
      refuse(call, ending);
    } else if (call.cancelled != Call.Cancelled.NOT) {
      refuse(call, call.cancelled); // by another thread, before this one could hand it over
    } else {
      call.hold();
      call.findExempt();
      CallQueue line = line(call);
      if (!line.isEmpty() || !submit(call)) {
        call.queued = true;
        line.add(call);
      }
    }
  }

  private CallQueue line(Call call) {
    return call.exempt ? exemptQueue : queue;
  }

  /** Submits what has waited, as far as there is room now. */
  void admitQueued() {
    exemptFirst = !exemptFirst;
    admitFrom(exemptFirst ? exemptQueue : queue);
    admitFrom(exemptFirst ? queue : exemptQueue);
  }

  private void admitFrom(CallQueue line) {
    for (Call call = line.peek(); call != null; call = line.peek()) {
      if (call.queued && !submit(call)) {
        return;
      }
      call.queued = false;
      line.remove();
    }
  }

  /** Returns whether only the submission queue's size keeps more from going in. */
  boolean waitsForQueue() {
    Call call = queue.peek();
    return !exemptQueue.isEmpty()
        || (call != null
            && mayStart(call)
            && inFlight.room()
                >= (call.shape == Call.Shape.LINKED
                    ? call.counted(call.submitted, partEnd(call))
                    : 1));
  }

  /** Returns whether no draining is in a call's way. */
  private boolean mayStart(Call call) {
    if (call.exempt || call == barrier) {
      return true;
    }
    if (barrier != null && inFlight.counted() == 0 && waitsForPeer(barrier)) {
      barrier = null;
    }
    return barrier == null && (!call.drain || call.submitted > 0 || inFlight.counted() == 0);
  }

  /** Returns whether the last operation of a chain that was submitted may wait indefinitely. */
  private static boolean waitsForPeer(Call chain) {
    return chain.operations[chain.submitted - 1].exempt;
  }

  /** Submits what there is room for; returns whether that was all. */
  private boolean submit(Call call) {
    if (!mayStart(call)) {
      return false;
    }
    try {
      return call.shape == Call.Shape.LINKED ? submitChain(call) : submitEach(call);
    } catch (VirtualMachineError e) { // out of memory: this call fails, and no other
      call.failure = e;
      cancelSubmitted(call);
      finishUnsubmitted(call);
      return true;
    }
  }

  private boolean submitEach(Call call) {
    while (call.submitted < call.operations.length) {
      Operation operation = call.operations[call.submitted];
      if (operation.finished) {
        call.submitted++;
      } else if (operation.isClosed() || isPointless(operation)) {
        boolean isLast = ++call.submitted == call.operations.length;
        finish(operation, operation.isClosed() ? -Errno.ECANCELED : -Errno.ENOENT);
        if (isLast) {
          return true; // the caller may be using the call again
        }
      } else if (submissions.room() > 0 && (operation.exempt || inFlight.room() > 0)) {
        add(operation, 0);
        call.submitted++;
      } else {
        return false;
      }
    }
    return true;
  }

  /** Returns whether its target has ended or not begun. */
  private static boolean isPointless(Operation operation) {
    Operation target = operation.target;
    return target != null && target.slot == Operation.NO_SLOT;
  }

  /** A part of a chain goes in at once: entries of different submissions are never linked. */
  private boolean submitChain(Call call) {
    for (Operation operation : call.operations) {
      if (operation.isClosed()) {
        finishUnsubmitted(call);
        return true;
      }
    }
    int start = call.submitted;
    int end = partEnd(call);
    if (submissions.room() < call.entries(start, end)
        || inFlight.room() < call.counted(start, end)) {
      return false;
    }
    inFlight.reserve(
        call.entries(start, end)); // or a part of the chain could be submitted without the rest
    boolean[] hard = call.hard;
    assert hard != null;
    for (int i = start; i < end; i++) {
      int link = hard[i] ? IOSQE_IO_HARDLINK : IOSQE_IO_LINK;
      int onward = i == end - 1 ? 0 : link;
      Operation operation = call.operations[i];
      if (operation.limit == null) {
        add(operation, onward);
      } else {
        add(operation, link);
        add(operation.limit, onward);
      }
    }
    call.submitted = end;
    if (call.drain && start == 0) {
      barrier = call;
    }
    return true;
  }

  /**
   * Returns where the next part of a chain ends. That is the chain's end, unless there is an
   * operation on the way, with a soft link behind it, whose failure the kernel does not see ({@code
   * io_fsync}, for one, never marks its request as failed): it would not break the link, and what
   * stands there must not run. So the rest goes in when that operation has succeeded.
   */
  private static int partEnd(Call call) {
    boolean[] hard = call.hard;
    assert hard != null;
    for (int i = call.submitted; i < hard.length; i++) {
      if (!hard[i] && Opcode.has(call.operations[i].opcode(), Trait.KEEPS_LINK)) {
        return i + 1;
      }
    }
    return hard.length;
  }

  private void add(Operation operation, int links) {
    int flags = links;
    CountedDescriptor handle = operation.handle;
    if (handle != null) {
      devicePending |= handle.isDirect();
      flags |= handle.entryFlags();
    }
    Operation target = operation.target;
    if (target != null) {
      operation.aim(inFlight.userData(target.slot));
    }
    linkPending |= links != 0;
    Tick now = Tick.current();
    if (operation.tick != now) { // many are of the same, and comparing is cheaper
      operation.tick = now;
    }
    submissions.add(operation, inFlight.add(operation), flags);
    submitted++;
  }

  /**
   * Returns whether what was added since the last submission may be submitted bit by bit, and is
   * better off that way.
   */
  boolean isSplittable() {
    return devicePending && !linkPending;
  }

  /** Records that everything has been submitted. */
  void submittedAll() {
    devicePending = false;
    linkPending = false;
  }

  /** Begins to take what other rings send under a tag. */
  int expect(int tag, MessageSink messages) {
    expected.put(tag, messages);
    return 0;
  }

  /** Ends it. */
  int expectNoMore(int tag) {
    expected.remove(tag);
    return 0;
  }

  // ---- out -----------------------------------------------------------------------------------

  /** Handles a completion of an operation. An unexpected one is counted and dropped. */
  void complete(long userData, int result, int flags) {
    Operation operation = inFlight.find(userData);
    if (operation == null) {
      MessageSink messages = expected.get((int) userData);
      if (messages != null) {
        messages.arrived(userData, result);
      } else {
        stale++;
      }
      return;
    }
    CompletionSink multishot = operation.multishot;
    boolean isFull =
        multishot != null && result != -Errno.ECANCELED && multishot.arrived(result, flags);
    if ((flags & IORING_CQE_F_MORE) != 0) { // the kernel still has it
      if (multishot == null) {
        sent(operation, result, flags);
      } else if (isFull || operation.call.cancelled != Call.Cancelled.NOT) {
        cancel(operation); // again: the kernel does not find a timer that has just fired
      }
      return;
    }
    inFlight.remove(operation);
    completed++;
    if (isTransient(result) && mayRepeat(operation)) {
      operation.retries++;
      Call call = operation.call;
      call.submitted = 0;
      call.queued = true;
      line(call).add(call);
      return;
    }
    CountedDescriptor handle = operation.handle;
    if (result < 0 && handle != null && mayHaveLostData(operation, handle, -result)) {
      handle.latchLostData(-result);
    }
    if (operation.other != null && result >= 0) {
      CountedDescriptor slot = operation.changedSlot();
      if (slot != null) {
        slot.forgetFile();
      }
    }
    if (operation.opcode() == IORING_OP_RECV && handle != null) {
      handle.noteLeft((flags & IORING_CQE_F_SOCK_NONEMPTY) != 0);
    }
    int outcome = result;
    if ((flags & IORING_CQE_F_NOTIF) != 0) {
      outcome = operation.result;
    } else {
      operation.flags = flags;
    }
    if (operation.tick != Tick.current()) {
      reportIfSlow(operation, outcome);
    }
    finish(operation, outcome);
  }

  /**
   * Reports an operation that was in flight for long. Multishot operations are, all of them; and a
   * time limit is an operation only for the kernel.
   */
  private void reportIfSlow(Operation operation, int result) {
    Tick tick = operation.tick;
    SlowOperation begun = tick == null ? null : tick.begun();
    if (begun == null || operation.multishot != null || operation.isLimit()) {
      return;
    }
    CountedDescriptor handle = operation.handle;
    FlightRecording.operationEnds(
        begun,
        ring,
        Opcode.describe(operation.opcode()),
        handle == null ? -1 : handle.fd(),
        result,
        operation.call.waiter);
  }

  /** A zero-copy send is done; what is left is to give the memory back, without the descriptor. */
  private static void sent(Operation operation, int result, int flags) {
    operation.result = result;
    operation.flags = flags;
    CountedDescriptor handle = operation.handle;
    if (result >= 0 && handle != null) {
      operation.handle = null;
      handle.release(); // the peer may keep the memory for long, and must not keep it from closing
    }
  }

  private static boolean isTransient(int result) {
    return result == -Errno.EINTR || result == -Errno.EAGAIN || result == -Errno.ECANCELED;
  }

  /**
   * Only a single positional transfer can be resubmitted; anything else might then happen twice.
   */
  private boolean mayRepeat(Operation operation) {
    Call call = operation.call;
    return operation.repeatable
        && call.operations.length == 1
        && call.cancelled == Call.Cancelled.NOT
        && operation.retries < RETRIES_MAX
        && ending == Call.Cancelled.NOT
        && !operation.isClosed();
  }

  /**
   * Returns whether a failure may be what the kernel says once of each open file when it has
   * dropped data that was written before. It says so to whatever waits for the device: with the
   * device's own error, or any that a file system likes, so that only refusals can be told apart.
   */
  private boolean mayHaveLostData(Operation operation, CountedDescriptor handle, int errno) {
    if (isRefusal(errno)) {
      return false;
    }
    int opcode = operation.opcode();
    if (Opcode.has(opcode, Trait.SYNCS)) {
      return true;
    }
    if (errno == Errno.EFBIG) {
      return false;
    }
    if (Opcode.has(opcode, Trait.WRITES)) {
      return (operation.operationFlags() & (RWF_DSYNC | RWF_SYNC)) != 0
          || handle.writesSync(kernel);
    }
    return opcode == IORING_OP_SPLICE && handle.writesSync(kernel); // the target's
  }

  /** Returns whether an error says that an operation was not done at all. */
  private static boolean isRefusal(int errno) {
    return switch (errno) {
      case Errno.EBADF,
          Errno.EFAULT,
          Errno.EINVAL,
          Errno.ESPIPE,
          Errno.EAGAIN,
          Errno.EINTR,
          Errno.ECANCELED ->
          true;
      default -> errno == Operation.ERESTARTSYS;
    };
  }

  private void finish(Operation operation, int result) {
    operation.result = operation.settled(result);
    operation.finished = true;
    if (operation.slot == Operation.NO_SLOT) { // else the kernel may still have it
      operation.lent = null;
    }
    operation.release();
    if (operation.hasMissed()) {
      cancelLimited(operation);
    }
    Claim claim = operation.claim;
    if (claim != null) {
      operation.claim = null;
      claim.ended(operation.wasCancelled());
    }
    CompletionSink multishot = operation.multishot;
    Call call = operation.call;
    if (--call.pending > 0) {
      if (call.shape == Call.Shape.LINKED) {
        goOn(call);
      } else if (call.shape == Call.Shape.RACE && (result >= 0 || claim != null)) {
        cancelSubmitted(call);
        finishUnsubmitted(call);
      }
      return;
    }
    if (call == barrier) {
      barrier = null;
    }
    Thread waiter = call.waiter; // read first: after setDone the caller may use the call again
    call.setDone();
    LockSupport.unpark(waiter);
    if (multishot != null) {
      multishot.disarmed();
    }
  }

  /** Continues a chain of which an operation has ended. */
  private void goOn(Call call) {
    int unsubmitted = call.entries(call.submitted, call.operations.length);
    if (unsubmitted == 0 || call.pending > unsubmitted) {
      if (call.cancelRest) {
        cancelSubmitted(call); // a hard link has started the next one
      }
    } else if (call.operations[call.submitted - 1].result < 0
        || call.cancelRest
        || ending != Call.Cancelled.NOT) {
      finishUnsubmitted(call);
    } else {
      call.queued = true;
      line(call).addFirst(call); // it had been admitted before, so it overtakes no call
    }
  }

  private void finishUnsubmitted(Call call) {
    int from = call.submitted;
    call.submitted = call.operations.length;
    for (int i = from; i < call.operations.length; i++) {
      Operation operation = call.operations[i];
      if (!operation.finished) {
        Operation limit = operation.limit;
        finish(operation, -Errno.ECANCELED);
        if (limit != null) {
          finish(limit, -Errno.ECANCELED);
        }
      }
    }
  }

  /** Ends a call that never got in. */
  void refuse(Call call, Call.Cancelled reason) {
    call.cancelled = reason;
    finishUnsubmitted(call);
  }

  // ---- cancelling ----------------------------------------------------------------------------

  /** Cancels the rest of a call, which ends when all its operations have completed. */
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

  /**
   * Cancels an operation that its linked timeout did not find or could not end: while a worker
   * handed it over to be polled, the timeout missed it, and it would now wait indefinitely.
   */
  private void cancelLimited(Operation limit) {
    for (Operation operation : limit.call.operations) {
      if (operation.limit == limit && operation.slot != Operation.NO_SLOT) {
        cancel(operation);
      }
    }
  }

  private void cancel(Operation operation) {
    cancels.add(inFlight.userData(operation.slot));
  }

  /**
   * Checks the result of a cancel. If it missed an operation that is still in flight, it is retried
   * several times: a worker may have been handing the operation over to be polled, and it would now
   * wait indefinitely.
   */
  void cancelAnswered(long userData, int result) {
    if (result != -Errno.ENOENT && result != -Errno.EALREADY) {
      return;
    }
    Operation operation = inFlight.find(userData);
    if (operation != null && operation.cancelsMissed < CANCELS_MISSED_MAX) {
      operation.cancelsMissed++;
      cancels.add(userData);
    }
  }

  /** Cancels, before the next submission, everything that uses a closed descriptor. */
  void cancel(CountedDescriptor handle) {
    assert !handle.isOpen();
    closedSeen = true; // however many are closed at once, one look at the table finds all
  }

  /** Cancels everything that uses descriptors that were closed. */
  void cancelClosed() {
    if (!closedSeen) {
      return;
    }
    closedSeen = false;
    cancel(Operation::isClosed);
  }

  /** Cancels operations on behalf of other threads. */
  void cancel(Cancellation cancellation) {
    cancel(cancellation::claims);
    cancellation.settle();
  }

  private void cancel(Predicate<Operation> unwanted) {
    for (int slot = 0; slot < inFlight.slots(); slot++) {
      Operation operation = inFlight.at(slot);
      if (operation != null && unwanted.test(operation)) {
        operation.call.cancelRest = operation.call.shape == Call.Shape.LINKED;
        cancel(operation);
      }
    }
    for (CallQueue line : queues) {
      line.forEach(
          call -> {
            if (call.queued) {
              cancelWaiting(call, unwanted);
            }
          });
    }
  }

  /** A waiting chain ends; a waiting batch loses the cancelled operations. */
  private void cancelWaiting(Call call, Predicate<Operation> unwanted) {
    boolean isOver = false;
    for (int i = call.submitted; i < call.operations.length; i++) {
      Operation operation = call.operations[i];
      if (operation.finished || !unwanted.test(operation)) {
        continue;
      }
      if (call.shape == Call.Shape.LINKED) {
        isOver = true;
        continue;
      }
      call.queued = call.pending > 1; // before the caller may use the call again
      finish(operation, -Errno.ECANCELED);
    }
    if (isOver) {
      call.queued = false;
      finishUnsubmitted(call);
    }
  }

  /** Lets no call in any more and cancels all that are. */
  void beginStop() {
    ending = Call.Cancelled.RING_CLOSED;
    for (CallQueue line : queues) {
      line.forEach(call -> cancel(call, ending));
      line.clear();
    }
    for (int slot = 0; slot < inFlight.slots(); slot++) {
      Operation operation = inFlight.at(slot);
      if (operation != null) {
        cancel(operation.call, ending);
      }
    }
  }

  /**
   * Ends every call now, because no further completion will be seen. Lent memory is first marked as
   * lost, so that waiting threads find it so, and stays reachable from the table for the life of
   * the process.
   */
  void fail() {
    ending = Call.Cancelled.RING_FAILED;
    UnansweredOperations.keep(inFlight);
    for (CallQueue line : queues) {
      line.forEach(
          call -> {
            if (call.queued) {
              call.queued = false;
              refuse(call, ending);
            }
          });
      line.clear();
    }
    for (int slot = 0; slot < inFlight.slots(); slot++) {
      Operation operation = inFlight.at(slot);
      if (operation != null) {
        operation.call.cancelled = ending;
        operation.call.cancelRest = false;
        finish(operation, -Errno.ECANCELED);
      }
    }
  }
}
