package io.ringspun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.file.RingFile;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.testing.Await;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Completions that are late, repeated, out of order, or nobody's. */
class StrayCompletionTest {
  private final FaultKernel kernel = new FaultKernel();

  private static Caller.Begun<Boolean> startNop(Caller caller, Ring ring) {
    return caller.begin(
        ring,
        () -> {
          ring.nop();
          return true;
        });
  }

  private FaultKernel.Request lastNop() {
    return kernel.submitted().stream()
        .filter(request -> !request.isInternal())
        .reduce((_, last) -> last)
        .orElseThrow();
  }

  @ParameterizedTest
  @EachCaller
  void garbage_wakesNobody(Caller caller) throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        kernel) {
      kernel.add(FaultRule.on(Constants.IORING_OP_NOP).delay());
      Caller.Begun<Boolean> waiting = startNop(caller, ring);
      Await.until("held", () -> kernel.held() == 1);
      long mine = lastNop().userData();
      long[] garbage = {
        mine + 1, // a slot with nothing in it
        mine + (1L << 32), // a generation to come
        mine - (1L << 32), // one that is over
        mine ^ Long.MIN_VALUE,
        Integer.MAX_VALUE,
        Long.MAX_VALUE,
        Long.MIN_VALUE,
        0xdead_beef_cafe_f00dL,
        1_000_000,
      };
      for (long userData : garbage) {
        kernel.inject(userData, 4711, 0);
        kernel.inject(userData, -5, Constants.IORING_CQE_F_MORE);
      }
      Await.until("counted", () -> ring.metrics().stale() == 2 * garbage.length);
      assertEquals(1, ring.metrics().inFlight());
      assertFalse(waiting.future().isDone());
      kernel.clear();
      ring.nop(); // the ring is none the worse for it
      kernel.release();
      assertTrue(waiting.result());
      assertEquals(2 * garbage.length, ring.metrics().stale());
    }
  }

  @ParameterizedTest
  @EachCaller
  void duplicates_countedAndDropped(Caller caller) throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        kernel) {
      kernel.add(FaultRule.on(Constants.IORING_OP_NOP).duplicate(3));
      List<Caller.Begun<Boolean>> all = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        all.add(
            caller.begin(
                ring,
                () -> {
                  for (int n = 0; n < 20; n++) {
                    ring.nop();
                  }
                  return true;
                }));
      }
      for (Caller.Begun<Boolean> one : all) {
        assertTrue(one.result());
      }
      Await.until("counted", () -> ring.metrics().stale() == 8 * 20 * 3);
      assertEquals(8 * 20, ring.metrics().completed());
      assertEquals(0, ring.metrics().inFlight());
    }
  }

  /** The slot is the same, its user is another: the first one's completion must not end it. */
  @ParameterizedTest
  @EachCaller
  void late_slotUsedAgain(Caller caller) throws Exception {
    try (Ring ring = FaultyRing.open(RingOptions.defaults().withInFlightLimit(1), kernel);
        kernel) {
      ring.nop();
      long first = lastNop().userData();
      kernel.add(FaultRule.on(Constants.IORING_OP_NOP).delay());
      Caller.Begun<Boolean> second = startNop(caller, ring);
      Await.until("held", () -> kernel.held() == 1);
      assertEquals((int) first, (int) lastNop().userData(), "the slot is the same");
      kernel.inject(first, -5, 0);
      Await.until("counted", () -> ring.metrics().stale() == 1);
      assertFalse(second.future().isDone());
      kernel.release();
      assertTrue(second.result());
    }
  }

  /** With F_MORE more is to come, and the buffer is still the kernel's. */
  @Test
  void more_doesNotEndTheOperation() throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        kernel) {
      kernel.add(FaultRule.on(Constants.IORING_OP_NOP).delay());
      Caller.Begun<Boolean> waiting = startNop(Caller.PLATFORM, ring);
      Await.until("held", () -> kernel.held() == 1);
      long before = ring.metrics().enters();
      kernel.inject(lastNop().userData(), 0, Constants.IORING_CQE_F_MORE);
      Await.until("the ring saw it", () -> ring.metrics().enters() > before);
      kernel.nudge();
      Await.until("the ring came round", () -> ring.metrics().enters() > before + 1);
      assertEquals(1, ring.metrics().inFlight());
      assertFalse(waiting.future().isDone());
      kernel.release();
      assertTrue(waiting.result());
    }
  }

  /**
   * Threads of all kinds read their own part of a file, of their own length, again and again, while
   * completions come in any order but the right one. Each must get its own bytes and count.
   */
  @ParameterizedTest
  @ValueSource(ints = {4, 64})
  void reordered_reachTheirCallers(int inFlightLimit, @TempDir Path directory) throws Exception {
    int threads = 60;
    int rounds = 10;
    Random random = new Random(inFlightLimit);
    byte[] content = new byte[1 << 16];
    random.nextBytes(content);
    Path path = Files.write(directory.resolve("file"), content);
    try (Ring ring =
            FaultyRing.open(
                RingOptions.defaults().withInlineAttempts(false).withInFlightLimit(inFlightLimit),
                kernel);
        RingFile file = RingFile.open(ring, path, StandardOpenOption.READ);
        kernel) {
      kernel.add(FaultRule.on(Constants.IORING_OP_READ).duplicate(1).delay());
      List<Caller.Begun<Integer>> readers = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        int id = i;
        readers.add(
            Caller.values()[i % 3].begin(
                ring,
                () -> {
                  int bytes = 0;
                  for (int round = 0; round < rounds; round++) {
                    bytes += readOwn(file, content, id * 1000 + round * 17, 100 + id + round);
                  }
                  return bytes;
                }));
      }
      int most = Math.min(inFlightLimit, threads);
      while (readers.stream().anyMatch(reader -> !reader.future().isDone())) {
        long done = readers.stream().filter(reader -> reader.future().isDone()).count();
        // As many as possible at once, or whatever the last ones still have.
        Await.until(
            "completions to shuffle",
            () ->
                kernel.held() >= Math.min(most, threads - done)
                    || readers.stream().filter(r -> r.future().isDone()).count() > done);
        kernel.releaseShuffled(random);
      }
      for (int id = 0; id < threads; id++) {
        assertEquals(rounds * (100 + id) + 45, readers.get(id).result());
      }
      kernel.releaseShuffled(random);
      Await.until("the copies too", () -> ring.metrics().stale() == (long) threads * rounds);
      kernel.clear();
    }
  }

  private static int readOwn(RingFile file, byte[] content, int from, int length) throws Exception {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment target = arena.allocate(length);
      int n = file.read(target, from);
      assertEquals(length, n);
      assertEquals(
          -1,
          MemorySegment.ofArray(content).asSlice(from, length).mismatch(target),
          "another caller's bytes");
      return n;
    }
  }
}
