package io.ringspun.internal.kernel;

import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/** {@code struct futex_waitv}: one of several words to wait for. */
public final class FutexWait {
  static final StructLayout LAYOUT =
      structLayout(
          JAVA_LONG.withName("val"),
          JAVA_LONG.withName("uaddr"),
          JAVA_INT.withName("flags"),
          JAVA_INT.withName("__reserved"));

  /** Size of the structure in bytes. */
  public static final long SIZE_BYTES = LAYOUT.byteSize();

  private FutexWait() {}

  /** Writes one of an array. */
  public static void put(MemorySegment array, int index, long address, int value, int flags) {
    long at = index * SIZE_BYTES;
    array.set(JAVA_LONG, at, Integer.toUnsignedLong(value));
    array.set(JAVA_LONG, at + 8, address);
    array.set(JAVA_INT, at + 16, flags);
    array.set(JAVA_INT, at + 20, 0);
  }
}
