package io.ringspun.file;

import io.ringspun.Descriptor;
import io.ringspun.OperationException;
import io.ringspun.Ring;
import io.ringspun.RingGroup;
import io.ringspun.internal.file.FileErrors;
import io.ringspun.internal.file.Names;
import io.ringspun.internal.file.OpenFile;
import io.ringspun.internal.file.OpenFlags;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.memory.Arguments;
import io.ringspun.internal.memory.PathMemory;
import io.ringspun.internal.ring.Call;
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
import java.util.Arrays;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * An open directory, and what can be done to the names in it through a {@link Ring}. Names are
 * relative to the directory that was opened, wherever it is moved meanwhile and whatever takes its
 * place.
 *
 * <p>Each method blocks until the kernel reports the operation complete. A virtual thread parks
 * meanwhile and gives up its carrier; a platform thread waits. An operation goes to the ring that
 * carries the calling thread, else to the ring that the directory was opened with. Safe for use by
 * many threads at once.
 *
 * <p>A name of several parts leads through directories and links as any path does, also out of the
 * directory. Only {@link #openFile} and {@link #openDirectory} can be told not to; see {@link
 * Resolve}. To keep another operation inside, open the directory that it works in so, and give it a
 * name of one part.
 *
 * <p>An interrupt cancels an operation that the kernel has not begun, and leaves the directory
 * open. Every method that takes a name throws
 *
 * <ul>
 *   <li>{@link IllegalArgumentException} if a name is absolute, and {@link
 *       ProviderMismatchException} if it is of another file system;
 *   <li>{@link java.nio.file.InvalidPathException} if a name has a zero in it;
 *   <li>{@link java.nio.file.NoSuchFileException}, {@link
 *       java.nio.file.FileAlreadyExistsException}, {@link
 *       java.nio.file.DirectoryNotEmptyException}, {@link java.nio.file.AccessDeniedException}, or
 *       {@link FileSystemException} with the kernel's reason, if the kernel refuses.
 * </ul>
 *
 * <p>Every method that blocks throws
 *
 * <ul>
 *   <li>{@link java.nio.channels.ClosedChannelException} if the directory is closed already, and
 *       {@link java.nio.channels.AsynchronousCloseException} if it is closed meanwhile;
 *   <li>{@link java.io.InterruptedIOException} if the thread is interrupted, unless the operation
 *       had succeeded by then;
 *   <li>{@link io.ringspun.RingClosedException} and {@link io.ringspun.RingFailedException} if its
 *       ring is gone.
 * </ul>
 *
 * @since 0.1
 */
public final class RingDirectory extends Descriptor implements AutoCloseable {
  private static final int DEFAULT_MODE = 0777;

  private final RawHandle handle;
  private final Names names;

  private RingDirectory(RawHandle handle, Engine home) {
    this(handle, new Names(handle, home));
  }

  private RingDirectory(RawHandle handle, Names names) {
    super(handle);
    this.handle = handle;
    this.names = names;
  }

  /**
   * Opens a directory, with a ring of the {@linkplain RingGroup#shared() shared group} as its home
   * ({@code IORING_OP_OPENAT} with {@code O_DIRECTORY}, Linux 5.6).
   *
   * @param path a path of the default file system; links are followed
   * @return the directory, for the caller to close
   * @throws NotDirectoryException if it is something else
   * @throws ProviderMismatchException if the path is of another file system
   * @throws IOException if the operation fails, as described in {@link RingDirectory}
   */
  public static RingDirectory open(Path path) throws IOException {
    return open(RingGroup.shared().next(), path);
  }

  /**
   * Opens a directory on a ring; see {@link #open(Path)}.
   *
   * @param ring the directory's home ring
   * @param path a path of the default file system; links are followed
   * @return the directory, for the caller to close
   * @throws IOException if the operation fails, as described in {@link #open(Path)}
   */
  public static RingDirectory open(Ring ring, Path path) throws IOException {
    PathMemory.requireDefault(path);
    Names names = new Names(null, EngineAccess.of(ring));
    return new RingDirectory(names.openDirectory(path, 0), names.home());
  }

