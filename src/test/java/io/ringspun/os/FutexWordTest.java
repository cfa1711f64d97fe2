package io.ringspun.os;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.FaultyRing;
import io.ringspun.OperationTimeoutException;
import io.ringspun.Ring;
import io.ringspun.RingClosedException;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.ChildJvm;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.Liburing;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.AsynchronousCloseException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;

class FutexWordTest {
  @TempDir Path directory;

  @BeforeAll
  static void needsLinux67() {
    assumeTrue(Ring.availability().opcodes().contains("FUTEX_WAITV"), "needs Linux 6.7");
  }

  private static MemorySegment word() {
    return Arena.ofAuto().allocate(ValueLayout.JAVA_INT);
  }

  @Liburing("futex")
  @ParameterizedTest
  @EachCaller
  void await_fourEnds(Caller caller) throws Exception {
    try (Ring ring = Ring.open()) {
      FutexWord futex = FutexWord.local(ring, word());
      assertFalse(caller.call(ring, () -> futex.await(1)), "another value");

      var woken = BlockedCall.start(ring, caller, () -> futex.await(0)).awaitInFlight(ring, 1);
      assertEquals(1, caller.call(ring, () -> futex.wake(9)));
      assertTrue(woken.result());

      var interrupted =
          BlockedCall.start(ring, caller, () -> futex.await(0)).awaitInFlight(ring, 1);
      interrupted.interrupt();
      assertThrows(InterruptedIOException.class, interrupted::result);
      assertEquals(0, futex.wake(9), "nobody waits any more");

      FutexWord hasty = futex.within(Duration.ofMillis(5));
      assertThrows(OperationTimeoutException.class, () -> caller.call(ring, () -> hasty.await(0)));

      var closed = BlockedCall.start(ring, caller, () -> futex.await(0)).awaitInFlight(ring, 1);
      ring.close();
      assertThrows(AsynchronousCloseException.class, closed::result);
      assertThrows(RingClosedException.class, () -> futex.await(0));
      assertThrows(RingClosedException.class, () -> futex.wake(1));
    }
  }

  @Liburing("futex")
  @ParameterizedTest
  @EachCaller
  void awaitAny_fourEnds(Caller caller) throws Exception {
    try (Ring ring = Ring.open()) {
      FutexWord[] words = {
        FutexWord.local(ring, word()), FutexWord.shared(ring, word()), FutexWord.local(ring, word())
      };
      assertEquals(-1, caller.call(ring, () -> FutexWord.awaitAny(words, 0, 0, 1)));

      for (int i = 0; i < words.length; i++) {
        var woken =
            BlockedCall.start(ring, caller, () -> FutexWord.awaitAny(words, 0, 0, 0))
                .awaitInFlight(ring, 1);
        assertEquals(1, words[i].wake(1));
        assertEquals(i, woken.result());
      }

      var interrupted =
          BlockedCall.start(ring, caller, () -> FutexWord.awaitAny(words, 0, 0, 0))
              .awaitInFlight(ring, 1);
      interrupted.interrupt();
      assertThrows(InterruptedIOException.class, interrupted::result);

      var closed =
          BlockedCall.start(ring, caller, () -> FutexWord.awaitAny(words, 0, 0, 0))
              .awaitInFlight(ring, 1);
      ring.close();
      assertThrows(AsynchronousCloseException.class, closed::result);
    }
  }

  @Test
  void masks_tellPurposesApart() throws Exception {
    try (Ring ring = Ring.open()) {
      FutexWord futex = FutexWord.local(ring, word());
      var reader = BlockedCall.start(ring, () -> futex.await(0, 1)).awaitInFlight(ring, 1);
      var writer = BlockedCall.start(ring, () -> futex.await(0, 2)).awaitInFlight(ring, 2);
      assertEquals(0, futex.wake(9, 4));
      assertEquals(1, futex.wake(9, 2));
      assertTrue(writer.result());
      assertFalse(reader.hasEnded());
      assertEquals(1, futex.wake(9, 3));
      assertTrue(reader.result());
    }
  }

