package io.ringspun.benchmarks;

import io.ringspun.file.RingOpenOption;
import java.io.IOException;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ThreadFactory;

/** The arms of {@link BatchReadBenchmark}. */
final class BatchReads {
  static final int BATCH_SIZE = 64;
  static final int OPERATIONS = 256 * BATCH_SIZE;

  private BatchReads() {}

  static Arm open(String arm, int threads) throws IOException {
    BenchmarkFile file = BenchmarkFile.uncached();
    Rings rings = Rings.one();
    ThreadFactory factory =
        switch (arm) {
          case "fileChannelPlatform", "batchPlatform" -> Thread.ofPlatform().factory();
          case "fileChannelVirtual", "batchVirtual" -> Thread.ofVirtual().factory();
          case "fileChannelCarried", "batchCarried" -> rings.carried();
          default -> throw Workload.unknown(arm);
        };
    Crew crew = new Crew(factory, threads);
    if (arm.startsWith("batch")) {
      return new RingBatches(rings, crew, BATCH_SIZE, file, RingOpenOption.DIRECT);
    }
    return new ChannelReads(crew, file, StandardOpenOption.READ, BenchmarkFile.channelDirect()) {
      @Override
      public void close() throws IOException {
        super.close();
        rings.close();
      }
    };
  }
}
