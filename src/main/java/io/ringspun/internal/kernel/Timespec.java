package io.ringspun.internal.kernel;

import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.time.Duration;

/** {@code struct __kernel_timespec}: a time in seconds and nanoseconds. */
public final class Timespec {
  static final StructLayout LAYOUT =
      structLayout(JAVA_LONG.withName("tv_sec"), JAVA_LONG.withName("tv_nsec"));

  /** Size of the structure in bytes. */
  public static final long SIZE_BYTES = LAYOUT.byteSize();

  private Timespec() {}

  /** Returns a new structure, which is freed when it becomes unreachable. */
  public static MemorySegment of(Duration time) {
    MemorySegment struct = Arena.ofAuto().allocate(LAYOUT);
    put(struct, time);
    return struct;
  }

  /** Writes a time. */
  public static void put(MemorySegment struct, Duration time) {
    struct.set(JAVA_LONG, 0, time.getSeconds());
    struct.set(JAVA_LONG, 8, time.getNano());
  }

  /** Reads a time, in nanoseconds. */
  static long nanos(MemorySegment struct) {
    return struct.get(JAVA_LONG, 0) * 1_000_000_000 + struct.get(JAVA_LONG, 8);
  }

  /** Reads a time. */
  public static Duration get(MemorySegment struct) {
    return Duration.ofSeconds(struct.get(JAVA_LONG, 0), struct.get(JAVA_LONG, 8));
  }
}
