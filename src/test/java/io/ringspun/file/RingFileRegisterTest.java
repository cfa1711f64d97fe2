package io.ringspun.file;

import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.FaultyRing;
import io.ringspun.OperationException;
import io.ringspun.Ring;
import io.ringspun.RingClosedException;
import io.ringspun.RingOptions;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.ring.EngineAccess;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import io.ringspun.testing.Liburing;
import io.ringspun.testing.OpenFiles;
import io.ringspun.testing.RingCase;
import java.io.InterruptedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RingFileRegisterTest {
  private static final RingOptions TABLE = RingOptions.defaults().withRegisteredFiles(1);

  @TempDir Path directory;

  private Path file() throws Exception {
    return Bytes.file(directory.resolve("file"), 1, 10);
  }

  private static void check(RingFile file, int seed) throws Exception {
    ByteBuffer target = ByteBuffer.allocate(10);
    file.readFully(target, 0);
    assertArrayEquals(Bytes.of(seed, 0, 10), target.array());
  }

  private static int taken(Ring ring) {
    return EngineAccess.of(ring).files().taken();
  }

  @Liburing("file-register")
  @ParameterizedTest
  @MethodSource("io.ringspun.testing.RingCase#all")
  void registerWith_sameFile(RingCase how) throws Exception {
    Path path = file();
    how.run(
        TABLE,
        ring -> {
          RingFile file = RingFile.open(ring, path, READ, WRITE);
          RingFile twin = file.registerWith(ring);
          assertTrue(twin.isRegistered());
          assertEquals(1, taken(ring));
          check(twin, 1);
          file.close();
          assertEquals(0, OpenFiles.count(directory.toString()), "a slot is no descriptor");
          twin.writeFully(ByteBuffer.wrap(Bytes.of(2, 0, 10)), 0);
          check(twin, 2);
          try (RingFile again = twin.installDescriptor()) {
            twin.close();
            assertEquals(0, taken(ring));
            try (RingFile last = again.registerWith(ring)) {
              check(last, 2);
            }
            check(again, 2);
          }
        });
    assertArrayEquals(Bytes.of(2, 0, 10), Files.readAllBytes(path));
  }

  /** One file in the tables of several rings, put there by threads of all kinds. */
  @Liburing("file-update")
  @ParameterizedTest
  @EachCaller
  void registerWith_severalRings(Caller caller) throws Exception {
    try (Ring home = Ring.open();
        Ring ring = Ring.open(TABLE);
        Ring other = Ring.open(TABLE);
        RingFile file = RingFile.open(home, file());
        RingFile here = caller.call(ring, () -> file.registerWith(ring));
        RingFile there = caller.call(ring, () -> file.registerWith(other))) {
      check(here, 1);
      here.close();
      check(there, 1);
      assertEquals(0, taken(ring));
      assertEquals(1, taken(other));
    }
  }

  @Liburing("file-update")
  @Test
  void registerWith_refused() throws Exception {
    Path path = file();
    try (Ring ring = Ring.open(TABLE);
        Ring without = Ring.open();
        Ring gone = Ring.open(TABLE);
        RingFile file = RingFile.open(without, path);
        RingFile twin = file.registerWith(ring)) {
      IllegalArgumentException none =
          assertThrows(IllegalArgumentException.class, () -> file.registerWith(without));
      assertTrue(none.getMessage().contains("withRegisteredFiles"), none::getMessage);
      assertThrows(IllegalStateException.class, () -> twin.registerWith(gone));
      FileSystemException full =
          assertThrows(FileSystemException.class, () -> file.registerWith(ring));
      assertTrue(full.getMessage().contains("All 1 slots"), full::getMessage);
      gone.close();
      assertThrows(RingClosedException.class, () -> file.registerWith(gone));
      twin.close();
      file.close();
      assertThrows(ClosedChannelException.class, () -> file.registerWith(ring));
      assertEquals(0, taken(ring), "what failed keeps no slot");
    }
  }

  @ParameterizedTest
  @EachCaller
  void registerWith_interrupted(Caller caller) throws Exception {
    Path path = file();
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(TABLE, kernel);
        RingFile file = RingFile.open(ring, path)) {
      var before =
          BlockedCall.start(
              ring,
              caller,
              () -> {
                Thread.currentThread().interrupt();
                return file.registerWith(ring);
              });
      assertThrows(InterruptedIOException.class, before::result);
      assertEquals(0, kernel.submitted(Constants.IORING_OP_FILES_UPDATE));
      assertEquals(0, taken(ring));

      kernel.add(FaultRule.on(Constants.IORING_OP_FILES_UPDATE).delay());
      var tooLate = BlockedCall.start(ring, caller, () -> file.registerWith(ring));
      Await.until("it is there", () -> kernel.held() == 1);
      tooLate.interrupt();
      kernel.release();
      try (RingFile twin = tooLate.result()) {
        assertTrue(tooLate.interruptPending());
        check(twin, 1);
      }
    }
  }

  /** What waits for its turn while the file is closed is not put there, or is the caller's. */
  @ParameterizedTest
  @EachCaller
  void registerWith_closedMeanwhile(Caller caller) throws Exception {
    Path path = file();
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(TABLE, kernel)) {
      RingFile file = RingFile.open(ring, path);
      kernel.add(FaultRule.on(Constants.IORING_OP_FILES_UPDATE).delay());
      var call = BlockedCall.start(ring, caller, () -> file.registerWith(ring));
      Await.until("it is there", () -> kernel.held() == 1);
      var closing =
          BlockedCall.start(
              ring,
              Caller.PLATFORM,
              () -> {
                file.close();
                return null;
              });
      Await.until("it is being closed", () -> !file.isOpen());
      kernel.release();
      closing.result();
      try (RingFile twin = call.result()) {
        check(twin, 1);
      }
      assertEquals(0, taken(ring));
    }
  }

  @Test
  void registerWith_fails() throws Exception {
    Path path = file();
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(TABLE, kernel);
        RingFile file = RingFile.open(ring, path)) {
      kernel.add(FaultRule.on(Constants.IORING_OP_FILES_UPDATE).fail(Errno.ENOMEM).times(1));
      OperationException e = assertThrows(OperationException.class, () -> file.registerWith(ring));
      assertEquals(Errno.ENOMEM, e.errno());
      assertTrue(e.getMessage().contains("files_update"), e::getMessage);
      try (RingFile twin = file.registerWith(ring)) {
        check(twin, 1);
      }
    }
  }

  /** The kernel reports lost data once for each open file, and these two are one. */
  @Test
  void registerWith_sharesTheFailedSync() throws Exception {
    Path path = file();
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(TABLE, kernel);
        RingFile file = RingFile.open(ring, path, WRITE);
        RingFile twin = file.registerWith(ring)) {
      kernel.add(FaultRule.on(Constants.IORING_OP_FSYNC).fail(Errno.EIO).times(1));
      assertThrows(OperationException.class, twin::fsync);
      assertThrows(OperationException.class, file::fsync);
      assertFalse(file.isRegistered());
    }
  }
}
