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
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;

class TimeoutTest {
  private static final Duration LIMIT = Duration.ofMillis(100);
  private static final Duration LONG = Duration.ofSeconds(100);

  @TempDir static Path directory;

  private Ring ring;
  private Fifo fifo;
  private final MemorySegment memory = Arena.ofAuto().allocate(4);

  @BeforeEach
  void open() throws IOException {
    ring = Ring.open();
    fifo = Fifo.open(ring, directory);
  }

  @AfterEach
  void close() throws IOException {
    fifo.close();
    ring.close();
    assertEquals(0, ring.metrics().inFlight());
  }

  /** Runs a call; it must take the limit, and not much more even on a busy machine. */
  private <T> T timed(Caller caller, Callable<T> call) throws Exception {
    Callable<T> measured =
        () -> {
          long start = System.nanoTime();
          try {
            return call.call();
          } finally {
            long millis = (System.nanoTime() - start) / 1_000_000;
            assertTrue(millis >= LIMIT.toMillis(), "too early, after " + millis + " ms");
            assertTrue(millis < 5_000, "too late, after " + millis + " ms");
          }
        };
    BlockedCall<T> blocked = BlockedCall.start(ring, caller, measured);
    assertFalse(blocked.interruptPending());
    return blocked.result();
  }

  @ParameterizedTest
  @EachCaller
  void file_blockedRead_fileStaysUsable(Caller caller) throws Exception {
    RingFile limited = fifo.file().within(LIMIT);
    var e =
        assertThrows(
            OperationTimeoutException.class, () -> timed(caller, () -> Fifo.read(limited)));
    assertTrue(e.getMessage().contains("PT0.1S"), e.getMessage());
    assertEquals(0, ring.metrics().inFlight(), "the kernel still holds the reader's memory");
    fifo.write(4);
    assertEquals((byte) 4, BlockedCall.start(ring, caller, () -> Fifo.read(limited)).result());
  }

  /** The view with the limit and the one without are the same file. */
  @ParameterizedTest
  @EachCaller
  void file_limitBindsItsViewOnly(Caller caller) throws Exception {
    var unlimited = BlockedCall.start(ring, caller, fifo::read).awaitInFlight(ring, 1);
    RingFile limited = fifo.file().within(LIMIT);
    assertThrows(OperationTimeoutException.class, () -> timed(caller, () -> Fifo.read(limited)));
    assertFalse(unlimited.hasEnded());
    fifo.write(1);
    assertEquals((byte) 1, unlimited.result());
    limited.close();
    assertFalse(fifo.file().isOpen());
  }

  @Liburing("link-timeout")
  @ParameterizedTest
  @EachCaller
  void chain_blockedRead(Caller caller) throws Exception {
    Outcomes result =
        timed(
            caller,
            () ->
                ring.chain()
                    .nop()
                    .read(fifo.file(), memory.asSlice(0, 1), 0)
                    .nop()
                    .within(LIMIT)
                    .attempt());
    assertTrue(result.timedOut());
    assertTrue(result.get(0).succeeded());
    assertTrue(result.get(1).isCancelled());
    assertTrue(result.get(2).isCancelled());
    assertEquals(1, result.firstFailure().orElseThrow().position());
    var e = assertThrows(OperationTimeoutException.class, result::orThrow);
    assertEquals(
        "the chain took longer than its limit of PT0.1S, which cancelled step 2 of 3, read",
        e.getMessage());
  }

  @ParameterizedTest
  @EachCaller
  void batch_blockedReads(Caller caller) throws Exception {
    Outcomes result =
        timed(
            caller,
            () ->
                ring.batch()
                    .read(fifo.file(), memory.asSlice(0, 1), 0)
                    .nop()
                    .read(fifo.file(), memory.asSlice(1, 1), 0)
                    .within(LIMIT)
                    .attempt());
    assertTrue(result.timedOut());
    assertTrue(result.get(0).isCancelled());
    assertTrue(result.get(1).succeeded());
    assertTrue(result.get(2).isCancelled());
    assertThrows(IOException.class, result::orThrow);
  }

