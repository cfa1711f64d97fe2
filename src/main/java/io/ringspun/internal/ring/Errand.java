package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.kernel.RingMemory;

/**
 * Something that only the ring's thread may ask of the kernel, on behalf of the thread that made it
 * and waits for the answer.
 */
final class Errand extends Inbound {
  /** What is to be asked. */
  interface Work {
    /** Asks; returns the kernel's answer or a negated errno. */
    int run(Kernel kernel, RingMemory ring);
  }

  private final Work work;
  private final Waiter waiter = Waiter.current();

  private int result; // written before done, read after it
  private volatile boolean done; // set once by the ring's thread, or whoever settles what it left

  Errand(Work work) {
    this.work = work;
  }

  /** Does it, on the ring's thread. */
  void run(Kernel kernel, RingMemory ring) {
    answer(work.run(kernel, ring));
  }

  /** Ends it on a ring that is gone. */
  void refuse() {
    answer(-Errno.ECANCELED);
  }

  private void answer(int answer) {
    result = answer;
    done = true;
    waiter.wake();
  }

  boolean isDone() {
    return done;
  }

  /** Returns the answer, once it is done. */
  int result() {
    return result;
  }
}
