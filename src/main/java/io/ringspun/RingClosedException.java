package io.ringspun;

import java.nio.channels.AsynchronousCloseException;

/**
 * Thrown by calls that were waiting when their <em>ring</em> was closed, and by calls on a closed
 * ring. If the file, socket or other object of a call is closed instead, the call throws a plain
 * {@link AsynchronousCloseException} if it was waiting, or a plain {@link
 * java.nio.channels.ClosedChannelException} if it begins later.
 *
 * @since 0.1
 */
public final class RingClosedException extends AsynchronousCloseException {
  private static final long serialVersionUID = 1L;

  /** The name of the ring. */
  private final String ring;

  RingClosedException(String ring) {
    this.ring = ring;
  }

  @Override
  public String getMessage() {
    return ring + " is closed";
  }
}
