package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.BufferRegistration;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.kernel.RingMemory;
import io.ringspun.internal.kernel.SparseTable;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;

/**
 * Which memory is registered with a ring, by slots of the kernel's table. The table is made when it
 * is first needed. For the ring's thread, which alone may register.
 */
final class BufferTable {
  static final int SLOTS = 64;

  private final Kernel kernel;
  private final RingMemory ring;
  private final BitSet used = new BitSet(SLOTS);
  private boolean made;

  BufferTable(Kernel kernel, RingMemory ring) {
    this.kernel = kernel;
    this.ring = ring;
  }

  /** Registers memory; returns its slot, or a negated errno. */
  int add(MemorySegment memory) {
    if (!made) {
      int result = SparseTable.make(kernel, ring, Constants.IORING_REGISTER_BUFFERS2, SLOTS);
      if (result < 0) {
        return result;
      }
      made = true;
    }
    int slot = used.nextClearBit(0);
    if (slot == SLOTS) {
      return -Errno.ENOSPC;
    }
    int result = BufferRegistration.update(kernel, ring, slot, memory);
    if (result < 0) {
      return result;
    }
    used.set(slot);
    return slot;
  }

  /** Empties a slot. The kernel keeps the pages of what it has in hand for as long as it has. */
  void remove(int slot) {
    if (BufferRegistration.update(kernel, ring, slot, MemorySegment.NULL) >= 0) {
      used.clear(slot); // else it is never used again, which harms nobody
    }
  }
}
