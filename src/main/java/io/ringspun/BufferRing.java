package io.ringspun;

import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.ErrnoException;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.Handle;
import io.ringspun.internal.ring.ProvidedBuffers;
import io.ringspun.internal.ring.StreamSource;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Buffers that belong to no operation until there is something to put into them: many sockets that
 * wait for their peers share a few. The kernel takes one when data arrives, a {@link ReceiveStream}
 * hands it out as a {@link Chunk}, and closing that gives it back.
 *
 * <p>When all are out, whatever arrives waits in the kernel until one is given back.
 *
 * <p>Safe for use by many threads. The buffers belong to the ring on which they were opened, and
 * what fills them runs there.
 *
 * @since 0.1
 */
public final class BufferRing implements AutoCloseable {
  private static final int BUFFERS_MAX = 1 << 15;
  private static final long BYTES_MAX = 1L << 30;

  private final ProvidedBuffers buffers;
  private final Set<ReceiveStream> streams = ConcurrentHashMap.newKeySet(); // those that are open
  private volatile boolean closed; // set once by close()

  private BufferRing(ProvidedBuffers buffers) {
    this.buffers = buffers;
  }

  /** Opens one; see {@link Ring#bufferRing} and {@link Ring#incrementalBufferRing}. */
  static BufferRing open(Engine ring, int buffers, int bufferBytes, boolean incremental)
      throws IOException {
    if (buffers < 1 || buffers > BUFFERS_MAX || bufferBytes < 1) {
      throw new IllegalArgumentException(
          "from 1 to %d buffers of a byte at least, not %d of %d"
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

  /** Begins to receive. */
  ReceiveStream receive(Handle handle, StreamSource source, long timeoutNanos) throws IOException {
    if (!handle.isUsableOn(buffers.ring())) {
      throw new IllegalArgumentException(
          "%s is registered with another ring than the buffers".formatted(handle));
    }
    ReceiveStream stream = new ReceiveStream(this, buffers, handle, source, timeoutNanos);
    streams.add(stream);
    if (closed || !handle.isOpen()) { // perhaps since close looked for streams
      stream.close();
      throw new ClosedChannelException();
    }
    return stream;
  }

  /** Forgets a stream that was closed. */
  void ended(ReceiveStream stream) {
    streams.remove(stream);
  }

  /**
   * Returns the number of buffers.
   *
   * @return as asked for when they were opened
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
   * Returns whether the kernel fills a buffer piece by piece.
   *
   * @return true if it was opened by {@link Ring#incrementalBufferRing}
   */
  public boolean isIncremental() {
    return buffers.isIncremental();
  }

  /**
   * Returns how many buffers are free: neither out as chunks nor filled and not yet taken. One of
   * which the kernel has filled a part only is free.
   *
   * @return a number that may have changed already
   */
  public int available() {
    return buffers.available();
  }

  /**
   * Closes all streams that use the buffers; their calls that wait end with {@link
   * java.nio.channels.AsynchronousCloseException}. Chunks that are out stay valid until they are
   * closed. The memory is freed when the last of them is, or now if none is out; whoever does that
   * waits for the ring's thread. An interrupt does not end that wait. Closing again has no effect.
   *
   * <p>A ring that fails while it receives into the buffers, or has a chunk of them, may leave them
   * to the kernel for good. Then their memory is never freed, and that chunk's buffer never filled
   * again.
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
