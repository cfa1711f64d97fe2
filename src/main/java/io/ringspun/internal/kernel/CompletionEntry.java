package io.ringspun.internal.kernel;

import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;

/**
 * One completion as the kernel writes it, {@code struct io_uring_cqe}: {@code user_data} at byte 0,
 * {@code res} at 8, {@code flags} at 12.
 *
 * <p>Reads here are plain. They are safe only after an acquiring load of the ring's tail.
 */
public final class CompletionEntry {
  static final StructLayout LAYOUT =
      structLayout(
          JAVA_LONG.withName("user_data"), JAVA_INT.withName("res"), JAVA_INT.withName("flags"));

  /** Bytes from one entry to the next. */
  public static final long SIZE_BYTES = 16;

  private CompletionEntry() {}

  /** Returns what the submission carried as {@code user_data}. */
  public static long userData(MemorySegment ring, long offset) {
    return ring.get(JAVA_LONG, offset);
  }

  /** Returns the operation's result, or a negated {@code errno}. */
  public static int result(MemorySegment ring, long offset) {
    return ring.get(JAVA_INT, offset + 8);
  }

  /** Returns the {@code IORING_CQE_F_} flags. */
  public static int flags(MemorySegment ring, long offset) {
    return ring.get(JAVA_INT, offset + 12);
  }

  /** Writes an entry, for a kernel that makes completions up. */
  public static void write(MemorySegment ring, long offset, long userData, int result, int flags) {
    ring.set(JAVA_LONG, offset, userData);
    ring.set(JAVA_INT, offset + 8, result);
    ring.set(JAVA_INT, offset + 12, flags);
  }
}
