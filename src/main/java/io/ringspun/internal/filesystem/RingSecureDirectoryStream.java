package io.ringspun.internal.filesystem;

import io.ringspun.Ring;
import io.ringspun.file.FileStat;
import io.ringspun.internal.file.FileErrors;
import io.ringspun.internal.file.OpenFile;
import io.ringspun.internal.file.PathOperations;
import io.ringspun.internal.filechannel.RingBackedChannel;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.ring.BlockingTask;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.internal.ring.RawHandle;
import io.ringspun.internal.ring.Uninterrupted;
import java.io.IOException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.ClosedDirectoryStreamException;
import java.nio.file.FileSystemException;
import java.nio.file.LinkOption;
import java.nio.file.NotDirectoryException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.ProviderMismatchException;
import java.nio.file.SecureDirectoryStream;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.FileAttributeView;
import java.nio.file.attribute.FileOwnerAttributeView;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.GroupPrincipal;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.UserPrincipal;
import java.util.Iterator;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * An open directory. The ring resolves names relative to the open descriptor, even if the directory
 * has been moved or replaced. The JDK sets attributes.
 */
final class RingSecureDirectoryStream implements SecureDirectoryStream<Path> {
  private final RingPath
      path; // path of the directory when it was opened; entries are resolved against it
  private final Ring ring;
  private final RawHandle directory;
  private final Filter<? super Path> filter;

  // Guarded by this.
  private @Nullable SecureDirectoryStream<Path> jdk; // of the same directory, opened when needed
  private boolean isListed;

  private RingSecureDirectoryStream(
      RingPath path, Ring ring, RawHandle directory, Filter<? super Path> filter) {
    this.path = path;
    this.ring = ring;
    this.directory = directory;
    this.filter = filter;
  }

  /** Opens a directory. */
  static SecureDirectoryStream<Path> open(RingPath path, Filter<? super Path> filter)
      throws IOException {
    Ring ring = path.fileSystem().ring();
    PathOperations paths = new PathOperations(null, EngineAccess.of(ring), FileErrors::ofDirectory);
    RawHandle directory = Uninterrupted.get(() -> paths.openDirectory(path.jdk(), 0));
    return new RingSecureDirectoryStream(path, ring, directory, filter);
  }

  /** Returns the JDK's stream of the same open directory, which it opens by the link in /proc. */
  private synchronized SecureDirectoryStream<Path> jdk() throws IOException {
    SecureDirectoryStream<Path> opened = jdk;
    if (opened == null) {
      try {
        directory.acquire();
      } catch (ClosedChannelException e) {
        ClosedDirectoryStreamException closed = new ClosedDirectoryStreamException();
        closed.initCause(e);
        throw closed;
      }
      try {
        Path link = Path.of("/proc/self/fd/" + directory.fd());
        opened =
            (SecureDirectoryStream<Path>) // as everywhere on Linux
                BlockingTask.run(
                    () -> RingFileSystem.JDK_PROVIDER.newDirectoryStream(link, _ -> true));
        jdk = opened;
      } finally {
        directory.release();
      }
    }
    return opened;
  }

  @Override
  public synchronized Iterator<Path> iterator() {
    if (!directory.isOpen()) {
      throw new IllegalStateException("Directory stream is closed"); // in the words of the JDK
    }
    if (isListed) {
      throw new IllegalStateException("Iterator already obtained");
    }
    isListed = true;
    return new DirectoryEntries(path, directory, filter);
  }

  @Override
  public void close() throws IOException {
    try {
      directory.close();
    } finally {
      closeJdk();
    }
  }

  private synchronized void closeJdk() throws IOException {
    SecureDirectoryStream<Path> opened = jdk;
    if (opened != null) {
      BlockingTask.run(opened::close);
    }
  }

  // ---- names ---------------------------------------------------------------------------------

  private PathOperations paths(PathOperations.Errors errors) {
    return new PathOperations(directory, directory.home(), errors);
  }

  /** Runs an operation on the ring; a pending interrupt does not cancel it. */
  private <T> T onRing(PathOperations.Errors errors, RingPath.Action<T> action) throws IOException {
    try {
      return Uninterrupted.get(() -> action.run(paths(errors)));
    } catch (ClosedChannelException e) {
      if (directory.isOpen()) {
        throw e; // the ring was closed, not this stream
      }
      ClosedDirectoryStreamException closed = new ClosedDirectoryStreamException();
      closed.initCause(e);
      throw closed;
    }
  }

  @Override
  public SecureDirectoryStream<Path> newDirectoryStream(Path name, LinkOption... options)
      throws IOException {
    RingPath child = RingPath.of(name);
    int flags = RingPath.follows(options) ? 0 : Constants.O_NOFOLLOW;
    RawHandle opened;
    try {
      opened = onRing(FileErrors::ofDirectory, paths -> paths.openDirectory(child.jdk(), flags));
    } catch (NotDirectoryException e) {
      if (flags != 0 && isLink(child)) { // the kernel checks first whether it is a directory
        throw FileErrors.asJdk(name.toString(), null, Errno.ELOOP);
      }
      throw e;
    }
    RingPath place = new RingPath(path.fileSystem(), path.jdk().resolve(child.jdk()));
    return new RingSecureDirectoryStream(place, ring, opened, _ -> true);
  }

