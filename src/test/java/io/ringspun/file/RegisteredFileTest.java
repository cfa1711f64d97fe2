package io.ringspun.file;

import static io.ringspun.file.RingOpenOption.REGISTERED;
import static io.ringspun.internal.kernel.Constants.IORING_OP_CLOSE;
import static io.ringspun.internal.kernel.Constants.IORING_OP_FGETXATTR;
import static io.ringspun.internal.kernel.Constants.IORING_OP_FIXED_FD_INSTALL;
import static io.ringspun.internal.kernel.Constants.IORING_OP_FSETXATTR;
import static io.ringspun.internal.kernel.Constants.IORING_OP_FSYNC;
import static io.ringspun.internal.kernel.Constants.IORING_OP_OPENAT;
import static io.ringspun.internal.kernel.Constants.IORING_OP_READ;
import static io.ringspun.internal.kernel.Constants.IORING_OP_WRITE;
import static io.ringspun.internal.kernel.Constants.IORING_REGISTER_FILES2;
import static io.ringspun.internal.kernel.Constants.IOSQE_FIXED_FILE;
import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.DELETE_ON_CLOSE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.BufferPool;
import io.ringspun.FaultyRing;
import io.ringspun.Lease;
import io.ringspun.OperationException;
import io.ringspun.OperationTimeoutException;
import io.ringspun.Outcomes;
import io.ringspun.Ring;
import io.ringspun.RingClosedException;
import io.ringspun.RingFailedException;
import io.ringspun.RingMetrics;
import io.ringspun.RingOptions;
import io.ringspun.RingUnavailableException;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.ring.Handle;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import io.ringspun.testing.Fifo;
import io.ringspun.testing.LeakCheck;
import io.ringspun.testing.Liburing;
import io.ringspun.testing.OpenFiles;
import io.ringspun.testing.RingCase;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.FileLockInterruptionException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Files in a ring's own table, which have no descriptor in the process. */
@ExtendWith(LeakCheck.class)
class RegisteredFileTest {
  private static final String CASES = "io.ringspun.testing.RingCase#all";
  private static final RingOptions TABLE = RingOptions.defaults().withRegisteredFiles(8);

  @TempDir Path directory;

  private int descriptors() {
    return OpenFiles.count(directory.toString());
  }

  private static Ring open(FaultKernel kernel, int slots) throws IOException {
    return FaultyRing.open(
        RingOptions.defaults().withInlineAttempts(false).withRegisteredFiles(slots), kernel);
  }

