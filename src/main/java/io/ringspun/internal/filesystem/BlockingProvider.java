package io.ringspun.internal.filesystem;

import io.ringspun.internal.ring.BlockingTask;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.lang.reflect.UndeclaredThrowableException;
import java.net.URI;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AccessMode;
import java.nio.file.CopyOption;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileAttributeView;
import java.nio.file.spi.FileSystemProvider;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import org.jspecify.annotations.Nullable;

/**
 * The JDK's provider, whose calls may block: on a device, another machine, or the other end of a
 * FIFO. A virtual thread runs each of them as a {@link BlockingTask}.
 */
final class BlockingProvider extends FileSystemProvider {
  private final FileSystemProvider jdk;

  BlockingProvider(FileSystemProvider jdk) {
    this.jdk = jdk;
  }

  @Override
  public String getScheme() {
    return jdk.getScheme();
  }

  @Override
  public FileSystem newFileSystem(URI uri, Map<String, ?> env) throws IOException {
    return jdk.newFileSystem(uri, env);
  }

  @Override
  public FileSystem getFileSystem(URI uri) {
    return jdk.getFileSystem(uri);
  }

  @Override
  public Path getPath(URI uri) {
    return jdk.getPath(uri);
  }

  @Override
  public SeekableByteChannel newByteChannel(
      Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    return BlockingTask.run(() -> jdk.newByteChannel(path, options, attributes));
  }

  @Override
  public AsynchronousFileChannel newAsynchronousFileChannel(
      Path path,
      Set<? extends OpenOption> options,
      @Nullable ExecutorService executor,
      FileAttribute<?>... attributes)
      throws IOException {
    return BlockingTask.run(
        () -> jdk.newAsynchronousFileChannel(path, options, executor, attributes));
  }

  @Override
  public InputStream newInputStream(Path path, OpenOption... options) throws IOException {
    return BlockingTask.run(() -> jdk.newInputStream(path, options));
  }

  @Override
  public OutputStream newOutputStream(Path path, OpenOption... options) throws IOException {
    return BlockingTask.run(() -> jdk.newOutputStream(path, options));
  }

  /** Opens a directory; the filter runs on the thread that iterates. */
  @Override
  public DirectoryStream<Path> newDirectoryStream(
      Path directory, DirectoryStream.Filter<? super Path> filter) throws IOException {
    return BlockingTask.run(() -> jdk.newDirectoryStream(directory, filter));
  }

  @Override
  public void createDirectory(Path directory, FileAttribute<?>... attributes) throws IOException {
    BlockingTask.run(() -> jdk.createDirectory(directory, attributes));
  }

  @Override
  public void createSymbolicLink(Path link, Path target, FileAttribute<?>... attributes)
      throws IOException {
    BlockingTask.run(() -> jdk.createSymbolicLink(link, target, attributes));
  }

  @Override
  public void createLink(Path link, Path existing) throws IOException {
    BlockingTask.run(() -> jdk.createLink(link, existing));
  }

  @Override
  public void delete(Path path) throws IOException {
    BlockingTask.run(() -> jdk.delete(path));
  }

  @Override
  public Path readSymbolicLink(Path link) throws IOException {
    return BlockingTask.run(() -> jdk.readSymbolicLink(link));
  }

  @Override
  public void copy(Path source, Path target, CopyOption... options) throws IOException {
    BlockingTask.run(() -> jdk.copy(source, target, options));
  }

  @Override
  public void move(Path source, Path target, CopyOption... options) throws IOException {
    BlockingTask.run(() -> jdk.move(source, target, options));
  }

  @Override
  public boolean isSameFile(Path path, Path other) throws IOException {
    return BlockingTask.run(() -> jdk.isSameFile(path, other));
  }

  @Override
  public boolean isHidden(Path path) throws IOException {
    return jdk.isHidden(path); // compares names only
  }

  @Override
  public FileStore getFileStore(Path path) throws IOException {
    return BlockingTask.run(() -> jdk.getFileStore(path));
  }

  @Override
  public void checkAccess(Path path, AccessMode... modes) throws IOException {
    BlockingTask.run(() -> jdk.checkAccess(path, modes));
  }

  @Override
  public <V extends FileAttributeView> @Nullable V getFileAttributeView(
      Path path, Class<V> type, LinkOption... options) {
    V view = jdk.getFileAttributeView(path, type, options);
    return view == null ? null : blocking(view, type);
  }

  /** Wraps a JDK view so that a virtual thread runs its calls as {@link BlockingTask}s. */
  @SuppressWarnings("NullAway") // a method without a result returns null here
  static <V extends FileAttributeView> V blocking(V view, Class<V> type) {
    return type.cast(
        Proxy.newProxyInstance(
            type.getClassLoader(),
            new Class<?>[] {type},
            (_, method, arguments) -> BlockingTask.run(() -> invoke(method, view, arguments))));
  }

  private static @Nullable Object invoke(Method method, Object view, Object @Nullable [] arguments)
      throws IOException {
    try {
      return method.invoke(view, arguments);
    } catch (InvocationTargetException e) {
      switch (e.getTargetException()) {
        case IOException cause -> throw cause;
        case RuntimeException cause -> throw cause;
        case Error cause -> throw cause;
        default -> throw new UndeclaredThrowableException(e.getTargetException());
      }
    } catch (IllegalAccessException e) {
      throw new AssertionError(e); // the interface is public
    }
  }

  @Override
  public <A extends BasicFileAttributes> A readAttributes(
      Path path, Class<A> type, LinkOption... options) throws IOException {
    return BlockingTask.run(() -> jdk.readAttributes(path, type, options));
  }

  @Override
  public Map<String, Object> readAttributes(Path path, String attributes, LinkOption... options)
      throws IOException {
    return BlockingTask.run(() -> jdk.readAttributes(path, attributes, options));
  }

  @Override
  public void setAttribute(Path path, String attribute, Object value, LinkOption... options)
      throws IOException {
    BlockingTask.run(() -> jdk.setAttribute(path, attribute, value, options));
  }
}
