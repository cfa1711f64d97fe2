package io.ringspun.internal.filesystem;

import java.io.IOException;
import java.nio.file.LinkOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.UserPrincipal;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads attributes through the ring and sets them through the JDK. Also serves as the basic view
 * and the owner view.
 */
final class RingAttributeView implements PosixFileAttributeView {
  private final RingPath file;
  private final String name;
  private final PosixFileAttributeView jdk;
  private final LinkOption[] options;

  RingAttributeView(RingPath file, String name, LinkOption... options) {
    this.file = file;
    this.name = name;
    this.options = options.clone();
    jdk =
        RingFileSystem.JDK_PROVIDER.getFileAttributeView(
            file.jdk(), PosixFileAttributeView.class, options);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public PosixFileAttributes readAttributes() throws IOException {
    return file.isDelegated() ? jdk.readAttributes() : RingPosixAttributes.read(file, options);
  }

  @Override
  public UserPrincipal getOwner() throws IOException {
    return readAttributes().owner();
  }

  @Override
  public void setTimes(
      @Nullable FileTime modified, @Nullable FileTime accessed, @Nullable FileTime created)
      throws IOException {
    jdk.setTimes(modified, accessed, created);
  }

  @Override
  public void setOwner(UserPrincipal owner) throws IOException {
    jdk.setOwner(owner);
  }

  @Override
  public void setGroup(GroupPrincipal group) throws IOException {
    jdk.setGroup(group);
  }

  @Override
  public void setPermissions(Set<PosixFilePermission> permissions) throws IOException {
    jdk.setPermissions(permissions);
  }
}
