package io.ringspun.file;

import static io.ringspun.internal.kernel.Constants.*;
import static java.nio.file.StandardOpenOption.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.FaultyRing;
import io.ringspun.OperationException;
import io.ringspun.Outcomes;
import io.ringspun.Ring;
import io.ringspun.RingOptions;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.os.RingFd;
import io.ringspun.raw.Raw;
import io.ringspun.raw.RawOperation;
import io.ringspun.raw.TableSlot;
import io.ringspun.testing.Await;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
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

  /** The device's errors, and what a file system that is elsewhere may answer. */
  @ParameterizedTest
  @ValueSource(
      ints = {
        Errno.EIO,
        Errno.ENOSPC,
        Errno.EDQUOT,
        Errno.EROFS,
        Errno.EACCES,
        Errno.EFBIG,
        Errno.ENOMEM,
        Errno.ENODATA,
        Errno.ETIMEDOUT
      })
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
    requireErrno(errno, () -> caller.run(ring, () -> file.syncFileRange(0, 0)));
    requireErrno(errno, () -> caller.run(ring, ring.batch().fsync(file)::attempt));
    for (int opcode : new int[] {IORING_OP_FSYNC, IORING_OP_SYNC_FILE_RANGE}) {
      RawOperation raw = RawOperation.of(opcode).on(file);
      requireErrno(errno, () -> caller.run(ring, () -> Raw.of(ring).run(raw)));
      requireErrno(errno, () -> caller.run(ring, ring.chain().add(raw.toStep())::attempt));
    }
    caller.run(
        ring,
        () -> {
          try (Arena arena = Arena.ofConfined()) {
            requireErrno(
                errno, () -> ring.chain().write(file, arena.allocate(7), 0).fsync(file).attempt());
            requireErrno(
                errno,
                () ->
                    ring.chain().nop().fdatasync(file).write(file, arena.allocate(7), 0).attempt());
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
      RingFile view = file.within(Duration.ofMinutes(1));
      requireErrno(Errno.EIO, view::fsync);
      requireErrno(Errno.EIO, file::fsync);
      assertEquals(1, kernel.submitted(IORING_OP_FSYNC));
    }
  }

  @ParameterizedTest
  @EachCaller
  void chain_syncLostData(Caller caller) throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        RingFile file = RingFile.open(ring, path, WRITE)) {
      kernel.add(FaultRule.on(IORING_OP_FSYNC).times(1).fail(Errno.EIO));
      Outcomes result = caller.call(ring, () -> ring.chain().nop().fdatasync(file).attempt());
      assertEquals(1, result.firstFailure().orElseThrow().position());
      assertEquals(-Errno.EIO, result.get(1).result());
      requireNoMoreSyncs(ring, caller, file, Errno.EIO);
      assertEquals(1, kernel.submitted(IORING_OP_FSYNC));
    }
  }

  /** What lost no data is reported, and may succeed the next time. */
  @ParameterizedTest
  @ValueSource(ints = {Errno.EBADF, Errno.EINVAL, Errno.EAGAIN, Errno.EINTR})
  void fsync_refused(int errno) throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        RingFile file = RingFile.open(ring, path, WRITE)) {
      kernel.add(FaultRule.on(IORING_OP_FSYNC).times(1).fail(errno));
      requireErrno(errno, file::fsync);
      file.fsync();
      assertTrue(ring.chain().fsync(file).attempt().succeeded());
    }
  }

  /** What writes, one way or another. */
  private interface Write {
    void run(Ring ring, RingFile file) throws IOException;
  }

  private static MemorySegment page() {
    return Arena.ofAuto().allocate(4096);
  }

  private static RawOperation rawWrite(RingFile file, int flags) {
    return RawOperation.of(IORING_OP_WRITE)
        .on(file)
        .address(page(), RawOperation.Access.READS)
        .length(7)
        .operationFlags(flags);
  }

  private static final Map<String, Write> WRITES =
      Map.of(
          "segment", (_, file) -> file.write(page(), 0),
          "heap", (_, file) -> file.write(ByteBuffer.allocate(7), 0),
          "whole", (_, file) -> file.writeFully(page(), 0),
          "vector", (_, file) -> file.write(new MemorySegment[] {page(), page()}, 0),
          "chain", (ring, file) -> ring.chain().write(file, page(), 0).run(),
          "batch", (ring, file) -> ring.batch().write(file, page(), 0).run(),
          "raw", (ring, file) -> Raw.of(ring).run(rawWrite(file, 0)),
          "raw step", (ring, file) -> ring.chain().add(rawWrite(file, 0).toStep()).run());

  /** The kernel tells a write that syncs of data that others have written, and nobody else. */
  @ParameterizedTest
  @EnumSource(
      value = StandardOpenOption.class,
      names = {"SYNC", "DSYNC"})
  void write_syncsAndLostData(StandardOpenOption sync) throws Exception {
    try (Ring ring = FaultyRing.open(RingOptions.defaults().withRegisteredFiles(8), kernel)) {
      for (OpenOption[] options :
          new OpenOption[][] {{WRITE, sync}, {WRITE, sync, RingOpenOption.REGISTERED}}) {
        for (Map.Entry<String, Write> write : WRITES.entrySet()) {
          for (int errno : new int[] {Errno.EIO, Errno.ENOSPC, Errno.EROFS}) {
            try (RingFile file = RingFile.open(ring, path, options)) {
              failOneWrite(errno);
              requireErrno(errno, () -> write.getValue().run(ring, file));
              requireErrno(errno, file::fsync);
              requireErrno(errno, ring.chain().fsync(file)::attempt);
              assertEquals(4096, file.write(page(), 0), write.getKey());
            }
          }
        }
      }
    }
  }

  private void failOneWrite(int errno) {
    kernel.clear();
    kernel.add(FaultRule.on(IORING_OP_WRITE, IORING_OP_WRITEV).times(1).fail(errno));
  }

  /** A full disk is no lost data where nothing was synced. */
  @Test
  void write_failed() throws Exception {
    RingOptions options = RingOptions.defaults().withInlineAttempts(false).withRegisteredFiles(8);
    try (Ring ring = FaultyRing.open(options, kernel)) {
      for (OpenOption option : new OpenOption[] {READ, RingOpenOption.REGISTERED}) {
        for (Write write : WRITES.values()) {
          try (RingFile file = RingFile.open(ring, path, WRITE, option)) {
            failOneWrite(Errno.ENOSPC);
            requireErrno(Errno.ENOSPC, () -> write.run(ring, file));
            file.fsync();
          }
        }
      }
    }
  }

  /** What was refused, or has met a limit, has lost nothing of what others have written. */
  @ParameterizedTest
  @ValueSource(ints = {Errno.EBADF, Errno.EFAULT, Errno.EINVAL, Errno.EFBIG})
  void write_syncsAndIsRefused(int errno) throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        RingFile file = RingFile.open(ring, path, WRITE, DSYNC)) {
      failOneWrite(errno);
      requireErrno(errno, () -> file.write(page(), 0));
      file.fsync();
    }
  }

  @Test
  void rawWrite_syncsByItself() throws Exception {
    try (Ring ring = FaultyRing.open(kernel)) {
      for (int flag : new int[] {RWF_DSYNC, RWF_SYNC}) {
        try (RingFile file = RingFile.open(ring, path, WRITE)) {
          failOneWrite(Errno.ENOSPC);
          requireErrno(Errno.ENOSPC, () -> Raw.of(ring).run(rawWrite(file, flag)));
          requireErrno(Errno.ENOSPC, file::fdatasync);
        }
      }
    }
  }

  /** Nobody has said how the file behind a descriptor was opened; the kernel knows. */
  @Test
  void write_throughDescriptorOfAnother() throws Exception {
    try (Ring ring = FaultyRing.open(kernel)) {
      for (boolean sync : new boolean[] {true, false}) {
        RawOperation open =
            RawOperation.of(IORING_OP_OPENAT)
                .on(-100)
                .address(Arena.ofAuto().allocateFrom(path.toString()), RawOperation.Access.READS)
                .operationFlags(O_WRONLY | (sync ? O_DSYNC : 0));
        try (RingFd other = RingFd.adopt(ring, Raw.of(ring).run(open).result());
            RingFile file = RingFile.of(other)) {
          kernel.clear();
          kernel.add(FaultRule.on(IORING_OP_WRITE).times(1).fail(Errno.ENOSPC));
          RawOperation write = rawWrite(file, 0);
          requireErrno(Errno.ENOSPC, () -> Raw.of(ring).run(write));
          if (sync) {
            requireErrno(Errno.ENOSPC, file::fsync);
          } else {
            file.fsync();
          }
        }
      }
    }
  }

  /** What a chain opens into a slot may sync every write; it is forgotten with the file. */
  @Test
  void slot_writeLostData() throws Exception {
    try (Ring ring = FaultyRing.open(RingOptions.defaults().withRegisteredFiles(8), kernel);
        TableSlot slot = Raw.of(ring).tableSlot()) {
      failOneWrite(Errno.EIO);
      Outcomes written =
          ring.chain()
              .add(FileSteps.open(slot, path, WRITE, DSYNC))
              .write(slot, page(), 0)
              .attempt();
      assertEquals(-Errno.EIO, written.get(1).result());
      assertEquals(-Errno.EIO, ring.chain().fsync(slot).attempt().get(0).result());
      ring.chain()
          .add(FileSteps.open(slot, path, WRITE, DSYNC))
          .write(slot, page(), 0)
          .fsync(slot)
          .run();
      failOneWrite(Errno.EIO);
      ring.batch().write(slot, page(), 0).attempt();
      try (RingFile file = RingFile.take(slot, WRITE, DSYNC)) {
        requireErrno(Errno.EIO, file::fsync);
      }
    }
  }

  @Test
  void syncFileRange_lostData() throws Exception {
    try (Ring ring = FaultyRing.open(kernel)) {
      RingFile[] files = {RingFile.open(ring, path, WRITE), RingFile.open(ring, path, WRITE)};
      RawOperation raw =
          RawOperation.of(IORING_OP_SYNC_FILE_RANGE)
              .on(files[1])
              .operationFlags(SYNC_FILE_RANGE_WAIT_BEFORE);
      kernel.add(FaultRule.on(IORING_OP_SYNC_FILE_RANGE).times(2).fail(Errno.ENOSPC));
      requireErrno(
          Errno.ENOSPC, () -> files[0].syncFileRange(0, 0, SyncRange.WRITE, SyncRange.WAIT_AFTER));
      requireErrno(Errno.ENOSPC, () -> Raw.of(ring).run(raw));
      for (RingFile file : files) {
        requireNoMoreSyncs(ring, Caller.PLATFORM, file, Errno.ENOSPC);
        file.close();
      }
    }
  }

  @Test
  void rawSync_lostData() throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        RingFile file = RingFile.open(ring, path, WRITE)) {
      kernel.add(FaultRule.on(IORING_OP_FSYNC).times(1).fail(Errno.EIO));
      RawOperation raw = RawOperation.of(IORING_OP_FSYNC).on(file);
      requireErrno(Errno.EIO, () -> Raw.of(ring).run(raw));
      requireNoMoreSyncs(ring, Caller.PLATFORM, file, Errno.EIO);
    }
  }

  @Test
  void directory_syncLostData(@TempDir Path directory) throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        RingDirectory parent = RingDirectory.open(ring, directory)) {
      kernel.add(FaultRule.on(IORING_OP_FSYNC).times(1).fail(Errno.EIO));
      requireErrno(Errno.EIO, parent::fsync);
      requireErrno(Errno.EIO, parent::fsync);
      assertEquals(1, kernel.submitted(IORING_OP_FSYNC));
    }
  }

  @Test
  void channel_lostData() throws Exception {
    try (Ring ring = FaultyRing.open(kernel)) {
      for (boolean metaData : new boolean[] {true, false}) {
        kernel.clear();
        kernel.add(FaultRule.on(IORING_OP_FSYNC).times(1).fail(Errno.EIO));
        try (FileChannel channel = RingFileChannel.open(ring, path, Set.of(WRITE))) {
          assertThrows(IOException.class, () -> channel.force(metaData));
          assertThrows(IOException.class, () -> channel.force(true));
          assertThrows(IOException.class, () -> channel.force(false));
        }
        failOneWrite(Errno.ENOSPC);
        try (FileChannel channel = RingFileChannel.open(ring, path, Set.of(WRITE, DSYNC))) {
          assertThrows(IOException.class, () -> channel.write(ByteBuffer.allocate(7)));
          assertThrows(IOException.class, () -> channel.force(metaData));
        }
      }
    }
  }

  /**
   * Two syncs are under way when data is lost. The kernel tells one of them only; the other must
   * not claim that what was written before it is safe.
   */
  @ParameterizedTest
  @EachCaller
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
      Caller.Begun<Outcomes> chain =
          caller.begin(ring, () -> ring.chain().fsync(file).nop().attempt());
      Caller.Begun<Outcomes> batch =
          caller.begin(ring, () -> ring.batch().nop().fdatasync(file).attempt());
      Await.until("the others are under way", () -> kernel.held() == 3);
      kernel.clear();
      kernel.add(FaultRule.on(IORING_OP_FSYNC).times(1).fail(Errno.EIO));
      requireErrno(Errno.EIO, file::fsync);
      kernel.release();
      requireErrno(Errno.EIO, sync::result);
      Outcomes chained = chain.result();
      assertEquals(-Errno.EIO, chained.get(0).result());
      assertEquals(0, chained.firstFailure().orElseThrow().position());
      Outcomes batched = batch.result();
      assertEquals(-Errno.EIO, batched.get(1).result());
      assertTrue(batched.get(0).succeeded());
    }
  }
}
