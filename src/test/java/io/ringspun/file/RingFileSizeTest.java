package io.ringspun.file;

import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import io.ringspun.FaultyRing;
import io.ringspun.OperationException;
import io.ringspun.Ring;
import io.ringspun.RingOptions;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.Fifo;
import io.ringspun.testing.FileSizeLimit;
import io.ringspun.testing.Liburing;
import io.ringspun.testing.RingCase;
import java.io.IOException;
import java.nio.channels.NonWritableChannelException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** The file as a whole: size, space, attributes, hints and flushing. */
class RingFileSizeTest {
  private static final String CASES = "io.ringspun.testing.RingCase#all";
  private static final int SIZE = 64 << 10;
  private static final int BLOCK = 4 << 10; // what ranges are aligned to that are cut out or put in

  @TempDir Path directory;

  private interface Body {
    void run(RingFile file) throws Exception;
  }

  private byte[] run(RingCase how, Body body) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, SIZE);
    how.run(
        ring -> {
          try (RingFile file = RingFile.open(ring, path, READ, WRITE)) {
            body.run(file);
          }
        });
    return Files.size(path) < 1 << 30 ? Files.readAllBytes(path) : new byte[0];
  }

  /** A file system in memory knows the size, too; its other attributes a worker is asked for. */
  @Test
  void stat_withoutTheRing() throws Exception {
    Path memory = Files.createTempFile(Path.of("/dev/shm"), "stat", "");
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(RingOptions.defaults(), kernel)) {
      for (Path path : List.of(memory, directory.resolve("file"))) {
        Bytes.file(path, 1, SIZE);
        long device = (long) Files.getAttribute(path, "unix:dev");
        boolean hasDevice = (device >>> 8 & 0xfff | device >>> 32 & ~0xfffL) != 0;
        kernel.forget();
        try (RingFile file = RingFile.open(ring, path)) {
          assertEquals(SIZE, file.size());
          assertEquals(0, kernel.submitted(Constants.IORING_OP_STATX), path::toString);
          assertEquals(SIZE, file.stat().size());
          assertEquals(
              hasDevice ? 0 : 1, kernel.submitted(Constants.IORING_OP_STATX), path::toString);
        }
      }
    } finally {
      Files.delete(memory);
    }
  }

  @Liburing("truncate")
  @ParameterizedTest
  @MethodSource(CASES)
  void truncate_cutsAndGrows(RingCase how) throws Exception {
    byte[] bytes =
        run(
            how,
            file -> {
              file.truncate(1_000);
              assertEquals(1_000, file.size());
              file.truncate(2_000);
              assertEquals(2_000, file.size());
              file.truncate(5L << 30);
              assertEquals(5L << 30, file.size());
              file.truncate(3_000);
            });
    Bytes.check(1, 0, Arrays.copyOf(bytes, 1_000));
    assertArrayEquals(new byte[2_000], Arrays.copyOfRange(bytes, 1_000, 3_000));
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void truncate_refused(RingCase how) throws Exception {
    run(
        how,
        file -> {
          assertThrows(IllegalArgumentException.class, () -> file.truncate(-1));
          assertEquals(SIZE, file.size());
        });
    how.run(
        ring -> {
          try (RingFile file = RingFile.open(ring, directory.resolve("file"))) {
            assertThrows(NonWritableChannelException.class, () -> file.truncate(1));
            assertThrows(NonWritableChannelException.class, () -> file.allocate(0, 1));
          }
        });
  }

  /** No file may be larger than the file system can hold; the kernel is the judge. */
  @ParameterizedTest
  @MethodSource(CASES)
  void truncate_pastWhatAFileHolds(RingCase how) throws Exception {
    FileSizeLimit.assumeBelowMaximum(directory);
    run(
        how,
        file -> {
          OperationException e =
              assertThrows(OperationException.class, () -> file.truncate(Long.MAX_VALUE));
          assertEquals("EFBIG", e.errnoName());
          assertEquals(SIZE, file.size());
        });
  }

  /** What each mode does to size, space and bytes, as fallocate(2) has it. */
  @Liburing("fallocate")
  @ParameterizedTest
  @EnumSource
  void allocate_eachMode(AllocateMode mode) throws Exception {
    byte[] bytes;
    try {
      bytes =
          run(
              RingCase.all().getFirst(),
              file -> {
                file.fsync();
                long before = file.stat().allocated();
                switch (mode) {
                  case KEEP_SIZE -> {
                    file.allocate(SIZE, 1 << 20, mode);
                    assertTrue(file.stat().allocated() >= before + (1 << 20));
                  }
                  case PUNCH_HOLE -> {
                    file.allocate(BLOCK, 8 * BLOCK, mode);
                    assertTrue(file.stat().allocated() < before);
                  }
                  default -> file.allocate(BLOCK, BLOCK, mode);
                }
              });
    } catch (OperationException e) {
      if (e.errnoName().equals("EOPNOTSUPP")) {
        abort("the file system cannot do " + mode);
      }
      throw e;
    }
    byte[] old = Bytes.of(1, 0, SIZE);
    switch (mode) {
      case KEEP_SIZE, UNSHARE_RANGE -> assertArrayEquals(old, bytes);
      case PUNCH_HOLE -> {
        Arrays.fill(old, BLOCK, 9 * BLOCK, (byte) 0);
        assertArrayEquals(old, bytes);
      }
      case ZERO_RANGE -> {
        Arrays.fill(old, BLOCK, 2 * BLOCK, (byte) 0);
        assertArrayEquals(old, bytes);
      }
      case COLLAPSE_RANGE -> {
        assertEquals(SIZE - BLOCK, bytes.length);
        Bytes.check(1, 2 * BLOCK, Arrays.copyOfRange(bytes, BLOCK, bytes.length));
      }
      case INSERT_RANGE -> {
        assertEquals(SIZE + BLOCK, bytes.length);
        assertArrayEquals(new byte[BLOCK], Arrays.copyOfRange(bytes, BLOCK, 2 * BLOCK));
        Bytes.check(1, BLOCK, Arrays.copyOfRange(bytes, 2 * BLOCK, bytes.length));
      }
    }
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void allocate_growsAndCombines(RingCase how) throws Exception {
    byte[] bytes =
        run(
            how,
            file -> {
              file.allocate(SIZE, 10_000);
              assertEquals(SIZE + 10_000, file.size());
              file.allocate(0, BLOCK, AllocateMode.ZERO_RANGE, AllocateMode.KEEP_SIZE);
              OperationException e =
                  assertThrows(
                      OperationException.class,
                      () ->
                          file.allocate(
                              0, BLOCK, AllocateMode.COLLAPSE_RANGE, AllocateMode.INSERT_RANGE));
              assertTrue(e.errno() > 0);
            });
    assertArrayEquals(new byte[BLOCK], Arrays.copyOf(bytes, BLOCK));
    Bytes.check(1, BLOCK, Arrays.copyOfRange(bytes, BLOCK, SIZE));
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void allocate_refused(RingCase how) throws Exception {
    run(
        how,
        file -> {
          assertThrows(IllegalArgumentException.class, () -> file.allocate(0, 0));
          assertThrows(IllegalArgumentException.class, () -> file.allocate(0, -1));
          assertThrows(IllegalArgumentException.class, () -> file.allocate(-1, 10));
          assertThrows(IllegalArgumentException.class, () -> file.allocate(Long.MAX_VALUE - 5, 10));
          assertEquals(SIZE, file.size());
        });
  }

  @Liburing("fadvise")
  @ParameterizedTest
  @MethodSource(CASES)
  void advise_changesNoByte(RingCase how) throws Exception {
    byte[] bytes =
        run(
            how,
            file -> {
              for (AccessPattern advice : AccessPattern.values()) {
                file.advise(0, 0, advice);
                file.advise(0, SIZE, advice);
                file.advise(3L << 30, 5L << 30, advice);
              }
              assertThrows(
                  IllegalArgumentException.class, () -> file.advise(-1, 1, AccessPattern.NORMAL));
              assertThrows(
                  IllegalArgumentException.class, () -> file.advise(0, -1, AccessPattern.NORMAL));
              assertThrows(
                  IllegalArgumentException.class,
                  () -> file.advise(Long.MAX_VALUE, 1, AccessPattern.NORMAL));
              assertThrows(NullPointerException.class, () -> file.advise(0, 1, null));
            });
    assertArrayEquals(Bytes.of(1, 0, SIZE), bytes);
  }

  @Liburing("fsync")
  @ParameterizedTest
  @MethodSource(CASES)
  void sync_everyWay(RingCase how) throws Exception {
    run(
        how,
        file -> {
          file.write(Bytes.direct(2, 0, 100), 0);
          file.syncFileRange(0, 0);
          file.syncFileRange(0, 0, SyncRange.values());
          file.syncFileRange(100, 200, SyncRange.WRITE);
          file.syncFileRange(0, 5L << 30, SyncRange.WAIT_BEFORE, SyncRange.WRITE);
          file.fdatasync();
          file.fsync();
          assertThrows(IllegalArgumentException.class, () -> file.syncFileRange(-1, 1));
          assertThrows(IllegalArgumentException.class, () -> file.syncFileRange(0, -1));
          assertThrows(IllegalArgumentException.class, () -> file.syncFileRange(Long.MAX_VALUE, 1));
        });
    how.run(
        ring -> {
          try (RingFile readOnly = RingFile.open(ring, directory.resolve("file"))) {
            readOnly.fsync();
            readOnly.fdatasync();
          }
          try (RingFile device = RingFile.open(ring, Path.of("/dev/null"), WRITE)) {
            assertThrows(OperationException.class, device::fsync);
          }
        });
  }

  @Liburing("statx")
  @ParameterizedTest
  @MethodSource(CASES)
  void stat_asTheJdkSeesIt(RingCase how) throws Exception {
    Path path = Bytes.file(directory.resolve("stat"), 1, 12_345);
    Files.createLink(directory.resolve("second"), path);
    Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rwxr-x--x"));
    Instant modified = Instant.parse("2001-02-03T04:05:06.123456789Z");
    Files.setLastModifiedTime(path, FileTime.from(modified));
    Map<String, Object> expected = Files.readAttributes(path, "unix:*", LinkOption.NOFOLLOW_LINKS);
    how.run(
        ring -> {
          try (RingFile file = RingFile.open(ring, path)) {
            FileStat stat = file.stat();
            assertEquals(FileStat.FileType.REGULAR, stat.type());
            assertEquals(12_345, stat.size());
            assertEquals(12_345, file.size());
            assertEquals(0751, stat.permissions());
            assertEquals(expected.get("ino"), stat.inode());
            assertEquals(expected.get("nlink"), stat.links());
            assertEquals(expected.get("uid"), stat.uid());
            assertEquals(expected.get("gid"), stat.gid());
            assertEquals(modified, stat.modifyTime());
            assertEquals(((FileTime) expected.get("ctime")).toInstant(), stat.changeTime());
            assertEquals(((FileTime) expected.get("creationTime")).toInstant(), stat.birthTime());
            assertTrue(stat.allocated() >= 0 && stat.allocated() % 512 == 0);
            assertTrue(stat.blockSize() >= 512);
          }
        });
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void stat_types(RingCase how) throws Exception {
    Path fifo = directory.resolve("fifo");
    Fifo.make(fifo);
    how.run(
        ring -> {
          assertEquals(FileStat.FileType.DIRECTORY, type(ring, directory));
          assertEquals(FileStat.FileType.CHARACTER_DEVICE, type(ring, Path.of("/dev/null")));
          try (RingFile file = RingFile.open(ring, fifo, READ, WRITE)) {
            assertEquals(FileStat.FileType.FIFO, file.stat().type());
          }
        });
  }

  private static FileStat.FileType type(Ring ring, Path path) throws IOException {
    try (RingFile file = RingFile.open(ring, path)) {
      return file.stat().type();
    }
  }
}
