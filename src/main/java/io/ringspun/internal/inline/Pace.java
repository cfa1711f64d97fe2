package io.ringspun.internal.inline;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * Whether one kind of call, on one file or in one part of the file tree, is still quick. A call
 * that was slow sends its kind to the ring for a pause that doubles with each further one; after a
 * pause one call at a time tries again. Safe for use by multiple concurrent threads: where nothing
 * is slow, nothing is written here, and races merely shift a pause. There is no lock: a virtual
 * thread that met one would leave its carrier, whose {@link InlineMemory} it is using.
 *
 * <p>On a busy machine a call may seem slow because its thread lost the processor. So the first
 * slow call only makes those after it be watched: only those during which the thread slept in the
 * kernel count. A few of them are cheaper than to give all calls to the ring. Of a thread that did
 * not read from a device meanwhile, even more are: in a directory where many files are made, one
 * thread may sleep 4 ms for the directory's lock while another makes hundreds of them, and the
 * ring's workers would wait for the same lock. So a pause begins when slow calls take half of a
 * thread's time, in the latter case also more than the ring would need for the quick ones between
 * them; or while a thread sleeps long in one.
 */
public final class Pace {
  /** From when on a call is slow. */
  static final long SLOW_NANOS = 200_000;

  private static final long LEAST_PAUSE_NANOS = 10_000_000;
  private static final long LONGEST_PAUSE_NANOS = 60_000_000_000L;
  private static final int PAUSE_FACTOR = 10; // so that calls hold a thread a tenth of the time
  private static final int WATCHED_CALLS = 256;

  /** How long slow calls may take at a stretch. */
  private static final long LOST_NANOS_MAX = 8_000_000;

  /**
   * How much of it is made good in each nanosecond: slow calls may take half of a thread's time.
   */
  private static final double MADE_GOOD = 0.5;

  /** What a quick call saves, and so makes good: to give a call to the ring costs as much. */
  private static final long RING_NANOS = 25_000;

  /** From when on a call after a pause begins the next one. */
  private static final long STILL_SLOW_NANOS = 2_000_000;

  /** From when on a call that is not over makes others pause; waits for locks are shorter. */
  private static final long TAKING_LONG_NANOS = 20_000_000;

  private static final int FORGETTING_PAUSES =
      10; // so long without a pause, and they are forgotten

  private static final VarHandle PAUSED_UNTIL;

  static {
    try {
      PAUSED_UNTIL = MethodHandles.lookup().findVarHandle(Pace.class, "pausedUntil", long.class);
    } catch (ReflectiveOperationException e) {
      throw new ExceptionInInitializerError(e);
    }
  }

  // All but the first are written only around slow calls.
  private volatile long pausedUntil; // by System.nanoTime, or 0
  private long pauseNanos; // the last one, or 0 once calls are quick again
  private long pauseEnd; // of the last one, by System.nanoTime
  private int watched; // how many more calls to look at closely
  private long lostToDevice; // what slow calls that read took of late, as of the last slow one
  private long lostToOthers; // and what the others took
  private long lastSlow; // when that one ended, by System.nanoTime

  /** What to do with a call. */
  public enum Verdict {
    /** Do it on the calling thread, and time it. */
    QUICK,
    /** The same, and see whether the thread slept. */
    WATCHED,
    /** The same, after a pause, which ends if this one is quick. */
    TRYING,
    /** Give it to the ring. */
    PAUSED
  }

  /** Returns whether nothing was slow lately. */
  boolean isQuick() {
    return pausedUntil == 0 && watched == 0;
  }

  /** Returns whether calls go to the ring now. */
  public boolean isPaused() {
    long until = pausedUntil;
    return until != 0 && System.nanoTime() - until < 0;
  }

  /** Decides about a call that would begin now. */
  public Verdict ask(long now) {
    long until = pausedUntil;
    if (until == 0) {
      return watched == 0 ? Verdict.QUICK : Verdict.WATCHED;
    }
    return now - until < 0 || !tries(now, until) ? Verdict.PAUSED : Verdict.TRYING;
  }

