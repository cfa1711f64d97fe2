package io.ringspun.net;

import java.io.IOException;

/**
 * Thrown when the kernel could not deliver all descriptors that the peer passed, most likely
 * because the process has reached its limit on open files. The bytes and the other descriptors were
 * received.
 *
 * @since 0.1
 */
public final class DescriptorsLostException extends IOException {
  private static final long serialVersionUID = 1L;

  /** The number of bytes received. */
  private final int length;

  DescriptorsLostException(int length) {
    super(
        "descriptors that the peer passed are lost (MSG_CTRUNC): the process has probably reached"
            + " its limit on open files, see ulimit -n");
    this.length = length;
  }

  /**
   * Returns the number of bytes received.
   *
   * @return the number that the call would have returned
   */
  public int length() {
    return length;
  }
}
