package io.ringspun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.file.RingFile;
import io.ringspun.internal.kernel.Kernel;
import io.ringspun.internal.kernel.LinuxKernel;
import io.ringspun.testing.Await;
import io.ringspun.testing.Caller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.LeakCheck;
import io.ringspun.testing.LongRun;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * An {@link Error} in a call, such as that the caller's stack is full, is the caller's alone: it is
 * thrown to that caller, and the ring, its tables and all other callers are as if the call had not
 * been made.
 *
 * <p>Full stacks are real ones: a thread calls itself until it overflows, and makes the call in
 * each of its last frames, so that the stack ends at another place of the call each time.
 */
class CallerErrorTest {
  private static final int CALLS_MAX = 400;
  private static final int SUCCESSES = 20; // after which there is room enough in the other frames
  private static final RingOptions OPTIONS =
      RingOptions.defaults().withThreadName("test-errors").withInlineAttempts(false);

  @TempDir static Path directory;

  // ---- the wake-up ---------------------------------------------------------------------------

  static Stream<Error> errors() {
    return Stream.of(
        new StackOverflowError("made up"),
        new OutOfMemoryError("made up"),
        new AssertionError("made up"),
        new LinkageError("made up"));
  }

  /** The call is in the inbox by then, so it is carried through; the error is thrown after that. */
  @ParameterizedTest
  @MethodSource("errors")
  void signal_throws(Error error) throws Exception {
    for (int times = 1; times <= 3; times++) {
      try (FaultKernel kernel = new FaultKernel();
          Ring ring = FaultyRing.open(OPTIONS, kernel)) {
        awaitAsleep(ring);
        kernel.throwFromSignal(error, times, null);
        assertSame(error, assertThrows(Error.class, ring::nop));
        assertEquals(0, kernel.signalThrowsLeft());
        requireIntact(ring);
      }
    }
  }

