package io.ringspun.internal.ring;

import static io.ringspun.internal.kernel.Constants.*;

import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.Opcode;
import io.ringspun.internal.kernel.Opcode.Trait;
import io.ringspun.internal.kernel.SubmissionEntry;
import io.ringspun.internal.memory.LentMemory;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * One submission and its completion. Filled by the calling thread, then owned by the ring's thread
 * until its call has ended; {@link Call} orders the two.
 */
public final class Operation extends SubmissionEntry {
  static final int NO_SLOT = -1;

  /** Like EINTR, and not meant for us to see: an opening that a cancel wakes lets it out. */
  static final int ERESTARTSYS = 512;

  final Call call;

  /** The descriptor it works on, so that closing one can find it. */
  @Nullable CountedDescriptor handle;

  /** Another descriptor that it works on, or null. */
  @Nullable CountedDescriptor other;

  /** Further descriptors that the kernel looks up meanwhile; the caller keeps them open. */
  @Nullable List<? extends CountedDescriptor> named;

  /** The operation that this one cancels or updates, whose number the kernel gets. */
  @Nullable Operation target;

  /** Its linked timeout, the next operation in a chain, or null. */
  @Nullable Operation limit;

  /**
   * Whatever owns the memory that the kernel was lent; reachable until the completion. A {@link
   * LentMemory}, the segment itself if it is the caller's own, or an array of such.
   */
  @Nullable Object lent;

  /** Whether doing it twice does no harm, so that a transient refusal may be retried. */
  boolean repeatable;

  /**
   * Whether it is exempt from the in-flight limit and from draining: it may wait indefinitely for a
   * peer, or it ends such a wait.
   */
  boolean exempt;

  /** Whether it receives a message of a stream, where one without bytes is the end. */
  boolean ofStream;

  /** Where completions go if there can be many. */
  @Nullable CompletionSink multishot;

  /** Set by the ring's thread: the cancellation that waits for its end. */
  @Nullable Claim claim;

  /** Set by the ring's thread: its slot in the in-flight table, or {@link #NO_SLOT}. */
  int slot = NO_SLOT;

  /** Set by the ring's thread, read by the caller once the call is done. */
  int result;

  /** Set by the ring's thread: the {@code IORING_CQE_F_} flags of the completion. */
  int flags;

  boolean finished;

  /** Set by the ring's thread: when it was submitted, or null if it never was. */
  @Nullable Tick tick;

  /** Set by the ring's thread: whether it counts as a user of its descriptors. */
  private boolean holds;

  byte retries;
  byte cancelsMissed;

  Operation(Call call) {
    this.call = call;
  }

  // ---- what it works on, and how -------------------------------------------------------------

  /** Sets the descriptor that it works on: it ends when that is closed. */
  public Operation on(@Nullable CountedDescriptor handle) {
    this.handle = handle;
    exempt |= handle != null && handle.waitsForPeers();
    return this;
  }

  /** Sets another descriptor that it works on: it ends when either is closed. */
  public Operation with(@Nullable CountedDescriptor other) {
    this.other = other;
    exempt |= other != null && other.waitsForPeers();
    return this;
  }

  /**
   * Sets the memory that must stay reachable while the operation is in flight.
   *
   * @param lent what owns the memory: a {@link LentMemory}, the segment itself if it is the
   *     caller's own, or an array of such
   */
  public Operation lending(@Nullable Object lent) {
    this.lent = lent;
    return this;
  }

  /** Sets two owners of memory that must stay reachable while the operation is in flight. */
  public Operation lending(Object first, Object second) {
    return lending(new Object[] {first, second});
  }

  /**
   * Limits the wait of a call that has no other operation.
   *
   * @param nanos the limit, or 0 for none
   */
  public Operation within(long nanos) {
    assert call.size() == 1;
    call.within(nanos);
    return this;
  }

  /** Sets further descriptors that it uses: it ends when one of them is closed. */
  public Operation naming(List<? extends CountedDescriptor> handles) {
    named = handles;
    return this;
  }

  /**
   * Sets the target operation of this one, on the same ring. If the target is not in flight when
   * this is submitted, the result is {@code -ENOENT}.
   */
  public Operation about(Operation operation) {
    target = operation;
    return this;
  }

  /** Marks the operation as one that may be resubmitted after a transient refusal. */
  public Operation repeatable() {
    repeatable = true;
    return this;
  }

  /** Marks the operation as multishot. */
  Operation deliverTo(CompletionSink arrivals) {
    multishot = arrivals;
    return this;
  }

  /** Marks the operation as one that may wait indefinitely for a peer. */
  public Operation openEnded() {
    exempt = true;
    return this;
  }

  /** Marks the received message as part of a stream, which has no empty messages. */
  public Operation ofStream() {
    ofStream = true;
    return this;
  }

  // ---- running it alone -----------------------------------------------------------------------

  /** Encodes an operation: calls the method of {@link SubmissionEntry} for its opcode. */
  public interface Encoder {
    /**
     * Encodes it.
     *
     * @param fd the number of the descriptor that it works {@linkplain #on on}; {@code AT_FDCWD} if
     *     there is none, as for the name of a file relative to the current directory
     */
    void encode(Operation operation, int fd);
  }

  /** Has an encoder fill it. What is set by other methods than encoding ones stays. */
  public Operation encode(Encoder encoder) {
    encoder.encode(this, handle == null ? AT_FDCWD : handle.fd());
    return this;
  }

