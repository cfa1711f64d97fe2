package io.ringspun.net;

import io.ringspun.Descriptor;
import io.ringspun.DescriptorSlot;
import io.ringspun.Ring;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.ring.Call;
import io.ringspun.internal.ring.Encoder;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.internal.ring.Handle;
import io.ringspun.internal.ring.Operation;
import io.ringspun.internal.ring.Progress;
import io.ringspun.internal.ring.RawHandle;
import io.ringspun.internal.ring.RegisteredHandle;
import io.ringspun.internal.ring.SocketControl;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.SocketOption;
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
  private final Handle handle;
  private final Family family;
  private final long timeoutNanos; // 0 for none

  SocketDescriptor(Handle handle, Family family, long timeoutNanos) {
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

  /**
   * Returns whether the socket is in a slot of its ring's table and has no descriptor; see {@link
   * SocketOpenOption#REGISTERED}.
   *
   * @return whether it was opened or put there, or accepted by a listener that was
   */
  public boolean isRegistered() {
    return handle instanceof RegisteredHandle;
  }

  /** Something that never waits. */
  interface ControlCall<T extends @Nullable Object> {
    T run(SocketControl control) throws IOException;
  }

  final <T extends @Nullable Object> T control(ControlCall<T> action) throws IOException {
    handle.acquire();
    try (SocketControl control = new SocketControl(handle)) {
      return action.run(control);
    } finally {
      handle.release();
    }
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
    SocketOptions.set(this, option, value);
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
    if (handle instanceof RegisteredHandle registered) {
      registered.close((engine, slot) -> closeRegistered(engine, slot, registered.mayLinger()));
    } else {
      handle.close(this::closeDescriptor);
    }
  }

  /** The last to close a socket has to linger: that must not be the ring. */
  private void closeRegistered(Engine engine, int slot, boolean mayLinger) throws IOException {
    int fd = mayLinger ? engine.installDescriptor(slot) : -1;
    try {
      engine.closeRegistered(slot);
    } finally {
      if (fd >= 0) {
        closeDescriptor(engine, fd);
      }
    }
  }

  /**
   * Closes a socket of the process as {@link #close} does, but has the peer find the end of the
   * stream first: a close with unread bytes resets the connection. That end is told when no call
   * waits any more, so that none takes the peer's answer for its own result.
   */
  final void closeAfterEnd() throws IOException {
    handle.close(
        (engine, fd) -> {
          if (!SocketOptions.isAbortive(engine, fd)) {
            Call call = engine.single();
            call.operation(0).shutdown(fd, Constants.SHUT_WR);
            engine.runBriefly(call); // if it fails, the peer is gone already
          }
          closeDescriptor(engine, fd);
        });
  }

  private void closeDescriptor(Engine engine, int fd) throws IOException {
    if (SocketOptions.lingers(engine, family, fd)) {
      engine.closeSlowly(fd);
    } else {
      engine.closeDescriptor(fd);
    }
  }

  // ---- for the package -----------------------------------------------------------------------

  final Handle socketHandle() {
    return handle;
  }

  /**
   * Makes a descriptor of the process for this registered socket.
   *
   * @throws IllegalStateException if this socket is not registered
   */
  final RawHandle install() throws IOException {
    if (!(handle instanceof RegisteredHandle registered)) {
      throw new IllegalStateException("the socket is not registered: it has a descriptor");
    }
    registered.noteLinger(); // whoever has the other may set it
    Encoder encoder = Operation::fixedFdInstall;
    return registered.installed(
        NetErrors.check("fixed_fd_install", run(encoder, null, timeoutNanos)));
  }

  /**
   * Puts this socket into a ring's table, too.
   *
   * @throws IllegalStateException if this socket is registered
   * @throws IllegalArgumentException if the ring has no table
   */
  final RegisteredHandle register(Ring ring) throws IOException {
    if (isRegistered()) {
      throw new IllegalStateException("the socket is registered already");
    }
    Engine target = EngineAccess.of(ring);
    int slot =
        Sockets.intoTable(
            target.files(),
            "files_update",
            () -> NetErrors.check("files_update", handle.share(target, timeoutNanos)));
    RegisteredHandle twin = handle.sharedAt(slot, target);
    twin.noteLinger(); // whoever has this one may set it
    return twin;
  }

  final Family family() {
    return family;
  }

  final long timeoutNanos() {
    return timeoutNanos;
  }

  /** Takes charge of what is in a slot. */
  static RegisteredHandle taken(DescriptorSlot slot) throws IOException {
    RegisteredHandle handle = ((RegisteredHandle) handleOf(slot)).successor(false);
    handle.noteLinger(); // nobody knows what options it has
    return handle;
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

  /** Runs a call of several operations; see {@link Handle#inSteps}. */
  final long inSteps(Handle.Steps steps) throws IOException {
    return handle.inSteps(steps);
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

  /**
   * Runs one operation that may wait for a peer.
   *
   * @param lent stays reachable meanwhile
   * @return the result, or a negated errno
   */
  final int run(Encoder encoder, @Nullable Object lent, long nanos) throws IOException {
    return handle.run(encoder, lent, nanos);
  }
}
