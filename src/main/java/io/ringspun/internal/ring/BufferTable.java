package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.BufferRegistration;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.ErrnoException;
import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.kernel.KernelFeatures;
import io.ringspun.internal.kernel.Opcode;
import io.ringspun.internal.kernel.RingMemory;
import io.ringspun.internal.kernel.SparseTable;
import java.lang.foreign.MemorySegment;
import java.util.BitSet;
import java.util.EnumSet;

/**
 * Which memory is registered with a ring, by slots of the kernel's table. The table is made when it
 * is first needed. For the ring's thread, which alone may register, unless a method says otherwise.
 */
final class BufferTable {
  static final int SLOTS = 64;

  private final Kernel kernel;
  private final RingMemory ring;
  private final BitSet used = new BitSet(SLOTS);
  private boolean made;
  private volatile boolean takesVectors; // written before any slot is known, read by any thread

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
      noteMade();
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

  /** Clones what a source has pinned, if the kernel can; returns as {@link #add} does. */
  int share(BufferSource source) {
    int slot = used.length(); // the end, because old kernels lose entries after a clone
    if (slot == SLOTS) {
      return -Errno.ENOSPC;
    }
    int result =
        made
            ? BufferRegistration.cloneSlot(kernel, ring, slot, source.ring())
            : BufferRegistration.cloneTable(kernel, ring, source.ring());
    if (result < 0) {
      return result;
    }
    if (!made) {
      noteMade();
    }
    used.set(slot);
    return slot;
  }

  private void noteMade() {
    made = true;
    try {
      takesVectors =
          KernelFeatures.opcodes(kernel, ring)
              .containsAll(EnumSet.of(Opcode.READV_FIXED, Opcode.WRITEV_FIXED));
    } catch (ErrnoException _) {
      takesVectors = false; // a closed ring has no new buffers
    }
  }

  /** Any thread: whether vectored operations can name a slot that is in use. */
  boolean takesVectors() {
    return takesVectors;
  }

  /** Empties a slot. The kernel keeps the pages of what it has in hand for as long as it has. */
  int remove(int slot) {
    int result = BufferRegistration.update(kernel, ring, slot, MemorySegment.NULL);
    if (result >= 0) {
      used.clear(slot); // else the slot is never reused, which is harmless
    }
    return result;
  }
}
