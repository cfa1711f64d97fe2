package io.ringspun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.file.RingFile;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.raw.Raw;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.Fifo;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.AsynchronousCloseException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What run() throws and what attempt() returns. */
class OutcomesTest {
  private static final Duration SHORT = Duration.ofMillis(20);

  @TempDir static Path directory;

  private final MemorySegment memory = Arena.ofAuto().allocate(16);
  private final MemorySegment one = memory.asSlice(0, 1);
  private Ring ring;
  private RingFile file; // of ten bytes
  private RingFile failing; // a directory: reading it fails with EISDIR
  private Fifo fifo; // reading it blocks

  @BeforeEach
  void open() throws IOException {
    ring = Ring.open();
    file = RingFile.open(ring, Files.writeString(directory.resolve("file"), "0123456789"));
    failing = RingFile.open(ring, directory);
    fifo = Fifo.open(ring, directory);
  }

  @AfterEach
  void close() throws IOException {
    fifo.close();
    failing.close();
    file.close();
    ring.close();
  }

  enum Kind {
    CHAIN,
    BATCH;

    Transaction<?> on(Ring ring) {
      return this == CHAIN ? ring.chain() : ring.batch();
    }
  }

  private static TransactionException cause(Throwable e) {
    return assertInstanceOf(TransactionException.class, e.getCause());
  }

  // ---- run() ---------------------------------------------------------------------------------

  @ParameterizedTest
  @EnumSource
  void run_succeeded_returnsOutcomes(Kind kind) throws Exception {
    Outcomes outcomes = kind.on(ring).nop().read(file, memory.asSlice(0, 10), 0).run();
    assertEquals(2, outcomes.size());
    assertEquals(10, outcomes.get(1).result());
    assertSame(outcomes, outcomes.orThrow());
    assertTrue(outcomes.succeeded());
    assertTrue(outcomes.firstFailure().isEmpty());
    assertEquals("Outcomes[nop: 0, read: 10]", outcomes.toString());
  }

  @ParameterizedTest
  @EnumSource
  void run_failed_namesTheStep(Kind kind) {
    Step read = Step.read(failing, memory, 0);
    Transaction<?> transaction = kind.on(ring).nop().add(read);
    var e = assertThrows(TransactionException.class, transaction::run);
    assertEquals("step 2 of 2: read failed: Is a directory (EISDIR, errno 21)", e.getMessage());
    assertEquals("read", e.operation());
    assertEquals(Errno.EISDIR, e.errno());
    assertEquals("EISDIR", e.errnoName());
    assertEquals(1, e.position());
    assertSame(read, e.step());
    assertEquals(2, e.outcomes().size());
    assertTrue(e.outcomes().get(0).succeeded());
    assertEquals(-Errno.EISDIR, e.outcomes().get(read).result());
  }

  @ParameterizedTest
  @EnumSource
  void run_short_hasNoErrorNumber(Kind kind) {
    Transaction<?> transaction = kind.on(ring).read(file, memory, 0).nop();
    var e = assertThrows(TransactionException.class, transaction::run);
    assertEquals("step 1 of 2: read transferred 10 of 16 bytes", e.getMessage());
    assertEquals("read", e.operation());
    assertEquals(0, e.errno());
    assertEquals("", e.errnoName());
    Outcome outcome = e.outcomes().get(0);
    assertTrue(outcome.isShort());
    assertFalse(outcome.succeeded());
    assertEquals(10, outcome.result());
    OperationException failure = outcome.failure().orElseThrow();
    assertEquals("read transferred 10 of 16 bytes", failure.getMessage());
    assertEquals(0, failure.errno());
    assertEquals(kind == Kind.CHAIN, e.outcomes().get(1).isCancelled());
  }

  @ParameterizedTest
  @EachCaller
  void run_cancelled(Caller caller) throws Exception {
    var call =
        BlockedCall.start(ring, caller, () -> ring.chain().nop().read(fifo.file(), one, 0).run())
            .awaitInFlight(ring, 1);
    assertEquals(1, Raw.of(ring).cancel(fifo.file()));
    var e = assertThrows(TransactionException.class, call::result);
    assertEquals(1, e.position());
    assertEquals(Errno.ECANCELED, e.errno());
    assertTrue(e.outcomes().get(1).isCancelled());
  }

