package io.ringspun;

import io.ringspun.internal.ring.LentBuffer;
import java.lang.foreign.MemorySegment;

/**
 * A buffer of a {@link BufferPool}, borrowed from {@link BufferPool#take take} to {@link #close}.
 *
 * <p>A lease belongs to the thread that took it. In any other thread its segments, its methods
 * except {@link #byteSize}, and the operations that use it throw {@link WrongThreadException}. The
 * lease therefore cannot be closed while the kernel uses its memory, because its thread is then
 * blocked.
 *
 * <p>A lease never exposes bytes of an earlier lease of the same buffer. Accessing its segments
 * after it is closed throws {@link IllegalStateException}. Operations that take segments lend these
 * segments to the kernel without a copy.
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
   * Returns the whole buffer. Bytes that neither a read into this lease nor the caller has written
   * are zero.
   *
   * @return the memory, page-aligned, usable by this thread until the lease is closed
   * @throws IllegalStateException if the lease is closed
   * @throws WrongThreadException if another thread took it
   */
  public MemorySegment segment() {
    return buffer.visible();
  }

  /**
   * Returns exactly the bytes that the last read into this lease transferred. The segment is empty
   * if that read failed or met the end of the file, or if there was no read yet.
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
   * Returns the buffer to the pool, which gives it to the thread that has waited longest, if any.
   * Does not block, unless the pool is closed and this is its last open lease; see {@link
   * BufferPool#close}. Closing again has no effect.
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
