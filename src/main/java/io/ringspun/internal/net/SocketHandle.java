package io.ringspun.internal.net;

import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.SocketAddressMemory;
import io.ringspun.internal.memory.NativePool;
import io.ringspun.internal.ring.Engine;
import io.ringspun.internal.ring.Handle;
import io.ringspun.internal.ring.Operation;
import io.ringspun.internal.ring.RawHandle;
import io.ringspun.internal.ring.RegisteredHandle;
import io.ringspun.internal.ring.SocketControl;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.nio.channels.AlreadyConnectedException;
import java.nio.channels.NotYetConnectedException;
import java.util.Set;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;

/**
 * An open socket of any kind, with the operations that its public types share. Arguments are
 * checked already. Time limits are in nanoseconds, 0 for none. Safe for use by multiple concurrent
 * threads.
 */
public final class SocketHandle {
  private final Handle handle;
  private final Family family;
  private final boolean stream;
  private volatile boolean triesAccepting; // by a plain system call, which does not wait

  /**
   * Wraps a socket.
   *
   * @param stream whether it is for streams, not for datagrams
   */
  public SocketHandle(Handle handle, Family family, boolean stream) {
    this.handle = handle;
    this.family = family;
    this.stream = stream;
  }

  /** Returns the counted descriptor. */
  public Handle handle() {
    return handle;
  }

  /** Returns what kind of addresses the socket has. */
  public Family family() {
    return family;
  }

  /** Returns whether it is a stream socket: connected, to be connected, or a listener. */
  public boolean isStream() {
    return stream;
  }

  /** Returns whether it is in a slot of its ring's table and has no descriptor. */
  public boolean isRegistered() {
    return handle instanceof RegisteredHandle;
  }

  // ---- calls ---------------------------------------------------------------------------------

  /** Something that never waits. */
  public interface ControlCall<T extends @Nullable Object> {
    /** Does it. */
    T run(SocketControl control) throws IOException;
  }

  /** Runs a call that never waits. */
  public <T extends @Nullable Object> T control(ControlCall<T> action) throws IOException {
    return control(handle, action);
  }

  /** Runs a call that never waits, on a socket of any family. */
  public static <T extends @Nullable Object> T control(Handle handle, ControlCall<T> action)
      throws IOException {
    handle.acquire();
    try (SocketControl control = new SocketControl(handle)) {
      return action.run(control);
    } finally {
      handle.release();
    }
  }

  /** Returns a blank operation that may wait for a peer, on the ring for the calling thread. */
  public Operation single(long nanos) {
    return handle.single().within(nanos).openEnded();
  }

  // ---- addresses -----------------------------------------------------------------------------

  /** Returns the socket's own address. */
  public SocketAddress localAddress() throws IOException {
    return control(
        control -> {
          int length = control.localAddress();
          return Addresses.get(control.address(), NetErrors.check("getsockname", length));
        });
  }

  /** Returns the peer's address. */
  public SocketAddress remoteAddress() throws IOException {
    return control(
        control -> {
          int length = control.remoteAddress();
          if (length == -Errno.ENOTCONN) {
            throw new NotYetConnectedException();
          }
          return Addresses.get(control.address(), NetErrors.check("getpeername", length));
        });
  }

  /** Binds the socket to a local address. */
  public void bind(SocketAddress local) throws IOException {
    control(
        control -> {
          int length = Addresses.put(control.address(), local, family);
          return NetErrors.check("bind", control.bind(length));
        });
  }

  // ---- options -------------------------------------------------------------------------------

  /** Sets an option. */
  public <T> void setOption(SocketOption<T> option, T value) throws IOException {
    SocketOptions.set(this, option, value);
  }

  /** Returns the value of an option; null if it is {@code IP_MULTICAST_IF} and none was chosen. */
  public <T> @Nullable T getOption(SocketOption<T> option) throws IOException {
    return SocketOptions.get(this, option);
  }

  /** Returns the options that this kind of socket has. */
  public Set<SocketOption<?>> supportedOptions() {
    return SocketOptions.supported(this);
  }

  // ---- connecting ----------------------------------------------------------------------------

  /** Connects to a peer. */
  public void connect(SocketAddress remote, long nanos) throws IOException {
    connect(memory -> Addresses.put(memory, remote, family), nanos);
  }

  /** Disconnects a datagram socket from its peer. */
  public void disconnect(long nanos) throws IOException {
    connect(SocketAddressMemory::putNone, nanos);
  }

  private void connect(ToIntFunction<MemorySegment> address, long nanos) throws IOException {
    try (NativePool.Block block = NativePool.take(SocketAddressMemory.MAX_BYTES)) {
      int length = address.applyAsInt(block.memory());
      int result =
          single(nanos)
              .lending(block)
              .run((operation, fd) -> operation.connect(fd, block.address(), length));
      if (result == -Errno.EISCONN) {
        throw new AlreadyConnectedException();
      }
      NetErrors.check("connect", result);
    }
  }

  /**
   * Ends one direction, or both.
   *
   * @param how {@code SHUT_RD} or its like
   */
  public void shutdown(int how, long nanos) throws IOException {
    int result = single(nanos).run((operation, fd) -> operation.shutdown(fd, how));
    NetErrors.check("shutdown", result);
  }

  // ---- accepting -----------------------------------------------------------------------------

  /**
   * Begins to take connections. The socket gets {@code O_NONBLOCK}, which operations of a ring do
   * not mind, so that a connection that is there already can be accepted on the calling thread.
   */
  public void listen(int backlog) throws IOException {
    control(
        control -> {
          int result = NetErrors.check("listen", control.listen(backlog));
          if (!isRegistered() && handle.home().config().inlineAttempts()) {
            triesAccepting = control.plain().setNonBlocking(handle.fd()) >= 0;
          }
          return result;
        });
  }

