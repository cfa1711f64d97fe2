package io.ringspun.internal.kernel;

import static io.ringspun.internal.kernel.Constants.IORING_REGISTER_BUFFERS_UPDATE;
import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * What is in a ring's table of registered buffers, whose pages the kernel pins once instead of at
 * every transfer: {@code struct io_uring_rsrc_update2}.
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

  private static final long IOVEC_BYTES = 16;

  private BufferRegistration() {}

  /**
   * Puts memory into a slot, in the place of what is there; empties it if given {@code
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
}
