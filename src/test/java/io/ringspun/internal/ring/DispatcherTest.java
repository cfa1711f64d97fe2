package io.ringspun.internal.ring;

import static io.ringspun.internal.kernel.Constants.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.RingMemory;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.Once;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Random;
import java.util.function.IntPredicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Calls on their way through the queues, with this test in the place of the kernel. */
@Once
class DispatcherTest {
  private static final int ENTRIES = 8;
  private static final int LIMIT = 4;

  private final MemorySegment memory = Arena.ofAuto().allocate(16, 8);
  private final MemorySegment entries = Arena.ofAuto().allocate(ENTRIES * 64L, 8);
  private final SubmissionQueue submissions = new SubmissionQueue(ring());
  private final InFlight inFlight = new InFlight(LIMIT);
  private final Cancels cancels = new Cancels(LIMIT);
  private final Dispatcher dispatcher =
      new Dispatcher("test", new FaultKernel(), submissions, inFlight, cancels);

  private RingMemory ring() {
    return new RingMemory(
        -1,
        IORING_SETUP_NO_SQARRAY,
        0,
        new RingMemory.Submission(memory, 0, 4, 8, 0, ENTRIES),
        entries,
        new RingMemory.Completion(memory, 0, 0, 0, 0, 0));
  }

  // ---- the kernel ----------------------------------------------------------------------------

  /** An entry as the kernel finds it. */
  private record Entry(int opcode, int flags, long address, long userData) {}

  /** Takes all entries from the submission queue. */
  private List<Entry> take() {
    submissions.publish();
    List<Entry> taken = new ArrayList<>();
    int head = memory.get(ValueLayout.JAVA_INT, 0);
    for (int tail = memory.get(ValueLayout.JAVA_INT, 4); head != tail; head++) {
      long at = (head & (ENTRIES - 1)) * 64L;
      taken.add(
          new Entry(
              entries.get(ValueLayout.JAVA_BYTE, at),
              entries.get(ValueLayout.JAVA_BYTE, at + 1),
              entries.get(ValueLayout.JAVA_LONG, at + 16),
              entries.get(ValueLayout.JAVA_LONG, at + 32)));
    }
    memory.set(ValueLayout.JAVA_INT, 0, head);
    return taken;
  }

  /** Takes what is expected to be a single entry. */
  private Entry takeOne() {
    List<Entry> taken = take();
    assertEquals(1, taken.size(), taken::toString);
    return taken.getFirst();
  }

  /** Takes the cancels, and returns what they are to cancel. */
  private List<Long> takeCancels() {
    assertEquals(List.of(), take(), "entries other than cancels");
    cancels.submit(submissions);
    List<Long> targets = new ArrayList<>();
    for (Entry entry : take()) {
      assertEquals(IORING_OP_ASYNC_CANCEL, entry.opcode);
      assertTrue(cancels.isAnswer(entry.userData));
      cancels.answered(entry.userData);
      targets.add(entry.address);
    }
    return targets;
  }

  private void complete(Entry entry, int result) {
    dispatcher.complete(entry.userData, result, 0);
  }

  // ---- calls ---------------------------------------------------------------------------------

  private static final class Descriptor extends CountedDescriptor {
    Descriptor() {
      super(5, 0, false, new SyncState());
    }

    @Override
    void setNonblocking(boolean nonblocking) {}

    @Override
    boolean isSeekable() {
      return true;
    }
  }

  private Call admit(Call call) {
    dispatcher.admit(call);
    return call;
  }

  private static Call exempt() {
    Call call = Call.single();
    call.operation(0).openEnded();
    return call;
  }

  private Call admitRead(CountedDescriptor handle) {
    Call call = Call.single();
    call.operation(0).read(handle.fd(), 0, 10, 0);
    call.operation(0).on(handle).repeatable();
    return admit(call);
  }

