package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.BufferRingMemory;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.ErrnoException;
import io.ringspun.internal.kernel.NativeMemory;
import io.ringspun.internal.memory.LentMemory;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Buffers of one size that a ring's operations take when data arrives, not when they are submitted.
 * Received data is a part of their memory, identified by its offset: a whole buffer, or one of
 * several pieces of an incremental buffer. Safe for use by multiple concurrent threads.
 */
public final class ProvidedBuffers extends Supply implements LentMemory {

  private static final int GROUPS_MAX = 1 << 16;
  private static final AtomicInteger NEXT_GROUP = new AtomicInteger();

  private final Engine ring;
  private final int buffers;
  private final int bufferBytes;
  private final boolean incremental;
  private final MemorySegment memory;
  private int group; // set once, before this is shared

  // All that follows is guarded by the lock, but for what is volatile.
  private final BufferRingMemory entries;
  private final int[] filledBytes; // by buffer: from here on it is the kernel's
  private final int[] partsOut; // by buffer: how many parts of it are not given back
  private final int[] followers; // by buffer: the one that the kernel was given next
  private int youngest; // the one that it was given last
  private int allPartsOut;
  private int taken; // filled by the kernel, and not given back to it
  private boolean ending;
  private volatile boolean lost; // whether the kernel may still access the memory after a failure

  private ProvidedBuffers(Engine ring, int buffers, int bufferBytes, boolean incremental) {
    this.ring = ring;
    this.buffers = buffers;
    this.bufferBytes = bufferBytes;
    this.incremental = incremental;
    filledBytes = new int[buffers];
    partsOut = new int[buffers];
    followers = new int[buffers];
    entries = new BufferRingMemory(Integer.highestOneBit(2 * buffers - 1)); // a power of two
    long pages = Math.ceilDiv((long) buffers * bufferBytes, NativeMemory.ALIGNMENT);
    memory = NativeMemory.allocate(pages * NativeMemory.ALIGNMENT);
    for (int id = 0; id < buffers; id++) {
      add(id);
    }
  }

  private void add(int id) {
    entries.add(memory.address() + (long) id * bufferBytes, bufferBytes, id);
    followers[youngest] = id;
    youngest = id;
    filledBytes[id] = 0;
  }

  /**
   * Makes buffers and registers them with a ring; blocks until its thread has done so.
   *
   * @param buffers 32,768 at most
   * @param bufferBytes the size of each, so that all take at most 1 GiB
   * @param incremental whether the kernel fills each bit by bit before it takes the next
   * @throws ErrnoException if the kernel refuses, or with {@code ECANCELED} if the ring is closed
   *     or has failed
   */
  public static ProvidedBuffers register(
      Engine ring, int buffers, int bufferBytes, boolean incremental) throws ErrnoException {
    ProvidedBuffers made = new ProvidedBuffers(ring, buffers, bufferBytes, incremental);
    int result = -Errno.EEXIST;
    for (int i = 0; i < GROUPS_MAX && result == -Errno.EEXIST; i++) {
      made.group = NEXT_GROUP.getAndIncrement() & (GROUPS_MAX - 1);
      result =
          LockedMemory.ask(
              () ->
                  ring.ask(
                      new RingTask(
                          thread ->
                              made.entries.register(
                                  thread.kernel(), thread.memory(), made.group, incremental))));
    }
    if (result < 0) {
      made.free();
      throw new ErrnoException("IORING_REGISTER_PBUF_RING", -result);
    }
    return made;
  }

  /** Returns the ring whose operations can use them. */
  public Engine ring() {
    return ring;
  }

  /** Returns the number by which operations name them. */
  public int group() {
    return group;
  }

  /** Returns how many there are. */
  public int buffers() {
    return buffers;
  }

  /** Returns the size of each. */
  public int bufferBytes() {
    return bufferBytes;
  }

  /** Returns whether the kernel fills each bit by bit. */
  public boolean isIncremental() {
    return incremental;
  }

  /** Returns how many the kernel may fill now. */
  public int available() {
    lock.take();
    try {
      return buffers - taken;
    } finally {
      lock.taken = false;
    }
  }

  /** Returns memory that the kernel has filled. */
  public MemorySegment part(int place, int byteSize) {
    return memory.asSlice(place, byteSize);
  }

  /**
   * Notes what a completion is about: a part of a buffer, or parts of several, which the kernel
   * fills in the order in which it was given them.
   */
  @Override
  boolean take(int result, int flags, boolean kept, Parts parts) {
    lock.take();
    try {
      if ((flags & Constants.IORING_CQE_F_BUFFER) == 0) {
        parts.add(result, NOWHERE);
        return false;
      }
      boolean goesOn = (flags & Constants.IORING_CQE_F_BUF_MORE) != 0;
      int id = flags >>> Constants.IORING_CQE_BUFFER_SHIFT;
      int left = result;
      do {
        int from = filledBytes[id];
        int count = Math.min(left, bufferBytes - from);
        left -= count;
        if (goesOn && left == 0) {
          filledBytes[id] = from + count;
        } else {
          filledBytes[id] = bufferBytes;
          taken++;
        }
        partsOut[id]++;
        allPartsOut++;
        parts.add(count, id * bufferBytes + from);
        id = followers[id];
      } while (left > 0);
      return false;
    } finally {
      lock.taken = false;
    }
  }

  @Override
  Kept keep() {
    return Kept.NOTHING; // the kernel reports when there is none, and no data is lost
  }

  @Override
  void giveUp() {
    throw new AssertionError("no buffer is kept");
  }

  @Override
  boolean isShortage(int result) {
    return result == -Errno.ENOBUFS;
  }

  /**
   * Returns a part, and its buffer to the kernel if it was the last part of a full buffer. Frees
   * the buffers if it was the last part that a close waits for.
   */
  public void giveBack(int place) {
    boolean isFed = false;
    boolean isLast;
    lock.take();
    try {
      int id = place / bufferBytes;
      partsOut[id]--;
      allPartsOut--;
      if (partsOut[id] == 0 && filledBytes[id] == bufferBytes) {
        add(id);
        taken--;
        isFed = true;
      }
      isLast = ending && allPartsOut == 0;
    } finally {
      lock.taken = false;
    }
    if (isFed) {
      returned();
    }
    if (isLast) {
      unregister();
    }
  }

  /**
   * Retires a part that an operation of a failed ring may still access: its buffer is never
   * refilled.
   */
  public void lose() {
    boolean isLast;
    lock.take();
    try {
      lost = true;
      allPartsOut--;
      isLast = ending && allPartsOut == 0;
    } finally {
      lock.taken = false;
    }
    if (isLast) {
      unregister();
    }
  }

  @Override
  public void markLost() {
    lost = true;
  }

  /**
   * Unregisters and frees the buffers when all parts have been given back. No operation may use
   * them any more.
   */
  public void close() {
    boolean isLast;
    lock.take();
    try {
      ending = true;
      isLast = allPartsOut == 0;
    } finally {
      lock.taken = false;
    }
    if (isLast) {
      unregister();
    }
  }

  private void unregister() {
    ring.ask(new RingTask(thread -> entries.unregister(thread.kernel(), thread.memory(), group)));
    free();
  }

  private void free() {
    if (!lost) {
      entries.free();
      NativeMemory.free(memory);
    }
  }
}
