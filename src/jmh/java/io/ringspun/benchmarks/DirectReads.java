package io.ringspun.benchmarks;

import io.ringspun.file.RingOpenOption;
import java.io.IOException;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.ThreadFactory;

/** The arms of {@link DirectReadBenchmark}. */
final class DirectReads {
  static final int OPERATIONS = 65_536;

  private DirectReads() {}

  static Arm open(String arm, int threads) throws IOException {
    BenchmarkFile file = BenchmarkFile.uncached();
    return switch (arm) {
      case "fileChannel" -> channel(Thread.ofVirtual().factory(), threads, file);
      case "fileChannelPlatform" -> channel(Thread.ofPlatform().factory(), threads, file);
      case "ringDefault" -> {
        Rings rings = Rings.one();
        yield ring(rings, new Crew(Thread.ofVirtual().factory(), threads), file);
      }
      case "ringCarried" -> {
        Rings rings = Rings.one();
        yield ring(rings, new Crew(rings.carried(), threads), file);
      }
      case "ringGroup" -> {
        Rings rings = Rings.onePerProcessor();
        yield ring(rings, new Crew(rings.carried(), threads), file);
      }
      case "ringStaying" -> {
        Rings rings = Rings.onePerProcessor();
        yield ring(rings, new Crew(rings.staying(), threads), file);
      }
      default -> throw Workload.unknown(arm);
    };
  }

  private static Arm channel(ThreadFactory factory, int threads, BenchmarkFile file)
      throws IOException {
    return new ChannelReads(
        new Crew(factory, threads), file, StandardOpenOption.READ, BenchmarkFile.channelDirect());
  }

  private static Arm ring(Rings rings, Crew crew, BenchmarkFile file) throws IOException {
    return new RingReads(rings, crew, Rings.Way.QUEUED, file, RingOpenOption.DIRECT);
  }
}
