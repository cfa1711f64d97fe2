package io.ringspun.os;

import io.ringspun.Ring;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.SystemCall;
import io.ringspun.internal.memory.Arguments;
import io.ringspun.internal.memory.NativePool;
import io.ringspun.internal.memory.PathMemory;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.internal.ring.RawHandle;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Watches files and directories for changes ({@code inotify(7)}).
 *
 * <p>There is no {@code IORING_OP_READ_MULTISHOT} of it: the kernel reads such a descriptor without
 * waiting only in non-blocking mode, and in that mode ends the operation as soon as there is
 * nothing to read.
 *
 * @since 0.1
 */
public final class Inotify extends SystemDescriptor {
  private static final int EVENTS_BYTES = 1 << 14;

  private Inotify(RawHandle handle, long timeoutNanos) {
    super(handle, timeoutNanos);
  }

  /**
   * Opens one that watches nothing yet. Does not wait for anyone.
   *
   * @param ring the home ring
   * @return the watcher, for the caller to close
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}; {@code
   *     EMFILE} if the user has too many
   */
  public static Inotify open(Ring ring) throws IOException {
    return new Inotify(
        make(
            EngineAccess.of(ring),
            "inotify_init1",
            SystemCall.INOTIFY_INIT1,
            Constants.O_CLOEXEC | Constants.O_NONBLOCK),
        0);
  }

  /**
   * Returns this watcher with a time limit on every call; see {@link RingFd#withTimeout}.
   *
   * @param limit positive
   * @return another view of this watcher
   * @throws IllegalArgumentException if not positive
   */
  public Inotify withTimeout(Duration limit) {
    return new Inotify(handle(), Arguments.timeoutNanos(limit));
  }

  /**
   * Begins to watch a file or a directory, or watches it for other events than before ({@code
   * inotify_add_watch(2)}). The kernel looks the path up on the calling thread.
   *
   * @param path a path of the default file system
   * @param events what to watch it for
   * @return the number of the watch
   * @throws IllegalArgumentException if there is no event, or one that cannot be asked for
   * @throws java.nio.file.ProviderMismatchException if the path is of another file system
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}; {@code
   *     ENOENT} if there is no such file, {@code ENOSPC} if the user has too many watches
   */
  public int watch(Path path, FileEvent... events) throws IOException {
    int mask = FileEvent.mask(events);
    PathMemory.requireDefault(path);
    try (PathMemory name = PathMemory.of(path)) {
      return call(
          "inotify_add_watch", SystemCall.INOTIFY_ADD_WATCH, handle().fd(), name.address(), mask);
    }
  }

  /**
   * Ends a watch ({@code inotify_rm_watch(2)}). Does not block. The last event that it brings is
   * {@link FileEvent#IGNORED}.
   *
   * @param watch its number
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}; {@code
   *     EINVAL} if there is none
   */
  public void unwatch(int watch) throws IOException {
    call("inotify_rm_watch", SystemCall.INOTIFY_RM_WATCH, handle().fd(), watch);
  }

  /**
   * Takes what has happened ({@code IORING_OP_READ}, Linux 5.6, behind {@code POLL_ADD}). Blocks
   * until something has.
   *
   * @return the events, one at least, in the order they came
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}
   */
  public List<InotifyEvent> take() throws IOException {
    try (NativePool.Block block = NativePool.take(EVENTS_BYTES)) {
      int n =
          transfer(
              Constants.POLLIN,
              (operation, fd) -> operation.read(fd, block.address(), EVENTS_BYTES, Splice.CURRENT),
              block);
      return InotifyEvent.parse(block.memory().asSlice(0, check("read", n)));
    }
  }
}