  /** A thread whose stack stays full never rings: another one does that comes by. */
  @Test
  void signal_throwsForOneThread() throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(OPTIONS, kernel)) {
      CountDownLatch begin = new CountDownLatch(1);
      Caller.Begun<Void> caller =
          Caller.PLATFORM.begin(
              ring,
              () -> {
                begin.await();
                ring.nop();
                return null;
              });
      awaitAsleep(ring);
      Error error = new StackOverflowError("made up");
      kernel.throwFromSignal(error, Integer.MAX_VALUE, caller.thread());
      begin.countDown();
      Await.until("it throws", () -> kernel.signalThrowsLeft() < Integer.MAX_VALUE);
      ring.nop();
      assertSame(error, assertThrows(Error.class, caller::result));
      requireIntact(ring);
    }
  }

  /** Nobody else comes by: the watchdog rings. */
  @Test
  void signal_throwsForOneThreadAlone() throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(OPTIONS, kernel)) {
      awaitAsleep(ring);
      Error error = new StackOverflowError("made up");
      kernel.throwFromSignal(error, Integer.MAX_VALUE, Thread.currentThread());
      assertSame(error, assertThrows(Error.class, ring::nop));
      kernel.throwFromSignal(error, 0, null);
      requireIntact(ring);
    }
  }

  /** Others are told nothing of it when a ring is closed whose last caller could not ring. */
  @Test
  void signal_throwsFromClose() throws Exception {
    try (FaultKernel kernel = new FaultKernel()) {
      Ring ring = FaultyRing.open(OPTIONS, kernel);
      awaitAsleep(ring);
      Error error = new StackOverflowError("made up");
      kernel.throwFromSignal(error, 1, null);
      assertSame(error, assertThrows(Error.class, ring::close));
      ring.close();
      assertEquals(0, kernel.openRings());
    }
  }

  private static void awaitAsleep(Ring ring) throws IOException {
    ring.nop();
    Await.until(
        "the ring's thread waits", // looked up each time: a ring before had the same name
        () ->
            Thread.getAllStackTraces().entrySet().stream()
                .filter(thread -> thread.getKey().getName().equals("test-errors"))
                .flatMap(thread -> Arrays.stream(thread.getValue()))
                .anyMatch(frame -> frame.getMethodName().equals("enterAndWait")));
  }

  // ---- full stacks ---------------------------------------------------------------------------

  /** What is called in the last frames. */
  enum Work {
    NOP {
      @Override
      void run(Ring ring, RingFile file, MemorySegment memory) throws IOException {
        ring.nop();
      }
    },
    WRITE {
      @Override
      void run(Ring ring, RingFile file, MemorySegment memory) throws IOException {
        file.write(memory, 0);
      }
    },
    FDATASYNC {
      @Override
      void run(Ring ring, RingFile file, MemorySegment memory) throws IOException {
        file.fdatasync();
      }
    },
    BATCH {
      @Override
      void run(Ring ring, RingFile file, MemorySegment memory) throws IOException {
        ring.batch().nop().write(file, memory, 0).nop().attempt();
      }
    },
    CHAIN {
      @Override
      void run(Ring ring, RingFile file, MemorySegment memory) throws IOException {
        ring.chain().nop().write(file, memory, 0).attempt();
      }
    },
    OPEN {
      @Override
      void run(Ring ring, RingFile file, MemorySegment memory) throws IOException {
        RingFile.open(ring, directory.resolve("opened"), StandardOpenOption.READ).close();
      }
    };

    abstract void run(Ring ring, RingFile file, MemorySegment memory) throws IOException;
  }

  static Stream<Arguments> deepCalls() {
    return Caller.inThisRun().stream()
        .flatMap(caller -> Stream.of(Work.values()).map(work -> Arguments.of(caller, work)));
  }

  @ParameterizedTest
  @MethodSource("deepCalls")
  void fullStack(Caller caller, Work work) throws Exception {
    LeakCheck.expectLost(Long.MAX_VALUE / 100); // copies of memory whose giving back overflowed
    LeakCheck.expectLostDescriptors(work == Work.OPEN ? CALLS_MAX * 2 : 1);
    Files.writeString(directory.resolve("opened"), "content");
    Ring ring = Ring.open(OPTIONS);
    Path path = directory.resolve("file");
    RingFile file = RingFile.open(ring, path, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    List<Caller.Begun<Void>> others = new ArrayList<>();
    boolean[] ended = new boolean[1];
    try {
      MemorySegment memory = Arena.ofAuto().allocate(64);
      for (Caller other : Caller.values()) {
        other.run(ring, () -> work.run(ring, file, memory));
        others.add(other.begin(ring, () -> work(ring, ended)));
      }
      Dive dive = new Dive(() -> work.run(ring, file, memory));
      for (int round = 0; round < LongRun.count(1, 2); round++) {
        Dive next = new Dive(() -> work.run(ring, file, memory));
        caller.run(ring, next::down);
        dive.add(next);
      }
      assertNull(dive.unexpected, () -> "thrown to the caller: " + describe(dive.unexpected));
      assertTrue(dive.overflows > 0, "no call overflowed");
    } finally {
      synchronized (ended) {
        ended[0] = true;
      }
    }
    for (Caller.Begun<Void> other : others) {
      other.result();
    }
    requireIntact(ring);
    file.close();
    ring.close();
  }

  private static String describe(Throwable e) {
    StringWriter text = new StringWriter();
    e.printStackTrace(new PrintWriter(text));
    return text.toString();
  }

  /** Uses a ring until told to end. */
  private static Void work(Ring ring, boolean[] ended) throws IOException {
    while (true) {
      synchronized (ended) {
        if (ended[0]) {
          return null;
        }
      }
      ring.nop();
    }
  }

  /** A thread that fills its stack, and makes a call in each of its last frames. */
  private static final class Dive {
    private final Caller.Action action;
    int calls;
    int overflows;
    Throwable unexpected;

    Dive(Caller.Action action) {
      this.action = action;
    }

    @SuppressWarnings("InfiniteRecursion") // it is to fill the stack
    void down() {
      try {
        down();
      } catch (StackOverflowError _) {
        // The last frame.
      }
      if (calls >= CALLS_MAX || calls - overflows >= SUCCESSES) {
        return;
      }
      calls++;
      try {
        action.run();
      } catch (StackOverflowError _) {
        overflows++;
      } catch (Throwable e) {
        unexpected = e;
      }
    }

    void add(Dive other) {
      calls += other.calls;
      overflows += other.overflows;
      unexpected = unexpected != null ? unexpected : other.unexpected;
    }
  }

  // ---- each system call of the caller --------------------------------------------------------

  @ParameterizedTest
  @EnumSource
  void systemCall_throws(Work work) throws Exception {
    LeakCheck.expectLostDescriptors(4); // of a close that throws instead
    Files.writeString(directory.resolve("opened"), "content");
    Path path = directory.resolve("file");
    MemorySegment memory = Arena.ofAuto().allocate(64);
    int throwing = 0;
    for (int k = 1; throwing == k - 1; k++) {
      ThrowingKernel kernel = new ThrowingKernel();
      try (Ring ring =
              Ring.open(OPTIONS.withInlineAttempts(true), kernel.over(LinuxKernel.INSTANCE));
          RingFile file =
              RingFile.open(ring, path, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
        awaitAsleep(ring);
        Error error = new StackOverflowError("made up");
        kernel.throwFrom(Thread.currentThread(), k, error);
        try {
          work.run(ring, file, memory);
        } catch (Error e) {
          assertSame(error, e);
          throwing++;
        }
        kernel.throwFrom(null, 0, error);
        requireIntact(ring);
      }
    }
    assertTrue(throwing > 0, "no system call was made to throw");
  }

  /** A kernel of which a thread's k-th call throws. */
  private static final class ThrowingKernel {
    private Thread thread;
    private int left;
    private Error error;

    synchronized void throwFrom(Thread caller, int k, Error thrown) {
      thread = caller;
      left = k;
      error = thrown;
    }

    private synchronized void called() {
      if (Thread.currentThread() == thread && --left == 0) {
        throw error;
      }
    }

    Kernel over(Kernel kernel) {
      return (Kernel)
          Proxy.newProxyInstance(
              Kernel.class.getClassLoader(),
              new Class<?>[] {Kernel.class},
              (_, method, arguments) -> {
                called();
                try {
                  return method.invoke(kernel, arguments);
                } catch (InvocationTargetException e) {
                  throw e.getCause();
                }
              });
    }
  }

  // ---- a carried thread that cannot leave the ring's thread ------------------------------------

  private static Ring pinningRing;
  private static Dive pinnedDive;

  private static final class Pinned {
    static {
      pinnedDive.down();
    }
  }

  @Tag("carried")
  @Test
  void fullStack_pinned() throws Exception {
    try (Ring ring = Ring.open()) {
      pinningRing = ring;
      pinnedDive = new Dive(() -> pinningRing.nop());
      Caller.CARRIED.run(ring, ring::nop);
      Caller.CARRIED.run(ring, Pinned::new);
      assertNull(
          pinnedDive.unexpected, () -> "thrown to the caller: " + describe(pinnedDive.unexpected));
      assertTrue(pinnedDive.overflows > 0, "no call overflowed");
      requireIntact(ring);
    }
  }

  // ---- what must hold afterwards -------------------------------------------------------------

  private static void requireIntact(Ring ring) throws Exception {
    Await.until("nothing in flight", () -> ring.metrics().inFlight() == 0);
    assertEquals(0, ring.metrics().waiting());
    for (Caller caller : Caller.values()) {
      caller.run(ring, ring::nop);
      caller.run(ring, ring.batch().nop().nop()::run);
    }
  }
}
