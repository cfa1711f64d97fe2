package io.ringspun;

import io.ringspun.internal.ring.LentBuffer;
import java.lang.foreign.MemorySegment;

/**
 * A buffer of a {@link BufferPool}, from {@link BufferPool#take take} to {@link #close}.
 *
 * <p>A lease belongs to the thread that took it: on any other its methods, its segments and the
 * operations that are given it throw {@link WrongThreadException}. So it cannot be closed while the
 * kernel has its memory, for then that thread is parked.
 *
 * <p>A lease shows nothing that an earlier lease of the same buffer left in it. Its segments must
 * not be used after it is closed: any access then throws {@link IllegalStateException}. The
 * segments are lent to the kernel without a copy, by operations that take segments too.
 *
 * @since 0.1
 */
public final class Lease implements AutoCloseable {
  static {
    LentBuffer.setKey(lease -> ((Lease) lease).buffer);
  }

  private final BufferPool pool;
  private final MemorySegment whole;
  private final LentBuffer buffer;

  Lease(BufferPool pool, MemorySegment whole, LentBuffer buffer) {
    this.pool = pool;
    this.whole = whole;
    this.buffer = buffer;
  }

  /**
   * Returns the whole buffer, to be filled and written. What neither this lease's reads nor its
   * holder have put there is zero.
   *
   * @return the memory, page-aligned, usable by this thread until the lease is closed
   * @throws IllegalStateException if the lease is closed
   * @throws WrongThreadException if another thread took it
   */
  public MemorySegment segment() {
    return buffer.visible();
  }

  /**
   * Returns the bytes that the last read into this lease transferred, and no others: none if it met
   * the end of the file, if it failed, or if there was no read yet.
   *
   * @return a read-only view of the start of the buffer, usable by this thread until the lease is
   *     closed
   * @throws IllegalStateException if the lease is closed
   * @throws WrongThreadException if another thread took it
   */
  public MemorySegment filled() {
    return buffer.visibleFilled();
  }

  /**
   * Returns the size of the buffer.
   *
   * @return the pool's {@link BufferPool#bufferBytes}
   */
  public int byteSize() {
    return buffer.byteSize();
  }

  /**
   * Gives the buffer back, to the thread that has waited longest if any waits. Does not block,
   * unless it is the last of a pool that was closed meanwhile: see {@link BufferPool#close}.
   * Closing again has no effect.
   *
   * @throws WrongThreadException if another thread took the lease
   */
  @Override
  public void close() {
    if (buffer.end()) {
      pool.takeBack(whole, buffer.isLost());
    }
  }
}