  /** Of many that wait, as many are woken as asked for. */
  @ParameterizedTest
  @EachCaller
  void wake_soMany(Caller caller) throws Exception {
    try (Ring ring = Ring.open()) {
      FutexWord futex = FutexWord.shared(ring, word());
      var calls = new java.util.ArrayList<BlockedCall<Boolean>>();
      for (int i = 1; i <= 500; i++) {
        calls.add(BlockedCall.start(ring, caller, () -> futex.await(0)));
      }
      calls.getLast().awaitInFlight(ring, 500);
      assertEquals(100, futex.wake(100));
      assertEquals(400, futex.wake(1000));
      for (var call : calls) {
        assertTrue(call.result());
      }
    }
  }

  @Liburing("futex")
  @Test
  void otherProcess_takesTurns() throws Exception {
    Path path = Files.write(directory.resolve("shared"), new byte[4096]);
    MemorySegment word = FutexProgram.map(path);
    try (Ring ring = Ring.open()) {
      FutexWord futex = FutexWord.shared(ring, word);
      var child =
          Caller.PLATFORM.begin(
              ring,
              () -> new ChildJvm().withFlagsOfThisOne().run(FutexProgram.class, path.toString()));
      for (int i = 1; i <= FutexProgram.ROUNDS; i++) {
        FutexProgram.set(futex, word, 2 * i);
        FutexProgram.awaitValue(futex, word, 2 * i + 1);
      }
      assertEquals("answered " + (2 * FutexProgram.ROUNDS + 1), child.result().strip());
    }
  }

  @Test
  void arguments_areCheckedFirst() throws Exception {
    try (Ring ring = Ring.open();
        Arena shared = Arena.ofShared();
        Arena confined = Arena.ofConfined()) {
      MemorySegment eight = Arena.ofAuto().allocate(8, 8);
      MemorySegment closable = shared.allocate(4, 4);
      MemorySegment heap = MemorySegment.ofArray(new int[1]);
      for (MemorySegment unfit : new MemorySegment[] {eight, eight.asSlice(2, 4), closable, heap}) {
        assertThrows(IllegalArgumentException.class, () -> FutexWord.shared(ring, unfit));
      }
      FutexWord futex = FutexWord.local(ring, word());
      assertThrows(IllegalArgumentException.class, () -> futex.wake(0));
      assertThrows(IllegalArgumentException.class, () -> futex.wake(1, 0));
      assertThrows(IllegalArgumentException.class, () -> futex.await(0, 0));
      assertThrows(IllegalArgumentException.class, () -> FutexWord.awaitAny(new FutexWord[0]));
      FutexWord[] one = {futex};
      assertThrows(IllegalArgumentException.class, () -> FutexWord.awaitAny(one, 0, 0));
      FutexWord own = FutexWord.local(ring, confined.allocate(4, 4));
      assertFalse(own.await(1));
      assertThrows(
          IllegalArgumentException.class, () -> Caller.VIRTUAL.call(ring, () -> own.await(1)));
      confined.close();
      assertThrows(IllegalStateException.class, () -> own.await(1));
    } catch (IllegalStateException _) {
      // The arena is closed already.
    }
  }

  @Test
  void olderKernel_isRefused() throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel)) {
      kernel.failRegister(Constants.IORING_REGISTER_PROBE, Errno.EINVAL);
      FutexWord futex = FutexWord.local(ring, word());
      FutexWord[] one = {futex};
      assertThrows(UnsupportedOperationException.class, () -> futex.await(0));
      assertThrows(UnsupportedOperationException.class, () -> futex.wake(1));
      assertThrows(UnsupportedOperationException.class, () -> FutexWord.awaitAny(one, 0));
      assertEquals(0, kernel.submitted(Constants.IORING_OP_FUTEX_WAIT));
    }
  }
}
