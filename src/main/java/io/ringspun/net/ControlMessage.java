package io.ringspun.net;

import io.ringspun.raw.KernelOption;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A control message: ancillary data that accompanies a message, see cmsg(3). Socket options such as
 * {@code IP_RECVTOS} choose the control messages that the kernel adds to received messages; see
 * {@link KernelOption}. Immutable.
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
   * @param level the value of {@code cmsg_level}, for example {@code SOL_SOCKET}
   * @param type the value of {@code cmsg_type}
   * @param data the data, which is copied
   * @return the message
   */
  public static ControlMessage of(int level, int type, byte[] data) {
    return new ControlMessage(level, type, data.clone());
  }

  /**
   * Returns a control message whose data is a C {@code int}.
   *
   * @param level the value of {@code cmsg_level}
   * @param type the value of {@code cmsg_type}
   * @param value the number
   * @return the message
   */
  public static ControlMessage ofInt(int level, int type, int value) {
    byte[] data =
        ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.nativeOrder()).putInt(value).array();
    return new ControlMessage(level, type, data);
  }

  /**
   * Returns the protocol level.
   *
   * @return the value of {@code cmsg_level}
   */
  public int level() {
    return level;
  }

  /**
   * Returns the type.
   *
   * @return the value of {@code cmsg_type}
   */
  public int type() {
    return type;
  }

  /**
   * Returns the data.
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
