package io.ringspun.os;

import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.memory.NativePool;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.Handle;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The registration of an {@link EventFd} that a ring signals until the registration is closed; see
 * {@link EventFd#signalledBy}. Safe for use by multiple concurrent threads.
 *
 * @since 0.1
 */
public final class CompletionSignals implements AutoCloseable {
  private final Engine ring;
  private final AtomicBoolean closed = new AtomicBoolean();

  private CompletionSignals(Engine ring) {
    this.ring = ring;
  }

  static CompletionSignals begin(Handle counter, Engine ring) throws IOException {
    ring.requireUsable();
    counter.acquire();
    try (NativePool.Block block = NativePool.take(Integer.BYTES)) {
      block.memory().set(ValueLayout.JAVA_INT, 0, counter.fd());
      int result =
          ring.register(
              Constants.IORING_REGISTER_EVENTFD, block.memory().asSlice(0, Integer.BYTES), 1);
      if (result == -Errno.ECANCELED) {
        ring.requireUsable();
      }
      SystemDescriptor.check("IORING_REGISTER_EVENTFD", result);
    } finally {
      counter.release();
    }
    return new CompletionSignals(ring);
  }

  /**
   * Stops the signals ({@code IORING_UNREGISTER_EVENTFD}, Linux 5.2). Blocks until the ring's
   * thread has done so; an interrupt does not end the wait. A last signal may still arrive
   * afterwards. Closing again has no effect.
   */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      ring.register(Constants.IORING_UNREGISTER_EVENTFD, MemorySegment.NULL, 0);
    }
  }
}
