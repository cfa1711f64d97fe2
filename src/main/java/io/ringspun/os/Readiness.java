package io.ringspun.os;

import io.ringspun.internal.ring.Deadline;
import io.ringspun.internal.ring.Handle;
import java.io.IOException;

/** Waits for descriptors to be ready. */
final class Readiness {
  private Readiness() {}

  /**
   * Waits once ({@code IORING_OP_POLL_ADD}, Linux 5.1).
   *
   * @param events {@code POLL} bits
   * @return the events that occurred, and errors and hang-ups
   */
  static int await(Handle handle, int events, Deadline deadline) throws IOException {
    long nanos = deadline.left(handle.engine());
    int result =
        handle
            .single()
            .within(nanos)
            .openEnded()
            .run((operation, fd) -> operation.pollAdd(fd, events, 0));
    return SystemDescriptor.check("poll", result);
  }
}
