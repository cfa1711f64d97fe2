package io.ringspun.internal.net;

import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.Handle;
import io.ringspun.internal.ring.InlineCalls;
import java.io.IOException;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * Sends what the page cache has of a file on the calling thread, by {@code sendfile(2)}: the pages
 * go to the socket as they are. Waits on the ring while the socket has no room.
 */
public final class CachedFile {
  /** Below this, to copy costs less. */
  private static final int BYTES_MIN = 32 << 10;

  private static final int PIECE_BYTES = 256 << 10;
  private static final int TURN_BYTES = 1 << 20; // before other threads of the carrier have theirs

  private final Handle file;
  private final Handle socket;
  private final long timeoutNanos;
  private boolean isRefused; // by the kernel, for this file or this socket

  private CachedFile(Handle file, Handle socket, long timeoutNanos) {
    this.file = file;
    this.socket = socket;
    this.timeoutNanos = timeoutNanos;
  }

  /**
   * Prepares to send a part of a file.
   *
   * @param timeoutNanos the time limit of each wait for the peer, or 0 for none
   * @return null if it must be copied
   */
  public static @Nullable CachedFile of(Handle file, Handle socket, long count, long timeoutNanos) {
    return count >= BYTES_MIN
            && InlineCalls.canSendFile(socket, file)
            && socket.engine().config().inlineAttempts()
        ? new CachedFile(file, socket, timeoutNanos)
        : null;
  }

  /**
   * Sends as much as there is without a wait for the file.
   *
   * @param sent receives the number of bytes of each send
   */
  public void send(long position, long count, LongConsumer sent) throws IOException {
    long turn = 0;
    for (long done = 0; done < count && !isRefused; ) {
      if (Thread.currentThread().isInterrupted()) {
        return; // the operation that comes next ends by it
      }
      Engine engine = socket.engine();
      engine.requireUsable(socket);
      int length = (int) Math.min(count - done, PIECE_BYTES);
      long n = engine.inline().sendFile(socket, file, position + done, length);
      engine.countInline(n > 0);
      if (n == -Errno.EAGAIN) {
        awaitRoom();
      } else if (n == 0 || n == InlineCalls.NOT_CACHED || n == -Errno.EINTR) {
        return;
      } else if (n == -Errno.EINVAL || n == -Errno.ENOSYS || n == -Errno.EPERM) {
        isRefused = true;
      } else if (n < 0) {
        throw NetErrors.of("sendfile", (int) -n);
      } else {
        sent.accept(n);
        done += n;
        turn += n;
        if (turn >= TURN_BYTES) {
          letOthersRun();
          turn = 0;
        }
      }
    }
  }

  @SuppressWarnings("ThreadPriorityCheck") // it is a turn of the ring's loop, not a priority
  private static void letOthersRun() {
    Thread.yield();
  }

  private void awaitRoom() throws IOException {
    int ready =
        socket
            .single()
            .within(timeoutNanos)
            .openEnded()
            .run((operation, fd) -> operation.pollAdd(fd, Constants.POLLOUT, 0));
    NetErrors.check("poll", ready);
  }
}
