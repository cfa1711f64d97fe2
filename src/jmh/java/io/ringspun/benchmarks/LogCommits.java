package io.ringspun.benchmarks;

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
      case "chainDefault" -> new RingCommits(Rings.one(), onDefault, log, true);
      case "chainCarried" -> carried(threads, log, true);
      case "separateCarried" -> carried(threads, log, false);
      default -> throw Workload.unknown(arm);
    };
  }

  private static Arm carried(int threads, LogFile log, boolean chained) throws IOException {
    Rings rings = Rings.one();
    return new RingCommits(rings, new Crew(rings.carried(), threads), log, chained);
  }
}
