package io.ringspun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.file.RingFile;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.ChildJvm;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.Fifo;
import io.ringspun.testing.Liburing;
import io.ringspun.testing.Once;
import io.ringspun.testing.OpenFiles;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.AsynchronousCloseException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RingTest {
  @TempDir Path directory;

  private static boolean threadLives(String name) {
    return Thread.getAllStackTraces().keySet().stream().anyMatch(t -> t.getName().equals(name));
  }

  private static RingOptions named(String name) {
    return RingOptions.defaults().withThreadName(name);
  }

  // ---- opening and closing -------------------------------------------------------------------

  @Test
  void open_startsThread_close_endsIt() throws Exception {
    int rings = OpenFiles.rings();
    Ring ring = Ring.open(named("test-open"));
    assertTrue(ring.isOpen());
    assertTrue(threadLives("test-open"));
    assertEquals(rings + 1, OpenFiles.rings());

    ring.close();

    assertFalse(ring.isOpen());
    assertEquals(rings, OpenFiles.rings());
    Await.until("the thread is gone", () -> !threadLives("test-open"));
  }

  @Test
  void close_againHasNoEffect() throws Exception {
    Ring ring = Ring.open();
    ring.close();
    ring.close();
    assertFalse(ring.isOpen());
  }

  @Test
  void close_byManyThreadsAtOnce() throws Exception {
    Ring ring = Ring.open(named("test-many-closers"));
    CountDownLatch go = new CountDownLatch(1);
    List<BlockedCall<Boolean>> closers = new ArrayList<>();
    for (Caller caller : List.of(Caller.CARRIED, Caller.VIRTUAL, Caller.PLATFORM)) {
      for (int i = 0; i < 5; i++) {
        closers.add(
            BlockedCall.start(
                ring,
                caller,
                () -> {
                  go.await();
                  ring.close();
                  return ring.isOpen();
                }));
      }
    }
    go.countDown();
    for (BlockedCall<Boolean> closer : closers) {
      assertFalse(closer.result());
    }
    Await.until("the thread is gone", () -> !threadLives("test-many-closers"));
  }

  @Test
  void close_interrupted_closesAndKeepsTheInterrupt() throws Exception {
    Ring ring = Ring.open();
    Thread.currentThread().interrupt();
    ring.close();
    assertTrue(Thread.interrupted());
    assertFalse(ring.isOpen());
  }

  @Test
  void close_fromCarriedThread_threadGoesOn() throws Exception {
    int rings = OpenFiles.rings();
    Ring ring = Ring.open(named("test-close-inside"));
    CountDownLatch goOn = new CountDownLatch(1);
    BlockedCall<String> closer =
        BlockedCall.start(
            ring,
            () -> {
              ring.nop();
              ring.close();
              assertThrows(RingClosedException.class, ring::nop);
              goOn.await(); // parks, and is resumed when the ring is gone
              return "alive";
            });
    Await.until("the thread is gone", () -> !threadLives("test-close-inside"));
    assertEquals(rings, OpenFiles.rings());
    goOn.countDown();
    assertEquals("alive", closer.result());
  }

  /** The closer stands on the very thread that must reap what it cancels. */
  @Test
  void close_fromCarriedThread_othersHaveOperationsInFlight() throws Exception {
    int count = 50;
    int rings = OpenFiles.rings();
    Ring ring = Ring.open(named("test-close-inside-busy"));
    Fifo fifo = Fifo.open(ring, directory);
    List<BlockedCall<Byte>> readers = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      readers.add(BlockedCall.start(ring, fifo::read));
    }
    Await.until("all read", () -> ring.metrics().inFlight() == count);

    BlockedCall<RingMetrics> closer =
        BlockedCall.start(
            ring,
            () -> {
              ring.close();
              return ring.metrics();
            });

    assertEquals(0, closer.result().inFlight(), "close() returned before the kernel had let go");
    for (BlockedCall<Byte> reader : readers) {
      assertThrows(AsynchronousCloseException.class, reader::result);
    }
    Await.until("the thread is gone", () -> !threadLives("test-close-inside-busy"));
    assertEquals(rings, OpenFiles.rings());
    fifo.close();
    assertEquals(0, OpenFiles.count(fifo.path().getFileName().toString()));
  }

  /** More are blocked than the ring has room for, so some of them wait in its queue. */
  @Test
  void close_thousandForeignCallsBlocked_allWake() throws Exception {
    int rings = OpenFiles.rings();
    Ring ring = Ring.open(named("test-close-thousand").withInFlightLimit(600));
    Fifo fifo = Fifo.open(ring, directory);
    List<BlockedCall<Byte>> readers = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      Caller caller = i % 10 == 0 ? Caller.PLATFORM : Caller.VIRTUAL;
      readers.add(BlockedCall.start(ring, caller, fifo::read));
    }
    Await.until(
        "all are in flight or queued",
        () -> ring.metrics().inFlight() == 600 && ring.metrics().waiting() == 400);

    ring.close();

    for (BlockedCall<Byte> reader : readers) {
      assertThrows(AsynchronousCloseException.class, reader::result);
      assertFalse(reader.interruptPending());
    }
    assertEquals(0, ring.metrics().inFlight());
    assertEquals(rings, OpenFiles.rings());
    Await.until("the thread is gone", () -> !threadLives("test-close-thousand"));
    for (BlockedCall<Byte> reader : readers) {
      Await.ended(reader.thread());
    }
    fifo.close();
    assertEquals(0, OpenFiles.count(fifo.path().getFileName().toString()));
  }

  @Test
  void close_whileOthersCall_everyCallEndsOneWay() throws Exception {
    for (int round = 0; round < 20; round++) {
      Ring ring = Ring.open();
      List<BlockedCall<String>> callers = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        Caller caller = Caller.values()[i % 3];
        callers.add(
            BlockedCall.start(
                ring,
                caller,
                () -> {
                  while (true) {
                    try {
                      ring.nop();
                    } catch (AsynchronousCloseException e) {
                      return "closed";
                    }
                  }
                }));
      }
      Await.until("some calls", () -> ring.metrics().completed() > 100);
      ring.close();
      for (BlockedCall<String> caller : callers) {
        assertEquals("closed", caller.result());
      }
    }
  }

  /** Closes rings from threads that have held them, so that the watchdog has come by. */
  static final class CloseAfterHolding {
    public static void main(String[] arguments) throws Exception {
      for (int round = 0; round < 10; round++) {
        Ring ring = Ring.open();
        Thread closer =
            ring.startVirtualThread(
                () -> {
                  long start = System.nanoTime();
                  while (System.nanoTime() - start < 100_000_000) {
                    Thread.onSpinWait();
                  }
                  ring.close();
                });
        closer.join();
      }
      System.out.println("survived");
    }
  }

  /**
   * A thread that closes the ring that carries it wakes up elsewhere, perhaps when the ring's
   * memory is gone. To touch that would end the JVM, so it is another one.
   */
  @Test
  @Tag("carried")
  void close_fromCarriedThreadThatHeldTheRing() throws Exception {
    String output =
        new ChildJvm()
            .with(
                "--enable-native-access=ALL-UNNAMED", "--add-opens=java.base/java.lang=ALL-UNNAMED")
            .run(CloseAfterHolding.class);
    assertTrue(output.contains("survived"), output);
  }

  // ---- a closed ring -------------------------------------------------------------------------

  @ParameterizedTest
  @Once
  @EachCaller({Caller.VIRTUAL, Caller.PLATFORM})
  void closed_refusesCalls(Caller kind) throws Exception {
    Ring ring = Ring.open();
    Path path = Files.writeString(directory.resolve("file"), "x");
    RingFile file = RingFile.open(ring, path);
    MemorySegment memory = Arena.ofAuto().allocate(1);
    ring.close();
    BlockedCall<Void> caller =
        BlockedCall.start(
            ring,
            kind,
            () -> {
              assertThrows(RingClosedException.class, ring::nop);
              assertThrows(RingClosedException.class, ring.chain().nop()::run);
              assertThrows(RingClosedException.class, ring.batch().nop()::run);
              assertThrows(RingClosedException.class, () -> file.read(memory, 0));
              assertThrows(RingClosedException.class, () -> file.fsync());
              assertThrows(RingClosedException.class, () -> RingFile.open(ring, path));
              return null;
            });
    caller.result();
    file.close();
    assertEquals(0, OpenFiles.count(path.toString()), "a file must close when its ring is gone");
  }

  @Test
  void closed_startVirtualThread_isRefused() throws Exception {
    Ring ring = Ring.open(named("test-closed"));
    ring.close();
    var e = assertThrows(IllegalStateException.class, () -> ring.startVirtualThread(() -> {}));
    assertTrue(e.getMessage().contains("test-closed is closed"), e.getMessage());
  }

  @Test
  void closed_threadFactory_threadsRunElsewhere() throws Exception {
    Ring ring = Ring.open();
    ring.close();
    CountDownLatch ran = new CountDownLatch(1);
    ring.threadFactory().newThread(ran::countDown).start();
    assertTrue(ran.await(20, TimeUnit.SECONDS));
  }

  @Test
  void closed_toString_saysSo() throws Exception {
    Ring ring = Ring.open(named("test-string"));
    assertEquals("Ring[test-string]", ring.toString());
    ring.close();
    assertEquals("Ring[test-string, closed]", ring.toString());
  }

  // ---- the shared ring -----------------------------------------------------------------------

  @Test
  void shared_isOneRing_closeHasNoEffect() throws Exception {
    Ring shared = Ring.shared();
    shared.close();
    assertTrue(shared.isOpen());
    shared.nop();
    assertSame(shared, Ring.shared());
    try (Ring other = Ring.open()) {
      assertNotSame(shared, other);
    }
  }

  @Test
  void sharedGroup_isOneGroup_closeHasNoEffect() throws Exception {
    RingGroup shared = RingGroup.shared();
    assertSame(shared, RingGroup.shared());
    assertSame(Ring.shared(), shared.rings().getFirst());
    assertEquals(Runtime.getRuntime().availableProcessors(), shared.rings().size());
    shared.close();
    for (Ring ring : shared.rings()) {
      ring.nop();
    }
  }

  @Test
  void sharedGroup_isHomeOfFilesOpenedWithoutRing() throws Exception {
    Path path = Files.writeString(directory.resolve("file"), "x");
    List<Ring> rings = RingGroup.shared().rings();
    List<Ring> homes = rings.subList(0, Math.max(1, rings.size() / 4));
    List<Long> before = homes.stream().map(ring -> ring.metrics().completed()).toList();
    for (Ring _ : homes) {
      try (RingFile file = RingFile.open(path, StandardOpenOption.WRITE)) {
        file.fsync();
      }
    }
    for (int i = 0; i < homes.size(); i++) {
      long more = homes.get(i).metrics().completed() - before.get(i);
      assertTrue(more >= 1, "a sync, not " + more);
    }
  }

  @ParameterizedTest
  @CsvSource({"1, 1", "7, 1", "8, 2", "9, 2"})
  void nextHome_aQuarterInTurn(int count, int homes) throws Exception {
    try (RingGroup group = RingGroup.open(count, RingOptions.defaults())) {
      for (int i = 0; i < 2 * homes; i++) {
        assertSame(group.rings().get(i % homes), group.nextHome());
      }
    }
  }

  @Test
  void closeShared_theNextCallOpensAnother() throws Exception {
    RingGroup before = RingGroup.shared();
    RingGroup.closeShared();
    for (Ring ring : before.rings()) {
      assertFalse(ring.isOpen());
    }
    RingGroup.shared().next().nop();
    assertNotSame(before, RingGroup.shared());
  }

  // ---- the ring of the calling thread --------------------------------------------------------

  @Test
  @Tag("carried")
  void current_isTheRingThatCarries() throws Exception {
    try (RingGroup group = RingGroup.open()) {
      for (Ring ring : group.rings()) {
        assertSame(ring, Caller.CARRIED.call(ring, Ring::current).orElseThrow());
      }
      try (ExecutorService executor = group.executor()) {
        CountDownLatch begun = new CountDownLatch(1);
        AtomicBoolean ended = new AtomicBoolean();
        var first =
            executor.submit(
                () -> {
                  Ring ring = Ring.current().orElseThrow();
                  begun.countDown();
                  while (!ended.get()) {
                    Thread.onSpinWait(); // without leaving the ring's thread
                  }
                  return ring;
                });
        begun.await();
        Optional<Ring> second = executor.submit(Ring::current).get();
        ended.set(true);
        assertNotSame(first.get(), second.orElse(null));
      }
    }
  }

  @Test
  void current_isNoneElsewhere() throws Exception {
    try (Ring ring = Ring.open()) {
      assertEquals(Optional.empty(), Caller.PLATFORM.call(ring, Ring::current));
      assertEquals(Optional.empty(), Caller.VIRTUAL.call(ring, Ring::current));
    }
  }

  // ---- calls from every kind of thread -------------------------------------------------------

  @Liburing("nop")
  @ParameterizedTest
  @EachCaller
  void nop_countsOnce(Caller kind) throws Exception {
    try (Ring ring = Ring.open()) {
      RingMetrics before = ring.metrics();
      BlockedCall<Void> caller =
          BlockedCall.start(
              ring,
              kind,
              () -> {
                for (int i = 0; i < 1000; i++) {
                  ring.nop();
                }
                return null;
              });
      caller.result();
      RingMetrics after = ring.metrics();
      assertEquals(1000, after.submitted() - before.submitted());
      assertEquals(1000, after.completed() - before.completed());
      assertEquals(0, after.inFlight());
      assertEquals(0, after.waiting());
      assertEquals(0, after.stale());
      assertEquals(0, after.overflows());
      assertTrue(after.enters() > before.enters());
    }
  }

  @Test
  void nop_fromThreadOfAnotherRing() throws Exception {
    try (Ring one = Ring.open();
        Ring other = Ring.open()) {
      BlockedCall<Void> caller =
          BlockedCall.start(
              one,
              () -> {
                one.nop();
                other.nop();
                one.nop();
                return null;
              });
      caller.result();
      assertEquals(2, one.metrics().completed());
      assertEquals(1, other.metrics().completed());
    }
  }

  // ---- carried threads -----------------------------------------------------------------------

  @Test
  void carriesVirtualThreads_followsTheFlag() throws Exception {
    try (Ring ring = Ring.open()) {
      assertEquals(Boolean.getBoolean("io.ringspun.test.carried"), ring.carriesVirtualThreads());
    }
  }

  private static String self(Ring ring, Callable<String> task) throws Exception {
    return BlockedCall.start(ring, task).result();
  }

  /** {@code Thread.toString} of a mounted virtual thread ends with its carrier's name. */
  private static String describe() {
    return Thread.currentThread().toString();
  }

  @Test
  @Tag("carried")
  void startVirtualThread_isCarried_alsoAfterParking() throws Exception {
    try (Ring ring = Ring.open(named("test-carrier"))) {
      String before = self(ring, RingTest::describe);
      String after =
          self(
              ring,
              () -> {
                ring.nop();
                Thread.yield();
                return describe();
              });
      assertTrue(before.endsWith("@test-carrier"), before);
      assertTrue(after.endsWith("@test-carrier"), after);
    }
  }

  @Test
  @Tag("carried")
  void threadFactory_executor_children_areCarried() throws Exception {
    try (Ring ring = Ring.open(named("test-carrier"))) {
      AtomicReference<String> made = new AtomicReference<>("");
      Thread thread = ring.threadFactory().newThread(() -> made.set(describe()));
      assertEquals(Thread.State.NEW, thread.getState());
      thread.start();
      thread.join();
      assertTrue(made.get().contains("@test-carrier"), made.get());

      try (var executor = ring.executor()) {
        String executed = executor.submit(RingTest::describe).get();
        assertTrue(executed.contains("@test-carrier"), executed);
      }

      AtomicReference<String> child = new AtomicReference<>("");
      AtomicReference<String> grandchild = new AtomicReference<>("");
      Thread parent =
          ring.startVirtualThread(
              () ->
                  Thread.ofVirtual()
                      .name("child")
                      .start(
                          () -> {
                            child.set(describe());
                            Thread.startVirtualThread(() -> grandchild.set(describe()));
                          }));
      parent.join();
      Await.until("the grandchild ran", () -> !grandchild.get().isEmpty());
      assertTrue(
          child.get().contains(",child]") && child.get().endsWith("@test-carrier"), child::get);
      assertTrue(grandchild.get().endsWith("@test-carrier"), grandchild::get);
    }
  }

  @Test
  @Tag("carried")
  void carriedCalls_needNoWakeUp() throws Exception {
    try (Ring ring = Ring.open()) {
      BlockedCall.start(
              ring,
              () -> {
                long before = ring.metrics().wakeUps();
                for (int i = 0; i < 1000; i++) {
                  ring.nop();
                }
                assertEquals(before, ring.metrics().wakeUps());
                return null;
              })
          .result();
    }
  }

  /** To ask whether an operation is over instead of waiting, to wait later, or to give it up. */
  @Test
  void executor_futuresOfCalls() throws Exception {
    try (Ring ring = Ring.open();
        Fifo fifo = Fifo.open(ring, directory);
        var executor = ring.executor()) {
      Future<Byte> read = executor.submit(() -> fifo.read());
      Await.until("it waits", () -> ring.metrics().inFlight() == 1);
      assertFalse(read.isDone());
      fifo.write(7);
      assertEquals((byte) 7, read.get());
      assertTrue(read.isDone());

      Future<Byte> unwanted = executor.submit(() -> fifo.read());
      Await.until("it waits", () -> ring.metrics().inFlight() == 1);
      assertTrue(unwanted.cancel(true));
      Await.until("it is cancelled", () -> ring.metrics().inFlight() == 0);
      fifo.write(8);
      assertEquals((byte) 8, fifo.read(), "nobody else has taken it");
    }
  }

  @Test
  void executor_close_waitsForTasksAndLeavesTheRingOpen() throws Exception {
    try (Ring ring = Ring.open()) {
      List<Future<Integer>> results = new ArrayList<>();
      try (var executor = ring.executor()) {
        for (int i = 0; i < 100; i++) {
          int mine = i;
          results.add(
              executor.submit(
                  () -> {
                    ring.nop();
                    if (mine == 42) {
                      throw new IllegalStateException("thrown by a task");
                    }
                    return mine;
                  }));
        }
      }
      for (int i = 0; i < 100; i++) {
        Future<Integer> result = results.get(i);
        assertTrue(result.isDone());
        if (i == 42) {
          assertThrows(ExecutionException.class, result::get);
        } else {
          assertEquals(i, result.get());
        }
      }
      assertTrue(ring.isOpen());
      ring.nop();
    }
  }

  @Test
  void carriedThread_thatThrows_harmsNobody() throws Exception {
    try (Ring ring = Ring.open()) {
      ConcurrentLinkedQueue<Throwable> uncaught = new ConcurrentLinkedQueue<>();
      Thread thrower =
          ring.threadFactory()
              .newThread(
                  () -> {
                    throw new IllegalStateException("thrown by a test");
                  });
      thrower.setUncaughtExceptionHandler((_, e) -> uncaught.add(e));
      thrower.start();
      thrower.join();
      assertEquals(1, uncaught.size());
      BlockedCall.start(
              ring,
              () -> {
                ring.nop();
                return null;
              })
          .result();
    }
  }

  // ---- names and sizes -----------------------------------------------------------------------

  @Test
  void names_byDefaultAreNumbered() throws Exception {
    try (Ring one = Ring.open();
        Ring two = Ring.open()) {
      assertTrue(one.toString().matches("Ring\\[ringspun-\\d+]"), one.toString());
      assertTrue(two.toString().matches("Ring\\[ringspun-\\d+]"), two.toString());
      assertNotEquals(one.toString(), two.toString());
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, -1, 32_769, 1 << 30, Integer.MIN_VALUE})
  void entries_outOfRange_areRefused(int entries) {
    RingOptions defaults = RingOptions.defaults();
    var e = assertThrows(IllegalArgumentException.class, () -> defaults.withEntries(entries));
    assertEquals("entries must be from 1 to 32,768: " + "%,d".formatted(entries), e.getMessage());
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 8, 100, 32_768})
  void entries_everySizeWorks(int entries) throws Exception {
    try (Ring ring = Ring.open(RingOptions.defaults().withEntries(entries));
        RingFile file =
            RingFile.open(
                ring,
                directory.resolve("file"),
                StandardOpenOption.CREATE,
                StandardOpenOption.READ,
                StandardOpenOption.WRITE)) {
      MemorySegment memory = Arena.ofAuto().allocate(100);
      memory.fill((byte) 7);
      List<BlockedCall<Integer>> callers = new ArrayList<>();
      for (Caller caller : Caller.values()) {
        for (int i = 0; i < 20; i++) {
          callers.add(
              BlockedCall.start(
                  ring,
                  caller,
                  () -> {
                    ring.nop();
                    assertEquals(100, file.write(memory, 0));
                    return file.read(Arena.ofAuto().allocate(200), 0);
                  }));
        }
      }
      for (BlockedCall<Integer> caller : callers) {
        assertEquals(100, caller.result());
      }
      assertEquals(0, ring.metrics().inFlight());
    }
  }
}
