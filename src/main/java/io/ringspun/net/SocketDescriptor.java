package io.ringspun.net;

import io.ringspun.Descriptor;
import io.ringspun.internal.kernel.SocketAddressMemory;
import io.ringspun.internal.net.Addresses;
import io.ringspun.internal.net.Family;
import io.ringspun.internal.net.SocketHandle;
import io.ringspun.internal.ring.Handle;
import io.ringspun.internal.ring.Progress;
import io.ringspun.internal.ring.RegisteredHandle;
import io.ringspun.raw.RawOperation;
import io.ringspun.raw.RawOperation.Access;
import io.ringspun.raw.TableSlot;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The common methods of all sockets: addresses, options and close. Safe for use by multiple
 * concurrent threads.
 *
 * @since 0.1
 */
abstract sealed class SocketDescriptor extends Descriptor implements AutoCloseable
    permits RingDatagramSocket, RingListener, RingSocket {
  private final SocketHandle socket;
  private final long timeoutNanos; // 0 for none

  SocketDescriptor(SocketHandle socket, long timeoutNanos) {
    super(socket.handle());
    this.socket = socket;
    this.timeoutNanos = timeoutNanos;
  }

  /** Describes an operation on a socket, or a slot with one, that takes an address. */
  static RawOperation withAddress(int opcode, Descriptor socket, SocketAddress address) {
    Family family =
        socket instanceof SocketDescriptor ours ? ours.family() : Addresses.family(address);
    MemorySegment memory = Arena.ofAuto().allocate(SocketAddressMemory.MAX_BYTES, Long.BYTES);
    return RawOperation.of(opcode)
        .on(socket)
        .offset(Addresses.put(memory, address, family))
        .address(memory, Access.READS);
  }

  /**
   * Returns the local address ({@code getsockname(2)}). Does not wait for a peer; an interrupt does
   * not end the call.
   *
   * @return an {@link java.net.InetSocketAddress}, whose port is 0 before the socket is bound, a
   *     {@link java.net.UnixDomainSocketAddress}, whose path is empty if the socket is unnamed, or
   *     an {@link AbstractUnixAddress}
   * @throws java.nio.channels.ClosedChannelException if the socket is closed
   * @throws IOException if the kernel refuses
   */
  public SocketAddress localAddress() throws IOException {
    return socket.localAddress();
  }

  /**
   * Returns whether the socket is in its ring's table and has no descriptor; see {@link
   * SocketOpenOption#REGISTERED}.
   *
   * @return true if the socket is registered
   */
  public boolean isRegistered() {
    return socket.isRegistered();
  }

  /**
   * Sets an option by {@code setsockopt(2)} on the calling thread. A registered socket, and a ring
   * without plain system calls, use {@code IORING_OP_URING_CMD} with {@code
   * SOCKET_URING_OP_SETSOCKOPT}, Linux 6.7. Does not wait for a peer; an interrupt does not end the
   * call.
   *
   * @param <T> the type of the option's values
   * @param option one of {@link #supportedOptions}
   * @param value the value
   * @throws IllegalArgumentException if the value is out of range
   * @throws UnsupportedOperationException if the option is unknown or does not apply to this socket
   * @throws java.nio.channels.ClosedChannelException if the socket is closed
   * @throws IOException if the kernel refuses
   */
  public <T> void setOption(SocketOption<T> option, T value) throws IOException {
    socket.setOption(option, value);
  }

  /**
   * Returns the value of an option by {@code getsockopt(2)} on the calling thread. A registered
   * socket, and a ring without plain system calls, use {@code IORING_OP_URING_CMD} with {@code
   * SOCKET_URING_OP_GETSOCKOPT}, Linux 6.7, for options of level {@code SOL_SOCKET}. Does not wait
   * for a peer; an interrupt does not end the call.
   *
   * @param <T> the type of the option's values
   * @param option one of {@link #supportedOptions}
   * @return the value; null for {@code IP_MULTICAST_IF} if no interface is set
   * @throws UnsupportedOperationException if the option is unknown or does not apply to this socket
   * @throws java.nio.channels.ClosedChannelException if the socket is closed
   * @throws IOException if the kernel refuses
   */
  public <T> @Nullable T getOption(SocketOption<T> option) throws IOException {
    return socket.getOption(option);
  }

  /**
   * Returns the options that this type of socket supports, including those of {@code jdk.net}.
   *
   * @return an unmodifiable set
   */
  public Set<SocketOption<?>> supportedOptions() {
    return socket.supportedOptions();
  }

  /**
   * Closes the socket ({@code IORING_OP_CLOSE}, Linux 5.6): refuses new calls, cancels waiting
   * ones, and blocks until the kernel has released their memory. Cancelled calls throw {@link
   * java.nio.channels.AsynchronousCloseException}. The socket is closed even if the thread is
   * interrupted. Closing again has no effect.
   *
   * <p>If {@code SO_LINGER} is positive, this blocks until the peer has received all data, for at
   * most that number of seconds. {@code close(2)} then runs on a separate platform thread, which
   * occupies neither a ring nor the scheduler.
   *
   * @throws IOException if the kernel reports an error; the socket is closed
   */
  @Override
  public void close() throws IOException {
    socket.close();
  }

  // ---- for the package -----------------------------------------------------------------------

  final SocketHandle socket() {
    return socket;
  }

  final Handle socketHandle() {
    return socket.handle();
  }

  final Family family() {
    return socket.family();
  }

  final long timeoutNanos() {
    return timeoutNanos;
  }

  /** Takes the content of a slot. */
  static RegisteredHandle taken(TableSlot slot) throws IOException {
    RegisteredHandle handle = ((RegisteredHandle) Handle.of(slot)).successor(false);
    handle.noteLinger(); // its options are unknown
    return handle;
  }

  /** Checks that this socket can pass descriptors: other families would silently drop them. */
  final void requirePassing() {
    if (family() != Family.UNIX) {
      throw new UnsupportedOperationException("only Unix sockets pass descriptors: " + this);
    }
  }

  /** Runs a call of several operations; see {@link Handle#inSteps}. */
  final long inSteps(Handle.Steps steps) throws IOException {
    return socketHandle().inSteps(steps);
  }

  /**
   * One of several operations: continues after a number of bytes, and returns the number that it
   * has transferred.
   */
  interface Mover {
    long run(long done) throws IOException;
  }

  /**
   * Transfers a number of bytes. The exception of an interrupt or a time limit has the number
   * transferred before.
   */
  final void moveAll(long count, Mover mover) throws IOException {
    inSteps(
        () -> {
          long done = 0;
          try {
            while (done < count) {
              done += mover.run(done);
            }
            return done;
          } catch (IOException e) {
            throw Progress.after(done, e);
          }
        });
  }
}
