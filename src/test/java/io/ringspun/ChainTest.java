package io.ringspun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.file.RingFile;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
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
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ChainTest {
  private static final int EISDIR = 21;

  @TempDir static Path directory;

  private Ring ring;
  private RingFile file;
  private RingFile failing; // a directory: reading it fails with EISDIR
  private Fifo fifo; // reading it blocks
  private final MemorySegment memory = Arena.ofAuto().allocate(16);

  @BeforeEach
  void open() throws IOException {
    ring = Ring.open();
    file = create(ring, "file");
    fifo = Fifo.open(ring, directory);
    failing = RingFile.open(ring, directory);
  }

  @AfterEach
  void close() throws IOException {
    fifo.close();
    failing.close();
    file.close();
    ring.close();
  }

  private static RingFile create(Ring ring, String name) throws IOException {
    return RingFile.open(
        ring,
        directory.resolve(name),
        StandardOpenOption.CREATE,
        StandardOpenOption.TRUNCATE_EXISTING,
        StandardOpenOption.READ,
        StandardOpenOption.WRITE);
  }

  // ---- order and links -----------------------------------------------------------------------

  @Liburing("link")
  @ParameterizedTest
  @EachCaller
  void run_inOrder(Caller caller) throws Exception {
    BlockedCall.start(
            ring,
            caller,
            () -> {
              for (int round = 0; round < 50; round++) {
                MemorySegment a = Arena.ofAuto().allocate(16).fill((byte) 'a');
                MemorySegment b = Arena.ofAuto().allocate(16).fill((byte) ('b' + round));
                MemorySegment seen = Arena.ofAuto().allocate(16);
                Outcomes result =
                    ring.chain()
                        .write(file, a, 0)
                        .write(file, b, 0)
                        .fdatasync(file)
                        .read(file, seen, 0)
                        .write(file, a, 0)
                        .attempt();
                result.orThrow();
                assertTrue(result.succeeded());
                assertTrue(result.firstFailure().isEmpty());
                assertEquals(-1, b.mismatch(seen), "the read must see the second write only");
              }
              return null;
            })
        .result();
  }

  @Liburing("link")
  @ParameterizedTest
  @CsvSource({"1, 0", "2, 0", "2, 1", "5, 0", "5, 2", "5, 4", "64, 0", "64, 31", "64, 63"})
  void softLink_failureCancelsTheRest(int length, int broken) throws Exception {
    Chain chain = ring.chain();
    for (int i = 0; i < length; i++) {
      if (i == broken) {
        chain.read(failing, memory, 0);
      } else {
        chain.nop();
      }
    }
    Outcomes result = chain.attempt();
    assertEquals(length, result.size());
    assertEquals(broken, result.firstFailure().orElseThrow().position());
    assertFalse(result.succeeded());
    assertFalse(result.timedOut());
    for (int i = 0; i < length; i++) {
      assertEquals(i < broken, result.get(i).succeeded(), "operation " + i);
      assertEquals(i > broken, result.get(i).isCancelled(), "operation " + i);
    }
    var e = assertThrows(OperationException.class, result::orThrow);
    assertEquals(EISDIR, e.errno());
    assertEquals("EISDIR", e.errnoName());
    assertEquals("read", e.operation());
    assertEquals(EISDIR, result.get(broken).failure().orElseThrow().errno());
    assertEquals(-EISDIR, result.get(broken).result());
  }

  @Liburing("link")
  @Test
  void hardLink_nextRunsAllTheSame() throws Exception {
    Outcomes result =
        ring.chain()
            .read(failing, memory, 0)
            .add(Step.nop().evenIfPreviousFailed())
            .read(failing, memory, 0)
            .add(Step.nop().evenIfPreviousFailed())
            .attempt();
    assertEquals(-EISDIR, result.get(0).result());
    assertTrue(result.get(1).succeeded());
    assertEquals(-EISDIR, result.get(2).result());
    assertTrue(result.get(3).succeeded());
    assertEquals(0, result.firstFailure().orElseThrow().position());
    assertFalse(result.succeeded());
  }

  @Liburing("link")
  @Test
  void hardLink_thenSoftLink_breaksAtTheSoftOne() throws Exception {
    Outcomes result =
        ring.chain()
            .read(failing, memory, 0)
            .add(Step.read(failing, memory, 0).evenIfPreviousFailed())
            .nop()
            .nop()
            .attempt();
    assertEquals(-EISDIR, result.get(0).result());
    assertEquals(-EISDIR, result.get(1).result());
    assertTrue(result.get(2).isCancelled());
    assertTrue(result.get(3).isCancelled());
  }

  /** A hard link holds for the operation before it, not for those whose turn never came. */
  @Liburing("link")
  @Test
  void softLink_breaksAcrossHardLinks() throws Exception {
    Outcomes result =
        ring.chain()
            .read(failing, memory, 0)
            .nop()
            .add(Step.nop().evenIfPreviousFailed())
            .attempt();
    assertTrue(result.get(1).isCancelled());
    assertTrue(result.get(2).isCancelled());
  }

  @Test
  void hardLink_beforeTheFirstStep() {
    Step step = Step.nop().evenIfPreviousFailed();
    var e = assertThrows(IllegalArgumentException.class, () -> ring.chain().add(step));
    assertTrue(e.getMessage().contains("the first step of a chain cannot"), e.getMessage());
  }

  @Test
  void hardLink_drain_afterRun() throws Exception {
    Chain chain = ring.chain().nop();
    chain.run();
    Step hard = Step.nop().evenIfPreviousFailed();
    Step drain = Step.nop().afterEverythingElse();
    assertThrows(IllegalStateException.class, () -> chain.add(hard));
    assertThrows(IllegalStateException.class, () -> chain.add(drain));
    assertThrows(IllegalStateException.class, chain::run);
    assertThrows(IllegalStateException.class, chain::attempt);
  }

  @Test
  void shortTransfer_breaksSoftLinkOnly() throws Exception {
    file.writeFully(memory.asSlice(0, 10), 0);
    Outcomes soft = ring.chain().read(file, memory, 0).nop().attempt();
    assertEquals(10, soft.get(0).result());
    assertTrue(soft.get(0).isShort());
    assertTrue(soft.get(1).isCancelled());
    assertEquals(0, soft.firstFailure().orElseThrow().position());
    var e = assertThrows(IOException.class, soft::orThrow);
    assertEquals("step 1 of 2: read transferred 10 of 16 bytes", e.getMessage());

    Outcomes hard =
        ring.chain().read(file, memory, 0).add(Step.nop().evenIfPreviousFailed()).attempt();
    assertEquals(10, hard.get(0).result());
    assertTrue(hard.get(1).succeeded());
    assertFalse(hard.succeeded(), "a short transfer is a failure all the same");
  }

  @Test
  void shortTransfer_atTheEnd_isAFailure() throws Exception {
    Outcomes result = ring.chain().nop().read(file, memory, 0).attempt();
    assertEquals(0, result.get(1).result());
    assertEquals(1, result.firstFailure().orElseThrow().position());
    assertThrows(IOException.class, result::orThrow);
  }

  // ---- length --------------------------------------------------------------------------------

  @Liburing("sq-space_left")
  @ParameterizedTest
  @CsvSource({"8, 0, 8", "8, 5, 5", "1, 0, 1", "3, 0, 4", "64, 1, 1"})
  void length_longestThatFits(int entries, int limit, int longest) throws Exception {
    RingOptions options = RingOptions.defaults().withEntries(entries);
    try (Ring small = Ring.open(limit == 0 ? options : options.withInFlightLimit(limit))) {
      for (int round = 0; round < 20; round++) {
        Chain fits = small.chain();
        for (int i = 0; i < longest; i++) {
          fits.nop();
        }
        assertTrue(fits.attempt().succeeded());
      }
      Chain tooLong = small.chain();
      for (int i = 0; i <= longest; i++) {
        tooLong.nop();
      }
      var e = assertThrows(IllegalArgumentException.class, tooLong::run);
      assertTrue(
          e.getMessage()
              .startsWith(
                  "a chain of %d steps cannot be submitted at once; this ring takes %d"
                      .formatted(longest + 1, longest)),
          e.getMessage());
    }
  }

  /** Where a chain and single calls compete for room, the chain is never split nor starved. */
  @Liburing("sq-space_left")
  @Test
  void length_longestAmongOthers() throws Exception {
    try (Ring small = Ring.open(RingOptions.defaults().withEntries(8).withInFlightLimit(8))) {
      List<BlockedCall<Void>> callers = new ArrayList<>();
      for (int i = 0; i < 30; i++) {
        boolean chained = i % 3 == 0;
        callers.add(
            BlockedCall.start(
                small,
                Caller.values()[i % 3],
                () -> {
                  for (int round = 0; round < 200; round++) {
                    if (chained) {
                      Chain chain = small.chain();
                      for (int k = 0; k < 8; k++) {
                        chain.nop();
                      }
                      chain.run();
                    } else {
                      small.nop();
                    }
                  }
                  return null;
                }));
      }
      for (BlockedCall<Void> caller : callers) {
        caller.result();
      }
    }
  }

  // ---- draining ------------------------------------------------------------------------------

  @Liburing("defer")
  @ParameterizedTest
  @EachCaller
  void drain_waitsForWhatIsInFlight_andHoldsUpWhatComesLater(Caller caller) throws Exception {
    try (Fifo second = Fifo.open(ring, directory)) {
      var before = BlockedCall.start(ring, caller, fifo::read).awaitInFlight(ring, 1);
      long completed = ring.metrics().completed();
      var chain =
          BlockedCall.start(
              ring,
              caller,
              () ->
                  ring.chain()
                      .add(Step.nop().afterEverythingElse())
                      .read(second.file(), memory.asSlice(0, 1), 0)
                      .attempt());
      Await.until("the chain waits", () -> ring.metrics().waiting() == 1);
      var later =
          BlockedCall.start(
              ring,
              caller,
              () -> {
                ring.nop();
                return null;
              });
      Await.until("what comes later waits", () -> ring.metrics().waiting() == 2);
      assertEquals(completed, ring.metrics().completed());

      fifo.write(1);
      before.result();
      Await.until(
          "the chain is at its second",
          () -> ring.metrics().completed() == completed + 2 && ring.metrics().inFlight() == 1);
      assertFalse(later.hasEnded());
      assertEquals(1, ring.metrics().waiting(), "it must wait until the chain is over");

      second.write(1);
      assertTrue(chain.result().succeeded());
      later.result();
    }
  }

  @Test
  void drain_interruptedInTheQueue_letsOthersPass() throws Exception {
    var before = BlockedCall.start(ring, Caller.VIRTUAL, fifo::read).awaitInFlight(ring, 1);
    var chain =
        BlockedCall.start(
            ring,
            Caller.VIRTUAL,
            () -> ring.chain().add(Step.nop().afterEverythingElse()).attempt());
    Await.until("the chain waits", () -> ring.metrics().waiting() == 1);
    chain.interrupt();
    Outcomes result = chain.result();
    assertTrue(chain.interruptPending());
    assertTrue(result.get(0).isCancelled());
    ring.nop();
    fifo.write(1);
    before.result();
  }

  @Test
  void drain_fileClosedMeanwhile_liftsTheBarrier() throws Exception {
    var chain =
        BlockedCall.start(
                ring,
                Caller.PLATFORM,
                () ->
                    ring.chain()
                        .add(Step.read(fifo.file(), memory.asSlice(0, 1), 0).afterEverythingElse())
                        .attempt())
            .awaitInFlight(ring, 1);
    fifo.file().close();
    assertTrue(chain.result().get(0).isCancelled());
    ring.nop();
  }

  @Liburing("link_drain")
  @Test
  void drain_manyAtOnce() throws Exception {
    List<BlockedCall<Void>> callers = new ArrayList<>();
    for (int i = 0; i < 12; i++) {
      callers.add(
          BlockedCall.start(
              ring,
              Caller.values()[i % 3],
              () -> {
                for (int round = 0; round < 100; round++) {
                  ring.chain().add(Step.nop().afterEverythingElse()).nop().run();
                  ring.nop();
                }
                return null;
              }));
    }
    for (BlockedCall<Void> caller : callers) {
      caller.result();
    }
  }

  // ---- cancelling ----------------------------------------------------------------------------

  /** Each hard link would start the next read after the one before was cancelled. */
  @Liburing("link-timeout")
  @ParameterizedTest
  @EachCaller
  void timeout_endsAChainOfHardLinks(Caller caller) throws Exception {
    var chain =
        BlockedCall.start(
            ring,
            caller,
            () ->
                ring.chain()
                    .read(fifo.file(), memory.asSlice(0, 1), 0)
                    .add(Step.read(fifo.file(), memory.asSlice(1, 1), 0).evenIfPreviousFailed())
                    .add(Step.read(fifo.file(), memory.asSlice(2, 1), 0).evenIfPreviousFailed())
                    .within(Duration.ofMillis(50))
                    .attempt());
    Outcomes result = chain.result();
    assertTrue(result.timedOut());
    for (int i = 0; i < 3; i++) {
      assertTrue(result.get(i).isCancelled(), "operation " + i);
    }
    assertThrows(OperationTimeoutException.class, result::orThrow);
    assertFalse(chain.interruptPending());
    assertEquals(0, ring.metrics().inFlight());
  }

  @ParameterizedTest
  @EachCaller
  void close_endsAChainOfHardLinks(Caller caller) throws Exception {
    var chain =
        BlockedCall.start(
                ring,
                caller,
                () ->
                    ring.chain()
                        .read(fifo.file(), memory.asSlice(0, 1), 0)
                        .add(Step.read(fifo.file(), memory.asSlice(1, 1), 0).evenIfPreviousFailed())
                        .attempt())
            .awaitInFlight(ring, 2);
    fifo.file().close();
    Outcomes result = chain.result();
    assertTrue(result.get(0).isCancelled());
    assertTrue(result.get(1).isCancelled());
  }

  // ---- many ----------------------------------------------------------------------------------

  /** If a chain picked up another's operation, a file would get a foreign pattern. */
  @Liburing("link")
  @Test
  void fiftyThreads_chainsDoNotMix() throws Exception {
    try (Ring small = Ring.open(RingOptions.defaults().withEntries(8))) {
      List<BlockedCall<Void>> writers = new ArrayList<>();
      for (int i = 0; i < 50; i++) {
        int mine = i;
        writers.add(
            BlockedCall.start(small, Caller.values()[i % 3], () -> writeAndReadBack(small, mine)));
      }
      for (BlockedCall<Void> writer : writers) {
        writer.result();
      }
      assertEquals(0, small.metrics().overflows());
      assertEquals(0, small.metrics().stale());
    }
  }

  private static Void writeAndReadBack(Ring ring, int mine) throws IOException {
    try (RingFile own = create(ring, "own-" + mine);
        Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(4096);
      MemorySegment in = arena.allocate(4096);
      for (int round = 0; round < 40; round++) {
        int pattern = mine << 16 | round;
        for (int at = 0; at < 4096; at += 4) {
          out.set(ValueLayout.JAVA_INT, at, pattern);
        }
        ring.chain()
            .write(own, out.asSlice(0, 2048), round * 4096L)
            .write(own, out.asSlice(2048), round * 4096L + 2048)
            .read(own, in, round * 4096L)
            .run();
        assertEquals(-1, out.mismatch(in), "file " + mine + ", round " + round);
      }
      assertEquals(40 * 4096L, own.size());
      return null;
    }
  }

  /**
   * A commit record must not be written behind a flush that failed. A pipe stands for the failing
   * device, since it cannot be flushed.
   */
  @Test
  void softLink_failedSyncCancelsTheRest() throws Exception {
    Outcomes result = ring.chain().fsync(fifo.file()).write(file, memory, 0).attempt();
    assertEquals(-22, result.get(0).result(), "EINVAL");
    assertTrue(result.get(1).isCancelled());
    assertEquals(0, file.size());
  }
}
