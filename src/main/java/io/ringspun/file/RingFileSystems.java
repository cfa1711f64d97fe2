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

/**
 * Paths whose files are read, written and looked after through a {@link Ring}, for libraries that
 * take a {@link Path}: all of {@link Files} works on them, and what it opens are {@link
 * RingFileChannel}s and ring streams.
 *
 * <pre>{@code
 * Path path = RingFileSystems.wrap(Path.of("/var/lib/data"));
 * Files.copy(path.resolve("a"), path.resolve("b"));
 * try (var zip = FileSystems.newFileSystem(path.resolve("c.zip"))) { ... }
 * }</pre>
 *
 * <p>The same file has the same name here and in the default file system. Paths that are derived
 * from a ring path are ring paths with the same home ring. {@code Path.of(URI.create("ring:///x"))}
 * and {@code FileSystems.getFileSystem(URI.create("ring:///"))} lead here as well, with the
 * {@linkplain RingGroup#shared() shared group} as home. The JDK finds the file system, whose scheme
 * is {@code ring}, by {@link java.util.ServiceLoader}.
 *
 * <p>Results and exceptions are those of the default file system. Through the ring go
 *
 * <ul>
 *   <li>{@link RingFileChannel}s, which an interrupt closes, and streams, which it leaves alone;
 *   <li>the bytes of {@code Files.copy} and {@code Files.move}; of attributes they keep, beyond
 *       times, owner and permissions, the user's own, access lists, capabilities and labels;
 *   <li>making and removing directories, links and names, renaming, reading attributes, values of
 *       the user's own attributes; also relative to an open directory, for directory streams are
 *       {@link java.nio.file.SecureDirectoryStream}s.
 * </ul>
 *
 * <p>These block until the kernel has answered. A virtual thread parks meanwhile and gives up its
 * carrier; a platform thread waits. An interrupt does not end what is done to names, and is pending
 * afterwards. They throw {@link io.ringspun.RingClosedException}, {@link
 * io.ringspun.RingFailedException} or {@link io.ringspun.RingUnavailableException} if there is no
 * ring.
 *
 * <p>For the rest io_uring has no operation, and the JDK's file system does it: listing
 * directories, reading links, real paths, setting times, owners and permissions, checking access,
 * looking up users and groups, file stores, watching, opening asynchronous channels, and copying
 * what is no regular file. A virtual thread parks while a platform thread does it, so that neither
 * a ring nor the default scheduler is held. What a {@link java.nio.file.FileStore} is asked is
 * answered on the calling thread in any case.
 *
 * <p>Where there can be no shared group and Java was started with {@code
 * -Dio.ringspun.fallback=jdk}, the JDK's file system does everything on paths without a ring of
 * their own; see {@link RingFileChannel}.
 *
 * <p>{@code path.toUri().toURL()} gives a URL that a {@link java.net.URLClassLoader} can load from,
 * if the library is on the class path or the module path. A connection reads the file as {@code
 * Files.newInputStream} does, or the names in a directory, one a line, as a URL of the scheme
 * {@code file} does.
 *
 * <p>{@code Files.createTempFile} and {@code createTempDirectory} make private files and
 * directories in a directory given by a ring path, as in one of the default file system. The JDK
 * asks for that in its default file system alone, so the provider looks whether these two methods
 * have called it. It cannot see a library that chooses temporary names by itself, nor one that puts
 * a file system of its own in between: there the process's mask decides, and permissions must be
 * passed.
 *
 * <p>{@code Files.readAllBytes} and {@code readString} read on when the thread is interrupted, as
 * in the default file system. {@code Files.lines} does so here only: in the default file system it
 * reads by a channel, which an interrupt closes.
 *
 * <p>The methods of this class do not block. The shared group is opened when it is first needed, so
 * it is only then that its absence is noticed. Safe for use by many threads.
 *
 * @since 0.1
 */
public final class RingFileSystems {
  private RingFileSystems() {}

  /**
   * Returns a path whose operations go to the ring that carries the calling thread, else to the
   * {@linkplain RingGroup#shared() shared group}.
   *
   * @param path a path of the default file system, or a ring path, whatever its home
   * @return the ring path of the same name
   * @throws ProviderMismatchException if the path is of another file system
   */
  public static Path wrap(Path path) {
    return RingFileSystem.SHARED.wrap(unwrap(path));
  }

  /**
   * Returns a path whose operations go to the ring that carries the calling thread, else to the
   * given one.
   *
   * @param ring the home ring; once it is closed, operations fail with {@link
   *     io.ringspun.RingClosedException}
   * @param path a path of the default file system, or a ring path, whatever its home
   * @return the ring path of the same name
   * @throws ProviderMismatchException if the path is of another file system
   */
  public static Path wrap(Ring ring, Path path) {
    return new RingFileSystem(ring).wrap(unwrap(path));
  }

  /**
   * Returns the file system of ring paths with a ring of the {@linkplain RingGroup#shared() shared
   * group} as home.
   *
   * @param fileSystem the default file system, or that of ring paths, whatever its home
   * @return the file system of ring paths
   * @throws ProviderMismatchException if it is another one
   */
  public static FileSystem wrap(FileSystem fileSystem) {
    requireKnown(fileSystem);
    return RingFileSystem.SHARED;
  }

  /**
   * Returns the file system of ring paths with a given home ring. It is {@linkplain Object#equals
   * equal} to every other one with the same home.
   *
   * @param ring the home ring
   * @param fileSystem the default file system, or that of ring paths, whatever its home
   * @return a file system of ring paths
   * @throws ProviderMismatchException if it is another one
   */
  public static FileSystem wrap(Ring ring, FileSystem fileSystem) {
    requireKnown(fileSystem);
    return new RingFileSystem(ring);
  }

  /**
   * Returns the path of the default file system that has the same name.
   *
   * @param path a ring path, or a path of the default file system
   * @return the latter
   * @throws ProviderMismatchException if the path is of another file system
   */
  public static Path unwrap(Path path) {
    if (path instanceof RingPath wrapped) {
      return wrapped.jdk();
    }
    requireKnown(path.getFileSystem());
    return path;
  }

  private static void requireKnown(FileSystem fileSystem) {
    if (!(fileSystem instanceof RingFileSystem) && fileSystem != FileSystems.getDefault()) {
      throw new ProviderMismatchException(fileSystem + " is not the default file system");
    }
  }
}
