package io.ringspun.internal.filesystem;

import java.io.IOException;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.ProviderMismatchException;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileAttributeView;
import java.util.Iterator;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A JDK directory stream that returns ring paths, for when no ring is available.
 *
 * @param fileSystem the file system of the paths
 * @param jdk the JDK's stream
 */
record JdkSecureDirectoryStream(RingFileSystem fileSystem, SecureDirectoryStream<Path> jdk)
    implements SecureDirectoryStream<Path> {

  static JdkSecureDirectoryStream open(RingPath directory, Filter<? super Path> filter)
      throws IOException {
    RingFileSystem fileSystem = directory.fileSystem();
    return new JdkSecureDirectoryStream(
        fileSystem,
        (SecureDirectoryStream<Path>) // as everywhere on Linux
            RingFileSystem.JDK_PROVIDER.newDirectoryStream(
                directory.jdk(), entry -> filter.accept(fileSystem.wrap(entry))));
  }

  @Override
  public Iterator<Path> iterator() {
    Iterator<Path> entries = jdk.iterator();
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return entries.hasNext();
      }

      @Override
      public Path next() {
        return fileSystem.wrap(entries.next());
      }

      @Override
      public void remove() {
        entries.remove();
      }
    };
  }

  @Override
  public void close() throws IOException {
    jdk.close();
  }

  @Override
  public SecureDirectoryStream<Path> newDirectoryStream(Path name, LinkOption... options)
      throws IOException {
    return new JdkSecureDirectoryStream(
        fileSystem, jdk.newDirectoryStream(RingPath.of(name).jdk(), options));
  }

  @Override
  public SeekableByteChannel newByteChannel(
      Path name, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    return jdk.newByteChannel(RingPath.of(name).jdk(), options, attributes);
  }

  @Override
  public void deleteFile(Path name) throws IOException {
    jdk.deleteFile(RingPath.of(name).jdk());
  }

  @Override
  public void deleteDirectory(Path name) throws IOException {
    jdk.deleteDirectory(RingPath.of(name).jdk());
  }

  @Override
  public void move(Path name, SecureDirectoryStream<Path> target, Path newName) throws IOException {
    if (!(Objects.requireNonNull(target) instanceof JdkSecureDirectoryStream other)) {
      throw new ProviderMismatchException(target + " is no directory of ring paths");
    }
    jdk.move(RingPath.of(name).jdk(), other.jdk, RingPath.of(newName).jdk());
  }

  @Override
  public <V extends FileAttributeView> @Nullable V getFileAttributeView(Class<V> type) {
    return jdk.getFileAttributeView(type);
  }

  @Override
  public <V extends FileAttributeView> @Nullable V getFileAttributeView(
      Path name, Class<V> type, LinkOption... options) {
    return jdk.getFileAttributeView(RingPath.of(name).jdk(), type, options);
  }
}
