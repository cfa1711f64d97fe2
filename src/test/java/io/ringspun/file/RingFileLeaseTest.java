package io.ringspun.file;

import static io.ringspun.internal.kernel.Constants.IORING_OP_READ;
import static io.ringspun.internal.kernel.Constants.IORING_OP_READ_FIXED;
import static io.ringspun.internal.kernel.Constants.IORING_OP_WRITE;
import static io.ringspun.internal.kernel.Constants.IORING_OP_WRITE_FIXED;
import static java.nio.file.StandardOpenOption.APPEND;
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
import io.ringspun.Ring;
import io.ringspun.RingFailedException;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.NativeMemory;
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
import io.ringspun.testing.RingCase;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Reads and writes of leased buffers, registered or not. */
@ExtendWith(LeakCheck.class)
class RingFileLeaseTest {
  private static final String CASES = "io.ringspun.testing.RingCase#all";

  @TempDir Path directory;

  private static RingFile openDirect(Ring ring, Path path) throws IOException {
    RingFile file = null;
    try {
      file = RingFile.open(ring, path, READ, WRITE, RingOpenOption.DIRECT);
    } catch (FileSystemException e) {
      assumeTrue(false, "the file system has no direct I/O: " + e);
    }
    return file;
  }

  @Liburing("read-write")
  @ParameterizedTest
  @MethodSource(CASES)
  void copy_cached(RingCase how) throws Exception {
    Path from = Bytes.file(directory.resolve("from"), 1, 50_001);
    Path to = Files.createFile(directory.resolve("to"));
    how.run(
        ring -> {
          try (BufferPool pool = ring.bufferPool(2, 10_000);
              RingFile source = RingFile.open(ring, from);
              RingFile target = RingFile.open(ring, to, WRITE)) {
            copy(pool, source, target);
          }
        });
    assertArrayEquals(Bytes.of(1, 0, 50_001), Files.readAllBytes(to));
  }

