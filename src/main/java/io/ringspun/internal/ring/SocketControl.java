package io.ringspun.internal.ring;

import static io.ringspun.internal.kernel.Constants.SOCKET_URING_OP_GETSOCKOPT;
import static io.ringspun.internal.kernel.Constants.SOCKET_URING_OP_SETSOCKOPT;
import static io.ringspun.internal.kernel.Constants.SOL_SOCKET;
import static io.ringspun.internal.kernel.Constants.SO_LINGER;

import io.ringspun.internal.kernel.Errno;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.function.IntUnaryOperator;

/**
 * Socket calls that wait for no peer: by a plain system call on a socket with a descriptor, unless
 * the ring allows none; otherwise by an operation of the ring if the kernel has one, or by a plain
 * system call for which a registered socket gets a temporary descriptor. Each returns a negated
 * errno if the kernel refuses, and throws if the ring of a registered socket is closed or has
 * failed. An interrupt ends none of them, and a socket with a descriptor does not need its ring, so
 * that what is built on it for code of the JDK's sockets differs in nothing. Used by one thread,
 * then closed.
 *
 * <p>The socket must not be closed meanwhile.
 */
public final class SocketControl implements AutoCloseable {
  private final Handle handle;
  private final Engine engine;
  private final SocketCalls calls;

  /** Begins for a socket that the caller has acquired. */
  public SocketControl(Handle handle) {
    this.handle = handle;
    engine = handle.engine();
    calls = engine.socketCalls();
  }

  /** Returns the plain calls, for a socket that is known to have a descriptor. */
  public SocketCalls plain() {
    return calls;
  }

  /** Returns where addresses are written and read. */
  public MemorySegment address() {
    return calls.address();
  }

  /** Returns where values of options are written and read. */
  public MemorySegment value() {
    return calls.value();
  }

  /** Writes the socket's own address and returns its length. */
  public int localAddress() throws IOException {
    return onDescriptor(calls::localAddress);
  }

  /** Writes the peer's address and returns its length. */
  public int remoteAddress() throws IOException {
    return onDescriptor(calls::remoteAddress);
  }

  /** Binds the socket to the encoded address ({@code IORING_OP_BIND}, Linux 6.11). */
  public int bind(int length) throws IOException {
    IntUnaryOperator plain = fd -> calls.bind(fd, length);
    return handle instanceof RawHandle
        ? onDescriptor(plain)
        : onRing((entry, fd) -> entry.bind(fd, address().address(), length), plain);
  }

  /** Has the socket take connections ({@code IORING_OP_LISTEN}, Linux 6.11). */
  public int listen(int backlog) throws IOException {
    IntUnaryOperator plain = fd -> calls.listen(fd, backlog);
    return handle instanceof RawHandle
        ? onDescriptor(plain)
        : onRing((entry, fd) -> entry.listen(fd, backlog), plain);
  }

  /** Sets an option to the first bytes of the value ({@code IORING_OP_URING_CMD}, Linux 6.7). */
  public int setOption(int level, int option, int length) throws IOException {
    if (handle instanceof RegisteredHandle registered
        && level == SOL_SOCKET
        && option == SO_LINGER) {
      registered.noteLinger();
    }
    return byCommand(
        (entry, fd) ->
            entry.socketCommand(
                fd, SOCKET_URING_OP_SETSOCKOPT, level, option, value().address(), length),
        fd -> calls.setOption(fd, level, option, length));
  }

  /**
   * Writes an option's value and returns its length ({@code IORING_OP_URING_CMD}, Linux 6.7, which
   * supports only level {@code SOL_SOCKET}).
   */
  public int getOption(int level, int option) throws IOException {
    IntUnaryOperator plain = fd -> calls.getOption(fd, level, option);
    if (level != SOL_SOCKET) {
      return onDescriptor(plain);
    }
    int length = (int) value().byteSize();
    return byCommand(
        (entry, fd) ->
            entry.socketCommand(
                fd, SOCKET_URING_OP_GETSOCKOPT, level, option, value().address(), length),
        plain);
  }

  private int byCommand(Operation.Encoder encoder, IntUnaryOperator plain) throws IOException {
    boolean isPlain =
        handle instanceof RawHandle && (engine.config().inlineAttempts() || !engine.isUsable());
    if (isPlain || !engine.capabilities().takesSocketCommands()) {
      return onDescriptor(plain);
    }
    return onRing(
        encoder,
        fd -> {
          int answer = plain.applyAsInt(fd);
          if (answer >= 0) { // so it was the command that was refused, and not what it said
            engine.capabilities().noteNoSocketCommands();
          }
          return answer;
        });
  }

  /** Asks the ring, and if it does not understand, or may not, the kernel plainly. */
  private int onRing(Operation.Encoder encoder, IntUnaryOperator plain) throws IOException {
    int result = onRing(encoder);
    return result == -Errno.EINVAL || result == -Errno.EOPNOTSUPP ? onDescriptor(plain) : result;
  }

  private int onRing(Operation.Encoder encoder) throws IOException {
    return Uninterrupted.get(() -> engine.single().on(handle).lending(calls).run(encoder));
  }

  private int onDescriptor(IntUnaryOperator plain) throws IOException {
    if (handle instanceof RawHandle) {
      return plain.applyAsInt(handle.fd());
    }
    int fd = onRing(Operation::fixedFdInstall);
    if (fd < 0) {
      return fd;
    }
    try {
      return plain.applyAsInt(fd);
    } finally {
      engine.kernel().close(fd); // the slot keeps the socket, so there is nothing to wait for
    }
  }

  @Override
  public void close() {
    calls.close();
  }
}
