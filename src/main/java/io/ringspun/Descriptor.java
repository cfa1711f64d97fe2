package io.ringspun;

import io.ringspun.internal.ring.Handle;
import io.ringspun.internal.ring.Operation;
import io.ringspun.internal.ring.StreamSource;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * Something open that operations work on: a file, for instance. It counts its users, so that its
 * number is never reused while an operation may still look it up.
 *
 * <p>What nobody closes is closed some time after nothing refers to it any more, as the JDK does
 * with its channels, and counted ({@link #abandoned}). With {@code -Dio.ringspun.traceLeaks=true}
 * each such descriptor is reported to the log {@code io.ringspun.leaks}, with the stack of the
 * thread that opened it. A program should not rely on that: the garbage collector knows nothing of
 * a shortage of descriptors.
 *
 * <p>Not for extension outside Ringspun.
 *
 * @since 0.1
 */
public abstract class Descriptor {
  private static final StreamSource READ =
      new StreamSource() {
        @Override
        public void encode(Operation operation, int fd, int group) {
          operation.multishotRead(fd, group);
        }

        @Override
        public IOException failure(int errno) {
          return new OperationException("read", errno);
        }
      };

  static {
    Handle.setKey(descriptor -> ((Descriptor) descriptor).handle);
  }

  private final Handle handle;

  /**
   * Wraps a handle of Ringspun's own.
   *
   * @param handle the counted descriptor
   */
  @SuppressWarnings("exports") // so that only this module can extend it
  protected Descriptor(Handle handle) {
    this.handle = handle;
  }

  /**
   * Returns how many descriptors of all kinds, those of channels and streams too, nobody in this
   * process has closed before nothing referred to them any more.
   *
   * @return 0 if every descriptor was closed in time
   */
  public static long abandoned() {
    return Handle.abandoned();
  }

  /**
   * Returns whether it has not been closed.
   *
   * @return false from the moment that closing began
   */
  public final boolean isOpen() {
    return handle.isOpen();
  }

  /**
   * Returns what stands behind another descriptor.
   *
   * @param other something open
   * @return its counted handle
   */
  @SuppressWarnings("exports")
  protected static Handle handleOf(Descriptor other) {
    return other.handle;
  }

  final Handle handle() {
    return handle;
  }

  /**
   * Refuses a sync if data that was written to this open file is known to be lost: the kernel,
   * which has told so, would claim success.
   *
   * @param operation the sync's name
   * @throws OperationException if so, with the errno that the kernel gave then
   */
  protected final void requireNoDataLost(String operation) throws OperationException {
    int lost = handle.lostData();
    if (lost != 0) {
      throw new OperationException(
          operation, lost, "written data was lost before, so the file cannot be synced any more");
    }
  }

  /**
   * Begins to receive into buffers that are shared.
   *
   * @param buffers where the bytes go
   * @param source how to receive
   * @param timeoutNanos the time limit for each chunk, or 0 for none
   * @return a stream, for the caller to close
   * @throws IllegalArgumentException if this is registered with another ring than the buffers
   * @throws java.nio.channels.ClosedChannelException if this or the buffers are closed
   */
  @SuppressWarnings("exports")
  protected final ReceiveStream receive(BufferRing buffers, StreamSource source, long timeoutNanos)
      throws IOException {
    return buffers.receive(handle, source, timeoutNanos);
  }

  /**
   * Begins to receive likewise by {@code IORING_OP_READ_MULTISHOT}, Linux 6.7, which is for what
   * can be polled.
   *
   * @param buffers where the bytes go
   * @param timeoutNanos the time limit for each chunk, or 0 for none
   * @return a stream, for the caller to close
   * @throws java.nio.channels.ClosedChannelException if this or the buffers are closed
   */
  protected final ReceiveStream receive(BufferRing buffers, long timeoutNanos) throws IOException {
    return receive(buffers, READ, timeoutNanos);
  }

  /**
   * Checks whether a transfer makes sense here, before anything is submitted.
   *
   * @param memory the memory to fill or to drain
   * @param position where, in bytes from the beginning
   * @param write whether the memory is to be drained
   * @throws IllegalArgumentException if not, saying why
   */
  protected void checkTransfer(MemorySegment memory, long position, boolean write) {}
}