  private static void copy(BufferPool pool, RingFile source, RingFile target) throws IOException {
    long position = 0;
    int n;
    do {
      try (Lease lease = pool.take()) {
        n = source.read(lease, position);
        MemorySegment filled = lease.filled();
        assertEquals(Math.max(n, 0), filled.byteSize());
        assertTrue(filled.isReadOnly());
        Bytes.check(1, position, filled);
        for (int done = 0; done < n; ) {
          assertEquals(0, done, "a file takes all");
          done += target.write(lease, n, position);
        }
      }
      position += n;
    } while (n > 0);
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void transfer_direct(RingCase how) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 1 << 20);
    how.run(
        ring -> {
          for (int size : new int[] {4096, 128 << 10}) {
            try (RingFile file = openDirect(ring, path);
                BufferPool pool = ring.bufferPool(2, size);
                Lease lease = pool.take()) {
              assertEquals(size, file.read(lease, size));
              Bytes.check(1, size, lease.filled());
              assertThrows(IllegalArgumentException.class, () -> file.read(lease, 7));
              assertThrows(IllegalArgumentException.class, () -> file.write(lease, 7, 0));
              MemorySegment.copy(
                  MemorySegment.ofArray(Bytes.of(2, 0, size)), 0, lease.segment(), 0, size);
              assertEquals(size, file.write(lease, size, 0));
              assertEquals(size, file.read(lease, 0));
              Bytes.check(2, 0, lease.filled());
            }
            Bytes.file(path, 1, 1 << 20);
          }
        });
  }

  /** What is registered is used where it is, and only there. */
  @ParameterizedTest
  @EachCaller
  void opcodes_chosenByTheRing(Caller caller) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 8192);
    try (FaultKernel kernel = new FaultKernel();
        FaultKernel otherKernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel);
        Ring other = FaultyRing.open(otherKernel);
        BufferPool pool = ring.bufferPool(2, 4096);
        BufferPool otherPool = other.bufferPool(2, 4096);
        RingFile file = RingFile.open(ring, path, READ, WRITE)) {
      assumeTrue(pool.isRegistered(), "the limit of locked memory is too low");
      caller.run(ring, () -> readAndWrite(pool, file));
      assertEquals(1, kernel.submitted(IORING_OP_READ_FIXED));
      assertEquals(1, kernel.submitted(IORING_OP_WRITE_FIXED));
      assertEquals(0, kernel.submitted(IORING_OP_WRITE));
      kernel.forget();
      caller.run(ring, () -> readAndWrite(otherPool, file));
      assertEquals(0, kernel.submitted(IORING_OP_READ_FIXED));
      assertEquals(0, kernel.submitted(IORING_OP_WRITE_FIXED));
      assertEquals(1, kernel.submitted(IORING_OP_WRITE));
      assertTrue(kernel.submitted(IORING_OP_READ) >= 1); // and the wake-up reads
    }
  }

  @ParameterizedTest
  @EachCaller
  void unregistered_sameBytes(Caller caller) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 8192);
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel)) {
      kernel.failRegister(Constants.IORING_REGISTER_BUFFERS_UPDATE, Errno.ENOMEM);
      try (BufferPool pool = ring.bufferPool(2, 4096);
          RingFile file = RingFile.open(ring, path, READ, WRITE)) {
        caller.run(ring, () -> readAndWrite(pool, file));
        assertEquals(0, kernel.submitted(IORING_OP_READ_FIXED));
        assertEquals(0, kernel.submitted(IORING_OP_WRITE_FIXED));
        assertEquals(1, kernel.submitted(IORING_OP_WRITE));
      }
    }
  }

  private static void readAndWrite(BufferPool pool, RingFile file) throws IOException {
    try (Lease lease = pool.take()) {
      assertEquals(4096, file.read(lease, 100));
      Bytes.check(1, 100, lease.filled());
      assertEquals(50, file.write(lease, 50, 100));
    }
  }

  /** Each pool has a slot of its own, and gives it up when it is closed. */
  @Test
  void pools_apart() throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 8192);
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel);
        RingFile file = RingFile.open(ring, path, READ, WRITE)) {
      BufferPool first = ring.bufferPool(2, 4096);
      BufferPool second = ring.bufferPool(2, 4096);
      assumeTrue(first.isRegistered(), "the limit of locked memory is too low");
      readAndWrite(first, file);
      readAndWrite(second, file);
      first.close();
      readAndWrite(second, file);
      BufferPool third = ring.bufferPool(2, 4096);
      readAndWrite(third, file);
      readAndWrite(second, file);
      third.close();
      second.close();
      assertEquals(5, kernel.submitted(IORING_OP_READ_FIXED));
    }
  }

  /** A short transfer shows what it brought; what the last user left behind it stays hidden. */
  @ParameterizedTest
  @MethodSource(CASES)
  void stale_neverVisible(RingCase how) throws Exception {
    Path secret = Files.write(directory.resolve("secret"), "s".repeat(4096).getBytes());
    Path small = Bytes.file(directory.resolve("small"), 1, 10);
    Path out = Files.createFile(directory.resolve("out"));
    how.run(
        ring -> {
          try (BufferPool pool = ring.bufferPool(1, 4096);
              RingFile secrets = RingFile.open(ring, secret);
              RingFile file = RingFile.open(ring, small);
              RingFile target = RingFile.open(ring, out, READ, WRITE)) {
            leak(pool, secrets);
            try (Lease lease = pool.take()) {
              assertEquals(0, lease.filled().byteSize());
              assertEquals(10, file.read(lease, 0));
              assertEquals(10, lease.filled().byteSize());
              Bytes.check(1, 0, lease.filled());
              assertEquals(4000, target.write(lease, 4000, 0));
              MemorySegment all = lease.segment();
              Bytes.check(1, 0, all.asSlice(0, 10));
              assertArrayEquals(new byte[4086], all.asSlice(10).toArray(ValueLayout.JAVA_BYTE));
              assertEquals(-1, file.read(lease, 10));
              assertEquals(0, lease.filled().byteSize());
            }
            byte[] written = Files.readAllBytes(out);
            assertEquals(4000, written.length);
            for (int i = 10; i < 4000; i++) {
              assertEquals(0, written[i], "someone else's byte " + i + " got to the disk");
            }
            leak(pool, secrets);
            try (Lease lease = pool.take()) {
              target.write(lease, 100, 0);
            }
            assertArrayEquals(new byte[100], Arrays.copyOf(Files.readAllBytes(out), 100));
          }
        });
  }

  private static void leak(BufferPool pool, RingFile secrets) throws IOException {
    try (Lease lease = pool.take()) {
      assertEquals(4096, secrets.read(lease, 0));
    }
  }

  @Test
  void failed_showsNothing() throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 8192);
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel);
        BufferPool pool = ring.bufferPool(1, 4096);
        RingFile file = RingFile.open(ring, path);
        Lease lease = pool.take()) {
      assertEquals(4096, file.read(lease, 0));
      int opcode = pool.isRegistered() ? IORING_OP_READ_FIXED : IORING_OP_READ;
      kernel.add(FaultRule.on(opcode).answer(-Errno.EIO).times(1));
      assertThrows(OperationException.class, () -> file.read(lease, 4096));
      assertEquals(0, lease.filled().byteSize());
      kernel.add(FaultRule.on(opcode).shorten(100).times(1));
      assertEquals(100, file.read(lease, 4096));
      Bytes.check(1, 4096, lease.filled());
      assertEquals(100, lease.filled().byteSize());
    }
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void arguments_bad(RingCase how) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 100);
    how.run(
        ring -> {
          try (BufferPool pool = ring.bufferPool(2, 4096);
              RingFile readable = RingFile.open(ring, path, READ);
              RingFile writable = RingFile.open(ring, path, WRITE);
              RingFile log = RingFile.open(ring, path, APPEND);
              Lease lease = pool.take()) {
            assertThrows(IllegalArgumentException.class, () -> readable.read(lease, -1));
            assertThrows(
                IllegalArgumentException.class, () -> readable.read(lease, Long.MAX_VALUE));
            assertThrows(IndexOutOfBoundsException.class, () -> writable.write(lease, 0, 0));
            assertThrows(IndexOutOfBoundsException.class, () -> writable.write(lease, -1, 0));
            assertThrows(IndexOutOfBoundsException.class, () -> writable.write(lease, 4097, 0));
            assertThrows(IllegalArgumentException.class, () -> writable.write(lease, 1, -1));
            assertThrows(NonReadableChannelException.class, () -> writable.read(lease, 0));
            assertThrows(NonWritableChannelException.class, () -> readable.write(lease, 1, 0));
            assertThrows(IllegalStateException.class, () -> log.write(lease, 1, 0));
            Lease closed = pool.take();
            closed.close();
            assertThrows(IllegalStateException.class, () -> readable.read(closed, 0));
            assertThrows(IllegalStateException.class, () -> writable.write(closed, 1, 0));
            assertThrows(
                WrongThreadException.class,
                () -> Caller.PLATFORM.run(ring, () -> readable.read(lease, 0)));
            assertThrows(
                WrongThreadException.class,
                () -> Caller.VIRTUAL.run(ring, () -> writable.write(lease, 1, 0)));
            readable.close();
            assertThrows(ClosedChannelException.class, () -> readable.read(lease, 0));
          }
        });
    assertArrayEquals(Bytes.of(1, 0, 100), Files.readAllBytes(path));
  }

  /** A segment of a lease goes to the kernel as it is, by the operations that take segments. */
  @ParameterizedTest
  @MethodSource(CASES)
  void segment_usableAsAny(RingCase how) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 8192);
    how.run(
        ring -> {
          try (BufferPool pool = ring.bufferPool(1, 4096);
              RingFile file = RingFile.open(ring, path);
              Lease lease = pool.take()) {
            file.readFully(lease.segment(), 1);
            Bytes.check(1, 1, lease.segment());
            assertThrows(IllegalArgumentException.class, () -> file.read(lease.filled(), 0));
          }
        });
  }

  private enum End {
    INTERRUPT,
    TIMEOUT,
    CLOSE_FILE,
    CLOSE_RING
  }

  /** The kernel keeps the buffer until it has answered, and the lease is good afterwards. */
  @ParameterizedTest
  @EnumSource
  void blocked_ended(End end) throws Exception {
    for (Caller caller : Caller.values()) {
      Path path = directory.resolve(end + "-" + caller);
      Fifo.make(path);
      try (Ring ring = Ring.open();
          BufferPool pool = ring.bufferPool(1, 4096);
          RingFile file = RingFile.open(ring, path, READ, WRITE)) {
        RingFile timed = end == End.TIMEOUT ? file.within(Duration.ofMillis(5)) : file;
        BlockedCall<Integer> blocked =
            BlockedCall.start(
                ring,
                caller,
                () -> {
                  try (Lease lease = pool.take()) {
                    return timed.read(lease, 0);
                  }
                });
        if (end != End.TIMEOUT) {
          blocked.awaitInFlight(ring, 1);
        }
        switch (end) {
          case INTERRUPT -> blocked.interrupt();
          case CLOSE_FILE -> file.close();
          case CLOSE_RING -> ring.close();
          case TIMEOUT -> {}
        }
        Class<? extends IOException> expected =
            end == End.INTERRUPT || end == End.TIMEOUT
                ? InterruptedIOException.class
                : AsynchronousCloseException.class;
        assertThrows(expected, blocked::result);
        assertEquals(0, ring.metrics().inFlight());
        if (end != End.CLOSE_RING) {
          pool.take().close();
        }
      }
    }
  }

  /** The ring fails while the kernel has the buffer: nobody may ever use it again. */
  @ParameterizedTest
  @EachCaller
  void ringFailed_bufferIsLost(Caller caller) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 8192);
    LeakCheck.expectLost(3 * 4096); // the ring's own buffer, and the pool's two
    long before;
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel);
        BufferPool pool = ring.bufferPool(2, 4096);
        RingFile file = RingFile.open(ring, path)) {
      int opcode = pool.isRegistered() ? IORING_OP_READ_FIXED : IORING_OP_READ;
      kernel.add(FaultRule.on(opcode).delay());
      before = NativeMemory.allocatedBytes();
      Caller.Begun<Integer> reading =
          caller.begin(
              ring,
              () -> {
                try (Lease lease = pool.take()) {
                  return file.read(lease, 0);
                }
              });
      Await.until("held", () -> kernel.held() == 1);
      kernel.throwFromEnter(new IllegalStateException("on purpose"));
      assertThrows(RingFailedException.class, reading::result);
      assertThrows(RingFailedException.class, pool::take);
      pool.close();
      assertFalse(pool.isOpen());
      assertEquals(before, NativeMemory.allocatedBytes(), "the kernel may still write there");
    }
  }
}
