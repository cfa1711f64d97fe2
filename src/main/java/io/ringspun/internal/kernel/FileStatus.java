package io.ringspun.internal.kernel;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;

/** {@code struct stat}, as {@code fstat(2)} of the kernel fills it on 64-bit machines. */
public final class FileStatus {
  /** Size of the structure in bytes, at most. */
  public static final long SIZE_BYTES = 144;

  private static final long DEVICE = 0;
  private static final long MODE = Machine.CURRENT == Machine.X86_64 ? 24 : 16;
  private static final long SIZE = 48;

  private FileStatus() {}

  /** Returns {@code st_mode}: file type and permissions. */
  public static int mode(MemorySegment struct) {
    return struct.get(JAVA_INT, MODE);
  }

  /** Returns {@code st_dev}. */
  public static long device(MemorySegment struct) {
    return struct.get(JAVA_LONG, DEVICE);
  }

  /** Returns the major number of {@code st_dev}, 0 if there is no device behind the file. */
  public static int deviceMajor(MemorySegment struct) {
    return struct.get(JAVA_INT, DEVICE) >>> 8 & 0xfff;
  }

  /** Returns {@code st_size}: the size in bytes. */
  public static long size(MemorySegment struct) {
    return struct.get(JAVA_LONG, SIZE);
  }
}
