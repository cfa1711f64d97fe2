package io.ringspun.internal.ring;

import java.io.IOException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Something open of this library's: its operations, on which ring they run, and how it is closed.
 * Of two kinds that cannot be confused: what needs a number that is good outside of a ring takes a
 * {@link RawHandle}. Safe for use by multiple concurrent threads.
 */
public abstract sealed class Handle extends CountedDescriptor permits RawHandle, RegisteredHandle {
  /** Why a file cannot be synced any more; see {@link #lostData}. */
  public static final String DATA_LOST =
      "an earlier sync lost written data, so the file can no longer be synced";

  private static volatile @Nullable Function<Object, Handle> key;

  private final Engine home;
  final HandleCleaner cleaner;

  /**
   * Takes ownership of an open descriptor or slot.
   *
   * @param fd its number, given back by {@link #close}
   * @param entryFlags {@code IOSQE_} flags of entries that carry the number
   * @param direct whether transfers go past the page cache, straight to a device
   * @param home the ring for operations of threads that no ring carries
   * @param syncState shared by all handles of one open file
   */
  Handle(int fd, int entryFlags, boolean direct, Engine home, SyncState syncState) {
    super(fd, entryFlags, direct, syncState);
    this.home = home;
    cleaner = HandleCleaner.watch(this, fd, entryFlags != 0, home);
  }

  /** Returns how many handles became unreachable without having been closed. */
  public static long abandoned() {
    return HandleCleaner.found();
  }

  /**
   * Marks the number as owned by other code, so that it is not closed when this becomes
   * unreachable.
   */
  public final void leaveOpen() {
    cleaner.disarm();
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

  /**
   * Returns the ring for the calling thread's operations: for a descriptor of the process the
   * thread's carrier, else the home ring.
   */
  public final Engine engine() {
    if (entryFlags() != 0) {
      return home;
    }
    Engine carrier = Engine.carryingCurrentThread();
    return carrier != null ? carrier : home.unheld();
  }

  /** Returns whether operations on a ring can use this. */
  public final boolean isUsableOn(Engine engine) {
    return entryFlags() == 0 || engine == home;
  }

  /**
   * Refuses a ring that does not know this.
   *
   * @param shown what users know this as
   */
  public final void requireUsableOn(Engine engine, Object shown) {
    if (!isUsableOn(engine)) {
      throw new IllegalArgumentException(
          "%s is registered with another ring than %s".formatted(shown, engine));
    }
  }

  /** Returns the ring for what no thread in particular does. */
  public final Engine home() {
    return home;
  }

  /** Returns a blank operation on this, on the ring for the calling thread. */
  public final Operation single() {
    return engine().single().on(this);
  }

  /** A call of several operations; returns how many bytes it has transferred. */
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
   * @return the slot there, or a negated errno: {@code -ECANCELED} if that ring is closed or has
   *     failed
   * @throws IOException as {@link Engine#run} does, or if this is closed
   */
  public abstract int share(Engine target, long nanos) throws IOException;

  /** Takes ownership of what {@link #share} has put into a slot. */
  public final RegisteredHandle sharedAt(int slot, Engine target) {
    RegisteredHandle twin = new RegisteredHandle(slot, isDirect(), target, syncState);
    if (isKnownStream()) {
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

  /** Releases a number that is no longer in use. */
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

  /** Closes a number. */
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
    if (!refuseUsers()) {
      return;
    }
    if (!awaitOnTheSpot()) {
      LiveRings.awaitUnused(this);
    }
    expelWaiting();
    if (!isUnused()) {
      noteCloser(Waiter.current());
      LiveRings.cancelEverywhere(this);
      Engine.awaitUninterruptibly(this::isUnused);
      noteCloser(null);
    }
    cleaner.disarm(); // from here on the number is no longer this one's
    ending.run();
  }

  /** Waits until no thread waits by itself for what is closed already. */
  abstract void expelWaiting();

  /** Closes the number when it is no longer in use. */
  abstract void giveBack() throws IOException;
}
