package io.ringspun.internal.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Which memory may go to the kernel as it is. An operation can outlast any check made at its start,
 * so a segment qualifies only if nobody can free it while its caller is parked: one that the
 * garbage collector owns (the in-flight table keeps it reachable; a direct buffer's memory is such,
 * with a scope like that of an array), one that lives indefinitely, or one confined to the very
 * thread that waits. A segment of a shared arena, which any thread may close, is copied.
 */
public final class Lending {
  private static final Class<?> GLOBAL = Arena.global().scope().getClass();
  private static final Class<?> AUTOMATIC = Arena.ofAuto().scope().getClass();
  private static final Class<?> BUFFER = MemorySegment.ofArray(new byte[0]).scope().getClass();
  private static final Class<?> CONFINED;

  static {
    try (Arena arena = Arena.ofConfined()) {
      CONFINED = arena.scope().getClass();
    }
  }

  private Lending() {}

  /** Returns whether the kernel may use the segment's own memory while the calling thread waits. */
  public static boolean isLendable(MemorySegment segment) {
    Class<?> kind = segment.scope().getClass();
    return segment.isNative()
        && (kind == GLOBAL || kind == AUTOMATIC || kind == BUFFER || kind == CONFINED);
  }

  /**
   * Returns whether a ring failed while memory of an arena was lent to the kernel, which may still
   * access it.
   */
  public static boolean isLost(Arena arena) {
    return LostMemory.contains(arena.scope());
  }

  /**
   * Checks a segment that the kernel shall read from or write to.
   *
   * @throws IllegalArgumentException if it is empty, on the heap, read-only though it is to be
   *     written, or confined to another thread
   * @throws IllegalStateException if its arena is closed
   */
  public static void requireUsable(MemorySegment segment, boolean written) {
    if (!segment.isNative()) {
      throw new IllegalArgumentException(
          "the segment is on the heap, where the kernel cannot reach it: allocate it from an Arena,"
              + " or pass a ByteBuffer, which is copied");
    }
    if (segment.byteSize() == 0) {
      throw new IllegalArgumentException("the segment is empty");
    }
    if (written && segment.isReadOnly()) {
      throw new IllegalArgumentException("the segment is read-only and cannot be read into");
    }
    requireAccessible(segment);
  }

  /**
   * Checks that the calling thread may use a segment, which may be that of a buffer. Without this
   * the kernel could be given memory that is free already, or that its owner frees meanwhile.
   *
   * @throws IllegalArgumentException if it is confined to another thread
   * @throws IllegalStateException if its arena is closed
   */
  public static void requireAccessible(MemorySegment segment) {
    if (!segment.scope().isAlive()) {
      throw new IllegalStateException("the memory's arena is already closed");
    }
    if (!segment.isAccessibleBy(Thread.currentThread())) {
      throw new IllegalArgumentException(
          "the memory is confined to another thread than " + Thread.currentThread());
    }
  }
}
