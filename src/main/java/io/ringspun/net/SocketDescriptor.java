package io.ringspun.net;

import io.ringspun.Descriptor;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.ring.Call;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.Operation;
import io.ringspun.internal.ring.RawHandle;
import io.ringspun.internal.ring.SocketCalls;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What sockets of all kinds have in common: addresses, options, and an end. Safe for use by many
 * threads.
 *
 * @since 0.1
 */
public abstract sealed class SocketDescriptor extends Descriptor implements AutoCloseable
    permits RingDatagramSocket, RingListener, RingSocket {
  private final RawHandle handle;
  private final Family family;
  private final long timeoutNanos; // 0 for none

  SocketDescriptor(RawHandle handle, Family family, long timeoutNanos) {
    super(handle);
    this.handle = handle;
    this.family = family;
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
    return Sockets.localAddress(this);
  }

  /** Something done by plain system calls that never wait. */
  interface PlainCall<T extends @Nullable Object> {
    T run(SocketCalls calls) throws IOException;
  }

  final <T extends @Nullable Object> T onDescriptor(PlainCall<T> action) throws IOException {
    handle.acquire();
    try (SocketCalls calls = handle.engine().socketCalls()) {
      return action.run(calls);
    } finally {
      handle.release();
    }
  }

  /**
   * Sets an option, by {@code setsockopt(2)}. Does not block.
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
    SocketOptions.set(this, option, value);
  }

  /**
   * Returns the value of an option, by {@code getsockopt(2)}. Does not block.
   *
   * @param <T> the type of its values
   * @param option one of {@link #supportedOptions}
   * @return its value; null if it is {@code IP_MULTICAST_IF} and none was chosen
   * @throws UnsupportedOperationException if the option is unknown or does not apply to this socket
   * @throws java.nio.channels.ClosedChannelException if the socket is closed
   * @throws IOException if the kernel refuses
   */
  public <T> @Nullable T getOption(SocketOption<T> option) throws IOException {
    return SocketOptions.get(this, option);
  }

  /**
   * Returns the options that this kind of socket has, those of {@code jdk.net} too.
   *
   * @return an unmodifiable set
   */
  public Set<SocketOption<?>> supportedOptions() {
    return SocketOptions.supported(this);
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
    handle.close(
        (engine, fd) -> {
          if (SocketOptions.lingers(engine, family, fd)) {
            engine.closeSlowly(fd);
          } else {
            engine.closeDescriptor(fd);
          }
        });
  }

  // ---- for the package -----------------------------------------------------------------------

  final RawHandle socketHandle() {
    return handle;
  }

  final Family family() {
    return family;
  }

  final long timeoutNanos() {
    return timeoutNanos;
  }

  final boolean isRingFailed() {
    return handle.engine().hasFailed();
  }

  /** Returns the handles of descriptors that a message is to pass. */
  static List<RawHandle> passable(Descriptor[] descriptors) {
    if (descriptors.length > Constants.SCM_MAX_FD) {
      throw new IllegalArgumentException(
          "a message passes at most %d descriptors: %d"
              .formatted(Constants.SCM_MAX_FD, descriptors.length));
    }
    List<RawHandle> handles = new ArrayList<>(descriptors.length);
    for (Descriptor descriptor : descriptors) {
      if (!(handleOf(descriptor) instanceof RawHandle raw)) {
        throw new IllegalArgumentException(
            "a registered file has no descriptor to pass; installDescriptor() makes one");
      }
      handles.add(raw);
    }
    return handles;
  }

  /** Checks that descriptors can pass here: sockets of other families would just drop them. */
  final void requirePassing() {
    if (family != Family.UNIX) {
      throw new UnsupportedOperationException("only Unix sockets pass descriptors: " + this);
    }
  }

  /** What a call does in several operations; returns how far it came. */
  interface Steps {
    long run() throws IOException;
  }

  /** Runs a call of several operations: a close between two of them is one that came meanwhile. */
  final long inSteps(Steps steps) throws IOException {
    if (!isOpen()) {
      throw new ClosedChannelException();
    }
    try {
      return steps.run();
    } catch (AsynchronousCloseException e) {
      throw e;
    } catch (ClosedChannelException e) {
      throw isOpen() ? e : new AsynchronousCloseException();
    }
  }

  /** Fills an operation for this socket. */
  interface Encoder {
    void encode(Operation operation, int fd);
  }

  /**
   * Runs one operation that may wait for a peer.
   *
   * @param lent stays reachable meanwhile
   * @return the result, or a negated errno
   */
  final int run(Encoder encoder, @Nullable Object lent, long nanos) throws IOException {
    handle.acquire(); // the ring releases it at the completion
    Engine engine = handle.engine();
    Call call = engine.single().timeoutNanos(nanos);
    Operation operation = call.operation(0);
    encoder.encode(operation, handle.fd());
    operation.using(handle, lent).openEnded();
    return engine.run(call);
  }
}