  /**
   * Views something open as a directory: it is the same, so closing either closes both ({@code
   * IORING_OP_STATX}, Linux 5.6).
   *
   * @param open a directory
   * @return a view of it
   * @throws IllegalArgumentException if it is a {@linkplain RingOpenOption#REGISTERED registered}
   *     file
   * @throws NotDirectoryException if it is something else
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
   * Returns this directory with a time limit on every operation: one that is not over in time, such
   * as the opening of a FIFO that nobody has opened at its other end, is cancelled and throws
   * {@link io.ringspun.OperationTimeoutException}. The directory is the same, so closing either
   * closes both. What is opened from it has no limit.
   *
   * @param limit positive
   * @return another view of this directory
   * @throws IllegalArgumentException if not positive
   */
  public RingDirectory withTimeout(Duration limit) {
    long nanos = Arguments.timeoutNanos(limit);
    return new RingDirectory(handle, new Names(handle, names.home(), names.errors(), nanos));
  }

  /**
   * Opens or makes a file ({@code IORING_OP_OPENAT2}, Linux 5.6).
   *
   * @param name where it is, relative to this directory
   * @param options as for {@link RingFile#open(Path, OpenOption...)}, and {@link Resolve}
   * @return the file, for the caller to close; it does not depend on this directory
   * @throws IllegalArgumentException if options contradict each other; {@code DELETE_ON_CLOSE} and
   *     {@link Resolve} do, since a file cannot be deleted within bounds; or with {@link
   *     RingOpenOption#REGISTERED} the directory's ring has no table
   * @throws UnsupportedOperationException if an option is unknown
   * @throws java.nio.file.AccessDeniedException if the way leads where {@link Resolve#BENEATH},
   *     {@link Resolve#IN_ROOT} or {@link Resolve#NO_XDEV} forbids it, or permission is missing
   * @throws FileSystemException if the way leads through a link that {@link Resolve#NO_SYMLINKS} or
   *     {@link Resolve#NO_MAGICLINKS} forbids, or directories on the way are renamed all the time
   * @throws IOException if the operation fails, as described in {@link RingDirectory}
   */
  public RingFile openFile(Path name, OpenOption... options) throws IOException {
    return openFile(name, new HashSet<>(Arrays.asList(options)));
  }

  /**
   * Opens or makes a file; see {@link #openFile(Path, OpenOption...)}.
   *
   * @param name where it is, relative to this directory
   * @param options as for {@link #openFile(Path, OpenOption...)}
   * @param attributes POSIX permissions for a file that is made, cut by the process's mask
   * @return the file, for the caller to close; it does not depend on this directory
   * @throws UnsupportedOperationException if an option or attribute is unknown
   * @throws IOException if the file cannot be opened
   */
  public RingFile openFile(
      Path name, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    requireRelative(name);
    int mode = OpenFlags.mode(RingFile.DEFAULT_MODE, attributes);
    Set<OpenOption> others = new HashSet<>();
    int resolve = Resolve.bits(options, others);
    OpenFlags flags = OpenFlags.of(others);
    if (flags.deleteOnClose() && resolve != 0) {
      throw new IllegalArgumentException("DELETE_ON_CLOSE and Resolve exclude each other");
    }
    int number = names.openWithin(name, flags.bits(), mode, resolve, flags.registered());
    return new RingFile(OpenFile.opened(names, name, number, flags));
  }

  /**
   * Opens a directory from here ({@code IORING_OP_OPENAT2} with {@code O_DIRECTORY}, Linux 5.6).
   *
   * @param name where it is, relative to this directory; empty for this directory once more
   * @param bounds how far the way may lead
   * @return the directory, for the caller to close; it does not depend on this one
   * @throws IllegalArgumentException if bounds contradict each other
   * @throws NotDirectoryException if it is something else
   * @throws java.nio.file.AccessDeniedException as for {@link #openFile}
   * @throws FileSystemException as for {@link #openFile}
   * @throws IOException if the operation fails, as described in {@link RingDirectory}
   */
  public RingDirectory openDirectory(Path name, Resolve... bounds) throws IOException {
    requireRelative(name);
    int resolve = Resolve.bits(Arrays.asList(bounds), new HashSet<>());
    int fd = names.openWithin(name, Names.DIRECTORY_FLAGS, 0, resolve, false);
    return new RingDirectory(new RawHandle(fd, false, names.home()), names.home());
  }

  /**
   * Returns what the kernel knows of this directory ({@code IORING_OP_STATX}, Linux 5.6).
   *
   * @return a snapshot
   * @throws OperationException if the kernel refuses
   * @throws IOException if the operation fails, as described in {@link RingDirectory}
   */
  public FileStat stat() throws IOException {
    return OpenFile.stat(handle, 0);
  }

