package io.ringspun.file;

import io.ringspun.Descriptor;
import io.ringspun.OperationException;
import io.ringspun.Ring;
import io.ringspun.RingGroup;
import io.ringspun.internal.file.FileErrors;
import io.ringspun.internal.file.OpenFile;
import io.ringspun.internal.file.OpenFlags;
import io.ringspun.internal.file.PathOperations;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.memory.Arguments;
import io.ringspun.internal.memory.PathMemory;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.internal.ring.RawHandle;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.FileSystemException;
import java.nio.file.LinkOption;
import java.nio.file.NotDirectoryException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.ProviderMismatchException;
import java.nio.file.attribute.FileAttribute;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * An open directory, with operations on its entries through a {@link Ring}. Names are relative to
 * the open directory, even if it is later moved or another directory takes its path.
 *
 * <p>A method that performs I/O blocks until the kernel reports the operation complete. A virtual
 * thread parks meanwhile and gives up its carrier; a platform thread waits. An operation runs on
 * the ring that carries the calling thread, or otherwise on the ring with which the directory was
 * opened. Safe for use by multiple concurrent threads.
 *
 * <p>A name of several components is resolved like any path: links and {@code ..} may lead out of
 * the directory. Only {@link #openFile} and {@link #openDirectory} can prevent this; see {@link
 * Resolve}. To confine another operation, open its parent directory with such a restriction and use
 * a name of one component.
 *
 * <p>An interrupt cancels an operation that the kernel has not started, and leaves the directory
 * open. Every method that takes a name throws
 *
 * <ul>
 *   <li>{@link IllegalArgumentException} if a name is absolute, and {@link
 *       ProviderMismatchException} if it belongs to another file system;
 *   <li>{@link java.nio.file.InvalidPathException} if a name contains a NUL character;
 *   <li>{@link java.nio.file.NoSuchFileException}, {@link
 *       java.nio.file.FileAlreadyExistsException}, {@link
 *       java.nio.file.DirectoryNotEmptyException}, {@link java.nio.file.AccessDeniedException}, or
 *       {@link FileSystemException} with the kernel's reason, if the kernel refuses.
 * </ul>
 *
 * <p>Every method that blocks throws
 *
 * <ul>
 *   <li>{@link java.nio.channels.ClosedChannelException} if the directory is closed, and {@link
 *       java.nio.channels.AsynchronousCloseException} if it is closed during the call;
 *   <li>{@link java.io.InterruptedIOException} if the thread is interrupted, unless the operation
 *       has already succeeded;
 *   <li>{@link io.ringspun.OperationTimeoutException} if a limit set by {@link #within} is
 *       exceeded;
 *   <li>{@link io.ringspun.RingClosedException} and {@link io.ringspun.RingFailedException} if its
 *       ring is closed or has failed.
 * </ul>
 *
 * @since 0.1
 */
public final class RingDirectory extends Descriptor implements AutoCloseable {
  private static final int DEFAULT_MODE = 0777;

  private final RawHandle handle;
  private final PathOperations paths;

  private RingDirectory(RawHandle handle, Engine home) {
    this(handle, new PathOperations(handle, home));
  }

  private RingDirectory(RawHandle handle, PathOperations paths) {
    super(handle);
    this.handle = handle;
    this.paths = paths;
  }

  /**
   * Opens a directory, on a ring of the {@linkplain RingGroup#shared() shared group} ({@code
   * IORING_OP_OPENAT} with {@code O_DIRECTORY}, Linux 5.6).
   *
   * @param path a path of the default file system; links are followed
   * @return the directory, for the caller to close
   * @throws NotDirectoryException if it is not a directory
   * @throws ProviderMismatchException if the path belongs to another file system
   * @throws IOException if the operation fails, as described in {@link RingDirectory}
   */
  public static RingDirectory open(Path path) throws IOException {
    return open(RingGroup.shared().nextHome(), path);
  }

  /**
   * Opens a directory on a ring; see {@link #open(Path)}.
   *
   * @param ring the ring for operations of threads that no ring carries
   * @param path a path of the default file system; links are followed
   * @return the directory, for the caller to close
   * @throws IOException if the operation fails, as described in {@link #open(Path)}
   */
  public static RingDirectory open(Ring ring, Path path) throws IOException {
    PathMemory.requireDefault(path);
    PathOperations paths = new PathOperations(null, EngineAccess.of(ring));
    return new RingDirectory(paths.openDirectory(path, 0), paths.home());
  }

  /**
   * Returns an open descriptor as a directory ({@code IORING_OP_STATX}, Linux 5.6). Both objects
   * share the descriptor, so closing either closes both.
   *
   * @param open the descriptor of a directory
   * @return a view of it
   * @throws IllegalArgumentException if it is {@linkplain RingOpenOption#REGISTERED registered}
   * @throws NotDirectoryException if it is not a directory
   * @throws IOException if the operation fails, as described in {@link RingDirectory}
   */
  public static RingDirectory of(Descriptor open) throws IOException {
    RawHandle handle = RingFile.rawHandle(open);
    if (OpenFile.stat(handle, 0).type() != FileStat.FileType.DIRECTORY) {
      throw new NotDirectoryException(handle.toString());
    }
    return new RingDirectory(handle, handle.home());
  }

  /**
   * Returns a view of this directory with a time limit on every call. A call that exceeds the
   * limit, for example the opening of a FIFO whose other end is not open, is cancelled and throws
   * {@link io.ringspun.OperationTimeoutException}. Both objects share the descriptor, so closing
   * either closes both. Files opened from the view have no limit.
   *
   * @param limit positive
   * @return a view of this directory
   * @throws IllegalArgumentException if not positive
   */
  public RingDirectory within(Duration limit) {
    long nanos = Arguments.timeoutNanos(limit);
    return new RingDirectory(
        handle, new PathOperations(handle, paths.home(), paths.errors(), nanos));
  }

  /**
   * Opens or creates a file ({@code IORING_OP_OPENAT2}, Linux 5.6).
   *
   * @param name the name, relative to this directory
   * @param options the options of {@link RingFile#open(Path, OpenOption...)} and {@link Resolve}
   * @return the file, for the caller to close; it stays open when this directory is closed
   * @throws IllegalArgumentException if options contradict each other, as {@code DELETE_ON_CLOSE}
   *     and {@link Resolve} do because a deletion cannot be restricted; or if {@link
   *     RingOpenOption#REGISTERED} is given and the directory's ring has no table of registered
   *     files
   * @throws UnsupportedOperationException if an option is unknown
   * @throws java.nio.file.AccessDeniedException if the path violates {@link Resolve#BENEATH},
   *     {@link Resolve#IN_ROOT} or {@link Resolve#NO_XDEV}, or permission is denied
   * @throws FileSystemException if the path has a link that {@link Resolve#NO_SYMLINKS} or {@link
   *     Resolve#NO_MAGICLINKS} forbids, or the kernel cannot resolve it because directories are
   *     being renamed concurrently
   * @throws IOException if the operation fails, as described in {@link RingDirectory}
   */
  public RingFile openFile(Path name, OpenOption... options) throws IOException {
    return openFile(name, Arrays.asList(options), RingFile.DEFAULT_MODE);
  }

  /**
   * Opens or creates a file; see {@link #openFile(Path, OpenOption...)}.
   *
   * @param name the name, relative to this directory
   * @param options see {@link #openFile(Path, OpenOption...)}
   * @param attributes POSIX permissions of a new file, to which the process's umask applies
   * @return the file, for the caller to close; it stays open when this directory is closed
   * @throws IllegalArgumentException under the conditions of {@link #openFile(Path, OpenOption...)}
   * @throws UnsupportedOperationException if an option or attribute is unknown
   * @throws IOException if the operation fails, as described in {@link #openFile(Path,
   *     OpenOption...)}
   */
  public RingFile openFile(
      Path name, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    return openFile(name, options, OpenFlags.mode(RingFile.DEFAULT_MODE, attributes));
  }

  private RingFile openFile(Path name, Collection<? extends OpenOption> options, int mode)
      throws IOException {
    requireRelative(name);
    List<OpenOption> others = new ArrayList<>();
    int resolve = Resolve.bits(options, others);
    OpenFlags flags = OpenFlags.of(others);
    if (flags.deleteOnClose() && resolve != 0) {
      throw new IllegalArgumentException("DELETE_ON_CLOSE and Resolve exclude each other");
    }
    PathOperations.Opened opened =
        paths.openWithin(name, flags.bits(), mode, resolve, flags.registered());
    return new RingFile(OpenFile.opened(paths, name, opened, flags));
  }

  /**
   * Opens a directory relative to this one ({@code IORING_OP_OPENAT2} with {@code O_DIRECTORY},
   * Linux 5.6).
   *
   * @param name the name, relative to this directory; empty for this directory itself
   * @param bounds restrictions on path resolution
   * @return the directory, for the caller to close; it stays open when this one is closed
   * @throws IllegalArgumentException if bounds contradict each other
   * @throws NotDirectoryException if it is not a directory
   * @throws java.nio.file.AccessDeniedException see {@link #openFile}
   * @throws FileSystemException see {@link #openFile}
   * @throws IOException if the operation fails, as described in {@link RingDirectory}
   */
  public RingDirectory openDirectory(Path name, Resolve... bounds) throws IOException {
    requireRelative(name);
    int resolve = Resolve.bits(Arrays.asList(bounds), new HashSet<>());
    int fd = paths.openWithin(name, PathOperations.DIRECTORY_FLAGS, 0, resolve, false).number();
    return new RingDirectory(new RawHandle(fd, false, paths.home()), paths.home());
  }

  /**
   * Returns the attributes of this directory ({@code IORING_OP_STATX}, Linux 5.6).
   *
   * @return a snapshot
   * @throws OperationException if the kernel refuses
   * @throws IOException if the operation fails, as described in {@link RingDirectory}
   */
  public FileStat stat() throws IOException {
    return OpenFile.stat(handle, 0);
  }

  /**
   * Returns the attributes of a file, which need not be readable ({@code IORING_OP_STATX}, Linux
   * 5.6).
   *
   * @param name the name, relative to this directory
   * @param options {@link LinkOption#NOFOLLOW_LINKS} not to follow a symbolic link
   * @return a snapshot
   * @throws IOException if the operation fails, as described in {@link RingDirectory}
   */
  public FileStat stat(Path name, LinkOption... options) throws IOException {
    requireRelative(name);
    return paths.stat(name, statFlags(options));
  }

  static int statFlags(LinkOption... options) {
    boolean follow = !Arrays.asList(options).contains(LinkOption.NOFOLLOW_LINKS);
    return follow ? 0 : Constants.AT_SYMLINK_NOFOLLOW;
  }

  /**
   * Renames a file or directory within this directory; see {@link #rename(Path, RingDirectory,
   * Path, RenameOption...)}.
   *
   * @param name the old name
   * @param newName the new name
   * @param options what to do if the new name exists
   * @throws IllegalArgumentException if options contradict each other
   * @throws IOException if the operation fails, as described in {@link #rename(Path, RingDirectory,
   *     Path, RenameOption...)}
   */
  public void rename(Path name, Path newName, RenameOption... options) throws IOException {
    rename(name, this, newName, options);
  }

  /**
   * Renames a file or directory atomically ({@code IORING_OP_RENAMEAT}, Linux 5.11). A symbolic
   * link is not followed. To make the change durable, {@link #fsync} both directories.
   *
   * @param name the old name, relative to this directory
   * @param newDirectory the target directory
   * @param newName the new name, relative to the target directory
   * @param options what to do if the new name exists
   * @throws IllegalArgumentException if options contradict each other
   * @throws java.nio.file.FileAlreadyExistsException if the new name exists and {@link
   *     RenameOption#NOREPLACE} is given
   * @throws java.nio.file.DirectoryNotEmptyException if the new name is a non-empty directory
   * @throws java.nio.file.AtomicMoveNotSupportedException if the two are on different file systems
   * @throws IOException if the operation fails, as described in {@link RingDirectory}
   */
  public void rename(Path name, RingDirectory newDirectory, Path newName, RenameOption... options)
      throws IOException {
    requireRelative(name);
    requireRelative(newName);
    int flags = RenameOption.bits(options);
    boolean replaces = (flags & Constants.RENAME_NOREPLACE) == 0;
    PathOperations own = replaces ? paths.telling(FileErrors::ofReplace) : paths;
    own.rename(name, newDirectory.paths, newName, flags);
  }

  /**
   * Removes a file ({@code IORING_OP_UNLINKAT}, Linux 5.11). A symbolic link is not followed.
   *
   * @param name the name, relative to this directory
   * @throws FileSystemException if it is a directory, or the kernel refuses for another reason
   * @throws IOException if the operation fails, as described in {@link RingDirectory}
   */
  public void unlink(Path name) throws IOException {
    requireRelative(name);
    paths.unlink(name, 0);
  }

  /**
   * Removes an empty directory ({@code IORING_OP_UNLINKAT} with {@code AT_REMOVEDIR}, Linux 5.11).
   *
   * @param name the name, relative to this directory
   * @throws java.nio.file.DirectoryNotEmptyException if the directory is not empty
   * @throws NotDirectoryException if it is not a directory
   * @throws IOException if the operation fails, as described in {@link RingDirectory}
   */
  public void rmdir(Path name) throws IOException {
    requireRelative(name);
    paths.telling(FileErrors::ofRmdir).unlink(name, Constants.AT_REMOVEDIR);
  }

  /**
   * Creates a directory ({@code IORING_OP_MKDIRAT}, Linux 5.15).
   *
   * @param name the name, relative to this directory
   * @param attributes POSIX permissions, to which the process's umask applies; by default all
   * @throws UnsupportedOperationException if an attribute is unknown
   * @throws IOException if the operation fails, as described in {@link RingDirectory}
   */
  public void mkdir(Path name, FileAttribute<?>... attributes) throws IOException {
    requireRelative(name);
    paths.mkdir(name, mode(attributes));
  }

  static int mode(FileAttribute<?>... attributes) {
    return OpenFlags.mode(DEFAULT_MODE, attributes);
  }

  /**
   * Creates a hard link to a file in this directory; see {@link #link(Path, RingDirectory, Path)}.
   *
   * @param name the existing name
   * @param newName the name of the new link
   * @throws IOException if the operation fails, as described in {@link #link(Path, RingDirectory,
   *     Path)}
   */
  public void link(Path name, Path newName) throws IOException {
    link(name, this, newName);
  }

  /**
   * Creates a hard link to a file ({@code IORING_OP_LINKAT}, Linux 5.15). A symbolic link is not
   * followed.
   *
   * @param name the existing name, relative to this directory
   * @param newDirectory the directory of the new link
   * @param newName the name of the new link, relative to that directory
   * @throws FileSystemException if the two are on different file systems, the file is a directory,
   *     or the kernel refuses for another reason
   * @throws IOException if the operation fails, as described in {@link RingDirectory}
   */
  public void link(Path name, RingDirectory newDirectory, Path newName) throws IOException {
    requireRelative(name);
    requireRelative(newName);
    paths.link(name, newDirectory.paths, newName);
  }

  /**
   * Creates a symbolic link ({@code IORING_OP_SYMLINKAT}, Linux 5.15).
   *
   * @param target the target, which need not exist; a relative target is resolved against the
   *     link's directory
   * @param name the link's name, relative to this directory
   * @throws IllegalArgumentException if the target is empty
   * @throws IOException if the operation fails, as described in {@link RingDirectory}
   */
  public void symlink(Path target, Path name) throws IOException {
    requireRelative(name);
    paths.symlink(requireTarget(target), name);
  }

  static Path requireTarget(Path target) {
    PathMemory.requireDefault(target);
    if (target.toString().isEmpty()) {
      throw new IllegalArgumentException("the target of the link is empty");
    }
    return target;
  }

  /**
   * Returns an extended attribute of a file ({@code IORING_OP_GETXATTR}, Linux 5.19). Symbolic
   * links are followed. Requires {@code /proc}.
   *
   * @param name the file, relative to this directory; empty for this directory itself
   * @param attribute the attribute's name with its namespace, for example {@code user.origin}
   * @return the value, or empty if the file has no such attribute
   * @throws IllegalArgumentException if the attribute's name is empty or contains a NUL character
   * @throws IOException if the operation fails, as described in {@link RingDirectory}
   */
  public Optional<byte[]> xattr(Path name, String attribute) throws IOException {
    requireRelative(name);
    return paths.xattr(name, attribute);
  }

  /**
   * Creates or replaces an extended attribute of a file ({@code IORING_OP_SETXATTR}, Linux 5.19).
   * Symbolic links are followed. Requires {@code /proc}.
   *
   * @param name the file, relative to this directory; empty for this directory itself
   * @param attribute the attribute's name with its namespace, for example {@code user.origin}
   * @param value the value, at most 64 KiB, on many file systems less; the array is copied
   * @throws IllegalArgumentException if the attribute's name is empty or contains a NUL character
   * @throws IOException if the operation fails, as described in {@link RingDirectory}
   */
  public void setXattr(Path name, String attribute, byte[] value) throws IOException {
    requireRelative(name);
    paths.setXattr(name, attribute, value);
  }

  /**
   * Makes earlier creations, renames and removals in this directory durable ({@code
   * IORING_OP_FSYNC}, Linux 5.1). After a failure that may have lost data, every later call fails
   * too; see {@link RingFile#fsync}.
   *
   * @throws OperationException if the kernel refuses
   * @throws IOException if the operation fails, as described in {@link RingDirectory}
   */
  public void fsync() throws IOException {
    requireNoDataLost("fsync");
    int result =
        handle.single().within(paths.timeoutNanos()).run((operation, fd) -> operation.fsync(fd, 0));
    FileErrors.check("fsync", handle.syncResult(result));
  }

  /**
   * Closes the directory ({@code IORING_OP_CLOSE}, Linux 5.6): refuses new operations, cancels
   * waiting ones, and blocks until they have ended, even if the thread is interrupted. Files and
   * directories opened from it stay open. Closing again has no effect.
   *
   * @throws IOException if the kernel reports an error; the directory is closed
   */
  @Override
  public void close() throws IOException {
    handle.close();
  }

  @Override
  public String toString() {
    return "RingDirectory[%s]".formatted(handle);
  }

  /**
   * Refuses every transfer: a directory can be neither read nor written.
   *
   * @throws IllegalArgumentException always
   */
  @Override
  protected void checkTransfer(MemorySegment memory, long position, boolean write) {
    throw new IllegalArgumentException("a directory cannot be read or written");
  }

  static void requireRelative(Path name) {
    PathMemory.requireDefault(name);
    if (name.isAbsolute()) {
      throw new IllegalArgumentException(name + " is absolute, not relative to the directory");
    }
  }
}
