package io.ringspun.internal.filesystem;

import io.ringspun.file.FileStat;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Instant;

/** The attributes of a file from {@code statx}, as the JDK's type. */
class RingAttributes implements BasicFileAttributes {
  private final FileStat stat;

  RingAttributes(FileStat stat) {
    this.stat = stat;
  }

  final FileStat stat() {
    return stat;
  }

  @Override
  public final FileTime lastModifiedTime() {
    return FileTime.from(stat.modifyTime());
  }

  @Override
  public final FileTime lastAccessTime() {
    return FileTime.from(stat.accessTime());
  }

  /** Returns the last modified time if the file system has no creation time, as the JDK does. */
  @Override
  public final FileTime creationTime() {
    return stat.birthTime().equals(Instant.EPOCH)
        ? lastModifiedTime()
        : FileTime.from(stat.birthTime());
  }

  @Override
  public final boolean isRegularFile() {
    return stat.type() == FileStat.FileType.REGULAR;
  }

  @Override
  public final boolean isDirectory() {
    return stat.type() == FileStat.FileType.DIRECTORY;
  }

  @Override
  public final boolean isSymbolicLink() {
    return stat.type() == FileStat.FileType.SYMBOLIC_LINK;
  }

  @Override
  public final boolean isOther() {
    return !isRegularFile() && !isDirectory() && !isSymbolicLink();
  }

  @Override
  public final long size() {
    return stat.size();
  }

  @Override
  public final Object fileKey() {
    return Key.of(stat);
  }

  /**
   * The identity of a file, with the string form of the JDK's keys.
   *
   * @param device {@code st_dev} of stat(2), which is the attribute {@code unix:dev}
   * @param inode {@code st_ino}, which is the attribute {@code unix:ino}
   */
  record Key(long device, long inode) {
    static Key of(FileStat stat) {
      long major = stat.deviceMajor();
      long minor = stat.deviceMinor();
      long device = // makedev(3)
          (major & 0xfffff000) << 32
              | (major & 0xfff) << 8
              | (minor & 0xffffff00) << 12
              | (minor & 0xff);
      return new Key(device, stat.inode());
    }

    @Override
    public String toString() {
      return "(dev=%x,ino=%d)".formatted(device, inode);
    }
  }
}
