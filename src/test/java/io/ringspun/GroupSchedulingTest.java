package io.ringspun;

import static io.ringspun.Pinning.body;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.file.RingFile;
import io.ringspun.file.RingFileSystems;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.kernel.LinuxKernel;
import io.ringspun.testing.Await;
import io.ringspun.testing.Fifo;
import io.ringspun.testing.LeakCheck;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Threads of a group: where they run, and what becomes of them while rings are held. */
@Tag("carried")
class GroupSchedulingTest {
  private static final int RINGS = 2;

  @TempDir static Path directory;

  private final AtomicInteger holding = new AtomicInteger();
  private volatile boolean released;

  @AfterEach
  void release() {
    released = true;
  }

  private static RingGroup open() throws IOException {
    return RingGroup.open(RINGS, RingOptions.defaults());
  }

  private static <T> FutureTask<T> start(RingGroup group, Callable<T> body) {
    FutureTask<T> task = new FutureTask<>(body);
    group.startVirtualThread(task);
    return task;
  }

  private static Ring current() {
    return Ring.current().orElseThrow();
  }

  /** Occupies a ring's thread, until {@link #released}. */
  private void hold(Ring ring) {
    int before = holding.get();
    ring.startVirtualThread(this::spin);
    Await.until("the ring is held", () -> holding.get() > before);
  }

  private void spin() {
    holding.incrementAndGet();
    while (!released) {
      Thread.onSpinWait();
    }
  }

  // ---- where they run ------------------------------------------------------------------------

  @Test
  void threadsOfOneRing_stay() throws Exception {
    try (RingGroup group = open()) {
      for (Ring ring : group.rings()) {
        FutureTask<Void> task =
            new FutureTask<>(
                () -> {
                  for (int i = 0; i < 1_000; i++) {
                    assertSame(ring, current());
                    Thread.yield();
                    ring.nop();
                  }
                  return null;
                });
        ring.startVirtualThread(task);
        task.get();
      }
    }
  }

  @Test
  void children_belongToTheGroup() throws Exception {
    try (RingGroup group = open()) {
      FutureTask<Ring> child = new FutureTask<>(GroupSchedulingTest::current);
      start(group, () -> Thread.startVirtualThread(child)).get();
      assertTrue(group.rings().contains(child.get()));
    }
  }

  /** What one thread makes ready while it computes, the other ring runs. */
  @Test
  void startedByOneThatComputes_runElsewhere() throws Exception {
    int count = 1_000;
    try (RingGroup group = open()) {
      AtomicInteger run = new AtomicInteger();
      start(
              group,
              () -> {
                Ring here = current();
                for (int i = 0; i < count; i++) {
                  group.startVirtualThread(
                      () -> {
                        if (!Ring.current().equals(Optional.of(here))) {
                          run.incrementAndGet();
                        }
                      });
                }
                while (run.get() < count) {
                  Thread.onSpinWait(); // a park would let this ring run them
                }
                return null;
              })
          .get();
    }
  }

  @Test
  void busyRing_sharesWithIdle() throws Exception {
    int threads = 64;
    try (RingGroup group = open()) {
      Ring first = group.rings().getFirst();
      AtomicInteger elsewhere = new AtomicInteger();
      CountDownLatch ended = new CountDownLatch(threads);
      FutureTask<Void> starter =
          new FutureTask<>(
              () -> {
                for (int i = 0; i < threads; i++) {
                  group.startVirtualThread(
                      () -> {
                        while (elsewhere.get() == 0) {
                          if (!Ring.current().equals(Optional.of(first))) {
                            elsewhere.incrementAndGet();
                          }
                          Thread.yield();
                        }
                        ended.countDown();
                      });
                }
                return null;
              });
      first.startVirtualThread(starter);
      starter.get();
      ended.await();
    }
  }

