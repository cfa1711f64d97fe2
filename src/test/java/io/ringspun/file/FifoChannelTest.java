package io.ringspun.file;

import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ringspun.testing.Bytes;
import io.ringspun.testing.Fifo;
import io.ringspun.testing.RingCase;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A channel on a FIFO has no positions: every call does what the JDK's channel does. */
class FifoChannelTest {
  @TempDir Path directory;

  /** How a channel is opened. */
  private interface Opener {
    FileChannel open(Path path, Set<StandardOpenOption> options) throws IOException;
  }

  static Stream<Object[]> cases() {
    return RingCase.all().stream()
        .flatMap(
            how ->
                Stream.of(Set.of(READ), Set.of(WRITE), Set.of(APPEND), Set.of(READ, WRITE))
                    .map(options -> new Object[] {how, options}));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void everyCall_asTheJdkDoes(RingCase how, Set<StandardOpenOption> options) throws Exception {
    List<String> jdk = log("jdk", options, FileChannel::open);
    how.run(
        ring ->
            assertEquals(
                jdk, log("ours", options, (path, set) -> RingFileChannel.open(ring, path, set))));
  }

  private List<String> log(String name, Set<StandardOpenOption> options, Opener opener)
      throws Exception {
    Path pipe = directory.resolve(name);
    Fifo.make(pipe);
    Path path = Bytes.file(directory.resolve(name + "-file"), 1, 100);
    List<String> log = new ArrayList<>();
    try (FileChannel filler = FileChannel.open(pipe, READ, WRITE); // it is never empty
        FileChannel channel = opener.open(pipe, options);
        FileChannel file = opener.open(path, Set.of(READ, WRITE))) {
      filler.write(ByteBuffer.allocate(60));
      note(log, "position", channel::position);
      note(log, "move", () -> channel.position(5) == channel);
      note(log, "move before the start", () -> channel.position(-1));
      note(log, "size", channel::size);
      for (long at : new long[] {-1, 0, 7}) {
        note(log, "read at " + at, () -> channel.read(ByteBuffer.allocate(3), at));
        note(log, "read nothing at " + at, () -> channel.read(ByteBuffer.allocate(0), at));
        note(log, "write at " + at, () -> channel.write(ByteBuffer.allocate(3), at));
        note(log, "write nothing at " + at, () -> channel.write(ByteBuffer.allocate(0), at));
        note(log, "truncate to " + at, () -> channel.truncate(at) == channel);
        note(log, "transfer from it at " + at, () -> channel.transferTo(at, 5, file));
        note(log, "transfer to it at " + at, () -> channel.transferFrom(file, at, 5));
        note(log, "transfer nothing to it at " + at, () -> channel.transferFrom(file, at, 0));
      }
      note(log, "read", () -> channel.read(ByteBuffer.allocate(3)));
      note(log, "scatter", () -> channel.read(new ByteBuffer[] {ByteBuffer.allocate(2)}));
      note(log, "write", () -> channel.write(ByteBuffer.allocate(3)));
      note(log, "gather", () -> channel.write(new ByteBuffer[] {ByteBuffer.allocate(2)}));
      note(log, "transfer to it", () -> file.transferTo(0, 5, channel));
      note(log, "transfer from it", () -> file.transferFrom(channel, 0, 5));
      note(log, "position", channel::position);
      note(log, "map", () -> channel.map(MapMode.READ_ONLY, 0, 5));
      note(log, "map nothing", () -> channel.map(MapMode.READ_ONLY, 0, 0).capacity());
      note(
          log,
          "lock",
          () -> {
            try (FileLock lock = channel.lock(0, 5, !options.contains(WRITE))) {
              return lock.isShared();
            }
          });
      note(log, "open", channel::isOpen);
    }
    return log;
  }

  private static void note(List<String> log, String what, Callable<?> call) {
    String outcome;
    try {
      outcome = String.valueOf(call.call());
    } catch (IOException e) {
      outcome = e.toString();
    } catch (Exception e) {
      outcome = e.getClass().getName();
    }
    log.add(what + " -> " + outcome);
  }
}
