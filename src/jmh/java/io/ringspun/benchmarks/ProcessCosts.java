package io.ringspun.benchmarks;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.management.ManagementFactory;

/** What this process has used so far. */
final class ProcessCosts {
  private static final int CLOCK_PROCESS_CPUTIME_ID = 2;
  private static final int CPUCLOCK_SCHED = 2;
  private static final MethodHandle CLOCK_GETTIME;
  private static final com.sun.management.ThreadMXBean THREADS =
      (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();

  static {
    Linker linker = Linker.nativeLinker();
    CLOCK_GETTIME =
        linker.downcallHandle(
            linker.defaultLookup().findOrThrow("clock_gettime"),
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS));
  }

  private ProcessCosts() {}

  /**
   * Returns the CPU time of all threads, user and system, io_uring's kernel workers too. The JDK's
   * {@code getProcessCpuTime} would do but for its steps of ten milliseconds.
   */
  static long cpuNanos() {
    return clockNanos(CLOCK_PROCESS_CPUTIME_ID);
  }

  /** Returns the same for another process, by the clock that {@code clock_getcpuclockid} names. */
  static long cpuNanos(long pid) {
    return clockNanos((int) ~pid << 3 | CPUCLOCK_SCHED);
  }

  private static long clockNanos(int clock) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment time = arena.allocate(ValueLayout.JAVA_LONG, 2);
      int result = (int) CLOCK_GETTIME.invokeExact(clock, time);
      if (result != 0) {
        throw new IllegalStateException("clock_gettime failed");
      }
      return time.getAtIndex(ValueLayout.JAVA_LONG, 0) * 1_000_000_000
          + time.getAtIndex(ValueLayout.JAVA_LONG, 1);
    } catch (Throwable e) {
      throw new IllegalStateException(e);
    }
  }

  /** Returns what platform threads have allocated, on behalf of virtual threads too. */
  static long allocatedBytes() {
    return THREADS.getTotalThreadAllocatedBytes();
  }
}
