package io.ringspun.net;

import static io.ringspun.internal.kernel.Constants.*;

import io.ringspun.Descriptor;
import io.ringspun.DescriptorSlot;
import io.ringspun.RawOperation;
import io.ringspun.RawOperation.Access;
import io.ringspun.internal.kernel.SocketAddressMemory;
import io.ringspun.internal.net.Addresses;
import io.ringspun.internal.net.Family;
import io.ringspun.internal.net.Sockets;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;

/**
 * What begins with sockets, as steps for {@link io.ringspun.Chain#submit} and {@link
 * io.ringspun.Batch#submit}; to send, to receive and to end are among {@link io.ringspun.Chain}'s
 * own:
 *
 * {@snippet :
 * try (DescriptorSlot slot = ring.descriptorSlot()) {
 *   ring.chain()
 *       .submit(SocketSteps.open(slot, server))
 *       .submit(SocketSteps.connect(slot, server))
 *       .send(slot, request)
 *       .receive(slot, answer)
 *       .close(slot)
 *       .run()
 *       .orThrow();
 * }
 * }
 *
 * <p>Nothing here blocks or reaches the kernel: each method describes an operation, to be run as
 * often as wanted, also by {@link io.ringspun.Ring#submit}. If it fails in a chain, what stands
 * behind it is cancelled, and {@link io.ringspun.OperationException} has the kernel's name of the
 * operation.
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
  public static RawOperation open(DescriptorSlot slot, SocketAddress address) {
    return RawOperation.of(IORING_OP_SOCKET)
        .on(Addresses.family(address).number())
        .offset(SOCK_STREAM)
        .into(slot);
  }

  /**
   * Connects a socket ({@code IORING_OP_CONNECT}, Linux 5.5), which waits until the peer has
   * answered or the kernel gives up.
   *
   * @param socket a socket that is not connected; one in a slot must be of the address's family
   * @param remote whom to connect to
   * @return the step
   */
  public static RawOperation connect(Descriptor socket, SocketAddress remote) {
    return withAddress(IORING_OP_CONNECT, socket, remote);
  }

  /**
   * Gives a socket an address of its own ({@code IORING_OP_BIND}, Linux 6.11; before that, {@code
   * EINVAL}).
   *
   * @param socket a socket without one; one in a slot must be of the address's family
   * @param local where; port 0 has the kernel choose one
   * @return the step
   */
  public static RawOperation bind(Descriptor socket, SocketAddress local) {
    return withAddress(IORING_OP_BIND, socket, local);
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
  public static RawOperation listen(Descriptor socket, int backlog) {
    Sockets.requireBacklog(backlog);
    return RawOperation.of(IORING_OP_LISTEN).on(socket).length(backlog);
  }

  /**
   * Takes a connection into a slot ({@code IORING_OP_ACCEPT}, Linux 5.15 for slots), which waits
   * until there is one.
   *
   * @param slot where it goes, in the place of what is there
   * @param listener a {@link RingListener}, or a slot with a socket that listens
   * @return the step
   */
  public static RawOperation accept(DescriptorSlot slot, Descriptor listener) {
    return RawOperation.of(IORING_OP_ACCEPT).on(listener).into(slot);
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
