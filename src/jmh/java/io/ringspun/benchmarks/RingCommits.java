package io.ringspun.benchmarks;

import static java.nio.file.StandardOpenOption.WRITE;

import io.ringspun.file.RingFile;
import io.ringspun.file.RingOpenOption;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/** Commits by a write and an fdatasync, or by a write that ends once its bytes are durable. */
final class RingCommits extends Arm {
  /** How to commit a record. */
  enum Way {
    CHAIN,
    SEPARATE,
    DURABLY,
    /** The same without the page cache. */
    DURABLY_DIRECT
  }

  private final Rings rings;
  private final Crew crew;
  private final LogFile log;
  private final Way way;
  private final RingFile file;
  private final Buffers buffers;

  RingCommits(Rings rings, Crew crew, LogFile log, Way way) throws IOException {
    this.rings = rings;
    this.crew = crew;
    this.log = log;
    this.way = way;
    file =
        way == Way.DURABLY_DIRECT
            ? RingFile.open(rings.first(), log.path(), WRITE, RingOpenOption.DIRECT)
            : RingFile.open(rings.first(), log.path(), WRITE);
    buffers = new Buffers(crew.size());
  }

  @Override
  void run(int operations) throws Exception {
    rings.count();
    crew.run(operations, this::commit);
    boolean isTwo = way == Way.CHAIN || way == Way.SEPARATE;
    rings.requireDone(
        isTwo ? 2L * operations : operations,
        way == Way.SEPARATE ? Rings.Way.EITHER : Rings.Way.QUEUED);
    log.check();
  }

  private void commit(int member, int operations) throws IOException {
    MemorySegment segment = buffers.segment(member);
    for (int i = 0; i < operations; i++) {
      long record = log.nextRecord();
      segment.set(ValueLayout.JAVA_LONG, 0, record);
      long position = LogFile.position(record);
      switch (way) {
        case CHAIN -> rings.first().chain().write(file, segment, position).fdatasync(file).run();
        case SEPARATE -> {
          file.writeFully(segment, position);
          file.fdatasync();
        }
        case DURABLY, DURABLY_DIRECT -> file.writeDurably(segment, position);
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
