package io.ringspun;

import static io.ringspun.internal.kernel.Constants.*;
import static java.nio.file.StandardOpenOption.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.file.RingFile;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.testing.Await;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import io.ringspun.testing.Liburing;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Chains whose steps fail, and chains among many other callers. */
class ChainFaultTest {
  private final FaultKernel kernel = new FaultKernel();
  private Path path;

  @BeforeEach
  void prepare(@TempDir Path directory) throws IOException {
    path = Files.write(directory.resolve("file"), new byte[64]);
  }

  /** Length of the chain, the step that fails, and the link behind it. */
  static Stream<Arguments> matrix() {
    return IntStream.of(2, 3, 5, 16)
        .boxed()
        .flatMap(
            length ->
                IntStream.of(0, length / 2, length - 1)
                    .boxed()
                    .flatMap(
                        failing ->
                            Stream.of(false, true)
                                .map(hard -> Arguments.of(length, failing, hard))));
  }

  @Liburing("submit-link-fail")
  @ParameterizedTest
  @MethodSource("matrix")
  void step_fails(int length, int failing, boolean hard) throws Exception {
    assumeTrue(FaultKernel.breaksChains(), "before Linux 6.10 a failure cannot be made up");
    boolean breaks = !hard && failing < length - 1;
    try (Ring ring = FaultyRing.open(RingOptions.defaults().withEntries(16), kernel);
        RingFile file = RingFile.open(ring, path, READ, WRITE)) {
      for (Caller caller : Caller.values()) {
        Files.write(path, new byte[64]);
        kernel.clear();
        kernel.forget();
        kernel.add(FaultRule.on(IORING_OP_WRITE).after(failing).times(1).fail(Errno.EIO));
        Outcomes result = caller.call(ring, () -> writeChain(ring, file, length, failing, hard));

        assertEquals(failing, result.firstFailure().orElseThrow().position());
        assertFalse(result.succeeded());
        assertEquals(length, result.size());
        for (int i = 0; i < length; i++) {
          int expected = i == failing ? -Errno.EIO : i > failing && breaks ? -Errno.ECANCELED : 1;
          assertEquals(expected, result.get(i).result(), "step " + i);
          assertEquals(expected > 0, result.get(i).succeeded());
          assertEquals(expected == -Errno.ECANCELED, result.get(i).isCancelled());
          assertEquals(expected < 0, result.get(i).failure().isPresent());
          assertEquals(expected > 0 ? i + 1 : 0, Files.readAllBytes(path)[i], "byte " + i);
        }
        OperationException thrown = assertThrows(OperationException.class, result::orThrow);
        assertEquals("write", thrown.operation());
        assertEquals(Errno.EIO, thrown.errno());
        requireWhole(kernel.submitted(), length, hard ? failing : -1);
      }
      assertEquals(0, ring.metrics().inFlight());
    }
  }

