package demo;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.IntStream;

/** Committing records to a log: each is written and synced before its thread continues. */
final class LogWork implements Work {
  private static final int RECORD_BYTES = 4096;

  /** Keeps the log below 64 MiB, where a sync costs nothing. */
  private static final int RECORDS_MAX = 16_384;

  private final Path log;
  private final Block[] records; // one for each worker, the same for both arms

  LogWork(Path directory, int threads) {
    log = directory.resolve("log");
    records = new Block[threads];
  }

  @Override
  public String name() {
    return "log commit, 4 KiB";
  }

  @Override
  public int threads() {
    return records.length;
  }

  @Override
  public String mode() {
    return "synced";
  }

  @Override
  public long mostCount() {
    return RECORDS_MAX;
  }

  @Override
  public long run(Arm arm, long count, long deadlineNanos) throws IOException {
    if (records[0] == null) {
      IntStream.range(0, records.length).forEach(i -> records[i] = newRecord());
    }
    LongAdder done = new LongAdder();
    long most = Math.min(count, RECORDS_MAX);
    try (Arm.Log target = arm.createLog(log)) {
      Crew.run(
          arm,
          (int) Math.min(records.length, most),
          worker -> {
            Block entry = records[worker];
            long number = worker;
            while (number < most && System.nanoTime() < deadlineNanos) {
              entry.buffer().putLong(0, number);
              target.commit(worker, entry, number * RECORD_BYTES);
              number += records.length;
              done.increment();
            }
          });
    }
    return done.sum();
  }

  private static Block newRecord() {
    Block block = Block.allocate(RECORD_BYTES);
    ByteBuffer bytes = block.buffer();
    while (bytes.hasRemaining()) {
      bytes.put((byte) bytes.position());
    }
    return block;
  }

  /** Digests the log and removes it. */
  @Override
  public long digest() throws IOException {
    long digest = CopyWork.digest(log, Files.size(log));
    Files.delete(log);
    return digest;
  }

  @Override
  public void release() {
    Arrays.fill(records, null);
  }
}
