package io.ringspun.internal.filesystem;

import io.ringspun.file.FileStat;
import io.ringspun.internal.file.FileErrors;
import java.io.IOException;
import java.nio.file.LinkOption;
import java.nio.file.attribute.DosFileAttributes;

/** The attributes of a file from {@code statx}, and its DOS flags, which the JDK reads. */
final class RingDosAttributes extends RingAttributes implements DosFileAttributes {
  private final DosFileAttributes jdk;

  private RingDosAttributes(FileStat stat, DosFileAttributes jdk) {
    super(stat);
    this.jdk = jdk;
  }

  static RingDosAttributes read(RingPath file, LinkOption... options) throws IOException {
    DosFileAttributes jdk =
        RingFileSystem.JDK_PROVIDER.readAttributes(file.jdk(), DosFileAttributes.class, options);
    return new RingDosAttributes(file.stat(FileErrors::asJdk, options), jdk);
  }

  @Override
  public boolean isReadOnly() {
    return jdk.isReadOnly();
  }

  @Override
  public boolean isHidden() {
    return jdk.isHidden();
  }

  @Override
  public boolean isArchive() {
    return jdk.isArchive();
  }

  @Override
  public boolean isSystem() {
    return jdk.isSystem();
  }
}
