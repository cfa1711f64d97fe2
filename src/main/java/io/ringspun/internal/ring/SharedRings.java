package io.ringspun.internal.ring;

/** How many rings the shared group gets when it is opened. */
public final class SharedRings {
  private static volatile int count; // 0 for one for each processor

  private SharedRings() {}

  /** Sets the number; a group that is open keeps its own. */
  public static void setCount(int rings) {
    count = rings;
  }

  /** Returns the number, at least 1. */
  public static int count() {
    int set = count;
    return set > 0 ? set : Runtime.getRuntime().availableProcessors();
  }
}
