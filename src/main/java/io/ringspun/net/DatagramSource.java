package io.ringspun.net;

import io.ringspun.buffer.BufferRing;
import io.ringspun.buffer.Chunk;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.MessageHeader;
import io.ringspun.internal.kernel.ReceivedMessage;
import io.ringspun.internal.kernel.SocketAddressMemory;
import io.ringspun.internal.net.Addresses;
import io.ringspun.internal.net.Message;
import io.ringspun.internal.net.Sockets;
import io.ringspun.internal.ring.Operation;
import io.ringspun.internal.ring.StreamSource;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Encodes multishot receives of datagrams, and decodes the header that the kernel writes to each
 * buffer.
 */
final class DatagramSource implements StreamSource {
  private static final int CONTROL = DatagramReceiver.OVERHEAD_BYTES;

  private final RingDatagramSocket socket;
  private final int payload; // start of the header
  private final MemorySegment header; // the kernel may read it at any time

  /**
   * Creates a source.
   *
   * @throws IllegalArgumentException if the buffers are too small or incremental
   */
  DatagramSource(RingDatagramSocket socket, BufferRing buffers, int controlBytes) {
    if (buffers.isIncremental()) {
      throw new IllegalArgumentException(
          "datagrams cannot be received into incremental buffers: " + buffers);
    }
    if (controlBytes < 0 || buffers.bufferBytes() - CONTROL <= controlBytes) {
      throw new IllegalArgumentException(
          "buffers of %d bytes have no room for data after %d bytes of control messages and %d"
              .formatted(buffers.bufferBytes(), controlBytes, CONTROL));
    }
    this.socket = socket;
    payload = CONTROL + controlBytes;
    header = Arena.ofAuto().allocate(MessageHeader.SIZE_BYTES, Long.BYTES);
    MessageHeader.put(header, 0, SocketAddressMemory.MAX_BYTES, 0, 0, 0, controlBytes);
  }

  @Override
  public void encode(Operation operation, int fd, int group) {
    operation.multishotRecvmsg(fd, header.address(), group, Constants.MSG_CMSG_CLOEXEC);
  }

  @Override
  public IOException failure(int errno) {
    return socket.failure("recvmsg", errno);
  }

  @Override
  public void discard(MemorySegment bytes) {
    closeDescriptors(bytes);
  }

  /** Decodes the datagram in a chunk. */
  DatagramBuffer read(Chunk chunk) throws IOException {
    MemorySegment bytes = chunk.segment();
    closeDescriptors(bytes);
    Datagram datagram =
        new Datagram(
            chunk.byteSize() - payload,
            (ReceivedMessage.flags(bytes) & Constants.MSG_TRUNC) != 0,
            Addresses.get(
                bytes.asSlice(ReceivedMessage.SIZE_BYTES), ReceivedMessage.nameLength(bytes)),
            Message.controlMessages(control(bytes), ReceivedMessage.controlLength(bytes)));
    return new DatagramBuffer(chunk, datagram, payload);
  }

  private MemorySegment control(MemorySegment bytes) {
    return bytes.asSlice(CONTROL, payload - CONTROL);
  }

  private void closeDescriptors(MemorySegment bytes) {
    for (int fd : Message.descriptors(control(bytes), ReceivedMessage.controlLength(bytes))) {
      Sockets.discard(socket.socketHandle().engine(), fd);
    }
  }
}
