package io.ringspun.internal.ring;

/** The thread of a ring as the virtual threads see it that it carries. */
interface Carrier {
  /**
   * Parks the calling virtual thread, which this carries; {@code nanos} is 0 for no limit. May
   * return early.
   */
  void parkCarried(long nanos);

  /** Makes this thread look round, if it waits in the kernel. */
  void wake();
}
