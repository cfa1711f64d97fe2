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
 * <p>There is no {@code receive} method with {@code IORING_OP_READ_MULTISHOT}: the kernel reads
 * such a descriptor without blocking only in non-blocking mode, and in that mode ends the operation
 * as soon as there is nothing to read.
 *
 * @since 0.1
 */
public final class Inotify extends SystemDescriptor {
  private static final int EVENTS_BYTES = 1 << 14;

  private Inotify(RawHandle handle, long timeoutNanos) {
    super(handle, timeoutNanos);
  }

  /**
   * Creates a watcher without watches. Does not block.
   *
   * @param ring the ring for operations of threads that no ring carries
   * @return the watcher, for the caller to close
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}; {@code
   *     EMFILE} if the user has too many inotify instances
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
   * Returns a view of this watcher with a time limit on every call; see {@link RingFd#within}.
   *
   * @param limit positive
   * @return a view of this watcher
   * @throws IllegalArgumentException if not positive
   */
  public Inotify within(Duration limit) {
    return new Inotify(handle(), Arguments.timeoutNanos(limit));
  }

  /**
   * Starts watching a file or a directory, or changes the events of its watch ({@code
   * inotify_add_watch(2)}). The kernel resolves the path on the calling thread, which may block it.
   *
   * @param path a path of the default file system
   * @param events the events to watch for
   * @return the number of the watch
   * @throws IllegalArgumentException if no event is given, or one that cannot be requested
   * @throws java.nio.file.ProviderMismatchException if the path belongs to another file system
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}; {@code
   *     ENOENT} if the file does not exist, {@code ENOSPC} if the user has too many watches
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
   * Ends a watch ({@code inotify_rm_watch(2)}). Does not block. Its last event is {@link
   * FileEvent#IGNORED}.
   *
   * @param watch the number of the watch
   * @throws IOException if the operation fails, as described in {@link io.ringspun.os}; {@code
   *     EINVAL} if there is no such watch
   */
  public void unwatch(int watch) throws IOException {
    call("inotify_rm_watch", SystemCall.INOTIFY_RM_WATCH, handle().fd(), watch);
  }

  /**
   * Takes the events that have occurred since the last call, at most 16 KiB of them ({@code
   * IORING_OP_READ}, Linux 5.6, after {@code POLL_ADD}). Blocks until there is one.
   *
   * @return the events, at least one, in the order in which they occurred
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
