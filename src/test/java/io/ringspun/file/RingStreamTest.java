package io.ringspun.file;

import static io.ringspun.internal.kernel.Constants.IORING_OP_READ;
import static io.ringspun.internal.kernel.Constants.IORING_OP_WRITE;
import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.ringspun.FaultyRing;
import io.ringspun.Ring;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.Differential;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import io.ringspun.testing.Fifo;
import io.ringspun.testing.FourEnds;
import io.ringspun.testing.LeakCheck;
import io.ringspun.testing.RingCase;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Both streams; what the JDK's do is the specification. */
@ExtendWith(LeakCheck.class)
class RingStreamTest {
  private static final String CASES = "io.ringspun.testing.RingCase#all";
  private static final int PROGRAMS = 60;
  private static final int STEPS = 25;
  private static final int LARGE = (3 << 20) + 12_345; // more than one copy takes

  @TempDir Path directory;

  // ---- beside the JDK ------------------------------------------------------------------------

  private static String hash(byte[] bytes) {
    return bytes.length + " bytes " + Arrays.hashCode(bytes);
  }

  private static List<String> readProgram(InputStream stream, long seed) {
    Random random = new Random(seed);
    List<String> log = new ArrayList<>();
    for (int step = 0; step < STEPS; step++) {
      int size = random.nextInt(4_000);
      byte[] target = new byte[size];
      Callable<Object> call =
          switch (random.nextInt(13)) {
            case 0 -> stream::read;
            case 1 -> () -> stream.read(target) + " " + hash(target);
            case 2 -> () -> stream.read(target, size / 3, size / 2) + " " + hash(target);
            case 3 -> () -> stream.skip(size);
            case 4 -> () -> stream.skip(-size);
            case 5 -> stream::available;
            case 6 -> () -> hash(stream.readNBytes(size));
            case 7 -> () -> stream.readNBytes(target, 0, size) + " " + hash(target);
            case 8 ->
                () -> {
                  if (size > 300) {
                    return "";
                  }
                  return hash(stream.readAllBytes());
                };
            case 9 ->
                () -> {
                  ByteArrayOutputStream out = new ByteArrayOutputStream();
                  return size > 300 ? "" : stream.transferTo(out) + hash(out.toByteArray());
                };
            case 10 -> () -> stream.read(target, size, 1);
            case 11 -> () -> stream.readNBytes(-1);
            default ->
                () -> {
                  stream.skipNBytes(size);
                  return "skipped";
                };
          };
      log.add(step + " " + Differential.outcome(call));
    }
    for (long far : new long[] {Long.MAX_VALUE, 5}) {
      log.add("skip far " + Differential.outcome(() -> stream.skip(far)));
      log.add("at the end " + Differential.outcome(stream::read));
      log.add("all " + Differential.outcome(() -> hash(stream.readAllBytes())));
      log.add("some " + Differential.outcome(() -> hash(stream.readNBytes(Integer.MAX_VALUE))));
      log.add("back " + Differential.outcome(() -> stream.skip(Long.MIN_VALUE)));
    }
    log.add("mark " + stream.markSupported());
    log.add("reset " + kind(stream::reset));
    return log;
  }

  private static String kind(BodyOf action) {
    return Differential.outcome(
        () -> {
          action.run();
          return "fine";
        });
  }

  private interface BodyOf {
    void run() throws Exception;
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void input_asTheJdks(RingCase how) throws Exception {
    for (int size : new int[] {0, 1, 10_000}) {
      Path path = Bytes.file(directory.resolve("file" + size), 1, size);
      how.run(
          ring -> {
            for (long seed = 0; seed < PROGRAMS; seed++) {
              List<String> expected;
              try (InputStream jdk = Files.newInputStream(path)) {
                expected = readProgram(jdk, seed);
              }
              try (InputStream ours = RingInputStream.open(ring, path)) {
                assertEquals(expected, readProgram(ours, seed), "size " + size + ", seed " + seed);
              }
            }
          });
    }
  }

