package io.ringspun;

import static io.ringspun.internal.kernel.Constants.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.file.RingFile;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.raw.Raw;
import io.ringspun.raw.RawOperation;
import io.ringspun.raw.RawOperation.Access;
import io.ringspun.raw.RingRestriction;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import io.ringspun.testing.Fifo;
import io.ringspun.testing.Liburing;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Operations of chains with limits of their own. */
class LinkTimeoutTest {
  private static final Duration SHORT = Duration.ofMillis(50);
  private static final Duration LONG = Duration.ofHours(1);
  private static final Duration TINY = Duration.ofNanos(1);

  @TempDir static Path directory;

  private final FaultKernel kernel = new FaultKernel();
  private final MemorySegment memory = Arena.ofAuto().allocate(8);
  private final MemorySegment one = memory.asSlice(0, 1);
  private Ring ring;
  private RingFile file;
  private RingFile failing; // a directory: reading it fails with EISDIR
  private Fifo fifo; // reading it blocks
  private Fifo other;

  @BeforeEach
  void open() throws IOException {
    ring = FaultyRing.open(kernel);
    file =
        RingFile.open(
            ring,
            directory.resolve("file"),
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE);
    failing = RingFile.open(ring, directory);
    fifo = Fifo.open(ring, directory);
    other = Fifo.open(ring, directory);
  }

  @AfterEach
  void close() throws IOException {
    kernel.close();
    fifo.close();
    other.close();
    failing.close();
    file.close();
    ring.close();
    assertEquals(0, ring.metrics().inFlight());
    assertEquals(0, ring.metrics().stale());
  }

  /** Runs a chain that a short limit is to end, and checks when it did. */
  private Outcomes runTimed(Caller caller, Chain chain) throws Exception {
    long before = System.nanoTime();
    Outcomes result = caller.call(ring, chain::attempt);
    long millis = (System.nanoTime() - before) / 1_000_000;
    assertTrue(millis >= SHORT.toMillis(), "too early, after " + millis + " ms");
    assertTrue(millis < 5_000, "too late, after " + millis + " ms");
    assertEquals(0, ring.metrics().inFlight());
    return result;
  }

  private static void assertCancelled(Outcomes result, int index) {
    assertTrue(result.get(index).isCancelled(), "operation " + index);
    assertFalse(result.get(index).timedOut(), "operation " + index);
  }

  private static void assertTimedOut(Outcomes result, int index) {
    assertTrue(result.get(index).isCancelled(), "operation " + index);
    assertTrue(result.get(index).timedOut(), "operation " + index);
  }

  // ---- one operation -------------------------------------------------------------------------

  @Liburing("link-timeout")
  @ParameterizedTest
  @EachCaller
  void alone_timeIsUp(Caller caller) throws Exception {
    Outcomes result =
        runTimed(caller, ring.chain().add(Step.read(fifo.file(), one, 0).within(SHORT)));
    assertEquals(1, result.size());
    assertTimedOut(result, 0);
    assertFalse(result.timedOut(), "the chain had no limit");
    assertFalse(result.succeeded());
    assertEquals(0, result.firstFailure().orElseThrow().position());
    var e = assertThrows(OperationTimeoutException.class, result::orThrow);
    assertEquals("step 1 of 1: read took longer than its limit of PT0.05S", e.getMessage());
    OperationException failure = result.get(0).failure().orElseThrow();
    assertEquals(Errno.ECANCELED, failure.errno());
    assertTrue(failure.getMessage().endsWith("; its limit was PT0.05S"), failure.getMessage());
    assertThrows(IndexOutOfBoundsException.class, () -> result.get(1));

    fifo.write(7);
    assertEquals((byte) 7, fifo.read(), "the pipe is open, and no byte was lost");
  }

  /** A limit that is up before there was anything to wait for. */
  @Liburing("link-timeout")
  @ParameterizedTest
  @EachCaller
  void alone_timeIsUpAtOnce(Caller caller) throws Exception {
    Chain chain = ring.chain().add(Step.read(fifo.file(), one, 0).within(TINY));
    assertTimedOut(caller.call(ring, chain::attempt), 0);
  }

