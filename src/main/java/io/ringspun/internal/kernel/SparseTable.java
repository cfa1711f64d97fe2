package io.ringspun.internal.kernel;

import static io.ringspun.internal.kernel.Constants.IORING_REGISTER_FILE_ALLOC_RANGE;
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

  static final StructLayout RANGE =
      structLayout(JAVA_INT.withName("off"), JAVA_INT.withName("len"), JAVA_LONG.withName("resv"));

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

  /**
   * Has the kernel choose slots for files among the first ones only ({@code
   * IORING_REGISTER_FILE_ALLOC_RANGE}, Linux 6.0), on the ring's own thread.
   *
   * @param slots how many
   * @return 0 or a negated errno
   */
  public static int allocateWithin(Kernel kernel, RingMemory ring, int slots) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment range = arena.allocate(RANGE);
      range.set(JAVA_INT, RANGE.byteOffset(groupElement("len")), slots);
      return kernel.register(ring, IORING_REGISTER_FILE_ALLOC_RANGE, range, 0);
    }
  }
}
