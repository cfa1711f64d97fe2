package demo;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Stream;

/**
 * Work with names, by {@link Files} and {@link FileChannel}: the arms differ in their paths alone.
 * Each thread has a file of its own among a hundred.
 */
enum NameWork {
  EXISTS("Files.exists") {
    @Override
    long perform(Path file) {
      return Files.exists(file) ? 1 : 0;
    }
  },
  OPEN("open and close") {
    @Override
    long perform(Path file) throws IOException {
      FileChannel.open(file).close();
      return 1;
    }
  },
  LIST("list 100 names") {
    @Override
    long perform(Path file) throws IOException {
      try (Stream<Path> names = Files.list(file.getParent())) {
        return names.mapToLong(name -> name.getFileName().toString().hashCode()).sum();
      }
    }
  };

  private static final int FILES = 100;

  private final String title;

  NameWork(String title) {
    this.title = title;
  }

  /** Does one operation, and returns what it found. */
  abstract long perform(Path file) throws IOException;

  /** Returns the row for a number of threads, with its files in a directory that has no others. */
  Work on(Path directory, int threads) {
    return new Names(directory, threads);
  }

  private final class Names implements Work {
    private final Path directory;
    private final int threads;
    private long digest;

    Names(Path directory, int threads) {
      this.directory = directory;
      this.threads = threads;
    }

    @Override
    public String name() {
      return title;
    }

    @Override
    public int threads() {
      return threads;
    }

    @Override
    public long run(Arm arm, long count, long deadlineNanos) throws IOException {
      makeFiles();
      LongAdder done = new LongAdder();
      LongAdder found = new LongAdder();
      Crew.run(
          arm,
          (int) Math.min(threads, count),
          worker -> {
            Path file = arm.path(worker, directory.resolve("name-" + worker % FILES));
            long sum = 0;
            long operation = worker;
            long performed = 0;
            while (operation < count && System.nanoTime() < deadlineNanos) {
              sum += perform(file);
              operation += threads;
              performed++;
            }
            done.add(performed);
            found.add(sum);
          });
      digest = found.sum();
      return done.sum();
    }

    private void makeFiles() throws IOException {
      Path last = directory.resolve("name-" + (FILES - 1));
      for (int i = 0; i < FILES && !Files.exists(last); i++) {
        Files.createFile(directory.resolve("name-" + i));
      }
    }

    @Override
    public long digest() {
      return digest;
    }
  }
}
