package io.ringspun.raw;

import io.ringspun.Descriptor;
import io.ringspun.OperationException;
import io.ringspun.OperationTimeoutException;
import io.ringspun.Ring;
import io.ringspun.RingClosedException;
import io.ringspun.RingFailedException;
import io.ringspun.RingOptions;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.internal.ring.Handle;
import java.io.IOException;

/**
 * Low-level access to a ring: runs raw operations, reserves slots for chains, and cancels calls.
 *
 * {@snippet :
 * RawResult result = Raw.of(ring).run(RawOperation.of(opcode).on(file).length(1));
 * }
 *
 * <p>Immutable, and safe for use by multiple concurrent threads. There is nothing to close; the
 * caller still closes the ring.
 *
 * @since 0.1
 */
public final class Raw {
  private final Engine engine;

  private Raw(Engine engine) {
    this.engine = engine;
  }

  /**
   * Returns the low-level view of a ring. Does not block.
   *
   * @param ring any ring
   * @return a view of it
   */
  public static Raw of(Ring ring) {
    return new Raw(EngineAccess.of(ring));
  }

  /**
   * Runs a raw operation and blocks until it completes. A virtual thread parks meanwhile, a
   * platform thread waits. If the operation succeeds before an interrupt, a time limit or a close
   * can cancel it, its result is returned; the caller owns descriptors in the result.
   *
   * <p>A zero-copy send returns when the kernel has released its memory, with the result and the
   * flags of its first completion.
   *
   * @param operation the operation to run
   * @return the kernel's result
   * @throws IllegalArgumentException if a ring cannot run the operation safely; if its memory is
   *     empty, on the heap, of a shared arena, confined to another thread, shorter than its length,
   *     or read-only though the kernel writes to it; or if a descriptor is registered with another
   *     ring
   * @throws IllegalStateException if a segment's arena is closed
   * @throws java.nio.channels.ClosedChannelException if a descriptor is closed
   * @throws OperationException if the operation fails: with {@code EINVAL} if the kernel does not
   *     support it, and with {@code ETIME} if an {@code IORING_OP_TIMEOUT} without {@code
   *     IORING_TIMEOUT_ETIME_SUCCESS} expires
   * @throws OperationTimeoutException if the operation exceeds its time limit
   * @throws RingClosedException if the ring is closed, before or during the call
   * @throws RingFailedException if the ring has failed
   * @throws java.io.InterruptedIOException if the thread is interrupted
   * @throws java.nio.channels.AsynchronousCloseException if a descriptor is closed during the call
   * @throws IOException if another I/O error occurs
   */
  public RawResult run(RawOperation operation) throws IOException {
    return operation.run(engine);
  }

  /**
   * Reserves a slot in the ring's table of registered files, for a file or a socket that a chain
   * opens and then uses. Does not block. A ring opened with {@link RingOptions#withRegisteredFiles}
   * has 64 such slots in addition to those requested there, or fewer if the limit on open files
   * ({@code RLIMIT_NOFILE}) is too low; other rings have none. A registered listener may take one,
   * too.
   *
   * @return the slot, empty, for the caller to close, before or after the ring
   * @throws IllegalArgumentException if the ring has no table of registered files
   * @throws RingClosedException if the ring is closed
   * @throws RingFailedException if the ring has failed
   * @throws java.io.InterruptedIOException if the thread is interrupted
   * @throws OperationException if all slots are in use, with {@code ENFILE}
   * @throws IOException if another I/O error occurs
   */
  public TableSlot tableSlot() throws IOException {
    return TableSlot.take(engine);
  }

  /**
   * Cancels all calls on a descriptor that run on this ring, both those in flight ({@code
   * IORING_OP_ASYNC_CANCEL}, Linux 5.5) and those waiting for submission. The descriptor stays
   * open. The calls throw {@link OperationCancelledException}. In a chain or a batch the steps on
   * the descriptor end with {@code ECANCELED}, and so do later steps of the chain. To cancel the
   * call of a single thread, interrupt the thread.
   *
   * <p>Blocks until these calls have ended. Operations that the hardware has started are awaited,
   * and an interrupt does not end the wait. Each call either completes or is cancelled. Streams,
   * pollers and tickers, which keep a multishot operation in flight, are not cancelled: close them
   * instead. Calls that begin meanwhile and calls on other rings are not affected.
   *
   * @param descriptor the descriptor whose calls are cancelled
   * @return how many operations were cancelled
   */
  public int cancel(Descriptor descriptor) {
    Handle handle = Handle.of(descriptor);
    return engine.cancelWhere(operation -> operation.uses(handle));
  }

  /**
   * Cancels every call of this ring with an opcode, for example every accept, as {@link
   * #cancel(Descriptor)} does.
   *
   * @param opcode an {@code IORING_OP_} number
   * @return how many operations were cancelled
   */
  public int cancel(int opcode) {
    return engine.cancelWhere(operation -> operation.opcode() == opcode);
  }

  /**
   * Cancels every call of this ring, as {@link #cancel(Descriptor)} does.
   *
   * @return how many operations were cancelled
   */
  public int cancelAll() {
    return engine.cancelWhere(_ -> true);
  }

  @Override
  public String toString() {
    return "Raw[%s]".formatted(engine);
  }
}
