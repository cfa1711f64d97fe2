package io.ringspun.file;

import static io.ringspun.internal.kernel.Constants.*;
import static java.nio.file.StandardOpenOption.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.FaultyRing;
import io.ringspun.OperationException;
import io.ringspun.Ring;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Each operation refused with each error: told truly, nothing lost, and the next one works. */
class FileFaultTest {
  private static final int RETRIES_MAX = 8;

  private final FaultKernel kernel = new FaultKernel();
  private Path path;

  @BeforeEach
  void prepare(@TempDir Path directory) throws IOException {
    path = Files.writeString(directory.resolve("file"), "content");
  }

  /** Thirty errors that say no for good. */
  static IntStream errors() {
    return IntStream.of(
        Errno.EPERM,
        Errno.ENOENT,
        Errno.EIO,
        6, // ENXIO
        Errno.EBADF,
        Errno.ENOMEM,
        Errno.EACCES,
        Errno.EFAULT,
        Errno.EBUSY,
        Errno.EEXIST,
        19, // ENODEV
        Errno.ENOTDIR,
        Errno.EISDIR,
        Errno.ENFILE,
        Errno.EMFILE,
        26, // ETXTBSY
        Errno.EFBIG,
        Errno.ENOSPC,
        Errno.ESPIPE,
        Errno.EROFS,
        Errno.EPIPE,
        Errno.ENAMETOOLONG,
        Errno.ENOSYS,
        Errno.ELOOP,
        Errno.ETIME,
        75, // EOVERFLOW
        Errno.EOPNOTSUPP,
        110, // ETIMEDOUT
        116, // ESTALE
        Errno.EDQUOT);
  }

  /** Something that a file can be asked to do. */
  private interface Action {
    void on(RingFile file) throws IOException;
  }

