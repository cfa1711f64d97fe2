package io.ringspun.internal.kernel;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;

/** {@code struct stat}, as {@code fstat(2)} of the kernel fills it on 64-bit machines. */
public final class FileStatus {
  /** Size of the structure in bytes, at most. */
  public static final long SIZE_BYTES = 144;

  private static final long SIZE = 48;

  private FileStatus() {}

  /** Returns {@code st_size}: the size in bytes. */
  public static long size(MemorySegment struct) {
    return struct.get(JAVA_LONG, SIZE);
  }
}