  @Override
  public SeekableByteChannel newByteChannel(
      Path name, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    RingPath file = RingPath.of(name);
    return onRing(
        FileErrors::asJdk,
        paths -> RingBackedChannel.openIn(paths, ring, file.jdk(), options, attributes));
  }

  @Override
  public void deleteFile(Path name) throws IOException {
    delete(RingPath.of(name), FileErrors::asJdk, 0);
  }

  @Override
  public void deleteDirectory(Path name) throws IOException {
    delete(RingPath.of(name), FileErrors::ofDelete, Constants.AT_REMOVEDIR);
  }

  private void delete(RingPath name, PathOperations.Errors errors, int flags) throws IOException {
    onRing(
        errors,
        paths -> {
          paths.unlink(name.jdk(), flags);
          return true;
        });
  }

  @Override
  public void move(Path name, SecureDirectoryStream<Path> target, Path newName) throws IOException {
    RingPath from = RingPath.of(name);
    RingPath to = RingPath.of(newName);
    if (!(Objects.requireNonNull(target) instanceof RingSecureDirectoryStream other)) {
      throw new ProviderMismatchException(target + " is no directory of ring paths");
    }
    if (!other.directory.isOpen()) {
      throw new ClosedDirectoryStreamException();
    }
    onRing(
        FileErrors::asJdk,
        paths -> {
          paths.rename(from.jdk(), other.paths(FileErrors::asJdk), to.jdk(), 0);
          return true;
        });
  }

  private boolean isLink(RingPath name) throws IOException {
    try {
      return stat(name, LinkOption.NOFOLLOW_LINKS).type() == FileStat.FileType.SYMBOLIC_LINK;
    } catch (FileSystemException _) {
      return false;
    }
  }

  // ---- attributes ----------------------------------------------------------------------------

  private static int statFlags(LinkOption... options) {
    return RingPath.follows(options) ? 0 : Constants.AT_SYMLINK_NOFOLLOW;
  }

  private FileStat stat(@Nullable RingPath name, LinkOption... options) throws IOException {
    return name == null
        ? onRing(FileErrors::asJdk, _ -> OpenFile.stat(directory, 0))
        : onRing(FileErrors::asJdk, paths -> paths.stat(name.jdk(), statFlags(options)));
  }

  @Override
  public <V extends FileAttributeView> @Nullable V getFileAttributeView(Class<V> type) {
    return view(type, null, () -> jdk().getFileAttributeView(PosixFileAttributeView.class));
  }

  @Override
  public <V extends FileAttributeView> @Nullable V getFileAttributeView(
      Path name, Class<V> type, LinkOption... options) {
    RingPath file = RingPath.of(name);
    LinkOption[] chosen = options.clone();
    return view(
        type,
        file,
        () -> jdk().getFileAttributeView(file.jdk(), PosixFileAttributeView.class, chosen),
        chosen);
  }

  /** Gets the JDK's view that can set every attribute. */
  private interface Setter {
    PosixFileAttributeView get() throws IOException;

    /** Returns one whose calls may wait. */
    default PosixFileAttributeView blocking() throws IOException {
      return BlockingProvider.blocking(get(), PosixFileAttributeView.class);
    }
  }

  private <V extends FileAttributeView> @Nullable V view(
      Class<V> type, @Nullable RingPath name, Setter setter, LinkOption... options) {
    if (type == BasicFileAttributeView.class) {
      return type.cast(new BasicView(name, setter, options));
    }
    return Objects.requireNonNull(type) == PosixFileAttributeView.class
            || type == FileOwnerAttributeView.class
        ? type.cast(new PosixView(name, setter, options))
        : null;
  }

  /** Attributes of an entry, or of the directory itself if there is no name. */
  private class BasicView implements BasicFileAttributeView {
    final @Nullable RingPath name;
    final Setter setter;
    final LinkOption[] options;

    BasicView(@Nullable RingPath name, Setter setter, LinkOption... options) {
      this.name = name;
      this.setter = setter;
      this.options = options.clone();
    }

    @Override
    public String name() {
      return "basic";
    }

    @Override
    public BasicFileAttributes readAttributes() throws IOException {
      return new RingAttributes(stat(name, options));
    }

    @Override
    public void setTimes(
        @Nullable FileTime modified, @Nullable FileTime accessed, @Nullable FileTime created)
        throws IOException {
      setter.blocking().setTimes(modified, accessed, created);
    }
  }

  /** Attributes including owner and permissions. */
  private final class PosixView extends BasicView implements PosixFileAttributeView {
    PosixView(@Nullable RingPath name, Setter setter, LinkOption... options) {
      super(name, setter, options);
    }

    @Override
    public String name() {
      return "posix";
    }

    @Override
    public PosixFileAttributes readAttributes() throws IOException {
      PosixFileAttributes owners = setter.blocking().readAttributes();
      return new RingPosixAttributes(stat(name, options), owners.owner(), owners.group());
    }

    @Override
    public UserPrincipal getOwner() throws IOException {
      return setter.blocking().getOwner();
    }

    @Override
    public void setOwner(UserPrincipal owner) throws IOException {
      setter.blocking().setOwner(owner);
    }

    @Override
    public void setGroup(GroupPrincipal group) throws IOException {
      setter.blocking().setGroup(group);
    }

    @Override
    public void setPermissions(Set<PosixFilePermission> permissions) throws IOException {
      setter.blocking().setPermissions(permissions);
    }
  }
}
