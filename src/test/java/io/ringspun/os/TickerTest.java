package io.ringspun.os;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.FaultyRing;
import io.ringspun.OperationException;
import io.ringspun.Ring;
import io.ringspun.RingClosedException;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import io.ringspun.testing.FourEnds;
import io.ringspun.testing.Liburing;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;

class TickerTest {
  private static final Duration PERIOD = Duration.ofMillis(2);

  @Liburing("timeout")
  @ParameterizedTest
  @EachCaller
  void next_countsTicks(Caller caller) throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel)) {
      for (TimerClock clock : TimerClock.values()) {
        try (Ticker ticker = Ticker.every(ring, clock, PERIOD)) {
          caller.run(
              ring,
              () -> {
                long start = System.nanoTime();
                long ticks = 0;
                while (ticks < 10) {
                  ticks += ticker.next();
                }
                long passed = System.nanoTime() - start;
                assertTrue(passed >= ticks * PERIOD.toNanos() - 5_000_000, ticks + " " + passed);
              });
        }
      }
      assertEquals(3, kernel.submitted(Constants.IORING_OP_TIMEOUT), "one for each ticker");
    }
  }

  @ParameterizedTest
  @EachCaller
  void next_countsWhatWasMissed(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        Ticker ticker = Ticker.every(ring, TimerClock.MONOTONIC, PERIOD)) {
      long first = caller.call(ring, ticker::next);
      assertTrue(first >= 1);
      RingTimer.sleep(ring, PERIOD.multipliedBy(40));
      long missed = caller.call(ring, ticker::next);
      assertTrue(missed > 1 && missed <= 1000, () -> missed + " ticks");
    }
  }

  /** The ticks come when the test says so, not when the time has passed. */
  @ParameterizedTest
  @EachCaller
  void next_fourEnds(Caller caller) throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel)) {
      Ticker ticker = Ticker.every(ring, TimerClock.MONOTONIC, Duration.ofHours(1));
      var first = BlockedCall.start(ring, caller, ticker::next).awaitInFlight(ring, 1);
      long timer =
          kernel.submitted().stream()
              .filter(request -> request.opcode() == Constants.IORING_OP_TIMEOUT)
              .findFirst()
              .orElseThrow()
              .userData();
      Caller.Action tick = () -> kernel.inject(timer, -Errno.ETIME, Constants.IORING_CQE_F_MORE);
      tick.run();
      assertEquals(1, first.result());
      new FourEnds(ticker::next, tick, ticker::close).check(ring, caller, 1L);
      ticker.close();
    }
  }

  @ParameterizedTest
  @EachCaller
  void next_ringClosedMeanwhile(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        Ticker ticker = Ticker.every(ring, TimerClock.MONOTONIC, Duration.ofHours(1))) {
      var waiting = BlockedCall.start(ring, caller, ticker::next).awaitInFlight(ring, 1);
      ring.close();
      assertThrows(RingClosedException.class, waiting::result);
    }
  }

  /** Of a timer that has just fired the kernel knows nothing for a moment. */
  @ParameterizedTest
  @EachCaller
  void close_atAnyMoment(Caller caller) throws Exception {
    for (int i = 0; i < 10; i++) {
      try (Ring ring = Ring.open()) {
        Duration period = Duration.ofNanos(20_000 + 1000L * i);
        for (int n = 0; n < 50; n++) {
          try (Ticker ticker = Ticker.every(ring, TimerClock.MONOTONIC, period)) {
            assertTrue(caller.call(ring, ticker::next) >= 1);
          }
        }
        Ticker left = Ticker.every(ring, TimerClock.MONOTONIC, period);
        left.next();
        ring.close(); // while it ticks
        left.close();
      }
    }
  }

  @Test
  void next_olderKernel() throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel);
        Ticker ticker = Ticker.every(ring, TimerClock.MONOTONIC, PERIOD)) {
      kernel.add(FaultRule.on(Constants.IORING_OP_TIMEOUT).fail(Errno.EINVAL).times(1));
      assertEquals(Errno.EINVAL, assertThrows(OperationException.class, ticker::next).errno());
      assertTrue(ticker.next() >= 1);
      Await.until("it ticks on", () -> ticker.next() >= 1);
      assertThrows(
          IllegalArgumentException.class,
          () -> Ticker.every(ring, TimerClock.MONOTONIC, Duration.ofNanos(1)));
    }
  }
}
