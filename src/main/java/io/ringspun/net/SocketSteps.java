package io.ringspun.net;

import static io.ringspun.internal.kernel.Constants.*;

import io.ringspun.Descriptor;
import io.ringspun.Step;
import io.ringspun.internal.kernel.SocketAddressMemory;
import io.ringspun.internal.net.Addresses;
import io.ringspun.internal.net.Family;
import io.ringspun.internal.net.Sockets;
import io.ringspun.raw.RawOperation;
import io.ringspun.raw.RawOperation.Access;
import io.ringspun.raw.TableSlot;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;

/**
 * {@linkplain Step Steps} that open, connect and accept sockets, for {@link io.ringspun.Chain#add}
 * and {@link io.ringspun.Batch#add}. Steps that send and receive are in {@link Step}:
 *
 * {@snippet :
 * try (TableSlot slot = Raw.of(ring).tableSlot()) {
 *   ring.chain()
 *       .add(SocketSteps.open(slot, server))
 *       .add(SocketSteps.connect(slot, server))
 *       .send(slot, request)
 *       .receive(slot, answer)
 *       .add(slot.closeStep())
 *       .run();
 * }
 * }
 *
 * <p>Creating a step neither blocks nor reaches the kernel. If a step fails, the {@link
 * io.ringspun.TransactionException} has the kernel's name of the operation.
 *
 * <p>Every method that takes an address throws
 *
 * <ul>
 *   <li>{@link java.nio.channels.UnresolvedAddressException} if the address is unresolved;
 *   <li>{@link java.nio.channels.UnsupportedAddressTypeException} if it is neither an {@link
 *       java.net.InetSocketAddress}, nor a {@link java.net.UnixDomainSocketAddress}, nor an {@link
 *       AbstractUnixAddress}, or the socket is of another protocol family.
 * </ul>
 *
 * @since 0.1
 */
public final class SocketSteps {
  private SocketSteps() {}

  /**
   * Opens a stream socket in a slot ({@code IORING_OP_SOCKET}, Linux 5.19), of the protocol family
   * of an address. For the wildcard address this is IPv6, which supports IPv4, too.
   *
   * @param slot the slot for the socket, whose content is replaced
   * @param address the address that the socket will be connected or bound to
   * @return the step
   */
  public static Step open(TableSlot slot, SocketAddress address) {
    return RawOperation.of(IORING_OP_SOCKET)
        .on(Addresses.family(address).number())
        .offset(SOCK_STREAM)
        .into(slot)
        .toStep();
  }

  /**
   * Connects a socket ({@code IORING_OP_CONNECT}, Linux 5.5). The step waits until the connection
   * is established or the kernel gives up.
   *
   * @param socket an unconnected socket; one in a slot must be of the address's family
   * @param remote the peer's address
   * @return the step
   */
  public static Step connect(Descriptor socket, SocketAddress remote) {
    return withAddress(IORING_OP_CONNECT, socket, remote).toStep();
  }

  /**
   * Binds a socket to a local address ({@code IORING_OP_BIND}, Linux 6.11; before that, {@code
   * EINVAL}).
   *
   * @param socket an unbound socket; one in a slot must be of the address's family
   * @param local the local address; with port 0 the kernel chooses the port
   * @return the step
   */
  public static Step bind(Descriptor socket, SocketAddress local) {
    return withAddress(IORING_OP_BIND, socket, local).toStep();
  }

  /**
   * Starts listening on a socket ({@code IORING_OP_LISTEN}, Linux 6.11; before that, {@code
   * EINVAL}).
   *
   * @param socket a bound socket
   * @param backlog the maximum number of connections that wait to be accepted, at least 1; the
   *     kernel may reduce it
   * @return the step
   * @throws IllegalArgumentException if the backlog is less than 1
   */
  public static Step listen(Descriptor socket, int backlog) {
    Sockets.requireBacklog(backlog);
    return RawOperation.of(IORING_OP_LISTEN).on(socket).length(backlog).toStep();
  }

  /**
   * Accepts a connection into a slot ({@code IORING_OP_ACCEPT}, Linux 5.15 for slots). The step
   * waits until there is one.
   *
   * @param slot the slot for the connection, whose content is replaced
   * @param listener a {@link RingListener}, or a slot with a listening socket
   * @return the step
   */
  public static Step accept(TableSlot slot, Descriptor listener) {
    return RawOperation.of(IORING_OP_ACCEPT).on(listener).into(slot).toStep();
  }

  private static RawOperation withAddress(int opcode, Descriptor socket, SocketAddress address) {
    Family family =
        socket instanceof SocketDescriptor ours ? ours.family() : Addresses.family(address);
    MemorySegment memory = Arena.ofAuto().allocate(SocketAddressMemory.MAX_BYTES, Long.BYTES);
    return RawOperation.of(opcode)
        .on(socket)
        .offset(Addresses.put(memory, address, family))
        .address(memory, Access.READS);
  }
}