  @ParameterizedTest
  @EachCaller
  void run_interrupted(Caller caller) throws Exception {
    for (Kind kind : Kind.values()) {
      var call =
          BlockedCall.start(ring, caller, () -> kind.on(ring).nop().read(fifo.file(), one, 0).run())
              .awaitInFlight(ring, 1);
      call.interrupt();
      var e = assertThrows(InterruptedIOException.class, call::result);
      assertEquals("interrupted; step 2 of 2, read, was cancelled", e.getMessage());
      assertTrue(call.interruptPending());
      assertEquals(1, cause(e).position());
      assertTrue(cause(e).outcomes().get(0).succeeded());
    }
  }

  /** What failed before the interrupt is the reason, and not the interrupt. */
  @Test
  void run_failedAndInterrupted() throws Exception {
    RingMetrics before = ring.metrics();
    var call =
        BlockedCall.start(
            ring, () -> ring.batch().read(failing, memory, 0).read(fifo.file(), one, 0).run());
    Await.until("the first step ends", () -> ring.metrics().completed() == before.completed() + 1);
    call.awaitInFlight(ring, 1);
    call.interrupt();
    var e = assertThrows(TransactionException.class, call::result);
    assertEquals(Errno.EISDIR, e.errno());
    assertTrue(call.interruptPending());
  }

  @Test
  void run_stepTimedOut() {
    Chain chain = ring.chain().nop().add(Step.read(fifo.file(), one, 0).within(SHORT)).nop();
    var e = assertThrows(OperationTimeoutException.class, chain::run);
    assertEquals("step 2 of 3: read took longer than its limit of PT0.02S", e.getMessage());
    assertEquals(1, cause(e).position());
    assertTrue(cause(e).outcomes().get(1).timedOut());
    assertFalse(cause(e).outcomes().timedOut());
    assertTrue(cause(e).outcomes().get(2).isCancelled());
  }

  @ParameterizedTest
  @EnumSource
  void run_allTimedOut(Kind kind) {
    Transaction<?> transaction = kind.on(ring).nop().read(fifo.file(), one, 0).within(SHORT);
    var e = assertThrows(OperationTimeoutException.class, transaction::run);
    String name = kind == Kind.CHAIN ? "chain" : "batch";
    assertEquals(
        "the %s took longer than its limit of PT0.02S, which cancelled step 2 of 2, read"
            .formatted(name),
        e.getMessage());
    assertEquals(1, cause(e).position());
    assertTrue(cause(e).outcomes().timedOut());
    assertFalse(cause(e).outcomes().get(1).timedOut());
  }

  /** What failed before the time was up is the reason, and not the time. */
  @ParameterizedTest
  @EnumSource
  void run_failedAndTimedOut(Kind kind) {
    Step blocked = Step.read(fifo.file(), one, 0);
    Transaction<?> transaction =
        kind.on(ring)
            .read(failing, memory, 0)
            .add(kind == Kind.CHAIN ? blocked.evenIfPreviousFailed() : blocked)
            .within(SHORT);
    var e = assertThrows(TransactionException.class, transaction::run);
    assertEquals(Errno.EISDIR, e.errno());
    assertTrue(e.outcomes().timedOut());
  }

  @ParameterizedTest
  @EnumSource
  void run_descriptorClosed(Kind kind) throws Exception {
    var call =
        BlockedCall.start(ring, () -> kind.on(ring).nop().read(fifo.file(), one, 0).run())
            .awaitInFlight(ring, 1);
    fifo.file().close();
    var e = assertThrows(AsynchronousCloseException.class, call::result);
    assertFalse(e instanceof RingClosedException);
    assertEquals(1, cause(e).position());
    assertTrue(cause(e).outcomes().get(1).isCancelled());
  }

