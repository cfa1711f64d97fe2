package io.ringspun.file;

import static io.ringspun.internal.kernel.Constants.IORING_OP_FSYNC;
import static io.ringspun.internal.kernel.Constants.IORING_OP_WRITE;
import static io.ringspun.internal.kernel.Constants.IORING_OP_WRITE_FIXED;
import static io.ringspun.internal.kernel.Constants.RWF_DSYNC;
import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.ringspun.BufferPool;
import io.ringspun.FaultyRing;
import io.ringspun.Lease;
import io.ringspun.OperationException;
import io.ringspun.Ring;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.NonWritableChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;

/** Writes that return once their bytes are durable. */
class DurableWriteTest {
  private static final int LENGTH = 300_000; // more than a piece of heap memory

  private final FaultKernel kernel = new FaultKernel();
  private final byte[] bytes = new byte[LENGTH];
  private Path path;

  @BeforeEach
  void prepare(@TempDir Path directory) {
    path = directory.resolve("file");
    new Random(1).nextBytes(bytes);
  }

  /** Makes a rule that counts writes that do not sync. */
  private FaultRule plainWrites() {
    FaultRule rule =
        FaultRule.where(
                request ->
                    (request.opcode() == IORING_OP_WRITE
                            || request.opcode() == IORING_OP_WRITE_FIXED)
                        && (request.operationFlags() & RWF_DSYNC) == 0)
            .fail(Errno.EIO);
    kernel.add(rule);
    return rule;
  }

  @ParameterizedTest
  @EachCaller
  void write_memoryOfAnyKind(Caller caller) throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        RingFile file = RingFile.open(ring, path, CREATE, READ, WRITE);
        Arena shared = Arena.ofShared()) {
      plainWrites();
      MemorySegment ofShared = shared.allocate(LENGTH).copyFrom(MemorySegment.ofArray(bytes));
      ByteBuffer heap = ByteBuffer.wrap(bytes);
      ByteBuffer direct = ByteBuffer.allocateDirect(LENGTH).put(bytes).flip();
      caller.run(
          ring,
          () -> {
            file.writeDurably(heap, 0);
            file.writeDurably(direct, LENGTH);
            file.writeDurably(ofShared, 2L * LENGTH);
          });
      assertEquals(0, heap.remaining() + direct.remaining());
      assertEquals(0, kernel.submitted(IORING_OP_FSYNC));
      assertContent(3);
    }
  }

  private void assertContent(int times) throws Exception {
    byte[] content = Files.readAllBytes(path);
    assertEquals(times * LENGTH, content.length);
    for (int i = 0; i < times; i++) {
      assertArrayEquals(bytes, Arrays.copyOfRange(content, i * LENGTH, (i + 1) * LENGTH));
    }
  }

  @ParameterizedTest
  @EachCaller
  void write_goesOnAfterShortOnes(Caller caller) throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        RingFile file = RingFile.open(ring, path, CREATE, WRITE)) {
      plainWrites();
      kernel.add(FaultRule.on(IORING_OP_WRITE).shorten(100_000));
      caller.run(ring, () -> file.writeDurably(ByteBuffer.wrap(bytes), 0));
      assertContent(1);
    }
  }

  @ParameterizedTest
  @EachCaller
  void write_ofLease(Caller caller) throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        RingFile file = RingFile.open(ring, path, CREATE, WRITE);
        BufferPool pool = ring.bufferPool(1, 4096)) {
      plainWrites();
      caller.run(
          ring,
          () -> {
            try (Lease lease = pool.take()) {
              lease.segment().copyFrom(MemorySegment.ofArray(bytes).asSlice(0, 4096));
              file.writeDurably(lease, 1000, 3);
            }
          });
      byte[] content = Files.readAllBytes(path);
      assertEquals(1003, content.length);
      assertEquals(bytes[999], content[1002]);
    }
  }

  /** The kernel drops what it could not write, so no later sync may report success. */
  @ParameterizedTest
  @EachCaller
  void failure_isOneOfASync(Caller caller) throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        RingFile file = RingFile.open(ring, path, CREATE, WRITE)) {
      kernel.add(FaultRule.on(IORING_OP_WRITE).times(1).fail(Errno.EIO));
      ByteBuffer buffer = ByteBuffer.wrap(bytes);
      requireErrno(Errno.EIO, () -> caller.run(ring, () -> file.writeDurably(buffer, 0)));
      assertEquals(LENGTH, buffer.remaining());
      requireErrno(Errno.EIO, () -> caller.run(ring, file::fsync));
      requireErrno(Errno.EIO, () -> caller.run(ring, () -> file.writeDurably(buffer, 0)));
      assertEquals(1, kernel.submitted(IORING_OP_WRITE), "the kernel is not asked again");
    }
  }

  private static void requireErrno(int errno, Caller.Action action) {
    assertEquals(errno, assertThrows(OperationException.class, action::run).errno());
  }

  @Test
  void wrongUse_isRefused() throws Exception {
    Files.createFile(path);
    ByteBuffer one = ByteBuffer.allocate(1);
    MemorySegment heap = MemorySegment.ofArray(new byte[1]);
    try (Ring ring = FaultyRing.open(kernel);
        RingFile readable = RingFile.open(ring, path, READ);
        RingFile appending = RingFile.open(ring, path, APPEND);
        RingFile file = RingFile.open(ring, path, WRITE)) {
      assertThrows(NonWritableChannelException.class, () -> readable.writeDurably(one, 0));
      assertThrows(IllegalStateException.class, () -> appending.writeDurably(one, 0));
      assertThrows(IllegalArgumentException.class, () -> file.writeDurably(one, -1));
      assertThrows(
          IllegalArgumentException.class, () -> file.writeDurably(ByteBuffer.allocate(0), 0));
      assertThrows(IllegalArgumentException.class, () -> file.writeDurably(heap, 0));
      assertEquals(1, one.remaining());
      assertEquals(0, kernel.submitted(IORING_OP_WRITE), "nothing was submitted");
    }
  }
}
