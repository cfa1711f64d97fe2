package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.NativeThread;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A lock that a ring's own thread takes, too, for what ends at once: it is never held across a
 * monitor or a lock that others may have, an allocation of native memory, or anything else that
 * could unmount a virtual thread.
 *
 * <p>A monitor would not do. It wakes those that wait for it one after the other; if the next is a
 * virtual thread, and the ring's thread waits behind it, only the ring's thread could run it. Here
 * nobody waits in a queue, and nobody that waits leaves its thread: who has the lock is always
 * mounted, and goes on as soon as it has a processor.
 *
 * <pre>{@code
 * lock.take();
 * try {
 *   ...
 * } finally {
 *   lock.taken = false; // a store: no call, for which there may be no stack left
 * }
 * }</pre>
 */
final class SpinLock {
  private static final int SPINS = 64;
  private static final VarHandle TAKEN;

  static {
    try {
      TAKEN = MethodHandles.lookup().findVarHandle(SpinLock.class, "taken", boolean.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  /** Whether a thread has it; that thread sets it to false. */
  volatile boolean taken;

  /** Takes the lock when it is free. It is not reentrant. */
  void take() {
    for (int spins = 0; taken || !TAKEN.compareAndSet(this, false, true); spins++) {
      if (spins < SPINS) {
        Thread.onSpinWait();
      } else {
        NativeThread.yieldProcessor(); // to the thread that has the lock, should it have none
      }
    }
  }
}
