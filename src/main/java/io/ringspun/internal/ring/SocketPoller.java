package io.ringspun.internal.ring;

import io.ringspun.internal.inline.InlineMemory;
import io.ringspun.internal.kernel.CallMemory;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.EpollEntry;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.kernel.SystemCall;
import io.ringspun.internal.log.Log;
import io.ringspun.internal.ring.PolledSocket.End;
import io.ringspun.internal.ring.PolledSocket.Idle;
import io.ringspun.internal.ring.PolledSocket.Wait;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * Where virtual threads that no ring carries wait for bytes to arrive at their sockets while a ring
 * is busy. A receive that is handed over wakes the ring's thread twice, and its caller is unparked
 * from a thread outside of its scheduler. Here a virtual thread of the default scheduler, the
 * <i>poller</i>, takes what has arrived from an epoll descriptor and unparks the waiting threads of
 * its scheduler, many at a time. Only if nothing has arrived it waits for the epoll descriptor
 * through the ring.
 *
 * <p>A socket is added once, edge-triggered, so a wait takes no system call. An edge is no promise:
 * a thread that is woken tries to receive, and waits again if there is nothing. It may wait only
 * after such a try, because what had arrived before makes no edge. A socket whose edges nobody
 * waits for is removed, and added again by the next wait.
 *
 * <p>Safe for use by multiple concurrent threads.
 */
public final class SocketPoller {
  private static final Log LOG = Log.of("io.ringspun");
  private static final int EVENTS_MAX = 512;
  private static final long LOOK_AGAIN_NANOS = 20_000;
  private static final int EDGES = Constants.EPOLLET | Constants.POLLIN | Constants.POLLRDHUP;

  private final Ring ring;
  private final EpollDescriptor epoll;
  private final Map<Integer, PolledSocket> sockets = new ConcurrentHashMap<>(); // by descriptor
  private final AtomicInteger waiting = new AtomicInteger(); // at least the number of waits

  // Written by the poller, read by any thread.
  private volatile @Nullable Thread thread;
  private volatile boolean idle; // it parks until somebody waits
  private volatile @Nullable Call polling; // it waits through the ring

  private volatile boolean ended; // set once by any thread

  /** The ring that sockets belong to. */
  interface Ring {
    /** Returns the kernel that the ring is of. */
    Kernel kernel();

    /** Returns what makes plain system calls. */
    InlineCalls inline();

    /** Returns how the ring was set up. */
    EngineConfig config();

    /** Returns whether calls can begin. */
    boolean isUsable();

    /** Returns the blank operation of a new call. */
    Operation single();

    /** Cancels a call without waiting for the cancellation. */
    void cancel(Call call);

    /** Returns what says that a call took too long. */
    IOException timedOut(long nanos);

    /** Returns what says that a call was cancelled on request. */
    IOException cancelled();
  }

  /** The epoll descriptor, with the users of its number. */
  private static final class EpollDescriptor extends CountedDescriptor {
    EpollDescriptor(int fd) {
      super(fd, 0, false, new SyncState());
      noteStream();
    }

    @Override
    void setNonblocking(boolean nonblocking) {
      throw new AssertionError("it has no transfers");
    }

    @Override
    boolean isSeekable() {
      return false;
    }
  }

  private SocketPoller(Ring ring, int fd) {
    this.ring = ring;
    epoll = new EpollDescriptor(fd);
  }

  /** Creates one and starts its thread; returns null if the system has no descriptor for it. */
  static @Nullable SocketPoller open(Ring ring) {
    int fd = (int) ring.kernel().call(SystemCall.EPOLL_CREATE1, Constants.O_CLOEXEC);
    if (fd < 0) {
      return null;
    }
    SocketPoller poller = new SocketPoller(ring, fd);
    // A virtual thread has the scheduler of the thread that makes it; a platform thread makes it
    // one of the default scheduler.
    Thread.Builder builder =
        Thread.ofVirtual()
            .name(ring.config().name() + "-poller")
            .inheritInheritableThreadLocals(false);
    try {
      LibraryThreads.builder().start(() -> poller.start(builder));
    } catch (Throwable e) {
      ring.kernel().close(fd);
      throw e;
    }
    return poller;
  }

  /** Returns whether the poller neither waits nor is about to wait, so that it finds new waits. */
  boolean isActive() {
    return !idle && polling == null && !ended;
  }

  // ---- for threads that wait -----------------------------------------------------------------

