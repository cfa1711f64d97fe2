package io.ringspun.internal.kernel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * The features that the running kernel reports: those of {@code io_uring_setup}, the operations of
 * {@code IORING_REGISTER_PROBE}, and the answer to a {@link KernelQuery}.
 *
 * @param features {@code IORING_FEAT_} names without that prefix
 * @param opcodes {@code IORING_OP_} names without that prefix
 * @param registerOpcodes {@code IORING_REGISTER_} and {@code IORING_UNREGISTER_} names without
 *     {@code IORING_}; none if the kernel does not tell
 * @param setupFlags {@code IORING_SETUP_} names without that prefix; none if the kernel does not
 *     report them
 */
public record KernelFeatures(
    Set<String> features,
    Set<String> opcodes,
    Set<String> registerOpcodes,
    Set<String> setupFlags) {

  /** By bit number. */
  private static final List<String> FEATURES =
      List.of(
          "SINGLE_MMAP",
          "NODROP",
          "SUBMIT_STABLE",
          "RW_CUR_POS",
          "CUR_PERSONALITY",
          "FAST_POLL",
          "POLL_32BITS",
          "SQPOLL_NONFIXED",
          "EXT_ARG",
          "NATIVE_WORKERS",
          "RSRC_TAGS",
          "CQE_SKIP",
          "LINKED_FILE",
          "REG_REG_RING",
          "RECVSEND_BUNDLE",
          "MIN_TIMEOUT",
          "RW_ATTR",
          "NO_IOWAIT");

  /** By number. */
  private static final List<String> REGISTER_OPCODES =
      List.of(
          ("REGISTER_BUFFERS UNREGISTER_BUFFERS REGISTER_FILES UNREGISTER_FILES REGISTER_EVENTFD"
                  + " UNREGISTER_EVENTFD REGISTER_FILES_UPDATE REGISTER_EVENTFD_ASYNC"
                  + " REGISTER_PROBE REGISTER_PERSONALITY UNREGISTER_PERSONALITY"
                  + " REGISTER_RESTRICTIONS REGISTER_ENABLE_RINGS REGISTER_FILES2"
                  + " REGISTER_FILES_UPDATE2 REGISTER_BUFFERS2 REGISTER_BUFFERS_UPDATE"
                  + " REGISTER_IOWQ_AFF UNREGISTER_IOWQ_AFF REGISTER_IOWQ_MAX_WORKERS"
                  + " REGISTER_RING_FDS UNREGISTER_RING_FDS REGISTER_PBUF_RING"
                  + " UNREGISTER_PBUF_RING REGISTER_SYNC_CANCEL REGISTER_FILE_ALLOC_RANGE"
                  + " REGISTER_PBUF_STATUS REGISTER_NAPI UNREGISTER_NAPI REGISTER_CLOCK"
                  + " REGISTER_CLONE_BUFFERS REGISTER_SEND_MSG_RING REGISTER_ZCRX_IFQ"
                  + " REGISTER_RESIZE_RINGS REGISTER_MEM_REGION REGISTER_QUERY")
              .split(" "));

  /** By bit number. */
  private static final List<String> SETUP_FLAGS =
      List.of(
          ("IOPOLL SQPOLL SQ_AFF CQSIZE CLAMP ATTACH_WQ R_DISABLED SUBMIT_ALL COOP_TASKRUN"
                  + " TASKRUN_FLAG SQE128 CQE32 SINGLE_ISSUER DEFER_TASKRUN NO_MMAP"
                  + " REGISTERED_FD_ONLY NO_SQARRAY HYBRID_IOPOLL CQE_MIXED SQE_MIXED SQ_REWIND")
              .split(" "));

  // struct io_uring_probe: last_op, ops_len, resv, resv2[3], then 8 bytes for each operation:
  // op, resv, flags (16 bits), resv2
  private static final int HEADER_BYTES = 16;
  private static final int OP_BYTES = 8;
  private static final int SUPPORTED = 1;

  /** Makes a record whose sets cannot be changed. */
  public KernelFeatures {
    features = Set.copyOf(features);
    opcodes = Set.copyOf(opcodes);
    registerOpcodes = Set.copyOf(registerOpcodes);
    setupFlags = Set.copyOf(setupFlags);
  }

  /**
   * Queries the kernel through a temporary ring.
   *
   * @throws ErrnoException if there can be no ring
   */
  public static KernelFeatures probe(Kernel kernel) throws ErrnoException {
    RingMemory ring = kernel.open(new RingParams(1, 0, 0));
    try {
      KernelQuery told = KernelQuery.run(kernel);
      int registerOpcodes = Math.min(told.registerOperations(), REGISTER_OPCODES.size());
      return new KernelFeatures(
          named(FEATURES, ring.features()),
          opcodes(kernel, ring).stream().map(Opcode::name).collect(Collectors.toSet()),
          Set.copyOf(REGISTER_OPCODES.subList(0, registerOpcodes)),
          named(SETUP_FLAGS, told.setupFlags()));
    } finally {
      kernel.close(ring);
    }
  }

  private static Set<String> named(List<String> names, long bits) {
    Set<String> named = new TreeSet<>();
    for (int bit = 0; bit < names.size(); bit++) {
      if ((bits & 1L << bit) != 0) {
        named.add(names.get(bit));
      }
    }
    return named;
  }

  /**
   * Asks for the operations only, on the thread of the ring if it has one.
   *
   * @return those that are known here
   * @throws ErrnoException if the kernel refuses
   */
  public static Set<Opcode> opcodes(Kernel kernel, RingMemory ring) throws ErrnoException {
    int count = Opcode.count();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment probe = arena.allocate(HEADER_BYTES + (long) OP_BYTES * count, 8);
      int result = kernel.register(ring, Constants.IORING_REGISTER_PROBE, probe, count);
      if (result < 0) {
        throw new ErrnoException("IORING_REGISTER_PROBE", -result);
      }
      Set<Opcode> opcodes = EnumSet.noneOf(Opcode.class);
      for (Opcode opcode : Opcode.values()) {
        long at = HEADER_BYTES + (long) OP_BYTES * opcode.number();
        if ((probe.get(ValueLayout.JAVA_SHORT, at + 2) & SUPPORTED) != 0) {
          opcodes.add(opcode);
        }
      }
      return opcodes;
    }
  }
}
