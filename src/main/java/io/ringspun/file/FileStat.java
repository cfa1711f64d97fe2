package io.ringspun.file;

import io.ringspun.internal.kernel.Statx;
import java.lang.foreign.MemorySegment;
import java.time.Instant;

/**
 * The attributes of a file, as in {@code struct statx}.
 *
 * @param type the type of the file
 * @param permissions the permission bits and the set-user-ID, set-group-ID and sticky bits, as in
 *     chmod(2)
 * @param size the size in bytes
 * @param allocated the allocated space in bytes
 * @param blockSize the preferred block size for I/O, in bytes
 * @param inode the inode number
 * @param links the number of hard links
 * @param uid the owner's user ID
 * @param gid the group ID
 * @param accessTime the time of the last read, as far as the file system records it
 * @param modifyTime the time when the content last changed
 * @param changeTime the time when the content or the attributes last changed
 * @param birthTime the time of creation, or the epoch if the file system does not record it
 * @param deviceMajor the major number of the device that holds the file
 * @param deviceMinor the minor number of the device that holds the file
 * @param directMemoryAlignment the memory alignment for direct I/O in bytes, or 0 if unknown or
 *     unsupported; Linux 6.1
 * @param directOffsetAlignment the alignment of position and length for direct I/O in bytes, or 0
 *     if unknown or unsupported; Linux 6.1
 * @since 0.1
 */
public record FileStat(
    FileType type,
    int permissions,
    long size,
    long allocated,
    int blockSize,
    long inode,
    int links,
    int uid,
    int gid,
    Instant accessTime,
    Instant modifyTime,
    Instant changeTime,
    Instant birthTime,
    int deviceMajor,
    int deviceMinor,
    int directMemoryAlignment,
    int directOffsetAlignment) {

  /** The type of a file. The constants are in the order of their {@code S_IFMT} values. */
  public enum FileType {
    /** A named pipe, {@code S_IFIFO}. */
    FIFO,
    /** A character device, {@code S_IFCHR}. */
    CHARACTER_DEVICE,
    /** A directory, {@code S_IFDIR}. */
    DIRECTORY,
    /** A block device, {@code S_IFBLK}. */
    BLOCK_DEVICE,
    /** A regular file, {@code S_IFREG}. */
    REGULAR,
    /** A symbolic link, {@code S_IFLNK}. */
    SYMBOLIC_LINK,
    /** A Unix socket, {@code S_IFSOCK}. */
    SOCKET,
    /** Anything else, such as an eventfd. */
    OTHER;

    static FileType of(int mode) {
      return switch (mode >>> 12) {
        case 1 -> FIFO;
        case 2 -> CHARACTER_DEVICE;
        case 4 -> DIRECTORY;
        case 6 -> BLOCK_DEVICE;
        case 8 -> REGULAR;
        case 10 -> SYMBOLIC_LINK;
        case 12 -> SOCKET;
        default -> OTHER;
      };
    }
  }

  /** The size of {@code struct statx} in bytes, for the memory of {@link FileSteps#stat}. */
  public static final long BYTES = Statx.SIZE_BYTES;

  /**
   * Decodes the result of {@link FileSteps#stat}.
   *
   * @param statx the memory that the step has filled
   * @return a snapshot
   * @throws IndexOutOfBoundsException if the memory is too small
   */
  public static FileStat of(MemorySegment statx) {
    int mode = Statx.mode(statx);
    return new FileStat(
        FileType.of(mode),
        mode & 07777,
        Statx.getLong(statx, Statx.SIZE),
        Statx.getLong(statx, Statx.BLOCKS) * 512,
        Statx.getInt(statx, Statx.BLOCK_SIZE),
        Statx.getLong(statx, Statx.INODE),
        Statx.getInt(statx, Statx.LINKS),
        Statx.getInt(statx, Statx.OWNER),
        Statx.getInt(statx, Statx.GROUP),
        instant(statx, Statx.ACCESSED),
        instant(statx, Statx.MODIFIED),
        instant(statx, Statx.CHANGED),
        instant(statx, Statx.BORN),
        Statx.getInt(statx, Statx.DEVICE_MAJOR),
        Statx.getInt(statx, Statx.DEVICE_MINOR),
        Statx.getInt(statx, Statx.DIRECT_MEMORY_ALIGNMENT),
        Statx.getInt(statx, Statx.DIRECT_OFFSET_ALIGNMENT));
  }

  private static Instant instant(MemorySegment statx, long field) {
    return Instant.ofEpochSecond(Statx.seconds(statx, field), Statx.nanos(statx, field));
  }
}
