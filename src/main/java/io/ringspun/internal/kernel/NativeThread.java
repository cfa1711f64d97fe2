package io.ringspun.internal.kernel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** A thread as the kernel knows it, by its number. */
public final class NativeThread {
  private static final int PR_SET_TIMERSLACK = 29;

  private static final int STAT_BYTES = 128; // of "number (name) state ...": a name has 15 at most

  private NativeThread() {}

  /** Returns the number of the calling thread. */
  public static int current() {
    return current(LinuxKernel.INSTANCE, CallMemory.UNREAD);
  }

  /** Returns the number of the calling thread, and allocates nothing. */
  public static int current(Kernel kernel, CallMemory memory) {
    return (int) kernel.call(memory, SystemCall.GETTID, 0, 0, 0, 0, 0, 0);
  }

  /** Has the kernel end timed waits of the calling thread on time, and not up to 50 µs later. */
  public static void wakeOnTime() {
    LinuxKernel.INSTANCE.call(SystemCall.PRCTL, PR_SET_TIMERSLACK, 1);
  }

  /**
   * Returns whether a thread of this process runs, or would if it had a processor.
   *
   * @return false, too, if it has ended, or if nobody can tell, for example without {@code /proc}
   */
  public static boolean isRunning(int number) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment stat = arena.allocate(STAT_BYTES);
      MemorySegment path = arena.allocateFrom("/proc/self/task/" + number + "/stat");
      long fd =
          LinuxKernel.INSTANCE.call(
              SystemCall.OPENAT,
              Constants.AT_FDCWD,
              path.address(),
              Constants.O_RDONLY | Constants.O_CLOEXEC);
      if (fd < 0) {
        return false;
      }
      long length;
      try {
        length = LinuxKernel.INSTANCE.call(SystemCall.READ, fd, stat.address(), STAT_BYTES);
      } finally {
        LinuxKernel.INSTANCE.close((int) fd);
      }
      long name = length - 1;
      while (name >= 0 && stat.get(ValueLayout.JAVA_BYTE, name) != ')') {
        name--;
      }
      return name >= 0 && name + 2 < length && stat.get(ValueLayout.JAVA_BYTE, name + 2) == 'R';
    }
  }

  /**
   * Gives the processor to other threads that are ready, by {@code sched_yield(2)}. A virtual
   * thread stays mounted. Allocates nothing.
   */
  public static void yieldProcessor() {
    LinuxKernel.INSTANCE.call(CallMemory.UNREAD, SystemCall.SCHED_YIELD, 0, 0, 0, 0, 0, 0);
  }
}
