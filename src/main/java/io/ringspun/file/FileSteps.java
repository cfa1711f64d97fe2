package io.ringspun.file;

import static io.ringspun.internal.kernel.Constants.*;

import io.ringspun.Descriptor;
import io.ringspun.Step;
import io.ringspun.internal.file.OpenFlags;
import io.ringspun.internal.kernel.OpenHow;
import io.ringspun.internal.kernel.Statx;
import io.ringspun.internal.memory.Arguments;
import io.ringspun.internal.memory.PathMemory;
import io.ringspun.raw.RawOperation;
import io.ringspun.raw.RawOperation.Access;
import io.ringspun.raw.TableSlot;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

/**
 * Creates {@linkplain Step steps} that work on files and names, for {@link io.ringspun.Chain#add
 * Chain.add} and {@link io.ringspun.Batch#add Batch.add}. For example, this chain replaces a file
 * atomically:
 *
 * {@snippet :
 * try (TableSlot slot = Raw.of(ring).tableSlot()) {
 *   ring.chain()
 *       .add(FileSteps.open(slot, fresh, CREATE_NEW, WRITE))
 *       .write(slot, content, 0)
 *       .fsync(slot)
 *       .add(slot.closeStep())
 *       .add(FileSteps.rename(fresh, path))
 *       .run();
 * }
 * }
 *
 * <p>Creating a step neither blocks nor reaches the kernel. If a step fails, the {@link
 * io.ringspun.TransactionException} names the operation as the kernel does.
 *
 * <p>A path belongs to the default file system. A name is relative to the given directory, which
 * must be open when the step runs. It is resolved as described in {@link RingDirectory}. Every
 * method that takes a path or a name throws
 *
 * <ul>
 *   <li>{@link java.nio.file.ProviderMismatchException} if it belongs to another file system;
 *   <li>{@link java.nio.file.InvalidPathException} if it contains a NUL character;
 *   <li>{@link IllegalArgumentException} if a name is absolute.
 * </ul>
 *
 * @since 0.1
 */
public final class FileSteps {
  private FileSteps() {}

  // ---- files ---------------------------------------------------------------------------------

  /**
   * Returns a step that opens or creates a file in a slot ({@code IORING_OP_OPENAT}, Linux 5.15 for
   * slots).
   *
   * <p>The kernel may make the first attempt with {@code O_NONBLOCK}. A FIFO whose other end is not
   * open is then opened for reading at once, and refused for writing with {@code ENXIO}. {@link
   * Step#onKernelWorker} makes the step wait for the other end.
   *
   * @param slot the slot for the file, whose content is replaced
   * @param path the path of the file
   * @param options the options of {@link RingFile#open(Path, OpenOption...)} except {@code
   *     DELETE_ON_CLOSE}; none means {@code READ}
   * @return the step
   * @throws IllegalArgumentException if options contradict each other, or {@code DELETE_ON_CLOSE}
   *     is among them
   * @throws UnsupportedOperationException if an option is unknown
   */
  public static Step open(TableSlot slot, Path path, OpenOption... options) {
    return open(slot, path, new HashSet<>(Arrays.asList(options)));
  }

  /**
   * Returns a step that opens or creates a file in a slot; see {@link #open(TableSlot, Path,
   * OpenOption...)}.
   *
   * @param slot the slot for the file, whose content is replaced
   * @param path the path of the file
   * @param options see {@link #open(TableSlot, Path, OpenOption...)}
   * @param attributes POSIX permissions of a new file, to which the process's umask applies
   * @return the step
   * @throws IllegalArgumentException if options contradict each other, or {@code DELETE_ON_CLOSE}
   *     is among them
   * @throws UnsupportedOperationException if an option or attribute is unknown
   */
  public static Step open(
      TableSlot slot,
      Path path,
      Set<? extends OpenOption> options,
      FileAttribute<?>... attributes) {
    return at(IORING_OP_OPENAT, path)
        .operationFlags(OpenFlags.ofSlot(options).bits())
        .length(OpenFlags.mode(RingFile.DEFAULT_MODE, attributes))
        .into(slot)
        .toStep();
  }