  private List<Call> admitSingles(int count) {
    return IntStream.range(0, count).mapToObj(_ -> admit(Call.single())).toList();
  }

  private static void assertEnded(int result, Call call) {
    assertTrue(call.isDone(), "it has ended");
    assertEquals(result, call.operation(0).result());
  }

  private static List<Integer> results(Call call) {
    assertTrue(call.isDone(), "it has ended");
    return IntStream.range(0, call.size()).mapToObj(i -> call.operation(i).result()).toList();
  }

  // ---- in ------------------------------------------------------------------------------------

  @Test
  void admit_atOnce() {
    Call call = admit(Call.single());
    Entry entry = takeOne();
    assertEquals(IORING_OP_NOP, entry.opcode);
    assertFalse(call.isDone());
    complete(entry, 7);
    assertEnded(7, call);
    assertEquals(1, dispatcher.submitted());
    assertEquals(1, dispatcher.completed());
    assertEquals(0, inFlight.count());
  }

  @Test
  void admit_limitReached_waitsItsTurn() {
    List<Call> calls = admitSingles(LIMIT + 2);
    List<Entry> first = take();
    assertEquals(LIMIT, first.size());
    assertEquals(2, dispatcher.waiting());
    assertFalse(dispatcher.waitsForQueue());
    complete(first.get(1), 0);
    admitSingles(1); // must not overtake the two
    assertEquals(List.of(), take());
    dispatcher.admitQueued();
    complete(takeOne(), 42);
    assertEnded(42, calls.get(LIMIT));
    assertFalse(calls.get(LIMIT + 1).isDone());
    assertEquals(2, dispatcher.waiting());
  }

  @Test
  void admit_queueFull_waitsForTheKernelToTakeEntries() {
    for (int i = 0; i < ENTRIES; i++) {
      admit(exempt());
    }
    admitSingles(1);
    assertEquals(1, dispatcher.waiting());
    assertTrue(dispatcher.waitsForQueue());
    dispatcher.admitQueued();
    assertEquals(ENTRIES, take().size());
    dispatcher.admitQueued();
    assertEquals(1, take().size());
    assertFalse(dispatcher.waitsForQueue());
  }

  /** What may wait for ever leaves room for the others, and does not wait behind them. */
  @Test
  void admit_exempt_isNotCounted() {
    admitSingles(LIMIT + 1);
    take();
    Call exempt = admit(exempt());
    complete(takeOne(), 1);
    assertEnded(1, exempt);
    assertEquals(1, dispatcher.waiting());
  }

  /** With room for one entry a turn, the two queues take turns. */
  @Test
  void admitQueued_takesTurns() {
    for (int i = 0; i < ENTRIES; i++) {
      admit(exempt());
    }
    List<Call> counted = admitSingles(2);
    List<Call> exempts = List.of(admit(exempt()), admit(exempt()));
    take();
    for (int i = 0; i < ENTRIES - 1; i++) {
      submissions.add(Call.single().operation(0), 0, 0); // leaves room for one
    }
    List<Integer> waiting = new ArrayList<>();
    for (int turn = 0; turn < 2; turn++) {
      dispatcher.admitQueued();
      waiting.add(dispatcher.waiting());
      take();
      for (int i = 0; i < ENTRIES - 1; i++) {
        submissions.add(Call.single().operation(0), 0, 0);
      }
    }
    assertEquals(List.of(3, 2), waiting);
    assertTrue(exempts.get(0).operation(0).slot != Operation.NO_SLOT);
    assertTrue(counted.get(0).operation(0).slot != Operation.NO_SLOT);
  }

  @Test
  void admit_batch_inParts() {
    Call batch = admit(Call.batch(LIMIT + 2));
    List<Entry> first = take();
    assertEquals(LIMIT, first.size());
    complete(first.get(3), 13);
    complete(first.get(0), 10);
    dispatcher.admitQueued();
    List<Entry> rest = take();
    assertEquals(2, rest.size());
    complete(rest.get(1), 15);
    complete(rest.get(0), 14);
    complete(first.get(1), 11);
    assertFalse(batch.isDone());
    complete(first.get(2), 12);
    assertEquals(List.of(10, 11, 12, 13, 14, 15), results(batch));
  }

