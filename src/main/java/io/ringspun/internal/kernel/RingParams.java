package io.ringspun.internal.kernel;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * The parameters of {@code io_uring_setup(2)}, and the layout of the structure that passes them to
 * the kernel and returns the result.
 *
 * @param sqEntries requested submission entries
 * @param cqEntries requested completion entries, used with {@code IORING_SETUP_CQSIZE}
 * @param flags {@code IORING_SETUP_} flags
 * @param sqThreadCpu processor for the kernel's polling thread, with {@code IORING_SETUP_SQ_AFF}
 * @param sqThreadIdleMillis how long that thread spins before it sleeps
 * @param attachTo descriptor of the ring whose polling thread to share, with {@code
 *     IORING_SETUP_ATTACH_WQ}
 */
public record RingParams(
    int sqEntries,
    int cqEntries,
    int flags,
    int sqThreadCpu,
    int sqThreadIdleMillis,
    int attachTo) {

  /** Asks for a ring without a polling thread. */
  public RingParams(int sqEntries, int cqEntries, int flags) {
    this(sqEntries, cqEntries, flags, 0, 0, 0);
  }

  /** Returns what to throw when the kernel refuses. */
  public ErrnoException refusal(int errno) {
    return new ErrnoException("io_uring_setup", errno, since());
  }

  private String since() {
    if ((flags & Constants.IORING_SETUP_HYBRID_IOPOLL) != 0) {
      return "6.13";
    }
    return (flags & Constants.IORING_SETUP_NO_SQARRAY) != 0 ? "6.6" : ErrnoException.OLDEST_LINUX;
  }

  /** {@code struct io_sqring_offsets}. */
  static final StructLayout SQ_OFFSETS =
      structLayout(
          JAVA_INT.withName("head"),
          JAVA_INT.withName("tail"),
          JAVA_INT.withName("ring_mask"),
          JAVA_INT.withName("ring_entries"),
          JAVA_INT.withName("flags"),
          JAVA_INT.withName("dropped"),
          JAVA_INT.withName("array"),
          JAVA_INT.withName("resv1"),
          JAVA_LONG.withName("resv2"));

  /** {@code struct io_cqring_offsets}. */
  static final StructLayout CQ_OFFSETS =
      structLayout(
          JAVA_INT.withName("head"),
          JAVA_INT.withName("tail"),
          JAVA_INT.withName("ring_mask"),
          JAVA_INT.withName("ring_entries"),
          JAVA_INT.withName("overflow"),
          JAVA_INT.withName("cqes"),
          JAVA_INT.withName("flags"),
          JAVA_INT.withName("resv1"),
          JAVA_LONG.withName("resv2"));

  /** {@code struct io_uring_params}. */
  static final StructLayout LAYOUT =
      structLayout(
          JAVA_INT.withName("sq_entries"),
          JAVA_INT.withName("cq_entries"),
          JAVA_INT.withName("flags"),
          JAVA_INT.withName("sq_thread_cpu"),
          JAVA_INT.withName("sq_thread_idle"),
          JAVA_INT.withName("features"),
          JAVA_INT.withName("wq_fd"),
          MemoryLayout.sequenceLayout(3, JAVA_INT).withName("resv"),
          SQ_OFFSETS.withName("sq_off"),
          CQ_OFFSETS.withName("cq_off"));

  /** Writes the question into zeroed memory of {@link #LAYOUT}'s size. */
  void writeTo(MemorySegment struct) {
    set(struct, "sq_entries", sqEntries); // setup takes an argument of its own and overwrites it
    set(struct, "cq_entries", cqEntries);
    set(struct, "flags", flags);
    set(struct, "sq_thread_cpu", sqThreadCpu);
    set(struct, "sq_thread_idle", sqThreadIdleMillis);
    set(struct, "wq_fd", attachTo);
  }

  static int get(MemorySegment struct, String field) {
    return struct.get(JAVA_INT, LAYOUT.byteOffset(groupElement(field)));
  }

  static int get(MemorySegment struct, String group, String field) {
    return struct.get(JAVA_INT, LAYOUT.byteOffset(groupElement(group), groupElement(field)));
  }

  private static void set(MemorySegment struct, String field, int value) {
    struct.set(JAVA_INT, LAYOUT.byteOffset(groupElement(field)), value);
  }
}
