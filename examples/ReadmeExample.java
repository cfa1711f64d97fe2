import static java.nio.file.StandardOpenOption.*;

import io.ringspun.Ring;
import io.ringspun.file.RingFile;
import java.lang.foreign.Arena;
import java.nio.file.Path;

String commit(Ring ring, Path path, String text) throws Exception {
  try (var log = RingFile.open(ring, path, CREATE, READ, WRITE);
      var arena = Arena.ofConfined()) {
    var page = arena.allocateFrom(text);
    ring.chain().write(log, page, 0).fdatasync(log).run(); // one trip, in order
    var copy = arena.allocate(page.byteSize());
    log.read(copy, 0); // looks blocking, but only parks the virtual thread
    return copy.getString(0);
  }
}

void main(String[] args) throws Exception {
  try (var ring = Ring.open();
      var threads = ring.executor()) { // virtual threads, carried by rings, one on each processor
    IO.println(threads.submit(() -> commit(ring, Path.of(args[0]), "committed")).get());
  }
}
