package io.ringspun.os;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.FaultyRing;
import io.ringspun.OperationTimeoutException;
import io.ringspun.Ring;
import io.ringspun.RingClosedException;
import io.ringspun.RingOptions;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FourEnds;
import io.ringspun.testing.Liburing;
import java.io.InterruptedIOException;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RingMailboxTest {
  private static final long[] NUMBERS = {
    0, 1, -1, -2, Integer.MAX_VALUE, Integer.MIN_VALUE, Long.MAX_VALUE, Long.MIN_VALUE, 1L << 32
  };

  private static void awaitParked(BlockedCall<?> call) {
    Await.parked(call.thread());
  }

  @ParameterizedTest
  @EachCaller
  void receive_fourEnds(Caller caller) throws Exception {
    try (Ring sender = Ring.open();
        Ring ring = Ring.open();
        RingMailbox box = RingMailbox.open(ring)) {
      assertThrows(OperationTimeoutException.class, () -> box.receive(Duration.ofMillis(5)));
      new FourEnds(box::receive, () -> box.send(sender, -6), box::close, 0)
          .check(ring, caller, -6L);
      assertThrows(ClosedChannelException.class, () -> box.send(sender, 1));
      box.close();
    }
  }

  @Liburing("msg-ring")
  @ParameterizedTest
  @EachCaller
  void send_anyNumberFromAnywhere(Caller caller) throws Exception {
    try (Ring sender = Ring.open();
        Ring ring = Ring.open();
        RingMailbox box = RingMailbox.open(ring);
        RingMailbox other = RingMailbox.open(ring)) {
      for (Ring from : List.of(sender, ring)) {
        caller.run(
            from,
            () -> {
              for (long number : NUMBERS) {
                box.send(from, number);
                other.send(from, ~number);
              }
            });
        for (long number : NUMBERS) {
          assertEquals(number, box.receive());
          assertEquals(~number, other.receive());
        }
      }
      assertEquals(0, ring.metrics().stale());
    }
  }

  /** Also to a ring that sleeps, and on kernels where only rings can send. */
  @Liburing("msg-ring")
  @ParameterizedTest
  @ValueSource(ints = {0, Errno.EBADF, Errno.EINVAL})
  void send_withoutARing(int refusal) throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel);
        RingMailbox box = RingMailbox.open(ring)) {
      kernel.failSend(refusal);
      for (Caller caller : Caller.values()) {
        var waiting = BlockedCall.start(ring, caller, box::receive);
        awaitParked(waiting);
        kernel.forget();
        box.send(-1);
        assertEquals(-1, waiting.result());
        assertEquals(refusal == 0 ? 0 : 1, kernel.submitted(Constants.IORING_OP_MSG_RING));
        caller.run(
            ring,
            () -> {
              for (long number : NUMBERS) {
                box.send(number);
              }
            });
        for (long number : NUMBERS) {
          assertEquals(number, box.receive());
        }
      }
      Thread.currentThread().interrupt();
      assertThrows(InterruptedIOException.class, () -> box.send(1));
      assertTrue(Thread.interrupted());
      box.close();
      assertThrows(ClosedChannelException.class, () -> box.send(1));
      ring.close();
      assertThrows(RingClosedException.class, () -> box.send(1));
    }
  }

  /** More than the queue holds, at once. */
  @Liburing("msg-ring-overflow")
  @Test
  void send_withoutARing_overflows() throws Exception {
    try (Ring ring = Ring.open(RingOptions.defaults().withEntries(2).withCompletionEntries(4));
        RingMailbox box = RingMailbox.open(ring)) {
      for (int i = 0; i < 5000; i++) {
        box.send(i);
      }
      for (int i = 0; i < 5000; i++) {
        assertEquals(i, box.receive());
      }
    }
  }

  /**
   * From many threads of two rings to many takers: each message once, more than the queue holds.
   */
  @ParameterizedTest
  @EachCaller
  void manySendersAndTakers(Caller caller) throws Exception {
    int each = 1000;
    try (Ring first = Ring.open();
        Ring second = Ring.open();
        Ring ring = Ring.open();
        RingMailbox box = RingMailbox.open(ring)) {
      List<Caller.Begun<Boolean>> senders = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        Ring from = i % 2 == 0 ? first : second;
        long base = (long) i * each;
        senders.add(
            caller.begin(
                from,
                () -> {
                  for (int n = 0; n < each; n++) {
                    box.send(from, base + n);
                  }
                  return true;
                }));
      }
      List<Caller.Begun<List<Long>>> takers = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        takers.add(
            caller.begin(
                ring,
                () -> {
                  List<Long> taken = new ArrayList<>();
                  for (int n = 0; n < 2 * each; n++) {
                    taken.add(box.receive());
                  }
                  return taken;
                }));
      }
      TreeSet<Long> all = new TreeSet<>();
      for (var taker : takers) {
        all.addAll(taker.result());
      }
      assertEquals(8 * each, all.size());
      assertEquals(8L * each - 1, all.last());
      for (var sender : senders) {
        assertTrue(sender.result());
      }
    }
  }

  @Liburing("msg-ring")
  @Test
  void ringClosedMeanwhile() throws Exception {
    Ring ring = Ring.open();
    try (Ring sender = Ring.open();
        RingMailbox box = RingMailbox.open(ring)) {
      var waiting = BlockedCall.start(ring, Caller.VIRTUAL, box::receive);
      awaitParked(waiting);
      ring.close();
      assertThrows(RingClosedException.class, waiting::result);
      assertThrows(RingClosedException.class, () -> box.send(sender, 1));
      assertThrows(RingClosedException.class, box::receive);
    }
    assertThrows(RingClosedException.class, () -> RingMailbox.open(ring));
  }
}
