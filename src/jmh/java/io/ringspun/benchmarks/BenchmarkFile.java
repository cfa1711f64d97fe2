package io.ringspun.benchmarks;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import io.ringspun.Ring;
import io.ringspun.file.AccessPattern;
import io.ringspun.file.RingFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;

/**
 * The file that benchmarks read: blocks of 4 KiB in which each eight bytes tell their own position.
 * It is made once and kept.
 *
 * <p>System properties: {@code io.ringspun.benchmark.directory} is where ({@code
 * target/benchmark-files}), {@code io.ringspun.benchmark.megabytes} how large (256, a power of
 * two).
 */
final class BenchmarkFile {
  static final int BLOCK_BYTES = 4096;

  private final Path path;
  private final long blocks;

  private BenchmarkFile(Path path, long byteSize) {
    this.path = path;
    blocks = byteSize / BLOCK_BYTES;
  }

  /** Returns the directory for files of benchmarks. */
  static Path directory() throws IOException {
    return Files.createDirectories(
        Path.of(System.getProperty("io.ringspun.benchmark.directory", "target/benchmark-files")));
  }

  /** Returns the file, all of it in the page cache. */
  static BenchmarkFile cached() throws IOException {
    BenchmarkFile file = make();
    ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 20);
    try (FileChannel channel = FileChannel.open(file.path, READ)) {
      while (channel.read(buffer.clear()) >= 0) {
        // reading is all it takes
      }
    }
    return file;
  }

  /** Returns the file, nothing of it in the page cache. */
  static BenchmarkFile uncached() throws IOException {
    BenchmarkFile file = make();
    try (Ring ring = Ring.open();
        RingFile opened = RingFile.open(ring, file.path)) {
      opened.advise(0, 0, AccessPattern.DONTNEED);
    }
    return file;
  }

  /** Returns how large the file is. */
  static int megabytes() {
    return Integer.getInteger("io.ringspun.benchmark.megabytes", 256);
  }

  private static BenchmarkFile make() throws IOException {
    int megabytes = megabytes();
    if (Integer.bitCount(megabytes) != 1) {
      throw new IllegalArgumentException(megabytes + " MiB is not a power of two");
    }
    long byteSize = (long) megabytes << 20;
    Path path = directory().resolve("blocks-" + megabytes + "m");
    if (!Files.exists(path)) {
      Path unfinished = directory().resolve("blocks-" + ProcessHandle.current().pid());
      fill(unfinished, byteSize);
      Files.move(unfinished, path);
    }
    return new BenchmarkFile(path, byteSize);
  }

  private static void fill(Path path, long byteSize) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 20).order(ByteOrder.nativeOrder());
    try (FileChannel channel = FileChannel.open(path, CREATE, TRUNCATE_EXISTING, WRITE)) {
      for (long position = 0; position < byteSize; position += buffer.capacity()) {
        for (int i = 0; i < buffer.capacity(); i += Long.BYTES) {
          buffer.putLong(i, position + i);
        }
        for (buffer.clear(); buffer.hasRemaining(); ) {
          channel.write(buffer);
        }
      }
      channel.force(true);
    }
  }

  /**
   * Returns what makes a {@link FileChannel} go past the page cache: {@code
   * com.sun.nio.file.ExtendedOpenOption.DIRECT}, which is no API that one may compile against.
   */
  static OpenOption channelDirect() {
    try {
      for (Object option :
          Class.forName("com.sun.nio.file.ExtendedOpenOption").getEnumConstants()) {
        if (option.toString().equals("DIRECT")) {
          return (OpenOption) option;
        }
      }
      throw new IllegalStateException("this JDK's channels know no direct I/O");
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException("this JDK's channels know no direct I/O", e);
    }
  }

  Path path() {
    return path;
  }

  /** Returns where a block starts that a random number stands for. */
  long position(long random) {
    return (random >>> 16 & (blocks - 1)) * BLOCK_BYTES;
  }

  /** Returns the random number after another one. */
  static long random(long previous) {
    return previous * 6364136223846793005L + 1442695040888963407L;
  }

  /** Returns the random number that a thread starts with. */
  static long seed(int member) {
    return random((member + 1) * 0x9E3779B97F4A7C15L);
  }

  /** Makes sure that a read brought a whole block, and the right one. */
  static void check(long position, int count, long firstBytes) {
    if (count != BLOCK_BYTES || firstBytes != position) {
      throw new IllegalStateException(
          "the read at " + position + " returned " + count + " and brought " + firstBytes);
    }
  }
}
