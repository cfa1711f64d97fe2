package io.ringspun;

import static io.ringspun.internal.kernel.Constants.IORING_OP_READ;
import static io.ringspun.internal.kernel.Constants.IORING_OP_READ_FIXED;
import static io.ringspun.internal.kernel.Constants.IORING_OP_WRITE;
import static io.ringspun.internal.kernel.Constants.IORING_OP_WRITE_FIXED;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.file.RingFile;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.testing.Await;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import io.ringspun.testing.Fifo;
import io.ringspun.testing.LeakCheck;
import io.ringspun.testing.RingCase;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;
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

/** Leases as steps of chains and batches. */
@ExtendWith(LeakCheck.class)
class TransactionLeaseTest {
  private static final String CASES = "io.ringspun.testing.RingCase#all";

  @TempDir Path directory;

  private enum Kind {
    CHAIN {
      @Override
      Transaction<?> on(Ring ring) {
        return ring.chain();
      }
    },
    BATCH {
      @Override
      Transaction<?> on(Ring ring) {
        return ring.batch();
      }
    };

    abstract Transaction<?> on(Ring ring);
  }

  private Path file(long bytes) throws IOException {
    return Bytes.file(directory.resolve("file"), 1, (int) bytes);
  }

  /** A chain copies by way of a buffer that nobody looks at. */
  @ParameterizedTest
  @MethodSource(CASES)
  void chain_copies(RingCase how) throws Exception {
    Path from = file(4096);
    Path to = Files.createFile(directory.resolve("to"));
    how.run(
        ring -> {
          try (BufferPool pool = ring.bufferPool(1, 4096);
              RingFile source = RingFile.open(ring, from);
              RingFile target = RingFile.open(ring, to, WRITE);
              Lease lease = pool.take()) {
            Outcomes result =
                ring.chain()
                    .read(source, lease, 0)
                    .write(target, lease, 4000, 0)
                    .fsync(target)
                    .attempt();
            result.orThrow();
            assertEquals(4096, result.get(0).result());
            assertEquals(4000, result.get(1).result());
            assertEquals(4096, lease.filled().byteSize());
            Bytes.check(1, 0, lease.filled());
          }
        });
    assertArrayEquals(Bytes.of(1, 0, 4000), Files.readAllBytes(to));
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void batch_eachLeaseHasItsPart(RingCase how) throws Exception {
    Path path = file(10_000);
    how.run(
        ring -> {
          try (BufferPool pool = ring.bufferPool(3, 4096);
              RingFile file = RingFile.open(ring, path);
              Lease first = pool.take();
              Lease second = pool.take();
              Lease third = pool.take()) {
            Outcomes result =
                ring.batch()
                    .read(file, first, 0)
                    .read(file, second, 8192)
                    .read(file, third, 10_000)
                    .attempt();
            assertEquals(4096, result.get(0).result());
            assertEquals(1808, result.get(1).result());
            assertEquals(0, result.get(2).result());
            assertEquals(4096, first.filled().byteSize());
            Bytes.check(1, 0, first.filled());
            assertEquals(1808, second.filled().byteSize());
            Bytes.check(1, 8192, second.filled());
            assertEquals(0, third.filled().byteSize());
          }
        });
  }

  /** What is registered is used where it is, and only there. */
  @ParameterizedTest
  @EnumSource
  void opcodes_chosenByTheRing(Kind kind) throws Exception {
    Path path = file(8192);
    try (FaultKernel kernel = new FaultKernel();
        FaultKernel otherKernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel);
        Ring other = FaultyRing.open(otherKernel);
        BufferPool pool = ring.bufferPool(2, 4096);
        RingFile file = RingFile.open(ring, path, READ, WRITE);
        Lease lease = pool.take()) {
      assumeTrue(pool.isRegistered(), "the limit of locked memory is too low");
      Outcomes result = kind.on(ring).read(file, lease, 1).write(file, lease, 10, 8192).attempt();
      assertEquals(4096, result.get(0).result());
      assertEquals(10, result.get(1).result());
      assertEquals(1, kernel.submitted(IORING_OP_READ_FIXED));
      assertEquals(1, kernel.submitted(IORING_OP_WRITE_FIXED));
      assertEquals(0, kernel.submitted(IORING_OP_WRITE));
      Bytes.check(1, 1, lease.filled());

      result = kind.on(other).read(file, lease, 2).write(file, lease, 10, 8192).attempt();
      assertEquals(4096, result.get(0).result());
      assertEquals(10, result.get(1).result());
      assertEquals(0, otherKernel.submitted(IORING_OP_READ_FIXED));
      assertEquals(0, otherKernel.submitted(IORING_OP_WRITE_FIXED));
      assertEquals(1, otherKernel.submitted(IORING_OP_READ));
      assertEquals(1, otherKernel.submitted(IORING_OP_WRITE));
      Bytes.check(1, 2, lease.filled());
    }
  }

