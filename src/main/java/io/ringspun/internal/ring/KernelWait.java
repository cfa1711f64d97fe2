package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.CallMemory;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.kernel.NativeThread;
import io.ringspun.internal.kernel.PollEntry;
import io.ringspun.internal.kernel.WakeSignal;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.AsynchronousCloseException;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Where one platform thread at a time waits for a socket in the kernel instead of handing an
 * operation to the ring's thread, which would cost two switches of threads.
 *
 * <p>Whoever closes the socket, and the ring when it is closed or fails, {@linkplain #expel expels}
 * the thread by {@link WakeSignal}. A signal that comes before the system call does not end it, so
 * it is sent until the thread has left. A thread enters before it looks whether the socket and the
 * ring are open; the others expel after they have closed. Both accesses are volatile or under the
 * lock, so one of the two sees the other.
 */
public final class KernelWait {
  /** The ring that a socket belongs to. */
  interface Ring {
    /** Returns the kernel that the ring is of. */
    Kernel kernel();

    /** Fails if the ring is closed or has failed. */
    void requireUsable(CountedDescriptor handle) throws IOException;
  }

  private static final int SPINS = 1_000;
  private static final long SIGNAL_AGAIN_NANOS = 20_000;

  private final Ring ring;
  private final CountedDescriptor handle;

  // Used by the thread that has entered.
  private final CallMemory call = new CallMemory();
  private @Nullable PollEntry poll; // made when needed

  private final SpinLock lock = new SpinLock();

  // Guarded by the lock, so that no signal is sent to a thread that has left.
  private long lastThread; // who entered last, by its number in Java
  private int lastThreadNumber; // and in the system

  private volatile boolean entered; // written under the lock

  KernelWait(Ring ring, CountedDescriptor handle) {
    this.ring = ring;
    this.handle = handle;
  }

  private boolean enter() {
    lock.take();
    try {
      if (entered) {
        return false;
      }
      long me = Thread.currentThread().threadId();
      if (me != lastThread) {
        lastThreadNumber = NativeThread.current();
        lastThread = me;
      }
      entered = true;
      return true;
    } finally {
      lock.taken = false;
    }
  }

  private void leave() {
    lock.take();
    try {
      entered = false;
    } finally {
      lock.taken = false;
    }
  }

  /**
   * Receives what is there, and waits for it if there is nothing.
   *
   * @param nanos the time limit, or 0 for none
   * @return the bytes received, 0 at the end of the stream, or a negated errno: {@code -ETIME} if
   *     the time is up, and {@code -EAGAIN} if it cannot wait here
   * @throws AsynchronousCloseException if the socket is closed
   * @throws IOException if the ring is closed or has failed
   */
  public int recv(MemorySegment target, long nanos) throws IOException {
    if (!enter()) {
      return -Errno.EAGAIN;
    }
    try {
      long deadline = nanos == 0 ? 0 : System.nanoTime() + nanos;
      while (true) {
        int flags = nanos == 0 ? 0 : Constants.MSG_DONTWAIT;
        int n = nanos == 0 ? 1 : poll(Constants.POLLIN, deadline);
        if (n > 0) {
          requireOpen();
          n =
              (int)
                  ring.kernel()
                      .recv(handle.fd(), call, target.address(), target.byteSize(), flags, target);
        }
        if (n <= 0 && !handle.isOpen()) {
          throw new AsynchronousCloseException(); // which may be why the peer has ended it
        }
        if (n != -Errno.EINTR && (n != -Errno.EAGAIN || nanos == 0)) {
          return n;
        }
      }
    } finally {
      leave();
    }
  }

  /**
   * Sends what the socket takes, and waits until it takes something.
   *
   * @return the bytes sent, or a negated errno: {@code -EAGAIN} if it cannot wait here
   * @throws AsynchronousCloseException if the socket is closed
   * @throws IOException if the ring is closed or has failed
   */
  public int send(MemorySegment source) throws IOException {
    if (!enter()) {
      return -Errno.EAGAIN;
    }
    try {
      int flags = Constants.MSG_DONTWAIT | Constants.MSG_NOSIGNAL;
      while (true) {
        requireOpen();
        int n =
            (int)
                ring.kernel()
                    .send(handle.fd(), call, source.address(), source.byteSize(), flags, source);
        boolean waits = n == -Errno.EAGAIN;
        if (waits) {
          n = poll(Constants.POLLOUT, 0);
        }
        if (n <= 0 && !handle.isOpen()) {
          throw new AsynchronousCloseException(); // which may be why the peer has ended it
        }
        if (n != -Errno.EINTR && (!waits || n < 0)) {
          return n;
        }
      }
    } finally {
      leave();
    }
  }

  private void requireOpen() throws IOException {
    if (!handle.isOpen()) {
      throw new AsynchronousCloseException();
    }
    ring.requireUsable(handle);
  }

  /**
   * Waits for an event.
   *
   * @param deadline 0 for none
   * @return 1 when there is one, or a negated errno: {@code -ETIME} when the time is up
   */
  private int poll(int events, long deadline) throws IOException {
    PollEntry entry = poll;
    if (entry == null) {
      entry = new PollEntry();
      poll = entry;
    }
    while (true) {
      requireOpen();
      Kernel kernel = ring.kernel();
      int n;
      if (deadline == 0) {
        n = entry.await(kernel, call, handle.fd(), events);
      } else {
        long left = Math.max(0, deadline - System.nanoTime());
        n = entry.awaitNanos(kernel, call, handle.fd(), events, left);
      }
      if (n != -Errno.EINTR) {
        return n == 0 ? -Errno.ETIME : n;
      }
    }
  }

  /** Waits until no thread waits here on what is closed already. */
  void expel() {
    while (entered) {
      lock.take();
      try {
        if (entered) {
          WakeSignal.send(ring.kernel(), lastThreadNumber);
        }
      } finally {
        lock.taken = false;
      }
      for (int spins = 0; entered && spins < SPINS; spins++) {
        Thread.onSpinWait();
      }
      if (entered) {
        LockSupport.parkNanos(this, SIGNAL_AGAIN_NANOS);
      }
    }
  }
}
