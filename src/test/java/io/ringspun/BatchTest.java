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
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;

class BatchTest {
  private static final int EINVAL = 22;

  @TempDir static Path directory;

  private Ring ring;
  private RingFile file;
  private Fifo fifo; // a sync of it fails with EINVAL, a read of it blocks

  @BeforeEach
  void open() throws IOException {
    ring = Ring.open();
    file =
        RingFile.open(
            ring,
            directory.resolve("file"),
            StandardOpenOption.CREATE,
            StandardOpenOption.TRUNCATE_EXISTING,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE);
    fifo = Fifo.open(ring, directory);
  }

  @AfterEach
  void close() throws IOException {
    fifo.close();
    file.close();
    ring.close();
  }

  @Liburing("drop-submit")
  @Test
  void failures_doNotTouchTheOthers() throws Exception {
    MemorySegment memory = Arena.ofAuto().allocate(10);
    Outcomes result =
        ring.batch()
            .nop()
            .fsync(fifo.file())
            .write(file, memory, 0)
            .fdatasync(fifo.file())
            .nop()
            .attempt();
    assertTrue(result.get(0).succeeded());
    assertEquals(-EINVAL, result.get(1).result());
    assertEquals(10, result.get(2).result());
    assertEquals(-EINVAL, result.get(3).result());
    assertTrue(result.get(4).succeeded());
    assertFalse(result.succeeded());
    assertFalse(result.get(1).isCancelled());
    var e = assertThrows(OperationException.class, result::orThrow);
    assertEquals("fsync", e.operation());
    assertEquals(EINVAL, e.errno());
    assertEquals(1, e.getSuppressed().length);
    assertEquals("fdatasync", ((OperationException) e.getSuppressed()[0]).operation());
  }

  @Test
  void shortTransfer_isAFailure_othersRun() throws Exception {
    MemorySegment memory = Arena.ofAuto().allocate(10);
    file.writeFully(memory.asSlice(0, 4), 0);
    Outcomes result = ring.batch().read(file, memory, 0).nop().attempt();
    assertEquals(4, result.get(0).result());
    assertTrue(result.get(0).isShort());
    assertTrue(result.get(1).succeeded());
    assertFalse(result.succeeded());
    var e = assertThrows(IOException.class, result::orThrow);
    assertEquals("step 1 of 2: read transferred 4 of 10 bytes", e.getMessage());
  }

  /** Nothing orders the operations: one that blocks does not hold up those behind it. */
  @ParameterizedTest
  @EachCaller
  void blockedOperation_othersRun(Caller caller) throws Exception {
    MemorySegment memory = Arena.ofAuto().allocate(1);
    long completed = ring.metrics().completed();
    var batch =
        BlockedCall.start(
                ring, caller, () -> ring.batch().read(fifo.file(), memory, 0).nop().nop().attempt())
            .awaitInFlight(ring, 1);
    Await.until("the others are over", () -> ring.metrics().completed() == completed + 2);
    assertFalse(batch.hasEnded());
    fifo.write(5);
    batch.result().orThrow();
    assertEquals(5, memory.get(ValueLayout.JAVA_BYTE, 0));
  }

  @Liburing("cq-full")
  @ParameterizedTest
  @EachCaller
  void tenThousand_onARingOfEight(Caller caller) throws Exception {
    int count = 10_000;
    try (Ring small = Ring.open(RingOptions.defaults().withEntries(8))) {
      BlockedCall.start(
              small,
              caller,
              () -> {
                MemorySegment out = Arena.ofAuto().allocate(8L * count);
                MemorySegment in = Arena.ofAuto().allocate(8L * count);
                Batch writes = small.batch();
                Batch reads = small.batch();
                for (int i = 0; i < count; i++) {
                  out.setAtIndex(ValueLayout.JAVA_LONG, i, i * 31L);
                  writes.write(file, out.asSlice(8L * i, 8), 8L * i);
                  reads.read(file, in.asSlice(8L * i, 8), 8L * i);
                }
                Outcomes written = writes.attempt();
                written.orThrow();
                assertEquals(count, written.size());
                assertTrue(written.succeeded());
                reads.run();
                assertEquals(-1, out.mismatch(in));
                return null;
              })
          .result();
      assertEquals(2 * count, small.metrics().completed());
      assertEquals(0, small.metrics().overflows());
      assertEquals(0, small.metrics().inFlight());
    }
  }