  /** Ends a pause for one caller; for others it goes on until that one knows more. */
  private boolean tries(long now, long until) {
    return PAUSED_UNTIL.compareAndSet(this, until, nonZero(now + pauseNanos));
  }

  /** How a thread spent the time of a call, as far as that was watched. */
  enum Wait {
    /** It did not sleep, or nobody knows. */
    NONE,
    /** It slept, and read from a device. */
    DEVICE,
    /** It slept, for a lock or for what others did. */
    OTHERS
  }

  /**
   * Takes note of a call that is over.
   *
   * @param verdict what {@link #ask} said
   * @param wait what the thread waited for; not looked at unless it was watched
   * @return whether it was slow
   */
  boolean ended(Verdict verdict, long startNanos, long endNanos, Wait wait) {
    long took = endNanos - startNanos;
    if (verdict == Verdict.QUICK && took < SLOW_NANOS) {
      return false;
    }
    boolean isSlow = took >= SLOW_NANOS;
    if (isSlow) {
      watched = WATCHED_CALLS;
      if (verdict != Verdict.QUICK && isTooMuch(verdict, took, endNanos, wait)) {
        pause(took, endNanos);
        return true;
      }
    } else {
      watched = Math.max(watched - 1, 0);
      lostToOthers = Math.max(lostToOthers - RING_NANOS, 0);
      if (watched == 0) {
        pauseNanos = 0;
      }
    }
    if (verdict == Verdict.TRYING) { // others know nothing of a pause that began meanwhile
      pausedUntil = 0;
    }
    return isSlow;
  }

  /** Adds up slow calls; returns whether they cost more than the ring would. */
  private boolean isTooMuch(Verdict verdict, long took, long now, Wait wait) {
    if (wait == Wait.NONE) {
      return false;
    }
    long madeGood = (long) (MADE_GOOD * Math.max(0, now - lastSlow));
    long left = Math.max(0, madeGood - lostToOthers);
    lostToOthers = Math.max(0, lostToOthers - madeGood) + (wait == Wait.OTHERS ? took : 0);
    lostToDevice = Math.max(0, lostToDevice - left) + (wait == Wait.DEVICE ? took : 0);
    lastSlow = now;
    // One that ends a pause has met the kernel's workers, who did the others' work.
    return lostToDevice + lostToOthers >= LOST_NANOS_MAX
        || (verdict == Verdict.TRYING && took >= STILL_SLOW_NANOS);
  }

  /** Returns whether a call that is not over should make others pause if its thread sleeps. */
  static boolean isLong(long took) {
    return took >= TAKING_LONG_NANOS;
  }

  /** Begins a pause, or prolongs it, since a thread sleeps in a call that has taken long. */
  void isTakingLong(long took, long now) {
    long pause = Math.clamp(PAUSE_FACTOR * took, LEAST_PAUSE_NANOS, LONGEST_PAUSE_NANOS);
    if (pausedUntil == 0 || now + pause - pausedUntil > 0) {
      forgetOldPauses(now);
      pauseUntil(Math.max(pauseNanos, pause), now + pause);
    }
  }

  private void pause(long took, long now) {
    forgetOldPauses(now);
    long pause = Math.max(LEAST_PAUSE_NANOS, Math.max(2 * pauseNanos, PAUSE_FACTOR * took));
    long bounded = Math.min(pause, LONGEST_PAUSE_NANOS);
    pauseUntil(bounded, now + bounded);
  }

  private void forgetOldPauses(long now) {
    if (now - pauseEnd > FORGETTING_PAUSES * pauseNanos) {
      pauseNanos = 0;
    }
  }

  private void pauseUntil(long nanos, long end) {
    pauseNanos = nanos;
    pauseEnd = end;
    pausedUntil = nonZero(end);
    watched = WATCHED_CALLS;
  }

  private static long nonZero(long nanos) {
    return nanos == 0 ? 1 : nanos;
  }
}
