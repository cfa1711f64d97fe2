package io.ringspun.internal.filesystem;

import java.io.IOException;
import java.nio.file.LinkOption;
import java.nio.file.attribute.DosFileAttributeView;
import java.nio.file.attribute.DosFileAttributes;
import java.nio.file.attribute.FileTime;
import org.jspecify.annotations.Nullable;

/** Reads DOS attributes as {@link RingDosAttributes} and sets them through the JDK. */
final class RingDosAttributeView implements DosFileAttributeView {
  private final RingPath file;
  private final DosFileAttributeView jdk;
  private final LinkOption[] options;

  RingDosAttributeView(RingPath file, DosFileAttributeView jdk, LinkOption... options) {
    this.file = file;
    this.jdk = jdk;
    this.options = options.clone();
  }

  @Override
  public String name() {
    return jdk.name();
  }

  @Override
  public DosFileAttributes readAttributes() throws IOException {
    return file.isDelegated() ? jdk.readAttributes() : RingDosAttributes.read(file, options);
  }

  @Override
  public void setTimes(
      @Nullable FileTime modified, @Nullable FileTime accessed, @Nullable FileTime created)
      throws IOException {
    jdk.setTimes(modified, accessed, created);
  }

  @Override
  public void setReadOnly(boolean value) throws IOException {
    jdk.setReadOnly(value);
  }

  @Override
  public void setHidden(boolean value) throws IOException {
    jdk.setHidden(value);
  }

  @Override
  public void setSystem(boolean value) throws IOException {
    jdk.setSystem(value);
  }

  @Override
  public void setArchive(boolean value) throws IOException {
    jdk.setArchive(value);
  }
}
