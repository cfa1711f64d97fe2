package io.ringspun.internal.filesystem;

import io.ringspun.Ring;
import io.ringspun.file.FileStat;
import io.ringspun.file.RingFileChannel;
import io.ringspun.internal.file.FileAccess;
import io.ringspun.internal.file.FileErrors;
import io.ringspun.internal.file.OpenFlags;
import io.ringspun.internal.filechannel.RingBackedChannel;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URI;
import java.nio.channels.AsynchronousFileChannel;
import java.nio.channels.FileChannel;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.AccessMode;
import java.nio.file.CopyOption;
import java.nio.file.DirectoryStream;
import java.nio.file.FileStore;
import java.nio.file.FileSystem;
import java.nio.file.FileSystemAlreadyExistsException;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.DosFileAttributeView;
import java.nio.file.attribute.DosFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileAttributeView;
import java.nio.file.attribute.FileOwnerAttributeView;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserDefinedFileAttributeView;
import java.nio.file.spi.FileSystemProvider;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import org.jspecify.annotations.Nullable;

/**
 * The file system {@code ring}: the default one, with its files on a {@link Ring}. It is found by
 * {@link java.util.ServiceLoader}; {@link io.ringspun.file.RingFileSystems} says what goes through
 * the ring.
 */
public final class RingFileSystemProvider extends FileSystemProvider {
  private static final int DIRECTORY_MODE = 0777;

  private static final FileAttribute<Set<PosixFilePermission>> PRIVATE_FILE =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

  private static final FileAttribute<Set<PosixFilePermission>> PRIVATE_DIRECTORY =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------"));

  private static final FileSystemProvider JDK = RingFileSystem.JDK_PROVIDER;
  private static final FileSystemProvider PROMPT = RingFileSystem.PROMPT_PROVIDER;

  /** Creates a provider; for {@link java.util.ServiceLoader}. */
  public RingFileSystemProvider() {}

  @Override
  public String getScheme() {
    return RingUris.SCHEME;
  }

  /**
   * Always fails, because every ring has exactly one file system, which exists already.
   *
   * @throws FileSystemAlreadyExistsException always
   */
  @Override
  public FileSystem newFileSystem(URI uri, Map<String, ?> env) {
    RingUris.requireRoot(uri);
    throw new FileSystemAlreadyExistsException();
  }

  @Override
  public FileSystem getFileSystem(URI uri) {
    RingUris.requireRoot(uri);
    return RingFileSystem.SHARED;
  }

  @Override
  public Path getPath(URI uri) {
    return RingFileSystem.SHARED.wrap(RingUris.jdkPath(uri));
  }

  // ---- content -------------------------------------------------------------------------------

  @Override
  public FileChannel newFileChannel(
      Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    RingPath file = RingPath.of(path);
    Ring ring = file.fileSystem().ownRing();
    return ring == null
        ? RingFileChannel.open(file.jdk(), options, attributes)
        : RingFileChannel.open(ring, file.jdk(), options, attributes);
  }

  @Override
  public SeekableByteChannel newByteChannel(
      Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    if (attributes.length == 0) {
      if (options.isEmpty()) {
        RingPath file = RingPath.of(path);
        if (file.isDelegated()) {
          return JdkCaller.readsAllBytes()
              ? JDK.newByteChannel(file.jdk(), options)
              : newFileChannel(path, options);
        }
        return RingBackedChannel.openIgnoringInterruptsIf(
            JdkCaller::readsAllBytes, file.fileSystem().ring(), file.jdk());
      }
      if (options.contains(StandardOpenOption.CREATE_NEW) && JdkCaller.makesTemporary(path)) {
        return newFileChannel(path, options, PRIVATE_FILE);
      }
    }
    return newFileChannel(path, options, attributes);
  }

  @Override
  public AsynchronousFileChannel newAsynchronousFileChannel(
      Path path,
      Set<? extends OpenOption> options,
      @Nullable ExecutorService executor,
      FileAttribute<?>... attributes)
      throws IOException {
    return JDK.newAsynchronousFileChannel(RingPath.of(path).jdk(), options, executor, attributes);
  }