  /** A connection that was taken. */
  public record Accepted(int fd, SocketAddress peer) {}

  /**
   * Accepts a connection together with the address of its peer, which may already have closed it.
   */
  public Accepted acceptWithPeer(long nanos) throws IOException {
    try (NativePool.Block block = NativePool.take(SocketAddressMemory.MAX_BYTES + Integer.BYTES)) {
      long lengthAt = SocketAddressMemory.MAX_BYTES;
      block.memory().set(ValueLayout.JAVA_INT, lengthAt, SocketAddressMemory.MAX_BYTES);
      long address = block.address();
      int fd = acceptPlainly(address, address + lengthAt);
      if (fd == -Errno.EAGAIN) {
        fd =
            single(nanos)
                .lending(block)
                .run(
                    (operation, socket) ->
                        operation.accept(
                            socket, address, address + lengthAt, Constants.SOCK_CLOEXEC));
      }
      NetErrors.check("accept", fd);
      int length = block.memory().get(ValueLayout.JAVA_INT, lengthAt);
      return new Accepted(fd, Addresses.get(block.memory(), length));
    }
  }

  /**
   * Accepts a connection, into the ring's table if this socket is registered. The kernel closes a
   * connection for which it finds no slot, so a slot is reserved first.
   *
   * @return the descriptor or the slot
   */
  public int accept(long nanos) throws IOException {
    if (isRegistered()) {
      return Sockets.intoTable(
          handle.home().files(),
          "accept",
          () -> accept((operation, slot) -> operation.acceptRegistered(slot, 0, 0, 0), nanos));
    }
    int accepted = acceptPlainly(0, 0);
    return accepted == -Errno.EAGAIN
        ? accept((operation, fd) -> operation.accept(fd, 0, 0, Constants.SOCK_CLOEXEC), nanos)
        : NetErrors.check("accept", accepted);
  }

  /** Accepts a connection that is there already; {@code -EAGAIN} if the ring must do it. */
  private int acceptPlainly(long address, long length) throws IOException {
    Engine engine = handle.engine();
    if (!triesAccepting || !engine.config().inlineAttempts()) {
      return -Errno.EAGAIN;
    }
    engine.requireUsable(handle);
    int fd = (int) engine.inline().accept((RawHandle) handle, address, length);
    if (fd == -Errno.EINTR) {
      fd = -Errno.EAGAIN;
    }
    try {
      engine.countInline(fd != -Errno.EAGAIN);
    } catch (Throwable e) { // the caller's stack is full
      if (fd >= 0) {
        engine.kernel().close(fd);
      }
      throw e;
    }
    return fd;
  }

  private int accept(Operation.Encoder encoder, long nanos) throws IOException {
    return NetErrors.check("accept", single(nanos).run(encoder));
  }

  // ---- tables --------------------------------------------------------------------------------

  /**
   * Makes a descriptor of the process for this registered socket.
   *
   * @throws IllegalStateException if this socket is not registered
   */
  public RawHandle install(long nanos) throws IOException {
    if (!(handle instanceof RegisteredHandle registered)) {
      throw new IllegalStateException("the socket is not registered: it has a descriptor");
    }
    registered.noteLinger(); // the other handle may set it
    int fd = single(nanos).run(Operation::fixedFdInstall);
    return registered.installed(NetErrors.check("fixed_fd_install", fd));
  }

  /**
   * Puts this socket into a ring's table, too.
   *
   * @throws IllegalStateException if this socket is registered
   * @throws IllegalArgumentException if the ring has no table
   */
  public RegisteredHandle register(Engine target, long nanos) throws IOException {
    if (isRegistered()) {
      throw new IllegalStateException("the socket is registered already");
    }
    int slot =
        Sockets.intoTable(
            target.files(),
            "files_update",
            () -> NetErrors.check("files_update", handle.share(target, nanos)));
    RegisteredHandle twin = handle.sharedAt(slot, target);
    twin.noteLinger(); // this handle may set it
    return twin;
  }

  // ---- closing -------------------------------------------------------------------------------

  /**
   * Refuses new calls, cancels waiting ones, and closes the socket when the kernel has released
   * their memory. Waits for the peer if {@code SO_LINGER} is positive.
   */
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
      engine.closer().empty(slot);
    } finally {
      if (fd >= 0) {
        closeDescriptor(engine, fd);
      }
    }
  }

  /**
   * Closes a socket of the process as {@link #close} does, but sends the end of the stream to the
   * peer first, because a close with unread bytes resets the connection. It is sent when no call
   * waits any more, so that none takes the peer's reaction for its own result.
   */
  public void closeAfterEnd() throws IOException {
    handle.close(
        (engine, fd) -> {
          if (!SocketOptions.isAbortive(engine, fd)) {
            Operation operation = engine.single();
            operation.shutdown(fd, Constants.SHUT_WR);
            operation.runUncancellable(); // if it fails, the peer has already closed the connection
          }
          closeDescriptor(engine, fd);
        });
  }

  private void closeDescriptor(Engine engine, int fd) throws IOException {
    if (SocketOptions.lingers(engine, family, fd)) {
      engine.closer().closeLingering(fd);
    } else {
      engine.closer().close(fd);
    }
  }

  @Override
  public String toString() {
    return "SocketHandle[%s, %s]".formatted(handle, family);
  }
}
