package io.ringspun.internal.inline;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.ringspun.internal.kernel.FileStatus;
import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.kernel.Statx;
import io.ringspun.internal.kernel.SystemCall;
import java.lang.foreign.MemorySegment;
import java.util.Set;

/**
 * Whether an open file is a regular one or a directory of a file system on this machine, which
 * answers from memory most of the time. Any other waits for somebody else: a network, a process, a
 * peer, a device.
 */
public enum Locality {
  /** A regular file or a directory of a local file system. */
  LOCAL,
  /**
   * A file of this machine, to judge by its name and the table of mounts, and no FIFO: it may be
   * closed at once. Before any other call the kernel has to be asked.
   */
  UNASKED,
  /** A pipe or a FIFO. */
  PIPE,
  /** Anything else. */
  ELSEWHERE;

  private static final int FIFO = 1; // S_IFIFO >>> 12
  private static final int DIRECTORY = 4; // S_IFDIR >>> 12
  private static final int REGULAR = 8; // S_IFREG >>> 12

  // statfs(2): f_type of the local file systems that have no block device of their own.
  private static final Set<Long> LOCAL_TYPES =
      Set.of(
          0x01021994L, // tmpfs
          0x858458f6L, // ramfs
          0x794c7630L, // overlayfs
          0x9123683eL, // btrfs
          0x2fc12fc1L, // zfs
          0xca451a4eL); // bcachefs

  /**
   * Asks the kernel.
   *
   * @param fd open, and not closed meanwhile
   */
  public static Place of(Kernel kernel, int fd, InlineMemory memory) {
    MemorySegment struct = memory.statx();
    long address = struct.address();
    if (kernel.call(memory.call(), SystemCall.FSTAT, fd, address, 0, 0, 0, 0) != 0) {
      return new Place(ELSEWHERE, 0);
    }
    return of(kernel, fd, memory, struct);
  }

  /**
   * Tells by a file's {@code struct stat}; without a block device, asks about the file system.
   *
   * @param memory for that call
   * @param struct may be overwritten
   */
  public static Place of(Kernel kernel, int fd, InlineMemory memory, MemorySegment struct) {
    long device = FileStatus.device(struct);
    return new Place(locality(kernel, fd, memory, struct), device);
  }

  /**
   * Returns where a file of a block device is.
   *
   * @param statx its attributes, as the kernel has filled them
   */
  public static Place ofDevice(MemorySegment statx) {
    return new Place(ofDevice(Statx.mode(statx)), Statx.device(statx));
  }

  private static Locality ofDevice(int mode) {
    return switch (mode >>> 12) {
      case REGULAR, DIRECTORY -> LOCAL;
      case FIFO -> PIPE;
      default -> ELSEWHERE;
    };
  }

  private static Locality locality(
      Kernel kernel, int fd, InlineMemory memory, MemorySegment struct) {
    Locality onDevice = ofDevice(FileStatus.mode(struct));
    if (onDevice != LOCAL || FileStatus.deviceMajor(struct) != 0) {
      return onDevice;
    }
    // struct statfs has 120 bytes
    boolean isKnown =
        kernel.call(memory.call(), SystemCall.FSTATFS, fd, struct.address(), 0, 0, 0, 0) == 0;
    return isKnown && LOCAL_TYPES.contains(struct.get(JAVA_LONG, 0)) ? LOCAL : ELSEWHERE;
  }
}