  @Override
  public InputStream newInputStream(Path path, OpenOption... options) throws IOException {
    RingPath file = RingPath.of(path);
    if (file.isDelegated()) {
      return JDK.newInputStream(file.jdk(), options);
    }
    return FileAccess.get().inputStream(file.fileSystem().ring(), file.jdk(), options);
  }

  @Override
  public OutputStream newOutputStream(Path path, OpenOption... options) throws IOException {
    RingPath file = RingPath.of(path);
    if (file.isDelegated()) {
      return JDK.newOutputStream(file.jdk(), options);
    }
    return FileAccess.get().outputStream(file.fileSystem().ring(), file.jdk(), options);
  }

  @Override
  public void copy(Path source, Path target, CopyOption... options) throws IOException {
    RingPath from = RingPath.of(source);
    RingPath to = RingPath.of(target);
    if (from.isDelegated() || to.isDelegated()) {
      JDK.copy(from.jdk(), to.jdk(), options);
    } else {
      CopyMove.copy(from, to, options);
    }
  }

  @Override
  public void move(Path source, Path target, CopyOption... options) throws IOException {
    RingPath from = RingPath.of(source);
    RingPath to = RingPath.of(target);
    if (from.isDelegated() || to.isDelegated()) {
      JDK.move(from.jdk(), to.jdk(), options);
    } else {
      CopyMove.move(from, to, options);
    }
  }

  // ---- names ---------------------------------------------------------------------------------

  @Override
  public DirectoryStream<Path> newDirectoryStream(
      Path path, DirectoryStream.Filter<? super Path> filter) throws IOException {
    Objects.requireNonNull(filter);
    RingPath directory = RingPath.of(path);
    return directory.isDelegated()
        ? JdkSecureDirectoryStream.open(directory, filter)
        : RingSecureDirectoryStream.open(directory, filter);
  }

  @Override
  public void createDirectory(Path path, FileAttribute<?>... attributes) throws IOException {
    RingPath directory = RingPath.of(path);
    if (attributes.length == 0 && JdkCaller.makesTemporary(path)) {
      createDirectory(directory, PRIVATE_DIRECTORY);
    } else {
      createDirectory(directory, attributes);
    }
  }

  private static void createDirectory(RingPath directory, FileAttribute<?>... attributes)
      throws IOException {
    if (directory.isDelegated()) {
      JDK.createDirectory(directory.jdk(), attributes);
      return;
    }
    int mode = OpenFlags.mode(DIRECTORY_MODE, attributes);
    directory.onRing(
        FileErrors::asJdk,
        names -> {
          names.mkdir(directory.jdk(), mode);
          return true;
        });
  }

  @Override
  public void createSymbolicLink(Path path, Path to, FileAttribute<?>... attributes)
      throws IOException {
    RingPath link = RingPath.of(path);
    RingPath target = RingPath.of(to);
    if (link.isDelegated()) {
      JDK.createSymbolicLink(link.jdk(), target.jdk(), attributes);
      return;
    }
    if (attributes.length > 0) {
      throw new UnsupportedOperationException("a symbolic link has no attributes of its own");
    }
    if (target.toString().isEmpty()) {
      throw new NoSuchFileException(link.toString()); // as the kernel reports for the link
    }
    link.onRing(
        FileErrors::asJdk,
        names -> {
          names.symlink(target.jdk(), link.jdk());
          return true;
        });
  }

  @Override
  public void createLink(Path path, Path to) throws IOException {
    RingPath link = RingPath.of(path);
    RingPath existing = RingPath.of(to);
    if (link.isDelegated()) {
      JDK.createLink(link.jdk(), existing.jdk());
      return;
    }
    link.onRing(
        (from, name, errno) -> FileErrors.asJdk(link.toString(), from, errno),
        names -> {
          names.link(existing.jdk(), names, link.jdk());
          return true;
        });
  }

  @Override
  public Path readSymbolicLink(Path path) throws IOException {
    RingPath link = RingPath.of(path);
    return link.fileSystem().wrap(PromptCall.run(link, () -> PROMPT.readSymbolicLink(link.jdk())));
  }

