package io.ringspun.internal.net;

import static io.ringspun.internal.kernel.Constants.*;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.NetworkInterface;

/** Multicast groups. */
public final class Multicast {
  private static final int IP_MREQN_BYTES = 12; // group, address of an interface, its index
  private static final int IPV6_MREQ_BYTES = 20; // group, index of an interface

  private Multicast() {}

  /**
   * Has the kernel deliver datagrams only for groups that this very socket joined, as Java promises
   * ({@code IP_MULTICAST_ALL}).
   */
  public static void onlyOwnGroups(SocketHandle socket) throws IOException {
    socket.control(
        control -> {
          control.value().set(JAVA_INT, 0, 0);
          int result = control.setOption(IPPROTO_IP, IP_MULTICAST_ALL, Integer.BYTES);
          if (socket.family() == Family.INET6) {
            result = control.setOption(IPPROTO_IPV6, IPV6_MULTICAST_ALL, Integer.BYTES);
          }
          return result;
        });
  }

  public static void change(
      SocketHandle socket, InetAddress group, NetworkInterface via, boolean joins)
      throws IOException {
    if (!group.isMulticastAddress()) {
      throw new IllegalArgumentException("not a multicast address: " + group);
    }
    boolean isV4 = group instanceof Inet4Address;
    if (socket.family() == Family.UNIX || (socket.family() == Family.INET && !isV4)) {
      throw new UnsupportedOperationException("the socket has no groups such as " + group);
    }
    socket.control(
        control -> {
          MemorySegment request = control.value();
          byte[] address = group.getAddress();
          request.fill((byte) 0);
          MemorySegment.copy(address, 0, request, JAVA_BYTE, 0, address.length);
          request.set(JAVA_INT, isV4 ? 8 : 16, via.getIndex());
          int result =
              isV4
                  ? control.setOption(
                      IPPROTO_IP, joins ? IP_ADD_MEMBERSHIP : IP_DROP_MEMBERSHIP, IP_MREQN_BYTES)
                  : control.setOption(
                      IPPROTO_IPV6,
                      joins ? IPV6_ADD_MEMBERSHIP : IPV6_DROP_MEMBERSHIP,
                      IPV6_MREQ_BYTES);
          return NetErrors.check(
              "setsockopt", joins ? "ADD_MEMBERSHIP" : "DROP_MEMBERSHIP", result);
        });
  }
}
