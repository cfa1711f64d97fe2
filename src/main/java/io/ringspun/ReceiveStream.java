package io.ringspun;

import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.ring.Handle;
import io.ringspun.internal.ring.Multishot;
import io.ringspun.internal.ring.ProvidedBuffers;
import io.ringspun.internal.ring.StreamSource;
import java.io.IOException;

/**
 * What arrives at a descriptor, piece by piece, in the buffers of a {@link BufferRing}. The kernel
 * is asked once and answers whenever something arrives:
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
 * <p>Some pieces may arrive before anyone takes them. When 32 wait, the kernel is told to stop, and
 * so it is while all buffers are out: what arrives then waits in the kernel.
 *
 * <p>Safe for use by many threads: each piece goes to one of them, in the order in which they came.
 * An interrupt or a time limit loses none: it waits for the next taker. What is read otherwise from
 * the same descriptor meanwhile is not seen here.
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
   * Takes what arrived first. Blocks until something has, or nothing more will. A virtual thread
   * parks meanwhile.
   *
   * @return the bytes, for the calling thread to close; at the end of the stream, now and later, a
   *     chunk without bytes for which {@link Chunk#isEnd} is true
   * @throws java.nio.channels.ClosedChannelException if this, the descriptor or the buffers are
   *     closed already
   * @throws java.nio.channels.AsynchronousCloseException if one of them is closed meanwhile
   * @throws java.io.InterruptedIOException if the thread is interrupted
   * @throws OperationTimeoutException if the time limit of the socket or file ends the wait
   * @throws RingClosedException if the buffers' ring is closed
   * @throws RingFailedException if it has failed
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
   * Stops receiving, gives back the buffers of what nobody has taken, whose bytes are lost, and
   * ends the calls that wait. The descriptor stays open, and so do chunks. Waits until the kernel
   * has stopped, whether interrupted or not. Closing again has no effect.
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
