package io.ringspun.benchmarks;

import io.ringspun.file.RingFile;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.OpenOption;

/** Random reads of one block each, by positional reads of one {@link RingFile}. */
final class RingReads extends Arm {
  private final Rings rings;
  private final Crew crew;
  private final Rings.Way way;
  private final BenchmarkFile file;
  private final RingFile opened;
  private final Buffers buffers;

  RingReads(Rings rings, Crew crew, Rings.Way way, BenchmarkFile file, OpenOption... options)
      throws IOException {
    this.rings = rings;
    this.crew = crew;
    this.way = way;
    this.file = file;
    opened = RingFile.open(rings.first(), file.path(), options);
    buffers = new Buffers(crew.size());
  }

  @Override
  void run(int operations) throws Exception {
    rings.count();
    crew.run(operations, this::read);
    rings.requireDone(operations, way);
  }

  private void read(int member, int operations) throws IOException {
    MemorySegment segment = buffers.segment(member);
    long random = BenchmarkFile.seed(member);
    for (int i = 0; i < operations; i++) {
      long position = file.position(random);
      int count = opened.read(segment, position);
      BenchmarkFile.check(position, count, segment.get(ValueLayout.JAVA_LONG, 0));
      random = BenchmarkFile.random(random);
    }
  }

  @Override
  public void close() throws IOException {
    opened.close();
    rings.close();
  }
}