  private static void readSegment(RingFile file) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      file.read(arena.allocate(7), 0);
    }
  }

  @ParameterizedTest
  @MethodSource("errors")
  void operations_fail(int errno) throws Exception {
    try (Ring ring = FaultyRing.open(kernel)) {
      int i = 0;
      for (Caller caller : Caller.values()) {
        Path own = Files.writeString(path.resolveSibling("file" + i++), "content");
        RingFile file = RingFile.open(ring, own, READ, WRITE);
        ByteBuffer[] two = {ByteBuffer.allocate(3), ByteBuffer.allocateDirect(4)};
        fail(ring, caller, file, IORING_OP_READ, "read", errno, FileFaultTest::readSegment);
        fail(
            ring,
            caller,
            file,
            IORING_OP_READ,
            "read",
            errno,
            f -> f.read(ByteBuffer.allocate(7), 0));
        fail(ring, caller, file, IORING_OP_READV, "readv", errno, f -> f.read(two, 0));
        two[0].clear();
        two[1].clear();
        fail(ring, caller, file, IORING_OP_WRITEV, "writev", errno, f -> f.write(two, 0));
        fail(
            ring,
            caller,
            file,
            IORING_OP_WRITE,
            "write",
            errno,
            f -> f.write(ByteBuffer.wrap("content".getBytes()), 0));
        fail(ring, caller, file, IORING_OP_FALLOCATE, "fallocate", errno, f -> f.allocate(0, 7));
        fail(ring, caller, file, IORING_OP_FTRUNCATE, "ftruncate", errno, f -> f.truncate(7));
        fail(ring, caller, file, IORING_OP_STATX, "statx", errno, RingFile::size);
        fail(
            ring,
            caller,
            file,
            IORING_OP_FADVISE,
            "fadvise",
            errno,
            f -> f.advise(0, 0, AccessPattern.values()[0]));
        caller.run(ring, file::close);
      }
    }
  }

  private void fail(
      Ring ring, Caller caller, RingFile file, int opcode, String name, int errno, Action action)
      throws Exception {
    kernel.clear();
    FaultRule rule = kernel.add(FaultRule.on(opcode).times(1).fail(errno));
    OperationException e =
        assertThrows(
            OperationException.class,
            () -> caller.run(ring, () -> action.on(file)),
            () -> name + " with " + Errno.name(errno));
    assertEquals(name, e.operation());
    assertEquals(errno, e.errno());
    assertEquals(Errno.name(errno), e.errnoName());
    assertEquals(1, rule.hits());
    caller.run(ring, () -> action.on(file)); // as if nothing had been
    assertEquals(0, ring.metrics().inFlight());
  }

  @ParameterizedTest
  @MethodSource("errors")
  void syncs_fail(int errno) throws Exception {
    try (Ring ring = FaultyRing.open(kernel)) {
      for (Caller caller : Caller.values()) {
        for (boolean data : new boolean[] {true, false}) {
          kernel.clear();
          RingFile file = RingFile.open(ring, path, WRITE);
          kernel.add(FaultRule.on(IORING_OP_FSYNC).times(1).fail(errno));
          OperationException e =
              assertThrows(
                  OperationException.class,
                  () -> caller.run(ring, data ? file::fdatasync : file::fsync));
          assertEquals(data ? "fdatasync" : "fsync", e.operation());
          assertEquals(errno, e.errno());
          file.write(ByteBuffer.wrap("content".getBytes()), 0);
          caller.run(ring, file::close);
        }
      }
    }
  }

  /** What a sync loses is lost for later ones too, so each failure has a file of its own. */
  @ParameterizedTest
  @MethodSource("errors")
  void syncFileRange_fails(int errno) throws Exception {
    try (Ring ring = FaultyRing.open(kernel)) {
      for (Caller caller : Caller.values()) {
        kernel.clear();
        RingFile file = RingFile.open(ring, path, WRITE);
        kernel.add(FaultRule.on(IORING_OP_SYNC_FILE_RANGE).times(1).fail(errno));
        OperationException e =
            assertThrows(
                OperationException.class, () -> caller.run(ring, () -> file.syncFileRange(0, 0)));
        assertEquals("sync_file_range", e.operation());
        assertEquals(errno, e.errno());
        file.write(ByteBuffer.wrap("content".getBytes()), 0);
        caller.run(ring, file::close);
      }
    }
  }

  @ParameterizedTest
  @MethodSource("errors")
  void open_fails(int errno) throws Exception {
    Class<? extends IOException> expected =
        switch (errno) {
          case Errno.ENOENT -> NoSuchFileException.class;
          case Errno.EEXIST -> FileAlreadyExistsException.class;
          case Errno.EACCES, Errno.EPERM -> AccessDeniedException.class;
          default -> FileSystemException.class;
        };
    try (Ring ring = FaultyRing.open(kernel)) {
      for (Caller caller : Caller.values()) {
        kernel.clear();
        kernel.add(FaultRule.on(IORING_OP_OPENAT).times(1).fail(errno));
        FileSystemException e =
            (FileSystemException)
                assertThrows(
                    expected, () -> caller.call(ring, () -> RingFile.open(ring, path, READ)));
        assertEquals(expected, e.getClass());
        assertEquals(path.toString(), e.getFile());
        if (expected == FileSystemException.class && errno != Errno.ELOOP) {
          assertTrue(e.getReason().contains(Errno.name(errno)), e.getReason());
        }
        caller.call(ring, () -> RingFile.open(ring, path, READ)).close();
      }
    }
  }

  /** The second half of opening for direct I/O; the descriptor of the first must not stay. */
  @ParameterizedTest
  @EachCaller
  void open_directStatFails(Caller caller) throws Exception {
    try (Ring ring = FaultyRing.open(kernel)) {
      kernel.add(FaultRule.on(IORING_OP_STATX).times(1).fail(Errno.EIO));
      IOException e =
          assertThrows(
              IOException.class,
              () ->
                  caller.call(ring, () -> RingFile.open(ring, path, READ, RingOpenOption.DIRECT)));
      if (e instanceof OperationException stat) { // else there is no direct I/O here
        assertEquals("statx", stat.operation());
      }
    }
  }

  /** A close reports what the kernel says, and the descriptor is gone all the same. */
  @ParameterizedTest
  @EachCaller
  void close_fails(Caller caller) throws Exception {
    try (Ring ring = FaultyRing.open(kernel)) {
      kernel.add(FaultRule.on(IORING_OP_CLOSE).times(1).answer(-Errno.EIO));
      RingFile file = RingFile.open(ring, path, READ);
      IOException e = assertThrows(IOException.class, () -> caller.run(ring, file::close));
      assertTrue(e.getMessage().contains("EIO"), e.getMessage());
      caller.run(ring, file::close);
      kernel.add(FaultRule.on(IORING_OP_CLOSE).times(1).answer(-Errno.EINTR));
      RingFile other = RingFile.open(ring, path, READ);
      caller.run(ring, other::close);
    }
  }

  // ---- what may be asked again ---------------------------------------------------------------

  @ParameterizedTest
  @ValueSource(ints = {Errno.EINTR, Errno.EAGAIN, Errno.ECANCELED})
  void transient_retried(int errno) throws Exception {
    try (Ring ring = FaultyRing.open(kernel)) {
      for (Caller caller : Caller.values()) {
        kernel.clear();
        kernel.forget();
        kernel.add(FaultRule.on(IORING_OP_READ, IORING_OP_WRITE).times(3).fail(errno));
        caller.run(
            ring,
            () -> {
              try (RingFile file = RingFile.open(ring, path, READ, WRITE);
                  Arena arena = Arena.ofConfined()) {
                MemorySegment target = arena.allocate(7);
                assertEquals(7, file.read(target, 0));
                assertEquals("content", new String(bytes(target)));
                assertEquals(7, file.write(ByteBuffer.wrap("CONTENT".getBytes()), 0));
              }
            });
        assertEquals(4, kernel.submitted(IORING_OP_READ));
        assertEquals("CONTENT", Files.readString(path));
        Files.writeString(path, "content");
      }
    }
  }

  private static byte[] bytes(MemorySegment segment) {
    return segment.toArray(ValueLayout.JAVA_BYTE);
  }

  @ParameterizedTest
  @ValueSource(ints = {Errno.EINTR, Errno.EAGAIN, Errno.ECANCELED})
  void transient_retriedWithinReason(int errno) throws Exception {
    try (Ring ring = FaultyRing.open(kernel)) {
      for (Caller caller : Caller.values()) {
        kernel.clear();
        kernel.forget();
        kernel.add(FaultRule.on(IORING_OP_READ, IORING_OP_WRITE).fail(errno));
        RingFile file = RingFile.open(ring, path, READ, WRITE);
        for (Caller.Action action :
            new Caller.Action[] {
              () -> readSegment(file), () -> file.write(ByteBuffer.allocate(7), 0)
            }) {
          IOException e = assertThrows(IOException.class, () -> caller.run(ring, action));
          if (errno != Errno.ECANCELED) {
            assertEquals(errno, assertInstanceOf(OperationException.class, e).errno());
          }
        }
        assertEquals(1 + RETRIES_MAX, kernel.submitted(IORING_OP_READ));
        assertEquals(1 + RETRIES_MAX, kernel.submitted(IORING_OP_WRITE));
        kernel.clear();
        caller.run(ring, () -> readSegment(file));
        caller.run(ring, file::close);
        assertEquals("content", Files.readString(path));
      }
    }
  }

  /** What was appended might be there already, so it is not appended again. */
  @ParameterizedTest
  @ValueSource(ints = {Errno.EINTR, Errno.EAGAIN, Errno.ECANCELED})
  void append_notRetried(int errno) throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        RingFile file = RingFile.open(ring, path, APPEND)) {
      kernel.add(FaultRule.on(IORING_OP_WRITE).times(1).fail(errno));
      assertThrows(IOException.class, () -> file.append(ByteBuffer.wrap("x".getBytes())));
      assertEquals(1, kernel.submitted(IORING_OP_WRITE));
      assertEquals(1, file.append(ByteBuffer.wrap("y".getBytes())));
      assertEquals("contenty", Files.readString(path));
    }
  }

  /** Nobody asked for it, and an fsync cannot be asked for twice: so an error it is. */
  @Test
  void fsync_cancelledByTheKernel() throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        RingFile file = RingFile.open(ring, path, WRITE)) {
      kernel.add(FaultRule.on(IORING_OP_FSYNC).times(1).fail(Errno.ECANCELED));
      IOException e = assertThrows(IOException.class, file::fsync);
      assertTrue(e.getMessage().contains("cancelled"), e.getMessage());
      assertEquals(1, kernel.submitted(IORING_OP_FSYNC));
      file.fsync();
    }
  }

  /** Linux before 6.9 has no such operation and says EINVAL. */
  @Test
  void truncate_unknownToTheKernel() throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        RingFile file = RingFile.open(ring, path, WRITE)) {
      kernel.add(FaultRule.on(IORING_OP_FTRUNCATE).fail(Errno.EINVAL));
      file.truncate(3);
      assertEquals("con", Files.readString(path));
    }
  }
}
