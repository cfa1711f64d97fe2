package io.ringspun.internal.kernel;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Memory of the C library, page-aligned or for structures, which any thread may free, one piece at
 * a time, without the pause of all threads that closing a shared arena costs.
 */
@SuppressWarnings("restricted")
public final class NativeMemory {
  /** Alignment of pages in bytes, enough for direct I/O on any common device. */
  public static final long ALIGNMENT = 4096;

  private static final long STRUCTURE_ALIGNMENT = 16;
  private static final long SECTOR_BYTES = 512;

  private static final Linker LINKER = Linker.nativeLinker();
  private static final MethodHandle ALIGNED_ALLOC =
      LINKER.downcallHandle(
          LINKER.defaultLookup().find("aligned_alloc").orElseThrow(),
          FunctionDescriptor.of(ADDRESS, JAVA_LONG, JAVA_LONG));
  private static final MethodHandle FREE =
      LINKER.downcallHandle(
          LINKER.defaultLookup().find("free").orElseThrow(), FunctionDescriptor.ofVoid(ADDRESS));
  private static final long PAGE_BYTES = pageBytes();
  private static final AtomicLong ALLOCATED = new AtomicLong();

  private NativeMemory() {}

  /** Returns the bytes allocated and not yet freed, for leak checks and metrics. */
  public static long allocatedBytes() {
    return ALLOCATED.get();
  }

  /** Returns the size of a page of memory, in bytes. */
  public static long pageSize() {
    return PAGE_BYTES;
  }

  private static long pageBytes() {
    MethodHandle getpagesize =
        LINKER.downcallHandle(
            LINKER.defaultLookup().find("getpagesize").orElseThrow(),
            FunctionDescriptor.of(JAVA_INT));
    try {
      return (int) getpagesize.invokeExact();
    } catch (Throwable e) {
      throw LinuxKernel.broken(e);
    }
  }

  /**
   * Allocates zeroed memory.
   *
   * @param byteSize a multiple of {@link #ALIGNMENT}
   * @throws OutOfMemoryError if the C library has none left
   */
  public static MemorySegment allocate(long byteSize) {
    assert byteSize > 0 && byteSize % ALIGNMENT == 0 : byteSize;
    return allocate(ALIGNMENT, byteSize);
  }

  private static MemorySegment allocate(long alignment, long byteSize) {
    MemorySegment memory;
    try {
      memory = (MemorySegment) ALIGNED_ALLOC.invokeExact(alignment, byteSize);
    } catch (Throwable e) {
      throw LinuxKernel.broken(e);
    }
    if (memory.address() == 0) {
      throw new OutOfMemoryError("no native memory for " + byteSize + " bytes");
    }
    ALLOCATED.addAndGet(byteSize);
    // Zeroed, so that what another part of the process left there can reach no file and no peer.
    return memory.reinterpret(byteSize).fill((byte) 0);
  }

  /**
   * Allocates zeroed memory for less than a page, aligned to 16 bytes, or to a sector if it is as
   * large as one; {@link #free} frees it.
   *
   * @param byteSize a multiple of 16
   * @throws OutOfMemoryError if the C library has none left
   */
  public static MemorySegment allocateSmall(long byteSize) {
    assert byteSize > 0 && byteSize % STRUCTURE_ALIGNMENT == 0 : byteSize;
    long alignment = byteSize < SECTOR_BYTES ? STRUCTURE_ALIGNMENT : SECTOR_BYTES;
    return allocate(alignment, byteSize);
  }

  /**
   * Returns memory as a segment of an arena, which keeps its thread and its end, but frees nothing.
   */
  public static MemorySegment confine(MemorySegment memory, Arena arena) {
    return memory.reinterpret(arena, null);
  }

  /** Frees what {@link #allocate} returned. */
  public static void free(MemorySegment memory) {
    try {
      FREE.invokeExact(memory);
    } catch (Throwable e) {
      throw LinuxKernel.broken(e);
    }
    ALLOCATED.addAndGet(-memory.byteSize());
  }
}
