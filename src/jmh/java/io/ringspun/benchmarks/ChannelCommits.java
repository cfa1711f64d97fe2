package io.ringspun.benchmarks;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;

/** Commits by a positional write and {@code force(false)}. */
final class ChannelCommits extends Arm {
  private final Crew crew;
  private final LogFile log;
  private final FileChannel channel;
  private final Buffers buffers;

  ChannelCommits(Crew crew, LogFile log) throws IOException {
    this.crew = crew;
    this.log = log;
    channel = FileChannel.open(log.path(), StandardOpenOption.WRITE);
    buffers = new Buffers(crew.size());
  }

  @Override
  void run(int operations) throws Exception {
    crew.run(operations, this::commit);
    log.check();
  }

  private void commit(int member, int operations) throws IOException {
    ByteBuffer buffer = buffers.buffer(member);
    for (int i = 0; i < operations; i++) {
      long record = log.nextRecord();
      buffer.putLong(0, record);
      int count = channel.write(buffer.clear(), LogFile.position(record));
      if (count != LogFile.RECORD_BYTES) {
        throw new IllegalStateException("short write: " + count);
      }
      channel.force(false);
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
    log.close();
  }
}
