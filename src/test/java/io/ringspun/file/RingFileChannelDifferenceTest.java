package io.ringspun.file;

import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.DELETE_ON_CLOSE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.ringspun.Ring;
import io.ringspun.internal.filechannel.JdkBackedChannel;
import io.ringspun.internal.filechannel.RingBackedChannel;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.Differential;
import io.ringspun.testing.Differential.Program;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.ExtendedOption;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What the JDK's channel does is the specification; here ours does the same beside it. What people
 * have thought of is here, the rest is in {@link RingFileChannelPropertyTest}.
 */
class RingFileChannelDifferenceTest {
  private static final int SIZE = 10_000;
  private static final List<Set<? extends OpenOption>> MODES =
      List.of(Set.of(READ), Set.of(WRITE), Set.of(READ, WRITE), Set.of(APPEND));

  @TempDir Path directory;
  private Ring ring;

  @BeforeEach
  void open() throws Exception {
    ring = Ring.open();
  }

  @AfterEach
  void close() {
    ring.close();
  }

  private static Arguments named(String name, Program program) {
    return arguments(name, program);
  }

  private static ByteBuffer heap(int size) {
    return ByteBuffer.wrap(Bytes.of(9, 0, size));
  }

  private static ByteBuffer direct(int size) {
    return Bytes.direct(9, 0, size);
  }

  /** A call that gives a buffer, and what it looks like afterwards. */
  private interface Transfer {
    Object with(FileChannel channel, ByteBuffer buffer) throws Exception;
  }

  /** Makes the call with buffers of every make. */
  private static Program buffers(Transfer transfer) {
    return (channel, log) -> {
      ByteBuffer sliced = ByteBuffer.allocateDirect(64).position(3).limit(40).slice();
      List<ByteBuffer> buffers =
          List.of(
              heap(100),
              direct(100),
              heap(100).position(20).limit(60),
              direct(100).position(20).limit(60),
              heap(100).position(20).slice(),
              sliced,
              Arena.ofAuto().allocate(77).asByteBuffer(),
              Arena.ofShared().allocate(77).asByteBuffer(),
              heap(10).asReadOnlyBuffer(),
              direct(10).asReadOnlyBuffer(),
              heap(10).position(10),
              direct(10).position(10),
              heap(10).position(10).asReadOnlyBuffer());
      for (int i = 0; i < buffers.size(); i++) {
        ByteBuffer buffer = buffers.get(i);
        log.note("buffer " + i, channel, () -> transfer.with(channel, buffer));
        log.note("buffer " + i, describe(buffer));
        log.note("position", channel, channel::position);
      }
      log.note("no buffer", channel, () -> transfer.with(channel, null));
    };
  }

