package io.ringspun.internal.kernel;

/** System calls that are rare enough to be made by number, see {@link Kernel#call}. */
public enum SystemCall {
  CLOCK_GETTIME(228, 113),
  EVENTFD2(290, 19),
  FCNTL(72, 25),
  INOTIFY_ADD_WATCH(254, 27),
  INOTIFY_INIT1(294, 26),
  INOTIFY_RM_WATCH(255, 28),
  PIPE2(293, 59);

  private final int number;

  SystemCall(int onX86, int onArm) {
    number = isArm() ? onArm : onX86;
  }

  private static boolean isArm() {
    return System.getProperty("os.arch", "").equals("aarch64");
  }

  /** Returns the number on this machine. */
  int number() {
    return number;
  }
}
