package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Kernel;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Something open that counts its users, so that its number is never given back to the kernel while
 * an operation might still look it up. Of two kinds that cannot be confused: what needs a number
 * that is good outside of a ring takes a {@link RawHandle}. Safe for use by many threads.
 *
 * <pre>state: bit 31 closed | bits 0..30 users</pre>
 */
public abstract sealed class Handle permits RawHandle, RegisteredHandle {
  private static final int CLOSED = 1 << 31;

  private static final byte UNKNOWN = 0;
  static final byte SEEKABLE = 1;
  private static final byte STREAM = 2;

  private static final VarHandle STATE;
  private static volatile @Nullable Function<Object, Handle> key;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(Handle.class, "state", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final int fd;
  private final int entryFlags; // a field, not a method: every submission reads it
  private final boolean direct;
  private final Engine home;
  byte kind = UNKNOWN; // any thread that finds out writes the same
  final HandleCleaner.Registration cleaning;
  boolean takesInterruptsAsJdk; // set before the handle is shared

  @SuppressWarnings("FieldMayBeFinal") // through STATE
  private volatile int state;

  private volatile @Nullable Thread waiting; // set once by close(), read by the last user
  private @Nullable Engine closerRing; // written before waiting, read after it

  private boolean mayHaveLeft = true;

  final SyncState syncState;

  /**
   * Takes charge of something open.
   *
   * @param fd its number, given back by {@link #close}
   * @param entryFlags {@code IOSQE_} flags of entries that carry the number
   * @param direct whether transfers go past the page cache, straight to a device
   * @param home the ring for operations of threads that no ring carries
   * @param syncState shared by all handles of one open file
   */
  Handle(int fd, int entryFlags, boolean direct, Engine home, SyncState syncState) {
    assert fd >= 0;
    this.fd = fd;
    this.entryFlags = entryFlags;
    this.syncState = syncState;
    this.direct = direct;
    this.home = home;
    cleaning = HandleCleaner.watch(this, fd, entryFlags != 0, home);
  }

  /** Returns how many of these nobody closed until nothing referred to them any more. */
  public static long abandoned() {
    return HandleCleaner.found();
  }

  /**
   * Says that the number is somebody else's, and not to be closed when nothing refers to this any
   * more.
   */
  public final void leaveOpen() {
    cleaning.disarm();
  }

  /** Called once, by the class whose instances have handles. */
  public static void setKey(Function<Object, Handle> handleOf) {
    key = handleOf;
  }

  /** Returns the handle behind something that users see. */
  public static Handle of(Object descriptor) {
    Function<Object, Handle> handleOf = key;
    assert handleOf != null : "there is a descriptor, so its class is loaded";
    return handleOf.apply(descriptor);
  }

  final boolean takesInterruptsAsJdk() {
    return takesInterruptsAsJdk;
  }

  /**
   * Returns the number that entries which are {@linkplain Operation#using using} this carry. Any
   * other use must lie between {@link #acquire} and {@link #release}.
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
   * Returns whether a transfer may wait for ever for somebody, as that of a pipe or a socket may,
   * and that of a file may not. Once this is closed the answer may be wrong; no operation on it is
   * submitted then.
   */
  final boolean waitsForPeers() {
    if (kind == UNKNOWN) {
      kind = isSeekable() ? SEEKABLE : STREAM;
    }
    return kind == STREAM;
  }

  /** Notes that transfers may wait for somebody, so that nobody needs to find out. */
  public final void noteStream() {
    kind = STREAM;
  }

  /** Asks the kernel whether there are positions in what is open, as there are in a file. */
  abstract boolean isSeekable();

  /**
   * Returns the ring for the calling thread's operations: for a descriptor of the process the
   * thread's carrier, else the home ring.
   */
  public final Engine engine() {
    if (entryFlags != 0) {
      return home;
    }
    Engine carrier = Engine.carryingCurrentThread();
    return carrier != null ? carrier : home;
  }

  /** Returns whether operations on a ring can use this. */
  public final boolean isUsableOn(Engine engine) {
    return entryFlags == 0 || engine == home;
  }

  /** Returns the ring for what no thread in particular does. */
  public final Engine home() {
    return home;
  }

  /** Returns whether {@link #close} has not been called. */
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
      Thread closing = waiting;
      if (closing != null) {
        LockSupport.unpark(closing);
        Engine ring = closerRing;
        if (ring != null) {
          ring.thread().wake(); // a closer that is pinned there sits in the kernel, not in park
        }
      }
    }
  }

  /**
   * Runs one operation that may wait for somebody, on the ring for the calling thread.
   *
   * @param lent stays reachable meanwhile
   * @param nanos the time limit, or 0 for none
   * @return the result, or a negated errno
   * @throws IOException as {@link Engine#run} does, or if this is closed
   */
  public final int run(Encoder encoder, @Nullable Object lent, long nanos) throws IOException {
    return run(engine(), encoder, lent, nanos);
  }

  /**
   * Runs one operation on this and another descriptor, which may wait for ever; it ends when either
   * is closed.
   *
   * @param ring where, which must be able to use both
   * @param nanos the time limit, or 0 for none
   * @return the result, or a negated errno
   * @throws IOException as {@link Engine#run} does, or if either is closed
   */
  public final int runWith(Handle other, Engine ring, Encoder encoder, long nanos)
      throws IOException {
    Call call = ring.single().timeoutNanos(nanos);
    Operation operation = call.operation(0);
    encoder.encode(operation, fd);
    operation.using(this, other, null).openEnded();
    return ring.run(call);
  }

  /** Runs one operation likewise, on a ring that can use this. */
  public final int run(Engine engine, Encoder encoder, @Nullable Object lent, long nanos)
      throws IOException {
    Call call = engine.single().timeoutNanos(nanos);
    Operation operation = call.operation(0);
    encoder.encode(operation, fd);
    operation.using(this, lent).openEnded();
    return engine.run(call);
  }

  /** What a call does in several operations; returns how far it came. */
  public interface Steps {
    /** Does it. */
    long run() throws IOException;
  }

  /**
   * Runs a call of several operations: if this is closed between two of them, it was closed
   * meanwhile.
   *
   * @throws ClosedChannelException if this is closed already
   * @throws AsynchronousCloseException if this is closed meanwhile
   * @throws IOException if a step throws it
   */
  public final long inSteps(Steps steps) throws IOException {
    if (!isOpen()) {
      throw new ClosedChannelException();
    }
    try {
      return steps.run();
    } catch (AsynchronousCloseException e) {
      throw e;
    } catch (ClosedChannelException e) {
      throw isOpen() ? e : new AsynchronousCloseException();
    }
  }

  /**
   * Puts what is open into a ring's table, too, where its {@link FileTable} has kept a slot.
   *
   * @param target which has not got it yet
   * @param nanos the time limit, or 0 for none
   * @return the slot there, or a negated errno: {@code -ECANCELED} if that ring is gone
   * @throws IOException as {@link Engine#run} does, or if this is closed
   */
  public abstract int share(Engine target, long nanos) throws IOException;

  /** Takes charge of what {@link #share} has put into a slot. */
  public final RegisteredHandle sharedAt(int slot, Engine target) {
    RegisteredHandle twin = new RegisteredHandle(slot, direct, target, syncState);
    if (kind == STREAM) {
      twin.noteStream();
    }
    return twin;
  }

  /**
   * Refuses new users, cancels what waits on the descriptor on any ring, waits for the last user to
   * leave, then closes it through a ring. The first call does all this; any other returns at once.
   *
   * @throws IOException if the kernel reports an error from the close itself
   */
  public final void close() throws IOException {
    close(this::giveBack);
  }

  /** Gives back a number that nobody uses any more. */
  public interface Closer {
    /** Gives it back. */
    void close(Engine engine, int number) throws IOException;
  }

  /**
   * Closes this as {@link #close()} does, but by other means.
   *
   * @throws IOException if the closer does
   */
  public final void close(Closer closer) throws IOException {
    close(() -> closer.close(engine(), fd()));
  }

  /** Gives a number back to the kernel. */
  interface Ending {
    void run() throws IOException;
  }

  /**
   * Refuses new users, cancels what waits on the descriptor on any ring, waits for the last user to
   * leave, then gives the number back. The first call does all this; any other returns at once.
   *
   * @throws IOException if the kernel reports an error from the close itself
   */
  final void close(Ending ending) throws IOException {
    if (((int) STATE.getAndBitwiseOr(this, CLOSED) & CLOSED) != 0) {
      return;
    }
    closerRing = Engine.carryingCurrentThread();
    waiting = Thread.currentThread(); // before the count is read: pairs with release()
    LiveRings.awaitUnused(this);
    if (state != CLOSED) {
      LiveRings.cancelEverywhere(this);
      Engine.awaitUninterruptibly(() -> state == CLOSED);
    }
    waiting = null;
    cleaning.disarm(); // from here on the number is no longer this one's
    ending.run();
  }

  /** Gives the number back to the kernel, once nobody uses it. */
  abstract void giveBack() throws IOException;

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

  /** Says whether every write syncs what it wrote ({@code O_SYNC}, {@code O_DSYNC}). */
  public final void noteWritesSync(boolean sync) {
    syncState.noteWritesSync(sync);
  }

  /** Returns whether every write syncs, or may do so; asks the kernel if nobody has said so. */
  final boolean writesSync(Kernel kernel) {
    return switch (syncState.writesSync()) {
      case YES -> true;
      case NO -> false;
      case UNKNOWN -> {
        int flags = entryFlags == 0 ? kernel.getFlags(fd) : -1; // a slot does not tell
        yield flags < 0 || (flags & Constants.O_DSYNC) != 0;
      }
    };
  }

  /** Remembers that written data was lost, for good: later syncs must not claim success. */
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
   * Returns the result of a sync of this, which is a failure if data was lost meanwhile: of several
   * operations that were under way the kernel tells only one.
   */
  public final int syncResult(int result) {
    int lost = lostData();
    return result >= 0 && lost != 0 ? -lost : result;
  }
}
