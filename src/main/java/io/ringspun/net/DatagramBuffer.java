package io.ringspun.net;

import io.ringspun.buffer.Chunk;
import java.lang.foreign.MemorySegment;

/**
 * A received datagram in a buffer of a {@link io.ringspun.buffer.BufferRing}, valid from {@link
 * DatagramReceiver#next} to {@link #close}. It belongs to the thread that took it, like a {@link
 * Chunk}.
 *
 * @since 0.1
 */
public final class DatagramBuffer implements AutoCloseable {
  private final Chunk chunk;
  private final Datagram datagram;
  private final int payload; // start of the datagram

  DatagramBuffer(Chunk chunk, Datagram datagram, int payload) {
    this.chunk = chunk;
    this.datagram = datagram;
    this.payload = payload;
  }

  /**
   * Returns the metadata of the datagram.
   *
   * @return its length, sender and control messages, which stay valid after this is closed
   */
  public Datagram datagram() {
    return datagram;
  }

  /**
   * Returns exactly the bytes of the datagram. The caller may overwrite them.
   *
   * @return memory that this thread may use until this is closed; empty if the datagram is empty
   * @throws IllegalStateException if this is closed
   */
  public MemorySegment segment() {
    return chunk.segment().asSlice(payload);
  }

  /**
   * Returns the buffer to its buffer ring, as {@link Chunk#close} does. Closing again has no
   * effect.
   *
   * @throws WrongThreadException if another thread took the datagram
   */
  @Override
  public void close() {
    chunk.close();
  }

  @Override
  public String toString() {
    return "DatagramBuffer[%s]".formatted(datagram);
  }
}
