package io.ringspun.liburing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.Ring;
import io.ringspun.os.Poll;
import io.ringspun.os.PollEvent;
import io.ringspun.os.RingPipe;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.Liburing;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;

/** Operations that are given up, alone, by the descriptor, and by the thousand. */
class CancelsTest {
  private static final Set<PollEvent> READABLE = Set.of(PollEvent.READABLE);

  private static BlockedCall<Set<PollEvent>> poll(Ring ring, Caller caller, RingPipe pipe) {
    return BlockedCall.start(ring, caller, () -> Poll.await(pipe.source(), PollEvent.READABLE));
  }

  /** All that wait for one descriptor, and nothing that waits for another. */
  @Liburing("poll-cancel-all")
  @Test
  void polls_ofOneDescriptor() throws Exception {
    try (Ring ring = Ring.open();
        RingPipe closed = RingPipe.open(ring);
        RingPipe other = RingPipe.open(ring)) {
      List<BlockedCall<Set<PollEvent>>> ended = new ArrayList<>();
      List<BlockedCall<Set<PollEvent>>> kept = new ArrayList<>();
      for (int i = 0; i < 60; i++) {
        ended.add(poll(ring, Caller.values()[i % 3], closed));
        kept.add(poll(ring, Caller.values()[i % 3], other));
      }
      Await.until("all are in flight", () -> ring.metrics().inFlight() == 120);
      closed.source().close();
      for (BlockedCall<Set<PollEvent>> call : ended) {
        assertThrows(AsynchronousCloseException.class, call::result);
      }
      assertEquals(60, ring.metrics().inFlight());
      other.sink().write(Bytes.direct(1, 0, 1));
      for (BlockedCall<Set<PollEvent>> call : kept) {
        assertEquals(READABLE, call.result());
      }
    }
  }

  @Liburing("poll-cancel-ton")
  @Test
  void polls_thousandsInterrupted() throws Exception {
    int count = 4000;
    try (Ring ring = Ring.open();
        RingPipe pipe = RingPipe.open(ring)) {
      List<BlockedCall<Set<PollEvent>>> calls = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        calls.add(poll(ring, i % 2 == 0 ? Caller.VIRTUAL : Caller.CARRIED, pipe));
      }
      Await.until("all wait", () -> ring.metrics().inFlight() + ring.metrics().waiting() == count);
      calls.forEach(BlockedCall::interrupt);
      for (BlockedCall<Set<PollEvent>> call : calls) {
        assertThrows(InterruptedIOException.class, call::result);
      }
      assertEquals(0, ring.metrics().inFlight());
    }
  }

  /** Of writers to a full pipe every other one is interrupted; the bytes are those of the rest. */
  @Liburing("io-cancel")
  @Test
  void writes_everyOtherOne() throws Exception {
    try (Ring ring = Ring.open();
        RingPipe pipe = RingPipe.open(ring)) {
      int capacity = pipe.resize(4096);
      pipe.sink().write(ByteBuffer.allocate(capacity));
      List<BlockedCall<Integer>> writers = new ArrayList<>();
      for (int i = 0; i < 20; i++) {
        ByteBuffer one = ByteBuffer.allocateDirect(1).put((byte) i).flip();
        writers.add(BlockedCall.start(ring, Caller.values()[i % 3], () -> pipe.sink().write(one)));
      }
      Await.until("all are in flight", () -> ring.metrics().inFlight() == 20);
      for (int i = 0; i < 20; i += 2) {
        writers.get(i).interrupt();
        assertThrows(InterruptedIOException.class, writers.get(i)::result);
      }
      assertEquals(capacity, pipe.source().read(ByteBuffer.allocate(capacity)));
      boolean[] seen = new boolean[20];
      for (int i = 1; i < 20; i += 2) {
        ByteBuffer one = ByteBuffer.allocate(1);
        assertEquals(1, pipe.source().read(one));
        seen[one.get(0)] = true;
        assertEquals(1, writers.get(i).result());
      }
      for (int i = 0; i < 20; i++) {
        assertEquals(i % 2 == 1, seen[i], "byte " + i);
      }
    }
  }

  /** Interrupted while it completes, a poll has told of the event or has been interrupted. */
  @Liburing("cancel-race")
  @ParameterizedTest
  @EachCaller
  void poll_interruptRacesWithEvent(Caller caller) throws Exception {
    int events = 0;
    try (Ring ring = Ring.open();
        RingPipe pipe = RingPipe.open(ring)) {
      for (int round = 0; round < 200; round++) {
        var call = poll(ring, caller, pipe).awaitInFlight(ring, 1);
        Thread writer =
            Thread.ofVirtual()
                .unstarted(
                    () -> {
                      try {
                        pipe.sink().write(ByteBuffer.allocate(1));
                      } catch (Exception e) {
                        throw new AssertionError(e);
                      }
                    });
        if (round % 2 == 0) {
          writer.start();
          call.interrupt();
        } else {
          call.interrupt();
          writer.start();
        }
        try {
          assertEquals(READABLE, call.result());
          events++;
        } catch (InterruptedIOException _) {
          // the other way to end
        }
        writer.join();
        assertEquals(1, pipe.source().read(ByteBuffer.allocate(10)));
        assertEquals(0, ring.metrics().inFlight());
      }
    }
    assertTrue(events < 200, "no interrupt came in time");
  }
}
