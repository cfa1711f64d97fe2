package io.ringspun;

import io.ringspun.internal.kernel.NativeMemory;
import io.ringspun.internal.memory.Lending;
import io.ringspun.internal.ring.ProvidedBuffers;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Bytes that have arrived, in a buffer of a {@link BufferRing}, from {@link ReceiveStream#next} to
 * {@link #close}.
 *
 * <p>A chunk belongs to the thread that took it: any other gets {@link WrongThreadException}. Its
 * segment must not be used after it is closed: any access then throws {@link
 * IllegalStateException}. It can be written to a file or a socket without a copy.
 *
 * @since 0.1
 */
public final class Chunk implements AutoCloseable {
  /** What there is behind the last byte. */
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
   * Returns whether this is the end of the stream, and no chunk at all.
   *
   * @return true if nothing more will come; an empty datagram is not the end
   */
  public boolean isEnd() {
    return buffers == null;
  }

  /**
   * Returns the bytes that arrived, and no others. They may be overwritten.
   *
   * @return memory that this thread may use until the chunk is closed; empty at the end of a stream
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
   * Gives the buffer back. Does not block, unless it is the last of a {@link BufferRing} that was
   * closed meanwhile: see {@link BufferRing#close}. Closing again has no effect.
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
