package io.ringspun.internal.inline;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.kernel.Statx;
import io.ringspun.internal.kernel.SystemCall;
import java.util.Set;

/**
 * Whether an open file is a regular one of a file system on this machine, which answers from memory
 * most of the time. Any other waits for somebody else: a network, a process, a peer, a device.
 */
public enum Locality {
  /** A regular file of a local file system. */
  LOCAL,
  /** Anything else. */
  ELSEWHERE;

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
  public static Locality of(Kernel kernel, int fd, InlineMemory memory) {
    int mask = Statx.ALL;
    int result =
        kernel.statx(fd, memory.call(), Constants.AT_STATX_DONT_SYNC, mask, memory.statx());
    if (result != 0 || Statx.mode(memory.statx()) >>> 12 != REGULAR) {
      return ELSEWHERE;
    }
    if (Statx.getInt(memory.statx(), Statx.DEVICE_MAJOR) != 0) {
      return LOCAL; // there is a block device
    }
    long struct = memory.statx().address(); // struct statfs has 120 bytes
    boolean isKnown = kernel.call(memory.call(), SystemCall.FSTATFS, fd, struct, 0, 0, 0, 0) == 0;
    return isKnown && LOCAL_TYPES.contains(memory.statx().get(JAVA_LONG, 0)) ? LOCAL : ELSEWHERE;
  }
}
