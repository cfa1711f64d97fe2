package demo;

import java.io.EOFException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.IntStream;

/** Reading a file by many threads at once: random 4 KiB blocks, or all of it from end to end. */
final class ReadWork implements Work {
  private static final int RANDOM_BYTES = 4096;
  private static final int WHOLE_BYTES = 65_536;

  private final Path file;
  private final long byteCount;
  private final boolean random;
  private final boolean direct;
  private final Block[] blocks; // one for each worker, the same for both arms
  private final int blockBytes;
  private long digest;

  private ReadWork(Path file, long byteCount, boolean random, boolean direct, int threads) {
    this.file = file;
    this.byteCount = byteCount;
    this.random = random;
    this.direct = direct;
    blockBytes = random ? RANDOM_BYTES : WHOLE_BYTES;
    blocks = new Block[threads];
  }

  static ReadWork random(Path file, long byteCount, boolean direct, int threads) {
    return new ReadWork(file, byteCount, true, direct, threads);
  }

  static ReadWork whole(Path file, long byteCount, boolean direct, int threads) {
    return new ReadWork(file, byteCount, false, direct, threads);
  }

  @Override
  public String name() {
    return random ? "random 4 KiB" : "whole, by 64 KiB";
  }

  @Override
  public int threads() {
    return blocks.length;
  }

  @Override
  public String mode() {
    return direct ? "direct" : "cached";
  }

  @Override
  public long completeCount() {
    return random ? 1 : blockCount();
  }

  /** Random blocks leave out an incomplete last one, unless there is no other. */
  private long blockCount() {
    return random
        ? Math.max(1, byteCount / blockBytes)
        : Math.ceilDiv(byteCount, (long) blockBytes);
  }

  /** Where an operation reads; both arms read the same blocks in the same order. */
  private long position(long operation) {
    long block =
        random
            ? Math.unsignedMultiplyHigh(Digest.mix(operation + 1), blockCount())
            : operation % blockCount();
    return block * blockBytes;
  }

  /** Not every file system can go past the page cache, and not everywhere in 4 KiB blocks. */
  @Override
  public String refusal(Arm arm) {
    if (!direct) {
      return "";
    }
    try {
      run(arm, 1, Long.MAX_VALUE);
      return "";
    } catch (IOException | UnsupportedOperationException | IllegalArgumentException e) {
      return "direct: not possible with this file: " + e.getMessage();
    }
  }

  @Override
  public long run(Arm arm, long count, long deadlineNanos) throws IOException {
    if (blocks[0] == null) {
      IntStream.range(0, blocks.length).forEach(i -> blocks[i] = Block.allocate(blockBytes));
    }
    LongAdder done = new LongAdder();
    LongAdder digests = new LongAdder();
    try (Arm.Source source = arm.open(file, direct)) {
      Crew.run(
          arm,
          (int) Math.min(blocks.length, count),
          worker -> {
            Digest mine = new Digest();
            long operation = worker;
            long reads = 0;
            while (operation < count && System.nanoTime() < deadlineNanos) {
              read(source, blocks[worker], position(operation), mine);
              operation += blocks.length;
              reads++;
            }
            done.add(reads);
            digests.add(mine.sum());
          });
    }
    digest = digests.sum();
    return done.sum();
  }

  private void read(Arm.Source source, Block block, long position, Digest digest)
      throws IOException {
    int expected = (int) Math.min(blockBytes, byteCount - position);
    int n = 0;
    while (n < expected) {
      int more = source.read(block, n, position + n);
      if (more <= 0) {
        throw new EOFException(file + " became shorter while it was read");
      }
      n += more;
    }
    digest.add(block.buffer(), expected, position);
  }

  @Override
  public long digest() {
    return digest;
  }

  @Override
  public void release() {
    Arrays.fill(blocks, null);
  }
}
