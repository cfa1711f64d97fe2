package samples;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import io.ringspun.Batch;
import io.ringspun.Outcome;
import io.ringspun.Ring;
import io.ringspun.Step;
import io.ringspun.file.RingFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Batches over many files: all are written in one call, synced in another, and read in a third.
 *
 * <pre>ManyFiles [DIRECTORY [FILES]]</pre>
 */
public final class ManyFiles {
  private ManyFiles() {}

  /** Creates files in the named directory, or in the current one; 100 by default. */
  public static void main(String[] args) throws IOException {
    Path directory = Path.of(args.length > 0 ? args[0] : ".");
    int count = args.length > 1 ? Integer.parseInt(args[1]) : 100;
    List<RingFile> files = new ArrayList<>();
    try (Ring ring = Ring.open();
        Arena arena = Arena.ofConfined()) {
      for (int i = 0; i < count; i++) {
        Path path = directory.resolve("many-%03d.txt".formatted(i));
        files.add(RingFile.open(ring, path, CREATE, TRUNCATE_EXISTING, READ, WRITE));
      }
      work(ring, arena, files);
    } finally {
      for (RingFile file : files) {
        file.close();
      }
    }
  }

  private static void work(Ring ring, Arena arena, List<RingFile> files) throws IOException {
    Batch writes = ring.batch();
    Batch syncs = ring.batch();
    List<MemorySegment> copies = new ArrayList<>();
    List<Step> reads = new ArrayList<>();
    for (RingFile file : files) {
      MemorySegment text = arena.allocateFrom("file %d of many".formatted(reads.size()));
      MemorySegment copy = arena.allocate(text.byteSize());
      writes.write(file, text, 0);
      syncs.fdatasync(file);
      copies.add(copy);
      reads.add(Step.read(file, copy, 0));
    }
    writes.run(); // throws if a single one of them failed or fell short
    syncs.run();
    long bytes = 0;
    for (Outcome outcome : ring.batch().addAll(reads).run()) {
      bytes += outcome.result();
    }
    System.out.printf("%,d files written, synced and read: %,d bytes%n", files.size(), bytes);
    System.out.println("the last one: " + copies.getLast().getString(0));
  }
}