  @Liburing("link-timeout")
  @ParameterizedTest
  @EachCaller
  void alone_completesAtOnce(Caller caller) throws Exception {
    fifo.write(5);
    Chain chain = ring.chain().add(Step.read(fifo.file(), one, 0).within(LONG));
    Outcomes result = caller.call(ring, chain::attempt);
    result.orThrow();
    assertEquals(1, result.get(0).result());
    assertFalse(result.get(0).timedOut());
    assertEquals(0, ring.metrics().inFlight(), "the limit must not stay behind");
  }

  @Liburing("link-timeout")
  @ParameterizedTest
  @EachCaller
  void alone_waitsAndCompletes(Caller caller) throws Exception {
    Chain chain = ring.chain().add(Step.read(fifo.file(), one, 0).within(LONG));
    var call = BlockedCall.start(ring, caller, chain::attempt).awaitInFlight(ring, 2);
    fifo.write(5);
    call.result().orThrow();
    assertEquals(0, ring.metrics().inFlight());
  }

  @Test
  void alone_forEver_isNoLimit() throws Exception {
    Chain chain = ring.chain().add(poll().toStep().within(Duration.ofSeconds(Long.MAX_VALUE)));
    var call = BlockedCall.start(ring, chain::attempt).awaitInFlight(ring, 2);
    fifo.write(5);
    assertTrue(call.result().succeeded());
  }

  /** What is done at once is done, however little time it has. */
  @Liburing("link-timeout")
  @ParameterizedTest
  @EachCaller
  void nops(Caller caller) throws Exception {
    Chain chain =
        ring.chain()
            .add(Step.nop().within(LONG))
            .add(Step.nop().within(TINY))
            .add(Step.nop().within(LONG));
    Outcomes result = caller.call(ring, chain::attempt);
    result.orThrow();
    assertEquals(3, result.size());
  }

  /** Since Linux 6.15 only the time of the whole chain ends what a worker does from the start. */
  @ParameterizedTest
  @EachCaller
  void worker_isWokenByEitherLimit(Caller caller) throws Exception {
    Path path = directory.resolve("lonely-" + caller);
    Fifo.make(path);
    RawOperation open =
        RawOperation.of(IORING_OP_OPENAT)
            .flags(IOSQE_ASYNC)
            .on(AT_FDCWD)
            .address(Arena.ofAuto().allocateFrom(path.toString()), Access.READS)
            .operationFlags(O_CLOEXEC);
    Chain chain = ring.chain().add(open.toStep().within(SHORT)).nop().within(SHORT.multipliedBy(4));
    Outcomes result = runTimed(caller, chain);
    assertTrue(
        result.timedOut() || result.get(0).timedOut(), () -> "result " + result.get(0).result());
    assertCancelled(result, 1);
    assertThrows(OperationTimeoutException.class, result::orThrow);
  }

  /** A write that a limit may or may not have ended; then one without. */
  @Liburing("link-timeout")
  @Test
  void write_afterOneThatWasLimited() throws Exception {
    for (int round = 0; round < 50; round++) {
      Outcomes limited = ring.chain().add(Step.write(file, memory, 0).within(TINY)).attempt();
      assertTrue(limited.get(0).timedOut() || limited.get(0).result() == 8);
      ring.chain().write(file, memory, 0).run();
    }
  }

  // ---- several -------------------------------------------------------------------------------

  @Liburing("link-timeout")
  @ParameterizedTest
  @EachCaller
  void anyPlace_cancelsWhatIsBehind(Caller caller) throws Exception {
    for (int place = 0; place < 4; place++) {
      Chain chain = ring.chain();
      for (int i = 0; i < 4; i++) {
        if (i == place) {
          chain.add(Step.read(fifo.file(), one, 0).within(SHORT));
        } else {
          chain.nop();
        }
      }
      Outcomes result = runTimed(caller, chain);
      assertEquals(place, result.firstFailure().orElseThrow().position());
      for (int i = 0; i < 4; i++) {
        assertEquals(i < place, result.get(i).succeeded());
        assertEquals(i >= place, result.get(i).isCancelled());
        assertEquals(i == place, result.get(i).timedOut());
      }
    }
  }