  @Test
  void ringOfTheGroupIsClosed_threadsGoOnOnAnother() throws Exception {
    try (RingGroup group = open();
        Fifo fifo = Fifo.open(group.rings().getLast(), directory)) {
      Ring first = group.rings().getFirst();
      List<FutureTask<Optional<Ring>>> tasks = new ArrayList<>();
      AtomicInteger turns = new AtomicInteger();
      for (int i = 0; i < 100; i++) {
        tasks.add(
            start(
                group,
                () -> {
                  while (!released) {
                    turns.incrementAndGet();
                    Thread.sleep(1);
                  }
                  return Ring.current();
                }));
      }
      Await.until("they run", () -> turns.get() > 1_000);
      first.close();
      int before = turns.get();
      Await.until("they go on", () -> turns.get() > before + 1_000);
      released = true;
      for (FutureTask<Optional<Ring>> task : tasks) {
        assertNotEquals(Optional.of(first), task.get());
      }
    }
  }

  @Test
  void ownThread_closesTheGroup() throws Exception {
    for (int i = 0; i < 20; i++) {
      RingGroup group = open();
      FutureTask<Boolean> closer =
          start(
              group,
              () -> {
                current().nop();
                group.close();
                return group.rings().stream().noneMatch(Ring::isOpen);
              });
      assertTrue(closer.get());
    }
  }

  // ---- while a ring is held ------------------------------------------------------------------

  @Test
  void held_completionsAreReaped() throws Exception {
    try (RingGroup group = open();
        Fifo fifo = Fifo.open(group.rings().getFirst(), directory)) {
      AtomicReference<Ring> before = new AtomicReference<>();
      FutureTask<Optional<Ring>> reader =
          start(
              group,
              () -> {
                before.set(current());
                assertEquals((byte) 1, fifo.read());
                return Ring.current(); // another, or none on a spare carrier
              });
      Await.until("it reads", () -> before.get() != null && before.get().metrics().inFlight() > 0);
      hold(before.get());
      fifo.write(1);
      assertNotEquals(Optional.of(before.get()), reader.get());
      released = true;
    }
  }

  @Test
  void held_handedOverCallsAreServed() throws Exception {
    Path path = Files.writeString(directory.resolve("text"), "text");
    try (RingGroup group = open()) {
      Ring ring = group.rings().getFirst();
      try (RingFile file = RingFile.open(ring, path)) {
        hold(ring);
        for (int i = 0; i < 100; i++) {
          ring.nop();
          ByteBuffer buffer = ByteBuffer.allocateDirect(4);
          assertEquals(4, file.read(buffer, 0));
        }
        try (BufferPool pool = ring.bufferPool(1, 4096)) {
          assertEquals(1, pool.buffers());
        }
        assertEquals(1, holding.get());
        released = true;
      }
    }
  }