  /**
   * Waits until something may have arrived at a socket from which the caller could receive nothing.
   *
   * @param handle of the socket
   * @param limitNanos the time limit of the call, or 0 for none
   * @param end when the time is up, on the clock of {@link System#nanoTime}
   * @return false if it must wait through the ring instead, for example because another thread
   *     waits here for the same socket
   * @throws InterruptedIOException if the thread is interrupted
   * @throws AsynchronousCloseException if the socket is closed meanwhile
   * @throws IOException if the time is up, or the wait was cancelled
   */
  boolean await(PolledSocket socket, CountedDescriptor handle, long limitNanos, long end)
      throws IOException {
    Wait wait = new Wait(handle);
    waiting.incrementAndGet(); // first, so that an error of this thread never makes it too small
    Object seen = socket.begin(wait);
    while (seen == Idle.ABSENT && add(socket)) {
      seen = socket.begin(wait);
    }
    if (seen != Idle.QUIET) {
      left();
      return seen == Idle.READY;
    }
    if (idle) {
      LockSupport.unpark(thread);
    }
    try {
      return switch (awaitEnd(wait, limitNanos, end)) {
        case ARRIVED -> true;
        case CLOSED -> throw new AsynchronousCloseException();
        case CANCELLED -> throw ring.cancelled();
        case ABANDONED -> false;
      };
    } finally {
      if (wait.end() == null) {
        leave(socket, wait);
      }
    }
  }

  /** Waits until a wait of the calling thread is over, and returns why. */
  private End awaitEnd(Wait wait, long limitNanos, long end) throws IOException {
    while (true) {
      End reason = wait.end();
      if (reason != null) {
        return reason;
      }
      if (ended) { // after the wait has begun: pairs with end()
        return End.ABANDONED;
      }
      if (Thread.currentThread().isInterrupted()) {
        throw new InterruptedIOException("interrupted; the operation was cancelled");
      }
      if (limitNanos == 0) {
        LockSupport.park();
        continue;
      }
      long left = end - System.nanoTime();
      if (left <= 0) {
        throw ring.timedOut(limitNanos);
      }
      LockSupport.parkNanos(left);
    }
  }

  private void leave(PolledSocket socket, Wait wait) {
    if (socket.replace(wait, Idle.QUIET)) {
      left();
    }
  }

  /** Counts out a thread that nothing has arrived for. */
  private void left() {
    if (waiting.decrementAndGet() == 0) {
      Call call = polling;
      if (call != null) {
        ring.cancel(call); // or the ring would have an operation that nobody needs
      }
    }
  }

  /** Adds a socket to the set unless that has happened; returns false if it cannot be done. */
  private boolean add(PolledSocket socket) {
    synchronized (socket) {
      if (socket.closed || ended) {
        return false;
      }
      if (socket.state() != Idle.ABSENT) {
        return true;
      }
      sockets.put(socket.fd, socket);
      socket.set(Idle.QUIET); // first, or the poller would ignore the edge that this makes
      int result = control(Constants.EPOLL_CTL_ADD, socket.fd);
      if (result == -Errno.EEXIST) {
        result = control(Constants.EPOLL_CTL_MOD, socket.fd);
      }
      if (result < 0) {
        end(socket, End.ABANDONED);
      }
      return result >= 0;
    }
  }

  private int control(int action, int fd) {
    try {
      epoll.acquire();
    } catch (ClosedChannelException _) {
      return -Errno.EBADF;
    }
    try (InlineMemory memory = ring.inline().memory()) {
      long event = memory.event(EDGES, fd);
      SystemCall call = SystemCall.EPOLL_CTL;
      return (int) ring.kernel().call(memory.call(), call, epoll.fd(), action, fd, event, 0, 0);
    } finally {
      epoll.release();
    }
  }

  // ---- for threads that end waits ------------------------------------------------------------

  /** Forgets a socket that is closed already, and ends the wait for it. */
  void remove(PolledSocket socket) {
    synchronized (socket) {
      socket.closed = true;
      sockets.remove(socket.fd, socket);
      if (socket.state() != Idle.ABSENT) {
        control(Constants.EPOLL_CTL_DEL, socket.fd); // others may have what is open, too
      }
      end(socket, End.CLOSED);
    }
  }

  /** Forgets the socket with a number that is about to be closed, if it has one. */
  void remove(int fd) {
    PolledSocket socket = sockets.get(fd);
    if (socket != null) {
      remove(socket);
    }
  }

  private void end(PolledSocket socket, End reason) {
    if (socket.set(Idle.ABSENT) instanceof Wait wait) {
      left();
      wait.end(reason);
    }
  }

