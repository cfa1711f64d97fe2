package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.kernel.SocketAddressMemory;
import io.ringspun.internal.kernel.SystemCall;
import io.ringspun.internal.memory.LentMemory;
import io.ringspun.internal.memory.NativePool;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * Plain system calls about sockets, none of which waits, and the native memory that they need. Each
 * returns a negated errno if it fails. Used by one thread, then closed.
 *
 * <p>The descriptor must not be closed meanwhile.
 */
public final class SocketCalls implements LentMemory, AutoCloseable {
  private static final int VALUE_BYTES = 64;
  private static final int LENGTH_AT = SocketAddressMemory.MAX_BYTES;
  private static final int VALUE_AT = LENGTH_AT + 16;

  private final Kernel kernel;
  private final NativePool.Block block = NativePool.take(VALUE_AT + VALUE_BYTES);
  private final MemorySegment address = block.memory().asSlice(0, SocketAddressMemory.MAX_BYTES);
  private final MemorySegment length = block.memory().asSlice(LENGTH_AT, 4);
  private final MemorySegment value = block.memory().asSlice(VALUE_AT, VALUE_BYTES);

  SocketCalls(Kernel kernel) {
    this.kernel = kernel;
  }

  /** Returns where addresses are written and read. */
  public MemorySegment address() {
    return address;
  }

  /** Returns where values of options are written and read. */
  public MemorySegment value() {
    return value;
  }

  /** Writes a socket's own address and returns its length. */
  public int localAddress(int fd) {
    length.set(ValueLayout.JAVA_INT, 0, (int) address.byteSize());
    return length(call(SystemCall.GETSOCKNAME, fd, address.address(), length.address()));
  }

  /** Writes the peer's address and returns its length. */
  public int remoteAddress(int fd) {
    length.set(ValueLayout.JAVA_INT, 0, (int) address.byteSize());
    return length(call(SystemCall.GETPEERNAME, fd, address.address(), length.address()));
  }

  /** Binds a socket to the encoded address. */
  public int bind(int fd, int addressLength) {
    return call(SystemCall.BIND, fd, address.address(), addressLength);
  }

  /** Has a socket take connections. */
  public int listen(int fd, int backlog) {
    return call(SystemCall.LISTEN, fd, backlog);
  }

  /** Has plain system calls on a socket, and those of a ring, no longer wait. */
  public int setNonBlocking(int fd) {
    return call(SystemCall.FCNTL, fd, Constants.F_SETFL, Constants.O_NONBLOCK);
  }

  /** Makes a descriptor's number mean a socket; what it meant before is closed. */
  public int lay(int fd, int replaced) {
    return call(SystemCall.DUP3, fd, replaced, Constants.O_CLOEXEC);
  }

  /** Sets an option to the first bytes of the value. */
  public int setOption(int fd, int level, int option, int valueLength) {
    return call(SystemCall.SETSOCKOPT, fd, level, option, value.address(), valueLength);
  }

  /** Writes an option's value and returns its length. */
  public int getOption(int fd, int level, int option) {
    length.set(ValueLayout.JAVA_INT, 0, VALUE_BYTES);
    return length(
        call(SystemCall.GETSOCKOPT, fd, level, option, value.address(), length.address()));
  }

  /** Returns how many bytes have arrived that were not read. */
  public int unread(int fd) {
    int result = call(SystemCall.IOCTL, fd, Constants.FIONREAD, value.address());
    return result < 0 ? result : value.get(ValueLayout.JAVA_INT, 0);
  }

  private int call(SystemCall call, long... arguments) {
    return (int) kernel.call(call, arguments);
  }

  /** Returns the length that a call wrote, or the negated errno that it returned. */
  private int length(int result) {
    return result < 0 ? result : length.get(ValueLayout.JAVA_INT, 0);
  }

  @Override
  public void markLost() {
    block.markLost();
  }

  @Override
  public void close() {
    block.close();
  }
}
