package io.ringspun.internal.kernel;

import static io.ringspun.internal.kernel.Constants.IORING_REGISTER_PBUF_RING;
import static io.ringspun.internal.kernel.Constants.IORING_UNREGISTER_PBUF_RING;
import static io.ringspun.internal.kernel.Constants.IOU_PBUF_RING_INC;
import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.paddingLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.invoke.VarHandle;

/**
 * A ring of provided buffers, from which the kernel takes one when data arrives: {@code struct
 * io_uring_buf_ring}, Linux 5.19. The kernel reads what lies before the tail. Not thread-safe.
 */
public final class BufferRingMemory {
  /**
   * {@code struct io_uring_buf}; that of the first buffer has the ring's tail in its last field.
   */
  static final StructLayout ENTRY =
      structLayout(
          JAVA_LONG.withName("addr"),
          JAVA_INT.withName("len"),
          JAVA_SHORT.withName("bid"),
          JAVA_SHORT.withName("resv"));

  /** {@code struct io_uring_buf_reg}. */
  static final StructLayout REGISTRATION =
      structLayout(
          JAVA_LONG.withName("ring_addr"),
          JAVA_INT.withName("ring_entries"),
          JAVA_SHORT.withName("bgid"),
          JAVA_SHORT.withName("flags"),
          paddingLayout(24));

  private static final VarHandle TAIL = JAVA_SHORT.varHandle();
  private static final long TAIL_AT = ENTRY.byteOffset(groupElement("resv"));

  private final MemorySegment memory;
  private final int mask;
  private int tail;

  /**
   * Makes one, with no buffers in it.
   *
   * @param entries a power of two, 32,768 at most
   */
  public BufferRingMemory(int entries) {
    assert Integer.bitCount(entries) == 1 && entries <= 1 << 15 : entries;
    long pages = Math.ceilDiv(entries * ENTRY.byteSize(), NativeMemory.ALIGNMENT);
    memory = NativeMemory.allocate(pages * NativeMemory.ALIGNMENT);
    mask = entries - 1;
  }

  /**
   * Registers it with a ring as a group; returns a negated errno if the kernel refuses.
   *
   * @param incremental whether the kernel fills a buffer bit by bit before it takes the next, Linux
   *     6.12
   */
  public int register(Kernel kernel, RingMemory ring, int group, boolean incremental) {
    int flags = incremental ? IOU_PBUF_RING_INC : 0;
    return request(kernel, ring, IORING_REGISTER_PBUF_RING, group, flags);
  }

  /** Has a ring forget a group. */
  public int unregister(Kernel kernel, RingMemory ring, int group) {
    return request(kernel, ring, IORING_UNREGISTER_PBUF_RING, group, 0);
  }

  private int request(Kernel kernel, RingMemory ring, int opcode, int group, int flags) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment request = arena.allocate(REGISTRATION);
      if (opcode == IORING_REGISTER_PBUF_RING) {
        request.set(JAVA_LONG, 0, memory.address());
        request.set(JAVA_INT, REGISTRATION.byteOffset(groupElement("ring_entries")), mask + 1);
      }
      request.set(JAVA_SHORT, REGISTRATION.byteOffset(groupElement("bgid")), (short) group);
      request.set(JAVA_SHORT, REGISTRATION.byteOffset(groupElement("flags")), (short) flags);
      return kernel.register(ring, opcode, request, 1);
    }
  }

  /** Provides a buffer to the kernel. */
  public void add(long address, int byteSize, int id) {
    long at = (tail & mask) * ENTRY.byteSize();
    memory.set(JAVA_LONG, at, address);
    memory.set(JAVA_INT, at + Long.BYTES, byteSize);
    memory.set(JAVA_SHORT, at + Long.BYTES + Integer.BYTES, (short) id);
    tail++;
    TAIL.setRelease(memory, TAIL_AT, (short) tail);
  }

  /** Frees it; no ring may know it any more. */
  public void free() {
    NativeMemory.free(memory);
  }
}
