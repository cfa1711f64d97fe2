package io.ringspun;

import static io.ringspun.internal.kernel.Constants.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.RawOperation.Access;
import io.ringspun.file.RingFile;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import io.ringspun.testing.Fifo;
import io.ringspun.testing.Liburing;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
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
  private ChainResult runTimed(Caller caller, Chain chain) throws Exception {
    long before = System.nanoTime();
    ChainResult result = caller.call(ring, chain::run);
    long millis = (System.nanoTime() - before) / 1_000_000;
    assertTrue(millis >= SHORT.toMillis(), "too early, after " + millis + " ms");
    assertTrue(millis < 5_000, "too late, after " + millis + " ms");
    assertEquals(0, ring.metrics().inFlight());
    return result;
  }

  private static void assertCancelled(ChainResult result, int index) {
    assertTrue(result.isCancelled(index), "operation " + index);
    assertFalse(result.timedOut(index), "operation " + index);
  }

  private static void assertTimedOut(ChainResult result, int index) {
    assertTrue(result.isCancelled(index), "operation " + index);
    assertTrue(result.timedOut(index), "operation " + index);
  }

  // ---- one operation -------------------------------------------------------------------------

  @Liburing("link-timeout")
  @ParameterizedTest
  @EnumSource
  void alone_timeIsUp(Caller caller) throws Exception {
    ChainResult result = runTimed(caller, ring.chain().read(fifo.file(), one, 0).within(SHORT));
    assertEquals(1, result.size());
    assertTimedOut(result, 0);
    assertFalse(result.timedOut(), "the chain had no limit");
    assertFalse(result.succeeded());
    assertEquals(OptionalInt.of(0), result.firstFailure());
    var e = assertThrows(OperationTimeoutException.class, result::orThrow);
    assertEquals("operation 1 of 1, read, took longer than its limit of PT0.05S", e.getMessage());
    OperationException failure = result.failure(0).orElseThrow();
    assertEquals(Errno.ECANCELED, failure.errno());
    assertTrue(failure.getMessage().endsWith("; its limit was PT0.05S"), failure.getMessage());
    assertThrows(IndexOutOfBoundsException.class, () -> result.timedOut(1));

    fifo.write(7);
    assertEquals((byte) 7, fifo.read(), "the pipe is open, and no byte was lost");
  }

  /** A limit that is up before there was anything to wait for. */
  @Liburing("link-timeout")
  @ParameterizedTest
  @EnumSource
  void alone_timeIsUpAtOnce(Caller caller) throws Exception {
    Chain chain = ring.chain().read(fifo.file(), one, 0).within(TINY);
    assertTimedOut(caller.call(ring, chain::run), 0);
  }

  @Liburing("link-timeout")
  @ParameterizedTest
  @EnumSource
  void alone_completesAtOnce(Caller caller) throws Exception {
    fifo.write(5);
    Chain chain = ring.chain().read(fifo.file(), one, 0).within(LONG);
    ChainResult result = caller.call(ring, chain::run);
    result.orThrow();
    assertEquals(1, result.result(0));
    assertFalse(result.timedOut(0));
    assertEquals(0, ring.metrics().inFlight(), "the limit must not stay behind");
  }

  @Liburing("link-timeout")
  @ParameterizedTest
  @EnumSource
  void alone_waitsAndCompletes(Caller caller) throws Exception {
    Chain chain = ring.chain().read(fifo.file(), one, 0).within(LONG);
    var call = BlockedCall.start(ring, caller, chain::run).awaitInFlight(ring, 2);
    fifo.write(5);
    call.result().orThrow();
    assertEquals(0, ring.metrics().inFlight());
  }

  @Test
  void alone_forEver_isNoLimit() throws Exception {
    Chain chain = ring.chain().submit(poll()).within(Duration.ofSeconds(Long.MAX_VALUE));
    var call = BlockedCall.start(ring, chain::run).awaitInFlight(ring, 2);
    fifo.write(5);
    assertTrue(call.result().succeeded());
  }

  /** What is done at once is done, however little time it has. */
  @Liburing("link-timeout")
  @ParameterizedTest
  @EnumSource
  void nops(Caller caller) throws Exception {
    Chain chain = ring.chain().nop().within(LONG).nop().within(TINY).nop().within(LONG);
    ChainResult result = caller.call(ring, chain::run);
    result.orThrow();
    assertEquals(3, result.size());
  }

  /** Since Linux 6.15 only the time of the whole chain ends what a worker does from the start. */
  @ParameterizedTest
  @EnumSource
  void worker_isWokenByEitherLimit(Caller caller) throws Exception {
    Path path = directory.resolve("lonely-" + caller);
    Fifo.make(path);
    RawOperation open =
        RawOperation.of(IORING_OP_OPENAT)
            .flags(IOSQE_ASYNC)
            .on(AT_FDCWD)
            .address(Arena.ofAuto().allocateFrom(path.toString()), Access.READS)
            .operationFlags(O_CLOEXEC);
    Chain chain = ring.chain().submit(open).within(SHORT).nop().timeout(SHORT.multipliedBy(4));
    ChainResult result = runTimed(caller, chain);
    assertTrue(result.timedOut() || result.timedOut(0), () -> "result " + result.result(0));
    assertCancelled(result, 1);
    assertThrows(OperationTimeoutException.class, result::orThrow);
  }

  /** A write that a limit may or may not have ended; then one without. */
  @Liburing("link-timeout")
  @Test
  void write_afterOneThatWasLimited() throws Exception {
    for (int round = 0; round < 50; round++) {
      ChainResult limited = ring.chain().write(file, memory, 0).within(TINY).run();
      assertTrue(limited.timedOut(0) || limited.result(0) == 8);
      ring.chain().write(file, memory, 0).run().orThrow();
    }
  }

  // ---- several -------------------------------------------------------------------------------

  @Liburing("link-timeout")
  @ParameterizedTest
  @EnumSource
  void anyPlace_cancelsWhatIsBehind(Caller caller) throws Exception {
    for (int place = 0; place < 4; place++) {
      Chain chain = ring.chain();
      for (int i = 0; i < 4; i++) {
        if (i == place) {
          chain.read(fifo.file(), one, 0).within(SHORT);
        } else {
          chain.nop();
        }
      }
      ChainResult result = runTimed(caller, chain);
      assertEquals(OptionalInt.of(place), result.firstFailure());
      for (int i = 0; i < 4; i++) {
        assertEquals(i < place, result.succeeded(i));
        assertEquals(i >= place, result.isCancelled(i));
        assertEquals(i == place, result.timedOut(i));
      }
    }
  }

  @Liburing("link-timeout")
  @ParameterizedTest
  @EnumSource
  void hardLink_nextRunsAllTheSame(Caller caller) throws Exception {
    ChainResult result =
        runTimed(
            caller,
            ring.chain()
                .read(fifo.file(), one, 0)
                .within(SHORT)
                .hardLink()
                .write(file, memory, 0)
                .within(LONG)
                .hardLink()
                .nop());
    assertTimedOut(result, 0);
    assertEquals(8, result.result(1));
    assertTrue(result.succeeded(2));
    assertEquals(OptionalInt.of(0), result.firstFailure());
    assertThrows(OperationTimeoutException.class, result::orThrow);
  }

  @Liburing("link-timeout")
  @ParameterizedTest
  @EnumSource
  void severalLimits_eachEndsItsOwn(Caller caller) throws Exception {
    ChainResult result =
        runTimed(
            caller,
            ring.chain()
                .nop()
                .within(LONG)
                .read(fifo.file(), one, 0)
                .within(SHORT)
                .hardLink()
                .read(other.file(), one, 0)
                .within(SHORT)
                .nop()
                .within(LONG));
    assertTrue(result.succeeded(0));
    assertTimedOut(result, 1);
    assertTimedOut(result, 2);
    assertCancelled(result, 3);
  }

  /** The time of the second does not run while the first one waits. */
  @ParameterizedTest
  @EnumSource
  void limit_countsFromWhenItsOperationBegins(Caller caller) throws Exception {
    long before = System.nanoTime();
    Chain chain = ring.chain().delay(SHORT).read(fifo.file(), one, 0).within(SHORT);
    ChainResult result = caller.call(ring, chain::run);
    assertTrue(System.nanoTime() - before >= 2 * SHORT.toNanos());
    assertTrue(result.succeeded(0));
    assertTimedOut(result, 1);
  }

  @ParameterizedTest
  @EnumSource
  void failureBefore_cancelsOperationAndLimit(Caller caller) throws Exception {
    Chain chain =
        ring.chain()
            .read(failing, memory, 0)
            .within(LONG)
            .read(fifo.file(), one, 0)
            .within(LONG)
            .hardLink()
            .nop();
    ChainResult result = caller.call(ring, chain::run);
    assertEquals(-Errno.EISDIR, result.result(0));
    assertFalse(result.timedOut(0));
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
            .nop()
            .within(LONG)
            .nop()
            .within(LONG)
            .hardLink()
            .nop()
            .nop()
            .within(LONG)
            .run()
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
  @EnumSource
  void syncs_withLimits(Caller caller) throws Exception {
    ChainResult result =
        runTimed(
            caller,
            ring.chain()
                .write(file, memory, 0)
                .within(LONG)
                .fdatasync(file)
                .within(LONG)
                .fsync(file)
                .read(fifo.file(), one, 0)
                .within(SHORT)
                .fsync(file)
                .within(LONG));
    assertEquals(8, result.result(0));
    assertTrue(result.succeeded(1));
    assertTrue(result.succeeded(2));
    assertTimedOut(result, 3);
    assertCancelled(result, 4);
  }

  /** A pipe stands for the failing device, since it cannot be flushed. */
  @ParameterizedTest
  @EnumSource
  void syncFails_withLimit(Caller caller) throws Exception {
    Chain chain =
        ring.chain().fsync(fifo.file()).within(LONG).write(file, memory, 0).within(LONG).nop();
    ChainResult result = caller.call(ring, chain::run);
    assertEquals(-Errno.EINVAL, result.result(0));
    assertFalse(result.timedOut(0));
    assertCancelled(result, 1);
    assertCancelled(result, 2);
    assertEquals(0, file.size());
    assertEquals(0, ring.metrics().inFlight());
  }

  // ---- ended by something else ---------------------------------------------------------------

  private BlockedCall<ChainResult> startLimited(Caller caller) {
    return BlockedCall.start(
            ring,
            caller,
            () ->
                ring.chain()
                    .nop()
                    .within(LONG)
                    .read(fifo.file(), one, 0)
                    .within(LONG)
                    .hardLink()
                    .read(other.file(), one, 0)
                    .within(LONG)
                    .run())
        .awaitInFlight(ring, 4);
  }

  private static void assertEnded(ChainResult result) {
    assertTrue(result.succeeded(0));
    assertCancelled(result, 1);
    assertCancelled(result, 2);
  }

  @ParameterizedTest
  @EnumSource
  void interruptedMeanwhile(Caller caller) throws Exception {
    var call = startLimited(caller);
    call.interrupt();
    ChainResult result = call.result();
    assertEnded(result);
    assertTrue(call.interruptPending());
    assertThrows(OperationException.class, result::orThrow);
  }

  @ParameterizedTest
  @EnumSource
  void fileClosedMeanwhile(Caller caller) throws Exception {
    var call = startLimited(caller);
    fifo.file().close();
    assertEnded(call.result());
  }

  @ParameterizedTest
  @EnumSource
  void ringClosedMeanwhile(Caller caller) throws Exception {
    var call = startLimited(caller);
    ring.close();
    assertEnded(call.result());
  }

  @ParameterizedTest
  @EnumSource
  void chainsTime_isUpBefore(Caller caller) throws Exception {
    ChainResult result =
        runTimed(
            caller,
            ring.chain()
                .read(fifo.file(), one, 0)
                .within(LONG)
                .hardLink()
                .read(other.file(), one, 0)
                .within(LONG)
                .timeout(SHORT));
    assertTrue(result.timedOut());
    assertCancelled(result, 0);
    assertCancelled(result, 1);
    var e = assertThrows(OperationTimeoutException.class, result::orThrow);
    assertEquals("the chain's time was up at operation 1 of 2", e.getMessage());
  }

  /** The first failure is the reason, whatever else came up later. */
  @ParameterizedTest
  @EnumSource
  void chainsTime_isUpLater(Caller caller) throws Exception {
    ChainResult result =
        runTimed(
            caller,
            ring.chain()
                .read(fifo.file(), one, 0)
                .within(TINY)
                .hardLink()
                .read(other.file(), one, 0)
                .within(LONG)
                .timeout(SHORT));
    assertTrue(result.timedOut());
    assertTimedOut(result, 0);
    assertCancelled(result, 1);
    var e = assertThrows(OperationTimeoutException.class, result::orThrow);
    assertTrue(e.getMessage().startsWith("operation 1 of 2, read, took longer"), e.getMessage());
  }

  @ParameterizedTest
  @EnumSource
  void cancel_countsOperationsOnly(Caller caller) throws Exception {
    Chain chain = ring.chain().read(fifo.file(), one, 0).within(LONG);
    var call = BlockedCall.start(ring, Caller.VIRTUAL, chain::run).awaitInFlight(ring, 2);
    assertEquals(0, caller.call(ring, () -> ring.cancel(IORING_OP_LINK_TIMEOUT)));
    assertFalse(call.hasEnded());
    assertEquals(1, caller.call(ring, ring::cancelAll));
    assertCancelled(call.result(), 0);
    assertEquals(0, ring.metrics().inFlight());
  }

  // ---- room ----------------------------------------------------------------------------------

  @ParameterizedTest
  @EnumSource
  void waitingForRoom(Caller caller) throws Exception {
    try (Ring small = Ring.open(RingOptions.defaults().withInFlightLimit(4));
        Fifo cork = Fifo.open(small, directory);
        Fifo pipe = Fifo.open(small, directory)) {
      var first = BlockedCall.start(small, Caller.VIRTUAL, cork::read).awaitInFlight(small, 1);
      long submitted = small.metrics().submitted();
      List<BlockedCall<ChainResult>> late = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        late.add(
            BlockedCall.start(
                small,
                caller,
                () ->
                    small.chain().nop().within(LONG).read(pipe.file(), one, 0).within(LONG).run()));
        int waiting = i + 1;
        Await.until("it waits", () -> small.metrics().waiting() == waiting);
      }
      assertEquals(submitted, small.metrics().submitted(), "there is room for three, not four");
      late.getFirst().interrupt();
      assertCancelled(late.getFirst().result(), 0);
      assertEquals(2, small.cancel(IORING_OP_NOP), "each of them takes its chain with it");
      for (BlockedCall<ChainResult> call : late) {
        assertCancelled(call.result(), 1);
      }
      BlockedCall<ChainResult> last =
          BlockedCall.start(
              small,
              caller,
              () -> small.chain().nop().within(LONG).read(pipe.file(), one, 0).within(LONG).run());
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
        fits.nop().within(LONG);
      }
      assertTrue(fits.run().succeeded());
      Chain tooLong = small.chain();
      for (int i = 0; i < 5; i++) {
        tooLong.nop();
      }
      for (int i = 0; i < 2; i++) {
        tooLong.nop().within(LONG);
      }
      var e = assertThrows(IllegalArgumentException.class, tooLong::run);
      assertTrue(
          e.getMessage()
              .startsWith(
                  "a chain of 7 operations and 2 limits cannot be submitted at once; this ring"
                      + " takes 8"),
          e.getMessage());
    }
  }

  @ParameterizedTest
  @EnumSource
  void drain_isLiftedWhenTheLimitIsOver(Caller caller) throws Exception {
    ChainResult result =
        runTimed(caller, ring.chain().nop().read(fifo.file(), one, 0).within(SHORT).drain());
    assertTimedOut(result, 1);
    ring.nop();
  }

  // ---- other kinds of operations and rings ---------------------------------------------------

  @ParameterizedTest
  @EnumSource
  void lease(Caller caller) throws Exception {
    try (BufferPool pool = ring.bufferPool(1, 4096)) {
      caller.run(
          ring,
          () -> {
            try (Lease lease = pool.take()) {
              ChainResult result = ring.chain().read(fifo.file(), lease, 0).within(SHORT).run();
              assertTimedOut(result, 0);
              assertEquals(0, lease.filled().byteSize());
              fifo.write(1, 2);
              ring.chain().read(fifo.file(), lease, 0).within(LONG).nop().run();
              assertEquals(2, lease.filled().byteSize());
            }
          });
    }
  }

  @ParameterizedTest
  @EnumSource
  void pause(Caller caller) throws Exception {
    ChainResult result = runTimed(caller, ring.chain().delay(LONG).within(SHORT).nop());
    assertTimedOut(result, 0);
    assertCancelled(result, 1);
    ring.chain().delay(SHORT).within(LONG).nop().run().orThrow();
  }

  private RawOperation poll() {
    return RawOperation.of(IORING_OP_POLL_ADD).on(fifo.file()).operationFlags(1); // POLLIN
  }

  @Liburing("link-timeout")
  @ParameterizedTest
  @EnumSource
  void poll(Caller caller) throws Exception {
    ChainResult result = runTimed(caller, ring.chain().submit(poll()).within(SHORT).nop().nop());
    assertTimedOut(result, 0);
    assertCancelled(result, 1);
    assertCancelled(result, 2);
    var e = assertThrows(OperationTimeoutException.class, result::orThrow);
    assertTrue(e.getMessage().contains(poll().name() + ", took longer"), e.getMessage());
  }

  /** The kernel answers something else for this limit, and does not break the link. */
  @ParameterizedTest
  @EnumSource
  void futex(Caller caller) throws Exception {
    assumeTrue(Ring.availability().opcodes().contains("FUTEX_WAIT"), "needs Linux 6.7");
    RawOperation wait =
        RawOperation.of(IORING_OP_FUTEX_WAIT)
            .on(FUTEX2_SIZE_U32 | FUTEX2_PRIVATE)
            .offset(memory.get(ValueLayout.JAVA_INT, 0))
            .address(memory, Access.READS)
            .address3(0xffff_ffffL);
    ChainResult result = runTimed(caller, ring.chain().submit(wait).within(SHORT).nop());
    assertTimedOut(result, 0);
    assertCancelled(result, 1);
  }

  /** So it does for this one, and breaks the link. */
  @ParameterizedTest
  @EnumSource
  void process(Caller caller) throws Exception {
    assumeTrue(Ring.availability().opcodes().contains("WAITID"), "needs Linux 6.7");
    Process child = new ProcessBuilder("cat").start();
    try {
      RawOperation wait =
          RawOperation.of(IORING_OP_WAITID)
              .on((int) child.pid())
              .length(1) // P_PID
              .fileIndex(WEXITED);
      ChainResult result = runTimed(caller, ring.chain().submit(wait).within(SHORT).nop());
      assertTimedOut(result, 0);
      assertCancelled(result, 1);
    } finally {
      child.destroyForcibly().waitFor();
    }
  }

  @Test
  void kernelPolling() throws Exception {
    try (Ring polled = Ring.open(RingOptions.defaults().withKernelPolling(Duration.ofMillis(2)))) {
      ChainResult result =
          polled.chain().nop().within(LONG).read(fifo.file(), one, 0).within(SHORT).run();
      assertTrue(result.succeeded(0));
      assertTimedOut(result, 1);
    }
  }

  @Test
  void devicePolling_isRefused() throws Exception {
    try (Ring polling = Ring.open(RingOptions.defaults().withDevicePolling(false))) {
      Chain chain = polling.chain().nop().within(LONG);
      var e = assertThrows(IllegalStateException.class, chain::run);
      assertTrue(e.getMessage().endsWith("no IORING_OP_LINK_TIMEOUT"), e.getMessage());
    }
  }

  @Test
  void restriction_letsLimitsPass() throws Exception {
    RingRestriction little = RingRestriction.to("little");
    try (Ring restricted = Ring.open(RingOptions.defaults().withRestriction(little))) {
      Chain chain = restricted.chain().read(fifo.file(), one, 0).within(SHORT);
      assertTimedOut(runTimed(Caller.PLATFORM, chain), 0);
    }
  }

  // ---- what is refused -----------------------------------------------------------------------

  @Liburing("link-timeout")
  @Test
  void limit_withoutOperation() {
    var e = assertThrows(IllegalStateException.class, () -> ring.chain().within(LONG));
    assertTrue(e.getMessage().contains("add one first"), e.getMessage());
  }

  @Liburing("link-timeout")
  @Test
  void limit_twice() throws Exception {
    Chain chain = ring.chain().nop().nop().within(LONG);
    var e = assertThrows(IllegalStateException.class, () -> chain.within(LONG));
    assertEquals("operation 2 has a limit already", e.getMessage());
    chain.run().orThrow();
    assertThrows(IllegalStateException.class, () -> chain.within(LONG));
  }

  @ParameterizedTest
  @ValueSource(strings = {"PT0S", "PT-1S"})
  void limit_notPositive(Duration limit) {
    assertThrows(IllegalArgumentException.class, () -> ring.chain().nop().within(limit));
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
    Chain chain = ring.chain().nop().read(fifo.file(), one, 0).within(SHORT).nop();
    var call = BlockedCall.start(ring, chain::run);
    Await.until("the read is cancelled once more", () -> cancels() == 1 && kernel.held() == 1);
    kernel.release();
    assertTimedOut(call.result(), 1);
  }

  @Test
  void limit_findsItsOperation() throws Exception {
    assertTimedOut(ring.chain().read(fifo.file(), one, 0).within(SHORT).run(), 0);
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
                  ChainResult result = readOne(isAsync);
                  (result.timedOut(0) ? overdue : read).incrementAndGet();
                  assertTrue(result.timedOut(0) || result.result(0) == 1);
                  assertTrue(result.succeeded(1));
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

  private ChainResult readOne(boolean isAsync) throws IOException {
    MemorySegment target = Arena.ofAuto().allocate(1);
    Chain chain = ring.chain();
    if (isAsync) {
      chain.submit(
          RawOperation.of(IORING_OP_READ)
              .flags(IOSQE_ASYNC)
              .on(fifo.file())
              .address(target, Access.WRITES)
              .length(1));
    } else {
      chain.read(fifo.file(), target, 0);
    }
    int nanos = ThreadLocalRandom.current().nextInt(1, 300_000);
    return chain.within(Duration.ofNanos(nanos)).hardLink().nop().run();
  }
}