  /** A pool of a group is registered with the ring of any chain. */
  @Test
  void groupPool_onAnyRing() throws Exception {
    Path path = file(8192);
    try (FaultKernel kernel = new FaultKernel();
        RingGroup group = FaultyRing.openGroup(2, kernel);
        BufferPool pool = group.bufferPool(1, 4096);
        RingFile file = RingFile.open(group.rings().getFirst(), path);
        Lease lease = pool.take()) {
      assumeTrue(pool.isRegistered(), "the limit of locked memory is too low");
      for (Ring ring : group.rings()) {
        ring.chain().read(file, lease, 5).run();
        Bytes.check(1, 5, lease.filled());
      }
      assertEquals(2, kernel.submitted(IORING_OP_READ_FIXED));
    }
  }

  @Test
  void chain_shortAndFailed() throws Exception {
    Path path = file(8192);
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel);
        BufferPool pool = ring.bufferPool(2, 4096);
        RingFile file = RingFile.open(ring, path);
        Lease first = pool.take();
        Lease second = pool.take()) {
      int opcode = pool.isRegistered() ? IORING_OP_READ_FIXED : IORING_OP_READ;
      file.read(second, 0);
      Outcomes result = ring.chain().read(file, first, 8092).read(file, second, 0).attempt();
      assertEquals(100, result.get(0).result());
      assertTrue(result.get(1).isCancelled());
      assertEquals(100, first.filled().byteSize());
      Bytes.check(1, 8092, first.filled());
      assertEquals(0, second.filled().byteSize(), "what it has is of an earlier read");
      kernel.add(FaultRule.on(opcode).answer(-Errno.EIO).times(1));
      assertFalse(ring.batch().read(file, first, 0).read(file, second, 7).attempt().succeeded());
      assertEquals(0, first.filled().byteSize());
      Bytes.check(1, 7, second.filled());
    }
  }

  /** Of several reads into one lease the last one counts. */
  @Test
  void lease_readTwice() throws Exception {
    Path path = file(5000);
    try (Ring ring = Ring.open();
        BufferPool pool = ring.bufferPool(1, 4096);
        RingFile file = RingFile.open(ring, path);
        Lease lease = pool.take()) {
      ring.chain()
          .read(file, lease, 0)
          .add(Step.read(file, lease, 4990).evenIfPreviousFailed())
          .attempt();
      assertEquals(10, lease.filled().byteSize());
      Bytes.check(1, 4990, lease.filled());
    }
  }

  @ParameterizedTest
  @EnumSource
  void stale_neverWritten(Kind kind) throws Exception {
    Path secret = Files.write(directory.resolve("secret"), "s".repeat(4096).getBytes());
    Path out = Files.createFile(directory.resolve("out"));
    try (Ring ring = Ring.open();
        BufferPool pool = ring.bufferPool(1, 4096);
        RingFile secrets = RingFile.open(ring, secret);
        RingFile target = RingFile.open(ring, out, WRITE)) {
      try (Lease lease = pool.take()) {
        kind.on(ring).read(secrets, lease, 0).run();
        assertEquals((byte) 's', lease.filled().get(ValueLayout.JAVA_BYTE, 4095));
      }
      try (Lease lease = pool.take()) {
        kind.on(ring).write(target, lease, 4096, 0).run();
      }
    }
    assertArrayEquals(new byte[4096], Files.readAllBytes(out));
  }

  /** What is put into the buffer after the step was added is written too. */
  @ParameterizedTest
  @EnumSource
  void filledBetweenAddAndRun(Kind kind) throws Exception {
    Path out = Files.createFile(directory.resolve("out"));
    try (Ring ring = Ring.open();
        BufferPool pool = ring.bufferPool(1, 4096);
        RingFile target = RingFile.open(ring, out, WRITE);
        Lease lease = pool.take()) {
      Transaction<?> transaction = kind.on(ring).write(target, lease, 100, 0);
      lease.segment().fill((byte) 7);
      transaction.run();
    }
    byte[] expected = new byte[100];
    Arrays.fill(expected, (byte) 7);
    assertArrayEquals(expected, Files.readAllBytes(out));
  }

  @ParameterizedTest
  @EnumSource
  void closedBeforeRun_nothingSubmitted(Kind kind) throws Exception {
    Path path = file(8192);
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel);
        BufferPool pool = ring.bufferPool(2, 4096);
        RingFile file = RingFile.open(ring, path, READ, WRITE);
        Lease open = pool.take()) {
      kernel.forget();
      Lease lease = pool.take();
      Transaction<?> reads = kind.on(ring).write(file, open, 5, 0).read(file, lease, 0);
      Transaction<?> writes = kind.on(ring).write(file, open, 5, 0).write(file, lease, 10, 0);
      lease.close();
      try (Lease next = pool.take()) {
        assertThrows(IllegalStateException.class, () -> reads.attempt());
        assertThrows(IllegalStateException.class, () -> writes.attempt());
        assertArrayEquals(new byte[4096], next.segment().toArray(ValueLayout.JAVA_BYTE));
      }
      assertTrue(kernel.submitted().stream().allMatch(FaultKernel.Request::isInternal));
      file.close(); // nothing holds it
    }
    assertArrayEquals(Bytes.of(1, 0, 8192), Files.readAllBytes(path));
  }

  @ParameterizedTest
  @EachCaller
  void otherThread_nothingSubmitted(Caller caller) throws Exception {
    Path path = file(8192);
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel);
        BufferPool pool = ring.bufferPool(1, 4096);
        RingFile file = RingFile.open(ring, path, READ, WRITE);
        Lease lease = pool.take()) {
      kernel.forget();
      Chain read = ring.chain().read(file, lease, 0);
      Batch write = ring.batch().write(file, lease, 1, 0);
      caller.run(
          ring,
          () -> {
            assertThrows(WrongThreadException.class, read::run);
            assertThrows(WrongThreadException.class, write::run);
            assertThrows(WrongThreadException.class, () -> ring.chain().read(file, lease, 0));
            assertThrows(WrongThreadException.class, () -> ring.chain().write(file, lease, 1, 0));
          });
      assertTrue(kernel.submitted().stream().allMatch(FaultKernel.Request::isInternal));
      file.close();
    }
  }

  @ParameterizedTest
  @EnumSource
  void arguments_bad(Kind kind) throws Exception {
    Path path = file(100);
    try (Ring ring = Ring.open();
        BufferPool pool = ring.bufferPool(2, 4096);
        RingFile readable = RingFile.open(ring, path, READ);
        RingFile writable = RingFile.open(ring, path, WRITE);
        Lease lease = pool.take()) {
      Transaction<?> steps = kind.on(ring);
      assertThrows(IllegalArgumentException.class, () -> steps.read(readable, lease, -1));
      assertThrows(
          IllegalArgumentException.class, () -> steps.read(readable, lease, Long.MAX_VALUE));
      assertThrows(NonReadableChannelException.class, () -> steps.read(writable, lease, 0));
      assertThrows(IllegalArgumentException.class, () -> steps.write(writable, lease, 1, -1));
      assertThrows(IndexOutOfBoundsException.class, () -> steps.write(writable, lease, 0, 0));
      assertThrows(IndexOutOfBoundsException.class, () -> steps.write(writable, lease, 4097, 0));
      assertThrows(NonWritableChannelException.class, () -> steps.write(readable, lease, 1, 0));
      assertThrows(NullPointerException.class, () -> steps.read(readable, (Lease) null, 0));
      assertThrows(NullPointerException.class, () -> steps.write(writable, null, 1, 0));
      Lease closed = pool.take();
      closed.close();
      assertThrows(IllegalStateException.class, () -> steps.read(readable, closed, 0));
      assertThrows(IllegalStateException.class, () -> steps.write(writable, closed, 1, 0));
      assertThrows(IllegalStateException.class, () -> steps.attempt(), "no bad step was added");
    }
  }

  /** The kernel has let go of the buffer when the run is over, whatever ended it. */
  @ParameterizedTest
  @EachCaller
  void blocked_ended(Caller caller) throws Exception {
    Path path = directory.resolve("fifo-" + caller);
    Fifo.make(path);
    try (Ring ring = Ring.open();
        BufferPool pool = ring.bufferPool(1, 4096);
        RingFile file = RingFile.open(ring, path, READ, WRITE)) {
      Caller.Begun<Long> timed =
          caller.begin(
              ring,
              () -> {
                try (Lease lease = pool.take()) {
                  Outcomes result =
                      ring.batch().read(file, lease, 0).within(Duration.ofMillis(5)).attempt();
                  assertTrue(result.timedOut());
                  return lease.filled().byteSize();
                }
              });
      assertEquals(0, timed.result());
      Caller.Begun<Boolean> interrupted =
          caller.begin(
              ring,
              () -> {
                try (Lease lease = pool.take()) {
                  Outcomes result = ring.chain().read(file, lease, 0).attempt();
                  return result.get(0).isCancelled() && Thread.interrupted();
                }
              });
      Await.until("in flight", () -> ring.metrics().inFlight() == 1);
      interrupted.thread().interrupt();
      assertTrue(interrupted.result());
      Caller.Begun<Boolean> closed =
          caller.begin(
              ring,
              () -> {
                try (Lease lease = pool.take()) {
                  return ring.chain().read(file, lease, 0).attempt().get(0).isCancelled();
                }
              });
      Await.until("in flight", () -> ring.metrics().inFlight() == 1);
      file.close();
      assertTrue(closed.result());
      assertEquals(0, ring.metrics().inFlight());
      pool.take().close();
    }
  }

  @ParameterizedTest
  @EachCaller
  void ringFailed_bufferIsLost(Caller caller) throws Exception {
    Path path = file(8192);
    LeakCheck.expectLost(2 * 4096); // the ring's own buffer, and the pool's
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel);
        RingFile file = RingFile.open(ring, path)) {
      BufferPool pool = ring.bufferPool(1, 4096);
      kernel.add(FaultRule.on(IORING_OP_READ_FIXED, IORING_OP_READ).delay());
      Caller.Begun<Void> reading =
          caller.begin(
              ring,
              () -> {
                try (Lease lease = pool.take()) {
                  assertThrows(
                      RingFailedException.class,
                      () -> ring.batch().read(file, lease, 0).read(file, lease, 1).attempt());
                  assertEquals(0, lease.filled().byteSize());
                }
                return null;
              });
      Await.until("held", () -> kernel.held() == 2);
      kernel.throwFromEnter(new IllegalStateException("on purpose"));
      reading.result();
      assertFalse(pool.isOpen(), "its only buffer is lost");
    }
  }
}
