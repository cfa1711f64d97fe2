package io.ringspun.benchmarks;

import io.ringspun.RingOptions;
import java.io.IOException;
import java.nio.file.StandardOpenOption;

/** The arms of {@link CachedReadBenchmark}. */
final class CachedReads {
  static final int OPERATIONS = 800_000;

  private CachedReads() {}

  static Arm open(String arm, int threads) throws IOException {
    BenchmarkFile file = BenchmarkFile.cached();
    Crew onDefault = new Crew(Thread.ofVirtual().factory(), threads);
    return switch (arm) {
      case "fileChannel" -> new ChannelReads(onDefault, file, StandardOpenOption.READ);
      case "fileChannelPlatform" ->
          new ChannelReads(
              new Crew(Thread.ofPlatform().factory(), threads), file, StandardOpenOption.READ);
      case "ringDefault" -> new RingReads(Rings.one(), onDefault, Rings.Way.INLINE, file);
      case "ringCarried" -> carried(Rings.onePerProcessor(), threads, Rings.Way.INLINE, file);
      case "ringOne" -> carried(Rings.one(), threads, Rings.Way.INLINE, file);
      case "ringStaying" -> {
        Rings rings = Rings.onePerProcessor();
        yield new RingReads(rings, new Crew(rings.staying(), threads), Rings.Way.INLINE, file);
      }
      case "ringCarriedNeverInline" -> {
        RingOptions options = RingOptions.defaults().withInlineAttempts(false);
        int count = Runtime.getRuntime().availableProcessors();
        yield carried(Rings.open(count, options), threads, Rings.Way.QUEUED, file);
      }
      default -> throw Workload.unknown(arm);
    };
  }

  private static Arm carried(Rings rings, int threads, Rings.Way way, BenchmarkFile file)
      throws IOException {
    return new RingReads(rings, new Crew(rings.carried(), threads), way, file);
  }
}
