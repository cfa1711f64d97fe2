package io.ringspun.benchmarks;

import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import io.ringspun.file.RingFileChannel;
import io.ringspun.file.RingOpenOption;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadFactory;

/**
 * Who copies a file fastest? An operation is a MiB of it, a run the whole file, which is in the
 * page cache, to a new one. Where copies are to be durable, every arm ends with the same fsync;
 * else none syncs. The copy is compared with the original after the clock has stopped.
 *
 * <p>What {@code cp} spends is another process's, and so not in its CPU time.
 */
final class Copies extends Arm {
  private final BenchmarkFile file;
  private final Way way;
  private final boolean durable;
  private final Path target;
  private final Rings rings;
  private final Crew crew;

  /** Copies the source to the target, which is not there yet. */
  private interface Way {
    void copy(Rings rings, Path source, Path target) throws Exception;
  }

  private Copies(Way way, boolean durable, Rings rings, ThreadFactory factory) throws IOException {
    this.way = way;
    this.durable = durable;
    this.rings = rings;
    file = BenchmarkFile.cached();
    target = BenchmarkFile.directory().resolve("copy-" + ProcessHandle.current().pid());
    crew = new Crew(factory, 1);
  }

  static Arm open(String arm, boolean durable) throws IOException {
    Rings rings = Rings.one();
    return switch (arm) {
      case "filesCopy" ->
          new Copies(
              (_, source, target) -> Files.copy(source, target),
              durable,
              rings,
              Thread.ofVirtual().factory());
      case "cp" -> new Copies(Copies::cp, durable, rings, Thread.ofPlatform().factory());
      case "ringDefault" -> new Copies(Copies::ring, durable, rings, Thread.ofVirtual().factory());
      case "ringCarried" -> new Copies(Copies::ring, durable, rings, rings.carried());
      case "ringDirect" ->
          new Copies(
              (own, source, target) -> ring(own, source, target, RingOpenOption.DIRECT),
              durable,
              rings,
              rings.carried());
      default -> throw Workload.unknown(arm);
    };
  }

  /** Returns how many MiB there are to copy. */
  static int operations() {
    return BenchmarkFile.megabytes();
  }

  private static void cp(Rings rings, Path source, Path target) throws Exception {
    Process process =
        new ProcessBuilder("cp", source.toString(), target.toString()).inheritIO().start();
    int status = process.waitFor();
    if (status != 0) {
      throw new IOException("cp ended with status " + status);
    }
  }

  private static void ring(Rings rings, Path source, Path target, OpenOption... more)
      throws IOException {
    Set<OpenOption> reading = new HashSet<>(List.of(more));
    Set<OpenOption> writing = new HashSet<>(reading);
    reading.add(READ);
    writing.addAll(List.of(CREATE_NEW, WRITE));
    try (RingFileChannel from = RingFileChannel.open(rings.first(), source, reading);
        RingFileChannel to = RingFileChannel.open(rings.first(), target, writing)) {
      from.transferTo(0, Long.MAX_VALUE, to);
    }
  }

  @Override
  Sample measure(int operations) throws Exception {
    if (operations != operations()) {
      throw new IllegalArgumentException("the file has %d MiB".formatted(operations()));
    }
    Files.deleteIfExists(target);
    Sample sample = super.measure(operations);
    if (Files.mismatch(file.path(), target) != -1) {
      throw new IllegalStateException("the copy differs");
    }
    return sample;
  }

  @Override
  void run(int operations) throws Exception {
    crew.run(1, (_, _) -> copy());
  }

  private void copy() throws Exception {
    way.copy(rings, file.path(), target);
    if (durable) {
      try (FileChannel channel = FileChannel.open(target, WRITE)) {
        channel.force(true);
      }
    }
  }

  @Override
  public void close() throws IOException {
    rings.close();
    Files.deleteIfExists(target);
  }
}
