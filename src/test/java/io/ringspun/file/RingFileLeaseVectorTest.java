package io.ringspun.file;

import static io.ringspun.internal.kernel.Constants.IORING_OP_READV;
import static io.ringspun.internal.kernel.Constants.IORING_OP_READV_FIXED;
import static io.ringspun.internal.kernel.Constants.IORING_OP_WRITEV;
import static io.ringspun.internal.kernel.Constants.IORING_OP_WRITEV_FIXED;
import static io.ringspun.internal.kernel.Constants.IORING_REGISTER_BUFFERS_UPDATE;
import static io.ringspun.internal.kernel.Constants.IORING_REGISTER_PROBE;
import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.BufferPool;
import io.ringspun.FaultyRing;
import io.ringspun.Lease;
import io.ringspun.OperationException;
import io.ringspun.Ring;
import io.ringspun.RingFailedException;
import io.ringspun.RingGroup;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.ErrnoException;
import io.ringspun.internal.kernel.KernelFeatures;
import io.ringspun.internal.kernel.LinuxKernel;
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
import org.junit.jupiter.params.provider.ValueSource;

/** Reads and writes of several leased buffers at once, registered or not. */
@ExtendWith(LeakCheck.class)
class RingFileLeaseVectorTest {
  private static final String CASES = "io.ringspun.testing.RingCase#all";

  @TempDir Path directory;

  private static Lease[] take(BufferPool pool, int count) throws IOException {
    Lease[] leases = new Lease[count];
    for (int i = 0; i < count; i++) {
      leases[i] = pool.take();
    }
    return leases;
  }

  private static void close(Lease[] leases) {
    Arrays.stream(leases).forEach(Lease::close);
  }

  /** Checks what each lease shows of bytes that were read at a position. */
  private static void assertFilled(Lease[] leases, long position, int... sizes) {
    long at = position;
    for (int i = 0; i < leases.length; i++) {
      MemorySegment filled = leases[i].filled();
      assertEquals(sizes[i], filled.byteSize(), "buffer " + i);
      Bytes.check(1, at, filled);
      at += sizes[i];
    }
  }

  @Liburing("vec-regbuf")
  @ParameterizedTest
  @MethodSource(CASES)
  void copy_cached(RingCase how) throws Exception {
    Path from = Bytes.file(directory.resolve("from"), 1, 50_001);
    Path to = Files.createFile(directory.resolve("to"));
    how.run(
        ring -> {
          try (BufferPool pool = ring.bufferPool(3, 5000);
              RingFile source = RingFile.open(ring, from);
              RingFile target = RingFile.open(ring, to, WRITE)) {
            long position = 0;
            long n;
            do {
              Lease[] leases = take(pool, 3);
              n = source.read(leases, position);
              if (n > 0) {
                assertEquals(n, target.write(leases, n, position));
              }
              close(leases);
              position += n;
            } while (n > 0);
          }
        });
    assertArrayEquals(Bytes.of(1, 0, 50_001), Files.readAllBytes(to));
  }

