package io.ringspun.file;

import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.ringspun.Ring;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.Fifo;
import io.ringspun.testing.OpenFiles;
import io.ringspun.testing.RingCase;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Many threads at once; see {@link RingFileAppendTest} for those that append. */
class RingFileConcurrencyTest {
  private static final int THREADS = 32;
  private static final int BLOCK = 4 << 10;

  @TempDir Path directory;

  private static Caller caller(int number) {
    return Caller.values()[number % Caller.values().length];
  }

  /** Disjoint blocks of one file, written by one thread each and read back through another. */
  @ParameterizedTest
  @MethodSource("io.ringspun.testing.RingCase#all")
  void write_disjointBlocks(RingCase how) throws Exception {
    int rounds = 20;
    Path path = Bytes.file(directory.resolve("file"), 0, 0);
    how.run(
        ring -> {
          try (RingFile file = RingFile.open(ring, path, READ, WRITE)) {
            List<BlockedCall<Void>> writers = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
              int number = i;
              writers.add(
                  BlockedCall.start(
                      ring,
                      caller(i),
                      () -> {
                        for (int round = 0; round < rounds; round++) {
                          long at = (long) (round * THREADS + number) * BLOCK;
                          try (Arena arena = Arena.ofConfined()) {
                            file.writeFully(Bytes.segment(arena, number, at, BLOCK), at);
                          }
                        }
                        return null;
                      }));
            }
            for (BlockedCall<Void> writer : writers) {
              writer.result();
            }
            List<BlockedCall<Void>> readers = new ArrayList<>();
            for (int i = 0; i < THREADS; i++) {
              int number = (i + 1) % THREADS;
              readers.add(
                  BlockedCall.start(
                      ring,
                      caller(i),
                      () -> {
                        for (int round = 0; round < rounds; round++) {
                          long at = (long) (round * THREADS + number) * BLOCK;
                          ByteBuffer target = ByteBuffer.allocate(BLOCK);
                          file.readFully(target, at);
                          Bytes.check(number, at, target.array());
                        }
                        return null;
                      }));
            }
            for (BlockedCall<Void> reader : readers) {
              reader.result();
            }
          }
        });
  }

  /**
   * Goal: no operation ever meets a descriptor number that has become another file's. Method:
   * threads open, read and close files, each with a pattern of its own, so that numbers are reused
   * all the time, while others close pipes under readers that are blocked in them.
   */
  @Test
  void descriptors_reusedAllTheTime() throws Exception {
    int files = 12;
    int rounds = 150;
    for (int i = 0; i < files; i++) {
      Bytes.file(directory.resolve("file" + i), i, 3_000);
    }
    Path pipe = directory.resolve("pipe");
    Fifo.make(pipe);
    AtomicBoolean over = new AtomicBoolean();
    try (Ring ring = Ring.open()) {
      List<BlockedCall<Integer>> pipers = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        Caller kind = caller(i);
        pipers.add(BlockedCall.start(ring, Caller.PLATFORM, () -> closePipes(ring, kind, over)));
      }
      List<BlockedCall<Void>> readers = new ArrayList<>();
      for (int i = 0; i < files; i++) {
        int number = i;
        readers.add(
            BlockedCall.start(
                ring,
                caller(i),
                () -> {
                  for (int round = 0; round < rounds; round++) {
                    openReadClose(ring, number, round);
                  }
                  return null;
                }));
      }
      for (BlockedCall<Void> reader : readers) {
        reader.result();
      }
      over.set(true);
      for (BlockedCall<Integer> piper : pipers) {
        piper.result();
      }
      assertEquals(0, ring.metrics().inFlight());
    }
    assertEquals(0, OpenFiles.count(directory.toString()), "descriptors left open");
  }

  private void openReadClose(Ring ring, int number, int round) throws Exception {
    try (RingFile file = RingFile.open(ring, directory.resolve("file" + number));
        Arena arena = Arena.ofConfined()) {
      if (round % 4 == 0) {
        file.advise(0, 0, AccessPattern.DONTNEED); // so that the ring has to read it
      }
      MemorySegment target = arena.allocate(2_000);
      file.readFully(target, round);
      Bytes.check(number, round, target);
      assertEquals(3_000, file.size());
    }
  }

  private int closePipes(Ring ring, Caller kind, AtomicBoolean over) throws Exception {
    int closed = 0;
    while (!over.get()) {
      RingFile pipe = RingFile.open(ring, directory.resolve("pipe"), READ, WRITE);
      BlockedCall<Byte> first = BlockedCall.start(ring, kind, () -> Fifo.read(pipe));
      BlockedCall<Byte> second = BlockedCall.start(ring, kind, () -> Fifo.read(pipe));
      first.awaitInFlight(ring, 1);
      pipe.close();
      assertThrows(AsynchronousCloseException.class, first::result);
      assertThrows(ClosedChannelException.class, second::result);
      closed++;
    }
    return closed;
  }

  /** Closing races with calls: each call is done in full or refused, and one close is enough. */
  @Test
  void close_racesWithCalls() throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 5, 3_000);
    try (Ring ring = Ring.open()) {
      for (int round = 0; round < 100; round++) {
        RingFile file = RingFile.open(ring, path);
        List<BlockedCall<Boolean>> calls = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
          int number = i;
          calls.add(BlockedCall.start(ring, caller(i), () -> readUntilClosed(file, number)));
        }
        List<BlockedCall<Void>> closers = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
          closers.add(
              BlockedCall.start(
                  ring,
                  caller(i),
                  () -> {
                    file.close();
                    return null;
                  }));
        }
        for (BlockedCall<Void> closer : closers) {
          closer.result();
        }
        for (BlockedCall<Boolean> call : calls) {
          call.result();
        }
      }
      assertEquals(0, ring.metrics().inFlight());
    }
    assertEquals(0, OpenFiles.count(path.toString()));
  }

  private static boolean readUntilClosed(RingFile file, int number) throws Exception {
    try {
      while (true) {
        ByteBuffer target = ByteBuffer.allocateDirect(1_000);
        int n =
            number % 2 == 0
                ? file.read(target, number)
                : (int) file.read(new ByteBuffer[] {target}, number);
        assertEquals(1_000, n);
        byte[] bytes = new byte[1_000];
        target.flip().get(bytes);
        Bytes.check(5, number, bytes);
      }
    } catch (ClosedChannelException _) {
      return true;
    }
  }
}
