package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.BufferRingMemory;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.ErrnoException;
import io.ringspun.internal.kernel.NativeMemory;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Buffers of one size that a ring's operations take when data is there, not when they are
 * submitted. Safe for use by many threads.
 */
public final class ProvidedBuffers {
  private static final AtomicInteger GROUPS = new AtomicInteger();

  private final Engine ring;
  private final int group = GROUPS.getAndIncrement() & 0xffff;
  private final BufferRingMemory entries; // guarded by itself
  private final MemorySegment memory;
  private final int bufferBytes;
  private final int failuresBefore = Engine.failures();

  private ProvidedBuffers(Engine ring, int buffers, int bufferBytes) {
    this.ring = ring;
    this.bufferBytes = bufferBytes;
    entries = new BufferRingMemory(buffers);
    long pages = Math.ceilDiv((long) buffers * bufferBytes, NativeMemory.ALIGNMENT);
    memory = NativeMemory.allocate(pages * NativeMemory.ALIGNMENT);
  }

  /**
   * Makes buffers and registers them with a ring; blocks until its thread has done so.
   *
   * @param buffers a power of two, 32,768 at most
   * @throws ErrnoException if the kernel refuses, or with {@code ECANCELED} if the ring is gone
   */
  public static ProvidedBuffers register(Engine ring, int buffers, int bufferBytes)
      throws ErrnoException {
    ProvidedBuffers made = new ProvidedBuffers(ring, buffers, bufferBytes);
    for (int id = 0; id < buffers; id++) {
      made.giveBack(id);
    }
    int result =
        ring.ask(new Errand((kernel, memory) -> made.entries.register(kernel, memory, made.group)));
    if (result < 0) {
      made.free();
      throw new ErrnoException("IORING_REGISTER_PBUF_RING", -result);
    }
    return made;
  }

  /** Returns the number by which operations name it. */
  public int group() {
    return group;
  }

  /** Returns which buffer a completion is about. */
  public static int id(int completionFlags) {
    assert (completionFlags & Constants.IORING_CQE_F_BUFFER) != 0 : completionFlags;
    return completionFlags >>> Constants.IORING_CQE_BUFFER_SHIFT;
  }

  /** Returns the memory of a buffer that the kernel has filled. */
  public MemorySegment buffer(int id) {
    return memory.asSlice((long) id * bufferBytes, bufferBytes);
  }

  /** Gives a buffer to the kernel. */
  public void giveBack(int id) {
    synchronized (entries) {
      entries.add(buffer(id).address(), bufferBytes, id);
    }
  }

  /** Unregisters and frees the buffers; no operation may be armed on them any more. */
  public void close() {
    ring.ask(new Errand((kernel, memory) -> entries.unregister(kernel, memory, group)));
    if (Engine.failures() == failuresBefore) {
      free(); // a ring that failed may have had them, and may still
    }
  }

  private void free() {
    entries.free();
    NativeMemory.free(memory);
  }
}
