package io.ringspun.internal.kernel;

import static io.ringspun.internal.kernel.Constants.IORING_REGISTER_BUFFERS2;
import static io.ringspun.internal.kernel.Constants.IORING_REGISTER_BUFFERS_UPDATE;
import static io.ringspun.internal.kernel.Constants.IORING_RSRC_REGISTER_SPARSE;
import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * A ring's table of registered buffers, whose pages the kernel pins once instead of at every
 * transfer: {@code struct io_uring_rsrc_register} and {@code io_uring_rsrc_update2}. For the ring's
 * own thread; each method returns the kernel's answer or a negated {@code errno}.
 */
public final class BufferRegistration {
  static final StructLayout TABLE =
      structLayout(
          JAVA_INT.withName("nr"),
          JAVA_INT.withName("flags"),
          JAVA_LONG.withName("resv2"),
          JAVA_LONG.withName("data"),
          JAVA_LONG.withName("tags"));

  static final StructLayout UPDATE =
      structLayout(
          JAVA_INT.withName("offset"),
          JAVA_INT.withName("resv"),
          JAVA_LONG.withName("data"),
          JAVA_LONG.withName("tags"),
          JAVA_INT.withName("nr"),
          JAVA_INT.withName("resv2"));

  private static final long IOVEC_BYTES = 16;

  private BufferRegistration() {}

  /** Makes a table of so many empty slots ({@code IORING_RSRC_REGISTER_SPARSE}, Linux 5.19). */
  public static int makeTable(Kernel kernel, RingMemory ring, int slots) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment table = arena.allocate(TABLE);
      table.set(JAVA_INT, TABLE.byteOffset(groupElement("nr")), slots);
      table.set(JAVA_INT, TABLE.byteOffset(groupElement("flags")), IORING_RSRC_REGISTER_SPARSE);
      return kernel.register(ring, IORING_REGISTER_BUFFERS2, table, (int) TABLE.byteSize());
    }
  }

  /**
   * Puts memory into a slot, in the place of what is there; empties it if given {@code
   * MemorySegment.NULL}.
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
}
