package io.ringspun.internal.ring;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Begins to receive into public buffers, for the packages whose descriptors can. The class {@code
 * io.ringspun.buffer.BufferRing} hands in the key when it is loaded.
 */
public final class ReceiveAccess {
  private static volatile @Nullable Key key;

  /** What the class of the buffers hands in. */
  @FunctionalInterface
  public interface Key {
    /** Opens a stream; see {@link ReceiveAccess#receive}. */
    Object receive(Object buffers, Handle source, @Nullable StreamSource how, long timeoutNanos)
        throws IOException;
  }

  private ReceiveAccess() {}

  /** Called once, by the class of the buffers. */
  public static void set(Key receiver) {
    key = receiver;
  }

  /**
   * Begins to receive.
   *
   * @param buffers an {@code io.ringspun.buffer.BufferRing}
   * @param source where the bytes come from
   * @param how the operation, or null for {@code IORING_OP_READ_MULTISHOT}, Linux 6.7
   * @param timeoutNanos the time limit for each chunk, or 0 for none
   * @return an {@code io.ringspun.buffer.ReceiveStream}, for the caller to close
   * @throws IllegalArgumentException if the source is registered with another ring than the buffers
   * @throws java.nio.channels.ClosedChannelException if the source or the buffers are closed
   */
  public static Object receive(
      Object buffers, Handle source, @Nullable StreamSource how, long timeoutNanos)
      throws IOException {
    Key receiver = key;
    assert receiver != null : "there are buffers, so their class is loaded";
    return receiver.receive(buffers, source, how, timeoutNanos);
  }
}
