package samples;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import io.ringspun.BufferPool;
import io.ringspun.Lease;
import io.ringspun.Ring;
import io.ringspun.file.RingFile;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;

/**
 * Buffers that are registered with the kernel once instead of being looked up for each operation,
 * lent out one by one.
 *
 * <pre>RegisteredBuffers [FILE]</pre>
 */
public final class RegisteredBuffers {
  private static final int BUFFER_BYTES = 64 << 10;

  private RegisteredBuffers() {}

  /** Works on the named file, or on {@code registered.txt}. */
  public static void main(String[] args) throws IOException {
    Path path = Path.of(args.length > 0 ? args[0] : "registered.txt");
    try (Ring ring = Ring.open();
        BufferPool pool = ring.bufferPool(8, BUFFER_BYTES);
        RingFile file = RingFile.open(ring, path, CREATE, TRUNCATE_EXISTING, READ, WRITE)) {
      System.out.printf("%d buffers of %,d bytes%n", pool.buffers(), pool.bufferBytes());
      try (Lease lease = pool.take()) {
        for (int i = 0; i < 8; i++) {
          lease.segment().fill((byte) ('a' + i));
          file.write(lease, BUFFER_BYTES, (long) i * BUFFER_BYTES);
        }
      }
      file.fdatasync();
      long sum = 0;
      for (long position = 0; position < file.size(); position += BUFFER_BYTES) {
        try (Lease lease = pool.take()) { // returned to the pool at the end
          sum += file.read(lease, position);
          System.out.print((char) lease.filled().get(ValueLayout.JAVA_BYTE, 0));
        }
      }
      System.out.printf("%n%,d bytes written and read back%n", sum);
    }
  }
}