  private static String describe(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.capacity()];
    buffer.duplicate().clear().get(bytes);
    return "%s %d".formatted(buffer.toString().replaceAll(".*\\[", "["), Arrays.hashCode(bytes));
  }

  private static ByteBuffer[] mixed() {
    return new ByteBuffer[] {
      heap(30), direct(30).position(10), heap(0), heap(100).position(5).limit(50), direct(1)
    };
  }

  private static Program gathered(ByteBuffer[] buffers, int offset, int length, boolean write) {
    return (channel, log) -> {
      ByteBuffer[] copies = buffers == null ? null : buffers.clone();
      for (int i = 0; copies != null && i < copies.length; i++) {
        copies[i] = copies[i] == null ? null : duplicate(copies[i]);
      }
      log.note(
          "call",
          channel,
          () ->
              write ? channel.write(copies, offset, length) : channel.read(copies, offset, length));
      for (ByteBuffer copy : copies == null ? new ByteBuffer[0] : copies) {
        log.note("buffer", copy == null ? null : describe(copy));
      }
    };
  }

  /** Copies a buffer with its bytes, so that the second run meets what the first one met. */
  private static ByteBuffer duplicate(ByteBuffer buffer) {
    ByteBuffer copy =
        buffer.isDirect()
            ? ByteBuffer.allocateDirect(buffer.capacity())
            : ByteBuffer.allocate(buffer.capacity());
    copy.put(buffer.duplicate().clear()).position(buffer.position()).limit(buffer.limit());
    return buffer.isReadOnly() ? copy.asReadOnlyBuffer() : copy;
  }

  private static ByteBuffer[] many(int count) {
    ByteBuffer[] buffers = new ByteBuffer[count];
    Arrays.setAll(buffers, i -> i % 2 == 0 ? heap(3) : direct(3));
    return buffers;
  }

  private interface Step {
    Object run(FileChannel channel) throws Exception;
  }

  private static Program steps(Step... steps) {
    return (channel, log) -> {
      for (int i = 0; i < steps.length; i++) {
        Step step = steps[i];
        log.note("step " + i, channel, () -> step.run(channel));
      }
    };
  }

  private static Object ofChannel(FileChannel channel, FileChannel returned) {
    return channel == returned ? "itself" : "another";
  }

  static Stream<Arguments> cases() {
    return Stream.of(
        named("read", buffers(FileChannel::read)),
        named("write", buffers(FileChannel::write)),
        named("read at", buffers((c, b) -> c.read(b, 5_000))),
        named("write at", buffers((c, b) -> c.write(b, 5_000))),
        named("read near the end", buffers((c, b) -> c.read(b, SIZE - 7))),
        named("write near the end", buffers((c, b) -> c.write(b, SIZE - 7))),
        named("read at the end", buffers((c, b) -> c.read(b, SIZE))),
        named("read past the end", buffers((c, b) -> c.read(b, SIZE + 99_999))),
        named("write past the end", buffers((c, b) -> c.write(b, SIZE + 99_999))),
        named("read at a negative position", buffers((c, b) -> c.read(b, -1))),
        named("write at a negative position", buffers((c, b) -> c.write(b, Long.MIN_VALUE))),
        named("read where position and size overflow", buffers((c, b) -> c.read(b, MAX - 3))),
        named("write where position and size overflow", buffers((c, b) -> c.write(b, MAX - 3))),
        named("read at the last position", buffers((c, b) -> c.read(b, MAX))),
        named("scatter", gathered(mixed(), 0, 5, false)),
        named("gather", gathered(mixed(), 0, 5, true)),
        named("scatter part", gathered(mixed(), 1, 3, false)),
        named("gather part", gathered(mixed(), 1, 3, true)),
        named("scatter nothing", gathered(mixed(), 5, 0, false)),
        named("gather nothing", gathered(mixed(), 2, 0, true)),
        named("scatter into full buffers", gathered(many(0), 0, 0, false)),
        named("scatter into an empty one", gathered(new ByteBuffer[] {heap(0)}, 0, 1, false)),
        named("gather from an empty one", gathered(new ByteBuffer[] {direct(0)}, 0, 1, true)),
        named("scatter out of bounds", gathered(mixed(), 3, 3, false)),
        named("gather out of bounds", gathered(mixed(), -1, 3, true)),
        named("gather a negative count", gathered(mixed(), 1, -3, true)),
        named("scatter null", gathered(null, 0, 0, false)),
        named("gather null", gathered(null, 0, 0, true)),
        named("scatter a null", gathered(new ByteBuffer[] {heap(5), null}, 0, 2, false)),
        named("gather a null", gathered(new ByteBuffer[] {null, heap(5)}, 0, 2, true)),
        named("scatter into a read-only one", readOnlyScatter(10)),
        named("scatter into an empty read-only one", readOnlyScatter(0)),
        named("scatter into very many", gathered(many(1_500), 0, 1_500, false)),
        named("gather from very many", gathered(many(1_500), 0, 1_500, true)),
        named(
            "position",
            steps(
                FileChannel::position,
                c -> ofChannel(c, c.position(77)),
                FileChannel::position,
                c -> c.position(-1),
                c -> c.position(Long.MIN_VALUE),
                c -> ofChannel(c, c.position(SIZE * 3L)),
                FileChannel::position,
                c -> c.read(heap(5)),
                c -> c.write(heap(5)),
                FileChannel::position,
                FileChannel::size)),
        named(
            "truncate",
            steps(
                c -> ofChannel(c, c.truncate(SIZE + 1)),
                FileChannel::size,
                c -> c.position(SIZE).position(),
                c -> ofChannel(c, c.truncate(4_000)),
                FileChannel::position,
                FileChannel::size,
                c -> c.truncate(-1),
                c -> ofChannel(c, c.truncate(0)),
                FileChannel::position,
                c -> c.read(heap(5)),
                FileChannel::size)),
        named(
            "force",
            steps(
                c -> {
                  c.force(false);
                  c.force(true);
                  return "done";
                })),
        named("transfer to a stream", transfers(0, 100)),
        named("transfer much to a stream", transfers(1, 9_998)),
        named("transfer more than there is", transfers(9_000, 5_000)),
        named("transfer from the end", transfers(SIZE, 10)),
        named("transfer from past the end", transfers(SIZE + 1, 10)),
        named("transfer from the last position", transfers(MAX, 10)),
        named("transfer the last count", transfers(10, MAX)),
        named("transfer nothing", transfers(10, 0)),
        named("transfer at a negative position", transfers(-1, 10)),
        named("transfer a negative count", transfers(10, -1)),
        named("transfer between files", RingFileChannelDifferenceTest::betweenFiles),
        named("transfer to its like", like(Set.of(READ, WRITE))),
        named("transfer to its like for reading", like(Set.of(READ))),
        named("transfer to its like for writing", like(Set.of(WRITE))),
        named("transfer to its like for appending", like(Set.of(APPEND))),
        named(
            "closed",
            (channel, log) -> {
              channel.close();
              everything(channel, log);
            }),
        named(
            "interrupted",
            (channel, log) -> {
              log.note(
                  "read",
                  channel,
                  () -> {
                    Thread.currentThread().interrupt();
                    return channel.read(heap(5));
                  });
              everything(channel, log);
            }),
        named("interrupted size", interrupted(FileChannel::size)),
        named("interrupted position", interrupted(FileChannel::position)),
        named("interrupted write", interrupted(c -> c.write(heap(5), 3))),
        named("interrupted gather", interrupted(c -> c.write(mixed()))),
        named("interrupted empty read", interrupted(c -> c.read(heap(0)))),
        named("interrupted truncate", interrupted(c -> ofChannel(c, c.truncate(3)))),
        named("interrupted position change", interrupted(c -> ofChannel(c, c.position(3)))),
        named("interrupted transfer", interrupted(c -> c.transferTo(0, 10, sink()))),
        named("interrupted map", interrupted(c -> c.map(FileChannel.MapMode.READ_ONLY, 0, 1))),
        named("interrupted lock", interrupted(c -> c.lock().isValid())),
        named("interrupted shared lock", interrupted(c -> c.lock(0, 1, true).isValid())),
        named("maps", RingFileChannelDifferenceTest::maps),
        named("locks", RingFileChannelDifferenceTest::locks),
        named("foreign memory", RingFileChannelDifferenceTest::foreignMemory),
        named("everything", RingFileChannelDifferenceTest::everything));
  }

  private static final long MAX = Long.MAX_VALUE;

  private static WritableByteChannel sink() {
    return Channels.newChannel(new ByteArrayOutputStream());
  }

  private static Program readOnlyScatter(int size) {
    return gathered(new ByteBuffer[] {heap(5), heap(size).asReadOnlyBuffer()}, 0, 2, false);
  }

  private static Program interrupted(Step step) {
    return (channel, log) ->
        log.note(
            "call",
            channel,
            () -> {
              Thread.currentThread().interrupt();
              return step.run(channel);
            });
  }

  private static Program transfers(long at, long count) {
    return (channel, log) -> {
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      log.note("to", channel, () -> channel.transferTo(at, count, Channels.newChannel(out)));
      log.note("what", HexFormat.of().formatHex(out.toByteArray()).hashCode());
      log.note("position", channel, channel::position);
      ReadableByteChannel source =
          Channels.newChannel(new ByteArrayInputStream(Bytes.of(5, 0, 20_000)));
      // A far end would make a huge file of holes.
      long end = Math.min(at, 1 << 20);
      log.note("from", channel, () -> channel.transferFrom(source, end, count));
      log.note("position", channel, channel::position);
      source.close();
      log.note("from closed", channel, () -> channel.transferFrom(source, end, count));
      WritableByteChannel closed = Channels.newChannel(out);
      closed.close();
      log.note("to closed", channel, () -> channel.transferTo(at, count, closed));
      log.note("to null", channel, () -> channel.transferTo(at, count, null));
      log.note("from null", channel, () -> channel.transferFrom(null, end, count));
    };
  }

  private static void betweenFiles(FileChannel channel, Differential.Log log) throws Exception {
    Path other = Path.of(System.getProperty("java.io.tmpdir"), "ringspun-" + System.nanoTime());
    try (FileChannel target = FileChannel.open(other, CREATE, READ, WRITE, DELETE_ON_CLOSE)) {
      log.note("to", channel, () -> channel.transferTo(100, 5_000, target));
      log.note("target's position", target.position());
      target.position(1_000);
      log.note("from", channel, () -> channel.transferFrom(target, 7, 50_000));
      log.note("target's position", target.position());
      log.note("position", channel, channel::position);
    }
  }

  /** Transfers between two channels of the JDK's, or two of ours. */
  private static Program like(Set<? extends OpenOption> options) {
    return (channel, log) -> {
      Path path = Files.createTempFile("ringspun", "like");
      Files.write(path, Bytes.of(3, 0, 1_000));
      FileChannel other =
          switch (channel) {
            case RingBackedChannel _ -> RingFileChannel.open(path, options);
            case JdkBackedChannel _ -> JdkBackedChannel.open("a test wants it", path, options);
            default -> FileChannel.open(path, options);
          };
      try (other) {
        log.note("to", channel, () -> channel.transferTo(100, 5_000, other));
        log.note("its position", other, other::position);
        log.note("to again", channel, () -> channel.transferTo(SIZE - 10, MAX, other));
        log.note("its position", other, other::position);
        log.note("to nothing", channel, () -> channel.transferTo(5, 0, other));
        log.note("to past the end", channel, () -> channel.transferTo(SIZE + 1, 5, other));
        log.note("to negative", channel, () -> channel.transferTo(-1, 5, other));
        log.note("back", other, () -> other.position(20) == other);
        log.note("from", channel, () -> channel.transferFrom(other, 7, 3_000));
        log.note("its position", other, other::position);
        log.note("from to the end", channel, () -> channel.transferFrom(other, 7, MAX));
        log.note("its position", other, other::position);
        log.note("from nothing", channel, () -> channel.transferFrom(other, 7, 0));
        log.note("from negative", channel, () -> channel.transferFrom(other, 7, -1));
        log.note("position", channel, channel::position);
        log.note("its bytes", Arrays.hashCode(Files.readAllBytes(path)));
        log.note(
            "interrupted",
            channel,
            () -> {
              Thread.currentThread().interrupt();
              return channel.transferTo(0, 10, other);
            });
        log.note("the other is open", other.isOpen());
      } finally {
        Files.delete(path);
      }
    };
  }

  private static void maps(FileChannel channel, Differential.Log log) {
    for (FileChannel.MapMode mode :
        List.of(
            FileChannel.MapMode.READ_ONLY,
            FileChannel.MapMode.READ_WRITE,
            FileChannel.MapMode.PRIVATE)) {
      log.note(mode + " map", channel, () -> describe(channel.map(mode, 3, 500)));
      log.note(
          mode + " segment",
          channel,
          () -> {
            try (Arena arena = Arena.ofConfined()) {
              return Arrays.hashCode(Bytes.copy(channel.map(mode, 3, 500, arena)));
            }
          });
      log.note(mode + " map of nothing", channel, () -> describe(channel.map(mode, 3, 0)));
      log.note(mode + " map past the end", channel, () -> channel.map(mode, 20_000, 5).get(0));
      log.note(mode + " map before the start", channel, () -> channel.map(mode, -1, 5));
      log.note(mode + " map of less", channel, () -> channel.map(mode, 0, -5));
      log.note(mode + " map overflowing", channel, () -> channel.map(mode, MAX, 5));
      log.note(mode + " map too large", channel, () -> channel.map(mode, 0, MAX));
    }
    log.note("null map", channel, () -> channel.map(null, 0, 5));
    log.note("size", channel, channel::size);
  }

  private static void locks(FileChannel channel, Differential.Log log) {
    for (boolean shared : new boolean[] {false, true}) {
      log.note(
          "lock",
          channel,
          () -> {
            try (FileLock lock = channel.lock(10, 20, shared)) {
              log.note("position", lock.position());
              log.note("size", lock.size());
              log.note("shared", lock.isShared());
              log.note("valid", lock.isValid());
              log.note("channel", lock.acquiredBy() == channel);
              log.note("overlapping", channel, () -> channel.lock(15, 1, shared));
              log.note("overlapping try", channel, () -> channel.tryLock(15, 1, shared));
              log.note(
                  "beside",
                  channel,
                  () -> {
                    FileLock beside = channel.tryLock(30, 1, shared);
                    beside.release();
                    return beside.isValid();
                  });
              lock.release();
              lock.release();
              return lock.isValid();
            }
          });
      log.note("lock all", channel, () -> release(channel.lock(0, 0, shared)));
      log.note("lock before the start", channel, () -> release(channel.lock(-1, 5, shared)));
      log.note("lock less", channel, () -> release(channel.lock(0, -5, shared)));
      log.note("lock overflowing", channel, () -> release(channel.tryLock(MAX, 5, shared)));
    }
    log.note("lock", channel, () -> release(channel.lock()));
    log.note("try lock", channel, () -> release(channel.tryLock()));
    log.note(
        "lock that is left",
        channel,
        () -> {
          FileLock lock = channel.tryLock();
          channel.close();
          log.note("valid after close", lock.isValid());
          lock.release();
          return "released";
        });
  }

  private static String release(FileLock lock) throws Exception {
    try (lock) {
      return "%d %d %s".formatted(lock.position(), lock.size(), lock.isShared());
    }
  }

  /** Memory that the caller may not use: of a closed arena, or confined to another thread. */
  private static void foreignMemory(FileChannel channel, Differential.Log log) throws Exception {
    ByteBuffer freed;
    try (Arena arena = Arena.ofConfined()) {
      freed = arena.allocate(50).asByteBuffer();
    }
    List<ByteBuffer> confined = new ArrayList<>();
    Arena[] arenas = new Arena[1];
    Thread owner =
        Thread.ofPlatform()
            .start(
                () -> {
                  arenas[0] = Arena.ofConfined(); // freed with the process
                  confined.add(arenas[0].allocate(50).asByteBuffer());
                });
    owner.join();
    for (ByteBuffer buffer : List.of(freed, confined.getFirst())) {
      log.note("read", channel, () -> channel.read(buffer));
      log.note("read at", channel, () -> channel.read(buffer, 3));
      log.note("scatter", channel, () -> channel.read(new ByteBuffer[] {heap(5), buffer}));
      log.note("write", channel, () -> channel.write(buffer));
      log.note("write at", channel, () -> channel.write(buffer, 3));
      log.note("gather", channel, () -> channel.write(new ByteBuffer[] {heap(5), buffer}));
    }
  }

  private static void everything(FileChannel channel, Differential.Log log) {
    List<Step> steps =
        List.of(
            c -> c.read(heap(5)),
            c -> c.read(heap(5), 3),
            c -> c.read(heap(5), -3),
            c -> c.read(null, 3),
            c -> c.read(mixed()),
            c -> c.read(mixed(), 4, 4),
            c -> c.write(heap(5)),
            c -> c.write(heap(5), 3),
            c -> c.write(heap(5), -3),
            c -> c.write(null, 3),
            c -> c.write(mixed()),
            c -> c.write(mixed(), 4, 4),
            FileChannel::position,
            c -> ofChannel(c, c.position(3)),
            c -> ofChannel(c, c.position(-3)),
            FileChannel::size,
            c -> ofChannel(c, c.truncate(7_777)),
            c -> ofChannel(c, c.truncate(-3)),
            c -> {
              c.force(true);
              return "forced";
            },
            c -> c.transferTo(0, 10, sink()),
            c -> c.transferTo(-1, 10, sink()),
            c -> c.transferTo(-1, 10, null),
            c -> c.transferFrom(Channels.newChannel(new ByteArrayInputStream(new byte[5])), 0, 3),
            c -> c.transferFrom(null, -1, 3),
            c -> c.map(FileChannel.MapMode.READ_ONLY, 0, 5).capacity(),
            c -> c.map(null, 0, 5).capacity(),
            c -> release(c.lock()),
            c -> release(c.lock(0, 5, true)),
            c -> release(c.tryLock()),
            c -> release(c.tryLock(-1, 5, false)),
            FileChannel::isOpen);
    for (int i = 0; i < steps.size(); i++) {
      Step step = steps.get(i);
      log.note("call " + i, channel, () -> step.run(channel));
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("cases")
  void call_asTheJdkDoes(String name, Program program) throws Exception {
    for (Caller caller : Caller.values()) {
      for (Set<? extends OpenOption> options : MODES) {
        compare(caller, options, name, program);
      }
    }
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("cases")
  void callOfTheFallback_asTheJdkDoes(String name, Program program) throws Exception {
    for (Set<? extends OpenOption> options : MODES) {
      Differential.compare(
          directory,
          Bytes.of(1, 0, SIZE),
          options,
          (path, set) -> JdkBackedChannel.open("a test wants it", path, set),
          name,
          program);
    }
  }

  private void compare(
      Caller caller, Set<? extends OpenOption> options, String name, Program program)
      throws Exception {
    BlockedCall.start(
            ring,
            caller,
            () -> {
              Differential.compare(
                  directory,
                  Bytes.of(1, 0, SIZE),
                  options,
                  (path, set) -> RingFileChannel.open(ring, path, set),
                  name,
                  program);
              return null;
            })
        .result();
  }

  /** The JDK reports what does not suit direct I/O as an {@code IOException}. */
  @ParameterizedTest
  @EachCaller
  void directCall_asTheJdkDoes(Caller caller) throws Exception {
    Set<OpenOption> options = Set.of(READ, WRITE, ExtendedOption.of("DIRECT"));
    int block = (int) Files.getFileStore(directory).getBlockSize();
    compare(
        caller,
        options,
        "direct I/O",
        (channel, log) -> {
          // The whole blocks in it are three or four, as the memory happens to lie.
          ByteBuffer aligned =
              ByteBuffer.allocateDirect(4 * block).alignedSlice(block).slice(0, 3 * block);
          log.note("whole", channel, () -> channel.read(aligned.clear().limit(block), 0));
          log.note("bytes", describe(aligned));
          log.note("odd length", channel, () -> channel.read(aligned.clear().limit(5), 0));
          log.note(
              "odd memory",
              channel,
              () -> channel.read(aligned.clear().position(1).limit(block + 1), 0));
          log.note("odd position", channel, () -> channel.read(aligned.clear().limit(block), 3));
          log.note("heap", channel, () -> channel.read(ByteBuffer.allocate(block), 0));
          log.note("odd heap", channel, () -> channel.read(ByteBuffer.allocate(5), 0));
          log.note("write", channel, () -> channel.write(aligned.clear().limit(block), block));
          log.note("odd write", channel, () -> channel.write(aligned.clear().limit(5), block));
          log.note("heap write", channel, () -> channel.write(heap(block), 3 * block));
          log.note(
              "gather", channel, () -> channel.write(new ByteBuffer[] {heap(block), heap(block)}));
          log.note("odd gather", channel, () -> channel.write(new ByteBuffer[] {heap(5)}));
          log.note(
              "to the end",
              channel,
              () -> channel.read(aligned.clear().limit(3 * block), 2 * block));
          log.note("position", channel, () -> channel.position(3).position());
          log.note("from there", channel, () -> channel.read(aligned.clear().limit(block)));
        });
  }
}
