package io.ringspun.internal.file;

import io.ringspun.OperationException;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import org.jspecify.annotations.Nullable;

/** The exceptions that {@link java.nio.file} has for errors about a path. */
public final class FileErrors {
  /**
   * As {@link io.ringspun.file.RingFile} and {@link io.ringspun.file.RingDirectory} tell them, with
   * the number and with advice.
   */
  static final PathOperations.Errors EXPLICIT =
      new PathOperations.Errors() {
        @Override
        public IOException of(String path, @Nullable String other, int errno) {
          return FileErrors.of(path, other, errno);
        }

        @Override
        public IOException ofOpen(String path, int flags, int resolve, int errno) {
          return FileErrors.ofOpen(path, flags, resolve, errno);
        }
      };

  private FileErrors() {}

  /** Returns the result of an operation on an open file. */
  public static int check(String operation, int result) throws OperationException {
    if (result < 0) {
      throw new OperationException(operation, -result);
    }
    return result;
  }

  /** Translates a failure to open a file; the list follows open(2) and openat2(2). */
  private static IOException ofOpen(String path, int flags, int resolve, int errno) {
    int bounds = Constants.RESOLVE_BENEATH | Constants.RESOLVE_IN_ROOT;
    return switch (errno) {
      case Errno.EINVAL ->
          new FileSystemException(
              path,
              null,
              "Invalid argument; with DIRECT, the file system may not support direct I/O");
      case Errno.ENOTDIR ->
          (flags & Constants.O_TMPFILE) == Constants.O_DIRECTORY
              ? new NotDirectoryException(path)
              : of(path, null, errno);
      case Errno.EXDEV ->
          new AccessDeniedException(
              path,
              null,
              (resolve & bounds) != 0
                  ? "the way there leads out of the directory"
                  : "the way there leads into another mount");
      case Errno.EAGAIN ->
          resolve == 0
              ? of(path, null, errno)
              : new FileSystemException(
                  path, null, "directories on the way there were being renamed");
      default -> of(path, null, errno);
    };
  }

  /** Tells that there was no slot for a file, which the kernel reports as ENFILE. */
  public static IOException ofFullTable(String path, int slots) {
    return new FileSystemException(
        path,
        null,
        "All %d slots of the ring's table are taken, if not all files of the system (ENFILE): close"
                .formatted(slots)
            + " registered files, or open the ring with more, RingOptions.withRegisteredFiles");
  }

  /** Translates a failure to remove a directory. */
  public static IOException ofRmdir(String path, @Nullable String other, int errno) {
    return errno == Errno.ENOTDIR ? new NotDirectoryException(path) : of(path, other, errno);
  }

  /**
   * Translates a failure to rename where the new name may exist. A directory there that is not
   * empty is {@code ENOTEMPTY} on most file systems and {@code EEXIST} on XFS; rename(2) allows
   * both.
   */
  public static IOException ofReplace(String path, @Nullable String other, int errno) {
    return of(path, other, errno == Errno.EEXIST ? Errno.ENOTEMPTY : errno);
  }

  /** Translates a failure to do something to one name or to two. */
  private static IOException of(String path, @Nullable String other, int errno) {
    return switch (errno) {
      case Errno.ENOENT -> new NoSuchFileException(path, other, null);
      case Errno.EEXIST -> new FileAlreadyExistsException(other == null ? path : other);
      case Errno.EACCES, Errno.EPERM -> new AccessDeniedException(path, other, null);
      case Errno.ENOTEMPTY -> new DirectoryNotEmptyException(other == null ? path : other);
      case Errno.ELOOP ->
          new FileSystemException(
              path,
              other,
              "Too many levels of symbolic links, or a link that must not be followed");
      default -> new FileSystemException(path, other, Errno.describe(errno));
    };
  }

  /** Translates a failure with the exception and the reason of the JDK's own file system. */
  public static IOException asJdk(String path, @Nullable String other, int errno) {
    return switch (errno) {
      case Errno.ENOENT -> new NoSuchFileException(path, other, null);
      case Errno.EEXIST -> new FileAlreadyExistsException(path, other, null);
      case Errno.EACCES -> new AccessDeniedException(path, other, null);
      case Errno.ELOOP ->
          new FileSystemException(
              path, other, Errno.text(errno) + " or unable to access attributes of symbolic link");
      default -> new FileSystemException(path, other, Errno.text(errno));
    };
  }

  /**
   * As the JDK has it for reading attributes and for copies: what lies below a file is not there.
   */
  public static IOException ofSource(String path, @Nullable String other, int errno) {
    return asJdk(path, other, errno == Errno.ENOTDIR ? Errno.ENOENT : errno);
  }

  /** Translates a failure to open a directory as the JDK does. */
  public static IOException ofDirectory(String path, @Nullable String other, int errno) {
    return errno == Errno.ENOTDIR ? new NotDirectoryException(path) : asJdk(path, other, errno);
  }

  /** As the JDK has it for deleting. */
  public static IOException ofDelete(String path, @Nullable String other, int errno) {
    return switch (errno) {
      case Errno.ENOTEMPTY, Errno.EEXIST -> new DirectoryNotEmptyException(path);
      default -> asJdk(path, other, errno);
    };
  }
}
