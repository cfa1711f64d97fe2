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
 * {@linkplain Step Steps} that work on files and names, for {@link io.ringspun.Chain#add} and
 * {@link io.ringspun.Batch#add}:
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
 * <p>Nothing here blocks or reaches the kernel. If a step fails, {@link
 * io.ringspun.TransactionException} has the kernel's name of the operation.
 *
 * <p>A path by itself is one of the default file system. A name is relative to the directory that
 * is given, which must be open when the step runs, and leads where it leads, as for {@link
 * RingDirectory}. Every method that takes either throws
 *
 * <ul>
 *   <li>{@link java.nio.file.ProviderMismatchException} if it is of another file system;
 *   <li>{@link java.nio.file.InvalidPathException} if it has a zero in it;
 *   <li>{@link IllegalArgumentException} if a name is absolute.
 * </ul>
 *
 * @since 0.1
 */
public final class FileSteps {
  private FileSteps() {}

  // ---- files ---------------------------------------------------------------------------------

  /**
   * Opens or makes a file in a slot ({@code IORING_OP_OPENAT}, Linux 5.15 for slots).
   *
   * <p>The kernel may make the first attempt with {@code O_NONBLOCK}: a FIFO whose other end nobody
   * has open is then opened for reading at once, and refused for writing with {@code ENXIO}. {@link
   * Step#onKernelWorker} makes the step wait for the other end.
   *
   * @param slot where it goes, in the place of what is there
   * @param path where it is
   * @param options as for {@link RingFile#open(Path, OpenOption...)}, but for {@code
   *     DELETE_ON_CLOSE}; none means to read
   * @return the step
   * @throws IllegalArgumentException if options contradict each other, or {@code DELETE_ON_CLOSE}
   *     is among them
   * @throws UnsupportedOperationException if an option is unknown
   */
  public static Step open(TableSlot slot, Path path, OpenOption... options) {
    return open(slot, path, new HashSet<>(Arrays.asList(options)));
  }

  /**
   * Opens or makes a file in a slot; see {@link #open(TableSlot, Path, OpenOption...)}.
   *
   * @param slot where it goes, in the place of what is there
   * @param path where it is
   * @param options as for {@link #open(TableSlot, Path, OpenOption...)}
   * @param attributes POSIX permissions for a file that is made, cut by the process's mask
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
   * Opens or makes a file of a directory in a slot ({@code IORING_OP_OPENAT2}, Linux 5.15 for
   * slots).
   *
   * @param slot where it goes, in the place of what is there
   * @param directory where the name leads from
   * @param name where it is
   * @param options as for {@link #open(TableSlot, Path, OpenOption...)}, and {@link Resolve}
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
   * Opens or makes a file of a directory in a slot; see {@link #open(TableSlot, RingDirectory,
   * Path, OpenOption...)}.
   *
   * @param slot where it goes, in the place of what is there
   * @param directory where the name leads from
   * @param name where it is
   * @param options as for {@link #open(TableSlot, Path, OpenOption...)}, and {@link Resolve}
   * @param attributes POSIX permissions for a file that is made, cut by the process's mask
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
   * Gives a part of a file space on the device, or takes it away ({@code IORING_OP_FALLOCATE},
   * Linux 5.6).
   *
   * @param file open for writing
   * @param position where the part starts, in bytes
   * @param length its length in bytes, at least 1
   * @param modes what to do with it; none means to allocate and to let the file grow
   * @return the step
   * @throws IllegalArgumentException if the position is negative, the length less than 1, or they
   *     overflow
   * @throws java.nio.channels.NonWritableChannelException if it is a {@link RingFile} that is not
   *     open for writing
   */
  public static Step allocate(Descriptor file, long position, long length, AllocateMode... modes) {
    RingFile.requirePart(position, length);
    requireWritable(file);
    return RawOperation.of(IORING_OP_FALLOCATE)
        .on(file)
        .offset(position)
        .address(length) // where others have an address
        .length(AllocateMode.bits(modes))
        .toStep();
  }

  /**
   * Sets a file's size, cutting it or adding a hole ({@code IORING_OP_FTRUNCATE}, Linux 6.9; before
   * that, {@code EINVAL}).
   *
   * @param file open for writing
   * @param size in bytes
   * @return the step
   * @throws IllegalArgumentException if negative
   * @throws java.nio.channels.NonWritableChannelException if it is a {@link RingFile} that is not
   *     open for writing
   */
  public static Step truncate(Descriptor file, long size) {
    RingFile.requireLength(size);
    requireWritable(file);
    return RawOperation.of(IORING_OP_FTRUNCATE).on(file).offset(size).toStep();
  }

  /**
   * Tells the kernel how a part of a file is going to be used ({@code IORING_OP_FADVISE}, Linux
   * 5.6).
   *
   * @param file the file
   * @param position where the part starts, in bytes
   * @param length its length in bytes; 0 means to the end of the file
   * @param advice how
   * @return the step
   * @throws IllegalArgumentException if position or length is negative, or they overflow
   */
  public static Step advise(Descriptor file, long position, int length, Advice advice) {
    Arguments.requirePosition(position, RingFile.requireLength(length));
    return RawOperation.of(IORING_OP_FADVISE)
        .on(file)
        .offset(position)
        .length(length)
        .operationFlags(advice.number())
        .toStep();
  }

  private static void requireWritable(Descriptor file) {
    if (file instanceof RingFile ours) {
      ours.requireWritable();
    }
  }

  // ---- names ---------------------------------------------------------------------------------

  /**
   * Writes what the kernel knows of a file into memory, for {@link FileStat#of} ({@code
   * IORING_OP_STATX}, Linux 5.6). The memory is lent to the kernel while the step runs.
   *
   * @param path the file, which need not be readable
   * @param target native memory, {@link FileStat#BYTES} or more at a multiple of 8
   * @param options {@link LinkOption#NOFOLLOW_LINKS} for a link itself and not what it leads to
   * @return the step
   * @throws IllegalArgumentException if the memory is not like that
   */
  public static Step stat(Path path, MemorySegment target, LinkOption... options) {
    return stating(at(IORING_OP_STATX, path), target, options).toStep();
  }

  /**
   * Writes what the kernel knows of a file of a directory into memory; see {@link #stat(Path,
   * MemorySegment, LinkOption...)}.
   *
   * @param directory where the name leads from
   * @param name the file; empty for the directory
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
          "%d bytes at a multiple of %d are needed, not %s"
              .formatted(FileStat.BYTES, Long.BYTES, target));
    }
    return step.offset(target, Access.WRITES)
        .length(Statx.ALL)
        .operationFlags(RingDirectory.statFlags(options));
  }

  /**
   * Makes a directory ({@code IORING_OP_MKDIRAT}, Linux 5.15).
   *
   * @param path the directory
   * @param attributes POSIX permissions, cut by the process's mask; without them, all
   * @return the step
   * @throws UnsupportedOperationException if an attribute is unknown
   */
  public static Step mkdir(Path path, FileAttribute<?>... attributes) {
    return at(IORING_OP_MKDIRAT, path).length(RingDirectory.mode(attributes)).toStep();
  }

  /**
   * Makes a directory in another one; see {@link #mkdir(Path, FileAttribute...)}.
   *
   * @param directory where the name leads from
   * @param name the new directory
   * @param attributes see {@link #mkdir(Path, FileAttribute...)}
   * @return the step
   * @throws UnsupportedOperationException if an attribute is unknown
   */
  public static Step mkdir(RingDirectory directory, Path name, FileAttribute<?>... attributes) {
    return at(IORING_OP_MKDIRAT, directory, name).length(RingDirectory.mode(attributes)).toStep();
  }

  /**
   * Removes the name of a file ({@code IORING_OP_UNLINKAT}, Linux 5.11). A link is removed itself.
   *
   * @param path the name; that of a directory is refused
   * @return the step
   */
  public static Step unlink(Path path) {
    return at(IORING_OP_UNLINKAT, path).toStep();
  }

  /**
   * Removes the name of a file from a directory; see {@link #unlink(Path)}.
   *
   * @param directory where the name leads from
   * @param name the name
   * @return the step
   */
  public static Step unlink(RingDirectory directory, Path name) {
    return at(IORING_OP_UNLINKAT, directory, name).toStep();
  }

  /**
   * Removes an empty directory ({@code IORING_OP_UNLINKAT} with {@code AT_REMOVEDIR}, Linux 5.11).
   *
   * @param path the directory
   * @return the step
   */
  public static Step rmdir(Path path) {
    return at(IORING_OP_UNLINKAT, path).operationFlags(AT_REMOVEDIR).toStep();
  }

  /**
   * Removes an empty directory from another one; see {@link #rmdir(Path)}.
   *
   * @param directory where the name leads from
   * @param name the directory
   * @return the step
   */
  public static Step rmdir(RingDirectory directory, Path name) {
    return at(IORING_OP_UNLINKAT, directory, name).operationFlags(AT_REMOVEDIR).toStep();
  }

  /**
   * Moves a file or directory, all at once ({@code IORING_OP_RENAMEAT}, Linux 5.11). A link is
   * moved itself.
   *
   * @param path the name it has
   * @param newPath the name it gets
   * @param options what to do if that is taken
   * @return the step
   * @throws IllegalArgumentException if options contradict each other
   */
  public static Step rename(Path path, Path newPath, RenameOption... options) {
    return to(at(IORING_OP_RENAMEAT, path), newPath)
        .operationFlags(RenameOption.bits(options))
        .toStep();
  }

  /**
   * Moves a file or directory from directory to directory; see {@link #rename(Path, Path,
   * RenameOption...)}.
   *
   * @param directory where the name leads from
   * @param name the name it has
   * @param newDirectory where the new name leads from
   * @param newName the name it gets
   * @param options what to do if that is taken
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
   * Gives a file one more name ({@code IORING_OP_LINKAT}, Linux 5.15). A symbolic link gets one
   * itself.
   *
   * @param path a name it has
   * @param newPath the name it gets
   * @return the step
   */
  public static Step link(Path path, Path newPath) {
    return to(at(IORING_OP_LINKAT, path), newPath).toStep();
  }

  /**
   * Gives a file of a directory one more name; see {@link #link(Path, Path)}.
   *
   * @param directory where the name leads from
   * @param name a name it has
   * @param newDirectory where the new name leads from
   * @param newName the name it gets
   * @return the step
   */
  public static Step link(
      RingDirectory directory, Path name, RingDirectory newDirectory, Path newName) {
    return to(at(IORING_OP_LINKAT, directory, name), newDirectory, newName).toStep();
  }

  /**
   * Makes a symbolic link ({@code IORING_OP_SYMLINKAT}, Linux 5.15).
   *
   * @param target what it leads to: any path, there or not, which a relative link takes from where
   *     the link is
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
   * Makes a symbolic link in a directory; see {@link #symlink(Path, Path)}.
   *
   * @param target see {@link #symlink(Path, Path)}
   * @param directory where the name leads from
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