  private static List<String> writeProgram(OutputStream stream, long seed) {
    Random random = new Random(seed);
    List<String> log = new ArrayList<>();
    for (int step = 0; step < STEPS; step++) {
      int size = random.nextInt(4_000);
      byte[] source = Bytes.of(3, step, size);
      BodyOf call =
          switch (random.nextInt(6)) {
            case 0 -> () -> stream.write(size);
            case 1 -> () -> stream.write(source);
            case 2 -> () -> stream.write(source, size / 3, size / 2);
            case 3 -> () -> stream.write(source, size, 1);
            case 4 -> () -> stream.write(source, 0, 0);
            default -> stream::flush;
          };
      log.add(step + " " + kind(call));
    }
    log.add("null " + kind(() -> stream.write(null)));
    return log;
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void output_asTheJdks(RingCase how) throws Exception {
    Path expectedFile = directory.resolve("expected");
    Path actualFile = directory.resolve("actual");
    List<OpenOption[]> modes =
        List.of(
            new OpenOption[0],
            new OpenOption[] {APPEND},
            new OpenOption[] {WRITE},
            new OpenOption[] {CREATE});
    how.run(
        ring -> {
          for (OpenOption[] mode : modes) {
            Bytes.file(expectedFile, 1, 50_000);
            Bytes.file(actualFile, 1, 50_000);
            for (long seed = 0; seed < PROGRAMS / 4; seed++) {
              List<String> expected;
              try (OutputStream jdk = Files.newOutputStream(expectedFile, mode)) {
                expected = writeProgram(jdk, seed);
              }
              try (OutputStream ours = RingOutputStream.open(ring, actualFile, mode)) {
                assertEquals(expected, writeProgram(ours, seed));
              }
              assertArrayEquals(
                  Files.readAllBytes(expectedFile), Files.readAllBytes(actualFile), "" + seed);
            }
          }
        });
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void open_asTheJdks(RingCase how) throws Exception {
    Path file = Bytes.file(directory.resolve("file"), 1, 10);
    Path none = directory.resolve("none");
    List<List<OpenOption>> options =
        List.of(
            List.of(),
            List.of(READ),
            List.of(WRITE),
            List.of(APPEND),
            List.of(READ, WRITE),
            List.of(CREATE_NEW),
            List.of(CREATE, WRITE),
            List.of(APPEND, TRUNCATE_EXISTING));
    how.run(
        ring -> {
          for (Path path : List.of(file, none, directory)) {
            for (List<OpenOption> list : options) {
              OpenOption[] array = list.toArray(OpenOption[]::new);
              assertEquals(
                  opening(path, () -> Files.newInputStream(path, array)),
                  opening(path, () -> RingInputStream.open(ring, path, array)),
                  "input " + path + list);
              assertEquals(
                  opening(path, () -> Files.newOutputStream(path, array)),
                  opening(path, () -> RingOutputStream.open(ring, path, array)),
                  "output " + path + list);
            }
          }
        });
  }

  private String opening(Path path, Callable<AutoCloseable> open) throws IOException {
    Bytes.file(directory.resolve("file"), 1, 10);
    Files.deleteIfExists(directory.resolve("none"));
    String outcome =
        Differential.outcome(
            () -> {
              open.call().close();
              return "opened";
            });
    return outcome + (Files.isRegularFile(path) ? Files.size(path) : "");
  }

  // ---- large, growing, odd -------------------------------------------------------------------

  @ParameterizedTest
  @MethodSource(CASES)
  void large_everyWay(RingCase how) throws Exception {
    byte[] expected = Bytes.of(1, 0, LARGE);
    Path path = Files.write(directory.resolve("large"), expected);
    Path copy = directory.resolve("copy");
    how.run(
        ring -> {
          try (RingInputStream in = RingInputStream.open(ring, path)) {
            assertEquals(LARGE, in.available());
            assertArrayEquals(expected, in.readAllBytes());
            assertEquals(0, in.readAllBytes().length);
            assertEquals(0, in.available());
          }
          try (RingInputStream in = RingInputStream.open(ring, path)) {
            ByteArrayOutputStream out = new ByteArrayOutputStream();
            assertEquals(LARGE, in.transferTo(out));
            assertArrayEquals(expected, out.toByteArray());
          }
          try (RingInputStream in = RingInputStream.open(ring, path);
              RingOutputStream out = RingOutputStream.open(ring, copy)) {
            out.write(7);
            assertEquals(5, in.skip(5));
            assertEquals(LARGE - 5, in.transferTo(out));
            assertEquals(0, in.transferTo(out));
            out.write(expected);
          }
        });
    byte[] actual = Files.readAllBytes(copy);
    assertEquals(1 + LARGE - 5 + LARGE, actual.length);
    assertEquals(7, actual[0]);
    assertArrayEquals(
        Arrays.copyOfRange(expected, 5, LARGE), Arrays.copyOfRange(actual, 1, LARGE - 4));
    assertArrayEquals(expected, Arrays.copyOfRange(actual, LARGE - 4, actual.length));
  }

  /** It leaves the stream to the next thread. */
  @Test
  void transferTo_letsOthersRead() throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 1_000);
    try (Ring ring = Ring.open();
        RingInputStream in = RingInputStream.open(ring, path)) {
      assertEquals(1_000, in.transferTo(new ByteArrayOutputStream()));
      FutureTask<Integer> other = new FutureTask<>(in::read);
      Thread.ofPlatform().daemon().start(other);
      assertEquals(-1, other.get(Await.LIMIT.toSeconds(), TimeUnit.SECONDS));
    }
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void of_positionsAndTheFilesOwnLimits(RingCase how) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 1_000);
    how.run(
        ring -> {
          try (RingFile file = RingFile.open(ring, path);
              RingInputStream in = RingInputStream.of(file, 900)) {
            Bytes.check(1, 900, in.readAllBytes());
            assertThrows(NonWritableChannelException.class, () -> RingOutputStream.of(file, 0));
            assertThrows(IllegalArgumentException.class, () -> RingInputStream.of(file, -1));
            in.close();
            in.close();
            assertThrows(ClosedChannelException.class, in::read);
            assertThrows(ClosedChannelException.class, in::readAllBytes);
            assertThrows(ClosedChannelException.class, () -> in.skip(1));
            assertThrows(ClosedChannelException.class, in::available);
            assertThrows(ClosedChannelException.class, file::size);
          }
          try (RingFile file = RingFile.open(ring, path, WRITE);
              RingOutputStream out = RingOutputStream.of(file, 950)) {
            out.write(Bytes.of(2, 950, 100));
            assertThrows(NonReadableChannelException.class, () -> RingInputStream.of(file, 0));
            out.close();
            assertThrows(ClosedChannelException.class, () -> out.write(1));
          }
          byte[] bytes = Files.readAllBytes(path);
          Bytes.check(1, 0, Arrays.copyOf(bytes, 950));
          Bytes.check(2, 950, Arrays.copyOfRange(bytes, 950, 1_050));
          Bytes.file(path, 1, 1_000);
          assertThrows(
              IllegalArgumentException.class,
              () -> RingInputStream.open(ring, path, RingOpenOption.DIRECT));
          assertThrows(
              IllegalArgumentException.class,
              () -> RingOutputStream.open(ring, path, RingOpenOption.DIRECT));
          assertEquals(1_000, Files.size(path));
        });
  }

