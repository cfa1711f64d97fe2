package io.ringspun.buffer;

import io.ringspun.OperationException;
import io.ringspun.OperationTimeoutException;
import io.ringspun.RingClosedException;
import io.ringspun.RingFailedException;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.ring.Handle;
import io.ringspun.internal.ring.Multishot;
import io.ringspun.internal.ring.ProvidedBuffers;
import io.ringspun.internal.ring.StreamSource;
import java.io.IOException;

/**
 * A stream of the data that arrives at a descriptor, in buffers of a {@link BufferRing}. One
 * multishot operation in the kernel completes whenever data arrives:
 *
 * {@snippet :
 * try (ReceiveStream stream = socket.receive(buffers)) {
 *   while (true) {
 *     try (Chunk chunk = stream.next()) {
 *       if (chunk.isEnd()) {
 *         break;
 *       }
 *       consume(chunk.segment());
 *     }
 *   }
 * }
 * }
 *
 * <p>Receiving begins with the first call of {@link #next}. After that, chunks may arrive before a
 * thread takes them. When 32 are waiting, or no buffer is free, receiving is paused and further
 * data stays in the kernel.
 *
 * <p>Safe for use by multiple concurrent threads: each chunk goes to one of them, in arrival order.
 * An interrupt or a time limit loses no data: the chunk goes to the next caller. Data that other
 * calls read from the same descriptor does not appear here.
 *
 * @since 0.1
 */
public final class ReceiveStream implements AutoCloseable {
  private static final int WAITING_MAX = 32;

  private final BufferRing owner;
  private final ProvidedBuffers buffers;
  private final StreamSource source;
  private final long timeoutNanos;
  private final Multishot received;

  ReceiveStream(
      BufferRing owner,
      ProvidedBuffers buffers,
      Handle handle,
      StreamSource source,
      long timeoutNanos) {
    this.owner = owner;
    this.buffers = buffers;
    this.source = source;
    this.timeoutNanos = timeoutNanos;
    received =
        new Multishot(
            buffers.ring(),
            handle,
            (operation, fd) -> source.encode(operation, fd, buffers.group()),
            buffers,
            WAITING_MAX);
  }

  /**
   * Takes the next chunk. Blocks until data arrives or the stream ends. A virtual thread parks
   * meanwhile.
   *
   * @return the chunk, for the calling thread to close; at the end of the stream, on this and every
   *     later call, an empty chunk for which {@link Chunk#isEnd} is true
   * @throws java.nio.channels.ClosedChannelException if this stream, the descriptor or the buffers
   *     are closed
   * @throws java.nio.channels.AsynchronousCloseException if one of them is closed while the thread
   *     waits
   * @throws java.io.InterruptedIOException if the thread is interrupted
   * @throws OperationTimeoutException if the time limit of the socket or other descriptor is
   *     exceeded
   * @throws RingClosedException if the buffers' ring is closed
   * @throws RingFailedException if that ring has failed
   * @throws OperationException if the kernel refuses
   * @throws IOException if another I/O error occurs
   */
  public Chunk next() throws IOException {
    long deadline = System.nanoTime() + timeoutNanos;
    for (boolean again = false; ; again = true) {
      long arrival = received.take(timeoutNanos, deadline, again);
      int result = Multishot.result(arrival);
      if (result > 0) {
        return new Chunk(buffers, Multishot.place(arrival), result);
      }
      dispose(result, Multishot.place(arrival));
      if (result == 0) {
        return Chunk.END;
      }
      if (result != -Errno.EINTR) {
        throw source.failure(-result);
      }
    }
  }

  /**
   * Stops receiving, discards chunks that no thread has taken, and ends waiting calls. The
   * descriptor and the chunks already taken stay open. Blocks until the kernel has ended the
   * operation; an interrupt does not end the wait. Closing again has no effect.
   */
  @Override
  public void close() {
    received.close(this::dispose);
    owner.ended(this);
  }

  private void dispose(int result, int place) {
    if (place != ProvidedBuffers.NOWHERE) {
      if (result > 0) {
        source.discard(buffers.part(place, result));
      }
      buffers.giveBack(place);
    }
  }
}
