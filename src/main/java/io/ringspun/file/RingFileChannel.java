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
 * A {@link FileChannel} whose transfers go through a {@link Ring}, for libraries that expect a
 * {@code FileChannel}. It has the contract of {@code FileChannel}, including that an interrupt
 * closes it. New code should use {@link RingFile}.
 *
 * <p>A virtual thread that waits for a transfer parks and gives up its carrier. Mapping and locking
 * are delegated to the JDK and share its locks; a platform thread waits for them while a virtual
 * thread parks. For this the JDK opens the file a second time by {@code /proc/self/fd}. If that is
 * refused, it opens a file in {@code java.io.tmpdir}, which is deleted at once, and the descriptor
 * is redirected to this file by {@code dup3(2)}.
 *
 * <p>On a file that cannot seek, such as a FIFO, every call with a position throws an {@link
 * IOException}, as with the JDK's channel, unless the file is registered.
 *
 * <p>Mapping, locking and every call that queries the size, such as a write with {@code APPEND},
 * create a descriptor for a {@linkplain RingOpenOption#REGISTERED registered} file; see {@link
 * RingFile#installDescriptor}.
 *
 * <h2>Fallback without io_uring</h2>
 *
 * <p>If Java is started with {@code -Dio.ringspun.fallback=jdk} and the {@linkplain
 * RingGroup#shared() shared group} cannot be opened, channels are backed by JDK channels, which
 * occupy the carrier while they wait. This is logged once with the reason, and {@code toString} of
 * each channel shows it. The first refusal decides for the whole process. A channel that is opened
 * on an explicit ring never falls back. The default is {@code fail}.
 *
 * <p>Not for extension outside Ringspun.
 *
 * @since 0.1
 */
public abstract class RingFileChannel extends FileChannel {
  /** Creates a channel. */
  protected RingFileChannel() {}

  /**
   * Opens or creates a file on a ring of the {@linkplain RingGroup#shared() shared group}, or on a
   * JDK channel if the fallback is enabled.
   *
   * @param path a path of the default file system
   * @param options the options of {@link FileChannel#open(Path, Set, FileAttribute...)} and {@link
   *     RingOpenOption}
   * @param attributes POSIX permissions of a new file, to which the process's umask applies
   * @return a new channel
   * @throws IllegalArgumentException if options contradict each other, or the system property
   *     {@code io.ringspun.fallback} is neither {@code jdk} nor {@code fail}
   * @throws UnsupportedOperationException if an option or attribute is unknown; with the fallback
   *     this includes {@link RingOpenOption#TMPFILE}
   * @throws io.ringspun.RingUnavailableException if rings do not work on this machine and the
   *     fallback is not enabled
   * @throws IOException if the file cannot be opened; see {@link RingFile#open(Path,
   *     OpenOption...)}
   */
  public static RingFileChannel open(
      Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    Optional<String> reason = Fallback.reason();
    return reason.isPresent()
        ? JdkBackedChannel.open(reason.get(), path, options, attributes)
        : open(RingGroup.shared().nextHome(), path, options, attributes);
  }

  /**
   * Opens or creates a file; see {@link #open(Path, Set, FileAttribute...)}.
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
   * Opens or creates a file on a ring; see {@link #open(Path, Set, FileAttribute...)}.
   *
   * @param ring the ring for operations of threads that no ring carries, and of a registered file
   * @param path a path of the default file system
   * @param options see {@link #open(Path, Set, FileAttribute...)}
   * @param attributes POSIX permissions of a new file, to which the process's umask applies
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
   * Opens or creates a file on a ring; see {@link #open(Path, Set, FileAttribute...)}.
   *
   * @param ring the ring for operations of threads that no ring carries, and of a registered file
   * @param path a path of the default file system
   * @param options see {@link #open(Path, Set, FileAttribute...)}
   * @return a new channel
   * @throws IOException if the operation fails, as described in {@link #open(Path, Set,
   *     FileAttribute...)}
   */
  public static RingFileChannel open(Ring ring, Path path, OpenOption... options)
      throws IOException {
    return open(ring, path, new HashSet<>(Arrays.asList(options)));
  }
}
