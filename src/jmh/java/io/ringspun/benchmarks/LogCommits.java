package io.ringspun.benchmarks;

import io.ringspun.benchmarks.RingCommits.Way;
import java.io.IOException;

/** The arms of {@link LogCommitBenchmark}. */
final class LogCommits {
  static final int OPERATIONS = 1024;

  private LogCommits() {}

  static Arm open(String arm, int threads) throws IOException {
    LogFile log = LogFile.make();
    Crew onDefault = new Crew(Thread.ofVirtual().factory(), threads);
    return switch (arm) {
      case "fileChannel" -> new ChannelCommits(onDefault, log);
      case "fileChannelPlatform" ->
          new ChannelCommits(new Crew(Thread.ofPlatform().factory(), threads), log);
      case "chainDefault" -> new RingCommits(Rings.one(), onDefault, log, Way.CHAIN);
      case "chainCarried" -> carried(threads, log, Way.CHAIN);
      case "separateCarried" -> carried(threads, log, Way.SEPARATE);
      case "durablyDefault" -> new RingCommits(Rings.one(), onDefault, log, Way.DURABLY);
      case "durablyCarried" -> carried(threads, log, Way.DURABLY);
      case "directCarried" -> carried(threads, log, Way.DURABLY_DIRECT);
      default -> throw Workload.unknown(arm);
    };
  }

  private static Arm carried(int threads, LogFile log, Way way) throws IOException {
    Rings rings = Rings.one();
    return new RingCommits(rings, new Crew(rings.carried(), threads), log, way);
  }
}
