package io.ringspun.benchmarks;

import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * Work that can be done in several ways, which JMH and {@link Compare} both drive.
 *
 * <p>Every way does the same operations, with the same threads, on memory of the same kind.
 */
enum Workload {
  NOP(Nops.OPERATIONS, List.of(1, 32, 1000), "handedOver", "carried") {
    @Override
    Arm open(String arm, int threads) throws Exception {
      return Nops.open(arm, threads);
    }
  },
  CACHED(
      CachedReads.OPERATIONS,
      List.of(1, 32, 1000, 10_000),
      "fileChannel",
      "ringDefault",
      "ringCarried") {
    @Override
    Arm open(String arm, int threads) throws Exception {
      return CachedReads.open(arm, threads);
    }
  },
  DIRECT(
      DirectReads.OPERATIONS, List.of(1, 8, 32, 128), "fileChannel", "ringDefault", "ringCarried") {
    @Override
    Arm open(String arm, int threads) throws Exception {
      return DirectReads.open(arm, threads);
    }
  },
  ECHO(EchoPairs.OPERATIONS, List.of(100, 1000), "staying", "group") {
    @Override
    Arm open(String arm, int threads) throws Exception {
      return EchoPairs.open(arm, threads);
    }
  },
  LEASE4K(LeasedReads.OPERATIONS, List.of(1, 32), "plain", "registered", "registeredEach") {
    @Override
    Arm open(String arm, int threads) throws Exception {
      return LeasedReads.open(arm, threads, 4 << 10);
    }
  },
  LEASE128K(LeasedReads.OPERATIONS, List.of(1, 32), "plain", "registered", "registeredEach") {
    @Override
    Arm open(String arm, int threads) throws Exception {
      return LeasedReads.open(arm, threads, 128 << 10);
    }
  },
  BATCH(
      BatchReads.OPERATIONS,
      List.of(1),
      "fileChannelPlatform",
      "fileChannelCarried",
      "batchPlatform",
      "batchCarried") {
    @Override
    Arm open(String arm, int threads) throws Exception {
      return BatchReads.open(arm, threads);
    }
  },
  LOG(
      LogCommits.OPERATIONS,
      List.of(1, 64),
      "fileChannel",
      "chainDefault",
      "chainCarried",
      "durablyCarried",
      "directCarried") {
    @Override
    Arm open(String arm, int threads) throws Exception {
      return LogCommits.open(arm, threads);
    }
  },
  COPY(
      Copies.operations(),
      List.of(1),
      "filesCopy",
      "cp",
      "ringDefault",
      "ringCarried",
      "ringDirect") {
    @Override
    Arm open(String arm, int threads) throws Exception {
      return Copies.open(arm, true);
    }
  },
  COPYUNSYNCED(Copies.operations(), List.of(1), "filesCopy", "cp", "ringDefault", "ringCarried") {
    @Override
    Arm open(String arm, int threads) throws Exception {
      return Copies.open(arm, false);
    }
  },
  H2(
      H2Queries.OPERATIONS,
      List.of(1, 32),
      "fileChannel",
      "fileChannelPlatform",
      "ringPlatform",
      "ringDefault",
      "ringCarried") {
    @Override
    Arm open(String arm, int threads) throws Exception {
      return H2Queries.open(arm, threads);
    }
  },
  LUCENE(
      LuceneLookups.CACHED_OPERATIONS,
      List.of(1, 32),
      "fileChannel",
      "fileChannelPlatform",
      "ringDefault",
      "ringCarried") {
    @Override
    Arm open(String arm, int threads) throws Exception {
      return LuceneLookups.open(arm, threads, false);
    }
  },
  LUCENEDIRECT(
      LuceneLookups.DIRECT_OPERATIONS,
      List.of(1, 32, 128),
      "fileChannel",
      "fileChannelPlatform",
      "ringDefault",
      "ringCarried") {
    @Override
    Arm open(String arm, int threads) throws Exception {
      return LuceneLookups.open(arm, threads, true);
    }
  };

  private final int operations;
  private final List<Integer> threads;
  private final List<String> arms;

  Workload(int operations, List<Integer> threads, String... arms) {
    this.operations = operations;
    this.threads = threads;
    this.arms = List.of(arms);
  }

  /** Returns what a reader calls the work. */
  String title() {
    return switch (this) {
      case CACHED -> "RingFile: read 4 KiB from the page cache";
      case DIRECT -> "RingFile: read 4 KiB past the page cache";
      case BATCH -> "batch of 64 reads of 4 KiB past the page cache";
      case LOG -> "log commit: write 4 KiB and fdatasync";
      case COPY -> "copy a file, and fsync";
      default -> name().toLowerCase(Locale.ROOT);
    };
  }

  /** Returns how many operations a run does unless told otherwise. */
  int operations() {
    return operations;
  }

  /** Returns with how many threads to compare unless told otherwise. */
  List<Integer> threads() {
    return threads;
  }

  /** Returns which arms to compare unless told otherwise; the first is the yardstick. */
  List<String> arms() {
    return arms;
  }

  /** Makes an arm ready. */
  abstract Arm open(String arm, int threads) throws Exception;

  static Workload named(String name) {
    for (Workload workload : values()) {
      if (workload.name().equalsIgnoreCase(name)) {
        return workload;
      }
    }
    throw new IllegalArgumentException(name + " is none of " + Arrays.toString(values()));
  }

  static IllegalArgumentException unknown(String arm) {
    return new IllegalArgumentException("no such arm: " + arm);
  }
}
