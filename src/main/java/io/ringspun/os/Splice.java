package io.ringspun.os;

import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.ring.Deadline;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.Handle;
import io.ringspun.internal.ring.Operation;
import io.ringspun.internal.ring.RegisteredHandle;
import java.io.IOException;

/**
 * Moves bytes between two descriptors inside the kernel. It first waits until both are ready,
 * because the operation itself occupies a worker of the ring and locks the pipe while it runs.
 */
final class Splice {
  /** Means the current position of the descriptor. */
  static final long CURRENT = -1;

  private Splice() {}

  /** Encodes an operation. */
  interface Transfer {
    void encode(Operation operation, int in, int out, int flags);
  }

  /**
   * Returns the number of bytes moved, or 0 at the end. At least one of the descriptors is not
   * registered with a ring.
   */
  static int run(String name, Handle in, Handle out, int length, long nanos, Transfer transfer)
      throws IOException {
    requireLength(length);
    boolean registered = in instanceof RegisteredHandle;
    Engine ring = registered ? in.home() : out.engine();
    int flags = Constants.SPLICE_F_NONBLOCK | (registered ? Constants.SPLICE_F_FD_IN_FIXED : 0);
    Deadline deadline = Deadline.after(nanos);
    return (int)
        in.inSteps(
            () ->
                out.inSteps(
                    () ->
                        run(
                            name,
                            ring,
                            in,
                            out,
                            deadline,
                            (operation, _) ->
                                transfer.encode(operation, in.fd(), out.fd(), flags))));
  }

  private static int run(
      String name, Engine ring, Handle in, Handle out, Deadline deadline, Operation.Encoder encoder)
      throws IOException {
    while (true) {
      awaitReady(ring, in, out, Constants.POLLIN, deadline);
      awaitReady(ring, out, in, Constants.POLLOUT, deadline);
      int n = run(ring, out, in, deadline, encoder);
      if (n != -Errno.EAGAIN) { // else another thread was faster
        return SystemDescriptor.check(name, n);
      }
    }
  }

  static void requireLength(int length) {
    if (length < 1) {
      throw new IllegalArgumentException("the length must be at least 1: " + length);
    }
  }

  private static void awaitReady(
      Engine ring, Handle handle, Handle other, int events, Deadline deadline) throws IOException {
    int result =
        run(ring, handle, other, deadline, (operation, fd) -> operation.pollAdd(fd, events, 0));
    SystemDescriptor.check("poll", result);
  }

  private static int run(
      Engine ring, Handle handle, Handle other, Deadline deadline, Operation.Encoder encoder)
      throws IOException {
    return ring.single()
        .on(handle)
        .with(other)
        .within(deadline.left(ring))
        .openEnded()
        .run(encoder);
  }
}
