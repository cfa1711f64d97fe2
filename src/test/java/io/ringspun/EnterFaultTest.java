package io.ringspun;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.file.RingFile;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.testing.Await;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import io.ringspun.testing.LeakCheck;
import io.ringspun.testing.Liburing;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What happens when {@code io_uring_enter} itself is refused. */
class EnterFaultTest {
  private static final long FAILED_RING_BYTES = 4096; // its wake-up buffer, which is never freed

  private final FaultKernel kernel = new FaultKernel();

  @ParameterizedTest
  @ValueSource(ints = {Errno.EINTR, Errno.EAGAIN, Errno.EBUSY})
  void enter_refusedForTheMoment(int errno) throws Exception {
    try (Ring ring = FaultyRing.open(kernel)) {
      for (Caller caller : Caller.values()) {
        kernel.failEnter(errno, 30);
        caller.run(
            ring,
            () -> {
              for (int i = 0; i < 50; i++) {
                ring.nop();
              }
            });
        Await.until("the faults are used up", () -> kernel.enterFaultsLeft() == 0);
      }
      assertEquals(0, ring.metrics().inFlight());
      assertEquals(150, kernel.submitted(Constants.IORING_OP_NOP), "submitted exactly once");
    }
  }

  /** While operations wait in the kernel too, and with callers that wait for room. */
  @ParameterizedTest
  @ValueSource(ints = {Errno.EINTR, Errno.EAGAIN, Errno.EBUSY})
  void enter_refusedWhileOthersWait(int errno) throws Exception {
    try (Ring ring = open(4);
        kernel) {
      kernel.add(FaultRule.on(Constants.IORING_OP_NOP).delay());
      List<Caller.Begun<Void>> waiting = startNops(ring, 4);
      Await.until("held", () -> kernel.held() == 4 && ring.metrics().waiting() == 8);
      kernel.failEnter(errno, 50);
      kernel.clear();
      kernel.release();
      for (Caller.Begun<Void> caller : waiting) {
        caller.result();
      }
    }
  }

  private Ring open(int inFlightLimit) throws IOException {
    return FaultyRing.open(
        RingOptions.defaults().withInFlightLimit(inFlightLimit).withInlineAttempts(false), kernel);
  }

  private static List<Caller.Begun<Void>> startNops(Ring ring, int ofEachKind) {
    List<Caller.Begun<Void>> begun = new ArrayList<>();
    for (Caller caller : Caller.values()) {
      for (int i = 0; i < ofEachKind; i++) {
        begun.add(
            caller.begin(
                ring,
                () -> {
                  ring.nop();
                  return null;
                }));
      }
    }
    return begun;
  }

  @Liburing("io_uring_enter")
  @Test
  void enter_refusedForGood() throws Exception {
    failedRing(() -> kernel.failEnter(Errno.EBADF, Integer.MAX_VALUE), "EBADF", null);
  }

  static Stream<Throwable> throwables() {
    return Stream.of(
        new OutOfMemoryError("made up"),
        new StackOverflowError("made up"),
        new AssertionError("made up"),
        new IllegalStateException("made up"),
        new InterruptedException("made up"));
  }

  @ParameterizedTest
  @MethodSource("throwables")
  void enter_throws(Throwable throwable) throws Exception {
    failedRing(() -> kernel.throwFromEnter(throwable), "made up", throwable);
  }