  /**
   * Returns a step that opens or creates a file of a directory in a slot ({@code
   * IORING_OP_OPENAT2}, Linux 5.15 for slots).
   *
   * @param slot the slot for the file, whose content is replaced
   * @param directory the directory that the name is relative to
   * @param name the name of the file
   * @param options the options of {@link #open(TableSlot, Path, OpenOption...)} and {@link Resolve}
   * @return the step
   * @throws IllegalArgumentException under the conditions of {@link #open(TableSlot, Path, Set,
   *     FileAttribute...)}
   * @throws UnsupportedOperationException if an option is unknown
   */
  public static Step open(
      TableSlot slot, RingDirectory directory, Path name, OpenOption... options) {
    return open(slot, directory, name, new HashSet<>(Arrays.asList(options)));
  }

  /**
   * Returns a step that opens or creates a file of a directory in a slot; see {@link
   * #open(TableSlot, RingDirectory, Path, OpenOption...)}.
   *
   * @param slot the slot for the file, whose content is replaced
   * @param directory the directory that the name is relative to
   * @param name the name of the file
   * @param options the options of {@link #open(TableSlot, Path, OpenOption...)} and {@link Resolve}
   * @param attributes POSIX permissions of a new file, to which the process's umask applies
   * @return the step
   * @throws IllegalArgumentException if options contradict each other, or {@code DELETE_ON_CLOSE}
   *     is among them
   * @throws UnsupportedOperationException if an option or attribute is unknown
   */
  public static Step open(
      TableSlot slot,
      RingDirectory directory,
      Path name,
      Set<? extends OpenOption> options,
      FileAttribute<?>... attributes) {
    int mode = OpenFlags.mode(RingFile.DEFAULT_MODE, attributes);
    Set<OpenOption> others = new HashSet<>();
    int resolve = Resolve.bits(options, others);
    int bits = OpenFlags.ofSlot(others).bits();
    MemorySegment how = Arena.ofAuto().allocate(OpenHow.SIZE_BYTES, Long.BYTES);
    OpenHow.write(how, bits, OpenFlags.openat2Mode(bits, mode), resolve);
    return at(IORING_OP_OPENAT2, directory, name)
        .offset(how, Access.READS)
        .length((int) OpenHow.SIZE_BYTES)
        .into(slot)
        .toStep();
  }

  /**
   * Returns a step that allocates or deallocates space for a range of a file ({@code
   * IORING_OP_FALLOCATE}, Linux 5.6).
   *
   * @param file the file, open for writing
   * @param position the start of the range in bytes
   * @param length the length of the range in bytes, at least 1
   * @param modes the modes; none means to allocate and to let the file grow
   * @return the step
   * @throws IllegalArgumentException if the position is negative, the length less than 1, or they
   *     overflow
   * @throws java.nio.channels.NonWritableChannelException if the file is a {@link RingFile} that is
   *     not open for writing
   */
  public static Step allocate(Descriptor file, long position, long length, AllocateMode... modes) {
    RingFile.requirePart(position, length);
    requireWritable(file);
    return RawOperation.of(IORING_OP_FALLOCATE)
        .on(file)
        .offset(position)
        .address(length) // this operation passes the length as the address
        .length(AllocateMode.bits(modes))
        .toStep();
  }

  /**
   * Returns a step that sets a file's size by truncating or extending it ({@code
   * IORING_OP_FTRUNCATE}, Linux 6.9; before that, {@code EINVAL}).
   *
   * @param file the file, open for writing
   * @param size the new size in bytes
   * @return the step
   * @throws IllegalArgumentException if the size is negative
   * @throws java.nio.channels.NonWritableChannelException if the file is a {@link RingFile} that is
   *     not open for writing
   */
  public static Step truncate(Descriptor file, long size) {
    RingFile.requireLength(size);
    requireWritable(file);
    return RawOperation.of(IORING_OP_FTRUNCATE).on(file).offset(size).toStep();
  }

  /**
   * Returns a step that announces an access pattern for a range of a file ({@code
   * IORING_OP_FADVISE}, Linux 5.6).
   *
   * @param file the file
   * @param position the start of the range in bytes
   * @param length the length of the range in bytes; 0 means to the end of the file
   * @param pattern the expected access pattern
   * @return the step
   * @throws IllegalArgumentException if position or length is negative, or they overflow
   */
  public static Step advise(Descriptor file, long position, int length, AccessPattern pattern) {
    Arguments.requirePosition(position, RingFile.requireLength(length));
    return RawOperation.of(IORING_OP_FADVISE)
        .on(file)
        .offset(position)
        .length(length)
        .operationFlags(pattern.number())
        .toStep();
  }

  private static void requireWritable(Descriptor file) {
    if (file instanceof RingFile ours) {
      ours.requireWritable();
    }
  }

