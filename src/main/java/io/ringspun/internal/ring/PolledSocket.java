package io.ringspun.internal.ring;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A socket as a {@link SocketPoller} knows it. It refers to the handle of the socket only while a
 * thread waits, so that a forgotten socket is found.
 *
 * <pre>
 * ABSENT  not in the set of the epoll descriptor
 * QUIET   in the set; nothing has arrived since the last look, and nobody waits
 * READY   in the set; something has arrived while nobody waited
 * a Wait  in the set; a thread waits
 * </pre>
 *
 * Whoever replaces a wait by compare-and-set is the one who ends it.
 */
final class PolledSocket {
  /** What a socket is while nobody waits for it. */
  enum Idle {
    ABSENT,
    QUIET,
    READY
  }

  /** Why a wait is over. */
  enum End {
    ARRIVED,
    CLOSED,
    CANCELLED,
    ABANDONED
  }

  /** A thread that waits, and the handle that it waits for. */
  static final class Wait {
    final CountedDescriptor handle;
    private final Thread thread = Thread.currentThread();
    private volatile @Nullable End end; // set once by whoever has taken the wait out of the socket

    Wait(CountedDescriptor handle) {
      this.handle = handle;
    }

    @Nullable End end() {
      return end;
    }

    void end(End reason) {
      end = reason;
      LockSupport.unpark(thread);
    }

    void wake() {
      LockSupport.unpark(thread);
    }
  }

  private static final VarHandle STATE;

  static {
    try {
      STATE = MethodHandles.lookup().findVarHandle(PolledSocket.class, "state", Object.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  final int fd;
  boolean closed; // guarded by this: whether the number may be another's

  @SuppressWarnings("FieldMayBeFinal") // through STATE
  private volatile Object state = Idle.ABSENT;

  PolledSocket(int fd) {
    this.fd = fd;
  }

  Object state() {
    return state;
  }

  /** Returns the wait that has not been ended, or null. */
  @Nullable Wait waiting() {
    return state instanceof Wait wait ? wait : null;
  }

  /**
   * Begins a wait if the socket is quiet, and makes it quiet if it is ready.
   *
   * @return what it was
   */
  Object begin(Wait wait) {
    Object seen = STATE.compareAndExchange(this, (Object) Idle.QUIET, (Object) wait);
    if (seen == Idle.READY) {
      replace(Idle.READY, Idle.QUIET);
    }
    return seen;
  }

  /** Returns whether the socket was in one state, and is in the other now. */
  boolean replace(Object expected, Object next) {
    return STATE.compareAndSet(this, expected, next);
  }

  /** Changes the state whatever it was; returns what it was. */
  Object set(Object next) {
    return (Object) STATE.getAndSet(this, next);
  }
}
