package io.ringspun.net;

import io.ringspun.raw.KernelOption;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Something that goes with a message beside its bytes: ancillary data, see cmsg(3). What the kernel
 * adds to messages that come is chosen by options, such as {@code IP_RECVTOS}; see {@link
 * KernelOption}. Immutable.
 *
 * @since 0.1
 */
public final class ControlMessage {
  private final int level;
  private final int type;
  private final byte[] data;

  private ControlMessage(int level, int type, byte[] data) {
    this.level = level;
    this.type = type;
    this.data = data;
  }

  /**
   * Returns a control message.
   *
   * @param level as in {@code cmsg_level}, such as {@code SOL_SOCKET}
   * @param type as in {@code cmsg_type}
   * @param data its bytes, which are copied
   * @return the message
   */
  public static ControlMessage of(int level, int type, byte[] data) {
    return new ControlMessage(level, type, data.clone());
  }

  /**
   * Returns a control message whose data are a C {@code int}.
   *
   * @param level as in {@code cmsg_level}
   * @param type as in {@code cmsg_type}
   * @param value the number
   * @return the message
   */
  public static ControlMessage ofInt(int level, int type, int value) {
    byte[] data =
        ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.nativeOrder()).putInt(value).array();
    return new ControlMessage(level, type, data);
  }

  /**
   * Returns the protocol that it belongs to.
   *
   * @return as in {@code cmsg_level}
   */
  public int level() {
    return level;
  }

  /**
   * Returns what it is.
   *
   * @return as in {@code cmsg_type}
   */
  public int type() {
    return type;
  }

  /**
   * Returns its data.
   *
   * @return a copy
   */
  public byte[] data() {
    return data.clone();
  }

  /** Returns level, type and size. */
  @Override
  public String toString() {
    return "ControlMessage[level %d, type %d, %d bytes]".formatted(level, type, data.length);
  }
}
