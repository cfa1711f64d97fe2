package io.ringspun.file;

import static io.ringspun.internal.kernel.Constants.IORING_OP_READ;
import static io.ringspun.internal.kernel.Constants.IORING_OP_WRITE;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.FaultyRing;
import io.ringspun.Ring;
import io.ringspun.RingOptions;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;

/** Copies between files that the kernel makes alone, and those that it cannot make. */
class KernelCopyTest {
  private final FaultKernel kernel = new FaultKernel();

  @TempDir Path directory;

  /** Writes some bytes at both ends of a file, with a hole between if there is room. */
  private Path source(long size) throws IOException {
    Path path = directory.resolve("source");
    byte[] end = new byte[(int) Math.min(size, 100_000)];
    new Random(size).nextBytes(end);
    try (FileChannel channel = FileChannel.open(path, CREATE, WRITE)) {
      channel.write(ByteBuffer.wrap(end), 0);
      channel.write(ByteBuffer.wrap(end), size - end.length);
    }
    return path;
  }

  private long trips() {
    return kernel.submitted(IORING_OP_READ) + kernel.submitted(IORING_OP_WRITE);
  }

  @ParameterizedTest
  @EachCaller
  void copy_isTheKernels(Caller caller) throws Exception {
    try (Ring ring = FaultyRing.open(RingOptions.defaults(), kernel)) {
      for (long size : new long[] {0, 1, 64 << 10, (64 << 10) + 1, 40 << 20}) {
        Path source = source(size);
        Path target = directory.resolve("target");
        caller.run(
            ring,
            () ->
                Files.copy(RingFileSystems.wrap(ring, source), RingFileSystems.wrap(ring, target)));
        assertEquals(-1, Files.mismatch(source, target), "size " + size);
        Files.delete(target);
      }
      assertEquals(0, trips());
    }
  }

  @ParameterizedTest
  @EachCaller
  void transfer_isTheKernels(Caller caller) throws Exception {
    long size = 20 << 20;
    Path source = source(size);
    Path target = directory.resolve("target");
    try (Ring ring = FaultyRing.open(RingOptions.defaults(), kernel);
        RingFileChannel in = RingFileChannel.open(ring, source, READ);
        RingFileChannel out = RingFileChannel.open(ring, target, CREATE, READ, WRITE)) {
      caller.run(
          ring,
          () -> {
            assertEquals(size - 3, in.transferTo(3, Long.MAX_VALUE, out));
            assertEquals(size - 3, out.position());
            assertEquals(7, out.transferFrom(in, 1, 7));
            assertEquals(7, in.position());
          });
      assertEquals(0, trips());
      byte[] from = Files.readAllBytes(source);
      byte[] to = Files.readAllBytes(target);
      assertEquals(size - 3, to.length);
      for (int i = 0; i < to.length; i++) {
        assertEquals(from[i >= 1 && i < 8 ? i - 1 : i + 3], to[i]);
      }
    }
  }

  /** The kernel does not copy between file systems of different types. */
  @ParameterizedTest
  @EachCaller
  void copy_toAnotherFileSystem(Caller caller) throws Exception {
    Path memory = Path.of("/dev/shm");
    assumeTrue(
        Files.isWritable(memory)
            && !Files.getFileStore(memory).type().equals(Files.getFileStore(directory).type()),
        "there is no other file system");
    Path source = source(1 << 20);
    Path target = Files.createTempFile(memory, "copy", "");
    try (Ring ring = FaultyRing.open(RingOptions.defaults(), kernel);
        RingFileChannel in = RingFileChannel.open(ring, source, READ);
        RingFileChannel out = RingFileChannel.open(ring, target, WRITE)) {
      caller.run(ring, () -> assertEquals(1 << 20, in.transferTo(0, 1 << 20, out)));
      assertTrue(trips() > 0);
      assertEquals(-1, Files.mismatch(source, target));
    } finally {
      Files.delete(target);
    }
  }

  @Test
  void copy_withoutInlineAttempts() throws Exception {
    Path source = source(1 << 20);
    Path target = directory.resolve("target");
    try (Ring ring = FaultyRing.open(RingOptions.defaults().withInlineAttempts(false), kernel)) {
      try (RingFileChannel in = RingFileChannel.open(ring, source, READ);
          RingFileChannel out = RingFileChannel.open(ring, target, CREATE, WRITE)) {
        assertEquals(1 << 20, in.transferTo(0, 1 << 20, out));
      }
      assertTrue(trips() > 0);
    }
    assertEquals(-1, Files.mismatch(source, target));
  }
}
