package io.ringspun.file;

import io.ringspun.internal.kernel.Errno;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;

/** The exceptions that {@link java.nio.file} has for errors about a path. */
final class FileErrors {
  private FileErrors() {}

  /** Translates a failure to open or to name a file; the list follows open(2). */
  static IOException of(String path, int errno) {
    return switch (errno) {
      case Errno.ENOENT -> new NoSuchFileException(path);
      case Errno.EEXIST -> new FileAlreadyExistsException(path);
      case Errno.EACCES, Errno.EPERM -> new AccessDeniedException(path);
      case Errno.ELOOP ->
          new FileSystemException(
              path, null, "Too many levels of symbolic links, or a link that must not be followed");
      case Errno.EINVAL ->
          new FileSystemException(
              path,
              null,
              "Invalid argument; with DIRECT, the file system may not support direct I/O");
      default -> new FileSystemException(path, null, Errno.describe(errno));
    };
  }
}
