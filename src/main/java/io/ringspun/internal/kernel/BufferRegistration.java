package io.ringspun.internal.kernel;

import static io.ringspun.internal.kernel.Constants.*;
import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.sequenceLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * Registration of buffers with a ring, whose pages the kernel pins once instead of at every
 * transfer: {@code struct io_uring_rsrc_update2} and {@code io_uring_clone_buffers}. For the ring's
 * own thread, if it has one; each method returns the kernel's result or a negated {@code errno}.
 */
public final class BufferRegistration {
  static final StructLayout UPDATE =
      structLayout(
          JAVA_INT.withName("offset"),
          JAVA_INT.withName("resv"),
          JAVA_LONG.withName("data"),
          JAVA_LONG.withName("tags"),
          JAVA_INT.withName("nr"),
          JAVA_INT.withName("resv2"));

  private static final StructLayout CLONE =
      structLayout(
          JAVA_INT.withName("src_fd"),
          JAVA_INT.withName("flags"),
          JAVA_INT.withName("src_off"),
          JAVA_INT.withName("dst_off"),
          JAVA_INT.withName("nr"),
          sequenceLayout(3, JAVA_INT).withName("pad"));

  private static final long IOVEC_BYTES = 16;

  private BufferRegistration() {}

  /**
   * Puts memory into a slot and replaces its content, or empties the slot if given {@code
   * MemorySegment.NULL}. For the ring's own thread.
   *
   * @return the kernel's answer or a negated errno
   */
  public static int update(Kernel kernel, RingMemory ring, int slot, MemorySegment memory) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment vector = arena.allocate(IOVEC_BYTES, Long.BYTES);
      vector.set(JAVA_LONG, 0, memory.address());
      vector.set(JAVA_LONG, Long.BYTES, memory.byteSize());
      MemorySegment update = arena.allocate(UPDATE);
      update.set(JAVA_INT, UPDATE.byteOffset(groupElement("offset")), slot);
      update.set(JAVA_LONG, UPDATE.byteOffset(groupElement("data")), vector.address());
      update.set(JAVA_INT, UPDATE.byteOffset(groupElement("nr")), 1);
      return kernel.register(ring, IORING_REGISTER_BUFFERS_UPDATE, update, (int) UPDATE.byteSize());
    }
  }

  /** Lets go of the whole table ({@code IORING_UNREGISTER_BUFFERS}, Linux 5.1). */
  public static int dropTable(Kernel kernel, RingMemory ring) {
    return kernel.register(ring, IORING_UNREGISTER_BUFFERS, MemorySegment.NULL, 0);
  }

  /**
   * Clones the table of another ring, with the same pinned pages, to a ring without one ({@code
   * IORING_REGISTER_CLONE_BUFFERS}, Linux 6.12).
   */
  public static int cloneTable(Kernel kernel, RingMemory ring, RingMemory source) {
    return clone(kernel, ring, source, 0, 0, 0);
  }

  /**
   * Puts the memory in the first slot of another ring's table into an empty slot of this ring's,
   * without pinning it again ({@code IORING_REGISTER_DST_REPLACE}, Linux 6.13). Kernels before 6.19
   * may empty the slots behind it.
   */
  public static int cloneSlot(Kernel kernel, RingMemory ring, int slot, RingMemory source) {
    return clone(kernel, ring, source, IORING_REGISTER_DST_REPLACE, slot, 1);
  }

  private static int clone(
      Kernel kernel, RingMemory ring, RingMemory source, int flags, int slot, int count) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment clone = arena.allocate(CLONE);
      clone.set(JAVA_INT, CLONE.byteOffset(groupElement("src_fd")), source.fd());
      clone.set(JAVA_INT, CLONE.byteOffset(groupElement("flags")), flags);
      clone.set(JAVA_INT, CLONE.byteOffset(groupElement("dst_off")), slot);
      clone.set(JAVA_INT, CLONE.byteOffset(groupElement("nr")), count);
      return kernel.register(ring, IORING_REGISTER_CLONE_BUFFERS, clone, 1);
    }
  }
}