  @Test
  void manyThreads_batchesDoNotMix() throws Exception {
    try (Ring small = Ring.open(RingOptions.defaults().withEntries(8))) {
      List<BlockedCall<Void>> callers = new ArrayList<>();
      for (int i = 0; i < 30; i++) {
        long base = i * 100L;
        callers.add(
            BlockedCall.start(
                small,
                Caller.values()[i % 3],
                () -> {
                  MemorySegment out = Arena.ofAuto().allocate(800);
                  MemorySegment in = Arena.ofAuto().allocate(800);
                  for (int round = 0; round < 10; round++) {
                    Batch writes = small.batch();
                    Batch reads = small.batch();
                    for (int k = 0; k < 100; k++) {
                      out.setAtIndex(ValueLayout.JAVA_LONG, k, base << 20 | k << 8 | round);
                      writes.write(file, out.asSlice(8L * k, 8), 8 * (base + k));
                      reads.read(file, in.asSlice(8L * k, 8), 8 * (base + k));
                    }
                    writes.run();
                    reads.run();
                    assertEquals(-1, out.mismatch(in));
                  }
                  return null;
                }));
      }
      for (BlockedCall<Void> caller : callers) {
        caller.result();
      }
    }
  }

  @Liburing("cancel-fd-userdata")
  @Test
  void fileClosedMeanwhile_cancelsItsOperationOnly() throws Exception {
    MemorySegment memory = Arena.ofAuto().allocate(2);
    try (Fifo other = Fifo.open(ring, directory)) {
      var batch =
          BlockedCall.start(
                  ring,
                  () ->
                      ring.batch()
                          .read(fifo.file(), memory.asSlice(0, 1), 0)
                          .read(other.file(), memory.asSlice(1, 1), 0)
                          .attempt())
              .awaitInFlight(ring, 2);
      fifo.file().close();
      other.write(6);
      Outcomes result = batch.result();
      assertTrue(result.get(0).isCancelled());
      assertEquals(1, result.get(1).result());
      assertEquals(6, memory.get(ValueLayout.JAVA_BYTE, 1));
    }
  }

  /**
   * The batch waits for room when one of its files is closed; its other file's reads still count.
   */
  @Test
  void fileClosedWhileTheBatchWaitsForRoom_cancelsItsOperationsOnly() throws Exception {
    MemorySegment memory = Arena.ofAuto().allocate(2);
    try (Ring small = Ring.open(RingOptions.defaults().withInFlightLimit(1));
        Fifo cork = Fifo.open(small, directory);
        Fifo closing = Fifo.open(ring, directory); // elsewhere, so that its close needs no room
        Fifo other = Fifo.open(small, directory)) {
      var first = BlockedCall.start(small, Caller.PLATFORM, cork::read).awaitInFlight(small, 1);
      var batch =
          BlockedCall.start(
              small,
              Caller.PLATFORM,
              () ->
                  small
                      .batch()
                      .read(closing.file(), memory.asSlice(0, 1), 0)
                      .read(other.file(), memory.asSlice(1, 1), 0)
                      .nop()
                      .attempt());
      Await.until("the batch waits", () -> small.metrics().waiting() == 1);
      closing.file().close();
      other.write(6);
      cork.write(1);
      first.result();
      Outcomes result = batch.result();
      assertTrue(result.get(0).isCancelled());
      assertEquals(1, result.get(1).result(), "the failure of one must not touch the others");
      assertTrue(result.get(2).succeeded());
    }
  }
}