  private static void write(RingFile file, int seed, int size) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      file.writeFully(Bytes.segment(arena, seed, 0, size), 0);
    }
  }

  private static void check(RingFile file, int seed, int size) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment target = arena.allocate(size);
      file.readFully(target, 0);
      Bytes.check(seed, 0, target);
    }
  }

  /** Every operation works without a descriptor, but for the size. */
  @Liburing("file-register")
  @ParameterizedTest
  @MethodSource(CASES)
  void operations_all(RingCase how) throws Exception {
    Path path = directory.resolve("file");
    how.run(
        TABLE,
        ring -> {
          try (RingFile file = RingFile.open(ring, path, CREATE, READ, WRITE, REGISTERED);
              Arena arena = Arena.ofConfined();
              BufferPool pool = ring.bufferPool(1, 4096)) {
            assertTrue(file.isRegistered());
            List<Executable> steps =
                List.of(
                    () -> write(file, 1, 10_000),
                    () -> check(file, 1, 10_000),
                    () -> {
                      ByteBuffer heap = ByteBuffer.allocate(100);
                      assertEquals(100, file.read(heap, 50));
                      Bytes.check(1, 50, heap.array());
                      assertEquals(100, file.write(heap.flip(), 50));
                    },
                    () -> {
                      MemorySegment one = arena.allocate(10);
                      MemorySegment two = arena.allocate(20);
                      assertEquals(30, file.read(new MemorySegment[] {one, two}, 7));
                      Bytes.check(1, 7, one);
                      Bytes.check(1, 17, two);
                      assertEquals(30, file.write(new MemorySegment[] {one, two}, 7));
                    },
                    () -> {
                      try (Lease lease = pool.take()) {
                        assertEquals(4096, file.read(lease, 100));
                        Bytes.check(1, 100, lease.filled());
                        assertEquals(4096, file.write(lease, 4096, 100));
                      }
                    },
                    file::fsync,
                    file::fdatasync,
                    () -> file.syncFileRange(0, 0, SyncRange.WRITE),
                    () -> file.advise(0, 0, AccessPattern.SEQUENTIAL),
                    () -> file.truncate(12_000),
                    () -> assertEquals(12_000, Files.size(path)),
                    () -> file.truncate(10_000),
                    () -> file.allocate(0, 11_000, AllocateMode.KEEP_SIZE),
                    () -> check(file, 1, 10_000));
            for (int i = 0; i < steps.size(); i++) {
              int step = i;
              try {
                steps.get(i).execute();
              } catch (Throwable e) {
                throw new AssertionError("step " + step, e);
              }
              assertEquals(0, descriptors(), () -> "descriptors after step " + step);
            }
            assertEquals(10_000, file.size());
            assertEquals(10_000, file.stat().size());
            assertEquals(1, descriptors(), "made once, for both");
          }
          assertEquals(0, descriptors());
        });
    Bytes.check(1, 0, Files.readAllBytes(path));
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void xattr_setAndGet(RingCase how) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 100);
    how.run(
        TABLE,
        ring -> {
          try (RingFile file = RingFile.open(ring, path, READ, WRITE, REGISTERED)) {
            try {
              file.setXattr("user.origin", new byte[] {1, 2, 3});
            } catch (OperationException e) {
              assumeTrue(e.errno() != Errno.EOPNOTSUPP, "the file system has no attributes");
              throw e;
            }
            assertArrayEquals(new byte[] {1, 2, 3}, file.xattr("user.origin").orElseThrow());
            assertEquals(Optional.empty(), file.xattr("user.none"));
          }
        });
  }

  /** Before Linux 6.13 the kernel takes a descriptor only, which the first of them makes. */
  @ParameterizedTest
  @EachCaller
  void xattr_olderKernel(Caller caller) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 100);
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(TABLE, kernel);
        RingFile file = RingFile.open(ring, path, READ, WRITE, REGISTERED)) {
      FaultRule refusal =
          kernel.add(
              FaultRule.where(
                      request ->
                          (request.opcode() == IORING_OP_FGETXATTR
                                  || request.opcode() == IORING_OP_FSETXATTR)
                              && (request.flags() & IOSQE_FIXED_FILE) != 0)
                  .fail(Errno.EBADF));
      caller.run(
          ring,
          () -> {
            try {
              file.setXattr("user.origin", new byte[] {1, 2, 3});
            } catch (OperationException e) {
              assumeTrue(e.errno() != Errno.EOPNOTSUPP, "the file system has no attributes");
              throw e;
            }
            assertArrayEquals(new byte[] {1, 2, 3}, file.xattr("user.origin").orElseThrow());
            assertEquals(Optional.empty(), file.xattr("user.none"));
          });
      assertEquals(3, refusal.hits());
      assertEquals(1, kernel.submitted(IORING_OP_FIXED_FD_INSTALL), "made once");
      file.close();
      assertThrows(ClosedChannelException.class, () -> file.xattr("user.origin"));
    }
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void append_atTheEnd(RingCase how) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 100);
    how.run(
        TABLE,
        ring -> {
          try (RingFile file = RingFile.open(ring, path, APPEND, REGISTERED)) {
            assertEquals(50, file.append(Bytes.direct(1, 100, 50)));
            assertEquals(50, file.append(ByteBuffer.wrap(Bytes.of(1, 150, 50))));
          }
        });
    assertArrayEquals(Bytes.of(1, 0, 200), Files.readAllBytes(path));
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void direct_alignmentKnown(RingCase how) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 1 << 16);
    how.run(
        TABLE,
        ring -> {
          try (RingFile file =
                  RingFile.open(ring, path, READ, WRITE, REGISTERED, RingOpenOption.DIRECT);
              Arena arena = Arena.ofConfined()) {
            assertTrue(file.directAlignment() > 1);
            MemorySegment memory = file.allocateBuffer(arena, 8192);
            assertEquals(8192, file.read(memory, 8192));
            Bytes.check(1, 8192, memory);
            assertEquals(8192, file.write(memory, 8192));
            assertThrows(IllegalArgumentException.class, () -> file.read(memory, 7));
          } catch (FileSystemException e) {
            assumeTrue(false, "the file system has no direct I/O: " + e);
          }
          assertEquals(0, descriptors());
        });
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void open_relativeToADirectory(RingCase how) throws Exception {
    Bytes.file(directory.resolve("file"), 1, 100);
    how.run(
        TABLE,
        ring -> {
          try (RingDirectory parent = RingDirectory.open(ring, directory);
              RingFile file = parent.openFile(Path.of("file"), READ, REGISTERED, Resolve.BENEATH)) {
            check(file, 1, 100);
            assertEquals(100, file.size());
            assertEquals(2, descriptors(), "of the directory, and for the size");
          }
        });
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void open_deleteOnClose(RingCase how) throws Exception {
    Path path = directory.resolve("file");
    how.run(
        TABLE,
        ring -> {
          try (RingFile file =
              RingFile.open(ring, path, CREATE, READ, WRITE, DELETE_ON_CLOSE, REGISTERED)) {
            write(file, 1, 100);
            check(file, 1, 100);
            assertFalse(Files.exists(path));
          }
        });
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void stream_overIt(RingCase how) throws Exception {
    Path path = directory.resolve("file");
    how.run(
        TABLE,
        ring -> {
          try (RingFile file = RingFile.open(ring, path, CREATE, WRITE, REGISTERED);
              RingOutputStream out = RingOutputStream.of(file, 0)) {
            out.write(Bytes.of(1, 0, 5000));
          }
          try (RingFile file = RingFile.open(ring, path, READ, REGISTERED);
              RingInputStream in = RingInputStream.of(file, 0)) {
            assertArrayEquals(Bytes.of(1, 0, 5000), in.readAllBytes());
          }
        });
  }

  // ---- which ring ----------------------------------------------------------------------------

  /** The slot goes with its flag, and a close, which names its slot elsewhere, goes without. */
  @ParameterizedTest
  @EachCaller
  void entries_flagged(Caller caller) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 100);
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = open(kernel, 4)) {
      caller.run(
          ring,
          () -> {
            try (RingFile raw = RingFile.open(ring, path, READ, WRITE);
                RingFile file = RingFile.open(ring, path, READ, WRITE, REGISTERED)) {
              check(raw, 1, 50);
              check(file, 1, 60);
              write(file, 1, 60);
              file.fsync();
              file.installDescriptor().close();
            }
          });
      assertEquals(1, flagged(kernel, IORING_OP_READ));
      assertEquals(1, flagged(kernel, IORING_OP_WRITE));
      assertEquals(1, flagged(kernel, IORING_OP_FSYNC));
      assertEquals(1, flagged(kernel, IORING_OP_FIXED_FD_INSTALL));
      assertEquals(0, flagged(kernel, IORING_OP_OPENAT));
      assertEquals(0, flagged(kernel, IORING_OP_CLOSE));
      assertEquals(3, kernel.submitted(IORING_OP_CLOSE));
    }
  }

  private static long flagged(FaultKernel kernel, int opcode) {
    return kernel.submitted().stream()
        .filter(request -> request.opcode() == opcode)
        .filter(request -> (request.flags() & IOSQE_FIXED_FILE) != 0)
        .count();
  }

  /** A slot means nothing to another ring: what a thread of that ring does goes to the file's. */
  @Test
  void operations_ofAnotherRingsThread() throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 5000);
    Path decoy = Bytes.file(directory.resolve("decoy"), 2, 5000);
    try (Ring ring = Ring.open(TABLE);
        Ring other = Ring.open(TABLE);
        RingFile file = RingFile.open(ring, path, READ, WRITE, REGISTERED);
        RingFile sameSlot = RingFile.open(other, decoy, READ, WRITE, REGISTERED)) {
      long before = other.metrics().submitted();
      Caller.CARRIED.run(
          other,
          () -> {
            check(file, 1, 5000);
            write(file, 3, 4000);
            assertEquals(0, other.metrics().inFlight());
          });
      assertEquals(before, other.metrics().submitted(), "submitted to the wrong ring");
      Caller.CARRIED.run(ring, () -> check(sameSlot, 2, 5000));
      Caller.CARRIED.run(other, file::close);
    }
    Bytes.check(3, 0, Arrays.copyOf(Files.readAllBytes(path), 4000));
    Bytes.check(2, 0, Files.readAllBytes(decoy));
  }

  @Liburing("fixed-link")
  @ParameterizedTest
  @EachCaller
  void chainAndBatch_onItsRing(Caller caller) throws Exception {
    Path path = directory.resolve("file");
    Path rawPath = directory.resolve("raw");
    try (Ring ring = Ring.open(TABLE);
        Ring other = Ring.open(TABLE);
        RingFile file = RingFile.open(ring, path, CREATE, READ, WRITE, REGISTERED);
        RingFile raw = RingFile.open(ring, rawPath, CREATE, READ, WRITE)) {
      caller.run(
          ring,
          () -> {
            RingMetrics opened = ring.metrics();
            try (Arena arena = Arena.ofConfined()) {
              MemorySegment bytes = Bytes.segment(arena, 1, 0, 3000);
              Outcomes chain =
                  ring.chain()
                      .write(file, bytes, 0)
                      .fsync(file)
                      .write(raw, bytes, 0)
                      .fdatasync(raw)
                      .attempt();
              assertTrue(chain.succeeded());
              MemorySegment one = arena.allocate(1500);
              MemorySegment two = arena.allocate(1500);
              Outcomes batch =
                  ring.batch().read(file, one, 0).read(file, two, 1500).read(raw, one, 0).attempt();
              assertEquals(1500, batch.get(1).result());
              Bytes.check(1, 1500, two);
              long before = other.metrics().submitted();
              MemorySegment memory = arena.allocate(10);
              List<Executable> wrong =
                  List.of(
                      () -> other.chain().nop().read(file, memory, 0),
                      () -> other.chain().write(raw, memory, 0).fsync(file),
                      () -> other.batch().write(file, memory, 0),
                      () -> other.batch().fdatasync(file));
              for (Executable step : wrong) {
                assertThrows(IllegalArgumentException.class, step);
              }
              assertEquals(before, other.metrics().submitted());
            }
            assertEquals(opened.inlineHits(), ring.metrics().inlineHits());
            assertEquals(opened.inlineMisses(), ring.metrics().inlineMisses());
          });
    }
  }

  // ---- the table -----------------------------------------------------------------------------

  @Liburing({"file-register", "open-direct-pick"})
  @ParameterizedTest
  @MethodSource(CASES)
  void table_full(RingCase how) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 100);
    how.run(
        RingOptions.defaults().withRegisteredFiles(2),
        ring -> {
          try (RingFile first = RingFile.open(ring, path, READ, REGISTERED);
              RingFile second = RingFile.open(ring, path, READ, REGISTERED);
              RingFile raw = RingFile.open(ring, path, READ);
              RingDirectory parent = RingDirectory.open(ring, directory)) {
            for (Executable third :
                List.<Executable>of(
                    () -> RingFile.open(ring, path, READ, REGISTERED),
                    () -> parent.openFile(path.getFileName(), READ, REGISTERED))) {
              FileSystemException e = assertThrows(FileSystemException.class, third);
              assertTrue(e.getMessage().contains("All 2 slots"), e::getMessage);
              assertTrue(e.getMessage().contains("withRegisteredFiles"), e::getMessage);
            }
            first.close();
            try (RingFile third = RingFile.open(ring, path, READ, REGISTERED)) {
              check(third, 1, 100);
            }
            check(second, 1, 100);
            check(raw, 1, 100);
          }
        });
  }

  @Test
  void table_none() throws Exception {
    Path path = directory.resolve("file");
    try (Ring ring = Ring.open();
        RingDirectory parent = RingDirectory.open(ring, directory)) {
      for (Executable open :
          List.<Executable>of(
              () -> RingFile.open(ring, path, CREATE, WRITE, REGISTERED),
              () -> RingFileChannel.open(ring, path, Set.of(CREATE, WRITE, REGISTERED)),
              () -> parent.openFile(Path.of("file"), CREATE, WRITE, REGISTERED))) {
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, open);
        assertTrue(e.getMessage().contains("withRegisteredFiles"), e::getMessage);
      }
      assertFalse(Files.exists(path));
    }
  }

  /** As when the table is to be larger than the limit of open files. */
  @Test
  void table_refused() throws Exception {
    try (FaultKernel kernel = new FaultKernel()) {
      kernel.failRegister(IORING_REGISTER_FILES2, Errno.EMFILE);
      RingUnavailableException e =
          assertThrows(RingUnavailableException.class, () -> open(kernel, 100));
      assertTrue(e.getMessage().contains("100 slots"), e::getMessage);
      assertTrue(e.getMessage().contains("ulimit -n"), e::getMessage);
      assertEquals(0, kernel.openRings());
      open(kernel, 0).close();
    }
  }

  @Test
  void table_beyondTheLimitOfOpenFiles() throws Exception {
    int most = 1 << 20;
    try (Ring ring = Ring.open(RingOptions.defaults().withRegisteredFiles(most))) {
      assertTrue(ring.isOpen(), "there is no such limit here");
    } catch (RingUnavailableException e) {
      assertTrue(e.getMessage().contains("withRegisteredFiles"), e::getMessage);
    }
  }

  // ---- how it ends ---------------------------------------------------------------------------

  @ParameterizedTest
  @MethodSource(CASES)
  void close_refusesLaterCalls(RingCase how) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 100);
    how.run(
        TABLE,
        ring -> {
          RingFile file = RingFile.open(ring, path, READ, WRITE, REGISTERED);
          file.close();
          file.close();
          MemorySegment memory = Arena.ofAuto().allocate(10);
          for (Executable call :
              List.<Executable>of(
                  () -> file.read(memory, 0),
                  () -> file.write(memory, 0),
                  () -> file.read(new MemorySegment[] {memory}, 0),
                  file::fsync,
                  file::size,
                  () -> file.truncate(0),
                  file::installDescriptor)) {
            ClosedChannelException e = assertThrows(ClosedChannelException.class, call);
            assertEquals(ClosedChannelException.class, e.getClass());
          }
          assertFalse(file.isOpen());
        });
    Bytes.check(1, 0, Files.readAllBytes(path));
  }

  @ParameterizedTest
  @EachCaller
  void read_blocksAndCompletes(Caller caller) throws Exception {
    whileBlocked(
        caller,
        (ring, fifo, file, reader) -> {
          fifo.write(42);
          assertEquals((byte) 42, reader.result());
        });
  }

  @ParameterizedTest
  @EachCaller
  void read_closedMeanwhile(Caller caller) throws Exception {
    whileBlocked(
        caller,
        (ring, fifo, file, reader) -> {
          file.close();
          assertThrows(AsynchronousCloseException.class, reader::result);
        });
  }

  @ParameterizedTest
  @EachCaller
  void read_closedByACarriedThread(Caller caller) throws Exception {
    whileBlocked(
        caller,
        (ring, fifo, file, reader) -> {
          Caller.CARRIED.run(ring, file::close);
          assertThrows(AsynchronousCloseException.class, reader::result);
        });
  }

  @ParameterizedTest
  @EachCaller
  void read_interruptedMeanwhile(Caller caller) throws Exception {
    whileBlocked(
        caller,
        (ring, fifo, file, reader) -> {
          reader.interrupt();
          assertThrows(InterruptedIOException.class, reader::result);
          assertTrue(reader.interruptPending());
          fifo.write(43);
          assertEquals((byte) 43, caller.call(ring, () -> Fifo.read(file)));
        });
  }

  @Liburing("file-exit-unreg")
  @ParameterizedTest
  @EachCaller
  void read_ringClosedMeanwhile(Caller caller) throws Exception {
    whileBlocked(
        caller,
        (ring, fifo, file, reader) -> {
          ring.close();
          assertThrows(AsynchronousCloseException.class, reader::result);
          assertThrows(RingClosedException.class, () -> Fifo.read(file));
        });
  }

  @ParameterizedTest
  @EachCaller
  void read_timeIsUp(Caller caller) throws Exception {
    whileBlocked(
        caller,
        (ring, fifo, file, reader) -> {
          RingFile limited = file.within(Duration.ofMillis(20));
          assertThrows(
              OperationTimeoutException.class, () -> caller.call(ring, () -> Fifo.read(limited)));
          fifo.write(44);
          assertEquals((byte) 44, reader.result());
        });
  }

  private interface Blocked {
    void run(Ring ring, Fifo fifo, RingFile file, BlockedCall<Byte> reader) throws Exception;
  }

  private void whileBlocked(Caller caller, Blocked body) throws Exception {
    try (Ring ring = Ring.open(TABLE);
        Fifo fifo = Fifo.open(ring, directory);
        RingFile file = RingFile.open(ring, fifo.path(), READ, WRITE, REGISTERED)) {
      int raw = descriptors();
      BlockedCall<Byte> reader =
          BlockedCall.start(ring, caller, () -> Fifo.read(file)).awaitInFlight(ring, 1);
      assertEquals(raw, descriptors());
      body.run(ring, fifo, file, reader);
      assertEquals(0, ring.metrics().inFlight());
    }
  }

  @ParameterizedTest
  @EachCaller
  void ringClosed_takesItsFiles(Caller caller) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 100);
    Ring ring = Ring.open(TABLE);
    RingFile file = RingFile.open(ring, path, READ, WRITE, REGISTERED);
    RingFile raw = file.installDescriptor();
    ring.close();
    Caller.Action later =
        () -> {
          MemorySegment memory = Arena.ofAuto().allocate(10);
          assertThrows(RingClosedException.class, () -> file.read(memory, 0));
          assertThrows(RingClosedException.class, file::fsync);
          assertThrows(RingClosedException.class, file::size);
          assertThrows(RingClosedException.class, file::installDescriptor);
          file.close();
          assertThrows(ClosedChannelException.class, file::fsync);
        };
    if (caller == Caller.CARRIED) {
      try (Ring other = Ring.open()) {
        caller.run(other, later);
        if (other.carriesVirtualThreads()) {
          caller.run(other, () -> check(raw, 1, 100)); // its descriptor does without its ring
        }
      }
    } else {
      caller.run(ring, later);
    }
    raw.close();
    assertEquals(0, descriptors());
  }

  @Test
  void ringFailed_takesItsFiles() throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 100);
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = open(kernel, 4)) {
      RingFile file = RingFile.open(ring, path, READ, REGISTERED);
      kernel.failEnter(Errno.EBADR, 1);
      Await.until("the ring fails", () -> kernel.enterFaultsLeft() == 0);
      assertThrows(RingFailedException.class, () -> check(file, 1, 100));
      file.close();
      assertFalse(file.isOpen());
    }
    LeakCheck.expectLost(4096); // the ring's own wake-up buffer
  }

  @ParameterizedTest
  @EachCaller
  void close_interrupted(Caller caller) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 100);
    try (Ring ring = Ring.open(RingOptions.defaults().withRegisteredFiles(1))) {
      BlockedCall<Boolean> call =
          BlockedCall.start(
              ring,
              caller,
              () -> {
                RingFile file = RingFile.open(ring, path, READ, REGISTERED);
                Thread.currentThread().interrupt();
                file.close();
                return file.isOpen();
              });
      assertFalse(call.result());
      assertTrue(call.interruptPending());
      RingFile.open(ring, path, READ, REGISTERED).close(); // the slot is free
    }
  }

  // ---- opening that fails --------------------------------------------------------------------

  /**
   * A pipe without a reader, and with CREATE the kernel does not try without blocking. The only
   * slot must come out of it free.
   */
  @ParameterizedTest
  @EachCaller
  void open_interruptedWhileItBlocks(Caller caller) throws Exception {
    Path pipe = directory.resolve("pipe");
    Fifo.make(pipe);
    Path path = Bytes.file(directory.resolve("file"), 1, 100);
    try (Ring ring = Ring.open(RingOptions.defaults().withRegisteredFiles(1))) {
      BlockedCall<RingFile> opening =
          BlockedCall.start(
                  ring, caller, () -> RingFile.open(ring, pipe, CREATE, WRITE, REGISTERED))
              .awaitInFlight(ring, 1);
      opening.interrupt();
      assertThrows(InterruptedIOException.class, opening::result);
      assertTrue(opening.interruptPending());
      try (RingFile file = RingFile.open(ring, path, READ, REGISTERED)) {
        check(file, 1, 100);
      }
    }
  }

  @ParameterizedTest
  @EachCaller
  void open_blocksAndCompletes(Caller caller) throws Exception {
    Path pipe = directory.resolve("pipe");
    Fifo.make(pipe);
    try (Ring ring = Ring.open(RingOptions.defaults().withRegisteredFiles(2))) {
      BlockedCall<RingFile> opening =
          BlockedCall.start(
                  ring, caller, () -> RingFile.open(ring, pipe, CREATE, WRITE, REGISTERED))
              .awaitInFlight(ring, 1);
      try (RingFile reader = RingFile.open(ring, pipe, READ, REGISTERED);
          RingFile writer = opening.result()) {
        assertEquals(1, writer.write(ByteBuffer.wrap(new byte[] {42}), 0));
        assertEquals((byte) 42, Fifo.read(reader));
      }
    }
  }

  @ParameterizedTest
  @EachCaller
  void open_ringClosedWhileItBlocks(Caller caller) throws Exception {
    Path pipe = directory.resolve("pipe");
    Fifo.make(pipe);
    try (Ring ring = Ring.open(TABLE)) {
      BlockedCall<RingFile> opening =
          BlockedCall.start(
                  ring, caller, () -> RingFile.open(ring, pipe, CREATE, WRITE, REGISTERED))
              .awaitInFlight(ring, 1);
      ring.close();
      assertThrows(AsynchronousCloseException.class, opening::result);
    }
  }

  /** The file is open already when the interrupt comes: it is returned and not lost. */
  @ParameterizedTest
  @EachCaller
  void open_interruptedTooLate(Caller caller) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 100);
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = open(kernel, 1)) {
      kernel.add(FaultRule.on(IORING_OP_OPENAT).delay());
      BlockedCall<RingFile> opening =
          BlockedCall.start(ring, caller, () -> RingFile.open(ring, path, READ, REGISTERED));
      Await.until("the completion is held back", () -> kernel.held() == 1);
      opening.interrupt();
      kernel.clear();
      kernel.release();
      try (RingFile file = opening.result()) {
        assertTrue(opening.interruptPending());
        check(file, 1, 100);
        assertThrows(FileSystemException.class, () -> RingFile.open(ring, path, READ, REGISTERED));
      }
      RingFile.open(ring, path, READ, REGISTERED).close();
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {Errno.ENOENT, Errno.ENFILE, Errno.EACCES, Errno.EINVAL, Errno.EIO})
  void open_fails(int errno) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 100);
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = open(kernel, 1)) {
      kernel.add(FaultRule.on(IORING_OP_OPENAT).fail(errno).times(1));
      FileSystemException e =
          assertThrows(
              FileSystemException.class, () -> RingFile.open(ring, path, READ, REGISTERED));
      assertEquals(path.toString(), e.getFile());
      assertEquals(errno == Errno.ENOENT, e instanceof NoSuchFileException);
      try (RingFile file = RingFile.open(ring, path, READ, REGISTERED)) {
        check(file, 1, 100);
      }
    }
  }

  /** A kernel that names a slot which is empty, or not in the table, does no harm. */
  @ParameterizedTest
  @ValueSource(ints = {3, 4, 1 << 20, Integer.MAX_VALUE})
  void open_garbledSlot(int slot) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 100);
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = open(kernel, 4)) {
      kernel.add(FaultRule.on(IORING_OP_OPENAT).answer(slot).times(1));
      RingFile lost = RingFile.open(ring, path, READ, WRITE, REGISTERED);
      OperationException e = assertThrows(OperationException.class, () -> check(lost, 1, 100));
      assertEquals(Errno.EBADF, e.errno());
      assertThrows(OperationException.class, lost::size);
      assertThrows(IOException.class, lost::close);
      assertFalse(lost.isOpen());
      try (RingFile file = RingFile.open(ring, path, READ, REGISTERED)) {
        check(file, 1, 100);
      }
    }
  }

  // ---- a descriptor after all ----------------------------------------------------------------

  @Liburing("fd-install")
  @ParameterizedTest
  @MethodSource(CASES)
  void installDescriptor_sameFile(RingCase how) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 100);
    how.run(
        TABLE,
        ring -> {
          try (RingFile file = RingFile.open(ring, path, READ, WRITE, REGISTERED)) {
            try (RingFile raw = file.installDescriptor()) {
              assertFalse(raw.isRegistered());
              assertEquals(1, descriptors());
              assertTrue(isCloseOnExec(Handle.of(raw).fd()), "a child process would inherit it");
              file.close();
              check(raw, 1, 100);
              write(raw, 2, 100);
              assertEquals(100, raw.size());
              assertThrows(IllegalStateException.class, raw::installDescriptor);
            }
            assertEquals(0, descriptors());
          }
        });
    Bytes.check(2, 0, Files.readAllBytes(path));
  }

  private static boolean isCloseOnExec(int fd) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/self/fdinfo/" + fd))) {
      if (line.startsWith("flags:")) {
        return (Integer.parseInt(line.substring(6).strip(), 8) & 02000000) != 0;
      }
    }
    throw new AssertionError("no flags");
  }

  @Test
  void installDescriptor_refused() throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 100);
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = open(kernel, 1);
        RingFile file = RingFile.open(ring, path, READ, REGISTERED)) {
      kernel.add(FaultRule.on(IORING_OP_FIXED_FD_INSTALL).fail(Errno.EMFILE).times(2));
      OperationException e = assertThrows(OperationException.class, file::installDescriptor);
      assertEquals(Errno.EMFILE, e.errno());
      assertThrows(OperationException.class, file::size);
      assertEquals(100, file.size());
    }
  }

  /** The kernel reports lost data once for each open file, and these two are one. */
  @Test
  void installDescriptor_sharesTheFailedSync() throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 100);
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = open(kernel, 1);
        RingFile file = RingFile.open(ring, path, READ, WRITE, REGISTERED);
        RingFile raw = file.installDescriptor()) {
      kernel.add(FaultRule.on(IORING_OP_FSYNC).fail(Errno.EIO).times(1));
      assertThrows(OperationException.class, raw::fsync);
      assertThrows(OperationException.class, file::fsync);
      try (RingFile later = file.installDescriptor()) {
        assertThrows(OperationException.class, later::fsync);
      }
    }
  }

  // ---- as a channel --------------------------------------------------------------------------

  @ParameterizedTest
  @MethodSource(CASES)
  void channel_mapsAndLocks(RingCase how) throws Exception {
    Path path = directory.resolve("file");
    how.run(
        TABLE,
        ring -> {
          try (FileChannel channel =
              RingFileChannel.open(ring, path, Set.of(CREATE, READ, WRITE, REGISTERED))) {
            assertEquals(100, channel.write(ByteBuffer.wrap(Bytes.of(1, 0, 100))));
            channel.force(true);
            assertEquals(0, descriptors());
            MappedByteBuffer map = channel.map(FileChannel.MapMode.READ_WRITE, 0, 100);
            byte[] mapped = new byte[100];
            map.get(mapped);
            Bytes.check(1, 0, mapped);
            try (FileLock lock = channel.lock()) {
              assertTrue(lock.isValid());
              assumeTrue(isLocked(path), "/proc/locks does not tell");
              assertEquals(100, channel.size());
              assertTrue(isLocked(path), "closing a descriptor has released the lock");
            }
            assertEquals(2, descriptors(), "for the size, and the one that maps and locks");
            channel.truncate(50);
            assertEquals(50, channel.size());
          }
          assertEquals(0, descriptors());
        });
  }

  /** Returns whether some process has a lock on a file, as the kernel sees it. */
  private static boolean isLocked(Path path) throws IOException {
    String inode = ":" + Files.getAttribute(path, "unix:ino") + " ";
    return Files.readString(Path.of("/proc/locks")).contains(inode);
  }

  @ParameterizedTest
  @EachCaller
  void channel_lockInterrupted(Caller caller) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 100);
    try (Ring ring = Ring.open(TABLE)) {
      BlockedCall<FileChannel> call =
          BlockedCall.start(
              ring,
              caller,
              () -> {
                FileChannel channel =
                    RingFileChannel.open(ring, path, Set.of(READ, WRITE, REGISTERED));
                Thread.currentThread().interrupt();
                assertThrows(FileLockInterruptionException.class, channel::lock);
                return channel;
              });
      assertFalse(call.result().isOpen());
      assertTrue(call.interruptPending());
      assertEquals(0, descriptors());
    }
  }

  // ---- slots that are used again -------------------------------------------------------------

  /**
   * Threads open, write, read and close files in few slots, and some files are closed by another
   * thread meanwhile. Whatever comes of a transfer, no byte may get into, or come from, another
   * file than its own.
   */
  @Liburing("fixed-reuse")
  @Test
  void slots_usedAgain() throws Exception {
    int slots = 4;
    int threads = 12;
    int rounds = 100;
    int size = 3000;
    AtomicInteger transfers = new AtomicInteger();
    AtomicInteger ended = new AtomicInteger();
    try (Ring ring = Ring.open(RingOptions.defaults().withRegisteredFiles(slots));
        Ring other = Ring.open()) {
      List<Caller.Begun<Void>> all = new ArrayList<>();
      for (int t = 0; t < threads; t++) {
        int seed = t + 1;
        Path path = Files.write(directory.resolve("file-" + seed), new byte[size]);
        all.add(
            Caller.values()[t % 3].begin(
                t % 2 == 0 ? ring : other,
                () -> {
                  for (int round = 0; round < rounds; round++) {
                    RingFile file = openWhenThereIsRoom(ring, path);
                    Thread closer =
                        round % 2 == 0 ? null : ring.startVirtualThread(() -> closeNow(file));
                    try {
                      write(file, seed, size);
                      check(file, seed, size);
                      transfers.incrementAndGet();
                    } catch (ClosedChannelException _) {
                      ended.incrementAndGet();
                    }
                    file.close();
                    if (closer != null) {
                      closer.join();
                    }
                  }
                  return null;
                }));
      }
      for (Caller.Begun<Void> thread : all) {
        thread.result();
      }
      assertEquals(0, ring.metrics().inFlight());
    }
    assertTrue(transfers.get() >= threads * rounds / 2, () -> transfers + " transfers");
    assertTrue(ended.get() > 0, "no file was closed under its user");
    for (int t = 0; t < threads; t++) {
      Bytes.check(t + 1, 0, Files.readAllBytes(directory.resolve("file-" + (t + 1))));
    }
    assertEquals(0, descriptors());
  }

  private static RingFile openWhenThereIsRoom(Ring ring, Path path) throws IOException {
    while (true) {
      try {
        return RingFile.open(ring, path, READ, WRITE, REGISTERED);
      } catch (FileSystemException _) {
        ring.nop(); // not yield: those who spin so can keep the others from their processors
      }
    }
  }

  private static void closeNow(RingFile file) {
    try {
      file.close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** With the completion of a write held back, its slot is not given to another file. */
  @Liburing("fixed-reuse")
  @Test
  void slot_notGivenAwayBeforeTheLastCompletion() throws Exception {
    Path one = Bytes.file(directory.resolve("one"), 1, 100);
    Path two = Bytes.file(directory.resolve("two"), 2, 100);
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = open(kernel, 1)) {
      RingFile file = RingFile.open(ring, one, READ, WRITE, REGISTERED);
      kernel.add(FaultRule.on(IORING_OP_WRITE).delay());
      Caller.Begun<Void> writer =
          Caller.VIRTUAL.begin(
              ring,
              () -> {
                write(file, 3, 100);
                return null;
              });
      Await.until("the completion is held back", () -> kernel.held() == 1);
      Caller.Begun<Void> closer =
          Caller.VIRTUAL.begin(
              ring,
              () -> {
                file.close();
                return null;
              });
      Await.until("closing has begun", () -> !file.isOpen());
      closer.awaitParked();
      assertEquals(0, kernel.submitted(IORING_OP_CLOSE));
      assertThrows(FileSystemException.class, () -> RingFile.open(ring, two, READ, REGISTERED));
      kernel.clear();
      kernel.release();
      writer.result();
      closer.result();
      try (RingFile other = RingFile.open(ring, two, READ, REGISTERED)) {
        check(other, 2, 100);
      }
    }
    Bytes.check(3, 0, Files.readAllBytes(one));
  }
}