  /**
   * Runs it and waits until it has ended, interrupted or not. Only for an operation of {@link
   * Engine#single}, which must not be used any more afterwards.
   *
   * @return the result, or a negated errno
   * @throws IOException as {@link Engine#run} does
   */
  public int run() throws IOException {
    return runner().run(call);
  }

  /** Encodes it, then runs it as {@link #run()} does. */
  public int run(Encoder encoder) throws IOException {
    return encode(encoder).run();
  }

  /**
   * Runs it as {@link Engine#runUncancellable} does. Only for an operation of {@link
   * Engine#single}.
   *
   * @return the result, or a negated errno
   */
  public int runUncancellable() {
    return runner().runUncancellable(call);
  }

  private Call.Runner runner() {
    Call.Runner runner = call.runner;
    assert runner != null : "it is of Engine.single";
    return runner;
  }

  // ---- in flight -----------------------------------------------------------------------------

  /** Returns whether it works on a descriptor. */
  public boolean uses(CountedDescriptor descriptor) {
    return handle == descriptor
        || other == descriptor
        || (named != null && named.contains(descriptor));
  }

  private boolean has(Trait trait) {
    return Opcode.has(opcode(), trait);
  }

  /** Returns whether its result, if it succeeds, is a new descriptor of the process. */
  boolean opensDescriptor() {
    return has(Trait.OPENS) && !fillsSlot();
  }

  /** Returns the slot that it has filled or emptied if it has succeeded, or null. */
  @Nullable CountedDescriptor changedSlot() {
    return has(Trait.CHANGES_SLOT) ? other : null;
  }

  /** Returns whether its end, which has come, was a cancel's doing. */
  boolean wasCancelled() {
    return result == -Errno.ECANCELED
        || ((result == -Errno.EINTR || result == -ERESTARTSYS)
            && (call.cancelled != Call.Cancelled.NOT || isClosed() || isOverdue()));
  }

  /** Returns whether its own limit ended it, once the call is done. */
  public boolean timedOut() {
    return isOverdue() && wasCancelled();
  }

  /** Returns whether its limit was up first, whatever that then found to cancel. */
  private boolean isOverdue() {
    return limit != null
        && limit.finished
        && (limit.result >= 0 || limit.result == -Errno.ETIME || limit.hasMissed());
  }

  /** Returns whether it limits the time of another. */
  boolean isLimit() {
    return opcode() == IORING_OP_LINK_TIMEOUT;
  }

  /** Returns whether it is a limit that was up, and did not find or not end what it limits. */
  boolean hasMissed() {
    return isLimit() && (result == -Errno.ENOENT || result == -Errno.EALREADY);
  }

  /** Returns whether a descriptor that it works on is closed. */
  boolean isClosed() {
    return isClosed(handle)
        || isClosed(other)
        || (named != null && named.stream().anyMatch(Operation::isClosed));
  }

  private static boolean isClosed(@Nullable CountedDescriptor handle) {
    return handle != null && !handle.isOpen();
  }

  /** Returns whether a ring that polls devices takes it. */
  boolean isPollable() {
    boolean isDirectTransfer = has(Trait.TRANSFERS) && handle != null && handle.isDirect();
    return isDirectTransfer || opcode() == IORING_OP_NOP;
  }

  /** Returns whether a descriptor that it works on is closed already, before it is submitted. */
  boolean comesTooLate() {
    return isClosed(handle) || isClosed(other);
  }

  /**
   * Counts it as a user of the descriptors that it works on, until {@link #release}. It must not be
   * submitted if one of them is {@linkplain #isClosed() closed} by then.
   */
  void hold() {
    if (handle != null) {
      handle.enter();
    }
    if (other != null) {
      other.enter();
    }
    holds = true;
  }

  /** Ends what {@link #hold} began, if that was called. */
  void release() {
    if (!holds) {
      return;
    }
    holds = false;
    if (handle != null) {
      handle.release();
    }
    if (other != null) {
      other.release();
    }
  }

  /**
   * Converts the kernel's result to the result for the caller. Once a descriptor is being closed,
   * the end of a stream or an error of the peer may be caused by the close itself: then the
   * operation counts as cancelled by the close. A number of bytes transferred is returned in any
   * case.
   */
  int settled(int kernelResult) {
    boolean mayComeOfClose =
        kernelResult < 0 ? has(Trait.PEER) : kernelResult == 0 && endsWithZero();
    return mayComeOfClose && isClosed() ? -Errno.ECANCELED : kernelResult;
  }

  /** Returns whether a result of 0 says that nothing more will come. */
  private boolean endsWithZero() {
    return has(Trait.ZERO_IS_END) || (ofStream && opcode() == IORING_OP_RECVMSG);
  }

  /** Marks it as exempt if every operation of its kind is exempt, whatever its descriptor. */
  void exemptByOpcode() {
    exempt |= has(Trait.WAITS) || has(Trait.ENDS_WAIT);
  }

  /**
   * Returns the result once the call is done: as the kernel gave it, or a negated errno, which is
   * {@code ECANCELED} for whatever a cancel has ended.
   */
  public int result() {
    return wasCancelled() ? -Errno.ECANCELED : result;
  }

  /** Returns the {@code IORING_CQE_F_} flags of the completion. */
  public int flags() {
    return flags;
  }

  void reset() {
    handle = null;
    other = null;
    named = null;
    target = null;
    lent = null;
    repeatable = false;
    ofStream = false;
    exempt = false;
    retries = 0;
    cancelsMissed = 0;
    finished = false;
    assert slot == NO_SLOT;
  }
}
