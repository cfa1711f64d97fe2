package io.ringspun.internal.kernel;

import static io.ringspun.internal.kernel.Constants.IORING_RSRC_REGISTER_SPARSE;
import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * A ring's table of registered files or buffers, made with all of its slots empty: {@code struct
 * io_uring_rsrc_register} with {@code IORING_RSRC_REGISTER_SPARSE}, Linux 5.19.
 */
public final class SparseTable {
  static final StructLayout LAYOUT =
      structLayout(
          JAVA_INT.withName("nr"),
          JAVA_INT.withName("flags"),
          JAVA_LONG.withName("resv2"),
          JAVA_LONG.withName("data"),
          JAVA_LONG.withName("tags"));

  private SparseTable() {}

  /**
   * Makes the table, on the ring's own thread.
   *
   * @param opcode {@code IORING_REGISTER_FILES2} or {@code IORING_REGISTER_BUFFERS2}
   * @param slots how many
   * @return 0 or a negated errno
   */
  public static int make(Kernel kernel, RingMemory ring, int opcode, int slots) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment table = arena.allocate(LAYOUT);
      table.set(JAVA_INT, LAYOUT.byteOffset(groupElement("nr")), slots);
      table.set(JAVA_INT, LAYOUT.byteOffset(groupElement("flags")), IORING_RSRC_REGISTER_SPARSE);
      return kernel.register(ring, opcode, table, (int) LAYOUT.byteSize());
    }
  }
}
