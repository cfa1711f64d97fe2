package io.ringspun.guide;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import io.ringspun.Availability;
import io.ringspun.Outcome;
import io.ringspun.Outcomes;
import io.ringspun.Ring;
import io.ringspun.RingGroup;
import io.ringspun.Step;
import io.ringspun.TransactionException;
import io.ringspun.buffer.BufferRing;
import io.ringspun.file.RingDirectory;
import io.ringspun.file.RingFile;
import io.ringspun.file.RingFileChannel;
import io.ringspun.file.RingFileSystems;
import io.ringspun.file.RingInputStream;
import io.ringspun.file.RingOpenOption;
import io.ringspun.net.RingListener;
import io.ringspun.net.RingSocket;
import io.ringspun.net.RingSocketFactory;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.InterruptedIOException;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/**
 * The code of {@code docs/guide.md} and the first lines of code in {@code README.md}. Each piece
 * stands between two comments. {@link GuideTest} compares the pieces with the pages and runs them.
 */
final class Snippets {
  private Snippets() {}

  static String readme(Path path) throws IOException {
    // snippet
    try (var ring = Ring.open();
        var log = RingFile.open(ring, path, CREATE, READ, WRITE);
        var arena = Arena.ofConfined()) {
      var record = arena.allocateFrom("committed");
      ring.chain().write(log, record, 0).fdatasync(log).run(); // one submission, in this order
      var copy = arena.allocate(record.byteSize());
      log.readFully(copy, 0); // blocks; a virtual thread parks until the bytes are there
      return copy.getString(0);
    }
    // end
  }

  // ---- files ---------------------------------------------------------------------------------

  // snippet
  static String roundTrip(Path path) throws IOException {
    try (var file = RingFile.open(path, CREATE, READ, WRITE);
        var arena = Arena.ofConfined()) {
      var text = arena.allocateFrom("hello");
      file.writeFully(text, 0);
      file.fdatasync();
      var copy = arena.allocate(text.byteSize());
      file.readFully(copy, 0);
      return copy.getString(0);
    }
  }

  // end

  // snippet
  static String shout(Path path) throws IOException {
    try (var file = RingFile.open(path, READ, WRITE)) {
      String text = file.readString().toUpperCase(Locale.ROOT);
      file.writeString(text, 0);
      return text;
    }
  }

  // end

  // snippet
  static List<String> lines(Path path) throws IOException {
    try (var in = RingInputStream.open(path);
        var reader = new BufferedReader(new InputStreamReader(in, UTF_8))) {
      return reader.lines().toList();
    }
  }

  // end

  // snippet
  static void replace(Path directory, String name, MemorySegment content) throws IOException {
    var target = Path.of(name);
    var temporary = Path.of(name + ".new");
    try (var parent = RingDirectory.open(directory)) {
      try (var file = parent.openFile(temporary, CREATE, TRUNCATE_EXISTING, WRITE)) {
        file.writeFully(content, 0);
        file.fsync();
      }
      parent.rename(temporary, target);
      parent.fsync(); // makes the new name durable
    }
  }

  // end

  // snippet
  static int readDirect(Path path) throws IOException {
    try (var file = RingFile.open(path, READ, RingOpenOption.DIRECT);
        var arena = Arena.ofConfined()) {
      var block = file.allocateBuffer(arena, 65_536); // aligned as the device requires
      return file.read(block, 0);
    }
  }

  // end

  // ---- sockets -------------------------------------------------------------------------------

  // snippet
  static void serve(Ring ring, RingListener listener) throws IOException {
    try (var connections = listener.connections()) {
      for (RingSocket connection : connections) {
        ring.startVirtualThread(() -> echo(connection));
      }
    }
  }

  static void echo(RingSocket connection) {
    try (connection;
        var arena = Arena.ofConfined()) {
      var buffer = arena.allocate(16_384);
      for (int n = connection.read(buffer); n >= 0; n = connection.read(buffer)) {
        connection.writeFully(buffer.asSlice(0, n));
      }
    } catch (IOException e) {
      System.getLogger("echo").log(System.Logger.Level.DEBUG, "the peer is gone", e);
    }
  }

  // end

  // snippet
  static String ask(SocketAddress server, String question) throws IOException {
    try (var socket = RingSocket.connect(server);
        var arena = Arena.ofConfined()) {
      var request = arena.allocateFrom(question);
      socket.writeFully(request);
      var answer = arena.allocate(request.byteSize());
      socket.readFully(answer);
      return answer.getString(0);
    }
  }

  // end

  // snippet
  static long count(RingSocket socket, BufferRing buffers) throws IOException {
    long bytes = 0;
    try (var arrivals = socket.receive(buffers)) {
      while (true) {
        try (var chunk = arrivals.next()) { // closing a chunk returns its buffer
          if (chunk.isEnd()) {
            return bytes;
          }
          bytes += chunk.byteSize();
        }
      }
    }
  }

  // end

  // ---- chains and batches --------------------------------------------------------------------

  // snippet
  static void commit(Ring ring, RingFile log, MemorySegment record, long position)
      throws IOException {
    ring.chain().write(log, record, position).fdatasync(log).run();
  }

  // end