  /**
   * Returns what the kernel knows of a file, which need not be readable ({@code IORING_OP_STATX},
   * Linux 5.6).
   *
   * @param name where it is, relative to this directory
   * @param options {@link LinkOption#NOFOLLOW_LINKS} for a link itself and not what it leads to
   * @return a snapshot
   * @throws IOException if the operation fails, as described in {@link RingDirectory}
   */
  public FileStat stat(Path name, LinkOption... options) throws IOException {
    requireRelative(name);
    return names.stat(name, statFlags(options));
  }

  static int statFlags(LinkOption... options) {
    boolean follow = !Arrays.asList(options).contains(LinkOption.NOFOLLOW_LINKS);
    return follow ? 0 : Constants.AT_SYMLINK_NOFOLLOW;
  }

  /**
   * Gives a file or directory another name in this directory; see {@link #rename(Path,
   * RingDirectory, Path, RenameOption...)}.
   *
   * @param name the name it has
   * @param newName the name it gets
   * @param options what to do if that is taken
   * @throws IllegalArgumentException if options contradict each other
   * @throws IOException if the operation fails, as described in {@link #rename(Path, RingDirectory,
   *     Path, RenameOption...)}
   */
  public void rename(Path name, Path newName, RenameOption... options) throws IOException {
    rename(name, this, newName, options);
  }

  /**
   * Moves a file or directory, all at once ({@code IORING_OP_RENAMEAT}, Linux 5.11). A link is
   * moved itself. To make it durable, {@link #fsync} both directories.
   *
   * @param name the name it has, relative to this directory
   * @param newDirectory where it goes
   * @param newName the name it gets, relative to that directory
   * @param options what to do if that is taken
   * @throws IllegalArgumentException if options contradict each other
   * @throws java.nio.file.FileAlreadyExistsException if it is taken, with {@link
   *     RenameOption#NOREPLACE}
   * @throws java.nio.file.DirectoryNotEmptyException if it is taken by a directory with something
   *     in it
   * @throws java.nio.file.AtomicMoveNotSupportedException if the two are on different file systems
   * @throws IOException if the operation fails, as described in {@link RingDirectory}
   */
  public void rename(Path name, RingDirectory newDirectory, Path newName, RenameOption... options)
      throws IOException {
    requireRelative(name);
    requireRelative(newName);
    names.rename(name, newDirectory.names, newName, RenameOption.bits(options));
  }

  /**
   * Removes the name of a file ({@code IORING_OP_UNLINKAT}, Linux 5.11). A link is removed itself.
   *
   * @param name relative to this directory
   * @throws FileSystemException if it is a directory, among other reasons
   * @throws IOException if the operation fails, as described in {@link RingDirectory}
   */
  public void unlink(Path name) throws IOException {
    requireRelative(name);
    names.unlink(name, 0);
  }

  /**
   * Removes an empty directory ({@code IORING_OP_UNLINKAT} with {@code AT_REMOVEDIR}, Linux 5.11).
   *
   * @param name relative to this directory
   * @throws java.nio.file.DirectoryNotEmptyException if there is something in it
   * @throws NotDirectoryException if it is something else
   * @throws IOException if the operation fails, as described in {@link RingDirectory}
   */
  public void rmdir(Path name) throws IOException {
    requireRelative(name);
    names.telling(FileErrors::ofRmdir).unlink(name, Constants.AT_REMOVEDIR);
  }

  /**
   * Makes a directory ({@code IORING_OP_MKDIRAT}, Linux 5.15).
   *
   * @param name relative to this directory
   * @param attributes POSIX permissions, cut by the process's mask; without them, all
   * @throws UnsupportedOperationException if an attribute is unknown
   * @throws IOException if the operation fails, as described in {@link RingDirectory}
   */
  public void mkdir(Path name, FileAttribute<?>... attributes) throws IOException {
    requireRelative(name);
    names.mkdir(name, mode(attributes));
  }

  static int mode(FileAttribute<?>... attributes) {
    return OpenFlags.mode(DEFAULT_MODE, attributes);
  }

