package io.ringspun.net;

import java.net.SocketAddress;
import java.util.List;

/**
 * What is known about a datagram beside its bytes.
 *
 * @param length how many of its bytes are in memory
 * @param truncated whether it had more, which are lost
 * @param sender whom it is from: an address as {@link RingDatagramSocket#localAddress} returns it
 * @param control what came with it; unmodifiable
 * @since 0.1
 */
public record Datagram(
    int length, boolean truncated, SocketAddress sender, List<ControlMessage> control) {

  /**
   * Makes one, whose list cannot be changed.
   *
   * @param length how many of its bytes are in memory
   * @param truncated whether it had more
   * @param sender whom it is from
   * @param control what came with it
   */
  public Datagram {
    control = List.copyOf(control);
  }
}