  // ---- names ---------------------------------------------------------------------------------

  /**
   * Returns a step that writes the attributes of a file into memory ({@code IORING_OP_STATX}, Linux
   * 5.6); {@link FileStat#of} decodes them. The memory is lent to the kernel while the step runs.
   *
   * @param path the file, which need not be readable
   * @param target native memory of at least {@link FileStat#BYTES} bytes, aligned to 8 bytes
   * @param options {@link LinkOption#NOFOLLOW_LINKS} not to follow a symbolic link
   * @return the step
   * @throws IllegalArgumentException if the memory is too small, misaligned or not native
   */
  public static Step stat(Path path, MemorySegment target, LinkOption... options) {
    return stating(at(IORING_OP_STATX, path), target, options).toStep();
  }

  /**
   * Returns a step that writes the attributes of a file of a directory into memory; see {@link
   * #stat(Path, MemorySegment, LinkOption...)}.
   *
   * @param directory the directory that the name is relative to
   * @param name the name of the file, or empty for the directory itself
   * @param target see {@link #stat(Path, MemorySegment, LinkOption...)}
   * @param options see {@link #stat(Path, MemorySegment, LinkOption...)}
   * @return the step
   * @throws IllegalArgumentException under the conditions of {@link #stat(Path, MemorySegment,
   *     LinkOption...)}
   */
  public static Step stat(
      RingDirectory directory, Path name, MemorySegment target, LinkOption... options) {
    return stating(at(IORING_OP_STATX, directory, name), target, options).toStep();
  }

  private static RawOperation stating(
      RawOperation step, MemorySegment target, LinkOption... options) {
    if (target.byteSize() < FileStat.BYTES || target.address() % Long.BYTES != 0) {
      throw new IllegalArgumentException(
          "the memory must have %d bytes aligned to %d: %s"
              .formatted(FileStat.BYTES, Long.BYTES, target));
    }
    return step.offset(target, Access.WRITES)
        .length(Statx.ALL)
        .operationFlags(RingDirectory.statFlags(options));
  }

  /**
   * Returns a step that creates a directory ({@code IORING_OP_MKDIRAT}, Linux 5.15).
   *
   * @param path the directory
   * @param attributes POSIX permissions, to which the process's umask applies; by default all
   * @return the step
   * @throws UnsupportedOperationException if an attribute is unknown
   */
  public static Step mkdir(Path path, FileAttribute<?>... attributes) {
    return at(IORING_OP_MKDIRAT, path).length(RingDirectory.mode(attributes)).toStep();
  }

  /**
   * Returns a step that creates a directory in another one; see {@link #mkdir(Path,
   * FileAttribute...)}.
   *
   * @param directory the directory that the name is relative to
   * @param name the new directory
   * @param attributes see {@link #mkdir(Path, FileAttribute...)}
   * @return the step
   * @throws UnsupportedOperationException if an attribute is unknown
   */
  public static Step mkdir(RingDirectory directory, Path name, FileAttribute<?>... attributes) {
    return at(IORING_OP_MKDIRAT, directory, name).length(RingDirectory.mode(attributes)).toStep();
  }

  /**
   * Returns a step that removes the name of a file ({@code IORING_OP_UNLINKAT}, Linux 5.11). A
   * symbolic link is not followed.
   *
   * @param path the path of the file, which must not be a directory
   * @return the step
   */
  public static Step unlink(Path path) {
    return at(IORING_OP_UNLINKAT, path).toStep();
  }

  /**
   * Returns a step that removes the name of a file from a directory; see {@link #unlink(Path)}.
   *
   * @param directory the directory that the name is relative to
   * @param name the name
   * @return the step
   */
  public static Step unlink(RingDirectory directory, Path name) {
    return at(IORING_OP_UNLINKAT, directory, name).toStep();
  }

  /**
   * Returns a step that removes an empty directory ({@code IORING_OP_UNLINKAT} with {@code
   * AT_REMOVEDIR}, Linux 5.11).
   *
   * @param path the directory
   * @return the step
   */
  public static Step rmdir(Path path) {
    return at(IORING_OP_UNLINKAT, path).operationFlags(AT_REMOVEDIR).toStep();
  }

  /**
   * Returns a step that removes an empty directory from another one; see {@link #rmdir(Path)}.
   *
   * @param directory the directory that the name is relative to
   * @param name the directory
   * @return the step
   */
  public static Step rmdir(RingDirectory directory, Path name) {
    return at(IORING_OP_UNLINKAT, directory, name).operationFlags(AT_REMOVEDIR).toStep();
  }

