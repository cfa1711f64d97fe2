package io.ringspun.examples;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import io.ringspun.Ring;
import io.ringspun.file.RingFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.time.Duration;

/** The example of the README: a log written, committed and read on a thread the ring carries. */
public final class ReadmeExample {
  private ReadmeExample() {}

  /** Works on the file that is named, or on {@code example.log}. */
  public static void main(String[] args) throws Exception {
    Path path = Path.of(args.length > 0 ? args[0] : "example.log");
    try (Ring ring = Ring.open()) {
      ring.startVirtualThread(() -> writeAndRead(ring, path)).join();
    }
  }

  private static void writeAndRead(Ring ring, Path path) {
    try (RingFile log = RingFile.open(ring, path, CREATE, READ, WRITE);
        Arena arena = Arena.ofConfined()) {
      log.write(arena.allocateFrom("Hello"), 0); // parks the virtual thread until it is written

      MemorySegment page = arena.allocateFrom("committed");
      ring.chain() // one trip to the kernel, in order, all or an error
          .write(log, page, 4096)
          .fdatasync(log)
          .timeout(Duration.ofSeconds(1))
          .run()
          .orThrow();

      MemorySegment a = arena.allocate(6);
      MemorySegment b = arena.allocate(10);
      ring.batch().read(log, a, 0).read(log, b, 4096).run().orThrow(); // at once, in any order
      System.out.println(a.getString(0) + ", " + b.getString(0));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
