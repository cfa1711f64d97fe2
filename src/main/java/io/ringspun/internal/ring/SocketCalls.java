package io.ringspun.internal.ring;

import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.kernel.SocketAddressMemory;
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
    int result = kernel.getsockname(fd, address, length);
    return result < 0 ? result : length.get(ValueLayout.JAVA_INT, 0);
  }

  /** Writes the peer's address and returns its length. */
  public int remoteAddress(int fd) {
    length.set(ValueLayout.JAVA_INT, 0, (int) address.byteSize());
    int result = kernel.getpeername(fd, address, length);
    return result < 0 ? result : length.get(ValueLayout.JAVA_INT, 0);
  }

  /** Binds a socket to the encoded address. */
  public int bind(int fd, int addressLength) {
    return kernel.bind(fd, address, addressLength);
  }

  /** Has a socket take connections. */
  public int listen(int fd, int backlog) {
    return kernel.listen(fd, backlog);
  }

  /** Has plain system calls on a socket, and those of a ring, no longer wait. */
  public int setNonBlocking(int fd) {
    return kernel.setFlags(fd, Constants.O_NONBLOCK);
  }

  /** Makes a descriptor's number mean a socket; what it meant before is closed. */
  public int lay(int fd, int replaced) {
    return kernel.dup3(fd, replaced, Constants.O_CLOEXEC);
  }

  /** Sets an option to the first bytes of the value. */
  public int setOption(int fd, int level, int option, int valueLength) {
    return kernel.setsockopt(fd, level, option, value, valueLength);
  }

  /** Writes an option's value and returns its length. */
  public int getOption(int fd, int level, int option) {
    length.set(ValueLayout.JAVA_INT, 0, VALUE_BYTES);
    int result = kernel.getsockopt(fd, level, option, value, length);
    return result < 0 ? result : length.get(ValueLayout.JAVA_INT, 0);
  }

  /** Returns how many bytes have arrived that were not read. */
  public int unread(int fd) {
    int result = kernel.unread(fd, value);
    return result < 0 ? result : value.get(ValueLayout.JAVA_INT, 0);
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
