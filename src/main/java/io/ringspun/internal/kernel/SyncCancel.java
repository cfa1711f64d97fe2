package io.ringspun.internal.kernel;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.sequenceLayout;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/** {@code struct io_uring_sync_cancel_reg}: what to cancel, and for how long to wait. */
public final class SyncCancel {
  static final StructLayout LAYOUT =
      structLayout(
          JAVA_LONG.withName("addr"),
          JAVA_INT.withName("fd"),
          JAVA_INT.withName("flags"),
          JAVA_LONG.withName("tv_sec"),
          JAVA_LONG.withName("tv_nsec"),
          sequenceLayout(4, JAVA_LONG).withName("pad"));

  private static final int CANCEL_ALL = 1;
  private static final int CANCEL_ANY = 4;

  private SyncCancel() {}

  /** Describes everything that is in flight. */
  public static MemorySegment all(Arena arena, long nanos) {
    MemorySegment struct = arena.allocate(LAYOUT);
    struct.set(JAVA_INT, LAYOUT.byteOffset(groupElement("fd")), -1);
    struct.set(JAVA_INT, LAYOUT.byteOffset(groupElement("flags")), CANCEL_ALL | CANCEL_ANY);
    struct.set(JAVA_LONG, LAYOUT.byteOffset(groupElement("tv_nsec")), nanos);
    return struct;
  }
}
