package io.ringspun.internal.kernel;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * A ring in its own thread's table of rings, so that the kernel need not look up a descriptor each
 * time the thread enters it: {@code IORING_REGISTER_RING_FDS}, Linux 5.18. It is always the first
 * there, and {@code IORING_ENTER_REGISTERED_RING} in {@link Kernel#enter} means that one.
 */
public final class OwnRing {
  static final int INDEX = 0;

  /** {@code struct io_uring_rsrc_update}. */
  static final StructLayout LAYOUT =
      structLayout(
          JAVA_INT.withName("offset"), JAVA_INT.withName("resv"), JAVA_LONG.withName("data"));

  private OwnRing() {}

  /**
   * Enters it into the calling thread's table.
   *
   * @return 1, or a negated errno
   */
  public static int register(Kernel kernel, RingMemory ring) {
    return update(kernel, ring, Constants.IORING_REGISTER_RING_FDS, ring.fd());
  }

  /** Unregisters the descriptor; otherwise the ring would live as long as the thread. */
  public static void unregister(Kernel kernel, RingMemory ring) {
    update(kernel, ring, Constants.IORING_UNREGISTER_RING_FDS, 0);
  }

  private static int update(Kernel kernel, RingMemory ring, int opcode, int data) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment update = arena.allocate(LAYOUT);
      update.set(JAVA_INT, LAYOUT.byteOffset(groupElement("offset")), INDEX);
      update.set(JAVA_LONG, LAYOUT.byteOffset(groupElement("data")), data);
      return kernel.register(ring, opcode, update, 1);
    }
  }
}
