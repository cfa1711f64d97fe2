package io.ringspun.buffer;

import io.ringspun.OperationException;
import io.ringspun.Ring;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.ErrnoException;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.internal.ring.Handle;
import io.ringspun.internal.ring.Operation;
import io.ringspun.internal.ring.ProvidedBuffers;
import io.ringspun.internal.ring.ReceiveAccess;
import io.ringspun.internal.ring.StreamSource;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Buffers that many sockets share, called <em>provided buffers</em> in io_uring. The kernel picks a
 * buffer only when data arrives, so sockets that wait for their peers hold none.
 *
 * <p>The {@code receive} methods of {@link io.ringspun.net.RingSocket}, {@link
 * io.ringspun.file.RingFile}, {@link io.ringspun.os.RingFd} and {@link io.ringspun.os.EventFd}
 * return a {@link ReceiveStream}, which delivers each filled buffer as a {@link Chunk}. Closing the
 * chunk makes the buffer free again. {@link io.ringspun.net.RingDatagramSocket} receives datagrams
 * into such buffers.
 *
 * <p>When no buffer is free, arriving data stays in the kernel until a chunk is closed.
 *
 * <p>Safe for use by multiple concurrent threads. The buffers belong to the ring on which they were
 * opened, and operations that fill them run on that ring.
 *
 * @since 0.1
 */
public final class BufferRing implements AutoCloseable {
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
    ReceiveAccess.set(
        (buffers, source, how, timeoutNanos) ->
            ((BufferRing) buffers).receive(source, how == null ? READ : how, timeoutNanos));
  }

  private static final int BUFFERS_MAX = 1 << 15;
  private static final long BYTES_MAX = 1L << 30;

  private final ProvidedBuffers buffers;
  private final Set<ReceiveStream> streams = ConcurrentHashMap.newKeySet(); // open streams
  private volatile boolean closed; // set once by close()

  private BufferRing(ProvidedBuffers buffers) {
    this.buffers = buffers;
  }

  /**
   * Opens provided buffers, which the operations of a ring fill when data arrives ({@code
   * IORING_REGISTER_PBUF_RING}, Linux 5.19). Blocks until the ring's thread has registered them.
   *
   * @param ring the ring whose operations fill them
   * @param buffers the number of buffers, at most 32,768
   * @param bufferBytes the size of each buffer in bytes
   * @return the buffers, for the caller to close, before or after the ring
   * @throws IllegalArgumentException if either argument is not positive, there are too many
   *     buffers, or they would exceed 1 GiB in total
   * @throws OutOfMemoryError if there is not enough native memory
   * @throws io.ringspun.RingClosedException if the ring is closed
   * @throws io.ringspun.RingFailedException if the ring has failed
   * @throws java.io.InterruptedIOException if the thread is interrupted
   * @throws OperationException if the kernel refuses
   * @throws IOException if another I/O error occurs
   */
  public static BufferRing open(Ring ring, int buffers, int bufferBytes) throws IOException {
    return open(EngineAccess.of(ring), buffers, bufferBytes, false);
  }

  /**
   * Opens provided buffers that the kernel fills incrementally ({@code IOU_PBUF_RING_INC}, Linux
   * 6.12): new data is appended to earlier data, even of another peer, until a buffer is full. A
   * few large buffers then serve both small and large messages. A buffer is reused when all chunks
   * in it are closed, so one open chunk retains the whole buffer. For byte streams only; each
   * datagram needs a buffer of its own.
   *
   * @param ring the ring whose operations fill them
   * @param buffers the number of buffers, at most 32,768
   * @param bufferBytes the size of each buffer in bytes
   * @return the buffers, for the caller to close, before or after the ring
   * @throws OperationException if the kernel refuses, with {@code EINVAL} before Linux 6.12
   * @throws IllegalArgumentException if {@link #open} would throw it
   * @throws IOException if {@link #open} would throw it
   */
  public static BufferRing openIncremental(Ring ring, int buffers, int bufferBytes)
      throws IOException {
    return open(EngineAccess.of(ring), buffers, bufferBytes, true);
  }

  private static BufferRing open(Engine ring, int buffers, int bufferBytes, boolean incremental)
      throws IOException {
    if (buffers < 1 || buffers > BUFFERS_MAX || bufferBytes < 1) {
      throw new IllegalArgumentException(
          "there must be from 1 to %d buffers of at least 1 byte: %d of %d"
              .formatted(BUFFERS_MAX, buffers, bufferBytes));
    }
    if ((long) buffers * bufferBytes > BYTES_MAX) {
      throw new IllegalArgumentException(
          "%d buffers of %d bytes are more than 1 GiB".formatted(buffers, bufferBytes));
    }
    ring.requireUsable();
    try {
      return new BufferRing(ProvidedBuffers.register(ring, buffers, bufferBytes, incremental));
    } catch (ErrnoException e) {
      if (e.errno() == Errno.ECANCELED) {
        ring.requireUsable();
      }
      OperationException refusal = new OperationException("IORING_REGISTER_PBUF_RING", e.errno());
      refusal.initCause(e);
      throw refusal;
    }
  }

  private ReceiveStream receive(Handle handle, StreamSource source, long timeoutNanos)
      throws IOException {
    if (!handle.isUsableOn(buffers.ring())) {
      throw new IllegalArgumentException(
          "%s is registered with another ring than the buffers".formatted(handle));
    }
    ReceiveStream stream = new ReceiveStream(this, buffers, handle, source, timeoutNanos);
    streams.add(stream);
    if (closed || !handle.isOpen()) { // the close may have missed this stream
      stream.close();
      throw new ClosedChannelException();
    }
    return stream;
  }

  /** Removes a closed stream. */
  void ended(ReceiveStream stream) {
    streams.remove(stream);
  }

  /**
   * Returns the number of buffers.
   *
   * @return the number requested when they were opened
   */
  public int buffers() {
    return buffers.buffers();
  }

  /**
   * Returns the size of each buffer.
   *
   * @return bytes
   */
  public int bufferBytes() {
    return buffers.bufferBytes();
  }

  /**
   * Returns whether the kernel fills buffers incrementally.
   *
   * @return true if this was opened by {@link #openIncremental}
   */
  public boolean isIncremental() {
    return buffers.isIncremental();
  }

  /**
   * Returns how many buffers are free: neither held by a chunk nor filled and waiting to be taken.
   * A buffer that the kernel has only partly filled is free.
   *
   * @return a snapshot
   */
  public int available() {
    return buffers.available();
  }

  /**
   * Closes the buffers and all streams that use them; waiting calls of the streams throw {@link
   * java.nio.channels.AsynchronousCloseException}. Open chunks stay valid until they are closed.
   * The memory is freed by the call that closes the last chunk, or by this call if no chunk is
   * open; that call blocks until the ring's thread has unregistered the buffers. An interrupt does
   * not end that wait. Closing again has no effect.
   *
   * <p>If the ring fails while it receives into the buffers or while a chunk is open, the kernel
   * may still write to them. Their memory is then never freed, and the buffer of the chunk is never
   * filled again.
   */
  @Override
  public void close() {
    synchronized (this) {
      if (closed) {
        return;
      }
      closed = true;
    }
    streams.forEach(ReceiveStream::close);
    buffers.close();
  }

  @Override
  public String toString() {
    return "BufferRing[%d of %d bytes%s]"
        .formatted(buffers(), bufferBytes(), closed ? ", closed" : "");
  }
}
