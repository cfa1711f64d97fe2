package io.ringspun.liburing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.Ring;
import io.ringspun.RingOptions;
import io.ringspun.Step;
import io.ringspun.buffer.BufferRing;
import io.ringspun.buffer.Chunk;
import io.ringspun.buffer.ReceiveStream;
import io.ringspun.os.EventFd;
import io.ringspun.os.Poll;
import io.ringspun.os.PollEvent;
import io.ringspun.os.RingMailbox;
import io.ringspun.raw.SetupFlag;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.Fifo;
import io.ringspun.testing.Liburing;
import io.ringspun.testing.SocketPair;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;

/** More than the queues hold, and an order between what is in them. */
class QueuesTest {
  private static final RingOptions SMALL =
      RingOptions.defaults().withEntries(2).withCompletionEntries(4);

  /** Far more polls complete at once than there are completion entries. */
  @Liburing({"cq-overflow", "poll-mshot-overflow"})
  @ParameterizedTest
  @EachCaller
  void completions_overflow(Caller caller) throws Exception {
    try (Ring ring = Ring.open(SMALL)) {
      overflow(ring, caller, 100);
      assertTrue(ring.metrics().overflows() > 0, ring.metrics().toString());
      assertEquals(4, ring.metrics().completionEntries());
    }
  }

  /** The queue grows, with what was in it and what had no room, until there is room for all. */
  @Liburing({"resize-rings", "large-resize"})
  @ParameterizedTest
  @EachCaller
  void completions_makeTheQueueGrow(Caller caller) throws Exception {
    try (Ring ring = Ring.open(SMALL.withCompletionEntriesUpTo(1024))) {
      long before = -1;
      for (int i = 0; ring.metrics().overflows() != before; i++) {
        assertTrue(i < 100, "it does not grow: " + ring.metrics());
        before = ring.metrics().overflows();
        overflow(ring, caller, 100);
      }
      assertTrue(ring.metrics().completionEntries() > 4, ring.metrics().toString());
      assertTrue(ring.chain().nop().nop().attempt().succeeded());
    }
  }

  /** It does not grow further than it may. */
  @Liburing("resize-rings")
  @ParameterizedTest
  @EachCaller
  void completions_makeTheQueueGrow_toTheLimit(Caller caller) throws Exception {
    try (Ring ring = Ring.open(SMALL.withCompletionEntriesUpTo(8))) {
      for (int i = 0; i < 3; i++) {
        overflow(ring, caller, 100);
      }
      assertEquals(8, ring.metrics().completionEntries());
    }
  }

  /** A kernel that cannot do it is not asked twice. */
  @Liburing("resize-rings")
  @ParameterizedTest
  @EachCaller
  void completions_wouldMakeTheQueueGrow_refused(Caller caller) throws Exception {
    RingOptions options = SMALL.withFlags(SetupFlag.COOP_TASKRUN).withCompletionEntriesUpTo(32);
    try (Ring ring = Ring.open(options)) {
      overflow(ring, caller, 100);
      assertTrue(ring.metrics().overflows() > 0);
      assertEquals(4, ring.metrics().completionEntries());
    }
  }

  /** Waits for one counter many times, so that one signal brings many completions at once. */
  private static void overflow(Ring ring, Caller caller, int count) throws Exception {
    List<Poll> polls = new ArrayList<>();
    try (EventFd event = EventFd.open(ring)) {
      List<BlockedCall<Set<PollEvent>>> waiting = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        Poll poll = Poll.open(event, PollEvent.READABLE);
        polls.add(poll);
        waiting.add(BlockedCall.start(ring, caller, poll::next));
      }
      Await.until("all wait", () -> ring.metrics().inFlight() == count);
      event.signal();
      for (BlockedCall<Set<PollEvent>> call : waiting) {
        assertEquals(Set.of(PollEvent.READABLE), call.result());
      }
      polls.forEach(Poll::close);
      assertEquals(0, ring.metrics().inFlight());
    }
  }

  /** The receiving ring's queue is too small for what is sent to it. */
  @Liburing("msg-ring-overflow")
  @ParameterizedTest
  @EachCaller
  void messages_overflow(Caller caller) throws Exception {
    int count = 5000;
    try (Ring sender = Ring.open();
        Ring ring = Ring.open(SMALL);
        RingMailbox box = RingMailbox.open(ring)) {
      var sending =
          BlockedCall.start(
              sender,
              caller,
              () -> {
                for (int i = 0; i < count; i++) {
                  box.send(sender, i);
                }
                return null;
              });
      for (int i = 0; i < count; i++) {
        assertEquals(i, box.receive());
      }
      sending.result();
    }
  }

  /** Operations with many completions hold up no barrier, and a barrier holds up none of theirs. */
  @Liburing({"multicqes_drain", "recv-mshot-drain"})
  @ParameterizedTest
  @EachCaller
  void drain_besideMultishots(Caller caller, @TempDir Path directory) throws Exception {
    try (Ring ring = Ring.open();
        BufferRing buffers = BufferRing.open(ring, 8, 16);
        SocketPair peers = SocketPair.open(ring);
        ReceiveStream stream = peers.right().receive(buffers);
        Fifo fifo = Fifo.open(ring, directory)) {
      peers.left().write(ByteBuffer.wrap(new byte[] {1}));
      assertEquals(1, next(stream));
      caller.run(ring, () -> ring.chain().add(Step.nop().afterEverythingElse()).nop().run());

      var blocked = BlockedCall.start(ring, caller, fifo::read).awaitInFlight(ring, 2);
      var barrier =
          BlockedCall.start(
              ring,
              caller,
              () -> ring.chain().add(Step.nop().afterEverythingElse()).attempt().succeeded());
      Await.parked(barrier.thread());
      assertFalse(barrier.hasEnded(), "a read is still in flight");
      fifo.write(7);
      assertEquals((byte) 7, blocked.result());
      assertTrue(barrier.result());
      peers.left().write(ByteBuffer.wrap(new byte[] {2}));
      assertEquals(2, next(stream));
    }
  }

  private static int next(ReceiveStream stream) throws Exception {
    try (Chunk chunk = stream.next()) {
      return chunk.segment().get(ValueLayout.JAVA_BYTE, 0);
    }
  }

  /** Every batch is one submission of as much as fits, and no operation is left out. */
  @Liburing("cq-full")
  @Test
  void batches_ofAnySize() throws Exception {
    try (Ring ring = Ring.open(SMALL)) {
      for (int size = 1; size <= 40; size++) {
        var batch = ring.batch();
        for (int i = 0; i < size; i++) {
          batch.nop();
        }
        long before = ring.metrics().completed();
        assertTrue(batch.attempt().succeeded());
        assertEquals(before + size, ring.metrics().completed());
      }
    }
  }
}