  @Liburing("link-timeout")
  @ParameterizedTest
  @EachCaller
  void hardLink_nextRunsAllTheSame(Caller caller) throws Exception {
    Outcomes result =
        runTimed(
            caller,
            ring.chain()
                .add(Step.read(fifo.file(), one, 0).within(SHORT))
                .add(Step.write(file, memory, 0).evenIfPreviousFailed().within(LONG))
                .add(Step.nop().evenIfPreviousFailed()));
    assertTimedOut(result, 0);
    assertEquals(8, result.get(1).result());
    assertTrue(result.get(2).succeeded());
    assertEquals(0, result.firstFailure().orElseThrow().position());
    assertThrows(OperationTimeoutException.class, result::orThrow);
  }

  @Liburing("link-timeout")
  @ParameterizedTest
  @EachCaller
  void severalLimits_eachEndsItsOwn(Caller caller) throws Exception {
    Outcomes result =
        runTimed(
            caller,
            ring.chain()
                .add(Step.nop().within(LONG))
                .add(Step.read(fifo.file(), one, 0).within(SHORT))
                .add(Step.read(other.file(), one, 0).evenIfPreviousFailed().within(SHORT))
                .add(Step.nop().within(LONG)));
    assertTrue(result.get(0).succeeded());
    assertTimedOut(result, 1);
    assertTimedOut(result, 2);
    assertCancelled(result, 3);
  }

  /** The time of the second does not run while the first one waits. */
  @ParameterizedTest
  @EachCaller
  void limit_countsFromWhenItsOperationBegins(Caller caller) throws Exception {
    long before = System.nanoTime();
    Chain chain = ring.chain().delay(SHORT).add(Step.read(fifo.file(), one, 0).within(SHORT));
    Outcomes result = caller.call(ring, chain::attempt);
    assertTrue(System.nanoTime() - before >= 2 * SHORT.toNanos());
    assertTrue(result.get(0).succeeded());
    assertTimedOut(result, 1);
  }

  @ParameterizedTest
  @EachCaller
  void failureBefore_cancelsOperationAndLimit(Caller caller) throws Exception {
    Chain chain =
        ring.chain()
            .add(Step.read(failing, memory, 0).within(LONG))
            .add(Step.read(fifo.file(), one, 0).within(LONG))
            .add(Step.nop().evenIfPreviousFailed());
    Outcomes result = caller.call(ring, chain::attempt);
    assertEquals(-Errno.EISDIR, result.get(0).result());
    assertFalse(result.get(0).timedOut());
    assertCancelled(result, 1);
    assertCancelled(result, 2);
    assertEquals(0, ring.metrics().inFlight());
  }

  /** The kernel sees every limit right behind what it limits, and the links lead on from there. */
  @Test
  void entries_asTheKernelWantsThem() throws Exception {
    kernel.forget();
    assertTrue(
        ring.chain()
            .add(Step.nop().within(LONG))
            .add(Step.nop().within(LONG))
            .add(Step.nop().evenIfPreviousFailed())
            .add(Step.nop().within(LONG))
            .attempt()
            .succeeded());
    List<FaultKernel.Request> requests =
        kernel.submitted().stream().filter(request -> !request.isInternal()).toList();
    List<String> seen = new ArrayList<>();
    for (FaultKernel.Request request : requests) {
      assertEquals(requests.getFirst().enter(), request.enter());
      boolean isLimit = request.opcode() == IORING_OP_LINK_TIMEOUT;
      seen.add((isLimit ? "limit " : "nop ") + request.flags());
    }
    assertEquals(
        List.of("nop 4", "limit 4", "nop 8", "limit 8", "nop 4", "nop 4", "limit 0"), seen);
  }

  // ---- what the kernel does not link ----------------------------------------------------------

  /** A chain that goes in piece by piece, since the kernel does not see a sync's failure. */
  @ParameterizedTest
  @EachCaller
  void syncs_withLimits(Caller caller) throws Exception {
    Outcomes result =
        runTimed(
            caller,
            ring.chain()
                .add(Step.write(file, memory, 0).within(LONG))
                .add(Step.fdatasync(file).within(LONG))
                .fsync(file)
                .add(Step.read(fifo.file(), one, 0).within(SHORT))
                .add(Step.fsync(file).within(LONG)));
    assertEquals(8, result.get(0).result());
    assertTrue(result.get(1).succeeded());
    assertTrue(result.get(2).succeeded());
    assertTimedOut(result, 3);
    assertCancelled(result, 4);
  }

