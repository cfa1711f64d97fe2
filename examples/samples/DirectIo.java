package samples;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import io.ringspun.Ring;
import io.ringspun.file.RingFile;
import io.ringspun.file.RingOpenOption;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Many linked pairs of a write and a read of 1 MiB each with direct I/O, checked byte by byte.
 *
 * <pre>DirectIo [FILE [PAIRS]]</pre>
 */
public final class DirectIo {
  private static final int PIECE_BYTES = 1 << 20;
  private static final int WRITERS = 16;

  private DirectIo() {}

  /** Writes a number of pairs to the named file, 512 by default. */
  public static void main(String[] args) throws Exception {
    Path path = Path.of(args.length > 0 ? args[0] : "direct.dat");
    int pairs = args.length > 1 ? Integer.parseInt(args[1]) : 512;
    AtomicLong lastBegun = new AtomicLong();
    long start = System.nanoTime();
    try (Ring ring = Ring.open();
        RingFile file = RingFile.open(ring, path, CREATE, READ, WRITE, RingOpenOption.DIRECT);
        ExecutorService threads = ring.executor()) {
      List<Future<?>> writers = new ArrayList<>();
      for (int i = 0; i < WRITERS; i++) {
        int first = i;
        writers.add(threads.submit(() -> runPairs(ring, file, first, pairs, lastBegun)));
      }
      for (Future<?> writer : writers) {
        writer.get();
      }
    }
    double seconds = (System.nanoTime() - start) / 1e9;
    System.out.printf(
        "%,d MiB written, read back and compared in %.2f s: %,.0f MiB/s each way;"
            + " the last pair was submitted after %.2f s%n",
        pairs, seconds, pairs / seconds, (lastBegun.get() - start) / 1e9);
  }

  /** One thread's share: every sixteenth pair. */
  private static Void runPairs(Ring ring, RingFile file, int first, int pairs, AtomicLong lastBegun)
      throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment written = file.allocateBuffer(arena, PIECE_BYTES);
      MemorySegment read = file.allocateBuffer(arena, PIECE_BYTES);
      for (int i = first; i < pairs; i += WRITERS) {
        written.fill((byte) (i + 1));
        long position = (long) i * PIECE_BYTES;
        lastBegun.accumulateAndGet(System.nanoTime(), Math::max);
        ring.chain().write(file, written, position).read(file, read, position).run();
        if (written.mismatch(read) >= 0) {
          throw new IOException("piece " + i + " came back changed");
        }
      }
    }
    return null;
  }
}
