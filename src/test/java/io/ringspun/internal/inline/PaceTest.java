package io.ringspun.internal.inline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.internal.inline.Pace.Verdict;
import io.ringspun.internal.inline.Pace.Wait;
import org.junit.jupiter.api.Test;

/** Goal: slow calls go to the ring, for pauses that double. Method: a clock of the test's own. */
class PaceTest {
  private static final long QUICK = 1_000;
  private static final long SLOW = 1_000_000;
  private static final long VERY_SLOW = 50_000_000;
  private static final long LEAST_PAUSE = 10_000_000;

  private final Pace pace = new Pace();
  private long now = 1;

  /** Makes a call; returns whether it was made on the calling thread. */
  private boolean call(long nanos, boolean sleeps) {
    Verdict verdict = pace.ask(now);
    if (verdict == Verdict.PAUSED) {
      return false;
    }
    long start = now;
    now += nanos;
    pace.ended(verdict, start, now, sleeps && verdict != Verdict.QUICK ? Wait.DEVICE : Wait.NONE);
    return true;
  }

  /** Returns how long calls go to the ring, in steps of a millisecond. */
  private long pauseMillis() {
    long start = now;
    while (pace.ask(now) == Verdict.PAUSED) {
      now += 1_000_000;
    }
    pace.ended(Verdict.TRYING, now, now + QUICK, Wait.NONE); // for the one that was asked about
    return (now - start) / 1_000_000;
  }

  @Test
  void quickCalls_stay() {
    for (int i = 0; i < 1_000; i++) {
      assertTrue(call(QUICK, false));
    }
    assertEquals(Verdict.QUICK, pace.ask(now));
  }

  @Test
  void oneSlowCall_isWatchedOnly() {
    assertTrue(call(SLOW, true));
    assertEquals(Verdict.WATCHED, pace.ask(now));
    for (int i = 0; i < 256; i++) {
      assertTrue(call(QUICK, false));
    }
    assertEquals(Verdict.QUICK, pace.ask(now));
  }

  /** The thread lost its processor: it was slow, but did not wait. */
  @Test
  void slowCallsThatDoNotSleep_stay() {
    for (int i = 0; i < 100; i++) {
      assertTrue(call(SLOW, false));
    }
  }

  /** Makes slow calls until they pause. */
  private void callSlowly() {
    int calls = 0;
    while (call(SLOW, true)) {
      calls++;
    }
    assertTrue(calls <= 20, calls + " slow calls before the pause");
  }

  @Test
  void slowCallsThatSleep_pause() {
    callSlowly();
    assertEquals(LEAST_PAUSE, pauseMillis() * 1_000_000);
    assertTrue(call(QUICK, false));
  }

  @Test
  void verySlowCall_pausesOnceCallsAreWatched() {
    callVerySlowly();
    assertFalse(call(QUICK, false));
    assertEquals(500, pauseMillis(), "ten times as long as the call");
  }

  /** Others may have had the processor for as long as that. */
  @Test
  void verySlowCallsThatDoNotSleep_stay() {
    for (int i = 0; i < 100; i++) {
      assertTrue(call(VERY_SLOW, false));
    }
  }

  private void callVerySlowly() {
    assertTrue(call(VERY_SLOW, true), "it is not watched");
    assertTrue(call(VERY_SLOW, true));
  }

  @Test
  void pauses_double() {
    callVerySlowly();
    now += 500_000_000;
    for (long millis : new long[] {1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000}) {
      assertTrue(call(3 * SLOW, true), "one tries");
      now += (millis - 1) * 1_000_000;
      assertFalse(call(3 * SLOW, true), millis + " ms are not over");
      now += 1_000_000;
    }
  }

  /** It waited for what the kernel's workers hold, who do the work meanwhile. */
  @Test
  void afterAPause_oneThatIsALittleSlowEndsIt() {
    callVerySlowly();
    now += 500_000_000;
    assertTrue(call(SLOW, true));
    assertEquals(Verdict.WATCHED, pace.ask(now));
    assertTrue(call(QUICK, false));
  }

  @Test
  void afterAPause_oneTriesAtATime() {
    callVerySlowly();
    now += 500_000_000;
    assertEquals(Verdict.TRYING, pace.ask(now));
    assertEquals(Verdict.PAUSED, pace.ask(now), "the first has not come back");
    pace.ended(Verdict.TRYING, now, now + QUICK, Wait.NONE);
    assertEquals(Verdict.WATCHED, pace.ask(now + QUICK));
  }

