package io.ringspun.internal.ring;

import io.ringspun.internal.memory.CarrierThread;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * A thread that waits for another one, and the ring that carries it: if it is pinned there, it sits
 * in the kernel instead of in park.
 */
record Waiter(Thread thread, @Nullable Carrier carrier) {

  static Waiter current() {
    Carrier carrier = CarrierThread.current() instanceof Carrier ring ? ring : null;
    return new Waiter(Thread.currentThread(), carrier);
  }

  /** Parks this thread, the calling one; {@code nanos} is 0 for no limit. May return early. */
  void park(long nanos) {
    if (carrier != null
        && carrier == (Object) CarrierThread.current()) { // it may have left a ring that was closed
      carrier.parkCarried(nanos);
    } else if (nanos > 0) {
      LockSupport.parkNanos(this, nanos);
    } else {
      LockSupport.park(this);
    }
  }

  void wake() {
    LockSupport.unpark(thread);
    if (carrier != null) {
      carrier.wake();
    }
  }
}
