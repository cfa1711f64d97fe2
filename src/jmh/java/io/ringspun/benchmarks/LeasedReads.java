package io.ringspun.benchmarks;

import io.ringspun.BufferPool;
import io.ringspun.Lease;
import io.ringspun.file.RingFile;
import io.ringspun.file.RingOpenOption;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/**
 * The arms of {@link LeasedReadBenchmark}: direct reads of one size on virtual threads that one
 * ring carries, all into buffers of one pool, which differ in what the kernel is told of them.
 */
final class LeasedReads extends Arm {
  static final int OPERATIONS = 16_384;

  /** What is done for each read. */
  private enum Way {
    /** A plain read of the buffer's memory, which the kernel pins. */
    PLAIN,
    /** A read that names the registered buffer. */
    REGISTERED,
    /** The same, on a lease taken for it. */
    REGISTERED_EACH
  }

  private final Way way;
  private final int blockBytes;
  private final Rings rings = Rings.one();
  private final Crew crew;
  private final BenchmarkFile file = BenchmarkFile.uncached();
  private final RingFile opened;
  private final BufferPool pool;

  private LeasedReads(Way way, int threads, int blockBytes) throws IOException {
    this.way = way;
    this.blockBytes = blockBytes;
    crew = new Crew(rings.carried(), threads);
    opened = RingFile.open(rings.first(), file.path(), RingOpenOption.DIRECT);
    pool = rings.first().bufferPool(threads, blockBytes);
    if (!pool.isRegistered()) {
      throw new IllegalStateException("the limit of locked memory is too low for " + pool);
    }
  }

  static Arm open(String arm, int threads, int blockBytes) throws IOException {
    Way way =
        switch (arm) {
          case "plain" -> Way.PLAIN;
          case "registered" -> Way.REGISTERED;
          case "registeredEach" -> Way.REGISTERED_EACH;
          default -> throw Workload.unknown(arm);
        };
    return new LeasedReads(way, threads, blockBytes);
  }

  @Override
  void run(int operations) throws Exception {
    rings.count();
    crew.run(operations, this::read);
    rings.requireDone(operations, Rings.Way.QUEUED);
  }

  private void read(int member, int operations) throws IOException {
    long random = BenchmarkFile.seed(member);
    if (way == Way.REGISTERED_EACH) {
      for (int i = 0; i < operations; i++) {
        try (Lease lease = pool.take()) {
          long position = position(random);
          check(position, opened.read(lease, position), lease.filled());
        }
        random = BenchmarkFile.random(random);
      }
      return;
    }
    try (Lease lease = pool.take()) {
      MemorySegment segment = lease.segment(); // zeroed, and looked at, in both ways alike
      for (int i = 0; i < operations; i++) {
        long position = position(random);
        int count =
            way == Way.PLAIN ? opened.read(segment, position) : opened.read(lease, position);
        check(position, count, segment);
        random = BenchmarkFile.random(random);
      }
    }
  }

  private long position(long random) {
    return file.position(random) & -blockBytes;
  }

  private void check(long position, int count, MemorySegment segment) {
    long first = segment.get(ValueLayout.JAVA_LONG, 0);
    if (count != blockBytes || first != position) {
      throw new IllegalStateException(
          "the read at " + position + " returned " + count + " and brought " + first);
    }
  }

  @Override
  public void close() throws IOException {
    pool.close();
    opened.close();
    rings.close();
  }
}
