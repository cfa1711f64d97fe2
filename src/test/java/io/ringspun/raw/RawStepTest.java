package io.ringspun.raw;

import static io.ringspun.internal.kernel.Constants.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.Chain;
import io.ringspun.OperationException;
import io.ringspun.Outcomes;
import io.ringspun.Ring;
import io.ringspun.Step;
import io.ringspun.file.RingFile;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.os.RingPipe;
import io.ringspun.raw.RawOperation.Access;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.Fifo;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;

/** Operations described field by field, and pauses, among those of chains and batches. */
class RawStepTest {
  @TempDir private Path directory;

  private final MemorySegment memory = Arena.ofAuto().allocateFrom("ringspun");
  private final MemorySegment bytes = Arena.ofAuto().allocate(16);
  private Ring ring;
  private RingFile file;
  private Path path;

  @BeforeEach
  void open() throws IOException {
    ring = Ring.open();
    path = Files.writeString(directory.resolve("file"), "0123456789");
    file = RingFile.open(ring, path, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  @AfterEach
  void close() throws IOException {
    file.close(); // hangs if an operation has kept its hold on the file
    ring.close();
    assertEquals(0, ring.metrics().inFlight());
  }

  private static MemorySegment name(Path path) {
    return Arena.ofAuto().allocateFrom(path.toString());
  }

  private static RawOperation mkdir(Path path) {
    return RawOperation.of(IORING_OP_MKDIRAT)
        .on(AT_FDCWD)
        .address(name(path), Access.READS)
        .length(0700);
  }

  private static RawOperation rename(Path from, Path to) {
    return RawOperation.of(IORING_OP_RENAMEAT)
        .on(AT_FDCWD)
        .address(name(from), Access.READS)
        .length(AT_FDCWD)
        .offset(name(to), Access.READS);
  }

  private static RawOperation unlink(Path path) {
    return RawOperation.of(IORING_OP_UNLINKAT).on(AT_FDCWD).address(name(path), Access.READS);
  }

  /** A file is written, synced, and put in another's place, in one trip. */
  @ParameterizedTest
  @EachCaller
  void chain_replacesAFile(Caller caller) throws Exception {
    Path old = Files.writeString(directory.resolve("old"), "old");
    Path there = directory.resolve("there");
    Outcomes result =
        caller.call(
            ring,
            () ->
                ring.chain()
                    .write(file, memory.asSlice(0, 8), 0)
                    .fdatasync(file)
                    .add(mkdir(there).toStep())
                    .add(rename(path, there.resolve("new")).toStep())
                    .add(unlink(old).toStep())
                    .attempt());
    result.orThrow();
    assertEquals("ringspun89", Files.readString(there.resolve("new")));
    assertFalse(Files.exists(path));
    assertFalse(Files.exists(old));
  }

  @Test
  void chain_breaksWhereTheKernelRefuses() throws Exception {
    Outcomes result =
        ring.chain()
            .nop()
            .add(unlink(directory.resolve("none")).toStep())
            .write(file, memory, 0)
            .attempt();
    assertEquals(1, result.firstFailure().orElseThrow().position());
    assertTrue(result.get(2).isCancelled());
    var e = assertThrows(OperationException.class, result::orThrow);
    assertEquals(Errno.ENOENT, e.errno());
    assertEquals("unlinkat", e.operation());
    assertEquals("0123456789", Files.readString(path));
  }

  @Test
  void chain_hardLink_goesOn() throws Exception {
    Outcomes result =
        ring.chain()
            .add(unlink(directory.resolve("none")).toStep())
            .add(Step.write(file, memory.asSlice(0, 8), 0).evenIfPreviousFailed())
            .attempt();
    assertEquals(-Errno.ENOENT, result.get(0).result());
    assertEquals(8, result.get(1).result());
  }

  /** A file's size is changed between a write and a sync that goes in when all is well. */
  @Test
  void batchAndChain_haveResults() throws Exception {
    RawOperation allocate =
        RawOperation.of(IORING_OP_FALLOCATE).on(file).offset(0).address(100).length(0);
    RawOperation sync = RawOperation.of(IORING_OP_FSYNC).on(file);
    assertTrue(
        ring.chain()
            .add(allocate.toStep())
            .add(sync.toStep())
            .fdatasync(file)
            .attempt()
            .succeeded());
    assertEquals(100, Files.size(path));
    Outcomes result =
        ring.batch().add(sync.toStep()).add(mkdir(directory).toStep()).nop().attempt();
    assertTrue(result.get(0).succeeded());
    assertEquals(-Errno.EEXIST, result.get(1).result());
    assertTrue(result.get(2).succeeded());
  }

  // ---- short transfers -----------------------------------------------------------------------

  /** Ten bytes are there, or will be, and sixteen are asked for. */
  private RawOperation short16(int opcode) {
    return RawOperation.of(opcode).on(file).address(bytes, Access.WRITES).length(16);
  }

  private void assertShortBreaks(RawOperation operation, int bytes, int length) throws Exception {
    Outcomes result = ring.chain().nop().add(operation.toStep()).nop().attempt();
    assertEquals(bytes, result.get(1).result());
    assertTrue(result.get(2).isCancelled(), "the kernel has broken the link");
    assertEquals(1, result.firstFailure().orElseThrow().position());
    var e = assertThrows(IOException.class, result::orThrow);
    String name = "step 2 of 3: " + operation.toStep().operation() + " transferred %d of %d bytes";
    assertEquals(name.formatted(bytes, length), e.getMessage());
  }

  private void assertPasses(RawOperation operation, int bytes) throws Exception {
    Outcomes result = ring.chain().nop().add(operation.toStep()).nop().attempt();
    result.orThrow();
    assertEquals(bytes, result.get(1).result());
  }

  @Test
  void shortRead() throws Exception {
    assertShortBreaks(short16(IORING_OP_READ), 10, 16);
    assertPasses(short16(IORING_OP_READ).length(10), 10);
    assertPasses(RawOperation.of(IORING_OP_READ).on(file).length(0), 0);
  }

  @Test
  void shortRead_vectored() throws Exception {
    MemorySegment vector = Arena.ofAuto().allocate(32, 8);
    for (int i = 0; i < 2; i++) {
      vector.set(ValueLayout.JAVA_LONG, 16L * i, bytes.address() + 8 * i);
      vector.set(ValueLayout.JAVA_LONG, 16L * i + 8, 8);
    }
    RawOperation read =
        RawOperation.of(IORING_OP_READV)
            .on(file)
            .address(vector, Access.READS)
            .length(2)
            .reaching(bytes, Access.WRITES);
    assertShortBreaks(read, 10, 16);
    vector.set(ValueLayout.JAVA_LONG, 24, 2);
    assertPasses(read, 10);
  }

  @Test
  void shortSplice() throws Exception {
    try (RingPipe pipe = RingPipe.open(ring)) {
      RawOperation splice =
          RawOperation.of(IORING_OP_SPLICE)
              .on(pipe.sink())
              .offset(-1)
              .splicingFrom(file)
              .address(0)
              .length(16);
      assertShortBreaks(splice, 10, 16);
      assertPasses(splice.length(10), 10);
    }
  }

  /** What was asked for is what counts, even if the description has changed since. */
  @Test
  void shortRead_inABatch() throws Exception {
    RawOperation read = short16(IORING_OP_READ);
    Outcomes result = ring.batch().add(read.toStep()).attempt();
    read.length(10);
    assertFalse(result.succeeded());
    var e = assertThrows(IOException.class, result::orThrow);
    assertTrue(e.getMessage().endsWith("transferred 10 of 16 bytes"), e.getMessage());
  }

  // ---- pauses --------------------------------------------------------------------------------

  @ParameterizedTest
  @EachCaller
  void delay_holdsUpWhatIsBehindIt(Caller caller) throws Exception {
    long before = System.nanoTime();
    Outcomes result =
        caller.call(
            ring, () -> ring.chain().delay(Duration.ofMillis(30)).write(file, memory, 0).attempt());
    assertTrue(System.nanoTime() - before >= 30_000_000);
    result.orThrow();
    assertEquals(0, result.get(0).result());
    assertEquals(memory.byteSize(), result.get(1).result());
  }

  @ParameterizedTest
  @EachCaller
  void delay_interruptedMeanwhile(Caller caller) throws Exception {
    var call =
        BlockedCall.start(
                ring,
                caller,
                () -> ring.chain().delay(Duration.ofHours(1)).write(file, memory, 0).attempt())
            .awaitInFlight(ring, 2);
    call.interrupt();
    Outcomes result = call.result();
    assertTrue(call.interruptPending());
    assertTrue(result.get(0).isCancelled());
    assertTrue(result.get(1).isCancelled());
    assertEquals("0123456789", Files.readString(path));
  }

  @Test
  void delay_notPositive() {
    assertThrows(IllegalArgumentException.class, () -> ring.chain().delay(Duration.ZERO));
  }

  // ---- what is refused -----------------------------------------------------------------------

  @Test
  void submit_refusesAtOnce() {
    RawOperation nop = RawOperation.of(IORING_OP_NOP);
    MemorySegment heap = MemorySegment.ofArray(new byte[1]);
    assertThrows(
        IllegalArgumentException.class,
        () -> ring.chain().add(nop.address(heap, Access.READS).toStep()));
    nop.address(0).within(Duration.ofSeconds(1));
    assertThrows(IllegalArgumentException.class, () -> ring.batch().add(nop.toStep()));
  }

  /** What was counted in for the first operations is counted out if a later one is refused. */
  @ParameterizedTest
  @EachCaller
  void run_closedDescriptor_letsGoOfTheOthers(Caller caller) throws Exception {
    try (RingPipe pipe = RingPipe.open(ring);
        Fifo fifo = Fifo.open(ring, directory)) {
      RawOperation splice =
          RawOperation.of(IORING_OP_SPLICE)
              .on(pipe.sink())
              .offset(-1)
              .splicingFrom(fifo.file())
              .address(-1)
              .length(1);
      file.close();
      caller.run(
          ring,
          () -> {
            Chain chain = ring.chain().add(splice.toStep()).fsync(file);
            assertThrows(ClosedChannelException.class, chain::run);
            Chain other =
                ring.chain()
                    .add(splice.toStep())
                    .add(RawOperation.of(IORING_OP_FSYNC).on(file).toStep());
            assertThrows(ClosedChannelException.class, other::run);
          });
    } // hangs if the pipes are still counted
  }

  @Test
  void run_memoryFreedSince() {
    Chain chain;
    try (Arena arena = Arena.ofConfined()) {
      RawOperation nop = RawOperation.of(IORING_OP_NOP);
      chain = ring.chain().add(nop.address(arena.allocate(1), Access.READS).toStep());
    }
    assertThrows(IllegalStateException.class, chain::run);
  }
}
