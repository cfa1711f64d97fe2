package io.ringspun.file;

import static io.ringspun.internal.kernel.Constants.*;
import static java.nio.file.StandardOpenOption.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.BatchResult;
import io.ringspun.ChainResult;
import io.ringspun.FaultyRing;
import io.ringspun.OperationException;
import io.ringspun.Ring;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.testing.Await;
import io.ringspun.testing.Caller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * After a sync that lost data, the kernel drops the dirty pages and its next answer is success. So
 * we ask it no more: the file says no for good.
 */
class SyncFailureTest {
  private final FaultKernel kernel = new FaultKernel();
  private Path path;

  @BeforeEach
  void prepare(@TempDir Path directory) throws IOException {
    path = Files.writeString(directory.resolve("file"), "content");
  }

  @ParameterizedTest
  @ValueSource(ints = {Errno.EIO, Errno.ENOSPC, Errno.EDQUOT})
  void fsync_lostData(int errno) throws Exception {
    try (Ring ring = FaultyRing.open(kernel)) {
      for (Caller caller : Caller.values()) {
        for (boolean data : new boolean[] {true, false}) {
          kernel.forget();
          try (RingFile file = RingFile.open(ring, path, READ, WRITE);
              RingFile other = RingFile.open(ring, path, WRITE)) {
            kernel.add(FaultRule.on(IORING_OP_FSYNC).times(1).fail(errno));
            requireErrno(errno, () -> caller.run(ring, data ? file::fdatasync : file::fsync));
            requireNoMoreSyncs(ring, caller, file, errno);
            assertEquals(1, kernel.submitted(IORING_OP_FSYNC), "the kernel is not asked again");
            file.write(ByteBuffer.wrap("CONTENT".getBytes()), 0);
            assertEquals(7, file.read(ByteBuffer.allocate(9), 0));
            caller.run(ring, other::fsync); // another open of the file has its own state
          }
        }
      }
    }
  }

  private void requireNoMoreSyncs(Ring ring, Caller caller, RingFile file, int errno)
      throws Exception {
    long writes = kernel.submitted(IORING_OP_WRITE);
    requireErrno(errno, () -> caller.run(ring, file::fsync));
    requireErrno(errno, () -> caller.run(ring, file::fdatasync));
    requireErrno(errno, () -> caller.run(ring, ring.batch().fsync(file)::run));
    caller.run(
        ring,
        () -> {
          try (Arena arena = Arena.ofConfined()) {
            requireErrno(
                errno, () -> ring.chain().write(file, arena.allocate(7), 0).fsync(file).run());
            requireErrno(
                errno,
                () -> ring.chain().nop().fdatasync(file).write(file, arena.allocate(7), 0).run());
          }
        });
    assertEquals(writes, kernel.submitted(IORING_OP_WRITE), "nothing of such a chain begins");
  }

  private static void requireErrno(int errno, Caller.Action action) {
    assertEquals(errno, assertThrows(OperationException.class, action::run).errno());
  }

  /** It is the file that failed, not the call; a view with a time limit is the same file. */
  @Test
  void fsync_latchedForViews() throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        RingFile file = RingFile.open(ring, path, WRITE)) {
      kernel.add(FaultRule.on(IORING_OP_FSYNC).times(1).fail(Errno.EIO));
      RingFile view = file.withTimeout(Duration.ofMinutes(1));
      requireErrno(Errno.EIO, view::fsync);
      requireErrno(Errno.EIO, file::fsync);
      assertEquals(1, kernel.submitted(IORING_OP_FSYNC));
    }
  }

  @ParameterizedTest
  @EnumSource
  void chain_syncLostData(Caller caller) throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        RingFile file = RingFile.open(ring, path, WRITE)) {
      kernel.add(FaultRule.on(IORING_OP_FSYNC).times(1).fail(Errno.EIO));
      ChainResult result = caller.call(ring, () -> ring.chain().nop().fdatasync(file).run());
      assertEquals(1, result.firstFailure().orElseThrow());
      assertEquals(-Errno.EIO, result.result(1));
      requireNoMoreSyncs(ring, caller, file, Errno.EIO);
      assertEquals(1, kernel.submitted(IORING_OP_FSYNC));
    }
  }

  /** What lost no data is reported, and may succeed the next time. */
  @ParameterizedTest
  @ValueSource(ints = {Errno.EINVAL, Errno.ENOMEM, Errno.EINTR})
  void fsync_refused(int errno) throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        RingFile file = RingFile.open(ring, path, WRITE)) {
      kernel.add(FaultRule.on(IORING_OP_FSYNC).times(1).fail(errno));
      requireErrno(errno, file::fsync);
      file.fsync();
      assertTrue(ring.chain().fsync(file).run().succeeded());
    }
  }

  /**
   * Two syncs are under way when data is lost. The kernel tells one of them only; the other must
   * not claim that what was written before it is safe.
   */
  @ParameterizedTest
  @EnumSource
  void fsync_besideOneThatLostData(Caller caller) throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        RingFile file = RingFile.open(ring, path, WRITE);
        kernel) {
      kernel.add(FaultRule.on(IORING_OP_FSYNC).times(3).instead(0).delay());
      Caller.Begun<Void> sync =
          caller.begin(
              ring,
              () -> {
                file.fsync();
                return null;
              });
      Caller.Begun<ChainResult> chain =
          caller.begin(ring, () -> ring.chain().fsync(file).nop().run());
      Caller.Begun<BatchResult> batch =
          caller.begin(ring, () -> ring.batch().nop().fdatasync(file).run());
      Await.until("the others are under way", () -> kernel.held() == 3);
      kernel.clear();
      kernel.add(FaultRule.on(IORING_OP_FSYNC).times(1).fail(Errno.EIO));
      requireErrno(Errno.EIO, file::fsync);
      kernel.release();
      requireErrno(Errno.EIO, sync::result);
      ChainResult chained = chain.result();
      assertEquals(-Errno.EIO, chained.result(0));
      assertEquals(0, chained.firstFailure().orElseThrow());
      BatchResult batched = batch.result();
      assertEquals(-Errno.EIO, batched.result(1));
      assertTrue(batched.succeeded(0));
    }
  }
}
