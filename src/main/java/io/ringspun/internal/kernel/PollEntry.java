package io.ringspun.internal.kernel;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static java.lang.foreign.MemoryLayout.structLayout;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.util.concurrent.TimeUnit;

/**
 * What one {@code ppoll(2)} for one descriptor needs: {@code struct pollfd}, then {@code struct
 * timespec} for the time limit. Used by one thread at a time; freed when unreachable.
 */
public final class PollEntry {
  static final StructLayout LAYOUT =
      structLayout(
          JAVA_INT.withName("fd"), JAVA_SHORT.withName("events"), JAVA_SHORT.withName("revents"));
  private static final long FD = LAYOUT.byteOffset(groupElement("fd"));
  private static final long EVENTS = LAYOUT.byteOffset(groupElement("events"));

  private static final long TIMESPEC = LAYOUT.byteSize();
  private static final long SECOND_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final MemorySegment memory =
      Arena.ofAuto().allocate(TIMESPEC + Timespec.SIZE_BYTES, Long.BYTES);

  /**
   * Waits for events of a descriptor.
   *
   * @param events {@code POLLIN} or its like
   * @return 1 when there is one or an error, or a negated errno
   */
  public int await(Kernel kernel, CallMemory call, int fd, int events) {
    return poll(kernel, call, fd, events, 0);
  }

  /**
   * Waits for events of a descriptor as {@link #await} does.
   *
   * @param nanos the time limit, at least 0
   * @return 0 when the time is up
   */
  public int awaitNanos(Kernel kernel, CallMemory call, int fd, int events, long nanos) {
    memory.set(JAVA_LONG, TIMESPEC, nanos / SECOND_NANOS); // the kernel changes it
    memory.set(JAVA_LONG, TIMESPEC + Long.BYTES, nanos % SECOND_NANOS);
    return poll(kernel, call, fd, events, memory.address() + TIMESPEC);
  }

  private int poll(Kernel kernel, CallMemory call, int fd, int events, long limit) {
    memory.set(JAVA_INT, FD, fd);
    memory.set(JAVA_SHORT, EVENTS, (short) events);
    return (int) kernel.call(call, SystemCall.PPOLL, memory.address(), 1, limit, 0, 0, 0);
  }
}