  /** The end of the file within each of the buffers, at their borders, and before them all. */
  @ParameterizedTest
  @MethodSource(CASES)
  void filled_isExactlyTheirPart(RingCase how) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 10_000);
    how.run(
        ring -> {
          try (BufferPool pool = ring.bufferPool(3, 1000);
              RingFile file = RingFile.open(ring, path)) {
            Lease[] leases = take(pool, 3);
            assertEquals(3000, file.read(leases, 5));
            assertFilled(leases, 5, 1000, 1000, 1000);
            assertEquals(2999, file.read(leases, 7001));
            assertFilled(leases, 7001, 1000, 1000, 999);
            assertEquals(2000, file.read(leases, 8000));
            assertFilled(leases, 8000, 1000, 1000, 0);
            assertEquals(1500, file.read(leases, 8500));
            assertFilled(leases, 8500, 1000, 500, 0);
            assertEquals(1, file.read(leases, 9999));
            assertFilled(leases, 9999, 1, 0, 0);
            assertEquals(-1, file.read(leases, 10_000));
            assertFilled(leases, 10_000, 0, 0, 0);
            close(leases);
          }
        });
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void transfer_direct(RingCase how) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 64 << 10);
    how.run(
        ring -> {
          try (RingFile file = RingFile.open(ring, path, READ, WRITE, RingOpenOption.DIRECT);
              BufferPool pool = ring.bufferPool(3, 8192)) {
            Lease[] leases = take(pool, 3);
            assertEquals(3 * 8192, file.read(leases, 4096));
            assertFilled(leases, 4096, 8192, 8192, 8192);
            assertEquals(8192 + 4096, file.write(leases, 8192 + 4096, 0));
            assertThrows(IllegalArgumentException.class, () -> file.write(leases, 8200, 0));
            assertThrows(IllegalArgumentException.class, () -> file.read(leases, 7));
            close(leases);
          } catch (FileSystemException e) {
            assumeTrue(false, "the file system has no direct I/O: " + e);
          }
        });
    assertArrayEquals(Bytes.of(1, 4096, 12_288), Arrays.copyOf(Files.readAllBytes(path), 12_288));
  }

  private static void assumeVectors(BufferPool pool) throws ErrnoException {
    assumeTrue(pool.isRegistered(), "the limit of locked memory is too low");
    assumeTrue(
        KernelFeatures.probe(LinuxKernel.INSTANCE).opcodes().contains("READV_FIXED"),
        "Linux 6.15 has vectored operations on registered buffers");
  }

  /** What is registered is named where it is and where all of it is one registration. */
  @ParameterizedTest
  @EachCaller
  void opcodes_chosenByTheRing(Caller caller) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 8192);
    try (FaultKernel kernel = new FaultKernel();
        FaultKernel otherKernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel);
        Ring other = FaultyRing.open(otherKernel);
        BufferPool pool = ring.bufferPool(2, 1000);
        BufferPool second = ring.bufferPool(2, 1000);
        BufferPool otherPool = other.bufferPool(2, 1000);
        RingFile file = RingFile.open(ring, path, READ, WRITE)) {
      assumeVectors(pool);
      caller.run(ring, () -> readAndWrite(file, pool, pool));
      assertOpcodes(kernel, 1, 0);
      caller.run(ring, () -> readAndWrite(file, second, second));
      assertOpcodes(kernel, 2, 0);
      caller.run(ring, () -> readAndWrite(file, pool, second));
      assertOpcodes(kernel, 2, 1);
      caller.run(ring, () -> readAndWrite(file, otherPool, otherPool));
      assertOpcodes(kernel, 2, 2);
    }
  }

  @Test
  void groupPool_namedOnEveryRing() throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 8192);
    try (FaultKernel kernel = new FaultKernel();
        RingGroup group = FaultyRing.openGroup(2, kernel);
        BufferPool pool = group.bufferPool(2, 1000)) {
      assumeVectors(pool);
      for (Ring ring : group.rings()) {
        try (RingFile file = RingFile.open(ring, path, READ, WRITE)) {
          readAndWrite(file, pool, pool);
        }
      }
      assertOpcodes(kernel, 2, 0);
    }
  }

  /** As before Linux 6.15, and with memory that is not registered. */
  @ParameterizedTest
  @ValueSource(ints = {IORING_REGISTER_PROBE, IORING_REGISTER_BUFFERS_UPDATE})
  void kernelWithout_plainOperations(int refused) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 8192);
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel)) {
      kernel.failRegister(refused, Errno.EINVAL);
      try (BufferPool pool = ring.bufferPool(2, 1000);
          RingFile file = RingFile.open(ring, path, READ, WRITE)) {
        readAndWrite(file, pool, pool);
        assertOpcodes(kernel, 0, 1);
      }
    }
  }

  private static void readAndWrite(RingFile file, BufferPool first, BufferPool second)
      throws IOException {
    try (Lease one = first.take();
        Lease two = second.take()) {
      Lease[] leases = {one, two};
      assertEquals(2000, file.read(leases, 100));
      assertFilled(leases, 100, 1000, 1000);
      assertEquals(1500, file.write(leases, 1500, 100));
    }
  }

  private static void assertOpcodes(FaultKernel kernel, int fixed, int plain) {
    assertEquals(fixed, kernel.submitted(IORING_OP_READV_FIXED));
    assertEquals(fixed, kernel.submitted(IORING_OP_WRITEV_FIXED));
    assertEquals(plain, kernel.submitted(IORING_OP_READV));
    assertEquals(plain, kernel.submitted(IORING_OP_WRITEV));
  }

  @Test
  void shortAndFailed_showOnlyWhatCame() throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 8192);
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel);
        BufferPool pool = ring.bufferPool(3, 1000);
        RingFile file = RingFile.open(ring, path, READ, WRITE)) {
      int[] reads = {IORING_OP_READV, IORING_OP_READV_FIXED};
      int[] writes = {IORING_OP_WRITEV, IORING_OP_WRITEV_FIXED};
      Lease[] leases = take(pool, 3);
      assertEquals(3000, file.read(leases, 0));
      kernel.add(FaultRule.on(reads).shorten(1300).times(1));
      assertEquals(1300, file.read(leases, 50));
      assertFilled(leases, 50, 1000, 300, 0);
      kernel.add(FaultRule.on(writes).shorten(1100).times(1));
      assertEquals(1100, file.write(leases, 1300, 50));
      kernel.add(FaultRule.on(reads).answer(-Errno.EIO).times(1));
      assertThrows(OperationException.class, () -> file.read(leases, 50));
      assertFilled(leases, 50, 0, 0, 0);
      kernel.add(FaultRule.on(writes).fail(Errno.ENOSPC).times(1));
      assertThrows(OperationException.class, () -> file.write(leases, 3000, 50));
      close(leases);
    }
    assertArrayEquals(Bytes.of(1, 0, 8192), Files.readAllBytes(path));
  }

  @Test
  void stale_neverWritten() throws Exception {
    Path secret = Files.write(directory.resolve("secret"), "s".repeat(3000).getBytes());
    Path out = Files.createFile(directory.resolve("out"));
    try (Ring ring = Ring.open();
        BufferPool pool = ring.bufferPool(3, 1000);
        RingFile secrets = RingFile.open(ring, secret);
        RingFile target = RingFile.open(ring, out, WRITE)) {
      Lease[] leases = take(pool, 3);
      assertEquals(3000, secrets.read(leases, 0));
      close(leases);
      Lease[] others = take(pool, 3);
      assertEquals(2500, target.write(others, 2500, 0));
      close(others);
    }
    assertArrayEquals(new byte[2500], Files.readAllBytes(out));
  }

  /** One operation takes 1,024 buffers. */
  @Test
  void tooMany_theFirst() throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 2000);
    try (Ring ring = Ring.open();
        BufferPool pool = ring.bufferPool(1030, 1);
        RingFile file = RingFile.open(ring, path, READ, WRITE)) {
      Lease[] leases = take(pool, 1030);
      assertEquals(1024, file.read(leases, 7));
      int[] sizes = new int[1030];
      Arrays.fill(sizes, 0, 1024, 1);
      assertFilled(leases, 7, sizes);
      assertEquals(1024, file.write(leases, 1030, 7));
      close(leases);
    }
    assertArrayEquals(Bytes.of(1, 0, 2000), Files.readAllBytes(path));
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void arguments_bad(RingCase how) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 100);
    how.run(
        ring -> {
          try (BufferPool pool = ring.bufferPool(3, 1000);
              RingFile readable = RingFile.open(ring, path, READ);
              RingFile writable = RingFile.open(ring, path, WRITE);
              RingFile log = RingFile.open(ring, path, APPEND)) {
            Lease[] two = take(pool, 2);
            Lease[] twice = {two[0], two[1], two[0]};
            assertThrows(IllegalArgumentException.class, () -> readable.read(two, -1));
            assertThrows(IllegalArgumentException.class, () -> readable.read(two, Long.MAX_VALUE));
            assertThrows(IllegalArgumentException.class, () -> readable.read(twice, 0));
            assertThrows(IllegalArgumentException.class, () -> writable.write(twice, 1, 0));
            assertThrows(IllegalArgumentException.class, () -> readable.read(new Lease[0], 0));
            assertThrows(IndexOutOfBoundsException.class, () -> writable.write(new Lease[0], 1, 0));
            assertThrows(IndexOutOfBoundsException.class, () -> writable.write(two, 0, 0));
            assertThrows(IndexOutOfBoundsException.class, () -> writable.write(two, 2001, 0));
            assertThrows(IllegalArgumentException.class, () -> writable.write(two, 1, -1));
            assertThrows(NonReadableChannelException.class, () -> writable.read(two, 0));
            assertThrows(NonWritableChannelException.class, () -> readable.write(two, 1, 0));
            assertThrows(IllegalStateException.class, () -> log.write(two, 1, 0));
            Lease closed = pool.take();
            closed.close();
            Lease[] dead = {two[0], closed};
            assertThrows(IllegalStateException.class, () -> readable.read(dead, 0));
            assertThrows(IllegalStateException.class, () -> writable.write(dead, 1, 0));
            assertThrows(
                WrongThreadException.class,
                () -> Caller.PLATFORM.run(ring, () -> readable.read(two, 0)));
            assertThrows(
                WrongThreadException.class,
                () -> Caller.VIRTUAL.run(ring, () -> writable.write(two, 1, 0)));
            readable.close();
            assertThrows(ClosedChannelException.class, () -> readable.read(two, 0));
            close(two);
          }
        });
    assertArrayEquals(Bytes.of(1, 0, 100), Files.readAllBytes(path));
  }

  private enum End {
    INTERRUPT,
    TIMEOUT,
    CLOSE_FILE,
    CLOSE_RING
  }

  /** The kernel keeps the buffers until it has answered, and the leases are good afterwards. */
  @ParameterizedTest
  @EnumSource
  void blocked_ended(End end) throws Exception {
    for (Caller caller : Caller.values()) {
      Path path = directory.resolve(end + "-" + caller);
      Fifo.make(path);
      try (Ring ring = Ring.open();
          BufferPool pool = ring.bufferPool(2, 4096);
          RingFile file = RingFile.open(ring, path, READ, WRITE)) {
        RingFile timed = end == End.TIMEOUT ? file.within(Duration.ofMillis(5)) : file;
        BlockedCall<Long> blocked =
            BlockedCall.start(
                ring,
                caller,
                () -> {
                  Lease[] leases = take(pool, 2);
                  try {
                    return timed.read(leases, 0);
                  } finally {
                    close(leases);
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
          close(take(pool, 2));
        }
      }
    }
  }

  /** What blocks first completes when the bytes come, and the second buffer stays empty. */
  @ParameterizedTest
  @EachCaller
  void blocked_completes(Caller caller) throws Exception {
    Path path = directory.resolve("fifo");
    Fifo.make(path);
    try (Ring ring = Ring.open();
        BufferPool pool = ring.bufferPool(2, 4096);
        RingFile file = RingFile.open(ring, path, READ, WRITE)) {
      BlockedCall<Long> blocked =
          BlockedCall.start(
              ring,
              caller,
              () -> {
                Lease[] leases = take(pool, 2);
                long n = file.read(leases, 0);
                assertFilled(leases, 0, 10, 0);
                close(leases);
                return n;
              });
      blocked.awaitInFlight(ring, 1);
      Files.write(path, Bytes.of(1, 0, 10));
      assertEquals(10, blocked.result());
    }
  }

  @ParameterizedTest
  @EachCaller
  void ringFailed_buffersAreLost(Caller caller) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 8192);
    LeakCheck.expectLost(4 * 4096); // the ring's own buffer, the pool's two, the vector
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel);
        RingFile file = RingFile.open(ring, path)) {
      BufferPool pool = ring.bufferPool(2, 4096);
      kernel.add(FaultRule.on(IORING_OP_READV_FIXED, IORING_OP_READV).delay());
      Caller.Begun<Void> reading =
          caller.begin(
              ring,
              () -> {
                Lease[] leases = take(pool, 2);
                assertThrows(RingFailedException.class, () -> file.read(leases, 0));
                assertFilled(leases, 0, 0, 0);
                close(leases);
                return null;
              });
      Await.until("held", () -> kernel.held() == 1);
      kernel.throwFromEnter(new IllegalStateException("on purpose"));
      reading.result();
      assertFalse(pool.isOpen(), "both its buffers are lost");
    }
  }
}
