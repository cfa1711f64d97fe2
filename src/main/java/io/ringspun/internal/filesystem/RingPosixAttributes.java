package io.ringspun.internal.filesystem;

import io.ringspun.file.FileStat;
import io.ringspun.internal.file.FileErrors;
import java.io.IOException;
import java.nio.file.LinkOption;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.UserPrincipal;
import java.util.EnumSet;
import java.util.Set;

/** The POSIX attributes of a file from {@code statx}, as the JDK's type. */
final class RingPosixAttributes extends RingAttributes implements PosixFileAttributes {
  private final UserPrincipal owner;
  private final GroupPrincipal group;

  RingPosixAttributes(FileStat stat, UserPrincipal owner, GroupPrincipal group) {
    super(stat);
    this.owner = owner;
    this.group = group;
  }

  static RingPosixAttributes read(RingPath file, LinkOption... options) throws IOException {
    FileStat stat = file.stat(FileErrors::ofSource, options);
    return new RingPosixAttributes(
        stat,
        Principals.user(stat.uid(), file.jdk(), options),
        Principals.group(stat.gid(), file.jdk(), options));
  }

  @Override
  public UserPrincipal owner() {
    return owner;
  }

  @Override
  public GroupPrincipal group() {
    return group;
  }

  @Override
  public Set<PosixFilePermission> permissions() {
    Set<PosixFilePermission> permissions = EnumSet.noneOf(PosixFilePermission.class);
    int bit = 0400;
    for (PosixFilePermission permission : PosixFilePermission.values()) { // down to 01
      if ((stat().permissions() & bit) != 0) {
        permissions.add(permission);
      }
      bit >>= 1;
    }
    return permissions;
  }
}