  @Test
  void admit_race_firstEndsTheOther() {
    Call race = admit(Call.race(2));
    List<Entry> both = take();
    complete(both.get(1), 5);
    assertEquals(List.of(both.get(0).userData), takeCancels());
    complete(both.get(0), -Errno.ECANCELED);
    assertEquals(List.of(-Errno.ECANCELED, 5), results(race));
  }

  @Test
  void admit_closedDescriptor_isNotSubmitted() {
    Descriptor handle = new Descriptor();
    handle.refuseUsers();
    assertEnded(-Errno.ECANCELED, admitRead(handle));
    assertEquals(List.of(), take());
    assertTrue(handle.isUnused());
  }

  @Test
  void admit_aboutWhatHasEnded() {
    Call target = admit(Call.single());
    complete(takeOne(), 0);
    Call about = Call.single();
    about.operation(0).about(target.operation(0));
    assertEnded(-Errno.ENOENT, admit(about));
  }

  // ---- chains --------------------------------------------------------------------------------

  private static List<Integer> flags(List<Entry> entries) {
    return entries.stream().map(Entry::flags).toList();
  }

  @Test
  void chain_goesInAsAWhole() {
    admitSingles(2);
    List<Entry> before = take();
    Call chain = admit(Call.chain(new boolean[] {false, true, false}, false));
    assertEquals(List.of(), take(), "there is room for two");
    complete(before.get(0), 0);
    dispatcher.admitQueued();
    List<Entry> linked = take();
    assertEquals(List.of(IOSQE_IO_LINK, IOSQE_IO_HARDLINK, 0), flags(linked));
    for (int i = 0; i < 3; i++) {
      complete(linked.get(i), i);
    }
    assertEquals(List.of(0, 1, 2), results(chain));
  }

  private Call admitSyncThenNop(CountedDescriptor handle) {
    Call chain = Call.chain(new boolean[2], false);
    chain.operation(0).fsync(handle.fd(), 0);
    chain.operation(0).on(handle);
    return admit(chain);
  }

  /** The kernel does not see that an fsync failed, so what stands behind it goes in afterwards. */
  @Test
  void chain_behindASync_waitsForItsSuccess() {
    Call chain = admitSyncThenNop(new Descriptor());
    Entry sync = takeOne();
    assertEquals(0, sync.flags);
    complete(sync, 0);
    dispatcher.admitQueued();
    complete(takeOne(), 1);
    assertEquals(List.of(0, 1), results(chain));
  }

  @Test
  void chain_behindASyncThatFails_isCancelled() {
    Descriptor handle = new Descriptor();
    Call chain = admitSyncThenNop(handle);
    complete(takeOne(), -Errno.EIO);
    assertEquals(List.of(-Errno.EIO, -Errno.ECANCELED), results(chain));
    dispatcher.admitQueued();
    assertEquals(List.of(), take());
    assertEquals(Errno.EIO, handle.lostData());
  }

  @Test
  void chain_draining_isAlone() {
    admitSingles(1);
    Entry before = takeOne();
    Call drain = admit(Call.chain(new boolean[1], true));
    Call after = admit(Call.single());
    assertEquals(List.of(), take(), "one is in flight");
    complete(before, 0);
    dispatcher.admitQueued();
    Entry draining = takeOne();
    Call exempt = admit(exempt());
    complete(takeOne(), 3);
    assertEnded(3, exempt);
    complete(draining, 1);
    assertEnded(1, drain);
    dispatcher.admitQueued();
    complete(takeOne(), 2);
    assertEnded(2, after);
  }

