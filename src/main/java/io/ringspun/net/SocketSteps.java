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
 * and {@link io.ringspun.Batch#add}. {@link Step} itself has those that send and receive:
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
 * <p>Nothing here blocks or reaches the kernel. If a step fails, {@link
 * io.ringspun.TransactionException} has the kernel's name of the operation.
 *
 * <p>Every method that takes an address throws
 *
 * <ul>
 *   <li>{@link java.nio.channels.UnresolvedAddressException} if it is a name that was not found;
 *   <li>{@link java.nio.channels.UnsupportedAddressTypeException} if it is neither an {@link
 *       java.net.InetSocketAddress}, nor a {@link java.net.UnixDomainSocketAddress}, nor an {@link
 *       AbstractUnixAddress}, or the socket is known to be of another family.
 * </ul>
 *
 * @since 0.1
 */
public final class SocketSteps {
  private SocketSteps() {}

  /**
   * Opens a stream socket in a slot ({@code IORING_OP_SOCKET}, Linux 5.19), of the family that an
   * address belongs to. For the wildcard that is IPv6, which takes IPv4, too.
   *
   * @param slot where it goes, in the place of what is there
   * @param address what it is going to be connected or bound to
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
   * Connects a socket ({@code IORING_OP_CONNECT}, Linux 5.5), which waits until the peer has
   * answered or the kernel gives up.
   *
   * @param socket a socket that is not connected; one in a slot must be of the address's family
   * @param remote whom to connect to
   * @return the step
   */
  public static Step connect(Descriptor socket, SocketAddress remote) {
    return withAddress(IORING_OP_CONNECT, socket, remote).toStep();
  }

  /**
   * Gives a socket an address of its own ({@code IORING_OP_BIND}, Linux 6.11; before that, {@code
   * EINVAL}).
   *
   * @param socket a socket without one; one in a slot must be of the address's family
   * @param local where; port 0 has the kernel choose one
   * @return the step
   */
  public static Step bind(Descriptor socket, SocketAddress local) {
    return withAddress(IORING_OP_BIND, socket, local).toStep();
  }

  /**
   * Has a socket take connections ({@code IORING_OP_LISTEN}, Linux 6.11; before that, {@code
   * EINVAL}).
   *
   * @param socket a socket with an address of its own
   * @param backlog how many connections the kernel keeps until they are accepted, at least 1; it
   *     may keep fewer
   * @return the step
   * @throws IllegalArgumentException if the backlog is less than 1
   */
  public static Step listen(Descriptor socket, int backlog) {
    Sockets.requireBacklog(backlog);
    return RawOperation.of(IORING_OP_LISTEN).on(socket).length(backlog).toStep();
  }

  /**
   * Takes a connection into a slot ({@code IORING_OP_ACCEPT}, Linux 5.15 for slots), which waits
   * until there is one.
   *
   * @param slot where it goes, in the place of what is there
   * @param listener a {@link RingListener}, or a slot with a socket that listens
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
