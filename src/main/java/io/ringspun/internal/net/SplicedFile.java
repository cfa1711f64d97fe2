package io.ringspun.internal.net;

import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.ErrnoException;
import io.ringspun.internal.kernel.SystemCall;
import io.ringspun.internal.ring.Deadline;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.Handle;
import io.ringspun.internal.ring.Operation;
import io.ringspun.internal.ring.Pipe;
import io.ringspun.internal.ring.RegisteredHandle;
import java.io.IOException;
import java.util.function.LongConsumer;

/**
 * Sends a file through a pipe, so that its pages go to the socket as they are. What an exception
 * leaves in the pipe is still in the file, and no part of what was sent.
 */
public final class SplicedFile {
  /** The default maximum capacity of a pipe for an unprivileged process. */
  private static final int PIPE_BYTES = 1 << 20;

  private final Engine ring;
  private final Handle file;
  private final Handle socket;
  private final Pipe pipe;
  private final int capacity;
  private final long timeoutNanos;
  private final LongConsumer sent;

  private SplicedFile(
      Engine ring, Handle file, Handle socket, Pipe pipe, long timeoutNanos, LongConsumer sent) {
    this.sent = sent;
    this.ring = ring;
    this.file = file;
    this.socket = socket;
    this.pipe = pipe;
    this.timeoutNanos = timeoutNanos;
    long resized =
        ring.kernel().call(SystemCall.FCNTL, pipe.sink().fd(), Constants.F_SETPIPE_SZ, PIPE_BYTES);
    capacity = resized > 0 ? (int) resized : 1 << 16; // as it is made
  }

  /**
   * Sends a part of a file, as far as it goes.
   *
   * @param sent receives the number of bytes of each send; their sum is less than requested if the
   *     file ends before, or if it or the socket cannot be spliced
   */
  public static void send(
      Handle file, Handle socket, long position, long count, long timeoutNanos, LongConsumer sent)
      throws IOException {
    Engine ring = file instanceof RegisteredHandle ? file.home() : socket.engine();
    try (Pipe pipe = Pipe.open(ring)) {
      new SplicedFile(ring, file, socket, pipe, timeoutNanos, sent).send(position, count);
    } catch (ErrnoException _) {
      // There can be no pipe: no descriptor is left, or no memory.
    }
  }

  private void send(long position, long count) throws IOException {
    int fileFlags =
        Constants.SPLICE_F_MOVE
            | (file instanceof RegisteredHandle ? Constants.SPLICE_F_FD_IN_FIXED : 0);
    long done = 0;
    while (done < count) {
      long from = position + done;
      int length = (int) Math.min(count - done, capacity);
      Deadline deadline = Deadline.after(timeoutNanos);
      int n =
          run(
              pipe.sink(),
              file,
              deadline,
              (operation, fd) -> operation.splice(file.fd(), from, fd, -1, length, fileFlags));
      if (n == -Errno.EINVAL || n == -Errno.EBADF) {
        break; // of a kind that cannot be spliced, or not open for reading
      }
      if (NetErrors.check("splice", n) == 0) {
        break;
      }
      drain(n, done + n < count, deadline);
      done += n;
    }
  }

  /**
   * Has the socket take what is in the pipe. Waits until it takes something before it occupies a
   * worker, which then waits for the rest.
   */
  private void drain(int count, boolean goesOn, Deadline deadline) throws IOException {
    int flags = Constants.SPLICE_F_MOVE | (goesOn ? Constants.SPLICE_F_MORE : 0);
    for (int done = 0; done < count; ) {
      int left = count - done;
      int ready =
          run(
              socket,
              pipe.source(),
              deadline,
              (operation, fd) -> operation.pollAdd(fd, Constants.POLLOUT, 0));
      NetErrors.check("poll", ready);
      int n =
          run(
              socket,
              pipe.source(),
              deadline,
              (operation, fd) -> operation.splice(pipe.source().fd(), -1, fd, -1, left, flags));
      if (n == -Errno.EAGAIN) { // the socket has O_NONBLOCK, and another thread was faster
        continue;
      }
      done += NetErrors.check("splice", n);
      sent.accept(n);
    }
  }

  private int run(Handle to, Handle from, Deadline deadline, Operation.Encoder encoder)
      throws IOException {
    return ring.single().on(to).with(from).within(deadline.left(ring)).openEnded().run(encoder);
  }
}
