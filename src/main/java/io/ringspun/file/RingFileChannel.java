package io.ringspun.file;

import io.ringspun.Ring;
import io.ringspun.RingGroup;
import io.ringspun.internal.filechannel.Fallback;
import io.ringspun.internal.filechannel.JdkBackedChannel;
import io.ringspun.internal.filechannel.RingBackedChannel;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;

/**
 * A {@link FileChannel} whose transfers go through a {@link Ring}: for libraries that know nothing
 * of rings. Opened like any other, it keeps the contract of {@code FileChannel}, to the point that
 * an interrupt closes it; code that is written for rings does better with {@link RingFile}.
 *
 * <p>A virtual thread that waits for a transfer parks and gives up its carrier. Mapping and locking
 * are the JDK's own, and see its locks; a virtual thread parks while a platform thread waits for
 * them. For them the JDK opens the file once more, by {@code /proc/self/fd}. Where that is refused,
 * it opens a file in {@code java.io.tmpdir}, which is deleted at once, and whose descriptor is then
 * made to mean this file.
 *
 * <p>What has no positions, such as a FIFO, refuses every call with a position by an {@link
 * IOException}, as the JDK's channel does, unless it is registered.
 *
 * <p>Mapping and locking, and whatever asks for the size, as each write with {@code APPEND} does,
 * give a {@linkplain RingOpenOption#REGISTERED registered} file a descriptor after all; see {@link
 * RingFile#installDescriptor}.
 *
 * <h2>Where there can be no ring</h2>
 *
 * <p>Started with {@code -Dio.ringspun.fallback=jdk}, a process that is refused the {@linkplain
 * RingGroup#shared() shared group} gets channels that are the JDK's inside, and that hold the
 * carrier while they wait. The log says so once, with the reason, and so does {@link #toString} of
 * each. The first refusal decides for the whole process. A channel that is opened on a ring given
 * to it never falls back. The default is {@code fail}.
 *
 * <p>Not for extension outside Ringspun.
 *
 * @since 0.1
 */
public abstract class RingFileChannel extends FileChannel {
  /** For the implementation. */
  protected RingFileChannel() {}

  /**
   * Opens or makes a file, with a ring of the {@linkplain RingGroup#shared() shared group} as its
   * home, or with the JDK if that may stand in for it.
   *
   * @param path a path of the default file system
   * @param options as for {@link FileChannel#open(Path, Set, FileAttribute...)}, and {@link
   *     RingOpenOption}
   * @param attributes POSIX permissions for a file that is made
   * @return a new channel
   * @throws IllegalArgumentException if options contradict each other, or the system property
   *     {@code io.ringspun.fallback} is neither {@code jdk} nor {@code fail}
   * @throws UnsupportedOperationException if an option or attribute is unknown; {@link
   *     RingOpenOption#TMPFILE} is where the JDK stands in
   * @throws io.ringspun.RingUnavailableException if there can be no ring here, and the JDK may not
   *     stand in
   * @throws IOException if the file cannot be opened; see {@link RingFile#open(Path,
   *     OpenOption...)}
   */
  public static RingFileChannel open(
      Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    Optional<String> reason = Fallback.reason();
    return reason.isPresent()
        ? JdkBackedChannel.open(reason.get(), path, options, attributes)
        : open(RingGroup.shared().next(), path, options, attributes);
  }

  /**
   * Opens or makes a file, as the other method without a ring does.
   *
   * @param path a path of the default file system
   * @param options see {@link #open(Path, Set, FileAttribute...)}
   * @return a new channel
   * @throws IOException if the operation fails, as described in {@link #open(Path, Set,
   *     FileAttribute...)}
   */
  public static RingFileChannel open(Path path, OpenOption... options) throws IOException {
    return open(path, new HashSet<>(Arrays.asList(options)));
  }

  /**
   * Opens or makes a file on a ring.
   *
   * @param ring the file's home ring
   * @param path a path of the default file system
   * @param options see {@link #open(Path, Set, FileAttribute...)}
   * @param attributes POSIX permissions for a file that is made
   * @return a new channel
   * @throws IOException if the operation fails, as described in {@link #open(Path, Set,
   *     FileAttribute...)}
   */
  public static RingFileChannel open(
      Ring ring, Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    return RingBackedChannel.openOn(ring, path, options, attributes);
  }

  /**
   * Opens or makes a file on a ring.
   *
   * @param ring the file's home ring
   * @param path a path of the default file system
   * @param options as for {@link #open(Path, Set, FileAttribute...)}
   * @return a new channel
   * @throws IOException if the file cannot be opened
   */
  public static RingFileChannel open(Ring ring, Path path, OpenOption... options)
      throws IOException {
    return open(ring, path, new HashSet<>(Arrays.asList(options)));
  }
}
