package io.ringspun.benchmarks;

import io.ringspun.Ring;
import java.io.IOException;

/** The arms of {@link NopBenchmark}. */
final class Nops extends Arm {
  static final int OPERATIONS = 800_000;

  private final Rings rings;
  private final Crew crew;

  private Nops(Rings rings, Crew crew) {
    this.rings = rings;
    this.crew = crew;
  }

  static Arm open(String arm, int threads) throws IOException {
    return switch (arm) {
      case "carried" -> {
        Rings rings = Rings.one();
        yield new Nops(rings, new Crew(rings.carried(), threads));
      }
      case "staying" -> {
        Rings rings = Rings.onePerProcessor();
        yield new Nops(rings, new Crew(rings.staying(), threads));
      }
      case "group" -> {
        Rings rings = Rings.onePerProcessor();
        yield new Nops(rings, new Crew(rings.carried(), threads));
      }
      case "handedOver" -> new Nops(Rings.one(), new Crew(Thread.ofVirtual().factory(), threads));
      case "c1", "c8", "c64" -> new NativeNops(Integer.parseInt(arm.substring(1)));
      default -> throw Workload.unknown(arm);
    };
  }

  @Override
  void run(int operations) throws Exception {
    rings.count();
    crew.run(operations, this::call);
    rings.requireDone(operations, Rings.Way.QUEUED);
  }

  private void call(int member, int operations) throws IOException {
    for (int i = 0; i < operations; i++) {
      Ring.current().orElseGet(rings::first).nop();
    }
  }

  @Override
  public void close() {
    rings.close();
  }
}
