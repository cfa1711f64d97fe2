package io.ringspun;

import static io.ringspun.Pinning.body;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.file.RingFile;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.Fifo;
import io.ringspun.testing.OpenFiles;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.nio.channels.AsynchronousCloseException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Calls of carried threads that cannot leave the ring's thread while they wait: the thread that
 * would serve them is the one that they block.
 */
@Tag("carried")
class PinnedTest {
  @TempDir static Path directory;

  // For class initializers, which take no arguments.
  private static Ring ring;
  private static Fifo fifo;
  private static Fifo second;

  @BeforeEach
  void open() throws IOException {
    ring =
        Ring.open(RingOptions.defaults().withThreadName("test-pinned").withInlineAttempts(false));
    fifo = Fifo.open(ring, directory);
    second = Fifo.open(ring, directory);
  }

  @AfterEach
  void close() throws IOException {
    second.close();
    fifo.close();
    ring.close();
    assertEquals(0, ring.metrics().inFlight());
  }

  // ---- calls that end by themselves ----------------------------------------------------------

  private static final class Nop {
    static final int DONE =
        body(
            () -> {
              ring.nop();
              return 1;
            });
  }

  @Test
  void initializer_nop() throws Exception {
    assertEquals(1, BlockedCall.start(ring, () -> Nop.DONE).result());
  }

  private static final class SeveralCalls {
    static final String TEXT =
        body(
            () -> {
              try (RingFile file =
                      RingFile.open(
                          ring,
                          directory.resolve("several"),
                          StandardOpenOption.CREATE,
                          StandardOpenOption.READ,
                          StandardOpenOption.WRITE);
                  Arena arena = Arena.ofConfined()) {
                MemorySegment out = arena.allocateFrom("from an initializer");
                MemorySegment in = arena.allocate(out.byteSize());
                for (int i = 0; i < 100; i++) {
                  ring.nop();
                }
                file.writeFully(out, 0);
                file.fsync();
                ring.chain().nop().read(file, in, 0).run();
                ring.batch().nop().nop().run();
                return in.getString(0);
              }
            });
  }

  @Test
  void initializer_severalCalls() throws Exception {
    assertEquals("from an initializer", BlockedCall.start(ring, () -> SeveralCalls.TEXT).result());
  }

  private static int compare(MemorySegment a, MemorySegment b) {
    return body(
        () -> {
          ring.nop();
          return Integer.compare(a.get(JAVA_INT, 0), b.get(JAVA_INT, 0));
        });
  }

  /** Sorts by the C library, whose frames lie below the comparator's calls. */
  @Test
  void upcall_nops() throws Exception {
    Linker linker = Linker.nativeLinker();
    MethodHandle sort =
        linker.downcallHandle(
            linker.defaultLookup().find("qsort").orElseThrow(),
            FunctionDescriptor.ofVoid(ADDRESS, JAVA_LONG, JAVA_LONG, ADDRESS));
    var pointer = ADDRESS.withTargetLayout(JAVA_INT);
    MethodHandle compare =
        MethodHandles.lookup()
            .findStatic(
                PinnedTest.class,
                "compare",
                MethodType.methodType(int.class, MemorySegment.class, MemorySegment.class));
    long completed = ring.metrics().completed();
    int[] sorted =
        BlockedCall.start(
                ring,
                () -> {
                  try (Arena arena = Arena.ofConfined()) {
                    MemorySegment comparator =
                        linker.upcallStub(
                            compare, FunctionDescriptor.of(JAVA_INT, pointer, pointer), arena);
                    MemorySegment items = arena.allocateFrom(JAVA_INT, 5, 3, 9, 1, 7);
                    sort.invokeExact(items, 5L, 4L, comparator);
                    return items.toArray(JAVA_INT);
                  } catch (Throwable e) {
                    throw new AssertionError(e);
                  }
                })
            .result();
    assertEquals(List.of(1, 3, 5, 7, 9), Arrays.stream(sorted).boxed().toList());
    assertTrue(ring.metrics().completed() - completed >= 5);
  }

  // ---- calls that block ----------------------------------------------------------------------

  private static final class BlockingRead {
    static final byte VALUE = body(fifo::read);
  }

  /** Others are held up meanwhile, but lose nothing. */
  @Test
  void initializer_blockingRead_othersCompleteLater() throws Exception {
    var other = BlockedCall.start(ring, second::read).awaitInFlight(ring, 1);
    var pinned = BlockedCall.start(ring, () -> BlockingRead.VALUE);
    Await.until("the initializer reads", () -> ring.metrics().inFlight() == 2);
    second.write(2);
    ring.nop(); // of a thread that the ring does not carry: served by the pinned one
    assertFalse(pinned.hasEnded());
    assertFalse(other.hasEnded(), "it runs on the thread that is blocked");

    fifo.write(1);

    assertEquals((byte) 1, pinned.result());
    assertEquals((byte) 2, other.result());
  }

