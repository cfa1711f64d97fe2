package samples;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import io.ringspun.Ring;
import io.ringspun.file.RingFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * The plain calls: write, sync, size, read, truncate. They work from any thread; this one is the
 * main thread, which simply waits.
 */
public final class BasicIo {
  private BasicIo() {}

  /** Works on the named file, or on {@code basic.txt}. */
  public static void main(String[] args) throws IOException {
    Path path = Path.of(args.length > 0 ? args[0] : "basic.txt");
    try (Ring ring = Ring.open();
        RingFile file = RingFile.open(ring, path, CREATE, TRUNCATE_EXISTING, READ, WRITE)) {
      byte[] text = "Plain blocking calls over io_uring".getBytes(StandardCharsets.UTF_8);
      file.writeFully(ByteBuffer.wrap(text), 0);
      file.fsync();
      System.out.printf("wrote %d bytes, the file has %d%n", text.length, file.size());

      ByteBuffer buffer = ByteBuffer.allocate(14);
      file.readFully(buffer, 0);
      System.out.println("read: " + StandardCharsets.UTF_8.decode(buffer.flip()));

      file.truncate(5);
      int n = file.read(buffer.clear(), 5);
      System.out.printf("cut to %d bytes; a read at the end returns %d%n", file.size(), n);
    }
  }
}
