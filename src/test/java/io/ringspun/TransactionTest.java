package io.ringspun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.file.RingFile;
import io.ringspun.internal.kernel.NativeMemory;
import io.ringspun.internal.memory.NativePool;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.Fifo;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What chains and batches have in common: what they refuse, and what memory they take. */
class TransactionTest {
  @TempDir static Path directory;

  private Ring ring;
  private Path path;
  private RingFile file;
  private final MemorySegment memory = Arena.ofAuto().allocate(8);

  enum Kind {
    CHAIN {
      @Override
      Transaction<?> on(Ring ring) {
        return ring.chain();
      }
    },
    BATCH {
      @Override
      Transaction<?> on(Ring ring) {
        return ring.batch();
      }
    };

    abstract Transaction<?> on(Ring ring);
  }

  @BeforeEach
  void open() throws IOException {
    ring = Ring.open();
    path = Files.writeString(directory.resolve("file"), "0123456789");
    file = RingFile.open(ring, path, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  @AfterEach
  void close() throws IOException {
    file.close(); // hangs if a refused transaction has kept its hold on the file
    ring.close();
  }

  private static void assertRefused(
      Class<? extends Exception> type, String message, Executable call) {
    Exception e = assertThrows(type, call);
    assertTrue(e.getMessage().contains(message), e.getMessage());
  }

  // ---- life ----------------------------------------------------------------------------------

  @ParameterizedTest
  @EnumSource
  void run_empty(Kind kind) {
    assertRefused(
        IllegalStateException.class, "there is nothing to run", () -> kind.on(ring).attempt());
  }

  @ParameterizedTest
  @EnumSource
  void run_emptyMayBeFilledAndRunAfterwards(Kind kind) throws Exception {
    Transaction<?> transaction = kind.on(ring);
    assertThrows(IllegalStateException.class, () -> transaction.attempt());
    transaction.nop();
    assertTrue(transaction.attempt().succeeded());
  }

  @ParameterizedTest
  @EnumSource
  void run_twice_orAddingAfterwards(Kind kind) throws Exception {
    Transaction<?> transaction = kind.on(ring).nop();
    transaction.attempt();
    String message = "this transaction has already been run";
    assertRefused(IllegalStateException.class, message, () -> transaction.attempt());
    assertRefused(IllegalStateException.class, message, transaction::nop);
    assertRefused(IllegalStateException.class, message, () -> transaction.read(file, memory, 0));
    assertRefused(IllegalStateException.class, message, () -> transaction.write(file, memory, 0));
    assertRefused(IllegalStateException.class, message, () -> transaction.fsync(file));
    assertRefused(IllegalStateException.class, message, () -> transaction.fdatasync(file));
    assertRefused(
        IllegalStateException.class, message, () -> transaction.within(Duration.ofSeconds(1)));
  }

  @ParameterizedTest
  @EnumSource
  void nulls(Kind kind) {
    Transaction<?> transaction = kind.on(ring);
    assertThrows(NullPointerException.class, () -> transaction.read(null, memory, 0));
    assertThrows(NullPointerException.class, () -> transaction.read(file, (MemorySegment) null, 0));
    assertThrows(NullPointerException.class, () -> transaction.write(null, memory, 0));
    assertThrows(NullPointerException.class, () -> transaction.write(file, null, 0));
    assertThrows(NullPointerException.class, () -> transaction.fsync(null));
    assertThrows(NullPointerException.class, () -> transaction.fdatasync(null));
    assertThrows(NullPointerException.class, () -> transaction.within(null));
  }

  @ParameterizedTest
  @EnumSource
  void timeout_notPositive(Kind kind) {
    Transaction<?> transaction = kind.on(ring);
    String message = "the time limit must be positive";
    assertRefused(IllegalArgumentException.class, message, () -> transaction.within(Duration.ZERO));
    assertRefused(
        IllegalArgumentException.class, message, () -> transaction.within(Duration.ofNanos(-1)));
  }

  @ParameterizedTest
  @EnumSource
  void timeout_forEver_isNoLimit(Kind kind) throws Exception {
    Transaction<?> transaction = kind.on(ring).nop().within(Duration.ofSeconds(Long.MAX_VALUE));
    assertTrue(transaction.attempt().succeeded());
  }

  @ParameterizedTest
  @EnumSource
  void results_byPosition(Kind kind) throws Exception {
    Outcomes result = kind.on(ring).nop().read(file, memory, 2).fdatasync(file).attempt();
    assertEquals(3, result.size());
    assertEquals(0, result.get(0).result());
    assertEquals(8, result.get(1).result());
    assertEquals(0, result.get(2).result());
    assertEquals("23456789", text(memory));
    assertFalse(result.get(1).isCancelled());
    assertFalse(result.timedOut());
    assertTrue(result.get(1).failure().isEmpty());
    result.orThrow();
    assertThrows(IndexOutOfBoundsException.class, () -> result.get(3).result());
    assertThrows(IndexOutOfBoundsException.class, () -> result.get(-1));
  }

  private static String text(MemorySegment segment) {
    return new String(segment.toArray(ValueLayout.JAVA_BYTE), StandardCharsets.US_ASCII);
  }

  // ---- files ---------------------------------------------------------------------------------

  @ParameterizedTest
  @EnumSource
  void run_closedFile_submitsNothing(Kind kind) throws Exception {
    RingFile closed = RingFile.open(ring, path);
    closed.close();
    long submitted = ring.metrics().submitted();
    Transaction<?> transaction =
        kind.on(ring).nop().read(file, memory, 0).read(closed, memory, 0).fsync(file);
    assertThrows(ClosedChannelException.class, () -> transaction.attempt());
    assertEquals(submitted, ring.metrics().submitted());
  }

  @ParameterizedTest
  @EnumSource
  void add_fileOpenedOtherwise(Kind kind) throws Exception {
    Transaction<?> transaction = kind.on(ring);
    try (RingFile reader = RingFile.open(ring, path, StandardOpenOption.READ);
        RingFile writer = RingFile.open(ring, path, StandardOpenOption.WRITE)) {
      assertThrows(NonWritableChannelException.class, () -> transaction.write(reader, memory, 0));
      assertThrows(NonReadableChannelException.class, () -> transaction.read(writer, memory, 0));
    }
  }

  // ---- memory --------------------------------------------------------------------------------

  @ParameterizedTest
  @EnumSource
  void add_heapSegment(Kind kind) {
    MemorySegment heap = MemorySegment.ofArray(new byte[8]);
    Transaction<?> transaction = kind.on(ring);
    assertRefused(
        IllegalArgumentException.class, "on the heap", () -> transaction.read(file, heap, 0));
    assertRefused(
        IllegalArgumentException.class, "on the heap", () -> transaction.write(file, heap, 0));
  }

  @ParameterizedTest
  @EnumSource
  void add_emptySegment(Kind kind) {
    MemorySegment empty = memory.asSlice(0, 0);
    Transaction<?> transaction = kind.on(ring);
    assertRefused(
        IllegalArgumentException.class, "is empty", () -> transaction.read(file, empty, 0));
    assertRefused(
        IllegalArgumentException.class, "is empty", () -> transaction.write(file, empty, 0));
  }

  @ParameterizedTest
  @EnumSource
  void add_readOnlySegment_canOnlyBeWritten(Kind kind) throws Exception {
    MemorySegment readOnly = memory.asReadOnly();
    Transaction<?> transaction = kind.on(ring);
    assertRefused(
        IllegalArgumentException.class, "read-only", () -> transaction.read(file, readOnly, 0));
    assertTrue(transaction.write(file, readOnly, 0).attempt().succeeded());
  }

  @ParameterizedTest
  @EnumSource
  void add_badPosition(Kind kind) {
    Transaction<?> transaction = kind.on(ring);
    String negative = "the position is negative: -1";
    String overflow = "position %d and length 8 together overflow".formatted(Long.MAX_VALUE - 7);
    assertRefused(
        IllegalArgumentException.class, negative, () -> transaction.read(file, memory, -1));
    assertRefused(
        IllegalArgumentException.class, negative, () -> transaction.write(file, memory, -1));
    assertRefused(
        IllegalArgumentException.class,
        overflow,
        () -> transaction.read(file, memory, Long.MAX_VALUE - 7));
    assertRefused(
        IllegalArgumentException.class,
        overflow,
        () -> transaction.write(file, memory, Long.MAX_VALUE - 7));
    transaction.read(file, memory, Long.MAX_VALUE - 8);
  }

  @ParameterizedTest
  @EnumSource
  void add_confinedSegmentOfAnotherThread(Kind kind) throws Exception {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment confined = arena.allocate(8);
      Transaction<?> mine = kind.on(ring).read(file, confined, 0);
      for (Caller caller : Caller.values()) {
        BlockedCall.start(
                ring,
                caller,
                () -> {
                  Transaction<?> transaction = kind.on(ring);
                  String message = "confined to another thread";
                  assertRefused(
                      IllegalArgumentException.class,
                      message,
                      () -> transaction.read(file, confined, 0));
                  assertRefused(
                      IllegalArgumentException.class,
                      message,
                      () -> transaction.write(file, confined, 0));
                  return null;
                })
            .result();
      }
      assertTrue(mine.attempt().succeeded());
      Transaction<?> handedOn = kind.on(ring).read(file, confined, 0);
      var other = BlockedCall.start(ring, () -> handedOn.attempt());
      assertThrows(IllegalArgumentException.class, other::result);
    }
  }

  @ParameterizedTest
  @EnumSource
  void closedArena_beforeAddOrBeforeRun(Kind kind) {
    for (Arena arena : new Arena[] {Arena.ofConfined(), Arena.ofShared()}) {
      MemorySegment segment = arena.allocate(8);
      Transaction<?> added = kind.on(ring).nop().read(file, segment, 0);
      arena.close();
      String message = "the memory's arena is already closed";
      assertRefused(IllegalStateException.class, message, () -> added.attempt());
      assertRefused(
          IllegalStateException.class, message, () -> kind.on(ring).read(file, segment, 0));
      assertRefused(
          IllegalStateException.class, message, () -> kind.on(ring).write(file, segment, 0));
    }
  }

  /**
   * Any thread may close a shared arena, so its memory is copied and only copied back at the end.
   */
  @ParameterizedTest
  @EnumSource
  void sharedArena_isCopied(Kind kind) throws Exception {
    try (Arena arena = Arena.ofShared()) {
      MemorySegment out = arena.allocateFrom("shared");
      MemorySegment in = arena.allocate(20);
      assertTrue(kind.on(ring).write(file, out, 100).attempt().succeeded());
      in.fill((byte) 'x');
      Outcomes result = kind.on(ring).read(file, in, 100).attempt();
      assertEquals(7, result.get(0).result());
      assertEquals("shared\0xxxxxxxxxxxxx", text(in), "only what was read may change");
    }
  }

  /** Neither the closed arena's memory is touched nor a copy kept for ever. */
  @ParameterizedTest
  @EnumSource
  void sharedArena_closedMeanwhile(Kind kind) throws Exception {
    try (Fifo fifo = Fifo.open(ring, directory);
        Fifo other = Fifo.open(ring, directory)) {
      long allocated = 0;
      for (int round = 0; round < 10; round++) {
        Arena arena = Arena.ofShared();
        MemorySegment first = arena.allocate(1);
        MemorySegment second = arena.allocate(1);
        var reader =
            BlockedCall.start(
                    ring,
                    () ->
                        kind.on(ring)
                            .read(fifo.file(), first, 0)
                            .read(other.file(), second, 0)
                            .attempt())
                .awaitInFlight(ring, 2);
        arena.close();
        fifo.write(1);
        other.write(1);
        assertThrows(IllegalStateException.class, reader::result);
        NativePool.trim();
        if (round == 0) {
          allocated = NativeMemory.allocatedBytes();
        }
        assertEquals(allocated, NativeMemory.allocatedBytes(), "a copy is lost");
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void segments_ofEveryArena(Kind kind) throws Exception {
    for (Caller caller : Caller.values()) {
      BlockedCall.start(
              ring,
              caller,
              () -> {
                try (Arena confined = Arena.ofConfined();
                    Arena shared = Arena.ofShared()) {
                  for (Arena arena :
                      new Arena[] {confined, shared, Arena.ofAuto(), Arena.global()}) {
                    MemorySegment source = arena.allocate(16).fill((byte) 'a');
                    MemorySegment target = arena.allocate(16);
                    kind.on(ring).write(file, source, 1000).run();
                    kind.on(ring).read(file, target, 1000).run();
                    assertEquals(-1, source.mismatch(target));
                  }
                }
                return null;
              })
          .result();
    }
  }
}
