package io.ringspun.file;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.util.List;

/**
 * The user's own attributes of a file: values through the ring, the list of names by the JDK.
 *
 * @param file whose they are
 * @param jdk the JDK's view
 */
record RingUserAttributeView(RingPath file, UserDefinedFileAttributeView jdk)
    implements UserDefinedFileAttributeView {
  private static final String NAMESPACE = "user.";

  @Override
  public String name() {
    return jdk.name();
  }

  @Override
  public List<String> list() throws IOException {
    return jdk.list();
  }

  @Override
  public int size(String name) throws IOException {
    return file.isJdks() ? jdk.size(name) : value(name).length;
  }

  @Override
  public int read(String name, ByteBuffer target) throws IOException {
    if (file.isJdks()) {
      return jdk.read(name, target);
    }
    if (target.isReadOnly()) {
      throw new IllegalArgumentException("Read-only buffer");
    }
    byte[] value = value(name);
    if (value.length > target.remaining()) {
      throw failure(name, "Insufficient space in buffer");
    }
    target.put(value);
    return value.length;
  }

  private byte[] value(String name) throws IOException {
    return file.onRing(FileErrors::asJdk, names -> names.getXattr(file.jdk(), NAMESPACE + name))
        .orElseThrow(() -> failure(name, "No data available"));
  }

  @Override
  public int write(String name, ByteBuffer source) throws IOException {
    if (file.isJdks()) {
      return jdk.write(name, source);
    }
    byte[] value = new byte[source.remaining()];
    source.duplicate().get(value);
    file.onRing(
        FileErrors::asJdk,
        names -> {
          names.setXattr(file.jdk(), NAMESPACE + name, value);
          return true;
        });
    source.position(source.limit());
    return value.length;
  }

  @Override
  public void delete(String name) throws IOException {
    jdk.delete(name);
  }

  private FileSystemException failure(String name, String reason) {
    return new FileSystemException(
        file.toString(), null, "extended attribute '%s': %s".formatted(name, reason));
  }
}
