package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.BufferRingMemory;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.ErrnoException;
import io.ringspun.internal.kernel.NativeMemory;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Buffers of one size that a ring's operations take when data is there, not when they are
 * submitted. Safe for use by many threads.
 */
public final class ProvidedBuffers extends Stock {
  private static final int GROUPS_MAX = 1 << 16;
  private static final AtomicInteger NEXT_GROUP = new AtomicInteger();

  private final Engine ring;
  private final int buffers;
  private final int bufferBytes;
  private final MemorySegment memory;
  private final int failuresBefore = Engine.failures();
  private int group; // set once, before anyone else sees this

  // All that follows is guarded by this.
  private final BufferRingMemory entries;
  private int taken; // by the kernel, for completions that we have seen
  private boolean ending;

  private ProvidedBuffers(Engine ring, int buffers, int bufferBytes) {
    this.ring = ring;
    this.buffers = buffers;
    this.bufferBytes = bufferBytes;
    entries = new BufferRingMemory(Integer.highestOneBit(2 * buffers - 1)); // a power of two
    long pages = Math.ceilDiv((long) buffers * bufferBytes, NativeMemory.ALIGNMENT);
    memory = NativeMemory.allocate(pages * NativeMemory.ALIGNMENT);
    for (int id = 0; id < buffers; id++) {
      entries.add(buffer(id).address(), bufferBytes, id);
    }
  }

  /**
   * Makes buffers and registers them with a ring; blocks until its thread has done so.
   *
   * @param buffers 32,768 at most
   * @throws ErrnoException if the kernel refuses, or with {@code ECANCELED} if the ring is gone
   */
  public static ProvidedBuffers register(Engine ring, int buffers, int bufferBytes)
      throws ErrnoException {
    ProvidedBuffers made = new ProvidedBuffers(ring, buffers, bufferBytes);
    int result = -Errno.EEXIST;
    for (int i = 0; i < GROUPS_MAX && result == -Errno.EEXIST; i++) {
      made.group = NEXT_GROUP.getAndIncrement() & (GROUPS_MAX - 1);
      result =
          ring.ask(
              new Errand(
                  thread -> made.entries.register(thread.kernel(), thread.memory(), made.group)));
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

  /** Returns how many the kernel may fill now. */
  public synchronized int available() {
    return buffers - taken;
  }

  /** Returns whether a completion is about a buffer. */
  public static boolean isUsed(int completionFlags) {
    return (completionFlags & Constants.IORING_CQE_F_BUFFER) != 0;
  }

  /** Returns which buffer a completion is about. */
  public static int id(int completionFlags) {
    assert isUsed(completionFlags) : completionFlags;
    return completionFlags >>> Constants.IORING_CQE_BUFFER_SHIFT;
  }

  /** Returns the memory of a buffer that the kernel has filled. */
  public MemorySegment buffer(int id) {
    return memory.asSlice((long) id * bufferBytes, bufferBytes);
  }

  @Override
  Kept keep() {
    return Kept.NOTHING; // the kernel tells when there is none, and nothing is lost
  }

  @Override
  void giveUp() {
    throw new AssertionError("no buffer is kept");
  }

  @Override
  boolean isShortage(int result) {
    return result == -Errno.ENOBUFS;
  }

  @Override
  synchronized boolean take(int result, int flags, boolean kept) {
    if (isUsed(flags)) {
      taken++;
    }
    return false;
  }

  /** Gives a buffer to the kernel, and frees them all if it was the last one to wait for. */
  public void giveBack(int id) {
    boolean isLast;
    synchronized (this) {
      entries.add(buffer(id).address(), bufferBytes, id);
      taken--;
      isLast = ending && taken == 0;
    }
    returned();
    if (isLast) {
      unregister();
    }
  }

  /**
   * Unregisters and frees the buffers when all have been given back. No operation may use them any
   * more.
   */
  public void close() {
    boolean isLast;
    synchronized (this) {
      ending = true;
      isLast = taken == 0;
    }
    if (isLast) {
      unregister();
    }
  }

  private void unregister() {
    ring.ask(new Errand(thread -> entries.unregister(thread.kernel(), thread.memory(), group)));
    if (Engine.failures() == failuresBefore) {
      free(); // a ring that failed may have had them, and may still
    }
  }

  private void free() {
    entries.free();
    NativeMemory.free(memory);
  }
}
