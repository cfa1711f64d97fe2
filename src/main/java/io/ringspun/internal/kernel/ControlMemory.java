package io.ringspun.internal.kernel;

import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * Ancillary data of messages: one {@code struct cmsghdr} after the other, each with its data behind
 * it, each beginning at a multiple of eight from the first (see cmsg(3)).
 */
public final class ControlMemory {
  static final StructLayout LAYOUT =
      structLayout(
          JAVA_LONG.withName("cmsg_len"),
          JAVA_INT.withName("cmsg_level"),
          JAVA_INT.withName("cmsg_type"));

  private static final long HEADER_BYTES = LAYOUT.byteSize();

  private ControlMemory() {}

  /** Returns the space that a control message with a number of data bytes takes. */
  public static long space(long dataBytes) {
    return align(HEADER_BYTES + dataBytes);
  }

  private static long align(long length) {
    return (length + Long.BYTES - 1) & -Long.BYTES;
  }

  /** Writes one and returns where the next begins. */
  public static long put(MemorySegment memory, long at, int level, int type, byte[] data) {
    memory.set(JAVA_LONG_UNALIGNED, at, HEADER_BYTES + data.length);
    memory.set(JAVA_INT_UNALIGNED, at + 8, level);
    memory.set(JAVA_INT_UNALIGNED, at + 12, type);
    MemorySegment.copy(data, 0, memory, JAVA_BYTE, at + HEADER_BYTES, data.length);
    return at + space(data.length);
  }

  /** Returns whether there is a whole one at a place; {@code end} is where the data end. */
  public static boolean isAt(MemorySegment memory, long at, long end) {
    return at + HEADER_BYTES <= end && at + length(memory, at) <= end;
  }

  private static long length(MemorySegment memory, long at) {
    return memory.get(JAVA_LONG_UNALIGNED, at);
  }

  /** Returns its level, such as {@code SOL_SOCKET}. */
  public static int level(MemorySegment memory, long at) {
    return memory.get(JAVA_INT_UNALIGNED, at + 8);
  }

  /** Returns its type, such as {@code SCM_RIGHTS}. */
  public static int type(MemorySegment memory, long at) {
    return memory.get(JAVA_INT_UNALIGNED, at + 12);
  }

  /** Returns its data. */
  public static MemorySegment data(MemorySegment memory, long at) {
    return memory.asSlice(at + HEADER_BYTES, length(memory, at) - HEADER_BYTES);
  }

  /** Returns where the next one begins. */
  public static long next(MemorySegment memory, long at) {
    return at + align(length(memory, at));
  }
}
