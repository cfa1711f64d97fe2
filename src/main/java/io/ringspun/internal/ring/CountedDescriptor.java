package io.ringspun.internal.ring;

import io.ringspun.internal.inline.InlineMemory;
import io.ringspun.internal.inline.Place;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.kernel.SystemCall;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.channels.ClosedChannelException;
import org.jspecify.annotations.Nullable;

/**
 * Something open that counts its users, so that its number is never given back to the kernel while
 * an operation might still look it up; and what is known of it. Safe for use by multiple concurrent
 * threads.
 *
 * <pre>state: bit 31 closed | bits 0..30 users</pre>
 */
public abstract class CountedDescriptor {
  private static final int CLOSED = 1 << 31;

  private static final byte UNKNOWN = 0;
  static final byte SEEKABLE = 1;
  private static final byte STREAM = 2;

  private static final Object SEVERAL = new Object();

  private static final VarHandle STATE;
  private static final VarHandle ON_THE_SPOT;

  static {
    try {
      MethodHandles.Lookup lookup = MethodHandles.lookup();
      STATE = lookup.findVarHandle(CountedDescriptor.class, "state", int.class);
      ON_THE_SPOT = lookup.findVarHandle(CountedDescriptor.class, "onTheSpot", Object.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final int fd;
  private final int entryFlags; // a field, not a method: every submission reads it
  private final boolean direct;
  byte kind = UNKNOWN; // any thread that finds out writes the same
  boolean takesInterruptsAsJdk; // set before this is shared
  private boolean nonblocking; // set before this is shared, cleared under the monitor
  private boolean exclusive; // guarded by this: whether nobody else has what is open
  private int nonblockingCalls; // guarded by this

  @SuppressWarnings("FieldMayBeFinal") // through STATE
  private volatile int state;

  /**
   * The memory by which plain system calls on this were made: null, the only one, or {@link
   * #SEVERAL}. With many processors, whoever closes this would else look at the memory of each.
   */
  @SuppressWarnings("unused") // through ON_THE_SPOT
  private volatile @Nullable Object onTheSpot;

  private volatile @Nullable Waiter closer; // set once by the closing thread, read by the last user

  private boolean mayHaveLeft = true;

  final SyncState syncState;

  private @Nullable Place place; // any thread that finds out writes an equal one

  CountedDescriptor(int fd, int entryFlags, boolean direct, SyncState syncState) {
    assert fd >= 0;
    this.fd = fd;
    this.entryFlags = entryFlags;
    this.direct = direct;
    this.syncState = syncState;
  }

  /**
   * Returns the number for entries of operations {@linkplain Operation#on on} this. Any other use
   * must lie between {@link #acquire} and {@link #release}.
   */
  public final int fd() {
    return fd;
  }

  /** Returns the {@code IOSQE_} flags that go with {@link #fd}. */
  final int entryFlags() {
    return entryFlags;
  }

  /** Returns whether transfers go straight to a device. */
  final boolean isDirect() {
    return direct;
  }

  /**
   * Returns whether a transfer may wait indefinitely for a peer, as for a pipe or a socket, but not
   * for a file. Once this is closed the answer may be wrong; no operation on it is submitted then.
   */
  final boolean waitsForPeers() {
    if (kind == UNKNOWN) {
      if (!madeBlocking()) { // before others see the kind and submit
        return false;
      }
      kind = isSeekable() ? SEEKABLE : STREAM;
    }
    return kind == STREAM;
  }

  /** Returns whether transfers are already known to wait for a peer. */
  final boolean isKnownStream() {
    return kind == STREAM;
  }

  /** Records that transfers may wait for a peer, so that this need not be determined. */
  public final void noteStream() {
    kind = STREAM;
  }

  /**
   * Records that this was opened with {@code O_NONBLOCK} and still has it. Calls that read or write
   * a local file on the spot do not mind. A ring would refuse to wait, on file systems that cannot
   * tell whether a call waits.
   */
  public final void noteNonblocking() {
    nonblocking = true;
  }

  /**
   * Clears {@code O_NONBLOCK}, if {@link #noteNonblocking} was called; the caller is a user of the
   * number.
   */
  public final synchronized void makeBlocking() {
    if (nonblocking) {
      setNonblocking(false);
      nonblocking = false;
    }
  }

  /**
   * Makes this blocking before an operation that has not yet counted itself in. A closed one is
   * left alone, since its number may be another's by now.
   *
   * @return whether it is open, or had nothing to clear
   */
  private boolean madeBlocking() {
    if (!nonblocking) {
      return true;
    }
    enter();
    try {
      if (isOpen()) {
        makeBlocking();
      }
      return isOpen();
    } finally {
      release();
    }
  }

  /** Records that this library has opened this socket, and has not shown it to other code. */
  public final synchronized void noteExclusive() {
    exclusive = true;
  }

  /**
   * Records that other code will use what is open, by a descriptor of its own; the caller is a user
   * of the number.
   */
  public final synchronized void noteShared() {
    exclusive = false;
    makeBlocking();
  }

  /**
   * Sets {@code O_NONBLOCK} for a call on a socket that must not wait for its peer; the caller is a
   * user of the number until {@link #endNonblockingCall}.
   *
   * @return false if other code could clear it meanwhile, so that the call would wait
   */
  final synchronized boolean beginsNonblockingCall() {
    if (exclusive && nonblockingCalls++ == 0) {
      setNonblocking(true);
    }
    return exclusive;
  }

  /**
   * Clears {@code O_NONBLOCK}, which other operations need not expect, after the last such call.
   */
  final synchronized void endNonblockingCall() {
    if (--nonblockingCalls == 0) {
      setNonblocking(false);
    }
  }

  /** Has the kernel set {@code O_NONBLOCK}, or clear it. */
  abstract void setNonblocking(boolean nonblocking);

  /** Asks the kernel whether there are positions in what is open, as there are in a file. */
  abstract boolean isSeekable();

  /** Returns whether {@code close} has not been called. */
  public final boolean isOpen() {
    return state >= 0;
  }

  /**
   * Counts a user in.
   *
   * @throws ClosedChannelException if closed
   */
  public final void acquire() throws ClosedChannelException {
    if ((int) STATE.getAndAdd(this, 1) < 0) {
      release();
      throw new ClosedChannelException();
    }
  }

  /**
   * Counts a user in, whether this is closed or not: the user must look, and must not use the
   * number of one that is closed.
   */
  final void enter() {
    var _ = (int) STATE.getAndAdd(this, 1);
  }

  /** Counts a user out. */
  public final void release() {
    if ((int) STATE.getAndAdd(this, -1) - 1 == CLOSED) {
      Waiter waiting = closer;
      if (waiting != null) {
        waiting.wake();
      }
    }
  }

  /**
   * Records that a plain system call on this is about to be made by somebody who does not count in,
   * but holds the memory for this. The caller looks afterwards whether this is open.
   */
  final void noteOnTheSpot(InlineMemory memory) {
    Object known = ON_THE_SPOT.getAcquire(this); // another may have written it
    if (known == memory || known == SEVERAL) {
      return;
    }
    if (known != null || !ON_THE_SPOT.compareAndSet(this, null, memory)) {
      ON_THE_SPOT.setVolatile(this, SEVERAL);
    }
  }

  /**
   * Waits until nobody is in a plain system call on this, which is closed already.
   *
   * @return false if all memory has to be looked at for that
   */
  final boolean awaitOnTheSpot() {
    Object known = onTheSpot;
    if (known instanceof InlineMemory only) {
      only.awaitOther(this);
    }
    return known != SEVERAL;
  }

  final boolean takesInterruptsAsJdk() {
    return takesInterruptsAsJdk;
  }

  /** Remembers whether a receiver left something behind, or may have. */
  public final void noteLeft(boolean left) {
    mayHaveLeft = left;
  }

  /**
   * Returns whether there may be something to receive at once. A hint: any thread sets it, and
   * something may have arrived since.
   */
  public final boolean mayHaveLeft() {
    return mayHaveLeft;
  }

  /** Returns where this is, or null if that is unknown. */
  final @Nullable Place place() {
    return place;
  }

  /** Records where this is. */
  public final void notePlace(Place found) {
    place = found;
  }

  /** Says whether every write syncs what it wrote ({@code O_SYNC}, {@code O_DSYNC}). */
  public final void noteWritesSync(boolean sync) {
    syncState.noteWritesSync(sync);
  }

  /** Returns whether every write syncs, or may do so; queries the kernel if this is unknown. */
  final boolean writesSync(Kernel kernel) {
    return switch (syncState.writesSync()) {
      case YES -> true;
      case NO -> false;
      case UNKNOWN -> {
        long flags = // a slot does not tell
            entryFlags == 0 ? kernel.call(SystemCall.FCNTL, fd, Constants.F_GETFL) : -1;
        yield flags < 0 || (flags & Constants.O_DSYNC) != 0;
      }
    };
  }

  /** Records permanently that written data was lost: later syncs must not report success. */
  final void latchLostData(int errno) {
    syncState.latch(errno);
  }

  /** Forgets what is known of the file, since there is another in the slot now, or none. */
  final void forgetFile() {
    syncState.forget();
  }

  /** Returns the errno of the failure that lost data of this open file, or 0. */
  public final int lostData() {
    return syncState.lost();
  }

  /**
   * Returns the result of a sync, which is a failure if data was lost meanwhile: the kernel reports
   * the loss to only one of several concurrent operations.
   */
  public final int syncResult(int result) {
    int lost = lostData();
    return result >= 0 && lost != 0 ? -lost : result;
  }

  /** Refuses new users; returns whether this was the first call. */
  final boolean refuseUsers() {
    return ((int) STATE.getAndBitwiseOr(this, CLOSED) & CLOSED) == 0;
  }

  /** Sets the thread to wake when the last user leaves, or none. */
  final void noteCloser(@Nullable Waiter waiting) {
    closer = waiting; // before the count is read: pairs with release()
  }

  /** Returns whether new users are refused and none is left. */
  final boolean isUnused() {
    return state == CLOSED;
  }
}
