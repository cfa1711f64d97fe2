package io.ringspun.internal.filesystem;

import io.ringspun.internal.file.FileErrors;
import io.ringspun.internal.file.PathOperations;
import io.ringspun.internal.kernel.Errno;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.util.List;
import java.util.Objects;

/**
 * User-defined attributes: values go through the ring, the JDK lists the names.
 *
 * @param file the file
 * @param jdk the JDK's view, whose calls may block
 */
record RingUserAttributeView(RingPath file, UserDefinedFileAttributeView jdk)
    implements UserDefinedFileAttributeView {
  private static final String NAMESPACE = "user.";
  private static final int NAME_MAX_BYTES = 255; // XATTR_NAME_MAX

  @Override
  public String name() {
    return jdk.name();
  }

  private UserDefinedFileAttributeView blocking() {
    return BlockingProvider.blocking(jdk, UserDefinedFileAttributeView.class);
  }

  @Override
  public List<String> list() throws IOException {
    return blocking().list();
  }

  @Override
  public int size(String name) throws IOException {
    return file.isDelegated()
        ? blocking().size(name)
        : value(name, "Unable to get size of extended attribute").length;
  }

  @Override
  public int read(String name, ByteBuffer target) throws IOException {
    if (file.isDelegated()) {
      return blocking().read(name, target);
    }
    if (target.isReadOnly()) {
      throw new IllegalArgumentException("Read-only buffer");
    }
    String failed = "Error reading extended attribute";
    byte[] value = value(name, failed);
    if (value.length > target.remaining()) {
      throw failure(failed, name, "Insufficient space in buffer");
    }
    target.put(value);
    return value.length;
  }

  private byte[] value(String name, String failed) throws IOException {
    String attribute = attribute(name);
    return file.onRing(errors(failed, name), paths -> paths.xattr(file.jdk(), attribute))
        .orElseThrow(() -> failure(failed, name, Errno.text(Errno.ENODATA)));
  }

  @Override
  public int write(String name, ByteBuffer source) throws IOException {
    if (file.isDelegated()) {
      return blocking().write(name, source);
    }
    byte[] value = new byte[source.remaining()];
    source.duplicate().get(value);
    String attribute = attribute(name);
    file.onRing(
        errors("Error writing extended attribute", name),
        paths -> {
          paths.setXattr(file.jdk(), attribute, value);
          return true;
        });
    source.position(source.limit());
    return value.length;
  }

  @Override
  public void delete(String name) throws IOException {
    blocking().delete(name);
  }

  private static String attribute(String name) {
    return NAMESPACE + Objects.requireNonNull(name);
  }

  /**
   * Reports errors as the JDK does, which opens the file first: errors about the path name the
   * file, other errors name the attribute.
   */
  private PathOperations.Errors errors(String failed, String name) {
    return (path, other, errno) ->
        switch (errno) {
          case Errno.ENOENT, Errno.ENOTDIR, Errno.EACCES, Errno.ELOOP, Errno.ENAMETOOLONG ->
              FileErrors.asJdk(path, other, errno);
          case Errno.ERANGE -> {
            String attribute = attribute(name);
            yield attribute.getBytes(StandardCharsets.UTF_8).length > NAME_MAX_BYTES
                ? new FileSystemException(path, null, "'" + attribute + "' is too big")
                : failure(failed, name, Errno.text(errno));
          }
          default -> failure(failed, name, Errno.text(errno));
        };
  }

  private FileSystemException failure(String failed, String name, String reason) {
    return new FileSystemException(
        file.toString(), null, "%s '%s': %s".formatted(failed, name, reason));
  }
}
