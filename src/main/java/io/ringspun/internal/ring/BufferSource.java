package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.BufferRegistration;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.ErrnoException;
import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.kernel.RingMemory;
import io.ringspun.internal.kernel.RingParams;
import io.ringspun.internal.kernel.SparseTable;
import java.lang.foreign.MemorySegment;
import org.jspecify.annotations.Nullable;

/**
 * Memory that is pinned once for several rings, which clone it into their tables. It is registered
 * with a separate ring, which may be closed when they have cloned it: only the owner thread may
 * clone from a ring that has one (Linux 6.18). Safe for use by multiple concurrent threads.
 */
final class BufferSource implements AutoCloseable {
  private final Kernel kernel;
  private final RingMemory ring;

  private BufferSource(Kernel kernel, RingMemory ring) {
    this.kernel = kernel;
    this.ring = ring;
  }

  /** Pins memory; returns null if the kernel refuses. */
  static @Nullable BufferSource open(Kernel kernel, MemorySegment memory) {
    RingMemory ring;
    try {
      ring = kernel.open(new RingParams(1, 0, 0));
    } catch (ErrnoException _) {
      return null;
    }
    // As large as the tables of those that clone, which may take all of it for theirs.
    if (SparseTable.make(kernel, ring, Constants.IORING_REGISTER_BUFFERS2, BufferTable.SLOTS) < 0
        || BufferRegistration.update(kernel, ring, 0, memory) < 0) {
      kernel.close(ring);
      return null;
    }
    return new BufferSource(kernel, ring);
  }

  /** Returns the ring whose first slot has the memory. */
  RingMemory ring() {
    return ring;
  }

  /** Leaves the memory to those that have cloned it. */
  @Override
  public void close() {
    BufferRegistration.dropTable(
        kernel, ring); // now: the kernel frees a closed ring some time later
    kernel.close(ring);
  }
}