  /**
   * Gives a file one more name in this directory; see {@link #link(Path, RingDirectory, Path)}.
   *
   * @param name a name it has
   * @param newName the name it gets
   * @throws IOException if the operation fails, as described in {@link #link(Path, RingDirectory,
   *     Path)}
   */
  public void link(Path name, Path newName) throws IOException {
    link(name, this, newName);
  }

  /**
   * Gives a file one more name ({@code IORING_OP_LINKAT}, Linux 5.15). A symbolic link gets one
   * itself.
   *
   * @param name a name it has, relative to this directory
   * @param newDirectory where the new name goes
   * @param newName the name it gets, relative to that directory
   * @throws FileSystemException if the two are on different file systems, or it is a directory,
   *     among other reasons
   * @throws IOException if the operation fails, as described in {@link RingDirectory}
   */
  public void link(Path name, RingDirectory newDirectory, Path newName) throws IOException {
    requireRelative(name);
    requireRelative(newName);
    names.link(name, newDirectory.names, newName);
  }

  /**
   * Makes a symbolic link ({@code IORING_OP_SYMLINKAT}, Linux 5.15).
   *
   * @param target what it leads to: any path, there or not, which a relative link takes from where
   *     the link is
   * @param name the link's name, relative to this directory
   * @throws IllegalArgumentException if the target is empty
   * @throws IOException if the operation fails, as described in {@link RingDirectory}
   */
  public void symlink(Path target, Path name) throws IOException {
    requireRelative(name);
    names.symlink(requireTarget(target), name);
  }

  static Path requireTarget(Path target) {
    PathMemory.requireDefault(target);
    if (target.toString().isEmpty()) {
      throw new IllegalArgumentException("a link leads somewhere: the target is empty");
    }
    return target;
  }

  /**
   * Returns an extended attribute of a file ({@code IORING_OP_GETXATTR}, Linux 5.19). Links are
   * followed. Needs {@code /proc}.
   *
   * @param name the file, relative to this directory; empty for this directory
   * @param attribute the attribute's name with its namespace, such as {@code user.origin}
   * @return its value, or nothing if the file has no such attribute
   * @throws IllegalArgumentException if the attribute's name is empty or has a zero in it
   * @throws IOException if the operation fails, as described in {@link RingDirectory}
   */
  public Optional<byte[]> getXattr(Path name, String attribute) throws IOException {
    requireRelative(name);
    return names.getXattr(name, attribute);
  }

  /**
   * Sets an extended attribute of a file, be it there already or not ({@code IORING_OP_SETXATTR},
   * Linux 5.19). Links are followed. Needs {@code /proc}.
   *
   * @param name the file, relative to this directory; empty for this directory
   * @param attribute the attribute's name with its namespace, such as {@code user.origin}
   * @param value copied before the call; 64 KiB at most, on many file systems less
   * @throws IllegalArgumentException if the attribute's name is empty or has a zero in it
   * @throws IOException if the operation fails, as described in {@link RingDirectory}
   */
  public void setXattr(Path name, String attribute, byte[] value) throws IOException {
    requireRelative(name);
    names.setXattr(name, attribute, value);
  }

  /**
   * Makes what was done to the names in this directory durable ({@code IORING_OP_FSYNC}, Linux
   * 5.1): files that were made, renamed or removed before. After a failure that may have lost some
   * of it, every later call fails too; see {@link RingFile#fsync}.
   *
   * @throws OperationException if the kernel refuses
   * @throws IOException if the operation fails, as described in {@link RingDirectory}
   */
  public void fsync() throws IOException {
    requireNoDataLost("fsync");
    Engine engine = handle.engine();
    Call call = engine.single().timeoutNanos(names.timeoutNanos());
    call.operation(0).fsync(handle.fd(), 0);
    call.operation(0).using(handle, null);
    FileErrors.check("fsync", handle.syncResult(engine.run(call)));
  }

  /**
   * Refuses new operations, cancels those that wait, and closes the directory ({@code
   * IORING_OP_CLOSE}, Linux 5.6). What was opened from it stays open. Closing again has no effect.
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

  @Override
  protected void checkTransfer(MemorySegment memory, long position, boolean write) {
    throw new IllegalArgumentException("a directory has no bytes to read or write");
  }

  static void requireRelative(Path name) {
    PathMemory.requireDefault(name);
    if (name.isAbsolute()) {
      throw new IllegalArgumentException(name + " is absolute, not relative to the directory");
    }
  }
}
