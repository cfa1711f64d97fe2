package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.CallMemory;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Kernel;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Reads and writes that never wait: {@code preadv2} and {@code pwritev2} with {@code RWF_NOWAIT} on
 * the calling thread. They succeed when the page cache has what is asked for, and cost a plain
 * system call; else the kernel answers {@code -EAGAIN} at once and the ring is asked.
 */
public final class InlineCalls {
  // Threads that meet in a slot merely make fresh memory; the stride keeps slots on lines of their
  // own, so that processors do not fight over them.
  private static final int SLOT_BITS = 6;
  private static final int STRIDE = 16;

  private final Kernel kernel;
  private final AtomicReferenceArray<@Nullable CallMemory> pool =
      new AtomicReferenceArray<>(STRIDE << SLOT_BITS);
  private final LongAdder hits = new LongAdder();
  private final LongAdder misses = new LongAdder();

  InlineCalls(Kernel kernel) {
    this.kernel = kernel;
  }

  /**
   * Tries to read.
   *
   * @return the bytes read, 0 at the end of the file, or a negated errno
   * @throws IllegalStateException if the segment's arena is closed
   */
  public long read(int fd, MemorySegment target, long position) {
    int home = home();
    CallMemory call = take(home);
    call.vector(target.address(), Math.min(target.byteSize(), Constants.MAX_RW_COUNT));
    long n = kernel.preadv2(fd, call, 1, position, Constants.RWF_NOWAIT, target);
    pool.lazySet(home, call);
    return n;
  }

  /** Tries to write; see {@link #read}. */
  public long write(int fd, MemorySegment source, long position) {
    int home = home();
    CallMemory call = take(home);
    call.vector(source.address(), Math.min(source.byteSize(), Constants.MAX_RW_COUNT));
    long n = kernel.pwritev2(fd, call, 1, position, Constants.RWF_NOWAIT, source);
    pool.lazySet(home, call);
    return n;
  }

  /** Sets a file's size; this one may wait, on kernels that cannot do it through a ring. */
  public int truncate(int fd, long size) {
    return kernel.ftruncate(fd, size);
  }

  private static int home() {
    long id = Thread.currentThread().threadId();
    return (int) ((id * 0x9E3779B97F4A7C15L) >>> (Long.SIZE - SLOT_BITS)) * STRIDE;
  }

  private CallMemory take(int home) {
    CallMemory call = pool.getAndSet(home, null);
    return call != null ? call : new CallMemory();
  }

  void count(boolean hit) {
    (hit ? hits : misses).increment();
  }

  long hits() {
    return hits.sum();
  }

  long misses() {
    return misses.sum();
  }
}
