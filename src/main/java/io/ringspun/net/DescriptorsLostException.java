package io.ringspun.net;

import java.io.IOException;

/**
 * Thrown when not all descriptors that came with bytes could be had: most likely the process has as
 * many as it may. Those that could not are lost. Neither the bytes nor the other descriptors are.
 *
 * @since 0.1
 */
public final class DescriptorsLostException extends IOException {
  private static final long serialVersionUID = 1L;

  /** How many bytes were received. */
  private final int length;

  DescriptorsLostException(int length) {
    super(
        "descriptors that the peer passed are lost (MSG_CTRUNC): the process probably has as many"
            + " as it may, see ulimit -n");
    this.length = length;
  }

  /**
   * Returns how many bytes were received.
   *
   * @return what the call would have returned
   */
  public int length() {
    return length;
  }
}
