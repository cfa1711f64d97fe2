package io.ringspun.internal.inline;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where file systems are mounted that are not on this machine, or that another process implements.
 * Calls on names below go to the ring. Links that lead there are not followed: {@link Pace} notices
 * these. Safe for use by multiple concurrent threads.
 */
public final class Mounts {
  private static final long VALID_NANOS = 100_000_000; // how long a new mount may go unnoticed
  private static final int DEVICE = 2; // of the fields before " - "
  private static final int MOUNT_POINT = 4; // of the same

  private static final Set<String> REMOTE_TYPES =
      Set.of(
          "9p",
          "afs",
          "autofs",
          "ceph",
          "cifs",
          "coda",
          "gfs2",
          "glusterfs",
          "gpfs",
          "lustre",
          "ncpfs",
          "nfs",
          "nfs4",
          "ocfs2",
          "orangefs",
          "smb3",
          "smbfs",
          "virtiofs");

  /** File systems of this machine without a block device of their own. */
  private static final Set<String> LOCAL_TYPES =
      Set.of("bcachefs", "btrfs", "overlay", "ramfs", "tmpfs", "zfs");

  /**
   * What the table says.
   *
   * @param remote the mount points of remote file systems, each with a slash behind
   * @param areAllLocal whether every file system is on this machine
   */
  private record Found(List<String> remote, boolean areAllLocal) {}

  /**
   * The table, which stays open: a process may have no descriptor left just when there is a new
   * mount. Null without /proc.
   */
  private static final @Nullable FileChannel TABLE = open();

  private static volatile Found found = read();
  private static long lookedAt = System.nanoTime(); // by the watchdog alone

  private Mounts() {}

  /** Returns whether a name is below a mount point of a remote file system. */
  public static boolean isRemote(Path path) {
    List<String> known = found.remote;
    return !known.isEmpty() && isBelow(path, known);
  }

  /**
   * Returns whether a name leads to a file of this machine, whatever links are on its way, and, to
   * judge by the name, not to a device.
   */
  public static boolean isSurelyLocal(Path path) {
    String name = path.toString();
    return found.areAllLocal && !isPseudo(name);
  }

  /** The watchdog, as long as there are rings: looks at the table again now and then. */
  public static void refresh(long now) {
    if (now - lookedAt >= VALID_NANOS) {
      lookedAt = now;
      found = read();
    }
  }

  private static boolean isBelow(Path path, List<String> remote) {
    String name = path.toAbsolutePath() + "/";
    for (String mount : remote) {
      if (name.startsWith(mount)) {
        return true;
      }
    }
    return false;
  }

  private static @Nullable FileChannel open() {
    try {
      return FileChannel.open(Path.of("/proc/self/mountinfo"));
    } catch (IOException _) {
      return null; // there is nothing to learn
    }
  }

  private static Found read() {
    FileChannel table = TABLE;
    if (table == null) {
      return new Found(List.of(), false);
    }
    try {
      table.position(0);
      var reader = new BufferedReader(Channels.newReader(table, StandardCharsets.UTF_8));
      List<Mount> mounts = reader.lines().map(Mount::of).toList();
      List<String> remote =
          mounts.stream().map(Mount::remotePoint).filter(point -> !point.isEmpty()).toList();
      boolean hasRoot = mounts.stream().anyMatch(Mount::isOfRoot); // in a jail it may be missing
      return new Found(remote, hasRoot && mounts.stream().allMatch(Mount::isLocal));
    } catch (IOException | RuntimeException _) {
      return new Found(List.of(), false);
    }
  }

  /** Returns whether it is something that the kernel shows of itself. */
  private static boolean isPseudo(String name) {
    return name.startsWith("/dev/") || name.startsWith("/proc/") || name.startsWith("/sys/");
  }

  /**
   * A line of the table.
   *
   * @param device its major and minor number; the major is 0 without a block device
   * @param point where it is mounted, as the table writes it
   * @param type of the file system
   */
  record Mount(String device, String point, String type) {
    static Mount of(String line) {
      int end = line.indexOf(" - ");
      if (end < 0) {
        return new Mount("0:0", "", ""); // nothing is known of it
      }
      String[] fields = line.substring(0, end).split(" ", -1);
      String type = line.substring(end + 3).split(" ", 2)[0];
      return new Mount(fields[DEVICE], fields[MOUNT_POINT], type);
    }

    private boolean isRemote() {
      return REMOTE_TYPES.contains(type) || type.startsWith("fuse");
    }

    /** Returns whether the file system is on this machine, or one of the kernel's own. */
    boolean isLocal() {
      boolean isOfThisMachine = !device.startsWith("0:") || LOCAL_TYPES.contains(type);
      return isPseudo(point + "/") || (isOfThisMachine && !isRemote());
    }

    private boolean isOfRoot() {
      return point.equals("/");
    }

    /** Returns the mount point if the file system is remote, else nothing. */
    String remotePoint() {
      if (!isRemote()) {
        return "";
      }
      String name = point.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\");
      return name.endsWith("/") ? name : name + "/";
    }
  }
}
