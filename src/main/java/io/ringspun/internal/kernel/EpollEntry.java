package io.ringspun.internal.kernel;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;

/** {@code struct epoll_event}, which is packed on x86-64 and on nothing else. */
public final class EpollEntry {
  static final long DATA_AT = Machine.CURRENT == Machine.X86_64 ? 4 : 8;

  /** Size of the structure in bytes. */
  public static final long SIZE_BYTES = DATA_AT + Long.BYTES;

  private EpollEntry() {}

  /** Writes one. */
  public static void put(MemorySegment struct, int events, long data) {
    struct.set(JAVA_INT, 0, events);
    struct.set(JAVA_LONG_UNALIGNED, DATA_AT, data);
  }

  /** Returns the events of one of an array. */
  public static int events(MemorySegment array, int index) {
    return array.get(JAVA_INT, index * SIZE_BYTES);
  }

  /** Returns the data of one of an array. */
  public static long data(MemorySegment array, int index) {
    return array.get(JAVA_LONG_UNALIGNED, index * SIZE_BYTES + DATA_AT);
  }
}