  /** Ends waits as {@link Engine#cancelWhere} ends operations; returns how many. */
  int cancel(Predicate<Operation> wanted) {
    int cancelled = 0;
    for (PolledSocket socket : sockets.values()) {
      Wait wait = socket.waiting();
      if (wait != null && wanted.test(receive(wait)) && socket.replace(wait, Idle.QUIET)) {
        left();
        wait.end(End.CANCELLED);
        cancelled++;
      }
    }
    return cancelled;
  }

  /** Returns the operation that a wait stands for. */
  private Operation receive(Wait wait) {
    Operation operation = ring.single().on(wait.handle);
    operation.recvPolledFirst(wait.handle.fd(), 0, 0, 0);
    return operation;
  }

  /** Has all threads go on through the ring, which is not usable any more, or does better. */
  void end() {
    ended = true;
    for (PolledSocket socket : sockets.values()) {
      Wait wait = socket.waiting();
      if (wait != null) {
        wait.wake();
      }
    }
    LockSupport.unpark(thread);
  }

  /** Closes the epoll descriptor of a ring that is closed, once. */
  void close() {
    end();
    if (epoll.refuseUsers()) {
      while (!epoll.isUnused()) {
        LockSupport.parkNanos(LOOK_AGAIN_NANOS); // no system call that uses it waits
      }
      ring.kernel().close(epoll.fd());
    }
  }

  private void start(Thread.Builder builder) {
    try {
      builder.start(this::run);
    } catch (Throwable e) {
      end();
      throw e;
    }
  }

  // ---- for the poller ------------------------------------------------------------------------

  @SuppressWarnings("ThreadPriorityCheck") // the threads that it has woken go first
  private void run() {
    thread = Thread.currentThread();
    CallMemory call = new CallMemory();
    MemorySegment events = Arena.ofAuto().allocate(EVENTS_MAX * EpollEntry.SIZE_BYTES, Long.BYTES);
    try {
      while (!ended && ring.isUsable()) {
        int count = take(call, events);
        int woken = 0;
        for (int i = 0; i < count; i++) {
          PolledSocket socket = sockets.get((int) EpollEntry.data(events, i));
          if (socket != null && wakes(socket)) {
            woken++;
          }
        }
        if (woken > 0) {
          waiting.addAndGet(-woken);
        }
        if (count > 0) {
          Thread.yield();
        } else {
          awaitEdge();
        }
      }
    } catch (ClosedChannelException _) {
      // The ring is closed.
    } catch (Throwable e) {
      LOG.warn("the poller of {} failed; its sockets wait through the ring", ring, e);
    } finally {
      end();
    }
  }

  private int take(CallMemory call, MemorySegment events) throws ClosedChannelException {
    epoll.acquire();
    try {
      long address = events.address();
      Kernel kernel = ring.kernel();
      int n =
          (int) kernel.call(call, SystemCall.EPOLL_PWAIT, epoll.fd(), address, EVENTS_MAX, 0, 0, 0);
      if (n < 0 && n != -Errno.EINTR) {
        throw new IllegalStateException("epoll_pwait failed: " + Errno.describe(-n));
      }
      return n;
    } finally {
      epoll.release();
    }
  }

  /** Takes note of an edge; returns whether a thread waited for it. */
  private boolean wakes(PolledSocket socket) {
    while (true) {
      Object seen = socket.state();
      if (seen instanceof Wait wait) {
        if (socket.replace(wait, Idle.QUIET)) {
          wait.end(End.ARRIVED);
          return true;
        }
      } else if (seen == Idle.QUIET) {
        if (socket.replace(Idle.QUIET, Idle.READY)) {
          return false;
        }
      } else if (seen == Idle.ABSENT || socket.replace(Idle.READY, Idle.ABSENT)) {
        synchronized (socket) {
          if (seen == Idle.READY && !socket.closed && socket.state() == Idle.ABSENT) {
            control(Constants.EPOLL_CTL_DEL, socket.fd); // nobody waits here for it any more
          }
        }
        return false;
      }
    }
  }

  /** Waits until there is an edge, but as long as nobody waits for one only until somebody does. */
  private void awaitEdge() {
    if (waiting.get() == 0) {
      idle = true;
      if (waiting.get() == 0 && !ended) {
        LockSupport.park();
      }
      idle = false;
      return;
    }
    Operation operation = ring.single().on(epoll);
    operation.pollAdd(epoll.fd(), Constants.POLLIN, 0);
    polling = operation.call;
    try {
      int result = waiting.get() == 0 ? 0 : operation.runUncancellable();
      if (result < 0 && result != -Errno.ECANCELED) {
        throw new IllegalStateException("poll of epoll failed: " + Errno.describe(-result));
      }
    } finally {
      polling = null;
    }
  }
}