  // ---- out -----------------------------------------------------------------------------------

  @Test
  void complete_unexpected_isCounted() {
    Call call = admit(Call.single());
    Entry entry = takeOne();
    dispatcher.complete(entry.userData + (1L << 32), 1, 0);
    dispatcher.complete(1234, 1, 0);
    assertEquals(2, dispatcher.stale());
    assertFalse(call.isDone());
    complete(entry, 0);
    complete(entry, 0);
    assertEquals(3, dispatcher.stale());
    assertEquals(1, dispatcher.completed());
  }

  @Test
  void complete_messageWithTag_goesToItsSink() {
    List<Long> messages = new ArrayList<>();
    long userData = 9L << 32 | 77;
    dispatcher.expect(77, (value, result) -> messages.add(value + result));
    dispatcher.complete(userData, 2, 0);
    assertEquals(List.of(userData + 2), messages);
    assertEquals(0, dispatcher.stale());
    dispatcher.expectNoMore(77);
    dispatcher.complete(userData, 2, 0);
    assertEquals(1, dispatcher.stale());
  }

  @ParameterizedTest
  @ValueSource(ints = {Errno.EINTR, Errno.EAGAIN, Errno.ECANCELED})
  void complete_transient_isRepeatedAFewTimes(int errno) {
    Descriptor handle = new Descriptor();
    Call read = admitRead(handle);
    for (int i = 0; i < 8; i++) {
      complete(takeOne(), -errno);
      assertFalse(read.isDone());
      dispatcher.admitQueued();
    }
    complete(takeOne(), -errno);
    assertEnded(-errno, read);
    handle.refuseUsers();
    assertTrue(handle.isUnused(), "however often it was submitted");
  }

  @Test
  void complete_transient_notRepeatable() {
    Call call = admit(Call.single());
    complete(takeOne(), -Errno.EAGAIN);
    assertEnded(-Errno.EAGAIN, call);
  }

  private int lostAfterWrite(int flags, int errno) {
    Descriptor handle = new Descriptor();
    handle.noteWritesSync(false);
    Call write = Call.single();
    write.operation(0).raw(IORING_OP_WRITE, 0, 0, handle.fd(), 0, 0, 10, flags, 0, 0, 0, 0, 0);
    write.operation(0).on(handle);
    admit(write);
    complete(takeOne(), -errno);
    assertEnded(-errno, write);
    return handle.lostData();
  }

  @Test
  void complete_syncedWriteFails_dataMayBeLost() {
    assertEquals(Errno.EIO, lostAfterWrite(RWF_DSYNC, Errno.EIO));
    assertEquals(Errno.ENOSPC, lostAfterWrite(RWF_DSYNC, Errno.ENOSPC));
    assertEquals(0, lostAfterWrite(RWF_DSYNC, Errno.EFBIG));
    assertEquals(0, lostAfterWrite(RWF_DSYNC, Errno.EINVAL), "it was not done");
    assertEquals(0, lostAfterWrite(0, Errno.EIO), "nothing was synced");
  }

  /** The peer may keep the memory for long, which must not keep the socket from closing. */
  @Test
  void complete_zeroCopySend_releasesTheDescriptorFirst() {
    Descriptor handle = new Descriptor();
    Call send = Call.single();
    send.operation(0).sendZc(handle.fd(), 0, 10, 0);
    send.operation(0).on(handle);
    admit(send);
    Entry entry = takeOne();
    dispatcher.complete(entry.userData, 10, IORING_CQE_F_MORE);
    handle.refuseUsers();
    assertTrue(handle.isUnused());
    assertFalse(send.isDone());
    dispatcher.complete(entry.userData, 0, IORING_CQE_F_NOTIF);
    assertEnded(10, send);
  }

