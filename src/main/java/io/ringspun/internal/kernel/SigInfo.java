package io.ringspun.internal.kernel;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.paddingLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/** {@code siginfo_t}, with the fields that describe the end of a child. */
public final class SigInfo {
  static final StructLayout LAYOUT =
      structLayout(
          JAVA_INT.withName("si_signo"),
          JAVA_INT.withName("si_errno"),
          JAVA_INT.withName("si_code"),
          paddingLayout(4),
          JAVA_INT.withName("si_pid"),
          JAVA_INT.withName("si_uid"),
          JAVA_INT.withName("si_status"),
          paddingLayout(100));

  /** Size of the structure in bytes. */
  public static final long SIZE_BYTES = LAYOUT.byteSize();

  private SigInfo() {}

  /** Returns a field by its name in the C library. */
  public static int get(MemorySegment struct, String field) {
    return struct.get(JAVA_INT, LAYOUT.byteOffset(groupElement(field)));
  }
}
