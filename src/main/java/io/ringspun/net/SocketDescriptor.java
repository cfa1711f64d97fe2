package io.ringspun.net;

import io.ringspun.Descriptor;
import io.ringspun.internal.net.Family;
import io.ringspun.internal.net.SocketHandle;
import io.ringspun.internal.ring.Handle;
import io.ringspun.internal.ring.Progress;
import io.ringspun.internal.ring.RegisteredHandle;
import io.ringspun.raw.TableSlot;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What sockets of all kinds have in common: addresses, options, and an end. Safe for use by many
 * threads.
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

  /**
   * Returns the socket's own address. Does not block.
   *
   * @return an {@link java.net.InetSocketAddress}, whose port is 0 before the socket is bound, a
   *     {@link java.net.UnixDomainSocketAddress}, whose path is empty if it has no name, or an
   *     {@link AbstractUnixAddress}
   * @throws java.nio.channels.ClosedChannelException if the socket is closed
   * @throws IOException if the kernel refuses
   */
  public SocketAddress localAddress() throws IOException {
    return socket.localAddress();
  }

  /**
   * Returns whether the socket is in a slot of its ring's table and has no descriptor; see {@link
   * SocketOpenOption#REGISTERED}.
   *
   * @return whether it was opened or put there, or accepted by a listener that was
   */
  public boolean isRegistered() {
    return socket.isRegistered();
  }

  /**
   * Sets an option ({@code IORING_OP_URING_CMD} with {@code SOCKET_URING_OP_SETSOCKOPT}, Linux 6.7,
   * else {@code setsockopt(2)}). Waits for nobody; an interrupt does not end it.
   *
   * @param <T> the type of its values
   * @param option one of {@link #supportedOptions}
   * @param value what to set
   * @throws IllegalArgumentException if the value is out of range
   * @throws UnsupportedOperationException if the option is unknown or does not apply to this socket
   * @throws java.nio.channels.ClosedChannelException if the socket is closed
   * @throws IOException if the kernel refuses
   */
  public <T> void setOption(SocketOption<T> option, T value) throws IOException {
    socket.setOption(option, value);
  }

  /**
   * Returns the value of an option ({@code IORING_OP_URING_CMD} with {@code
   * SOCKET_URING_OP_GETSOCKOPT}, Linux 6.7, for what all kinds of sockets have, else {@code
   * getsockopt(2)}). Waits for nobody; an interrupt does not end it.
   *
   * @param <T> the type of its values
   * @param option one of {@link #supportedOptions}
   * @return its value; null if it is {@code IP_MULTICAST_IF} and none was chosen
   * @throws UnsupportedOperationException if the option is unknown or does not apply to this socket
   * @throws java.nio.channels.ClosedChannelException if the socket is closed
   * @throws IOException if the kernel refuses
   */
  public <T> @Nullable T getOption(SocketOption<T> option) throws IOException {
    return socket.getOption(option);
  }

  /**
   * Returns the options that this kind of socket has, those of {@code jdk.net} too.
   *
   * @return an unmodifiable set
   */
  public Set<SocketOption<?>> supportedOptions() {
    return socket.supportedOptions();
  }

  /**
   * Refuses new calls, cancels those that wait, waits until the kernel has let go of their memory,
   * and closes the socket ({@code IORING_OP_CLOSE}, Linux 5.6). Cancelled calls end with {@link
   * java.nio.channels.AsynchronousCloseException}. An interrupt does not keep the socket open.
   * Closing again has no effect.
   *
   * <p>If {@code SO_LINGER} is positive, this blocks for as many seconds at most, until the peer
   * has all that was sent; then it is {@code close(2)}, on a thread that no ring and no scheduler
   * needs.
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

  /** Takes charge of what is in a slot. */
  static RegisteredHandle taken(TableSlot slot) throws IOException {
    RegisteredHandle handle = ((RegisteredHandle) handleOf(slot)).successor(false);
    handle.noteLinger(); // nobody knows what options it has
    return handle;
  }

  /** Checks that descriptors can pass here: sockets of other families would just drop them. */
  final void requirePassing() {
    if (family() != Family.UNIX) {
      throw new UnsupportedOperationException("only Unix sockets pass descriptors: " + this);
    }
  }

  /** Runs a call of several operations; see {@link Handle#inSteps}. */
  final long inSteps(Handle.Steps steps) throws IOException {
    return socketHandle().inSteps(steps);
  }

  /** One of several operations: goes on behind so many bytes, and returns how many it has moved. */
  interface Step {
    long run(long done) throws IOException;
  }

  /** Moves so many bytes; an interrupt or a time limit tells how many were moved before it. */
  final void moveAll(long count, Step step) throws IOException {
    inSteps(
        () -> {
          long done = 0;
          try {
            while (done < count) {
              done += step.run(done);
            }
            return done;
          } catch (IOException e) {
            throw Progress.after(done, e);
          }
        });
  }
}
