package io.ringspun.liburing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.OperationTimeoutException;
import io.ringspun.Ring;
import io.ringspun.os.CompletionSignals;
import io.ringspun.os.Epoll;
import io.ringspun.os.EventFd;
import io.ringspun.os.Poll;
import io.ringspun.os.PollEvent;
import io.ringspun.os.RingFd;
import io.ringspun.os.RingPipe;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.Liburing;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;

/** Wake-ups that must be neither lost nor doubled. */
class PollsTest {
  private static final Set<PollEvent> READABLE = Set.of(PollEvent.READABLE);

  /** All who wait for the same descriptor learn of one event. */
  @Liburing("poll-race")
  @Test
  void event_wakesAll() throws Exception {
    try (Ring ring = Ring.open();
        Ring second = Ring.open();
        RingPipe pipe = RingPipe.open(ring)) {
      for (int round = 0; round < 30; round++) {
        List<BlockedCall<Set<PollEvent>>> calls = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
          calls.add(
              BlockedCall.start(
                  i % 2 == 0 ? ring : second,
                  Caller.values()[i % 3],
                  () -> Poll.await(pipe.source(), PollEvent.READABLE)));
        }
        if (round % 2 == 0) { // else some begin before and some after it
          Await.until(
              "all are in flight",
              () -> ring.metrics().inFlight() + second.metrics().inFlight() == 12);
        }
        pipe.sink().write(ByteBuffer.allocate(1));
        for (BlockedCall<Set<PollEvent>> call : calls) {
          assertEquals(READABLE, call.result());
        }
        assertEquals(1, pipe.source().read(ByteBuffer.allocate(9)));
      }
    }
  }

  /** Question and answer in turn, each awaited by a poll that stays armed. */
  @Liburing("poll-race-mshot")
  @ParameterizedTest
  @EachCaller
  void multishot_losesNoEvent(Caller caller) throws Exception {
    int rounds = 500;
    try (Ring ring = Ring.open();
        RingPipe there = RingPipe.open(ring);
        RingPipe back = RingPipe.open(ring)) {
      var echo = BlockedCall.start(ring, caller, () -> take(there, back, rounds));
      there.sink().write(ByteBuffer.allocate(1));
      assertEquals(rounds, take(back, there, rounds));
      assertEquals(rounds, echo.result());
    }
  }

  private static int take(RingPipe from, RingPipe to, int rounds) throws Exception {
    int taken = 0;
    try (Poll poll = Poll.open(from.source(), PollEvent.READABLE)) {
      while (taken < rounds) {
        assertEquals(READABLE, poll.next());
        taken += from.source().read(ByteBuffer.allocate(1));
        to.sink().write(ByteBuffer.allocate(1));
      }
    }
    return taken;
  }

  /** Hundreds of descriptors, ready in any order: each wakes its own. */
  @Liburing("poll-many")
  @Test
  void many_wakeTheirOwn() throws Exception {
    int count = 300;
    List<RingPipe> pipes = new ArrayList<>();
    List<BlockedCall<Set<PollEvent>>> calls = new ArrayList<>();
    List<Integer> order = new ArrayList<>();
    try (Ring ring = Ring.open()) {
      for (int i = 0; i < count; i++) {
        RingPipe pipe = RingPipe.open(ring);
        pipes.add(pipe);
        order.add(i);
        calls.add(
            BlockedCall.start(
                ring, Caller.values()[i % 3], () -> Poll.await(pipe.source(), PollEvent.READABLE)));
      }
      Await.until("all are in flight", () -> ring.metrics().inFlight() == count);
      Collections.shuffle(order, new Random(42));
      int left = count;
      for (int i : order) {
        pipes.get(i).sink().write(ByteBuffer.allocate(1));
        assertEquals(READABLE, calls.get(i).result());
        left--;
        assertEquals(left, ring.metrics().inFlight());
      }
      for (RingPipe pipe : pipes) {
        pipe.close();
      }
    }
  }

  /** The same events by a poll and by an epoll set. */
  @Liburing("poll-v-poll")
  @Test
  void events_areThoseOfEpoll() throws Exception {
    try (Ring ring = Ring.open();
        RingPipe pipe = RingPipe.open(ring)) {
      pipe.sink().write(ByteBuffer.allocate(1));
      assertSame(ring, pipe.source(), READABLE);
      assertSame(ring, pipe.sink(), Set.of(PollEvent.WRITABLE));
      pipe.sink().close();
      assertSame(ring, pipe.source(), Set.of(PollEvent.READABLE, PollEvent.HANG_UP));
      pipe.source().read(ByteBuffer.allocate(1));
      assertSame(ring, pipe.source(), Set.of(PollEvent.HANG_UP));
    }
    try (Ring ring = Ring.open();
        RingPipe pipe = RingPipe.open(ring)) {
      pipe.source().close();
      assertSame(ring, pipe.sink(), Set.of(PollEvent.WRITABLE, PollEvent.ERROR));
    }
  }

  private static void assertSame(Ring ring, RingFd end, Set<PollEvent> expected) throws Exception {
    PollEvent[] asked = {PollEvent.READABLE, PollEvent.WRITABLE};
    assertEquals(expected, Poll.await(end, asked));
    try (Epoll epoll = Epoll.open(ring)) {
      epoll.add(end, 1, asked);
      assertEquals(List.of(new Epoll.Event(1, expected)), epoll.await(4));
    }
  }

  /** A set in a set, and the outer one polled. */
  @Liburing("eploop")
  @ParameterizedTest
  @EachCaller
  void epoll_inEpoll(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        RingPipe pipe = RingPipe.open(ring);
        Epoll inner = Epoll.open(ring);
        Epoll outer = Epoll.open(ring)) {
      inner.add(pipe.source(), 1, PollEvent.READABLE);
      outer.add(inner, 2, PollEvent.READABLE);
      var waiting =
          BlockedCall.start(ring, caller, () -> Poll.await(outer, PollEvent.READABLE))
              .awaitInFlight(ring, 1);
      pipe.sink().write(ByteBuffer.allocate(1));
      assertEquals(READABLE, waiting.result());
      assertEquals(List.of(new Epoll.Event(2, READABLE)), outer.await(4));
      assertEquals(List.of(new Epoll.Event(1, READABLE)), inner.await(4));
    }
  }

  /** A ring signals its own completions and reads the signals, each of which is a completion. */
  @Liburing("evloop")
  @ParameterizedTest
  @EachCaller
  void signals_ofTheRingItself(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        EventFd counter = EventFd.open(ring)) {
      try (CompletionSignals _ = counter.signalledBy(ring)) {
        for (int i = 0; i < 20; i++) {
          ring.nop();
          assertTrue(caller.call(ring, counter::await) > 0);
        }
      }
      caller.run(ring, ring::nop);
      EventFd hasty = counter.within(Duration.ofMillis(5));
      assertThrows(
          OperationTimeoutException.class,
          () -> {
            for (int i = 0; i < 100; i++) {
              hasty.await(); // what was signalled before it ended
            }
          });
    }
  }

  /** Two rings, each of which reads the other's signals. */
  @Liburing("eventfd-ring")
  @Test
  void signals_ofEachOther() throws Exception {
    try (Ring one = Ring.open();
        Ring two = Ring.open();
        EventFd ofTwo = EventFd.open(one);
        EventFd ofOne = EventFd.open(two);
        CompletionSignals _ = ofTwo.signalledBy(two);
        CompletionSignals _ = ofOne.signalledBy(one)) {
      for (Caller caller : Caller.values()) {
        var waiting = BlockedCall.start(one, caller, ofTwo::await);
        two.nop();
        assertTrue(waiting.result() > 0);
        var other = BlockedCall.start(two, caller, ofOne::await);
        one.nop();
        assertTrue(other.result() > 0);
      }
    }
  }
}
