package io.ringspun.internal.filesystem;

import io.ringspun.internal.file.FileErrors;
import io.ringspun.internal.kernel.Constants;
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
 * Reads attributes and sets times on the calling thread or through the ring, and has the JDK set
 * the others. Also serves as the basic view and the owner view.
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
        RingFileSystem.PROMPT_PROVIDER.getFileAttributeView(
            file.jdk(), PosixFileAttributeView.class, options);
  }

  /** Returns the JDK's view, for calls that may block. */
  private PosixFileAttributeView blocking() {
    return BlockingProvider.blocking(jdk, PosixFileAttributeView.class);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public PosixFileAttributes readAttributes() throws IOException {
    return file.isDelegated()
        ? blocking().readAttributes()
        : RingPosixAttributes.read(file, options);
  }

  @Override
  public UserPrincipal getOwner() throws IOException {
    return readAttributes().owner();
  }

  @Override
  public void setTimes(
      @Nullable FileTime modified, @Nullable FileTime accessed, @Nullable FileTime created)
      throws IOException {
    if (file.isDelegated() || !setTimes(modified, accessed)) {
      blocking().setTimes(modified, accessed, created);
    }
  }

  private boolean setTimes(@Nullable FileTime modified, @Nullable FileTime accessed)
      throws IOException {
    int flags = RingPath.follows(options) ? 0 : Constants.AT_SYMLINK_NOFOLLOW;
    return (modified == null && accessed == null)
        || file.onRing(
            FileErrors::asJdk, paths -> paths.setTimes(file.jdk(), modified, accessed, flags));
  }

  @Override
  public void setOwner(UserPrincipal owner) throws IOException {
    PromptCall.run(file, () -> jdk.setOwner(owner));
  }

  @Override
  public void setGroup(GroupPrincipal group) throws IOException {
    PromptCall.run(file, () -> jdk.setGroup(group));
  }

  @Override
  public void setPermissions(Set<PosixFilePermission> permissions) throws IOException {
    if (RingPath.follows(options)) {
      PromptCall.run(file, () -> jdk.setPermissions(permissions));
    } else { // the JDK opens the file, which may be a FIFO
      blocking().setPermissions(permissions);
    }
  }
}