  /** Callers of all kinds, in flight and waiting for room, learn of it within a second. */
  private void failedRing(Runnable fault, String message, Throwable cause) throws Exception {
    LeakCheck.expectLost(FAILED_RING_BYTES);
    CountDownLatch bystander = new CountDownLatch(1);
    Ring ring = open(4);
    try {
      kernel.add(FaultRule.on(Constants.IORING_OP_NOP).delay());
      List<Caller.Begun<Void>> waiting = startNops(ring, 4);
      Caller.Begun<Void> carried =
          Caller.CARRIED.begin(
              ring,
              () -> {
                bystander.await();
                return null;
              });
      Await.until("held", () -> kernel.held() == 4 && ring.metrics().waiting() == 8);
      carried.awaitParked();

      long start = System.nanoTime();
      fault.run();
      for (Caller.Begun<Void> caller : waiting) {
        requireFailure(assertThrows(RingFailedException.class, caller::result), message, cause);
      }
      for (Caller caller : Caller.values()) {
        requireFailure(
            assertThrows(RingFailedException.class, () -> caller.run(ring, ring::nop)),
            message,
            cause);
        requireFailure(
            assertThrows(
                RingFailedException.class, () -> caller.run(ring, ring.chain().nop()::run)),
            message,
            cause);
      }
      long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - start);
      assertTrue(millis < 1000, () -> "took " + millis + " ms");

      bystander.countDown();
      carried.result();
      assertEquals(42, Caller.CARRIED.call(ring, () -> 42), "the ring's thread still carries");
    } finally {
      ring.close();
    }
    assertThrows(RingFailedException.class, ring::nop);
    assertEquals(0, kernel.openRings());
  }

  private static void requireFailure(RingFailedException e, String message, Throwable cause) {
    assertTrue(e.getMessage().contains(message), e.getMessage());
    if (cause != null) {
      assertSame(cause, e.getCause());
    }
  }

  /** Of a batch that is larger than the ring, some is in flight and some is not. */
  @ParameterizedTest
  @EachCaller
  void batch_ringFails(Caller caller) throws Exception {
    LeakCheck.expectLost(FAILED_RING_BYTES);
    try (Ring ring = open(4)) {
      kernel.add(FaultRule.on(Constants.IORING_OP_NOP).after(2).delay());
      Batch batch = ring.batch();
      for (int i = 0; i < 10; i++) {
        batch.nop();
      }
      Caller.Begun<Outcomes> waiting = caller.begin(ring, batch::attempt);
      Await.until("held", () -> kernel.held() == 4 && ring.metrics().waiting() == 1);
      kernel.failEnter(Errno.EBADF, Integer.MAX_VALUE);
      assertThrows(RingFailedException.class, waiting::result);
    }
  }

  /** Who closes a file or a ring waits for what is in flight; a failure must end that too. */
  @ParameterizedTest
  @EachCaller
  void close_ringFailsMeanwhile(Caller caller, @TempDir Path directory) throws Exception {
    Path path = Files.writeString(directory.resolve("file"), "content");
    LeakCheck.expectLost(2 * FAILED_RING_BYTES);
    Ring ring = FaultyRing.open(kernel);
    RingFile file = RingFile.open(ring, path, StandardOpenOption.READ);
    kernel.add(FaultRule.on(Constants.IORING_OP_READ).delay());
    Caller.Begun<Integer> reader = caller.begin(ring, () -> file.read(ByteBuffer.allocate(7), 0));
    Await.until("held", () -> kernel.held() == 1);
    Caller.Begun<Void> fileCloser =
        caller.begin(
            ring,
            () -> {
              file.close();
              return null;
            });
    fileCloser.awaitParked();
    Caller.Begun<Void> ringCloser =
        Caller.PLATFORM.begin(
            ring,
            () -> {
              ring.close();
              return null;
            });
    ringCloser.awaitParked();
    kernel.failEnter(Errno.EBADF, Integer.MAX_VALUE);
    assertThrows(IOException.class, reader::result);
    fileCloser.result();
    ringCloser.result();
  }

  /** The descriptor of a file survives its ring, and must be closed without it. */
  @ParameterizedTest
  @EachCaller
  void file_ringFailed(Caller caller, @TempDir Path directory) throws Exception {
    Path path = Files.writeString(directory.resolve("file"), "content");
    LeakCheck.expectLost(2 * FAILED_RING_BYTES); // the ring's, and the copy of the heap buffer
    try (Ring ring = FaultyRing.open(kernel)) {
      RingFile file = RingFile.open(ring, path, StandardOpenOption.READ);
      kernel.add(FaultRule.on(Constants.IORING_OP_READ).delay());
      Caller.Begun<Integer> reader = caller.begin(ring, () -> file.read(ByteBuffer.allocate(7), 0));
      Await.until("held", () -> kernel.held() == 1);
      kernel.failEnter(Errno.EBADF, Integer.MAX_VALUE);
      assertThrows(RingFailedException.class, reader::result);
      assertThrows(RingFailedException.class, () -> file.read(ByteBuffer.allocate(7), 0));
      assertThrows(RingFailedException.class, file::fsync);
      assertDoesNotThrow(file::close);
    }
  }

  /** Whoever carries on in a failed ring's thread may close the ring from there. */
  @Test
  void close_failedRingByCarriedThread() throws Exception {
    LeakCheck.expectLost(FAILED_RING_BYTES);
    Ring ring = FaultyRing.open(kernel);
    kernel.failEnter(Errno.EBADF, Integer.MAX_VALUE);
    Await.until("failed", () -> fails(ring));
    Caller.CARRIED.run(ring, ring::close);
    ring.close();
  }

  private static boolean fails(Ring ring) throws IOException {
    try {
      ring.nop();
      return false;
    } catch (RingFailedException _) {
      return true;
    }
  }
}
