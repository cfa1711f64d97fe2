package io.ringspun.os;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.FaultyRing;
import io.ringspun.OperationException;
import io.ringspun.OperationTimeoutException;
import io.ringspun.Ring;
import io.ringspun.RingClosedException;
import io.ringspun.buffer.BufferRing;
import io.ringspun.buffer.Chunk;
import io.ringspun.buffer.ReceiveStream;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.LinuxKernel;
import io.ringspun.internal.kernel.SystemCall;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FourEnds;
import io.ringspun.testing.Liburing;
import java.lang.foreign.ValueLayout;
import java.nio.channels.ClosedChannelException;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;

class EventFdTest {

  @Liburing("eventfd")
  @ParameterizedTest
  @EachCaller
  void await_fourEnds(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        EventFd counter = EventFd.open(ring)) {
      new FourEnds(counter::await, () -> counter.signal(7), counter::close).check(ring, caller, 7L);
    }
  }

  /** A counter that is full. */
  @ParameterizedTest
  @EachCaller
  void signal_fourEnds(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        EventFd counter = EventFd.open(ring)) {
      counter.signal(Long.MAX_VALUE);
      counter.signal(Long.MAX_VALUE); // together 2^64-2
      new FourEnds(
              () -> {
                counter.signal(Long.MAX_VALUE);
                counter.signal(Long.MAX_VALUE);
                return true;
              },
              () -> assertEquals(-2, counter.await()),
              counter::close)
          .check(ring, caller, true);
    }
  }

  @ParameterizedTest
  @EachCaller
  void semaphore_isTakenOneByOne(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        EventFd permits = EventFd.openSemaphore(ring, 2)) {
      caller.run(
          ring,
          () -> {
            assertEquals(1, permits.await());
            assertEquals(1, permits.await());
          });
      var first = BlockedCall.start(ring, caller, permits::await);
      var second = BlockedCall.start(ring, caller, permits::await);
      first.awaitInFlight(ring, 2);
      second.awaitInFlight(ring, 2);
      permits.signal(2);
      assertEquals(1, first.result());
      assertEquals(1, second.result());
      EventFd hasty = permits.within(Duration.ofMillis(5));
      assertThrows(OperationTimeoutException.class, hasty::await);
    }
  }

  @Liburing("read-mshot")
  @ParameterizedTest
  @EachCaller
  void receive_fourEnds(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        BufferRing buffers = BufferRing.open(ring, 4, 8);
        EventFd counter = EventFd.open(ring);
        ReceiveStream stream = counter.receive(buffers)) {
      new FourEnds(
              () -> {
                try (Chunk chunk = stream.next()) {
                  return chunk.segment().get(ValueLayout.JAVA_LONG_UNALIGNED, 0);
                }
              },
              () -> counter.signal(3),
              counter::close)
          .check(ring, caller, 3L);
    }
  }

  @Test
  void adopt_foreignCounter() throws Exception {
    int flags = 0x80000 | 0x800; // closed on exec, non-blocking
    int fd = (int) LinuxKernel.INSTANCE.call(SystemCall.EVENTFD2, 5, flags);
    try (Ring ring = Ring.open();
        EventFd counter = EventFd.adopt(ring, fd)) {
      assertEquals(5, counter.await());
      var waiting = BlockedCall.start(ring, counter::await).awaitInFlight(ring, 1);
      assertEquals(0, LinuxKernel.INSTANCE.signal(fd));
      assertEquals(1, waiting.result());
      assertThrows(IllegalArgumentException.class, () -> EventFd.adopt(ring, -1));
      assertThrows(IllegalArgumentException.class, () -> counter.signal(0));
      assertThrows(IllegalArgumentException.class, () -> EventFd.openSemaphore(ring, -1));
    }
  }

  @Liburing("eventfd-reg")
  @ParameterizedTest
  @EachCaller
  void signalledBy_eachCompletion(Caller caller) throws Exception {
    try (Ring watched = Ring.open();
        Ring ring = Ring.open();
        EventFd counter = EventFd.open(ring)) {
      caller.run(
          watched,
          () -> {
            try (CompletionSignals signals = counter.signalledBy(watched)) {
              watched.nop();
              OperationException refused =
                  assertThrows(OperationException.class, () -> counter.signalledBy(watched));
              assertEquals(Errno.EBUSY, refused.errno());
              signals.close(); // and again
            }
          });
      assertTrue(counter.await() > 0);
      EventFd hasty = counter.within(Duration.ofMillis(5));
      int late = 0; // the kernel may delay a signal, and that of several completions is one
      for (int i = 0; i < 20; i++) {
        watched.nop();
        late += isSilent(hasty) ? 0 : 1;
      }
      assertTrue(late < 10, "it signals no more");
      try (CompletionSignals _ = counter.signalledBy(watched)) {
        var waiting = BlockedCall.start(ring, caller, counter::await);
        watched.nop();
        assertTrue(waiting.result() > 0);
      }
    }
  }

  private static boolean isSilent(EventFd counter) throws Exception {
    try {
      counter.await();
      return false;
    } catch (OperationTimeoutException _) {
      return true;
    }
  }

  @Liburing("eventfd-reg")
  @Test
  void signalledBy_whatIsGone() throws Exception {
    Ring gone = Ring.open();
    try (Ring ring = Ring.open();
        EventFd counter = EventFd.open(ring)) {
      CompletionSignals signals = counter.signalledBy(gone);
      gone.close();
      signals.close();
      assertThrows(RingClosedException.class, () -> counter.signalledBy(gone));
      counter.close();
      assertThrows(ClosedChannelException.class, () -> counter.signalledBy(ring));
    }
  }

  @Test
  void open_refused() throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel)) {
      kernel.failCall(SystemCall.EVENTFD2, Errno.EMFILE);
      assertEquals(
          Errno.EMFILE, assertThrows(OperationException.class, () -> EventFd.open(ring)).errno());
    }
  }
}
