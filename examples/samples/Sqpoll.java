package samples;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import io.ringspun.Ring;
import io.ringspun.RingOptions;
import io.ringspun.file.RingFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Kernel polling: a kernel thread polls the submission queue, so that no system call is needed
 * while it is awake, at the cost of a processor. Runs the same calls on a ring without it and on a
 * ring with it.
 *
 * <pre>Sqpoll [FILE [WRITES]]</pre>
 */
public final class Sqpoll {
  private static final int BLOCK_BYTES = 4096;

  private Sqpoll() {}

  /** Writes to the named file, or to {@code sqpoll.txt}; 1,000 blocks by default. */
  public static void main(String[] args) throws IOException {
    Path path = Path.of(args.length > 0 ? args[0] : "sqpoll.txt");
    int writes = args.length > 1 ? Integer.parseInt(args[1]) : 1000;
    RingOptions usual = RingOptions.defaults().withInlineAttempts(false);
    write("usual", usual, path, writes);
    write("SQPOLL", usual.withKernelPolling(Duration.ofSeconds(1)), path, writes);
  }

  private static void write(String name, RingOptions options, Path path, int writes)
      throws IOException {
    try (Ring ring = Ring.open(options);
        RingFile file = RingFile.open(ring, path, CREATE, TRUNCATE_EXISTING, READ, WRITE);
        Arena arena = Arena.ofConfined()) {
      MemorySegment block = arena.allocate(BLOCK_BYTES).fill((byte) 'x');
      long start = System.nanoTime();
      for (int i = 0; i < writes; i++) {
        file.writeFully(block, (long) i * BLOCK_BYTES);
      }
      double micros = (System.nanoTime() - start) / 1e3;
      System.out.printf(
          "%s: %,d bytes, %.1f us for each of %,d writes%n",
          name, file.size(), micros / writes, writes);
    }
  }
}
