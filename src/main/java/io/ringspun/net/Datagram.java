package io.ringspun.net;

import java.net.SocketAddress;
import java.util.List;

/**
 * The metadata of a received datagram.
 *
 * @param length the number of bytes received
 * @param truncated whether the datagram was longer; its other bytes are lost
 * @param sender the address of the sender, of a type that {@link RingDatagramSocket#localAddress
 *     RingDatagramSocket.localAddress} returns
 * @param control the control messages; unmodifiable
 * @since 0.1
 */
public record Datagram(
    int length, boolean truncated, SocketAddress sender, List<ControlMessage> control) {

  /**
   * Creates a record with an immutable copy of the list.
   *
   * @param length the number of bytes received
   * @param truncated whether the datagram was longer
   * @param sender the address of the sender
   * @param control the control messages
   */
  public Datagram {
    control = List.copyOf(control);
  }
}