  /** The size is a guess: behind it there is more, or less. */
  @ParameterizedTest
  @MethodSource(CASES)
  void readAllBytes_whatClaimsToBeEmpty(RingCase how) throws Exception {
    Path version = Path.of("/proc/version");
    byte[] expected = Files.readAllBytes(version);
    how.run(
        ring -> {
          try (RingInputStream in = RingInputStream.open(ring, version)) {
            assertEquals(5, in.skip(5));
            assertArrayEquals(Arrays.copyOfRange(expected, 5, expected.length), in.readAllBytes());
          }
          try (RingInputStream in = RingInputStream.open(ring, version)) {
            assertArrayEquals(Arrays.copyOf(expected, 7), in.readNBytes(7));
          }
          try (RingInputStream in = RingInputStream.open(ring, Path.of("/dev/zero"))) {
            assertArrayEquals(new byte[20_000], in.readNBytes(20_000));
            assertEquals(3_000, in.skip(3_000));
            assertEquals(0, in.available());
          }
        });
  }

  /** The kernel moves no more than a few bytes at a time. */
  @ParameterizedTest
  @EachCaller
  void short_transfersGoOn(Caller caller) throws Exception {
    FaultKernel kernel = new FaultKernel();
    kernel.add(FaultRule.on(IORING_OP_READ, IORING_OP_WRITE).shorten(333));
    byte[] expected = Bytes.of(1, 0, 10_000);
    Path path = directory.resolve("file");
    Path copy = directory.resolve("copy");
    try (Ring ring = FaultyRing.open(kernel)) {
      caller.run(
          ring,
          () -> {
            try (RingOutputStream out = RingOutputStream.open(ring, path)) {
              out.write(expected);
            }
            try (RingInputStream in = RingInputStream.open(ring, path)) {
              assertArrayEquals(expected, in.readAllBytes());
            }
            try (RingInputStream in = RingInputStream.open(ring, path);
                RingOutputStream out = RingOutputStream.open(ring, copy)) {
              assertEquals(10_000, in.transferTo(out));
            }
          });
    }
    assertArrayEquals(expected, Files.readAllBytes(path));
    assertArrayEquals(expected, Files.readAllBytes(copy));
  }

