package io.ringspun.os;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.ChainResult;
import io.ringspun.DescriptorSlot;
import io.ringspun.OperationException;
import io.ringspun.RawOperation;
import io.ringspun.Ring;
import io.ringspun.RingOptions;
import io.ringspun.file.FileSteps;
import io.ringspun.file.RingFile;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Waiting, waking and moving as steps of chains. */
class SystemStepsTest {
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

  private static void requireBroken(ChainResult result, String operation, int errno) {
    assertEquals(OptionalInt.of(0), result.firstFailure());
    for (int i = 1; i < result.size(); i++) {
      assertTrue(result.isCancelled(i), "operation " + i);
    }
    var e = assertThrows(OperationException.class, result::orThrow);
    assertEquals(operation, e.operation());
    assertEquals(errno, e.errno(), e.errnoName());
  }

  // ---- readiness -----------------------------------------------------------------------------

  /** What cannot be read yet is read when it can. */
  @ParameterizedTest
  @EnumSource
  void poll_blocksThenCompletes(Caller caller) throws Exception {
    RawOperation poll = SystemSteps.poll(pipe.source(), PollEvent.READABLE);
    var call =
        BlockedCall.start(
                ring,
                caller,
                () -> ring.chain().submit(poll).read(pipe.source(), memory.asSlice(0, 3), 0).run())
            .awaitInFlight(ring, 2);
    pipe.sink().write(ByteBuffer.wrap(new byte[] {1, 2, 3}));
    ChainResult result = call.result();
    result.orThrow();
    assertEquals(Set.of(PollEvent.READABLE), PollEvent.of(result.result(0)));
    assertEquals(3, result.result(1));
  }

  @ParameterizedTest
  @EnumSource
  void poll_interruptedAndClosedMeanwhile(Caller caller) throws Exception {
    RawOperation poll = SystemSteps.poll(pipe.source(), PollEvent.READABLE);
    var call =
        BlockedCall.start(ring, caller, () -> ring.chain().submit(poll).nop().run())
            .awaitInFlight(ring, 2);
    call.interrupt();
    assertTrue(call.result().isCancelled(0) && call.result().isCancelled(1));
    assertTrue(call.interruptPending());
    call =
        BlockedCall.start(ring, caller, () -> ring.chain().submit(poll).nop().run())
            .awaitInFlight(ring, 2);
    pipe.source().close();
    assertTrue(call.result().isCancelled(0) && call.result().isCancelled(1));
  }

  /** A regular file has no way to say that something urgent is there. */
  @Test
  void poll_failure() throws Exception {
    try (RingFile file = RingFile.open(ring, Files.createFile(directory.resolve("file")))) {
      RawOperation poll = SystemSteps.poll(file, PollEvent.PRIORITY);
      requireBroken(ring.chain().submit(poll).nop().nop().run(), "poll_add", Errno.EINVAL);
    }
    assertThrows(IllegalArgumentException.class, () -> SystemSteps.poll(pipe.source()));
  }

  // ---- splices -------------------------------------------------------------------------------

  /** From file to file by way of a pipe, without a byte in the process. */
  @ParameterizedTest
  @EnumSource
  void splice_copiesAFile(Caller caller) throws Exception {
    Path source = Bytes.file(directory.resolve("source"), 1, 4000);
    Path target = Files.createFile(directory.resolve("target"));
    try (DescriptorSlot from = ring.descriptorSlot();
        DescriptorSlot to = ring.descriptorSlot()) {
      caller
          .call(
              ring,
              () ->
                  ring.chain()
                      .submit(FileSteps.open(from, source))
                      .submit(FileSteps.open(to, target, StandardOpenOption.WRITE))
                      .submit(SystemSteps.splice(from, pipe.sink(), 4000))
                      .submit(SystemSteps.splice(pipe.source(), to, 4000))
                      .close(from)
                      .close(to)
                      .run())
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
      RawOperation splice = SystemSteps.splice(file, pipe.sink(), 20);
      ChainResult result = ring.chain().submit(splice).nop().run();
      assertEquals(10, result.result(0));
      assertEquals(OptionalInt.of(0), result.firstFailure());
      assertTrue(result.isCancelled(1));
      var e = assertThrows(IOException.class, result::orThrow);
      assertEquals("splice transferred 10 of 20 bytes", e.getMessage());
      assertFalse(ring.batch().submit(splice).run().succeeded());
    }
  }

  @Test
  void splice_failure() throws Exception {
    Path source = Bytes.file(directory.resolve("source"), 1, 10);
    Path target = Files.createFile(directory.resolve("target"));
    try (RingFile in = RingFile.open(ring, source);
        RingFile out = RingFile.open(ring, target, StandardOpenOption.WRITE)) {
      RawOperation splice = SystemSteps.splice(in, out, 10); // neither is a pipe
      requireBroken(ring.chain().submit(splice).nop().nop().run(), "splice", Errno.EINVAL);
    }
    assertThrows(
        IllegalArgumentException.class, () -> SystemSteps.splice(pipe.source(), pipe.sink(), 0));
  }

  // ---- futexes -------------------------------------------------------------------------------

  private FutexWord word() throws IOException {
    assumeTrue(EngineAccess.of(ring).has("FUTEX_WAIT"), "futexes need Linux 6.7");
    return FutexWord.local(ring, memory.asSlice(64, 4));
  }

  /** One chain wakes another, which then writes. */
  @ParameterizedTest
  @EnumSource
  void await_isWoken(Caller caller) throws Exception {
    FutexWord word = word();
    var call =
        BlockedCall.start(
                ring,
                caller,
                () ->
                    ring.chain()
                        .submit(SystemSteps.await(word, 0))
                        .write(pipe.sink(), memory.asSlice(0, 8), 0)
                        .run())
            .awaitInFlight(ring, 1);
    memory.set(JAVA_INT, 64, 1);
    ChainResult result = ring.chain().submit(SystemSteps.wake(word, 5)).nop().run();
    result.orThrow();
    assertEquals(1, result.result(0));
    call.result().orThrow();
    assertEquals(8, pipe.source().read(memory.asSlice(0, 100)));
  }

  /** The kernel would go on behind a wait that was cancelled. */
  @ParameterizedTest
  @EnumSource
  void await_interruptedMeanwhile(Caller caller) throws Exception {
    FutexWord word = word();
    var call =
        BlockedCall.start(
                ring, caller, () -> ring.chain().submit(SystemSteps.await(word, 0)).nop().run())
            .awaitInFlight(ring, 1);
    call.interrupt();
    assertTrue(call.result().isCancelled(0) && call.result().isCancelled(1));
  }

  /** Another value than the caller has seen. */
  @Test
  void await_failure() throws Exception {
    RawOperation await = SystemSteps.await(word(), 7);
    requireBroken(ring.chain().submit(await).nop().nop().run(), "futex_wait", Errno.EAGAIN);
  }

  /** A word that is nowhere cannot be described; one with flags that do not exist can. */
  @Test
  void wake_failure() throws Exception {
    RawOperation wake = SystemSteps.wake(word(), 1).on(1 << 20);
    requireBroken(ring.chain().submit(wake).nop().nop().run(), "futex_wake", Errno.EINVAL);
    assertThrows(IllegalArgumentException.class, () -> SystemSteps.wake(word(), 0));
  }
}
