package io.ringspun.internal.memory;

import io.ringspun.internal.kernel.NativeMemory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Page-aligned native memory for what the kernel must be given but callers do not have there:
 * copies of heap buffers, paths, vectors, results. Kept by size for the next caller. Thread-safe.
 */
public final class NativePool {
  private static final int SMALLEST_BITS = 12;
  private static final int LARGEST_BITS = 20;

  /** The largest block kept for the next caller; larger ones are allocated and freed each time. */
  public static final int LARGEST_BYTES = 1 << LARGEST_BITS;

  private static final long KEPT_BYTES_MAX = 32 << 20; // per size

  private static final LongAdder LOST_BYTES = new LongAdder();

  private static final NativePool[] BY_SIZE = new NativePool[LARGEST_BITS - SMALLEST_BITS + 1];

  static {
    for (int i = 0; i < BY_SIZE.length; i++) {
      BY_SIZE[i] = new NativePool(1L << (SMALLEST_BITS + i));
    }
  }

  private final long blockBytes;
  private final ArrayDeque<Block> free = new ArrayDeque<>(); // guarded by its own monitor

  private NativePool(long blockBytes) {
    this.blockBytes = blockBytes;
  }

  /** A piece of the pool; its taker owns it until {@link #close}. */
  public static final class Block implements LentMemory, AutoCloseable {
    private final @Nullable NativePool home; // null if too large to keep
    private final MemorySegment memory;
    private boolean lost; // set by a ring's thread before it wakes the taker, read by the taker

    private Block(@Nullable NativePool home, MemorySegment memory) {
      this.home = home;
      this.memory = memory;
    }

    /** Returns the whole memory, which may be larger than requested; its content is arbitrary. */
    public MemorySegment memory() {
      return memory;
    }

    /** Returns the native address. */
    public long address() {
      return memory.address();
    }

    @Override
    public void markLost() {
      lost = true;
    }

    /** Returns the memory to the pool, unless it is lost. The operation must have completed. */
    @Override
    public void close() {
      if (lost) {
        LOST_BYTES.add(memory.byteSize());
        return;
      }
      if (home == null || !home.keep(this)) {
        NativeMemory.free(memory);
      }
    }
  }

  private boolean keep(Block block) {
    synchronized (free) {
      boolean kept = free.size() * blockBytes < KEPT_BYTES_MAX;
      if (kept) {
        free.push(block);
      }
      return kept;
    }
  }

  /**
   * Takes a block.
   *
   * @param byteSize at least 1
   */
  public static Block take(long byteSize) {
    assert byteSize > 0 : byteSize;
    if (byteSize > LARGEST_BYTES) {
      long pages = Math.ceilDiv(byteSize, NativeMemory.ALIGNMENT);
      return new Block(null, NativeMemory.allocate(pages * NativeMemory.ALIGNMENT));
    }
    int bits = Long.SIZE - Long.numberOfLeadingZeros(byteSize - 1);
    NativePool pool = BY_SIZE[Math.max(bits - SMALLEST_BITS, 0)];
    synchronized (pool.free) {
      Block block = pool.free.poll();
      if (block != null) {
        return block;
      }
    }
    return new Block(pool, NativeMemory.allocate(pool.blockBytes));
  }

  /** Returns how many bytes were never given back, since the kernel may keep them. */
  public static long lostBytes() {
    return LOST_BYTES.sum();
  }

  /** Frees what is kept for the next caller. */
  public static void trim() {
    for (NativePool pool : BY_SIZE) {
      synchronized (pool.free) {
        for (Block block = pool.free.poll(); block != null; block = pool.free.poll()) {
          NativeMemory.free(block.memory);
        }
      }
    }
  }
}
