package io.ringspun.internal.kernel;

import static io.ringspun.internal.kernel.Constants.*;
import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.paddingLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.util.BitSet;

/**
 * Something that is registered with a ring once, when it is opened.
 *
 * @param name what to call it when the kernel refuses
 * @param since the oldest Linux version that supports it
 * @param opcode {@code IORING_REGISTER_} number
 * @param argument memory of an automatic arena
 * @param count elements or bytes in it, as the opcode wants
 */
public record Registration(
    String name, String since, int opcode, MemorySegment argument, int count) {

  /** {@code struct io_uring_napi}. */
  static final StructLayout NAPI =
      structLayout(
          JAVA_INT.withName("busy_poll_to"),
          JAVA_BYTE.withName("prefer_busy_poll"),
          JAVA_BYTE.withName("opcode"),
          paddingLayout(2),
          JAVA_INT.withName("op_param"),
          JAVA_INT.withName("resv"));

  /** {@code struct io_uring_restriction}. */
  static final StructLayout RESTRICTION =
      structLayout(
          JAVA_SHORT.withName("opcode"),
          JAVA_BYTE.withName("sqe_op"),
          JAVA_BYTE.withName("resv"),
          paddingLayout(12));

  private static final int ALL_ENTRY_FLAGS = 0x7f;
  private static final int MASK_BYTES_MAX = 1024; // of 8192 processors

  /**
   * Register operations that an enabled ring may still use. The kernel refuses a list with an
   * unknown number, so the list has only those of Linux 6.1.
   */
  private static final int[] REGISTERED_LATER = {
    IORING_UNREGISTER_BUFFERS,
    IORING_REGISTER_EVENTFD,
    IORING_UNREGISTER_EVENTFD,
    IORING_REGISTER_PROBE,
    IORING_REGISTER_BUFFERS2,
    IORING_REGISTER_BUFFERS_UPDATE,
    IORING_UNREGISTER_RING_FDS,
    IORING_REGISTER_PBUF_RING,
    IORING_UNREGISTER_PBUF_RING,
    IORING_REGISTER_SYNC_CANCEL,
  };

  /** Limits io-wq workers (Linux 5.15); 0 keeps a limit. */
  public static Registration maxWorkers(int bounded, int unbounded) {
    return new Registration(
        "IORING_REGISTER_IOWQ_MAX_WORKERS",
        ErrnoException.OLDEST_LINUX,
        IORING_REGISTER_IOWQ_MAX_WORKERS,
        Arena.ofAuto().allocateFrom(JAVA_INT, bounded, unbounded),
        2);
  }

  /** Binds io-wq workers to processors (Linux 5.14). */
  public static Registration workerCpus(BitSet cpus) {
    long[] mask = cpus.toLongArray();
    return new Registration(
        "IORING_REGISTER_IOWQ_AFF of processors " + cpus,
        ErrnoException.OLDEST_LINUX,
        IORING_REGISTER_IOWQ_AFF,
        Arena.ofAuto().allocateFrom(JAVA_LONG, mask),
        mask.length * Long.BYTES);
  }

  /** Has waiting threads poll the network devices of what they wait for (Linux 6.9). */
  public static Registration napi(int micros, boolean prefer) {
    MemorySegment napi = Arena.ofAuto().allocate(NAPI);
    napi.set(JAVA_INT, NAPI.byteOffset(groupElement("busy_poll_to")), micros);
    napi.set(JAVA_BYTE, NAPI.byteOffset(groupElement("prefer_busy_poll")), (byte) (prefer ? 1 : 0));
    return new Registration("IORING_REGISTER_NAPI", "6.9", IORING_REGISTER_NAPI, napi, 1);
  }

  /** Restricts a ring that is not enabled yet to some operations (Linux 5.10). */
  public static Registration restrictions(BitSet operations) {
    int count = operations.cardinality() + REGISTERED_LATER.length + 1;
    MemorySegment list = Arena.ofAuto().allocate(RESTRICTION, count);
    int index = 0;
    for (int opcode : REGISTERED_LATER) {
      restriction(list, index++, IORING_RESTRICTION_REGISTER_OP, opcode);
    }
    for (int op = operations.nextSetBit(0); op >= 0; op = operations.nextSetBit(op + 1)) {
      restriction(list, index++, IORING_RESTRICTION_SQE_OP, op);
    }
    restriction(list, index, IORING_RESTRICTION_SQE_FLAGS_ALLOWED, ALL_ENTRY_FLAGS);
    return new Registration(
        "IORING_REGISTER_RESTRICTIONS",
        ErrnoException.OLDEST_LINUX,
        IORING_REGISTER_RESTRICTIONS,
        list,
        count);
  }

  private static void restriction(MemorySegment list, int index, int kind, int value) {
    long at = index * RESTRICTION.byteSize();
    list.set(JAVA_SHORT, at + RESTRICTION.byteOffset(groupElement("opcode")), (short) kind);
    list.set(JAVA_BYTE, at + RESTRICTION.byteOffset(groupElement("sqe_op")), (byte) value);
  }

  /**
   * Registers it, on the ring's own thread.
   *
   * @return 0 or more, or a negated errno
   */
  public int with(Kernel kernel, RingMemory ring) {
    if (opcode == IORING_REGISTER_IOWQ_AFF && !maskIsUsable(kernel)) {
      return -Errno.EINVAL; // the kernel would leave out what there is not
    }
    return kernel.register(ring, opcode, argument, count);
  }

  private boolean maskIsUsable(Kernel kernel) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment usable = arena.allocate(MASK_BYTES_MAX, Long.BYTES);
      if (kernel.call(SystemCall.SCHED_GETAFFINITY, 0, usable.byteSize(), usable.address()) < 0) {
        return true; // then the kernel is to judge
      }
      BitSet missing = BitSet.valueOf(argument.toArray(JAVA_LONG));
      missing.andNot(BitSet.valueOf(usable.toArray(JAVA_LONG)));
      return missing.isEmpty();
    }
  }
}
