package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.Errno;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;

/**
 * Native memory and the slots that it has in the tables of the rings that were asked to register
 * it. Pinned once, however many they are, where the kernel can clone; once for each ring elsewhere.
 * Safe for use by multiple concurrent threads.
 */
public final class RegisteredMemory {
  /** No slot. */
  public static final int NONE = -1;

  private final Engine[] rings;
  private final int[] slots; // by ring, or a negated errno

  private RegisteredMemory(Engine[] rings, int[] slots) {
    this.rings = rings;
    this.slots = slots;
  }

  /** Registers memory with rings, as far as the kernel does that, and waits until it is done. */
  public static RegisteredMemory of(List<Engine> rings, MemorySegment memory) {
    Engine[] all = rings.toArray(Engine[]::new);
    int[] slots = new int[all.length];
    Arrays.fill(slots, NONE);
    if (all.length > 1) {
      share(all, slots, memory);
    }
    for (int i = 0; i < all.length; i++) {
      if (slots[i] < 0) {
        slots[i] = all[i].registerBuffer(memory);
      }
    }
    return new RegisteredMemory(all, slots);
  }

  private static void share(Engine[] rings, int[] slots, MemorySegment memory) {
    try (BufferSource source = BufferSource.open(rings[0].kernel(), memory)) {
      for (int i = 0; source != null && i < rings.length; i++) {
        slots[i] = rings[i].shareBuffer(source);
      }
    }
  }

  /** Returns the slot that a ring's operations can name, or {@link #NONE}. */
  public int slot(Engine ring) {
    for (int i = 0; i < rings.length; i++) {
      if (rings[i] == ring) {
        return Math.max(slots[i], NONE);
      }
    }
    return NONE;
  }

  /** Returns why a ring that was there could not register it, or 0 if all of them did. */
  public int errno() {
    for (int slot : slots) {
      if (slot < 0 && slot != -Errno.ECANCELED) {
        return -slot;
      }
    }
    return 0;
  }

  /** Returns whether all the rings were closed. */
  public boolean isOrphan() {
    for (int slot : slots) {
      if (slot != -Errno.ECANCELED) {
        return false;
      }
    }
    return true;
  }

  /** Unregisters the memory, which no operation in flight may use. */
  public void release() {
    for (int i = 0; i < rings.length; i++) {
      if (slots[i] >= 0) {
        rings[i].unregisterBuffer(slots[i]);
      }
    }
  }
}
