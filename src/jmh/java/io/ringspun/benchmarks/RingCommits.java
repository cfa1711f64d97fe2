package io.ringspun.benchmarks;

import static java.nio.file.StandardOpenOption.WRITE;

import io.ringspun.file.RingFile;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Commits by a write and an fdatasync, as a chain or one by one. */
final class RingCommits extends Arm {
  private final Rings rings;
  private final Crew crew;
  private final LogFile log;
  private final boolean chained;
  private final RingFile file;
  private final Buffers buffers;

  RingCommits(Rings rings, Crew crew, LogFile log, boolean chained) throws IOException {
    this.rings = rings;
    this.crew = crew;
    this.log = log;
    this.chained = chained;
    file = RingFile.open(rings.first(), log.path(), WRITE);
    buffers = new Buffers(crew.size());
  }

  @Override
  void run(int operations) throws Exception {
    rings.count();
    crew.run(operations, this::commit);
    rings.requireDone(2L * operations, chained ? Rings.Way.QUEUED : Rings.Way.EITHER);
    log.check();
  }

  private void commit(int member, int operations) throws IOException {
    MemorySegment segment = buffers.segment(member);
    for (int i = 0; i < operations; i++) {
      long record = log.nextRecord();
      segment.set(ValueLayout.JAVA_LONG, 0, record);
      long position = LogFile.position(record);
      if (chained) {
        rings.first().chain().write(file, segment, position).fdatasync(file).run();
      } else {
        file.writeFully(segment, position);
        file.fdatasync();
      }
    }
  }

  @Override
  public void close() throws IOException {
    file.close();
    rings.close();
    log.close();
  }
}