  @ParameterizedTest
  @EnumSource
  void run_ringClosed(Kind kind) throws Exception {
    var call =
        BlockedCall.start(ring, () -> kind.on(ring).nop().read(fifo.file(), one, 0).attempt())
            .awaitInFlight(ring, 1);
    ring.close();
    Outcomes outcomes = call.result();
    var e = assertThrows(RingClosedException.class, outcomes::orThrow);
    assertEquals(1, cause(e).position());
    assertThrows(RingClosedException.class, outcomes::orThrow, "as often as wanted");
  }

  @Test
  void run_batch_tellsAllFailures() {
    Batch batch =
        ring.batch().read(failing, memory, 0).nop().read(file, memory, 0).read(failing, one, 0);
    var e = assertThrows(TransactionException.class, batch::run);
    assertEquals(0, e.position());
    assertEquals(2, e.getSuppressed().length);
    assertEquals("read transferred 10 of 16 bytes", e.getSuppressed()[0].getMessage());
    assertEquals(
        Errno.EISDIR, assertInstanceOf(OperationException.class, e.getSuppressed()[1]).errno());
  }

  @Test
  void exception_serialized() throws Exception {
    var e =
        assertThrows(
            TransactionException.class, () -> ring.chain().nop().read(failing, one, 0).run());
    var bytes = new ByteArrayOutputStream();
    try (var out = new ObjectOutputStream(bytes)) {
      out.writeObject(e);
    }
    try (var in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
      TransactionException copy = (TransactionException) in.readObject();
      assertEquals(e.getMessage(), copy.getMessage());
      assertEquals(1, copy.position());
      assertEquals(Errno.EISDIR, copy.errno());
      assertThrows(IllegalStateException.class, copy::outcomes);
      assertThrows(IllegalStateException.class, copy::step);
    }
  }

  // ---- attempt() -----------------------------------------------------------------------------

  @ParameterizedTest
  @EnumSource
  void attempt_returnsWhateverHappened(Kind kind) throws Exception {
    Outcomes outcomes =
        kind.on(ring).nop().read(file, memory, 0).read(failing, memory, 0).attempt();
    assertFalse(outcomes.succeeded());
    assertFalse(outcomes.timedOut());
    Outcome first = outcomes.firstFailure().orElseThrow();
    assertEquals(1, first.position());
    assertEquals("read transferred 10 of 16 bytes", first.toString());
    assertEquals(kind == Kind.CHAIN ? -Errno.ECANCELED : -Errno.EISDIR, outcomes.get(2).result());
    assertThrows(TransactionException.class, outcomes::orThrow);
  }

  @Test
  void outcomes_byStepAndPosition() throws Exception {
    Step read = Step.read(file, one, 0);
    Step twice = Step.nop();
    Outcomes outcomes = ring.chain().add(twice).add(read).add(twice).attempt();
    assertEquals(1, outcomes.get(read).position());
    assertEquals(1, outcomes.get(read).result());
    assertSame(read, outcomes.get(1).step());
    assertSame(twice, outcomes.get(2).step());
    var e = assertThrows(IllegalArgumentException.class, () -> outcomes.get(twice));
    assertEquals("Step[nop] was added more than once: get it by position", e.getMessage());
    e = assertThrows(IllegalArgumentException.class, () -> outcomes.get(Step.nop()));
    assertEquals("Step[nop] is not a step of this chain", e.getMessage());
    assertThrows(IndexOutOfBoundsException.class, () -> outcomes.get(3));
    assertThrows(IndexOutOfBoundsException.class, () -> outcomes.get(-1));
    assertThrows(NullPointerException.class, () -> outcomes.get(null));
  }

  @Test
  void outcomes_inOrder() throws Exception {
    Outcomes outcomes = ring.batch().nop().read(file, one, 0).nop().attempt();
    List<Integer> results = new ArrayList<>();
    for (Outcome outcome : outcomes) {
      assertEquals(results.size(), outcome.position());
      results.add(outcome.result());
    }
    assertEquals(List.of(0, 1, 0), results);
    Iterator<Outcome> iterator = outcomes.iterator();
    iterator.next();
    assertThrows(UnsupportedOperationException.class, iterator::remove);
    iterator.next();
    iterator.next();
    assertThrows(NoSuchElementException.class, iterator::next);
  }
}