  @Test
  void quickCallsAfterAPause_makeTheNextOneShort() {
    callVerySlowly();
    now += 500_000_000;
    for (int i = 0; i < 256; i++) {
      assertTrue(call(QUICK, false));
    }
    callSlowly();
    assertEquals(LEAST_PAUSE, pauseMillis() * 1_000_000);
  }

  /** A lock in the kernel is taken now and then: that costs less than the ring. */
  @Test
  void fewSlowCalls_stay() {
    for (int i = 0; i < 1_000; i++) {
      assertTrue(call(SLOW / 2, true));
      now += 2 * SLOW;
    }
  }

  /**
   * One thread sleeps for a lock that another takes again and again: the ring's workers would wait
   * for it, too.
   */
  @Test
  void longSleepsForALock_amongManyQuickCalls_stay() {
    assertTrue(sleepsAmongQuickCalls(Wait.OTHERS, 1_000));
  }

  /** The same, but it sleeps for a device: the ring would do that for all at once. */
  @Test
  void longSleepsForADevice_amongManyQuickCalls_pause() {
    assertFalse(sleepsAmongQuickCalls(Wait.DEVICE, 20));
  }

  /** A thread that does nothing but sleep, now for this, now for that. */
  @Test
  void sleepsOfBothKinds_pause() {
    int calls = 0;
    for (Verdict verdict = pace.ask(now); verdict != Verdict.PAUSED; verdict = pace.ask(now)) {
      long start = now;
      now += SLOW;
      Wait wait = ++calls % 2 == 0 ? Wait.DEVICE : Wait.OTHERS;
      pace.ended(verdict, start, now, verdict == Verdict.QUICK ? Wait.NONE : wait);
      assertTrue(calls <= 20, "it sleeps all the time");
    }
  }

  @Test
  void pausesFarApart_whileACallTakesLong_doNotDouble() {
    callVerySlowly();
    for (int i = 0; i < 6; i++) {
      now += 100_000 * SLOW;
      pace.isTakingLong(20 * SLOW, now);
      assertEquals(200, pauseMillis());
    }
  }

  /** Returns whether all sleeps of 4 ms were on the calling thread. */
  private boolean sleepsAmongQuickCalls(Wait wait, int sleeps) {
    for (int i = 0; i < sleeps; i++) {
      Verdict sleeper = pace.ask(now);
      if (sleeper == Verdict.PAUSED) {
        return false;
      }
      long start = now;
      for (int j = 0; j < 400; j++) {
        call(10 * QUICK, false);
      }
      pace.ended(sleeper, start, now, sleeper == Verdict.QUICK ? Wait.NONE : wait);
    }
    return true;
  }

  @Test
  void callThatIsNotOver_pausesTheOthers() {
    pace.ask(now);
    assertFalse(Pace.isLong(4 * SLOW), "another may take a lock so long");
    assertTrue(Pace.isLong(20 * SLOW));
    now += 20 * SLOW;
    pace.isTakingLong(20 * SLOW, now);
    assertEquals(Verdict.PAUSED, pace.ask(now));
  }

  /** A quick call that began before the pause says nothing of what comes. */
  @Test
  void quickCallFromBeforeThePause_leavesThePause() {
    assertTrue(call(SLOW, true));
    Verdict watched = pace.ask(now);
    assertEquals(Verdict.WATCHED, watched);
    pace.isTakingLong(20 * SLOW, now);
    pace.ended(watched, now, now + QUICK, Wait.NONE);
    assertEquals(Verdict.PAUSED, pace.ask(now + QUICK));
  }

  /** A pause now and then is as long as the first, however many there were. */
  @Test
  void pausesFarApart_doNotDouble() {
    for (int i = 0; i < 10; i++) {
      callSlowly();
      assertEquals(LEAST_PAUSE, pauseMillis() * 1_000_000);
      now += 1_000 * SLOW;
    }
  }

  /** It was not watched, so it does not know whether it slept. */
  @Test
  void callThatEndsDuringAPause_leavesThePause() {
    Verdict verdict = pace.ask(now);
    long start = now;
    now += 20 * SLOW;
    pace.isTakingLong(20 * SLOW, now);
    pace.ended(verdict, start, now, Wait.NONE);
    assertEquals(Verdict.PAUSED, pace.ask(now));
  }
}