  /** Step {@code i} writes the byte {@code i + 1} at position {@code i}. */
  private static Outcomes writeChain(Ring ring, RingFile file, int length, int hardAt, boolean hard)
      throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      Chain chain = ring.chain();
      for (int i = 0; i < length; i++) {
        Step write = Step.write(file, arena.allocateFrom(ValueLayout.JAVA_BYTE, (byte) (i + 1)), i);
        chain.add(hard && i == hardAt + 1 ? write.evenIfPreviousFailed() : write);
      }
      return chain.attempt();
    }
  }

  private static void requireWhole(List<FaultKernel.Request> all, int length, int hardAt) {
    List<FaultKernel.Request> chain =
        all.stream().filter(request -> request.opcode() == IORING_OP_WRITE).toList();
    assertEquals(length, chain.size());
    for (int i = 0; i < length; i++) {
      int link = i == length - 1 ? 0 : i == hardAt ? IOSQE_IO_HARDLINK : IOSQE_IO_LINK;
      assertEquals(link, chain.get(i).flags());
      assertEquals(chain.getFirst().enter(), chain.get(i).enter());
    }
  }

  /** A read at the end of the file is short, truly so, and that breaks a soft link too. */
  @ParameterizedTest
  @EachCaller
  void step_short(Caller caller) throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        RingFile file = RingFile.open(ring, path, READ, WRITE)) {
      for (boolean hard : new boolean[] {false, true}) {
        Outcomes result =
            caller.call(
                ring,
                () -> {
                  try (Arena arena = Arena.ofConfined()) {
                    Step write = Step.write(file, arena.allocate(4), 0);
                    return ring.chain()
                        .read(file, arena.allocate(64), 0)
                        .read(file, arena.allocate(64), 60)
                        .add(hard ? write.evenIfPreviousFailed() : write)
                        .nop()
                        .attempt();
                  }
                });
        assertEquals(1, result.firstFailure().orElseThrow().position());
        assertEquals(64, result.get(0).result());
        assertEquals(4, result.get(1).result());
        assertTrue(result.get(1).isShort(), "no error");
        assertEquals(hard ? 4 : -Errno.ECANCELED, result.get(2).result());
        assertEquals(hard ? 0 : -Errno.ECANCELED, result.get(3).result());
        IOException thrown = assertThrows(IOException.class, result::orThrow);
        assertTrue(thrown.getMessage().contains("4 of 64"), thrown.getMessage());
      }
    }
  }

  /** The kernel answers for the steps one by one; until the last, the chain is not over. */
  @ParameterizedTest
  @EachCaller
  void completions_delayedAndRepeated(Caller caller) throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        RingFile file = RingFile.open(ring, path, READ, WRITE);
        kernel) {
      kernel.add(FaultRule.on(IORING_OP_WRITE).after(2).times(1).duplicate(2).delay());
      Caller.Begun<Outcomes> begun = caller.begin(ring, () -> writeChain(ring, file, 4, 0, false));
      Await.until(
          "all but one are there", () -> kernel.held() == 3 && ring.metrics().inFlight() == 1);
      assertFalse(begun.future().isDone());
      kernel.release();
      assertTrue(begun.result().succeeded());
      Await.until("the copies are counted", () -> ring.metrics().stale() == 2);
    }
  }

  /**
   * Fifty threads, of all kinds, fill a small ring with single operations, batches and chains. What
   * the kernel saw must be every chain in one piece: all of it in one submission, its steps side by
   * side and in order, with the links asked for and none other.
   */
  @Test
  void chains_neverSplit() throws Exception {
    int threads = 50;
    int rounds = 8;
    try (Ring ring =
            FaultyRing.open(
                RingOptions.defaults().withEntries(16).withInlineAttempts(false), kernel);
        RingFile file = RingFile.open(ring, path, READ, WRITE)) {
      kernel.forget();
      List<Caller.Begun<Void>> all = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        int id = i;
        all.add(
            Caller.values()[i % 3].begin(
                ring,
                () -> {
                  for (int round = 0; round < rounds; round++) {
                    work(ring, file, id, round);
                  }
                  return null;
                }));
      }
      kernel.failEnter(Errno.EAGAIN, 5);
      for (Caller.Begun<Void> one : all) {
        one.result();
      }
      assertEquals(threads / 2 * rounds, requireChainsWhole(kernel.submitted()));
    }
  }

  /** Every other thread runs chains; positions tell whose chain it is, and which step. */
  private static void work(Ring ring, RingFile file, int id, int round) throws Exception {
    if (id % 4 == 0) {
      ring.nop();
      return;
    }
    if (id % 4 == 2) {
      assertTrue(ring.batch().nop().nop().nop().attempt().succeeded());
      return;
    }
    int length = length(id, round);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(1);
      Chain chain = ring.chain();
      for (int step = 0; step < length; step++) {
        Step write = Step.write(file, memory, position(id, round, step));
        chain.add(step > 0 && isHard(step - 1) ? write.evenIfPreviousFailed() : write);
      }
      assertTrue(chain.attempt().succeeded());
    }
  }

  private static int length(int id, int round) {
    return 2 + (id + round) % 15;
  }

  private static boolean isHard(int step) {
    return step % 3 == 2;
  }

  private static long position(int id, int round, int step) {
    return (id * 64L + round) * 64 + step;
  }

  private static int requireChainsWhole(List<FaultKernel.Request> all) {
    int chains = 0;
    for (int at = 0; at < all.size(); ) {
      FaultKernel.Request first = all.get(at);
      if (first.opcode() != IORING_OP_WRITE) {
        assertFalse(first.isLinked(), () -> "a link on " + first);
        at++;
        continue;
      }
      int id = (int) (first.offset() / 64 / 64);
      int round = (int) (first.offset() / 64 % 64);
      int length = length(id, round);
      for (int step = 0; step < length; step++) {
        FaultKernel.Request request = all.get(at + step);
        assertEquals(position(id, round, step), request.offset(), "another operation got in");
        assertEquals(first.enter(), request.enter(), "split between submissions");
        int link = step == length - 1 ? 0 : isHard(step) ? IOSQE_IO_HARDLINK : IOSQE_IO_LINK;
        assertEquals(link, request.flags());
      }
      at += length;
      chains++;
    }
    return chains;
  }
}
