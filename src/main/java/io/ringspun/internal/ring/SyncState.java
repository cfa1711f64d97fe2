package io.ringspun.internal.ring;

/**
 * Whether written data of an open file is known to be lost, shared by all its handles: the kernel
 * reports the loss only once, and the next sync succeeds.
 */
final class SyncState {
  /** Whether every write syncs what it wrote ({@code O_SYNC}, {@code O_DSYNC}). */
  enum WritesSync {
    UNKNOWN,
    YES,
    NO
  }

  private volatile int lost; // written under the monitor, read by any thread
  private volatile WritesSync writesSync = WritesSync.UNKNOWN;

  /** Returns the errno of the first failure that lost data, or 0. */
  int lost() {
    return lost;
  }

  /** Records a failure; only the first one counts. */
  synchronized void latch(int errno) {
    if (lost == 0) {
      lost = errno;
    }
  }

  WritesSync writesSync() {
    return writesSync;
  }

  void noteWritesSync(boolean sync) {
    writesSync = sync ? WritesSync.YES : WritesSync.NO;
  }

  /** Forgets everything, since something else is open now. */
  synchronized void forget() {
    lost = 0;
    writesSync = WritesSync.UNKNOWN;
  }
}
