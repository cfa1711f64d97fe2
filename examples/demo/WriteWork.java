package demo;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.atomic.LongAdder;

/**
 * Writing to the page cache in sequence, by {@link FileChannel}: the arms differ in their paths
 * alone. Each thread has a file of its own, which it writes over again and again.
 */
final class WriteWork implements Work {
  private static final int BLOCK_BYTES = 4096;
  private static final int BLOCKS = 64; // of each file

  private final Path directory;
  private final ByteBuffer[] blocks; // one for each worker, the same for both arms

  WriteWork(Path directory, int threads) {
    this.directory = directory;
    blocks = new ByteBuffer[threads];
  }

  @Override
  public String name() {
    return "write 4 KiB";
  }

  @Override
  public int threads() {
    return blocks.length;
  }

  @Override
  public long run(Arm arm, long count, long deadlineNanos) throws IOException {
    if (blocks[0] == null) {
      Arrays.setAll(blocks, _ -> ByteBuffer.allocateDirect(BLOCK_BYTES));
    }
    LongAdder done = new LongAdder();
    Crew.run(
        arm,
        (int) Math.min(blocks.length, count),
        worker -> {
          long written = 0;
          ByteBuffer block = blocks[worker];
          Path file = arm.path(worker, file(worker));
          try (FileChannel channel = FileChannel.open(file, CREATE, TRUNCATE_EXISTING, WRITE)) {
            long number = worker;
            while (number < count && System.nanoTime() < deadlineNanos) {
              if (written % BLOCKS == 0) {
                channel.position(0);
              }
              block.clear().putLong(0, number);
              while (block.hasRemaining()) {
                channel.write(block);
              }
              number += blocks.length;
              written++;
            }
          }
          done.add(written);
        });
    return done.sum();
  }

  private Path file(int worker) {
    return directory.resolve("written-" + worker);
  }

  /** Digests the files and removes them. */
  @Override
  public long digest() throws IOException {
    long digest = 0;
    for (int worker = 0; worker < blocks.length; worker++) {
      if (Files.exists(file(worker))) { // very few operations leave some workers without any
        digest = Digest.mix(digest) + CopyWork.digest(file(worker), Files.size(file(worker)));
        Files.delete(file(worker));
      }
    }
    return digest;
  }

  @Override
  public void release() {
    Arrays.fill(blocks, null);
  }
}