  @Test
  void complete_multishot() {
    List<Integer> arrived = new ArrayList<>();
    boolean[] disarmed = new boolean[1];
    Call call = exempt();
    call.operation(0)
        .deliverTo(
            new CompletionSink() {
              @Override
              public boolean arrived(int result, int flags) {
                arrived.add(result);
                return result == 3; // then it must end
              }

              @Override
              public void disarmed() {
                disarmed[0] = true;
              }
            });
    admit(call);
    Entry entry = takeOne();
    dispatcher.complete(entry.userData, 2, IORING_CQE_F_MORE);
    assertEquals(List.of(), takeCancels());
    dispatcher.complete(entry.userData, 3, IORING_CQE_F_MORE);
    assertEquals(List.of(entry.userData), takeCancels());
    assertFalse(disarmed[0]);
    complete(entry, -Errno.ECANCELED);
    assertTrue(disarmed[0]);
    assertTrue(call.isDone());
    assertEquals(List.of(2, 3), arrived, "the cancel brings nothing");
  }

  // ---- cancelling ----------------------------------------------------------------------------

  @Test
  void cancel_inFlight_endsWithItsCompletion() {
    Call call = admit(Call.single());
    Entry entry = takeOne();
    dispatcher.cancel(call, Call.Cancelled.INTERRUPTED);
    dispatcher.cancel(call, Call.Cancelled.TIMED_OUT); // the first one counts
    assertEquals(List.of(entry.userData), takeCancels());
    assertFalse(call.isDone());
    complete(entry, -Errno.ECANCELED);
    assertTrue(call.interrupted());
    assertEnded(-Errno.ECANCELED, call);
  }

  @Test
  void cancel_waiting_endsAtOnce() {
    List<Call> calls = admitSingles(LIMIT + 2);
    List<Entry> first = take();
    dispatcher.cancel(calls.get(LIMIT), Call.Cancelled.TIMED_OUT);
    assertEnded(-Errno.ECANCELED, calls.get(LIMIT));
    assertEquals(List.of(), takeCancels());
    complete(first.get(0), 0);
    dispatcher.admitQueued();
    complete(takeOne(), 6);
    assertEnded(6, calls.get(LIMIT + 1));
    assertEquals(0, dispatcher.waiting());
  }

  /** While a worker hands an operation over to be polled, a cancel does not find it. */
  @ParameterizedTest
  @ValueSource(ints = {Errno.ENOENT, Errno.EALREADY})
  void cancel_missed_isRepeatedAFewTimes(int errno) {
    Call call = admit(exempt());
    Entry entry = takeOne();
    dispatcher.cancel(call, Call.Cancelled.REQUESTED);
    for (int i = 0; i < 4; i++) {
      assertEquals(List.of(entry.userData), takeCancels());
      dispatcher.cancelAnswered(entry.userData, -errno);
    }
    assertEquals(List.of(), takeCancels());
    complete(entry, -Errno.ECANCELED);
    dispatcher.cancelAnswered(entry.userData, -errno);
    assertEquals(List.of(), takeCancels());
  }

  @Test
  void cancelClosed_endsWhatUsesIt() {
    Descriptor closed = new Descriptor();
    Descriptor open = new Descriptor();
    List<Call> users = new ArrayList<>();
    for (int i = 0; i < LIMIT; i++) {
      users.add(admitRead(i % 2 == 0 ? closed : open));
    }
    Call waiting = admitRead(closed);
    List<Entry> submitted = take();
    closed.refuseUsers();
    dispatcher.cancel(closed);
    dispatcher.cancelClosed();
    assertEquals(
        List.of(submitted.get(0).userData, submitted.get(2).userData),
        takeCancels().stream().sorted().toList());
    assertEnded(-Errno.ECANCELED, waiting);
    complete(submitted.get(0), -Errno.ECANCELED);
    complete(submitted.get(2), 10); // the cancel came too late
    assertEnded(-Errno.ECANCELED, users.get(0));
    assertEnded(10, users.get(2));
    assertTrue(closed.isUnused());
    assertFalse(users.get(1).isDone());
    dispatcher.cancelClosed();
    assertEquals(List.of(), takeCancels());
  }

