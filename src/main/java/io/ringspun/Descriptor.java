package io.ringspun;

import io.ringspun.internal.ring.Handle;
import java.lang.foreign.MemorySegment;

/**
 * An open object that operations work on, for example a file or a socket. It counts the operations
 * that use it, so its descriptor number is never reused while an operation may still look it up.
 *
 * <p>A descriptor that is not closed explicitly is closed some time after it becomes unreachable,
 * like the JDK's channels. An {@linkplain io.ringspun.os.RingFd#adopt adopted} descriptor stays
 * open instead. Programs should not rely on the automatic close: a shortage of descriptors does not
 * trigger a garbage collection. {@link #abandoned} counts the descriptors closed in this way. With
 * {@code -Dio.ringspun.traceLeaks=true} each of them is logged by the logger {@code
 * io.ringspun.leaks}, with the stack of the thread that opened it.
 *
 * <p>Not for extension outside Ringspun.
 *
 * @since 0.1
 */
public abstract class Descriptor {
  static {
    Handle.setKey(descriptor -> ((Descriptor) descriptor).handle);
  }

  private final Handle handle;

  /**
   * Wraps a handle of Ringspun's own.
   *
   * @param handle the counted descriptor
   */
  @SuppressWarnings("exports") // package-private parameter: only this module can extend the class
  protected Descriptor(Handle handle) {
    this.handle = handle;
  }

  /**
   * Returns how many descriptors of this process, including those of channels and streams, became
   * unreachable without having been closed.
   *
   * @return 0 if every descriptor was closed in time
   */
  public static long abandoned() {
    return Handle.abandoned();
  }

  /**
   * Returns whether this descriptor is open.
   *
   * @return false from the moment that closing began
   */
  public final boolean isOpen() {
    return handle.isOpen();
  }

  final Handle handle() {
    return handle;
  }

  /**
   * Refuses a sync if an earlier sync of this open file reported lost data. The kernel reports such
   * an error only once, so a later sync would wrongly succeed.
   *
   * @param operation the sync's name
   * @throws OperationException if data was lost, with the errno of the earlier sync
   */
  protected final void requireNoDataLost(String operation) throws OperationException {
    int lost = handle.lostData();
    if (lost != 0) {
      throw new OperationException(operation, lost, Handle.DATA_LOST);
    }
  }

  /**
   * Checks a transfer before it is submitted.
   *
   * @param memory the memory to read into or to write from
   * @param position the position in bytes from the beginning
   * @param write whether this is a write
   * @throws IllegalArgumentException if this descriptor cannot do the transfer; the message says
   *     why
   */
  protected void checkTransfer(MemorySegment memory, long position, boolean write) {}
}
