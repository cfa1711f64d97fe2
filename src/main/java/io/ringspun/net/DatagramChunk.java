package io.ringspun.net;

import io.ringspun.buffer.Chunk;
import java.lang.foreign.MemorySegment;

/**
 * A datagram in a buffer of a {@link io.ringspun.buffer.BufferRing}, from {@link
 * DatagramStream#next} to {@link #close}. Belongs to the thread that took it, as a {@link Chunk}
 * does.
 *
 * @since 0.1
 */
public final class DatagramChunk implements AutoCloseable {
  private final Chunk chunk;
  private final Datagram datagram;
  private final int payload; // where it begins

  DatagramChunk(Chunk chunk, Datagram datagram, int payload) {
    this.chunk = chunk;
    this.datagram = datagram;
    this.payload = payload;
  }

  /**
   * Returns what is known about the datagram beside its bytes.
   *
   * @return its length, sender and control messages; still valid when this is closed
   */
  public Datagram datagram() {
    return datagram;
  }

  /**
   * Returns the datagram's bytes, and no others. They may be overwritten.
   *
   * @return memory that this thread may use until this is closed; empty if the datagram is
   * @throws IllegalStateException if this is closed
   */
  public MemorySegment segment() {
    return chunk.segment().asSlice(payload);
  }

  /**
   * Gives the buffer back, as {@link Chunk#close} does. Closing again has no effect.
   *
   * @throws WrongThreadException if another thread took the datagram
   */
  @Override
  public void close() {
    chunk.close();
  }

  @Override
  public String toString() {
    return "DatagramChunk[%s]".formatted(datagram);
  }
}
