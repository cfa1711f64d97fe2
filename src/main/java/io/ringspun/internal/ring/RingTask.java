package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.Errno;
import java.util.function.ToIntFunction;

/**
 * Something that only the ring's thread may do, such as to register, on behalf of the thread that
 * made it and waits for the answer.
 */
final class RingTask extends Inbound {
  private final ToIntFunction<RingThread> work;
  private final Waiter waiter = Waiter.current();
  private final boolean ofOwnThread;

  private int result; // written before done, read after it

  /**
   * Creates a task.
   *
   * @param work run on the ring's thread; returns the kernel's answer or a negated errno
   */
  RingTask(ToIntFunction<RingThread> work) {
    this(work, false);
  }

  private RingTask(ToIntFunction<RingThread> work, boolean ofOwnThread) {
    this.work = work;
    this.ofOwnThread = ofOwnThread;
  }

  /** Creates a task about something that the kernel keeps for the ring's own thread. */
  static RingTask ofOwnThread(ToIntFunction<RingThread> work) {
    return new RingTask(work, true);
  }

  /** Returns whether no other thread may do it for the ring's. */
  boolean isOfOwnThread() {
    return ofOwnThread;
  }

  /** Does it, on the ring's thread. */
  void run(RingThread thread) {
    answer(work.applyAsInt(thread));
  }

  /** Ends it on a ring that is gone. */
  void refuse() {
    answer(-Errno.ECANCELED);
  }

  private void answer(int answer) {
    result = answer;
    setDone();
    waiter.wake();
  }

  /** Returns the answer, once it is done. */
  int result() {
    return result;
  }
}
