package io.ringspun.net;

import io.ringspun.buffer.Chunk;
import io.ringspun.buffer.ReceiveStream;
import io.ringspun.internal.kernel.ReceivedMessage;
import io.ringspun.internal.kernel.SocketAddressMemory;
import java.io.IOException;

/**
 * Receives the datagrams that arrive at a socket, each in a buffer of a {@link
 * io.ringspun.buffer.BufferRing}. One multishot operation in the kernel completes whenever a
 * datagram arrives:
 *
 * {@snippet :
 * try (DatagramReceiver receiver = socket.receive(buffers)) {
 *   while (true) {
 *     try (DatagramBuffer buffer = receiver.next()) {
 *       consume(buffer.datagram().sender(), buffer.segment());
 *     }
 *   }
 * }
 * }
 *
 * <p>Blocking, pausing and thread safety are those of a {@link ReceiveStream}. While receiving is
 * paused, datagrams wait in the socket's receive buffer, and the kernel drops those that do not
 * fit. Descriptors that a Unix peer passes are closed.
 *
 * @since 0.1
 */
public final class DatagramReceiver implements AutoCloseable {
  /**
   * The number of bytes that the kernel uses in each buffer, in addition to those for control
   * messages.
   */
  public static final int OVERHEAD_BYTES =
      ReceivedMessage.SIZE_BYTES + SocketAddressMemory.MAX_BYTES;

  private final ReceiveStream stream;
  private final DatagramSource source;

  DatagramReceiver(ReceiveStream stream, DatagramSource source) {
    this.stream = stream;
    this.source = source;
  }

  /**
   * Takes the next datagram. Blocks until one arrives. A virtual thread parks meanwhile.
   *
   * @return the datagram, for the calling thread to close
   * @throws java.nio.channels.ClosedChannelException if this receiver, the socket or the buffers
   *     are closed
   * @throws java.nio.channels.AsynchronousCloseException if one of them is closed while the thread
   *     waits
   * @throws java.io.InterruptedIOException if the thread is interrupted; no datagram is lost
   * @throws io.ringspun.OperationTimeoutException if the socket's time limit expires
   * @throws java.net.PortUnreachableException if the socket is connected and the peer's port is not
   *     in use
   * @throws io.ringspun.RingClosedException if the buffers' ring is closed
   * @throws io.ringspun.RingFailedException if that ring has failed
   * @throws io.ringspun.OperationException if the kernel refuses
   * @throws IOException if another I/O error occurs
   */
  public DatagramBuffer next() throws IOException {
    Chunk chunk = stream.next();
    try {
      return source.read(chunk);
    } catch (IOException | RuntimeException | Error e) {
      chunk.close();
      throw e;
    }
  }

  /**
   * Stops receiving, discards datagrams that no thread has taken, and ends waiting calls; see
   * {@link ReceiveStream#close}. The socket stays open. Closing again has no effect.
   */
  @Override
  public void close() {
    stream.close();
  }
}
