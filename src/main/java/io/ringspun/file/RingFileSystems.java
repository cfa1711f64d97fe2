package io.ringspun.file;

import io.ringspun.Ring;
import io.ringspun.RingGroup;
import io.ringspun.internal.filesystem.RingFileSystem;
import io.ringspun.internal.filesystem.RingPath;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.ProviderMismatchException;
import java.util.Objects;

/**
 * Paths whose files are accessed through a {@link Ring}, for libraries that take a {@link Path}.
 * All methods of {@link Files} work on them and open {@link RingFileChannel}s and ring streams.
 *
 * <pre>{@code
 * Path path = RingFileSystems.wrap(Path.of("/var/lib/data"));
 * Files.copy(path.resolve("a"), path.resolve("b"));
 * try (var zip = FileSystems.newFileSystem(path.resolve("c.zip"))) { ... }
 * }</pre>
 *
 * <p>The same file has the same name here and in the default file system. Paths that are derived
 * from a ring path are ring paths with the same home ring. {@code Path.of(URI.create("ring:///x"))}
 * and {@code FileSystems.getFileSystem(URI.create("ring:///"))} return ring paths and their file
 * system, too, with the {@linkplain RingGroup#shared() shared group} as home. The JDK finds the
 * file system provider, whose scheme is {@code ring}, by {@link java.util.ServiceLoader}.
 *
 * <p>Results and exceptions are those of the default file system. The following operations go
 * through the ring:
 *
 * <ul>
 *   <li>{@link RingFileChannel}s, which an interrupt closes, and streams, which ignore interrupts;
 *   <li>{@code Files.copy} and {@code Files.move}; the attributes that they preserve are times,
 *       owner, permissions, user-defined attributes, access control lists, capabilities and
 *       security labels;
 *   <li>creating and removing directories, links and files, renaming, reading attributes, and
 *       reading and writing user-defined attributes; also relative to an open directory, because
 *       directory streams are {@link java.nio.file.SecureDirectoryStream}s.
 * </ul>
 *
 * <p>These block until the kernel has completed them. A virtual thread parks meanwhile and gives up
 * its carrier; a platform thread waits. Operations on names ignore interrupts and leave the
 * interrupt status set. All throw {@link io.ringspun.RingClosedException}, {@link
 * io.ringspun.RingFailedException} or {@link io.ringspun.RingUnavailableException} if the ring is
 * closed, has failed or cannot be opened.
 *
 * <p>Other operations, which io_uring does not have, are delegated to the default file system:
 * listing directories, reading links, real paths, setting times, owners and permissions, checking
 * access, looking up users and groups, file stores, watching, opening asynchronous channels, and
 * copying files that are not regular. A platform thread runs them while a virtual thread parks, so
 * they occupy neither a ring nor the default scheduler. Only the methods of {@link
 * java.nio.file.FileStore} run on the calling thread.
 *
 * <p>If the shared group cannot be opened and Java was started with {@code
 * -Dio.ringspun.fallback=jdk}, all operations on paths without an explicit ring are delegated to
 * the default file system; see {@link RingFileChannel}.
 *
 * <p>{@code path.toUri().toURL()} gives a URL that a {@link java.net.URLClassLoader} can load from,
 * if the library is on the class path or the module path. A connection reads a file as {@code
 * Files.newInputStream} does; for a directory it lists the names, one per line, like a URL of the
 * scheme {@code file}.
 *
 * <p>{@code Files.createTempFile} and {@code createTempDirectory} create files and directories that
 * only the owner can access, as in the default file system. The JDK requests these permissions only
 * for the default file system, so the provider inspects the call stack for these two methods. It
 * does not recognize libraries that choose temporary names themselves or that wrap this file system
 * in another one. They have to pass the permissions; otherwise the process's umask applies.
 *
 * <p>{@code Files.readAllBytes} and {@code readString} ignore interrupts, as in the default file
 * system. {@code Files.lines} ignores them, too; in the default file system it reads from a
 * channel, which an interrupt closes.
 *
 * <p>The methods of this class do not block. The shared group is opened when an operation first
 * needs it, and a failure to open it is reported only then. Safe for use by multiple concurrent
 * threads.
 *
 * @since 0.1
 */
public final class RingFileSystems {
  private RingFileSystems() {}

  /**
   * Returns a path whose operations run on the ring that carries the calling thread, or otherwise
   * on the {@linkplain RingGroup#shared() shared group}.
   *
   * @param path a path of the default file system, or a ring path of any home
   * @return the ring path of the same name
   * @throws ProviderMismatchException if the path belongs to another file system
   */
  public static Path wrap(Path path) {
    return RingFileSystem.SHARED.wrap(unwrap(path));
  }

  /**
   * Returns a path whose operations run on the ring that carries the calling thread, or otherwise
   * on the given one.
   *
   * @param ring the home ring; once it is closed, operations fail with {@link
   *     io.ringspun.RingClosedException}
   * @param path a path of the default file system, or a ring path of any home
   * @return the ring path of the same name
   * @throws ProviderMismatchException if the path belongs to another file system
   */
  public static Path wrap(Ring ring, Path path) {
    return new RingFileSystem(ring).wrap(unwrap(path));
  }

  /**
   * Returns the file system of ring paths with the {@linkplain RingGroup#shared() shared group} as
   * home.
   *
   * @param fileSystem the default file system, or a file system of ring paths of any home
   * @return the file system of ring paths
   * @throws ProviderMismatchException if it is another file system
   */
  public static FileSystem wrap(FileSystem fileSystem) {
    requireKnown(fileSystem);
    return RingFileSystem.SHARED;
  }

  /**
   * Returns the file system of ring paths with a given home ring. File systems with the same home
   * ring are {@linkplain Object#equals equal}.
   *
   * @param ring the home ring
   * @param fileSystem the default file system, or a file system of ring paths of any home
   * @return a file system of ring paths
   * @throws ProviderMismatchException if it is another file system
   */
  public static FileSystem wrap(Ring ring, FileSystem fileSystem) {
    requireKnown(fileSystem);
    return new RingFileSystem(ring);
  }

  /**
   * Returns the path of the default file system with the same name.
   *
   * @param path a ring path, or a path of the default file system
   * @return a path of the default file system
   * @throws ProviderMismatchException if the path belongs to another file system
   */
  public static Path unwrap(Path path) {
    if (path instanceof RingPath wrapped) {
      return wrapped.jdk();
    }
    requireKnown(path.getFileSystem());
    return path;
  }

  private static void requireKnown(FileSystem fileSystem) {
    Objects.requireNonNull(fileSystem);
    if (!(fileSystem instanceof RingFileSystem) && fileSystem != FileSystems.getDefault()) {
      throw new ProviderMismatchException(fileSystem + " is not the default file system");
    }
  }
}
