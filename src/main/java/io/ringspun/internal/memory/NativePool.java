package io.ringspun.internal.memory;

import io.ringspun.internal.kernel.NativeMemory;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.concurrent.atomic.LongAdder;
import org.jspecify.annotations.Nullable;

/**
 * Native memory for what the kernel must be given but callers do not have there: copies of heap
 * buffers, paths, vectors, results. Kept by size for the next caller. Blocks of a page and more are
 * page-aligned, and those of a sector and more are aligned to one, as direct I/O needs it.
 * Thread-safe.
 *
 * <p>A block goes back to the {@link Magazine} of the carrier that returns it, and the next caller
 * there takes it again: no two processors write the same line. What a magazine cannot hold or does
 * not have comes from the stock of the size, which is behind a lock.
 */
public final class NativePool {
  private static final int SMALLEST_BITS = 5;
  private static final int SMALL_BITS = 11; // the largest of less than a page
  private static final int PAGE_BITS = 12;
  private static final int LARGEST_BITS = 20;
  private static final int SMALL_SIZES = SMALL_BITS - SMALLEST_BITS + 1;

  /** The largest block kept for the next caller; larger ones are allocated and freed each time. */
  public static final int LARGEST_BYTES = 1 << LARGEST_BITS;

  private static final long KEPT_BYTES_MAX = 32 << 20; // per size

  private static final LongAdder LOST_BYTES = new LongAdder();

  private static final NativePool[] BY_SIZE =
      new NativePool[SMALL_SIZES + LARGEST_BITS - PAGE_BITS + 1];

  static {
    for (int i = 0; i < BY_SIZE.length; i++) {
      int bits = i < SMALL_SIZES ? SMALLEST_BITS + i : PAGE_BITS + i - SMALL_SIZES;
      BY_SIZE[i] = new NativePool(i, 1L << bits);
    }
  }

  private final int index;
  private final long blockBytes;
  private final ArrayDeque<Block> free = new ArrayDeque<>(); // guarded by its own monitor

  private NativePool(int index, long blockBytes) {
    this.index = index;
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
      NativePool pool = home;
      if (pool == null) {
        NativeMemory.free(memory);
      } else if (!Magazine.ofCaller().offer(pool.index, this) && !pool.keep(this)) {
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
    int index = index(byteSize);
    Block block = Magazine.ofCaller().poll(index);
    return block != null ? block : BY_SIZE[index].fromStock();
  }

  private static int index(long byteSize) {
    int bits = Long.SIZE - Long.numberOfLeadingZeros(byteSize - 1);
    return bits <= SMALL_BITS
        ? Math.max(bits - SMALLEST_BITS, 0)
        : SMALL_SIZES + Math.max(bits - PAGE_BITS, 0);
  }

  private Block fromStock() {
    synchronized (free) {
      Block block = free.poll();
      if (block != null) {
        return block;
      }
    }
    return new Block(
        this,
        index < SMALL_SIZES
            ? NativeMemory.allocateSmall(blockBytes)
            : NativeMemory.allocate(blockBytes));
  }

  /** Returns how many blocks of a size a magazine holds: none of the large ones. */
  static int magazineCapacity(int index) {
    long bytes = BY_SIZE[index].blockBytes;
    return (int) Math.min(Magazine.BYTES_PER_SIZE / bytes, Magazine.BLOCKS_PER_SIZE);
  }

  /** Returns how many sizes there are. */
  static int sizes() {
    return BY_SIZE.length;
  }

  /** Returns how many bytes were never given back, since the kernel may keep them. */
  public static long lostBytes() {
    return LOST_BYTES.sum();
  }

  /** Frees what is kept for the next caller. */
  public static void trim() {
    for (NativePool pool : BY_SIZE) {
      Magazine.drain(pool.index, block -> NativeMemory.free(block.memory));
      synchronized (pool.free) {
        for (Block block = pool.free.poll(); block != null; block = pool.free.poll()) {
          NativeMemory.free(block.memory);
        }
      }
    }
  }
}
