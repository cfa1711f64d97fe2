package io.ringspun.os;

import io.ringspun.OperationException;
import io.ringspun.Ring;
import io.ringspun.internal.kernel.NativeMemory;
import io.ringspun.internal.memory.Lending;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.internal.ring.Operation;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * Advice to the kernel on the use of memory, in particular of mapped files. A thread that accesses
 * a page that is not in memory waits for the disk, and a virtual thread occupies its carrier
 * meanwhile, or the ring that carries it. With {@link MemoryAdvice#POPULATE_READ} a kernel worker
 * of the ring waits instead.
 *
 * @since 0.1
 */
public final class MappedMemory {
  /**
   * The length of one operation: the field has 32 bits, and an interrupt takes effect between two
   * operations.
   */
  private static final long PIECE_BYTES = 1 << 30;

  private MappedMemory() {}

  /**
   * Advises the kernel on the use of a segment ({@code IORING_OP_MADVISE}, Linux 5.6; {@code
   * MADV_POPULATE_READ} and {@code MADV_POPULATE_WRITE} need Linux 5.14). Blocks until the kernel
   * has followed the advice; a virtual thread parks meanwhile, and a platform thread waits. Safe
   * for use by multiple concurrent threads.
   *
   * <p>Advice applies to whole pages: all pages that contain a byte of the segment. {@link
   * MemoryAdvice#COLD} and {@link MemoryAdvice#PAGEOUT} apply only to pages that lie completely
   * within the segment, and have no effect if there are none.
   *
   * <p>An interrupt or closing the ring cancels operations that no worker has started. The caller
   * waits for a started operation, which covers at most 1 GiB; the rest of the segment is not
   * advised.
   *
   * <p>If another thread closes the memory's arena meanwhile, advice may fail, or apply to other
   * memory that is then mapped at that address. This is harmless, because no advice changes the
   * content of memory.
   *
   * @param ring the ring whose workers run the operation
   * @param memory native memory, such as that of a mapped file or {@link
   *     MemorySegment#ofBuffer(java.nio.Buffer)} of a mapped buffer
   * @param advice the advice
   * @throws IllegalArgumentException if the segment is empty, on the heap, confined to another
   *     thread, or read-only with {@link MemoryAdvice#POPULATE_WRITE}
   * @throws IllegalStateException if the segment's arena is closed
   * @throws java.io.InterruptedIOException if the thread is interrupted before all of the segment
   *     is advised
   * @throws io.ringspun.RingClosedException if the ring is closed
   * @throws io.ringspun.RingFailedException if it has failed
   * @throws OperationException if the kernel refuses; {@code ENOMEM} if part of the segment is not
   *     mapped
   * @throws IOException if another I/O error occurs
   */
  public static void advise(Ring ring, MemorySegment memory, MemoryAdvice advice)
      throws IOException {
    Lending.requireUsable(memory, advice == MemoryAdvice.POPULATE_WRITE);
    long page = NativeMemory.pageSize();
    long first = memory.address();
    long end = first + memory.byteSize();
    if (advice.sparesNeighbours()) {
      first += page - 1;
    } else {
      end += page - 1;
    }
    first -= first % page;
    end = Math.max(first, end - end % page);
    Engine engine = EngineAccess.of(ring);
    do {
      Lending.requireAccessible(
          memory); // keeps the memory reachable until the last operation has ended
      int length = (int) Math.min(end - first, PIECE_BYTES);
      Operation operation = engine.single().lending(memory);
      operation.madvise(first, length, advice.number());
      SystemDescriptor.check("madvise", operation.run());
      first += length;
    } while (first < end);
  }
}