  @Override
  public void delete(Path path) throws IOException {
    RingPath file = RingPath.of(path);
    if (file.isDelegated()) {
      JDK.delete(file.jdk());
      return;
    }
    FileStat stat = file.stat(FileErrors::asJdk, LinkOption.NOFOLLOW_LINKS);
    file.delete(stat.type() == FileStat.FileType.DIRECTORY);
  }

  @Override
  public boolean isSameFile(Path path, Path other) throws IOException {
    RingPath file = RingPath.of(path);
    return Objects.requireNonNull(other) instanceof RingPath ours
        && PromptCall.run(file, () -> PROMPT.isSameFile(file.jdk(), ours.jdk()));
  }

  @Override
  public boolean isHidden(Path path) throws IOException {
    return JDK.isHidden(RingPath.of(path).jdk());
  }

  @Override
  public FileStore getFileStore(Path path) throws IOException {
    RingPath file = RingPath.of(path);
    return PromptCall.run(file, () -> PROMPT.getFileStore(file.jdk()));
  }

  @Override
  public boolean exists(Path path, LinkOption... options) {
    RingPath file = RingPath.of(path);
    try {
      return file.isDelegated() ? JDK.exists(file.jdk(), options) : file.exists(options);
    } catch (IOException _) {
      return false; // as the JDK does: it is not known to exist
    }
  }

  @Override
  public void checkAccess(Path path, AccessMode... modes) throws IOException {
    RingPath file = RingPath.of(path);
    if (modes.length == 0 && !file.isDelegated()) {
      file.stat(FileErrors::ofSource);
    } else {
      PromptCall.run(file, () -> PROMPT.checkAccess(file.jdk(), modes));
    }
  }

  // ---- attributes ----------------------------------------------------------------------------

  @Override
  public <V extends FileAttributeView> @Nullable V getFileAttributeView(
      Path path, Class<V> type, LinkOption... options) {
    RingPath file = RingPath.of(path);
    if (type == BasicFileAttributeView.class) {
      return type.cast(new RingAttributeView(file, "basic", options));
    }
    if (type == PosixFileAttributeView.class) {
      return type.cast(new RingAttributeView(file, "posix", options));
    }
    if (type == FileOwnerAttributeView.class) {
      return type.cast(new RingAttributeView(file, "owner", options));
    }
    V view = PROMPT.getFileAttributeView(file.jdk(), type, options);
    if (view instanceof UserDefinedFileAttributeView user && RingPath.follows(options)) {
      return type.cast(new RingUserAttributeView(file, user));
    }
    V blocking = view == null ? null : BlockingProvider.blocking(view, type);
    return blocking instanceof DosFileAttributeView dos
        ? type.cast(new RingDosAttributeView(file, dos, options))
        : blocking;
  }

  @Override
  public <A extends BasicFileAttributes> A readAttributes(
      Path path, Class<A> type, LinkOption... options) throws IOException {
    RingPath file = RingPath.of(path);
    if (file.isDelegated()) {
      return JDK.readAttributes(file.jdk(), type, options);
    }
    if (type == BasicFileAttributes.class) {
      return type.cast(new RingAttributes(file.stat(FileErrors::ofSource, options)));
    }
    if (type == PosixFileAttributes.class) {
      return type.cast(RingPosixAttributes.read(file, options));
    }
    if (type == DosFileAttributes.class) {
      return type.cast(RingDosAttributes.read(file, options));
    }
    return JDK.readAttributes(file.jdk(), type, options);
  }

  @Override
  public Map<String, Object> readAttributes(Path path, String attributes, LinkOption... options)
      throws IOException {
    RingPath file = RingPath.of(path);
    return file.isDelegated()
        ? JDK.readAttributes(file.jdk(), attributes, options)
        : AttributeNames.read(file, attributes, options);
  }

  @Override
  public void setAttribute(Path path, String attribute, Object value, LinkOption... options)
      throws IOException {
    RingPath file = RingPath.of(path);
    if (!AttributeNames.set(file, attribute, value, options)) {
      JDK.setAttribute(file.jdk(), attribute, value, options);
    }
  }
}