  /** The limit counts while a call waits for room, too. */
  @ParameterizedTest
  @EachCaller
  void waitingForRoom(Caller caller) throws Exception {
    try (Ring small = Ring.open(RingOptions.defaults().withInFlightLimit(1));
        Fifo cork = Fifo.open(small, directory);
        Fifo pipe = Fifo.open(small, directory)) {
      var first = BlockedCall.start(small, Caller.VIRTUAL, cork::read).awaitInFlight(small, 1);
      long submitted = small.metrics().submitted();
      RingFile limited = pipe.file().within(LIMIT);
      var late = BlockedCall.start(small, caller, () -> Fifo.read(limited));
      assertThrows(OperationTimeoutException.class, late::result);
      Outcomes batch =
          BlockedCall.start(small, caller, () -> small.batch().nop().nop().within(LIMIT).attempt())
              .result();
      assertTrue(batch.timedOut() && batch.get(0).isCancelled() && batch.get(1).isCancelled());
      assertEquals(submitted, small.metrics().submitted());
      cork.write(1);
      first.result();
    }
  }

  @Liburing("link-timeout")
  @ParameterizedTest
  @EachCaller
  void success_wins(Caller caller) throws Exception {
    RingFile limited = fifo.file().within(LONG);
    var reader = BlockedCall.start(ring, caller, () -> Fifo.read(limited));
    Await.until("it reads", () -> ring.metrics().inFlight() == 1);
    fifo.write(5);
    assertEquals((byte) 5, reader.result());

    fifo.write(1, 2);
    Outcomes chain =
        BlockedCall.start(
                ring,
                caller,
                () ->
                    ring.chain().read(fifo.file(), memory.asSlice(0, 1), 0).within(LONG).attempt())
            .result();
    assertTrue(chain.succeeded());
    assertFalse(chain.timedOut());
    Outcomes batch =
        BlockedCall.start(
                ring,
                caller,
                () ->
                    ring.batch().read(fifo.file(), memory.asSlice(1, 1), 0).within(LONG).attempt())
            .result();
    assertTrue(batch.succeeded());
    assertFalse(batch.timedOut());
    assertEquals(0x0201, memory.get(ValueLayout.JAVA_SHORT, 0));
  }

  /** So long a time cannot be counted in nanoseconds, and ends nothing. */
  @ParameterizedTest
  @EachCaller
  void forEver_isNoLimit(Caller caller) throws Exception {
    RingFile limited = fifo.file().within(Duration.ofSeconds(Long.MAX_VALUE));
    var reader = BlockedCall.start(ring, caller, () -> Fifo.read(limited));
    Await.until("it reads", () -> ring.metrics().inFlight() == 1);
    fifo.write(6);
    assertEquals((byte) 6, reader.result());
  }

  /** The byte comes about when the time is up: a call gets it or leaves it, and never loses it. */
  @Liburing("cancel-race")
  @ParameterizedTest
  @EachCaller
  void success_racesWithTheLimit(Caller caller) throws Exception {
    RingFile limited = fifo.file().within(Duration.ofNanos(300_000));
    int timedOut = 0;
    for (int i = 0; i < 500; i++) {
      var reader = BlockedCall.start(ring, caller, () -> Fifo.read(limited));
      long start = System.nanoTime();
      while (System.nanoTime() - start < i * 1_000L) {
        Thread.onSpinWait();
      }
      fifo.write(i);
      byte got;
      try {
        got = reader.result();
      } catch (OperationTimeoutException e) {
        timedOut++;
        got = fifo.read();
      }
      assertEquals((byte) i, got, "after " + timedOut + " timeouts");
    }
    assertEquals(0, ring.metrics().inFlight());
  }

  @ParameterizedTest
  @EachCaller
  void interruptBeforeTheLimit_isAnInterrupt(Caller caller) throws Exception {
    RingFile limited = fifo.file().within(LONG);
    var reader = BlockedCall.start(ring, caller, () -> Fifo.read(limited));
    Await.until("it reads", () -> ring.metrics().inFlight() == 1);
    reader.interrupt();
    var e = assertThrows(InterruptedIOException.class, reader::result);
    assertFalse(e instanceof OperationTimeoutException);
    assertTrue(reader.interruptPending());
  }
}
