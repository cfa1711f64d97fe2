package io.ringspun.benchmarks;

import java.util.concurrent.ThreadFactory;
import libraries.H2RingFilePath;
import org.jspecify.annotations.Nullable;

/**
 * SQL on an H2 database whose files are {@link java.nio.channels.FileChannel}s or go through rings.
 */
final class H2Queries extends Arm {
  static final int OPERATIONS = 32_768;

  private final Crew crew;
  private final H2Database database;
  private final @Nullable Rings rings;

  private H2Queries(ThreadFactory factory, int threads, String scheme, @Nullable Rings rings)
      throws Exception {
    crew = new Crew(factory, threads);
    database = H2Database.make(scheme, threads);
    this.rings = rings;
  }

  static Arm open(String arm, int threads) throws Exception {
    H2ChannelFilePath.register();
    H2RingFilePath.register();
    ThreadFactory onDefault = Thread.ofVirtual().factory();
    ThreadFactory platform = Thread.ofPlatform().factory();
    return switch (arm) {
      case "fileChannel" -> new H2Queries(onDefault, threads, "channel", null);
      case "fileChannelPlatform" -> new H2Queries(platform, threads, "channel", null);
      case "ringDefault" -> new H2Queries(onDefault, threads, "ring", Rings.shared());
      case "ringPlatform" -> new H2Queries(platform, threads, "ring", Rings.shared());
      case "ringCarried" -> {
        Rings rings = Rings.onePerProcessor();
        yield new H2Queries(rings.carried(), threads, "ring", rings);
      }
      default -> throw Workload.unknown(arm);
    };
  }

  @Override
  void run(int operations) throws Exception {
    if (rings != null) {
      rings.count();
    }
    crew.run(operations, database::query);
    if (rings != null) {
      rings.requireDone(operations / 2, Rings.Way.EITHER); // the rest is in the database's cache
    }
  }

  @Override
  public void close() throws Exception {
    database.close();
    if (rings != null) {
      rings.close();
    }
  }
}
