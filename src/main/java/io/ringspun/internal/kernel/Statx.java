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
  private static final int BASIC = 0x7ff | 0x800;

  /** {@code STATX_DIOALIGN}, Linux 6.1: alignment for direct I/O. */
  private static final int DIRECT_ALIGNMENT = 0x2000;

  /** The mask of the fields that this class reads. */
  public static final int ALL = BASIC | DIRECT_ALIGNMENT;

  /** Where {@code stx_size} is: the size in bytes. */
  public static final long SIZE = at("stx_size");

  /** Where {@code stx_blocks} is: the blocks of 512 bytes that are allocated. */
  public static final long BLOCKS = at("stx_blocks");

  /** Where {@code stx_ino} is: the number in the file system. */
  public static final long INODE = at("stx_ino");

  /** Where {@code stx_blksize} is: the size to transfer at a time. */
  public static final long BLOCK_SIZE = at("stx_blksize");

  /** Where {@code stx_nlink} is: how many names there are. */
  public static final long LINKS = at("stx_nlink");

  /** Where {@code stx_uid} is: the owner. */
  public static final long OWNER = at("stx_uid");

  /** Where {@code stx_gid} is: the group. */
  public static final long GROUP = at("stx_gid");

  /** Where {@code stx_dev_major} is: the kind of device, 0 if there is none behind the file. */
  public static final long DEVICE_MAJOR = at("stx_dev_major");

  /** Where {@code stx_dev_minor} is: which of that kind. */
  public static final long DEVICE_MINOR = at("stx_dev_minor");

  /** Where {@code stx_dio_mem_align} is: for direct I/O, the alignment of memory. */
  public static final long DIRECT_MEMORY_ALIGNMENT = at("stx_dio_mem_align");

  /** Where {@code stx_dio_offset_align} is: for direct I/O, that of positions. */
  public static final long DIRECT_OFFSET_ALIGNMENT = at("stx_dio_offset_align");

  /** Where {@code stx_atime} is: the last access. */
  public static final long ACCESSED = at("stx_atime");

  /** Where {@code stx_btime} is: when it was made. */
  public static final long BORN = at("stx_btime");

  /** Where {@code stx_ctime} is: the last change of its attributes. */
  public static final long CHANGED = at("stx_ctime");

  /** Where {@code stx_mtime} is: the last change of its content. */
  public static final long MODIFIED = at("stx_mtime");

  private static final long MODE = at("stx_mode");
  private static final long SECONDS = TIMESTAMP.byteOffset(groupElement("tv_sec"));
  private static final long NANOS = TIMESTAMP.byteOffset(groupElement("tv_nsec"));

  private Statx() {}

  private static long at(String field) {
    return LAYOUT.byteOffset(groupElement(field));
  }

  /** Returns a field of 32 bits. */
  public static int getInt(MemorySegment struct, long field) {
    return struct.get(JAVA_INT, field);
  }

  /** Returns a field of 64 bits. */
  public static long getLong(MemorySegment struct, long field) {
    return struct.get(JAVA_LONG, field);
  }

  /** Returns {@code stx_mode}: file type and permissions. */
  public static int mode(MemorySegment struct) {
    return Short.toUnsignedInt(struct.get(JAVA_SHORT, MODE));
  }

  /** Returns the number of the device that holds the file, as {@code st_dev} has it. */
  public static long device(MemorySegment struct) {
    int major = getInt(struct, DEVICE_MAJOR);
    int minor = getInt(struct, DEVICE_MINOR);
    return Integer.toUnsignedLong((minor & 0xff) | major << 8 | (minor & ~0xff) << 12);
  }

  /** Returns the seconds of a timestamp. */
  public static long seconds(MemorySegment struct, long field) {
    return struct.get(JAVA_LONG, field + SECONDS);
  }

  /** Returns the nanoseconds of a timestamp. */
  public static int nanos(MemorySegment struct, long field) {
    return struct.get(JAVA_INT, field + NANOS);
  }
}
