package io.ringspun.internal.ring;

import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.channels.ClosedChannelException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A raw file descriptor that counts its users, so that its number is never given back to the kernel
 * while an operation might still look it up. Safe for use by many threads.
 *
 * <pre>state: bit 31 closed | bits 0..30 users</pre>
 */
public final class Handle {
  private static final int CLOSED = 1 << 31;
  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(Handle.class, "state", int.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  private final int fd;
  private final boolean direct;
  private final Engine home;
  private boolean takesInterruptsAsJdk; // set before the handle is shared

  @SuppressWarnings("FieldMayBeFinal") // through STATE
  private volatile int state;

  private volatile @Nullable Thread waiting; // set once by close(), read by the last user
  private @Nullable Engine closerRing; // written before waiting, read after it
  private volatile int failedSync; // errno of the first sync that lost data; set by ring threads

  /**
   * Takes charge of a descriptor.
   *
   * @param fd the descriptor, closed by {@link #close}
   * @param direct whether transfers go past the page cache, straight to a device
   * @param home the ring for operations of threads that no ring carries
   */
  public Handle(int fd, boolean direct, Engine home) {
    assert fd >= 0;
    this.fd = fd;
    this.direct = direct;
    this.home = home;
  }

  /**
   * Has interrupts do what they do to a {@link java.net.Socket}: a platform thread's call goes on,
   * and a virtual thread's is cancelled only if it would have to wait.
   */
  public Handle takingInterruptsAsJdk() {
    takesInterruptsAsJdk = true;
    return this;
  }

  boolean takesInterruptsAsJdk() {
    return takesInterruptsAsJdk;
  }

  /** Returns the number, to be used between {@link #acquire} and {@link #release} only. */
  public int fd() {
    return fd;
  }

  /** Returns whether transfers go straight to a device. */
  boolean isDirect() {
    return direct;
  }

  /** Returns the ring for the calling thread's operations: its carrier, else the home ring. */
  public Engine engine() {
    Engine carrier = Engine.carryingCurrentThread();
    return carrier != null ? carrier : home;
  }

  /** Returns whether {@link #close} has not been called. */
  public boolean isOpen() {
    return state >= 0;
  }

  /**
   * Counts a user in.
   *
   * @throws ClosedChannelException if closed
   */
  public void acquire() throws ClosedChannelException {
    if ((int) STATE.getAndAdd(this, 1) < 0) {
      release();
      throw new ClosedChannelException();
    }
  }

  /** Counts a user out. */
  public void release() {
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

  /** Closes a raw descriptor that nobody uses any more. */
  public interface Closer {
    /** Closes it. */
    void close(Engine engine, int fd) throws IOException;
  }

  /**
   * Closes the descriptor through a ring; see {@link #close(Closer)}.
   *
   * @throws IOException if the kernel reports an error from the close itself
   */
  public void close() throws IOException {
    close(Engine::closeDescriptor);
  }

  /**
   * Refuses new users, cancels what waits on the descriptor on any ring, waits for the last user to
   * leave, then closes the descriptor. The first call does all this; any other returns at once.
   *
   * @throws IOException if the closer does
   */
  public void close(Closer closer) throws IOException {
    if (((int) STATE.getAndBitwiseOr(this, CLOSED) & CLOSED) != 0) {
      return;
    }
    closerRing = Engine.carryingCurrentThread();
    waiting = Thread.currentThread(); // before the count is read: pairs with release()
    Engine.awaitUnused(this);
    if (state != CLOSED) {
      Engine.cancelEverywhere(this);
      Engine.awaitUninterruptibly(() -> state == CLOSED);
    }
    waiting = null;
    closer.close(engine(), fd);
  }

  /** Remembers that dirty data was lost, for good: later syncs must not claim success. */
  void latchSyncFailure(int errno) {
    if (failedSync == 0) {
      failedSync = errno;
    }
  }

  /** Returns the errno of the sync that failed on this descriptor, or 0. */
  public int failedSync() {
    return failedSync;
  }

  @Override
  public String toString() {
    return "fd " + fd + (isOpen() ? "" : " (closed)");
  }
}
