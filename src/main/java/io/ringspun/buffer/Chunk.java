package io.ringspun.buffer;

import io.ringspun.internal.kernel.NativeMemory;
import io.ringspun.internal.memory.Lending;
import io.ringspun.internal.ring.ProvidedBuffers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Received bytes in a buffer of a {@link BufferRing}, valid from {@link ReceiveStream#next} to
 * {@link #close}.
 *
 * <p>A chunk belongs to the thread that took it: any other thread that accesses its segment or
 * closes it gets {@link WrongThreadException}. Accessing the segment after the chunk is closed
 * throws {@link IllegalStateException}. The segment can be written to a file or a socket without a
 * copy.
 *
 * @since 0.1
 */
public final class Chunk implements AutoCloseable {
  /** The end of the stream. */
  static final Chunk END = new Chunk();

  private final @Nullable ProvidedBuffers buffers; // null at the end of a stream
  private final int place;
  private final Arena arena;
  private final MemorySegment segment;

  /** Lends a buffer, or a piece of one, to the calling thread. */
  Chunk(ProvidedBuffers buffers, int place, int byteSize) {
    this.buffers = buffers;
    this.place = place;
    arena = Arena.ofConfined();
    segment = NativeMemory.confine(buffers.part(place, byteSize), arena);
  }

  private Chunk() {
    buffers = null;
    place = ProvidedBuffers.NOWHERE;
    arena = Arena.global();
    segment = MemorySegment.NULL;
  }

  /**
   * Returns whether this marks the end of the stream.
   *
   * @return true if no more data will arrive; an empty datagram is not the end
   */
  public boolean isEnd() {
    return buffers == null;
  }

  /**
   * Returns exactly the received bytes. The caller may overwrite them.
   *
   * @return memory that this thread may use until the chunk is closed; empty at the end of the
   *     stream
   * @throws IllegalStateException if the chunk is closed
   */
  public MemorySegment segment() {
    if (!arena.scope().isAlive()) {
      throw new IllegalStateException("the chunk is closed");
    }
    return segment;
  }

  /**
   * Returns how many bytes arrived.
   *
   * @return 0 at the end of a stream
   */
  public int byteSize() {
    return (int) segment.byteSize();
  }

  /**
   * Returns the buffer to its {@link BufferRing}. Does not block, unless the buffer ring is closed
   * and this is its last open chunk; see {@link BufferRing#close}. Closing again has no effect.
   *
   * @throws WrongThreadException if another thread took the chunk
   */
  @Override
  public void close() {
    if (buffers != null && arena.scope().isAlive()) {
      arena.close();
      if (Lending.isLost(arena)) {
        buffers.lose();
      } else {
        buffers.giveBack(place);
      }
    }
  }
}
