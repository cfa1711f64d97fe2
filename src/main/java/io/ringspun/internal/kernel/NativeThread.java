package io.ringspun.internal.kernel;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;

/** A thread as the kernel knows it, by its number. */
public final class NativeThread {
  private static final int PR_SET_TIMERSLACK = 29;

  private static final int STAT_BYTES = 128; // of "number (name) state ...": a name has 15 at most

  private NativeThread() {}

  /** Returns the number of the calling thread. */
  public static int current() {
    return (int) LinuxKernel.INSTANCE.call(SystemCall.GETTID);
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
    byte[] stat = new byte[STAT_BYTES];
    int length;
    try (InputStream in = new FileInputStream("/proc/self/task/" + number + "/stat")) {
      length = in.readNBytes(stat, 0, stat.length);
    } catch (IOException _) {
      return false;
    }
    int name = length - 1;
    while (name >= 0 && stat[name] != ')') {
      name--;
    }
    return name >= 0 && name + 2 < length && stat[name + 2] == 'R';
  }
}