  @Test
  void cancellation_waitsForTheEnds() {
    List<Call> calls = admitSingles(LIMIT + 1);
    List<Entry> submitted = take();
    Call unwanted = calls.get(1);
    Cancellation cancellation =
        new Cancellation(
            operation -> operation.call == unwanted || operation.call == calls.get(LIMIT));
    dispatcher.cancel(cancellation);
    assertEquals(List.of(submitted.get(1).userData), takeCancels());
    assertEnded(-Errno.ECANCELED, calls.get(LIMIT));
    assertFalse(cancellation.isDone());
    complete(submitted.get(1), -Errno.ECANCELED);
    assertTrue(cancellation.isDone());
    assertEquals(2, cancellation.cancelled());
  }

  // ---- the end -------------------------------------------------------------------------------

  @Test
  void beginStop_cancelsAllAndRefuses() {
    List<Call> calls = admitSingles(LIMIT + 1);
    List<Entry> submitted = take();
    dispatcher.beginStop();
    assertEquals(LIMIT, takeCancels().size());
    assertEnded(-Errno.ECANCELED, calls.get(LIMIT));
    assertEquals(0, dispatcher.waiting());
    submitted.forEach(entry -> complete(entry, -Errno.ECANCELED));
    for (Call call : calls) {
      assertSame(Call.Cancelled.RING_CLOSED, call.cancelled);
      assertTrue(call.isDone());
    }
    assertSame(Call.Cancelled.RING_CLOSED, admit(Call.single()).cancelled);
    assertEquals(List.of(), take());
  }

  @Test
  void fail_endsAllAtOnce() {
    List<Call> calls = new ArrayList<>(admitSingles(LIMIT + 1));
    take();
    int unanswered = UnansweredOperations.size();
    dispatcher.fail();
    assertEquals(
        LIMIT, UnansweredOperations.size() - unanswered, "kept, since the kernel has them");
    calls.add(admit(Call.single()));
    for (Call call : calls) {
      assertSame(Call.Cancelled.RING_FAILED, call.cancelled);
      assertEnded(-Errno.ECANCELED, call);
    }
    assertEquals(List.of(), take());
  }

  // ---- all of it -----------------------------------------------------------------------------

  /**
   * Over a random history, calls are submitted in the order of their arrival, no more than the
   * limit at a time, and each ends once.
   */
  @Test
  void history_keepsOrderAndLimit() {
    Random random = new Random(3);
    Deque<Call> expected = new ArrayDeque<>(); // admitted, not taken by the kernel
    List<Entry> taken = new ArrayList<>();
    List<Call> all = new ArrayList<>();
    for (int i = 0; i < 20_000 || !taken.isEmpty() || !expected.isEmpty(); i++) {
      IntPredicate chance = percent -> random.nextInt(100) < percent;
      if (i < 20_000 && chance.test(45)) {
        Call call = Call.single();
        call.operation(0).read(all.size(), 0, 1, 0);
        all.add(call);
        expected.add(admit(call));
      }
      if (chance.test(50)) {
        for (Entry entry : take()) {
          Call next = expected.remove();
          assertEquals(entry.userData, inFlight.userData(next.operation(0).slot));
          taken.add(entry);
        }
      }
      if (!taken.isEmpty() && chance.test(45)) {
        complete(taken.remove(random.nextInt(taken.size())), i);
      }
      dispatcher.admitQueued();
      assertTrue(inFlight.counted() <= LIMIT);
    }
    for (Call call : all) {
      assertTrue(call.isDone());
    }
    assertEquals(all.size(), dispatcher.completed());
    assertEquals(0, dispatcher.waiting());
    assertEquals(0, dispatcher.stale());
    assertEquals(0, inFlight.count());
  }
}
