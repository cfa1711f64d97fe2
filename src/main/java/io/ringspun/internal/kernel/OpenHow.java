package io.ringspun.internal.kernel;

import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/** {@code struct open_how}: how openat2(2) is to open a file. */
public final class OpenHow {
  static final StructLayout LAYOUT =
      structLayout(
          JAVA_LONG.withName("flags"), JAVA_LONG.withName("mode"), JAVA_LONG.withName("resolve"));

  /** Size of the structure in bytes. */
  public static final long SIZE_BYTES = LAYOUT.byteSize();

  private OpenHow() {}

  /**
   * Fills the structure.
   *
   * @param flags {@code O_} flags
   * @param mode permissions for a file that is made, else 0
   * @param resolve {@code RESOLVE_} flags
   */
  public static void write(MemorySegment struct, int flags, int mode, int resolve) {
    struct.set(JAVA_LONG, 0, Integer.toUnsignedLong(flags));
    struct.set(JAVA_LONG, 8, Integer.toUnsignedLong(mode));
    struct.set(JAVA_LONG, 16, Integer.toUnsignedLong(resolve));
  }
}