  /**
   * Returns a step that renames a file or directory atomically ({@code IORING_OP_RENAMEAT}, Linux
   * 5.11). A symbolic link is not followed.
   *
   * @param path the old path
   * @param newPath the new path
   * @param options what to do if the new path exists
   * @return the step
   * @throws IllegalArgumentException if options contradict each other
   */
  public static Step rename(Path path, Path newPath, RenameOption... options) {
    return to(at(IORING_OP_RENAMEAT, path), newPath)
        .operationFlags(RenameOption.bits(options))
        .toStep();
  }

  /**
   * Returns a step that renames a file or directory from one directory to another; see {@link
   * #rename(Path, Path, RenameOption...)}.
   *
   * @param directory the directory that the name is relative to
   * @param name the old name
   * @param newDirectory the directory that the new name is relative to
   * @param newName the new name
   * @param options what to do if the new name exists
   * @return the step
   * @throws IllegalArgumentException if options contradict each other
   */
  public static Step rename(
      RingDirectory directory,
      Path name,
      RingDirectory newDirectory,
      Path newName,
      RenameOption... options) {
    return to(at(IORING_OP_RENAMEAT, directory, name), newDirectory, newName)
        .operationFlags(RenameOption.bits(options))
        .toStep();
  }

  /**
   * Returns a step that creates a hard link to a file ({@code IORING_OP_LINKAT}, Linux 5.15). A
   * symbolic link is not followed.
   *
   * @param path the existing path
   * @param newPath the path of the new link
   * @return the step
   */
  public static Step link(Path path, Path newPath) {
    return to(at(IORING_OP_LINKAT, path), newPath).toStep();
  }

  /**
   * Returns a step that creates a hard link to a file of a directory; see {@link #link(Path,
   * Path)}.
   *
   * @param directory the directory that the name is relative to
   * @param name the existing name
   * @param newDirectory the directory that the new name is relative to
   * @param newName the name of the new link
   * @return the step
   */
  public static Step link(
      RingDirectory directory, Path name, RingDirectory newDirectory, Path newName) {
    return to(at(IORING_OP_LINKAT, directory, name), newDirectory, newName).toStep();
  }

  /**
   * Returns a step that creates a symbolic link ({@code IORING_OP_SYMLINKAT}, Linux 5.15).
   *
   * @param target the target, which need not exist; a relative target is resolved against the
   *     link's directory
   * @param path the link
   * @return the step
   * @throws IllegalArgumentException if the target is empty
   */
  public static Step symlink(Path target, Path path) {
    return RawOperation.of(IORING_OP_SYMLINKAT)
        .on(AT_FDCWD)
        .address(PathMemory.kept(RingDirectory.requireTarget(target)), Access.READS)
        .offset(path(path), Access.READS)
        .toStep();
  }

  /**
   * Returns a step that creates a symbolic link in a directory; see {@link #symlink(Path, Path)}.
   *
   * @param target see {@link #symlink(Path, Path)}
   * @param directory the directory that the name is relative to
   * @param name the link
   * @return the step
   * @throws IllegalArgumentException if the target is empty
   */
  public static Step symlink(Path target, RingDirectory directory, Path name) {
    return RawOperation.of(IORING_OP_SYMLINKAT)
        .on(directory)
        .address(PathMemory.kept(RingDirectory.requireTarget(target)), Access.READS)
        .offset(name(name), Access.READS)
        .toStep();
  }

  private static RawOperation at(int opcode, Path path) {
    return RawOperation.of(opcode).on(AT_FDCWD).address(path(path), Access.READS);
  }

  private static RawOperation at(int opcode, RingDirectory directory, Path name) {
    return RawOperation.of(opcode).on(directory).address(name(name), Access.READS);
  }

  private static RawOperation to(RawOperation step, Path newPath) {
    return step.length(AT_FDCWD).offset(path(newPath), Access.READS);
  }

  private static RawOperation to(RawOperation step, RingDirectory newDirectory, Path newName) {
    return step.movingTo(newDirectory).offset(name(newName), Access.READS);
  }

  private static MemorySegment path(Path path) {
    PathMemory.requireDefault(path);
    return PathMemory.kept(path);
  }

  private static MemorySegment name(Path name) {
    RingDirectory.requireRelative(name);
    return PathMemory.kept(name);
  }
}
