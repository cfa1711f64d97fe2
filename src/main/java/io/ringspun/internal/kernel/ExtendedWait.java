package io.ringspun.internal.kernel;

import static io.ringspun.internal.kernel.Constants.*;
import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.paddingLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * The argument of a wait in {@code io_uring_enter(2)} for a number of completions, of which one is
 * enough after a minimum time (Linux 6.12).
 *
 * @param flags {@code IORING_ENTER_} flags that announce the argument
 * @param argument of {@link Kernel#enter}
 * @param memory must stay reachable as long as the ring is open
 */
public record ExtendedWait(int flags, MemorySegment argument, MemorySegment memory) {
  /** {@code struct io_uring_getevents_arg}, which the kernel copies each time. */
  private static final StructLayout COPIED =
      structLayout(
          JAVA_LONG.withName("sigmask"),
          JAVA_INT.withName("sigmask_sz"),
          JAVA_INT.withName("min_wait_usec"),
          JAVA_LONG.withName("ts"));

  /** {@code struct io_uring_reg_wait}, which it finds in registered memory. */
  private static final StructLayout REGISTERED =
      structLayout(
          Timespec.LAYOUT.withName("ts"),
          JAVA_INT.withName("min_wait_usec"),
          JAVA_INT.withName("flags"),
          paddingLayout(40));

  /** {@code struct io_uring_region_desc}. */
  private static final StructLayout REGION =
      structLayout(
          JAVA_LONG.withName("user_addr"),
          JAVA_LONG.withName("size"),
          JAVA_INT.withName("flags"),
          JAVA_INT.withName("id"),
          paddingLayout(40));

  /** {@code struct io_uring_mem_region_reg}. */
  private static final StructLayout REGISTRATION =
      structLayout(
          JAVA_LONG.withName("region_uptr"), JAVA_LONG.withName("flags"), paddingLayout(16));

  /**
   * Prepares to wait so, on the thread of a ring that is not enabled yet: by an argument that is
   * registered with the ring where that can be done (Linux 6.13), else by one of the usual kind.
   */
  public static ExtendedWait minimum(Kernel kernel, RingMemory ring, int micros) {
    MemorySegment page = Arena.ofAuto().allocate(NativeMemory.pageSize(), NativeMemory.pageSize());
    set(page, REGISTERED, "min_wait_usec", micros);
    return register(kernel, ring, page) < 0 ? copied(micros) : registered(page);
  }

  private static ExtendedWait copied(int micros) {
    MemorySegment argument = Arena.ofAuto().allocate(COPIED);
    set(argument, COPIED, "min_wait_usec", micros);
    return new ExtendedWait(IORING_ENTER_EXT_ARG, argument, argument);
  }

  /**
   * The kernel expects an offset in the region instead of an address; the argument is at offset 0.
   */
  @SuppressWarnings("restricted")
  private static ExtendedWait registered(MemorySegment page) {
    return new ExtendedWait(
        IORING_ENTER_EXT_ARG | IORING_ENTER_EXT_ARG_REG,
        MemorySegment.NULL.reinterpret(REGISTERED.byteSize()),
        page);
  }

  private static int register(Kernel kernel, RingMemory ring, MemorySegment page) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment region = arena.allocate(REGION);
      set(region, REGION, "user_addr", page.address());
      set(region, REGION, "size", page.byteSize());
      set(region, REGION, "flags", IORING_MEM_REGION_TYPE_USER);
      MemorySegment registration = arena.allocate(REGISTRATION);
      set(registration, REGISTRATION, "region_uptr", region.address());
      set(registration, REGISTRATION, "flags", (long) IORING_MEM_REGION_REG_WAIT_ARG);
      return kernel.register(ring, IORING_REGISTER_MEM_REGION, registration, 1);
    }
  }

  private static void set(MemorySegment struct, StructLayout layout, String field, int value) {
    struct.set(JAVA_INT, layout.byteOffset(groupElement(field)), value);
  }

  private static void set(MemorySegment struct, StructLayout layout, String field, long value) {
    struct.set(JAVA_LONG, layout.byteOffset(groupElement(field)), value);
  }
}