  private static final class ClosesFile {
    static final boolean IS_OPEN =
        body(
            () -> {
              fifo.file().close();
              return fifo.file().isOpen();
            });
  }

  @Test
  void initializer_closesFileThatAnotherCarriedThreadReads() throws Exception {
    var reader = BlockedCall.start(ring, fifo::read).awaitInFlight(ring, 1);
    assertFalse(BlockedCall.start(ring, () -> ClosesFile.IS_OPEN).result());
    assertThrows(AsynchronousCloseException.class, reader::result);
  }

  private static final class ClosesFileOfForeigner {
    static final boolean IS_OPEN =
        body(
            () -> {
              fifo.file().close();
              return fifo.file().isOpen();
            });
  }

  /** The file is read through another ring, whose thread must wake the pinned closer. */
  @Test
  void initializer_closesFileInUseOnAnotherRing() throws Exception {
    try (Ring other = Ring.open()) {
      var reader = BlockedCall.start(other, fifo::read).awaitInFlight(other, 1);
      assertFalse(BlockedCall.start(ring, () -> ClosesFileOfForeigner.IS_OPEN).result());
      assertThrows(AsynchronousCloseException.class, reader::result);
    }
  }

  private static final class ClosesRing {
    static final int IN_FLIGHT =
        body(
            () -> {
              ring.close();
              assertThrows(RingClosedException.class, ring::nop);
              return ring.metrics().inFlight();
            });
  }

  @Test
  void initializer_closesRing() throws Exception {
    int rings = OpenFiles.rings();
    var reader = BlockedCall.start(ring, fifo::read).awaitInFlight(ring, 1);
    var foreign = BlockedCall.start(ring, Caller.PLATFORM, second::read).awaitInFlight(ring, 2);
    assertEquals(0, BlockedCall.start(ring, () -> ClosesRing.IN_FLIGHT).result());
    assertThrows(AsynchronousCloseException.class, reader::result);
    assertThrows(AsynchronousCloseException.class, foreign::result);
    Await.until("the ring is gone", () -> OpenFiles.rings() == rings - 1);
  }

  private static final class ClosedMeanwhile {
    static final Exception FAILURE = assertThrows(AsynchronousCloseException.class, fifo::read);
  }

  @Test
  void initializer_ringClosedByAnotherThread() throws Exception {
    var pinned = BlockedCall.start(ring, () -> ClosedMeanwhile.FAILURE);
    Await.until("it reads", () -> ring.metrics().inFlight() == 1);
    ring.close();
    pinned.result();
  }

  private static final class UnpinnedAfterwards {
    static final int DONE =
        body(
            () -> {
              ring.nop();
              return 1;
            });
  }

  /** Having been pinned once, a thread must give way again at its next call. */
  @Test
  void afterInitializer_threadParksAgain() throws Exception {
    var reader =
        BlockedCall.start(
            ring,
            () -> {
              assertEquals(1, UnpinnedAfterwards.DONE);
              return fifo.read();
            });
    Await.until("it reads", () -> ring.metrics().inFlight() == 1);
    var other =
        BlockedCall.start(
            ring,
            () -> {
              ring.nop();
              return null;
            });
    try {
      Await.until(Duration.ofSeconds(5), "another carried thread runs", other::hasEnded);
      assertFalse(reader.hasEnded());
    } finally {
      fifo.write(3);
    }
    assertEquals((byte) 3, reader.result());
  }

  private static final class TimesOut {
    static final Exception FAILURE =
        assertThrows(
            OperationTimeoutException.class,
            () -> Fifo.read(fifo.file().within(Duration.ofMillis(200))));
  }

  /** The limit lies behind the moment in which the thread begins to drive the ring itself. */
  @Test
  void initializer_timeout() throws Exception {
    var pinned = BlockedCall.start(ring, () -> TimesOut.FAILURE);
    try {
      Await.until(Duration.ofSeconds(5), "the time is up", pinned::hasEnded);
    } finally {
      fifo.write(1);
    }
    pinned.result();
  }

  private static final class Interrupted {
    static final Exception FAILURE = assertThrows(InterruptedIOException.class, fifo::read);
  }

  @Test
  void initializer_interrupted() throws Exception {
    var pinned = BlockedCall.start(ring, () -> Interrupted.FAILURE);
    Await.until(
        "it drives the ring itself",
        () ->
            ring.metrics().inFlight() == 1 && pinned.thread().getState() == Thread.State.RUNNABLE);
    pinned.interrupt();
    try {
      Await.until(Duration.ofSeconds(5), "the interrupt ends the call", pinned::hasEnded);
    } finally {
      fifo.write(1);
    }
    pinned.result();
    assertTrue(pinned.interruptPending());
  }
}
