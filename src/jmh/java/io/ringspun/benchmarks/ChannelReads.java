package io.ringspun.benchmarks;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.OpenOption;

/** Random reads of one block each, by positional reads of one {@link FileChannel}. */
class ChannelReads extends Arm {
  private final Crew crew;
  private final BenchmarkFile file;
  private final FileChannel channel;
  private final Buffers buffers;

  ChannelReads(Crew crew, BenchmarkFile file, OpenOption... options) throws IOException {
    this.crew = crew;
    this.file = file;
    channel = FileChannel.open(file.path(), options);
    buffers = new Buffers(crew.size());
  }

  @Override
  void run(int operations) throws Exception {
    crew.run(operations, this::read);
  }

  private void read(int member, int operations) throws IOException {
    ByteBuffer buffer = buffers.buffer(member);
    long random = BenchmarkFile.seed(member);
    for (int i = 0; i < operations; i++) {
      long position = file.position(random);
      int count = channel.read(buffer.clear(), position);
      BenchmarkFile.check(position, count, buffer.getLong(0));
      random = BenchmarkFile.random(random);
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
