package io.ringspun.internal.kernel;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.paddingLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * A query of the kernel's features that needs no ring, {@code IORING_REGISTER_QUERY} with {@code
 * IO_URING_QUERY_OPCODES}, Linux 6.18.
 *
 * @param registerOperations how many {@code IORING_REGISTER_} operations it has, 0 if it says not
 * @param setupFlags {@code IORING_SETUP_} bits that it takes
 */
record KernelQuery(int registerOperations, long setupFlags) {
  private static final int NO_RING = -1;
  private static final int QUERY_OPCODES = 0;

  /** {@code struct io_uring_query_hdr}. */
  private static final StructLayout HEADER =
      structLayout(
          JAVA_LONG.withName("next_entry"),
          JAVA_LONG.withName("query_data"),
          JAVA_INT.withName("query_op"),
          JAVA_INT.withName("size"),
          JAVA_INT.withName("result"),
          paddingLayout(12));

  /** {@code struct io_uring_query_opcode}, as far as the first kernels with it fill it. */
  private static final StructLayout OPCODES =
      structLayout(
          JAVA_INT.withName("nr_request_opcodes"),
          JAVA_INT.withName("nr_register_opcodes"),
          JAVA_LONG.withName("feature_flags"),
          JAVA_LONG.withName("ring_setup_flags"),
          JAVA_LONG.withName("enter_flags"),
          JAVA_LONG.withName("sqe_flags"));

  /** Asks; an older kernel's answer is empty. */
  static KernelQuery run(Kernel kernel) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment header = arena.allocate(HEADER);
      MemorySegment answer = arena.allocate(OPCODES);
      header.set(JAVA_LONG, HEADER.byteOffset(groupElement("query_data")), answer.address());
      header.set(JAVA_INT, HEADER.byteOffset(groupElement("query_op")), QUERY_OPCODES);
      header.set(JAVA_INT, HEADER.byteOffset(groupElement("size")), (int) OPCODES.byteSize());
      long refusal =
          kernel.call(
              SystemCall.IO_URING_REGISTER,
              NO_RING,
              Constants.IORING_REGISTER_QUERY,
              header.address(),
              0);
      if (refusal < 0 || header.get(JAVA_INT, HEADER.byteOffset(groupElement("result"))) < 0) {
        return new KernelQuery(0, 0);
      }
      return new KernelQuery(
          answer.get(JAVA_INT, OPCODES.byteOffset(groupElement("nr_register_opcodes"))),
          answer.get(JAVA_LONG, OPCODES.byteOffset(groupElement("ring_setup_flags"))));
    }
  }
}
