package io.ringspun.benchmarks;

import io.ringspun.Batch;
import io.ringspun.Outcomes;
import io.ringspun.Ring;
import io.ringspun.file.RingFile;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.OpenOption;

/** Random reads of one block each, many to a batch. */
final class RingBatches extends Arm {
  private final Rings rings;
  private final Crew crew;
  private final int batchSize;
  private final BenchmarkFile file;
  private final RingFile opened;
  private final Buffers buffers;

  RingBatches(Rings rings, Crew crew, int batchSize, BenchmarkFile file, OpenOption... options)
      throws IOException {
    this.rings = rings;
    this.crew = crew;
    this.batchSize = batchSize;
    this.file = file;
    opened = RingFile.open(rings.first(), file.path(), options);
    buffers = new Buffers(crew.size() * batchSize);
  }

  @Override
  void run(int operations) throws Exception {
    rings.count();
    crew.run(operations, this::read);
    rings.requireDone(operations, Rings.Way.QUEUED);
  }

  private void read(int member, int operations) throws IOException {
    Ring ring = rings.first();
    long[] positions = new long[batchSize];
    long random = BenchmarkFile.seed(member);
    for (int done = 0; done < operations; done += batchSize) {
      Batch batch = ring.batch();
      for (int i = 0; i < batchSize; i++) {
        positions[i] = file.position(random);
        batch.read(opened, segment(member, i), positions[i]);
        random = BenchmarkFile.random(random);
      }
      Outcomes result = batch.run();
      for (int i = 0; i < batchSize; i++) {
        long firstBytes = segment(member, i).get(ValueLayout.JAVA_LONG, 0);
        BenchmarkFile.check(positions[i], result.get(i).result(), firstBytes);
      }
    }
  }

  private MemorySegment segment(int member, int index) {
    return buffers.segment(member * batchSize + index);
  }

  @Override
  public void close() throws IOException {
    opened.close();
    rings.close();
  }
}