  /** A pipe stands for the failing device, since it cannot be flushed. */
  @ParameterizedTest
  @EachCaller
  void syncFails_withLimit(Caller caller) throws Exception {
    Chain chain =
        ring.chain()
            .add(Step.fsync(fifo.file()).within(LONG))
            .add(Step.write(file, memory, 0).within(LONG))
            .nop();
    Outcomes result = caller.call(ring, chain::attempt);
    assertEquals(-Errno.EINVAL, result.get(0).result());
    assertFalse(result.get(0).timedOut());
    assertCancelled(result, 1);
    assertCancelled(result, 2);
    assertEquals(0, file.size());
    assertEquals(0, ring.metrics().inFlight());
  }

  // ---- ended by something else ---------------------------------------------------------------

  private BlockedCall<Outcomes> startLimited(Caller caller) {
    return BlockedCall.start(
            ring,
            caller,
            () ->
                ring.chain()
                    .add(Step.nop().within(LONG))
                    .add(Step.read(fifo.file(), one, 0).within(LONG))
                    .add(Step.read(other.file(), one, 0).evenIfPreviousFailed().within(LONG))
                    .attempt())
        .awaitInFlight(ring, 4);
  }

  private static void assertEnded(Outcomes result) {
    assertTrue(result.get(0).succeeded());
    assertCancelled(result, 1);
    assertCancelled(result, 2);
  }

  @ParameterizedTest
  @EachCaller
  void interruptedMeanwhile(Caller caller) throws Exception {
    var call = startLimited(caller);
    call.interrupt();
    Outcomes result = call.result();
    assertEnded(result);
    assertTrue(call.interruptPending());
    var e = assertThrows(InterruptedIOException.class, result::orThrow);
    assertFalse(e instanceof OperationTimeoutException);
    assertEquals(Errno.ECANCELED, assertInstanceOf(OperationException.class, e.getCause()).errno());
  }

  @ParameterizedTest
  @EachCaller
  void fileClosedMeanwhile(Caller caller) throws Exception {
    var call = startLimited(caller);
    fifo.file().close();
    assertEnded(call.result());
  }

  @ParameterizedTest
  @EachCaller
  void ringClosedMeanwhile(Caller caller) throws Exception {
    var call = startLimited(caller);
    ring.close();
    assertEnded(call.result());
  }

  @ParameterizedTest
  @EachCaller
  void chainsTime_isUpBefore(Caller caller) throws Exception {
    Outcomes result =
        runTimed(
            caller,
            ring.chain()
                .add(Step.read(fifo.file(), one, 0).within(LONG))
                .add(Step.read(other.file(), one, 0).evenIfPreviousFailed().within(LONG))
                .within(SHORT));
    assertTrue(result.timedOut());
    assertCancelled(result, 0);
    assertCancelled(result, 1);
    var e = assertThrows(OperationTimeoutException.class, result::orThrow);
    assertEquals(
        "the chain took longer than its limit of PT0.05S, which cancelled step 1 of 2, read",
        e.getMessage());
  }

  /** The first failure is the reason, whatever else came up later. */
  @ParameterizedTest
  @EachCaller
  void chainsTime_isUpLater(Caller caller) throws Exception {
    Outcomes result =
        runTimed(
            caller,
            ring.chain()
                .add(Step.read(fifo.file(), one, 0).within(TINY))
                .add(Step.read(other.file(), one, 0).evenIfPreviousFailed().within(LONG))
                .within(SHORT));
    assertTrue(result.timedOut());
    assertTimedOut(result, 0);
    assertCancelled(result, 1);
    var e = assertThrows(OperationTimeoutException.class, result::orThrow);
    assertTrue(e.getMessage().startsWith("step 1 of 2: read took longer"), e.getMessage());
  }

