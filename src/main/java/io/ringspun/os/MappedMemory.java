package io.ringspun.os;

import io.ringspun.OperationException;
import io.ringspun.Ring;
import io.ringspun.internal.kernel.NativeMemory;
import io.ringspun.internal.memory.Lending;
import io.ringspun.internal.ring.Call;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.EngineAccess;
import java.io.IOException;
import java.lang.foreign.MemorySegment;

/**
 * Advice to the kernel on how memory is going to be used, above all that of mapped files: who
 * touches a page that is not there waits for the disk, and a virtual thread holds its carrier
 * meanwhile, or the ring that carries it. {@link MemoryAdvice#POPULATE_READ} has a worker of the
 * ring's, in the kernel, do that waiting.
 *
 * @since 0.1
 */
public final class MappedMemory {
  /** What one operation is for: its length has 32 bits, and an interrupt is heeded between two. */
  private static final long PIECE_BYTES = 1 << 30;

  private MappedMemory() {}

  /**
   * Advises the kernel ({@code IORING_OP_MADVISE}, Linux 5.6; {@code MADV_POPULATE_READ} and {@code
   * WRITE} 5.14). Blocks until the kernel has done what the advice says; a virtual thread parks
   * meanwhile, and a platform thread waits. Safe for use by many threads.
   *
   * <p>The kernel knows only whole pages. Advice is for all pages that have a byte of the segment;
   * {@link MemoryAdvice#COLD} and {@link MemoryAdvice#PAGEOUT} are for those that have nothing
   * else, and do nothing if there are none.
   *
   * <p>An interrupt, or closing the ring, takes back what no worker has begun. What one has begun
   * it ends, 1 GiB at most, and the caller waits for that; advice for the rest is not given then.
   *
   * <p>If another thread closes the memory's arena meanwhile, advice may fail, or be for what is
   * mapped at that address by then. None of it changes what memory holds, so that does no harm.
   *
   * @param ring whose workers do it
   * @param memory native memory, such as a mapped file's or {@link
   *     MemorySegment#ofBuffer(java.nio.Buffer)} of a mapped buffer
   * @param advice how it is going to be used
   * @throws IllegalArgumentException if the segment is empty, on the heap, confined to another
   *     thread, or read-only and to be written
   * @throws IllegalStateException if the segment's arena is closed
   * @throws java.io.InterruptedIOException if the thread is interrupted before all is done
   * @throws io.ringspun.RingClosedException if the ring is closed
   * @throws io.ringspun.RingFailedException if it has failed
   * @throws OperationException if the kernel refuses; {@code ENOMEM} if some of it is not mapped
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
      Lending.requireAccessible(memory); // still, after the last piece
      int length = (int) Math.min(end - first, PIECE_BYTES);
      Call call = engine.single();
      call.operation(0).madvise(first, length, advice.number());
      call.operation(0).using(null, memory);
      SystemDescriptor.check("madvise", engine.run(call));
      first += length;
    } while (first < end);
  }
}
