package io.ringspun.internal.kernel;

import static io.ringspun.internal.kernel.Constants.AF_INET;
import static io.ringspun.internal.kernel.Constants.AF_INET6;
import static io.ringspun.internal.kernel.Constants.AF_UNIX;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * {@code struct sockaddr_in}, {@code sockaddr_in6} and {@code sockaddr_un} in native memory.
 *
 * <pre>
 * in:  | family 2 | port 2 | address 4 | zero 8 |
 * in6: | family 2 | port 2 | flow 4 | address 16 | scope 4 |
 * un:  | family 2 | path 108 |
 * </pre>
 */
public final class SocketAddressMemory {
  /** Enough for any of them. */
  public static final int MAX_BYTES = 112;

  /** The longest path or name of a Unix socket. */
  public static final int UNIX_MAX = 108;

  private static final int INET_BYTES = 16;
  private static final int INET6_BYTES = 28;
  private static final int PATH = 2;

  private static final ValueLayout.OfShort PORT =
      JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

  private SocketAddressMemory() {}

  /** Writes an address of four bytes, or of sixteen, and returns its length. */
  public static int putInet(MemorySegment memory, byte[] address, int port, int scope) {
    boolean isV4 = address.length == 4;
    memory.asSlice(0, isV4 ? INET_BYTES : INET6_BYTES).fill((byte) 0);
    memory.set(JAVA_SHORT_UNALIGNED, 0, (short) (isV4 ? AF_INET : AF_INET6));
    memory.set(PORT, 2, (short) port);
    MemorySegment.copy(address, 0, memory, JAVA_BYTE, isV4 ? 4 : 8, address.length);
    if (!isV4) {
      memory.set(JAVA_INT_UNALIGNED, 24, scope);
    }
    return isV4 ? INET_BYTES : INET6_BYTES;
  }

  /** Writes the {@code AF_UNSPEC} address, which disconnects a socket, and returns its length. */
  public static int putNone(MemorySegment memory) {
    memory.asSlice(0, INET_BYTES).fill((byte) 0); // AF_UNSPEC
    return INET_BYTES;
  }

  /**
   * Writes the name of a Unix socket and returns the address's length.
   *
   * @param name a path, or a NUL byte and any bytes; if empty, the kernel chooses a name
   */
  public static int putUnix(MemorySegment memory, byte[] name) {
    boolean isPath = name.length > 0 && name[0] != 0;
    memory.asSlice(0, MAX_BYTES).fill((byte) 0);
    memory.set(JAVA_SHORT_UNALIGNED, 0, (short) AF_UNIX);
    MemorySegment.copy(name, 0, memory, JAVA_BYTE, PATH, name.length);
    // A path ends at a zero, if there is room for it; an abstract name at the address's length.
    return Math.min(PATH + name.length + (isPath ? 1 : 0), PATH + UNIX_MAX);
  }

  /** Returns the {@code AF_} number. */
  public static int family(MemorySegment memory) {
    return Short.toUnsignedInt(memory.get(JAVA_SHORT_UNALIGNED, 0));
  }

  /** Returns the port of an internet address. */
  public static int port(MemorySegment memory) {
    return Short.toUnsignedInt(memory.get(PORT, 2));
  }

  /** Returns the four or sixteen bytes of an internet address. */
  public static byte[] address(MemorySegment memory) {
    boolean isV4 = family(memory) == AF_INET;
    return memory.asSlice(isV4 ? 4 : 8, isV4 ? 4 : 16).toArray(JAVA_BYTE);
  }

  /** Returns the interface that an IPv6 address is local to, or 0. */
  public static int scope(MemorySegment memory) {
    return memory.get(JAVA_INT_UNALIGNED, 24);
  }

  /**
   * Returns the name of a Unix socket: a path, or a zero and any bytes, or nothing.
   *
   * @param length the address's length, as the kernel gave it
   */
  public static byte[] unixName(MemorySegment memory, int length) {
    byte[] name = memory.asSlice(PATH, Math.clamp(length - PATH, 0, UNIX_MAX)).toArray(JAVA_BYTE);
    if (name.length == 0 || name[0] == 0) {
      return name;
    }
    int end = 0;
    while (end < name.length && name[end] != 0) {
      end++;
    }
    return Arrays.copyOf(name, end);
  }
}
