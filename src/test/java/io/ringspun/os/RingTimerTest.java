package io.ringspun.os;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.FaultyRing;
import io.ringspun.Ring;
import io.ringspun.RingClosedException;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import io.ringspun.testing.FourEnds;
import io.ringspun.testing.Liburing;
import java.io.InterruptedIOException;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;

class RingTimerTest {
  private static final Duration SHORT = Duration.ofMillis(20);
  private static final Duration LONG = Duration.ofHours(1);

  @ParameterizedTest
  @EachCaller
  void sleep_takesAsLong(Caller caller) throws Exception {
    try (Ring ring = Ring.open()) {
      caller.run(
          ring,
          () -> {
            long start = System.nanoTime();
            RingTimer.sleep(ring, SHORT);
            assertTrue(System.nanoTime() - start >= SHORT.toNanos());
            RingTimer.sleep(ring, Duration.ZERO);
          });
      assertThrows(
          IllegalArgumentException.class, () -> RingTimer.sleep(ring, Duration.ofNanos(-1)));
    }
  }

  @ParameterizedTest
  @EachCaller
  void sleep_interruptedOrRingClosed(Caller caller) throws Exception {
    try (Ring ring = Ring.open()) {
      var interrupted = BlockedCall.start(ring, caller, () -> sleep(ring)).awaitInFlight(ring, 1);
      interrupted.interrupt();
      assertThrows(InterruptedIOException.class, interrupted::result);
      var closed = BlockedCall.start(ring, caller, () -> sleep(ring)).awaitInFlight(ring, 1);
      ring.close();
      assertThrows(AsynchronousCloseException.class, closed::result);
      assertThrows(RingClosedException.class, () -> sleep(ring));
    }
  }

  private static boolean sleep(Ring ring) throws Exception {
    RingTimer.sleep(ring, Duration.ofSeconds(Long.MAX_VALUE));
    return true;
  }

  private static boolean await(RingTimer timer) throws Exception {
    timer.await();
    return true;
  }

  @Liburing("timeout")
  @ParameterizedTest
  @EachCaller
  void await_fourEnds(Caller caller) throws Exception {
    try (Ring ring = Ring.open()) {
      for (TimerClock clock : TimerClock.values()) {
        RingTimer timer = RingTimer.after(ring, clock, LONG);
        Callable<Boolean> await =
            () -> {
              timer.await();
              timer.resetAfter(LONG); // the next call waits again
              return true;
            };
        new FourEnds(await, () -> timer.resetAfter(Duration.ZERO), timer::close)
            .check(ring, caller, true);
        assertThrows(ClosedChannelException.class, () -> timer.resetAfter(SHORT));
        timer.close();
      }
    }
  }

  @Liburing("timeout")
  @ParameterizedTest
  @EachCaller
  void await_takesAsLong(Caller caller) throws Exception {
    try (Ring ring = Ring.open()) {
      caller.run(
          ring,
          () -> {
            for (TimerClock clock : TimerClock.values()) {
              long start = System.nanoTime();
              try (RingTimer timer = RingTimer.after(ring, clock, SHORT)) {
                timer.await();
                timer.await(); // it has passed
              }
              assertTrue(System.nanoTime() - start >= SHORT.toNanos() - 5_000_000);
            }
            Instant date = Instant.now().plus(SHORT);
            try (RingTimer timer = RingTimer.at(ring, date)) {
              timer.await();
              assertFalse(Instant.now().isBefore(date));
              timer.resetAt(Instant.MIN);
              timer.await();
            }
          });
    }
  }

  /** Several threads at one timer, which is put off: none may come too early. */
  @Liburing("timeout")
  @ParameterizedTest
  @EachCaller
  void reset_later(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        RingTimer timer = RingTimer.after(ring, TimerClock.MONOTONIC, SHORT)) {
      var first = BlockedCall.start(ring, caller, () -> await(timer));
      var second = BlockedCall.start(ring, caller, () -> await(timer));
      timer.resetAfter(LONG);
      first.awaitInFlight(ring, 2);
      second.awaitInFlight(ring, 2);
      RingTimer.sleep(ring, SHORT.multipliedBy(2));
      assertFalse(first.hasEnded() || second.hasEnded());
      timer.resetAfter(SHORT);
      assertTrue(first.result());
      assertTrue(second.result());
    }
  }

  /** An update that finds nothing: the wait begins anew. */
  @Test
  void reset_kernelDoesNotFindIt() throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel);
        RingTimer timer = RingTimer.after(ring, TimerClock.MONOTONIC, LONG)) {
      FaultRule rule = kernel.add(FaultRule.on(Constants.IORING_OP_TIMEOUT_REMOVE).fail(2));
      var waiting = BlockedCall.start(ring, () -> await(timer)).awaitInFlight(ring, 1);
      timer.resetAfter(SHORT);
      assertTrue(waiting.result());
      assertEquals(1, rule.hits());
      assertThrows(IllegalStateException.class, () -> timer.resetAt(Instant.now()));
    }
  }
}