  @Test
  void heldByAllOfItsThreads_sparesRunTheRest_andEnd() throws Exception {
    try (RingGroup group = open();
        Fifo fifo = Fifo.open(group.rings().getFirst(), directory)) {
      FutureTask<Byte> reader = start(group, fifo::read);
      Await.until("it reads", () -> inFlight(group) > 0);
      group.rings().forEach(this::hold);
      fifo.write(1);
      assertEquals((byte) 1, reader.get());
      List<FutureTask<Void>> others = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        others.add(
            start(
                group,
                () -> {
                  for (int turn = 0; turn < 10; turn++) {
                    group.next().nop();
                    Thread.yield();
                  }
                  return null;
                }));
      }
      for (FutureTask<Void> other : others) {
        other.get();
      }
      released = true;
      Await.until("the spares have ended", () -> spares() == 0);
      assertEquals(RINGS, holding.get());
    }
  }

  /** A thread that computes for long goes to a spare carrier, and back once it does not. */
  @Test
  void computesForLong_runsOnASpare_whileItDoesSo() throws Exception {
    try (RingGroup group = open()) {
      start(
              group,
              () -> {
                computeUntilOnASpare();
                for (int i = 0; i < 10; i++) {
                  computeForLong();
                  Thread.yield();
                  assertEquals(Optional.empty(), Ring.current());
                }
                while (Ring.current().isEmpty()) {
                  group.next().nop();
                }
                return null;
              })
          .get();
    }
  }

  /** Threads that compute all the time leave no spare carrier to one that did so once. */
  @Test
  void computedForLong_needNotAwaitThoseThatGoOn() throws Exception {
    try (RingGroup group = open()) {
      int holders = 2 * Runtime.getRuntime().availableProcessors();
      List<FutureTask<Void>> tasks = new ArrayList<>();
      for (int i = 0; i < holders; i++) {
        tasks.add(
            start(
                group,
                () -> {
                  computeUntilOnASpare();
                  spin();
                  return null;
                }));
      }
      Await.until("all are on spares", () -> holding.get() == holders);
      start(
              group,
              () -> {
                for (int i = 0; i < 10; i++) {
                  computeForLong();
                  group.next().nop();
                }
                return null;
              })
          .get();
      released = true;
      for (FutureTask<Void> task : tasks) {
        task.get();
      }
    }
  }

  private static void computeUntilOnASpare() {
    while (Ring.current().isPresent()) {
      computeForLong();
      Thread.yield();
    }
  }

  private static void computeForLong() {
    long end = System.nanoTime() + 10_000_000;
    while (System.nanoTime() < end) {
      Thread.onSpinWait();
    }
  }

  /** Calls that are answered at once never park, and the file may belong to another ring. */
  @Test
  void answeredAtOnce_stepsAside() throws Exception {
    Path path = Files.writeString(directory.resolve("text"), "text");
    try (RingGroup group = open();
        Ring other = Ring.open();
        RingFile file = RingFile.open(group.rings().getFirst(), path);
        RingFile foreign = RingFile.open(other, path)) {
      for (RingFile each : List.of(file, foreign)) {
        released = false;
        FutureTask<Void> reader = new FutureTask<>(() -> readUntilReleased(each));
        Ring ring = group.next();
        long before = ring.metrics().inlineHits();
        ring.startVirtualThread(reader);
        Await.until("it reads", () -> ring.metrics().inlineHits() > before);
        ring.startVirtualThread(() -> released = true);
        reader.get();
      }
    }
  }

  private @Nullable Void readUntilReleased(RingFile file) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(4);
    while (!released) {
      assertEquals(4, file.read(buffer.clear(), 0));
    }
    return null;
  }

  /** Something with a name. */
  private interface NameCall {
    void on(Path path) throws IOException;
  }

  private static List<NameCall> nameCalls() {
    Set<PosixFilePermission> permissions = PosixFilePermissions.fromString("rw-------");
    return List.of(
        Files::exists,
        path -> Files.readAttributes(path, BasicFileAttributes.class),
        Files::isWritable,
        path -> assertNotNull(path.toRealPath()),
        path -> Files.isSameFile(path, path.resolveSibling("other")),
        path -> Files.setPosixFilePermissions(path, permissions),
        path -> Files.setLastModifiedTime(path, FileTime.fromMillis(0)),
        Files::getFileStore,
        path -> Files.newInputStream(path).close(),
        path -> Files.newDirectoryStream(path.getParent()).close());
  }

  @ParameterizedTest
  @MethodSource("nameCalls")
  void answeredAtOnceByName_stepsAside(NameCall call) throws Exception {
    Path name = Files.writeString(directory.resolve("name"), "text");
    Files.writeString(directory.resolve("other"), "text");
    try (Ring ring = Ring.open()) {
      Path path = RingFileSystems.wrap(ring, name);
      FutureTask<Void> caller =
          new FutureTask<>(
              () -> {
                while (!released) {
                  call.on(path);
                }
                return null;
              });
      long before = ring.metrics().inlineHits();
      ring.startVirtualThread(caller);
      Await.until("it calls", () -> ring.metrics().inlineHits() > before);
      ring.startVirtualThread(() -> released = true);
      caller.get();
    }
  }

  /** One that makes such calls but is pinned holds its ring all the same. */
  @Test
  void answeredAtOnceButPinned_completionsAreReaped() throws Exception {
    Path path = Files.writeString(directory.resolve("text"), "text");
    try (RingGroup group = open();
        RingFile file = RingFile.open(group.rings().getFirst(), path);
        Fifo fifo = Fifo.open(group.rings().getFirst(), directory)) {
      AtomicReference<Ring> before = new AtomicReference<>();
      FutureTask<Byte> reader =
          start(
              group,
              () -> {
                before.set(current());
                return fifo.read();
              });
      Await.until("it reads", () -> before.get() != null && before.get().metrics().inFlight() > 0);
      long hits = before.get().metrics().inlineHits();
      FutureTask<Void> pinned =
          new FutureTask<>(() -> Pinning.run(() -> body(() -> readUntilReleased(file))), null);
      before.get().startVirtualThread(pinned);
      Await.until("it is busy", () -> before.get().metrics().inlineHits() > hits + 1_000);
      fifo.write(1);
      assertEquals((byte) 1, reader.get());
      released = true;
      pinned.get();
    }
  }

  /** More threads compute than there are rings and processors. */
  @Test
  void heldByManyOfTheGroup_oneMoreRuns() throws Exception {
    try (RingGroup group = open()) {
      int holders = RINGS + Runtime.getRuntime().availableProcessors() + 2;
      List<FutureTask<Void>> tasks = new ArrayList<>();
      for (int i = 0; i < holders; i++) {
        tasks.add(
            start(
                group,
                () -> {
                  holding.incrementAndGet();
                  LockSupport.parkNanos(1);
                  block();
                  return null;
                }));
      }
      FutureTask<Void> last =
          start(
              group,
              () -> {
                group.next().nop();
                released = true;
                return null;
              });
      last.get();
      for (FutureTask<Void> task : tasks) {
        task.get();
      }
    }
  }

  /** Holds a carrier without using a processor. */
  private void block() {
    Pinning.run(
        () -> {
          while (!released) {
            LockSupport.parkNanos(1_000_000);
          }
        });
  }

  private static int inFlight(RingGroup group) {
    return group.rings().stream().mapToInt(ring -> ring.metrics().inFlight()).sum();
  }

  private static long spares() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(thread -> thread.getName().startsWith("ringspun-spare-"))
        .count();
  }

  @Test
  void heldRing_isClosed_callsOfOthersEnd() throws Exception {
    RingGroup group = open();
    Ring ring = group.rings().getFirst();
    try (Fifo fifo = Fifo.open(ring, directory)) {
      FutureTask<Byte> reader = new FutureTask<>(fifo::read);
      Thread.ofPlatform().start(reader);
      Await.until("it reads", () -> inFlight(group) > 0);
      hold(ring);
      Thread closer = Thread.ofPlatform().start(ring::close);
      Throwable end = assertThrows(ExecutionException.class, reader::get).getCause();
      assertInstanceOf(RingClosedException.class, end);
      released = true;
      closer.join();
    } finally {
      group.close();
    }
  }

  /** The ring's own thread must not wait for a doorbell that the failed ring does not have. */
  @Test
  void watchdogFailsHeldRing_itsThreadGoesOn() throws Exception {
    LeakCheck.expectLost(4096); // the ring's own wake-up buffer
    RingGroup group = RingGroup.open(1, RingOptions.defaults(), refusingWatchdog());
    Ring ring = group.rings().getFirst();
    hold(ring);
    assertThrows(IOException.class, ring::nop);
    released = true;
    FutureTask<Integer> later = start(group, () -> 42);
    assertEquals(42, later.get());
    group.close();
  }

  private static Kernel refusingWatchdog() {
    return (Kernel)
        Proxy.newProxyInstance(
            Kernel.class.getClassLoader(),
            new Class<?>[] {Kernel.class},
            (_, method, arguments) -> {
              if (method.getName().equals("enter")
                  && Thread.currentThread().getName().equals("ringspun-watchdog")) {
                return -Errno.EBADF;
              }
              try {
                return method.invoke(LinuxKernel.INSTANCE, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }

  /** The first ring goes round before it is one of the group. */
  @Test
  void groupThatPollsDevices_opens() throws Exception {
    for (int i = 0; i < 50; i++) {
      try (RingGroup group =
          RingGroup.open(RINGS, RingOptions.defaults().withDevicePolling(false))) {
        assertEquals(42, start(group, () -> 42).get());
      }
    }
  }

  // ---- class initializers --------------------------------------------------------------------

  private static final AtomicInteger waiting = new AtomicInteger();

  private static volatile RingGroup initializing;
  private static volatile CountDownLatch begun;
  private static volatile Object lock;
  private static volatile ReentrantLock reentrantLock;

  private static final class ByPlatform {
    static final int VALUE =
        body(
            () -> {
              begun.countDown();
              Await.until("each ring has a thread that waits", () -> waiting.get() >= RINGS);
              initializing.rings().forEach(ring -> body(() -> nop(ring)));
              return 1;
            });

    static int value() {
      return VALUE;
    }
  }

  private static int nop(Ring ring) throws IOException {
    ring.nop();
    return 1;
  }

  private static int usesByPlatform() {
    waiting.incrementAndGet();
    return ByPlatform.value();
  }

  @Test
  void initializer_ofPlatformThread_callsTheRing() throws Exception {
    try (RingGroup group = open()) {
      initializing = group;
      begun = new CountDownLatch(1);
      FutureTask<Integer> initializer = new FutureTask<>(ByPlatform::value);
      Thread.ofPlatform().start(initializer);
      begun.await();
      List<FutureTask<Integer>> users = new ArrayList<>();
      for (int i = 0; i < RINGS + 1; i++) {
        users.add(start(group, GroupSchedulingTest::usesByPlatform));
      }
      assertEquals(1, initializer.get());
      for (FutureTask<Integer> user : users) {
        assertEquals(1, user.get());
      }
    }
  }

  private static final class WantsLocks {
    static final int VALUE =
        body(
            () -> {
              begun.countDown();
              synchronized (lock) {
                reentrantLock.lock();
                reentrantLock.unlock();
              }
              return 1;
            });

    static int value() {
      return VALUE;
    }
  }

  @Test
  void carriedInitializer_wantsLocksOfAParkedThread() throws Exception {
    try (RingGroup group = open();
        Fifo fifo = Fifo.open(group.rings().getFirst(), directory)) {
      begun = new CountDownLatch(1);
      lock = new Object();
      reentrantLock = new ReentrantLock();
      CountDownLatch owned = new CountDownLatch(1);
      FutureTask<Byte> owner =
          start(
              group,
              () -> {
                synchronized (lock) {
                  reentrantLock.lock();
                  owned.countDown();
                  byte read = fifo.read();
                  reentrantLock.unlock();
                  return read;
                }
              });
      owned.await();
      List<FutureTask<Integer>> users = new ArrayList<>();
      for (int i = 0; i < RINGS + 1; i++) {
        users.add(start(group, WantsLocks::value));
      }
      begun.await();
      fifo.write(1);
      assertEquals((byte) 1, owner.get());
      for (FutureTask<Integer> user : users) {
        assertEquals(1, user.get());
      }
    }
  }

  private static void completeElsewhere(CompletableFuture<Integer> future) {
    initializing.startVirtualThread(() -> body(() -> future.complete(nop(initializing.next()))));
  }

  private static final class WaitsForFuture {
    static final int VALUE =
        body(
            () -> {
              CompletableFuture<Integer> future = new CompletableFuture<>();
              completeElsewhere(future); // whose code is not in this class
              return future.get();
            });

    static int value() {
      return VALUE;
    }
  }

  @Test
  void carriedInitializer_waitsForAnotherCarriedThread() throws Exception {
    try (RingGroup group = open()) {
      initializing = group;
      List<FutureTask<Integer>> users = new ArrayList<>();
      for (int i = 0; i < RINGS + 1; i++) {
        users.add(start(group, WaitsForFuture::value));
      }
      for (FutureTask<Integer> user : users) {
        assertEquals(1, user.get());
      }
    }
  }
}
