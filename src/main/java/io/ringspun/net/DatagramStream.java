package io.ringspun.net;

import io.ringspun.buffer.Chunk;
import io.ringspun.buffer.ReceiveStream;
import io.ringspun.internal.kernel.ReceivedMessage;
import io.ringspun.internal.kernel.SocketAddressMemory;
import java.io.IOException;

/**
 * The datagrams that arrive at a socket, each in a buffer of a {@link
 * io.ringspun.buffer.BufferRing}. The kernel is asked once and answers whenever one arrives:
 *
 * {@snippet :
 * try (DatagramStream stream = socket.receive(buffers)) {
 *   while (true) {
 *     try (DatagramChunk chunk = stream.next()) {
 *       consume(chunk.datagram().sender(), chunk.segment());
 *     }
 *   }
 * }
 * }
 *
 * <p>Waits, holds back and is as safe for use by many threads as a {@link ReceiveStream}. While
 * nobody takes datagrams they wait in the kernel, which drops what is too much. Descriptors that a
 * Unix peer passes along are closed.
 *
 * @since 0.1
 */
public final class DatagramStream implements AutoCloseable {
  /** What the kernel needs of each buffer, beside control messages. */
  public static final int OVERHEAD_BYTES =
      ReceivedMessage.SIZE_BYTES + SocketAddressMemory.MAX_BYTES;

  private final ReceiveStream stream;
  private final DatagramSource source;

  DatagramStream(ReceiveStream stream, DatagramSource source) {
    this.stream = stream;
    this.source = source;
  }

  /**
   * Takes what arrived first. Blocks until something has. A virtual thread parks meanwhile.
   *
   * @return the datagram, for the calling thread to close
   * @throws java.nio.channels.ClosedChannelException if this, the socket or the buffers are closed
   *     already
   * @throws java.nio.channels.AsynchronousCloseException if one of them is closed meanwhile
   * @throws java.io.InterruptedIOException if the thread is interrupted; what arrives waits
   * @throws io.ringspun.OperationTimeoutException if the socket's time limit ends the wait
   * @throws java.net.PortUnreachableException if the socket is connected and nobody has the peer's
   *     port
   * @throws io.ringspun.RingClosedException if the buffers' ring is closed
   * @throws io.ringspun.RingFailedException if it has failed
   * @throws io.ringspun.OperationException if the kernel refuses
   * @throws IOException if another I/O error occurs
   */
  public DatagramChunk next() throws IOException {
    Chunk chunk = stream.next();
    try {
      return source.read(chunk);
    } catch (IOException | RuntimeException | Error e) {
      chunk.close();
      throw e;
    }
  }

  /**
   * Stops receiving, gives back the buffers of what nobody has taken, which is lost, and ends the
   * calls that wait; see {@link ReceiveStream#close}. The socket stays open.
   */
  @Override
  public void close() {
    stream.close();
  }
}
