package io.ringspun.os;

import static io.ringspun.internal.kernel.Constants.IORING_OP_FUTEX_WAKE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.OperationException;
import io.ringspun.OperationTimeoutException;
import io.ringspun.Outcomes;
import io.ringspun.Ring;
import io.ringspun.RingOptions;
import io.ringspun.Step;
import io.ringspun.file.FileSteps;
import io.ringspun.file.RingFile;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.Opcode;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.raw.Raw;
import io.ringspun.raw.TableSlot;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;

/** Waiting, waking and moving as steps of chains. */
class OsStepsTest {
  @TempDir private Path directory;

  private final MemorySegment memory = Arena.ofAuto().allocate(4096, 8);
  private Ring ring;
  private RingPipe pipe;

  @BeforeEach
  void open() throws IOException {
    ring = Ring.open(RingOptions.defaults().withRegisteredFiles(4));
    pipe = RingPipe.open(ring);
  }

  @AfterEach
  void close() throws IOException {
    pipe.close(); // hangs if a step has kept its hold on it
    ring.close();
    assertEquals(0, ring.metrics().inFlight());
  }

  private static void requireBroken(Outcomes result, String operation, int errno) {
    assertEquals(0, result.firstFailure().orElseThrow().position());
    for (int i = 1; i < result.size(); i++) {
      assertTrue(result.get(i).isCancelled(), "operation " + i);
    }
    var e = assertThrows(OperationException.class, result::orThrow);
    assertEquals(operation, e.operation());
    assertEquals(errno, e.errno(), e.errnoName());
  }

  // ---- readiness -----------------------------------------------------------------------------

  /** What cannot be read yet is read when it can. */
  @ParameterizedTest
  @EachCaller
  void poll_blocksThenCompletes(Caller caller) throws Exception {
    Step poll = Poll.awaitStep(pipe.source(), PollEvent.READABLE);
    var call =
        BlockedCall.start(
                ring,
                caller,
                () -> ring.chain().add(poll).read(pipe.source(), memory.asSlice(0, 3), 0).attempt())
            .awaitInFlight(ring, 2);
    pipe.sink().write(ByteBuffer.wrap(new byte[] {1, 2, 3}));
    Outcomes result = call.result();
    result.orThrow();
    assertEquals(Set.of(PollEvent.READABLE), PollEvent.of(result.get(0).result()));
    assertEquals(3, result.get(1).result());
  }

  @ParameterizedTest
  @EachCaller
  void poll_interruptedAndClosedMeanwhile(Caller caller) throws Exception {
    Step poll = Poll.awaitStep(pipe.source(), PollEvent.READABLE);
    var call =
        BlockedCall.start(ring, caller, () -> ring.chain().add(poll).nop().attempt())
            .awaitInFlight(ring, 2);
    call.interrupt();
    assertTrue(call.result().get(0).isCancelled() && call.result().get(1).isCancelled());
    assertTrue(call.interruptPending());
    call =
        BlockedCall.start(ring, caller, () -> ring.chain().add(poll).nop().attempt())
            .awaitInFlight(ring, 2);
    pipe.source().close();
    assertTrue(call.result().get(0).isCancelled() && call.result().get(1).isCancelled());
  }

  /** A regular file has no way to say that something urgent is there. */
  @Test
  void poll_failure() throws Exception {
    try (RingFile file = RingFile.open(ring, Files.createFile(directory.resolve("file")))) {
      Step poll = Poll.awaitStep(file, PollEvent.PRIORITY);
      requireBroken(ring.chain().add(poll).nop().nop().attempt(), "poll_add", Errno.EINVAL);
    }
    assertThrows(IllegalArgumentException.class, () -> Poll.awaitStep(pipe.source()));
  }

  // ---- splices -------------------------------------------------------------------------------

  /** From file to file by way of a pipe, without a byte in the process. */
  @ParameterizedTest
  @EachCaller
  void splice_copiesAFile(Caller caller) throws Exception {
    Path source = Bytes.file(directory.resolve("source"), 1, 4000);
    Path target = Files.createFile(directory.resolve("target"));
    try (TableSlot from = Raw.of(ring).tableSlot();
        TableSlot to = Raw.of(ring).tableSlot()) {
      caller
          .call(
              ring,
              () ->
                  ring.chain()
                      .add(FileSteps.open(from, source))
                      .add(FileSteps.open(to, target, StandardOpenOption.WRITE))
                      .add(RingPipe.spliceStep(from, pipe.sink(), 4000))
                      .add(RingPipe.spliceStep(pipe.source(), to, 4000))
                      .add(from.closeStep())
                      .add(to.closeStep())
                      .attempt())
          .orThrow();
    }
    Bytes.check(1, 0, Files.readAllBytes(target));
    assertEquals(4000, Files.size(target));
  }

