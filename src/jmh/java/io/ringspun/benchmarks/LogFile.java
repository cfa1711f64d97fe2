package io.ringspun.benchmarks;

import static java.nio.file.StandardOpenOption.READ;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A log of records of 4 KiB, written round and round. Its blocks are all written beforehand, so
 * that a commit changes data only.
 */
final class LogFile implements AutoCloseable {
  static final int RECORD_BYTES = 4096;

  private static final int RECORDS = 16_384;

  private final Path path;
  private final AtomicLong next = new AtomicLong(1);

  private LogFile(Path path) {
    this.path = path;
  }

  static LogFile make() throws IOException {
    Path path = Files.createTempFile(BenchmarkFile.directory(), "log", "");
    try (FileChannel channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
      ByteBuffer zeros = ByteBuffer.allocateDirect(RECORD_BYTES);
      for (int i = 0; i < RECORDS; i++) {
        channel.write(zeros.clear());
      }
      channel.force(true);
    }
    return new LogFile(path);
  }

  Path path() {
    return path;
  }

  /** Returns the number of the next record, which it is to begin with. */
  long nextRecord() {
    return next.getAndIncrement();
  }

  /** Returns where a record belongs. */
  static long position(long record) {
    return record % RECORDS * RECORD_BYTES;
  }

  /** Makes sure that the newest record is in the file. */
  void check() throws IOException {
    long record = next.get() - 1;
    ByteBuffer buffer = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.nativeOrder());
    try (FileChannel channel = FileChannel.open(path, READ)) {
      channel.read(buffer, position(record));
    }
    if (buffer.getLong(0) != record) {
      throw new IllegalStateException("record " + record + " is not in " + path);
    }
  }

  @Override
  public void close() throws IOException {
    Files.delete(path);
  }
}
