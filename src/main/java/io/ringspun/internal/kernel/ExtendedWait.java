package io.ringspun.internal.kernel;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/** How to wait in {@code io_uring_enter(2)}: {@code struct io_uring_getevents_arg}. */
public final class ExtendedWait {
  static final StructLayout LAYOUT =
      structLayout(
          JAVA_LONG.withName("sigmask"),
          JAVA_INT.withName("sigmask_sz"),
          JAVA_INT.withName("min_wait_usec"),
          JAVA_LONG.withName("ts"));

  private ExtendedWait() {}

  /**
   * Waits for as many completions as asked for, but when so much time has passed, for one only
   * (Linux 6.12).
   */
  public static MemorySegment minimum(Arena arena, int micros) {
    MemorySegment argument = arena.allocate(LAYOUT);
    argument.set(JAVA_INT, LAYOUT.byteOffset(groupElement("min_wait_usec")), micros);
    return argument;
  }
}