  @ParameterizedTest
  @EachCaller
  void cancel_countsOperationsOnly(Caller caller) throws Exception {
    Chain chain = ring.chain().add(Step.read(fifo.file(), one, 0).within(LONG));
    var call = BlockedCall.start(ring, Caller.VIRTUAL, chain::attempt).awaitInFlight(ring, 2);
    assertEquals(0, caller.call(ring, () -> Raw.of(ring).cancel(IORING_OP_LINK_TIMEOUT)));
    assertFalse(call.hasEnded());
    assertEquals(1, caller.call(ring, Raw.of(ring)::cancelAll));
    assertCancelled(call.result(), 0);
    assertEquals(0, ring.metrics().inFlight());
  }

  // ---- room ----------------------------------------------------------------------------------

  @ParameterizedTest
  @EachCaller
  void waitingForRoom(Caller caller) throws Exception {
    try (Ring small = Ring.open(RingOptions.defaults().withInFlightLimit(4));
        Fifo cork = Fifo.open(small, directory);
        Fifo pipe = Fifo.open(small, directory)) {
      var first = BlockedCall.start(small, Caller.VIRTUAL, cork::read).awaitInFlight(small, 1);
      long submitted = small.metrics().submitted();
      List<BlockedCall<Outcomes>> late = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        late.add(
            BlockedCall.start(
                small,
                caller,
                () ->
                    small
                        .chain()
                        .add(Step.nop().within(LONG))
                        .add(Step.read(pipe.file(), one, 0).within(LONG))
                        .attempt()));
        int waiting = i + 1;
        Await.until("it waits", () -> small.metrics().waiting() == waiting);
      }
      assertEquals(submitted, small.metrics().submitted(), "there is room for three, not four");
      late.getFirst().interrupt();
      assertCancelled(late.getFirst().result(), 0);
      assertEquals(2, Raw.of(small).cancel(IORING_OP_NOP), "each of them takes its chain with it");
      for (BlockedCall<Outcomes> call : late) {
        assertCancelled(call.result(), 1);
      }
      BlockedCall<Outcomes> last =
          BlockedCall.start(
              small,
              caller,
              () ->
                  small
                      .chain()
                      .add(Step.nop().within(LONG))
                      .add(Step.read(pipe.file(), one, 0).within(LONG))
                      .attempt());
      Await.until("it waits", () -> small.metrics().waiting() == 1);
      cork.write(1);
      first.result();
      pipe.write(1);
      last.result().orThrow();
    }
  }

  @Test
  void length_limitsTakeEntries() throws Exception {
    try (Ring small = Ring.open(RingOptions.defaults().withEntries(8))) {
      Chain fits = small.chain();
      for (int i = 0; i < 4; i++) {
        fits.add(Step.nop().within(LONG));
      }
      assertTrue(fits.attempt().succeeded());
      Chain tooLong = small.chain();
      for (int i = 0; i < 5; i++) {
        tooLong.nop();
      }
      for (int i = 0; i < 2; i++) {
        tooLong.add(Step.nop().within(LONG));
      }
      var e = assertThrows(IllegalArgumentException.class, tooLong::run);
      assertTrue(
          e.getMessage()
              .startsWith(
                  "a chain of 7 steps and 2 limits cannot be submitted at once; this ring"
                      + " takes 8"),
          e.getMessage());
    }
  }

  @ParameterizedTest
  @EachCaller
  void drain_isLiftedWhenTheLimitIsOver(Caller caller) throws Exception {
    Outcomes result =
        runTimed(
            caller,
            ring.chain()
                .add(Step.nop().afterEverythingElse())
                .add(Step.read(fifo.file(), one, 0).within(SHORT)));
    assertTimedOut(result, 1);
    ring.nop();
  }

  // ---- other kinds of operations and rings ---------------------------------------------------

  @ParameterizedTest
  @EachCaller
  void lease(Caller caller) throws Exception {
    try (BufferPool pool = ring.bufferPool(1, 4096)) {
      caller.run(
          ring,
          () -> {
            try (Lease lease = pool.take()) {
              Outcomes result =
                  ring.chain().add(Step.read(fifo.file(), lease, 0).within(SHORT)).attempt();
              assertTimedOut(result, 0);
              assertEquals(0, lease.filled().byteSize());
              fifo.write(1, 2);
              ring.chain().add(Step.read(fifo.file(), lease, 0).within(LONG)).nop().attempt();
              assertEquals(2, lease.filled().byteSize());
            }
          });
    }
  }

  @ParameterizedTest
  @EachCaller
  void pause(Caller caller) throws Exception {
    Outcomes result = runTimed(caller, ring.chain().add(Step.delay(LONG).within(SHORT)).nop());
    assertTimedOut(result, 0);
    assertCancelled(result, 1);
    ring.chain().add(Step.delay(SHORT).within(LONG)).nop().run();
  }

  private RawOperation poll() {
    return RawOperation.of(IORING_OP_POLL_ADD).on(fifo.file()).operationFlags(1); // POLLIN
  }

  @Liburing("link-timeout")
  @ParameterizedTest
  @EachCaller
  void poll(Caller caller) throws Exception {
    Outcomes result = runTimed(caller, ring.chain().add(poll().toStep().within(SHORT)).nop().nop());
    assertTimedOut(result, 0);
    assertCancelled(result, 1);
    assertCancelled(result, 2);
    var e = assertThrows(OperationTimeoutException.class, result::orThrow);
    assertTrue(
        e.getMessage().contains(poll().toStep().operation() + " took longer"), e.getMessage());
  }

  /** The kernel answers something else for this limit, and does not break the link. */
  @ParameterizedTest
  @EachCaller
  void futex(Caller caller) throws Exception {
    assumeTrue(Ring.availability().opcodes().contains("FUTEX_WAIT"), "needs Linux 6.7");
    RawOperation wait =
        RawOperation.of(IORING_OP_FUTEX_WAIT)
            .on(FUTEX2_SIZE_U32 | FUTEX2_PRIVATE)
            .offset(memory.get(ValueLayout.JAVA_INT, 0))
            .address(memory, Access.READS)
            .address3(0xffff_ffffL);
    Outcomes result = runTimed(caller, ring.chain().add(wait.toStep().within(SHORT)).nop());
    assertTimedOut(result, 0);
    assertCancelled(result, 1);
  }

  /** So it does for this one, and breaks the link. */
  @ParameterizedTest
  @EachCaller
  void process(Caller caller) throws Exception {
    assumeTrue(Ring.availability().opcodes().contains("WAITID"), "needs Linux 6.7");
    Process child = new ProcessBuilder("cat").start();
    try {
      RawOperation wait =
          RawOperation.of(IORING_OP_WAITID)
              .on((int) child.pid())
              .length(1) // P_PID
              .fileIndex(WEXITED);
      Outcomes result = runTimed(caller, ring.chain().add(wait.toStep().within(SHORT)).nop());
      assertTimedOut(result, 0);
      assertCancelled(result, 1);
    } finally {
      child.destroyForcibly().waitFor();
    }
  }

  @Test
  void kernelPolling() throws Exception {
    try (Ring polled = Ring.open(RingOptions.defaults().withKernelPolling(Duration.ofMillis(2)))) {
      Outcomes result =
          polled
              .chain()
              .add(Step.nop().within(LONG))
              .add(Step.read(fifo.file(), one, 0).within(SHORT))
              .attempt();
      assertTrue(result.get(0).succeeded());
      assertTimedOut(result, 1);
    }
  }

  @Test
  void devicePolling_isRefused() throws Exception {
    try (Ring polling = Ring.open(RingOptions.defaults().withDevicePolling(false))) {
      Chain chain = polling.chain().add(Step.nop().within(LONG));
      var e = assertThrows(IllegalStateException.class, chain::run);
      assertTrue(e.getMessage().endsWith("no IORING_OP_LINK_TIMEOUT"), e.getMessage());
    }
  }

  @Test
  void restriction_letsLimitsPass() throws Exception {
    RingRestriction little = RingRestriction.to("little");
    try (Ring restricted = Ring.open(RingOptions.defaults().withRestriction(little))) {
      Chain chain = restricted.chain().add(Step.read(fifo.file(), one, 0).within(SHORT));
      assertTimedOut(runTimed(Caller.PLATFORM, chain), 0);
    }
  }

  // ---- what is refused -----------------------------------------------------------------------

  /** A chain has no step yet that could be limited, so the limit is that of the whole. */
  @Liburing("link-timeout")
  @ParameterizedTest
  @EachCaller
  void limit_beforeTheFirstStep(Caller caller) throws Exception {
    Outcomes result = runTimed(caller, ring.chain().within(SHORT).read(fifo.file(), one, 0));
    assertTrue(result.timedOut());
    assertCancelled(result, 0);
  }

  /** The last limit counts, of the step and of the chain. */
  @Liburing("link-timeout")
  @ParameterizedTest
  @EachCaller
  void limit_twice(Caller caller) throws Exception {
    Step read = Step.read(fifo.file(), one, 0).within(TINY);
    assertTimedOut(runTimed(caller, ring.chain().add(read.within(LONG).within(SHORT))), 0);
    Chain chain = ring.chain().within(TINY).within(LONG).nop();
    chain.run();
    assertThrows(IllegalStateException.class, () -> chain.within(LONG));
  }

  @ParameterizedTest
  @ValueSource(strings = {"PT0S", "PT-1S"})
  void limit_notPositive(Duration limit) {
    assertThrows(IllegalArgumentException.class, () -> ring.chain().add(Step.nop().within(limit)));
  }

  // ---- races ---------------------------------------------------------------------------------

  /**
   * A limit that is up finds nothing while a worker hands its operation over to be waited for. The
   * kernel forgets it then, so the operation is cancelled once more.
   */
  @ParameterizedTest
  @ValueSource(ints = {Errno.ENOENT, Errno.EALREADY})
  void limit_findsNothing(int errno) throws Exception {
    kernel.add(FaultRule.on(IORING_OP_LINK_TIMEOUT).answer(-errno));
    kernel.add(FaultRule.on(IORING_OP_READ).delay());
    Chain chain = ring.chain().nop().add(Step.read(fifo.file(), one, 0).within(SHORT)).nop();
    var call = BlockedCall.start(ring, chain::attempt);
    Await.until("the read is cancelled once more", () -> cancels() == 1 && kernel.held() == 1);
    kernel.release();
    assertTimedOut(call.result(), 1);
  }

  @Test
  void limit_findsItsOperation() throws Exception {
    assertTimedOut(ring.chain().add(Step.read(fifo.file(), one, 0).within(SHORT)).attempt(), 0);
    assertEquals(0, cancels());
  }

  private long cancels() {
    return kernel.submitted().stream()
        .filter(request -> request.opcode() == IORING_OP_ASYNC_CANCEL)
        .count();
  }

  /** Bytes and limits come at about the same time: no byte is lost, and what is next runs. */
  @Test
  void readersAndLimits() throws Exception {
    int threads = 12;
    int rounds = 1000;
    AtomicInteger read = new AtomicInteger();
    AtomicInteger overdue = new AtomicInteger();
    List<BlockedCall<Void>> readers = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      boolean isAsync = i % 4 == 3;
      readers.add(
          BlockedCall.start(
              ring,
              Caller.values()[i % 3],
              () -> {
                for (int round = 0; round < rounds; round++) {
                  Outcomes result = readOne(isAsync);
                  (result.get(0).timedOut() ? overdue : read).incrementAndGet();
                  assertTrue(result.get(0).timedOut() || result.get(0).result() == 1);
                  assertTrue(result.get(1).succeeded());
                }
                return null;
              }));
    }
    int written = 0;
    while (!readers.stream().allMatch(BlockedCall::hasEnded)) {
      if (written - read.get() < 4) {
        fifo.write(1);
        written++;
      }
      Thread.onSpinWait();
    }
    for (BlockedCall<Void> reader : readers) {
      reader.result();
    }
    assertEquals(threads * rounds, read.get() + overdue.get());
    int rest = written - read.get();
    if (rest > 0) {
      assertEquals(rest, fifo.file().read(Arena.ofAuto().allocate(rest + 1), 0), "bytes are lost");
    }
    assertTrue(read.get() > 0 && overdue.get() > 0, read + " read, " + overdue + " overdue");
  }

  private Outcomes readOne(boolean isAsync) throws IOException {
    MemorySegment target = Arena.ofAuto().allocate(1);
    Step read = Step.read(fifo.file(), target, 0);
    int nanos = ThreadLocalRandom.current().nextInt(1, 300_000);
    return ring.chain()
        .add((isAsync ? read.onKernelWorker() : read).within(Duration.ofNanos(nanos)))
        .add(Step.nop().evenIfPreviousFailed())
        .attempt();
  }
}