  // ---- blocking ------------------------------------------------------------------------------

  @ParameterizedTest
  @EachCaller
  void read_fourEnds(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        Fifo fifo = Fifo.open(ring, directory);
        RingInputStream in = RingInputStream.of(fifo.file(), 0)) {
      new FourEnds(in::read, () -> fifo.write(200), in::close).check(ring, caller, 200);
    }
  }

  @ParameterizedTest
  @EachCaller
  void readNBytes_blocksUntilAllAreThere(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        Fifo fifo = Fifo.open(ring, directory);
        RingInputStream in = RingInputStream.of(fifo.file(), 0)) {
      BlockedCall<byte[]> call = BlockedCall.start(ring, caller, () -> in.readNBytes(5));
      call.awaitInFlight(ring, 1);
      fifo.write(1, 2);
      fifo.write(3, 4, 5);
      assertEquals("0102030405", HexFormat.of().formatHex(call.result()));
    }
  }

  /** The pipe takes only part of it, so the interrupt comes in the middle. */
  @ParameterizedTest
  @EachCaller
  void write_interruptedSaysHowMuch(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        Fifo fifo = Fifo.open(ring, directory);
        RingOutputStream out = RingOutputStream.of(fifo.file(), 0)) {
      BlockedCall<Void> writer =
          BlockedCall.start(
              ring,
              caller,
              () -> {
                out.write(new byte[100_000]);
                return null;
              });
      writer.awaitInFlight(ring, 1).interrupt();
      InterruptedIOException e = assertThrows(InterruptedIOException.class, writer::result);
      RingInputStream in = RingInputStream.of(fifo.file(), 0);
      assertArrayEquals(new byte[e.bytesTransferred], in.readNBytes(e.bytesTransferred));
      out.write(9); // the stream stays open, and there was no more than it said
      assertEquals(9, in.read());
    }
  }

  /** Each byte goes to one reader, and none is lost. */
  @ParameterizedTest
  @EachCaller
  void read_byManyThreads(Caller caller) throws Exception {
    int count = 8;
    int size = 100_000;
    Path path = directory.resolve("file");
    byte[] content = new byte[size];
    for (int i = 0; i < size; i++) {
      content[i] = (byte) (i % 100);
    }
    Files.write(path, content);
    AtomicInteger[] seen = new AtomicInteger[100];
    Arrays.setAll(seen, _ -> new AtomicInteger());
    try (Ring ring = Ring.open();
        RingInputStream in = RingInputStream.open(ring, path)) {
      List<Caller.Begun<Void>> readers = new ArrayList<>();
      for (int i = 0; i < count; i++) {
        readers.add(
            caller.begin(
                ring,
                () -> {
                  byte[] target = new byte[77];
                  for (int n = in.read(target); n >= 0; n = in.read(target)) {
                    for (int at = 0; at < n; at++) {
                      seen[target[at]].incrementAndGet();
                    }
                  }
                  return null;
                }));
      }
      for (Caller.Begun<Void> reader : readers) {
        reader.result();
      }
    }
    for (int value = 0; value < 100; value++) {
      assertEquals(size / 100, seen[value].get(), "bytes of value " + value);
    }
  }
}