  // snippet
  static String tryCommit(Ring ring, RingFile log, MemorySegment record) throws IOException {
    try {
      ring.chain().write(log, record, 0).fdatasync(log).run();
      return "committed";
    } catch (TransactionException e) {
      return "%s failed with %s; %d of %d steps succeeded"
          .formatted(e.step().operation(), e.errnoName(), e.position(), e.outcomes().size());
    }
  }

  // end

  // snippet
  static int bytesOfFirst(Ring ring, RingFile file, MemorySegment head, MemorySegment tail)
      throws IOException {
    var first = Step.read(file, head, 0);
    Outcomes outcomes = ring.chain().add(first).read(file, tail, head.byteSize()).attempt();
    for (Outcome outcome : outcomes) {
      outcome.failure().ifPresent(e -> System.err.println(e.getMessage()));
    }
    return outcomes.get(first).result();
  }

  // end

  // snippet
  static void copyBlock(Ring ring, RingFile source, RingFile target, MemorySegment block)
      throws IOException {
    ring.chain()
        .read(source, block, 0)
        .add(Step.write(target, block, 0).within(Duration.ofSeconds(1)))
        .add(Step.fdatasync(target).evenIfPreviousFailed())
        .within(Duration.ofSeconds(5))
        .run();
  }

  // end

  // snippet
  static void syncAfterEverythingElse(Ring ring, RingFile log) throws IOException {
    ring.chain().add(Step.fdatasync(log).afterEverythingElse()).run();
  }

  // end

  // snippet
  static void syncAll(Ring ring, List<RingFile> files) throws IOException {
    ring.batch().addAll(files.stream().map(Step::fdatasync).toList()).run();
  }

  // end

  // ---- memory --------------------------------------------------------------------------------

  // snippet
  static int readIntoArray(RingFile file, byte[] target) throws IOException {
    return file.read(target, 0); // copied by way of pooled native memory
  }

  // end

  // snippet
  static long sizeByReading(Ring ring, RingFile file) throws IOException {
    try (var pool = ring.bufferPool(16, 65_536);
        var lease = pool.take()) {
      long bytes = 0;
      while (file.read(lease, bytes) >= 0) {
        bytes += lease.filled().byteSize();
      }
      return bytes;
    }
  }

  // end

  // ---- time limits and interrupts ------------------------------------------------------------

  // snippet
  static int readInTime(RingSocket socket, MemorySegment target) throws IOException {
    return socket.within(Duration.ofMillis(100)).read(target);
  }

  // end

  // snippet
  static String readOrGiveUp(RingSocket socket, MemorySegment target) throws IOException {
    try {
      return "received " + socket.read(target);
    } catch (InterruptedIOException e) {
      return "interrupted; the socket is " + (socket.isOpen() ? "open" : "closed");
    }
  }

  // end

  // ---- carried threads -----------------------------------------------------------------------

  // snippet
  static List<String> readAll(Ring ring, List<Path> paths) throws Exception {
    try (var threads = ring.executor()) {
      List<Future<List<String>>> files = new ArrayList<>();
      for (Path path : paths) {
        files.add(threads.submit(() -> lines(path)));
      }
      List<String> all = new ArrayList<>();
      for (var file : files) {
        all.addAll(file.get());
      }
      return all;
    }
  }

  // end

  // snippet
  static void onEveryProcessor(List<Path> paths) throws IOException {
    try (var rings = RingGroup.open(); // one ring for each processor
        var threads = rings.executor()) {
      for (Path path : paths) {
        threads.submit(() -> lines(path));
      }
    } // waits for the tasks, then closes the rings
  }

  // end

  // snippet
  static Ring here() throws IOException {
    var carrier = Ring.current();
    return carrier.isPresent() ? carrier.get() : Ring.shared();
  }

  // end

  // snippet
  static final ExecutorService BLOCKING = Executors.newCachedThreadPool();

  static InetAddress lookUp(String host) throws Exception {
    return BLOCKING.submit(() -> InetAddress.getByName(host)).get();
  }

  // end

  // snippet
  static void printWaits(RingGroup group, PrintStream out) {
    for (Ring ring : group.rings()) {
      out.println(ring + " " + ring.metrics());
      ring.dump().forEach(out::println); // recv on descriptor 12 for 3.214 s, awaited by ...
    }
  }

  // end

  // ---- drop-ins ------------------------------------------------------------------------------

  // snippet
  static int viaFileChannel(Path path, ByteBuffer target) throws IOException {
    try (var channel = RingFileChannel.open(path, READ)) {
      return channel.read(target);
    }
  }

  // end

  // snippet
  static String viaPath(Path path) throws IOException {
    return Files.readString(RingFileSystems.wrap(path));
  }

  // end

  // snippet
  static int viaSocket(String host, int port) throws IOException {
    try (var socket = new RingSocketFactory().createSocket(host, port)) {
      socket.setSoTimeout(1_000);
      return socket.getInputStream().read();
    }
  }

  // end

  // ---- where rings are not available ---------------------------------------------------------

  // snippet
  static String describe() {
    Availability availability = Ring.availability();
    return availability.isAvailable()
        ? "io_uring works, liburing is " + availability.liburing()
        : availability.reason().orElseThrow() + ". " + availability.remedy().orElseThrow();
  }
  // end
}