  /** Fewer bytes than were asked for are a failure, as of a read. */
  @Test
  void splice_short() throws Exception {
    Path source = Bytes.file(directory.resolve("source"), 1, 10);
    try (RingFile file = RingFile.open(ring, source)) {
      Step splice = RingPipe.spliceStep(file, pipe.sink(), 20);
      Outcomes result = ring.chain().add(splice).nop().attempt();
      assertEquals(10, result.get(0).result());
      assertEquals(0, result.firstFailure().orElseThrow().position());
      assertTrue(result.get(1).isCancelled());
      var e = assertThrows(IOException.class, result::orThrow);
      assertEquals("step 1 of 2: splice transferred 10 of 20 bytes", e.getMessage());
      assertFalse(ring.batch().add(splice).attempt().succeeded());
    }
  }

  @Test
  void splice_failure() throws Exception {
    Path source = Bytes.file(directory.resolve("source"), 1, 10);
    Path target = Files.createFile(directory.resolve("target"));
    try (RingFile in = RingFile.open(ring, source);
        RingFile out = RingFile.open(ring, target, StandardOpenOption.WRITE)) {
      Step splice = RingPipe.spliceStep(in, out, 10); // neither is a pipe
      requireBroken(ring.chain().add(splice).nop().nop().attempt(), "splice", Errno.EINVAL);
    }
    assertThrows(
        IllegalArgumentException.class, () -> RingPipe.spliceStep(pipe.source(), pipe.sink(), 0));
  }

  // ---- epoll sets ----------------------------------------------------------------------------

  /** One chain makes a descriptor ready and has a set wait for it. */
  @ParameterizedTest
  @EachCaller
  void epoll_add_modify_remove(Caller caller) throws Exception {
    try (Epoll set = Epoll.open(ring)) {
      caller.run(
          ring,
          () -> {
            ring.chain()
                .write(pipe.sink(), memory.asSlice(0, 8), 0)
                .add(set.addStep(pipe.source(), 7, PollEvent.READABLE))
                .run();
            assertEquals(7, set.await(5).getFirst().data());
            ring.run(set.modifyStep(pipe.source(), 8, PollEvent.READABLE));
            assertEquals(8, set.await(5).getFirst().data());
            ring.run(set.removeStep(pipe.source()));
            assertThrows(
                OperationTimeoutException.class, () -> set.within(Duration.ofMillis(1)).await(5));
          });
    }
  }

  @Test
  void epoll_failure_breaksTheChain() throws Exception {
    try (Epoll set = Epoll.open(ring)) {
      Step add = set.addStep(pipe.source(), 7, PollEvent.READABLE);
      ring.run(add);
      requireBroken(ring.chain().add(add).nop().nop().attempt(), "epoll_ctl", Errno.EEXIST);
      assertThrows(IllegalArgumentException.class, () -> set.addStep(pipe.source(), 7));
    }
  }

  // ---- futexes -------------------------------------------------------------------------------

  private FutexWord word() throws IOException {
    assumeTrue(
        EngineAccess.of(ring).capabilities().has(Opcode.FUTEX_WAIT), "futexes need Linux 6.7");
    return FutexWord.local(ring, memory.asSlice(64, 4));
  }

  /** One chain wakes another, which then writes. */
  @ParameterizedTest
  @EachCaller
  void await_isWoken(Caller caller) throws Exception {
    FutexWord word = word();
    var call =
        BlockedCall.start(
                ring,
                caller,
                () ->
                    ring.chain()
                        .add(word.awaitStep(0))
                        .write(pipe.sink(), memory.asSlice(0, 8), 0)
                        .attempt())
            .awaitInFlight(ring, 1);
    ring.nop(); // so the kernel has looked at the word
    memory.set(JAVA_INT, 64, 1);
    Outcomes result = ring.chain().add(word.wakeStep(5)).nop().attempt();
    result.orThrow();
    assertEquals(1, result.get(0).result());
    call.result().orThrow();
    assertEquals(8, pipe.source().read(memory.asSlice(0, 100)));
  }

  /** The kernel would go on behind a wait that was cancelled. */
  @ParameterizedTest
  @EachCaller
  void await_interruptedMeanwhile(Caller caller) throws Exception {
    FutexWord word = word();
    var call =
        BlockedCall.start(ring, caller, () -> ring.chain().add(word.awaitStep(0)).nop().attempt())
            .awaitInFlight(ring, 1);
    call.interrupt();
    assertTrue(call.result().get(0).isCancelled() && call.result().get(1).isCancelled());
  }

  /** Another value than the caller has seen. */
  @Test
  void await_failure() throws Exception {
    Step await = word().awaitStep(7);
    requireBroken(ring.chain().add(await).nop().nop().attempt(), "futex_wait", Errno.EAGAIN);
  }

  /** A word that is nowhere cannot be described; one with flags that do not exist can. */
  @Test
  void wake_failure() throws Exception {
    Step wake = word().describe(IORING_OP_FUTEX_WAKE, 1).on(1 << 20).toStep();
    requireBroken(ring.chain().add(wake).nop().nop().attempt(), "futex_wake", Errno.EINVAL);
    assertThrows(IllegalArgumentException.class, () -> word().wakeStep(0));
  }
}
