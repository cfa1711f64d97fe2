package io.ringspun.internal.kernel;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.paddingLayout;
import static java.lang.foreign.MemoryLayout.sequenceLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/** {@code struct statx} and the bits that say which of its fields count. */
public final class Statx {
  private static final StructLayout TIMESTAMP =
      structLayout(
          JAVA_LONG.withName("tv_sec"), JAVA_INT.withName("tv_nsec"), JAVA_INT.withName("pad"));

  static final StructLayout LAYOUT =
      structLayout(
          JAVA_INT.withName("stx_mask"),
          JAVA_INT.withName("stx_blksize"),
          JAVA_LONG.withName("stx_attributes"),
          JAVA_INT.withName("stx_nlink"),
          JAVA_INT.withName("stx_uid"),
          JAVA_INT.withName("stx_gid"),
          JAVA_SHORT.withName("stx_mode"),
          paddingLayout(2),
          JAVA_LONG.withName("stx_ino"),
          JAVA_LONG.withName("stx_size"),
          JAVA_LONG.withName("stx_blocks"),
          JAVA_LONG.withName("stx_attributes_mask"),
          TIMESTAMP.withName("stx_atime"),
          TIMESTAMP.withName("stx_btime"),
          TIMESTAMP.withName("stx_ctime"),
          TIMESTAMP.withName("stx_mtime"),
          JAVA_INT.withName("stx_rdev_major"),
          JAVA_INT.withName("stx_rdev_minor"),
          JAVA_INT.withName("stx_dev_major"),
          JAVA_INT.withName("stx_dev_minor"),
          JAVA_LONG.withName("stx_mnt_id"),
          JAVA_INT.withName("stx_dio_mem_align"),
          JAVA_INT.withName("stx_dio_offset_align"),
          sequenceLayout(12, JAVA_LONG).withName("spare"));

  /** Size of the structure in bytes. */
  public static final long SIZE_BYTES = LAYOUT.byteSize();

  /** {@code STATX_BASIC_STATS | STATX_BTIME}. */
  public static final int BASIC = 0x7ff | 0x800;

  /** {@code STATX_DIOALIGN}, Linux 6.1: alignment for direct I/O. */
  public static final int DIRECT_ALIGNMENT = 0x2000;

  private Statx() {}

  /** Returns a field of 32 bits by its name in the kernel's header. */
  public static int getInt(MemorySegment struct, String field) {
    return struct.get(JAVA_INT, LAYOUT.byteOffset(groupElement(field)));
  }

  /** Returns a field of 64 bits by its name in the kernel's header. */
  public static long getLong(MemorySegment struct, String field) {
    return struct.get(JAVA_LONG, LAYOUT.byteOffset(groupElement(field)));
  }

  /** Returns {@code stx_mode}: file type and permissions. */
  public static int mode(MemorySegment struct) {
    return Short.toUnsignedInt(struct.get(JAVA_SHORT, LAYOUT.byteOffset(groupElement("stx_mode"))));
  }

  /** Returns the seconds of a timestamp. */
  public static long seconds(MemorySegment struct, String field) {
    return struct.get(JAVA_LONG, LAYOUT.byteOffset(groupElement(field), groupElement("tv_sec")));
  }

  /** Returns the nanoseconds of a timestamp. */
  public static int nanos(MemorySegment struct, String field) {
    return struct.get(JAVA_INT, LAYOUT.byteOffset(groupElement(field), groupElement("tv_nsec")));
  }
}
