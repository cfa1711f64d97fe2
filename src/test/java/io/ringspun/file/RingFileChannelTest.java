package io.ringspun.file;

import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import io.ringspun.Ring;
import io.ringspun.RingOptions;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Fifo;
import io.ringspun.testing.Liburing;
import io.ringspun.testing.OpenFiles;
import io.ringspun.testing.RingCase;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.FileLockInterruptionException;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What cannot be shown by comparing; see {@link RingFileChannelDifferenceTest} for the rest. */
class RingFileChannelTest {
  @TempDir Path directory;

  /** The ways to block in an empty pipe. */
  enum Blocking {
    READ_NEXT {
      @Override
      long run(FileChannel channel) throws Exception {
        return channel.read(ByteBuffer.allocate(3));
      }
    },
    READ_AT {
      @Override
      long run(FileChannel channel) throws Exception {
        return channel.read(ByteBuffer.allocateDirect(3), 0);
      }
    },
    SCATTER {
      @Override
      long run(FileChannel channel) throws Exception {
        return channel.read(new ByteBuffer[] {ByteBuffer.allocate(1), ByteBuffer.allocate(2)});
      }
    };

    abstract long run(FileChannel channel) throws Exception;
  }

  static Stream<Object[]> blocked() {
    return RingCase.all().stream()
        .flatMap(how -> Stream.of(Blocking.values()).map(call -> new Object[] {how, call}));
  }

  private interface Body {
    void run(RingFileChannel channel, BlockedCall<Long> reader) throws Exception;
  }

  private void whileBlocked(RingCase how, Blocking blocking, Body body) throws Exception {
    Path pipe = directory.resolve("pipe");
    Fifo.make(pipe);
    RingOptions options =
        RingOptions.defaults().withInlineAttempts(how.inline()).withRegisteredFiles(1);
    Set<OpenOption> opening = new HashSet<>(Set.of(READ, WRITE));
    if (blocking == Blocking.READ_AT) {
      opening.add(RingOpenOption.REGISTERED); // else a FIFO has no positions
    }
    try (Ring ring = Ring.open(options);
        RingFileChannel channel = RingFileChannel.open(ring, pipe, opening)) {
      BlockedCall<Long> reader =
          BlockedCall.start(ring, how.caller(), () -> blocking.run(channel)).awaitInFlight(ring, 1);
      body.run(channel, reader);
      assertEquals(0, ring.metrics().inFlight());
    }
    assertEquals(0, OpenFiles.count(pipe.toString()));
  }

  @ParameterizedTest
  @MethodSource("blocked")
  void read_blocksAndCompletes(RingCase how, Blocking blocking) throws Exception {
    whileBlocked(
        how,
        blocking,
        (channel, reader) -> {
          Files.write(directory.resolve("pipe"), new byte[3], WRITE);
          long n = reader.result();
          assertEquals(3, n);
          assertTrue(channel.isOpen());
        });
  }

  @ParameterizedTest
  @MethodSource("blocked")
  void read_interruptedMeanwhile(RingCase how, Blocking blocking) throws Exception {
    whileBlocked(
        how,
        blocking,
        (channel, reader) -> {
          reader.interrupt();
          assertThrows(ClosedByInterruptException.class, reader::result);
          assertTrue(reader.interruptPending());
          assertFalse(channel.isOpen());
          Throwable e = assertThrows(ClosedChannelException.class, channel::size);
          assertEquals(ClosedChannelException.class, e.getClass());
        });
  }

  @ParameterizedTest
  @MethodSource("blocked")
  void read_closedMeanwhile(RingCase how, Blocking blocking) throws Exception {
    whileBlocked(
        how,
        blocking,
        (channel, reader) -> {
          channel.close();
          Throwable e = assertThrows(AsynchronousCloseException.class, reader::result);
          assertEquals(AsynchronousCloseException.class, e.getClass());
          assertFalse(reader.interruptPending());
          channel.close();
        });
  }

  /** Whoever moves the position waits for others that do; closing ends them all. */
  @Liburing("fpos")
  @ParameterizedTest
  @MethodSource("io.ringspun.testing.RingCase#all")
  void position_queuesBehindARead(RingCase how) throws Exception {
    Path pipe = directory.resolve("pipe");
    Fifo.make(pipe);
    try (Ring ring = Ring.open();
        RingFileChannel channel = RingFileChannel.open(ring, pipe, Set.of(READ, WRITE))) {
      BlockedCall<Integer> reader =
          BlockedCall.start(ring, how.caller(), () -> channel.read(ByteBuffer.allocate(1)))
              .awaitInFlight(ring, 1);
      BlockedCall<Long> second = BlockedCall.start(ring, how.caller(), channel::position);
      Await.parked(second.thread());
      assertFalse(second.hasEnded());
      channel.close();
      assertThrows(AsynchronousCloseException.class, reader::result);
      assertThrows(ClosedChannelException.class, second::result);
    }
  }

  /** What a process that knows nothing of us holds, ours cannot have, then waits for and gets. */
  @ParameterizedTest
  @MethodSource("io.ringspun.testing.RingCase#all")
  void lock_heldByAnotherProcess(RingCase how) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 100);
    Process holder = lockingProcess(path);
    try (Ring ring = Ring.open();
        RingFileChannel channel = RingFileChannel.open(ring, path, Set.of(READ, WRITE))) {
      assertEquals("locked", holder.inputReader().readLine());
      assertNull(channel.tryLock());
      assertTrue(channel.isOpen());
      holder.outputWriter().close();
      holder.waitFor();
      FileLock lock = BlockedCall.start(ring, how.caller(), () -> channel.lock()).result();
      assertTrue(lock.isValid());
      assertSame(channel, lock.acquiredBy());
      lock.release();
      assertFalse(lock.isValid());
    } finally {
      holder.destroy();
    }
  }

  private static Process lockingProcess(Path path) throws IOException {
    String script =
        "import fcntl,sys; f=open(sys.argv[1],'r+'); fcntl.lockf(f,fcntl.LOCK_EX);"
            + " print('locked',flush=True); sys.stdin.read()";
    try {
      return new ProcessBuilder("python3", "-c", script, path.toString()).start();
    } catch (IOException e) {
      return abort("there is no python3 to hold a lock: " + e);
    }
  }

  @ParameterizedTest
  @MethodSource("io.ringspun.testing.RingCase#all")
  void lock_interruptedBefore(RingCase how) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 100);
    how.run(
        ring -> {
          try (RingFileChannel channel = RingFileChannel.open(ring, path, Set.of(READ, WRITE))) {
            Thread.currentThread().interrupt();
            assertThrows(FileLockInterruptionException.class, channel::lock);
            assertTrue(Thread.interrupted());
            assertFalse(channel.isOpen());
          }
        });
    assertEquals(0, OpenFiles.count(path.toString()), "twin and file are both closed");
  }

  /** Within one process, ours and the JDK's channels see each other's locks. */
  @ParameterizedTest
  @MethodSource("io.ringspun.testing.RingCase#all")
  void lock_heldByAnotherChannel(RingCase how) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 100);
    how.run(
        ring -> {
          try (RingFileChannel channel = RingFileChannel.open(ring, path, Set.of(READ, WRITE));
              FileChannel other = FileChannel.open(path, READ, WRITE)) {
            FileLock lock = channel.lock(0, 50, false);
            assertThrows(OverlappingFileLockException.class, () -> other.tryLock(20, 5, false));
            assertTrue(other.tryLock(50, 5, false).isValid());
            channel.close();
            assertFalse(lock.isValid());
            assertThrows(ClosedChannelException.class, lock::release);
          }
        });
  }

  @ParameterizedTest
  @MethodSource("io.ringspun.testing.RingCase#all")
  void map_seesWrites(RingCase how) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 100);
    how.run(
        ring -> {
          try (RingFileChannel channel = RingFileChannel.open(ring, path, Set.of(READ, WRITE))) {
            ByteBuffer mapped = channel.map(FileChannel.MapMode.READ_WRITE, 0, 200);
            assertEquals(200, channel.size());
            channel.write(ByteBuffer.wrap(new byte[] {42}), 150);
            assertEquals(42, mapped.get(150));
            mapped.put(151, (byte) 43);
            ByteBuffer back = ByteBuffer.allocate(1);
            channel.read(back, 151);
            assertEquals(43, back.get(0));
            channel.close();
            assertEquals(42, mapped.get(150), "a map outlives its channel");
          }
        });
  }

  @ParameterizedTest
  @MethodSource("io.ringspun.testing.RingCase#all")
  void transfer_betweenRingChannels(RingCase how) throws Exception {
    int size = 3_000_000;
    Path from = Bytes.file(directory.resolve("from"), 1, size);
    Path to = Bytes.file(directory.resolve("to"), 2, 0);
    how.run(
        ring -> {
          try (RingFileChannel source = RingFileChannel.open(ring, from, Set.of(READ));
              RingFileChannel target = RingFileChannel.open(ring, to, Set.of(WRITE))) {
            assertEquals(size - 5, source.transferTo(5, Long.MAX_VALUE, target));
            assertEquals(size - 5, target.position());
            assertEquals(0, source.position());
            assertEquals(5, target.transferFrom(source, size - 5, 5));
            assertEquals(5, source.position());
            assertThrows(NonReadableChannelException.class, () -> target.transferTo(0, 5, source));
            assertThrows(NonWritableChannelException.class, () -> source.transferTo(0, 5, source));
            assertThrows(
                NonReadableChannelException.class, () -> target.transferFrom(target, 0, 5));
          }
        });
    byte[] bytes = Files.readAllBytes(to);
    assertEquals(size, bytes.length);
    Bytes.check(1, 5, Arrays.copyOf(bytes, size - 5));
  }

  /**
   * As the contract of {@link FileChannel} has it, even where one of them has nothing to do yet.
   */
  @ParameterizedTest
  @MethodSource("io.ringspun.testing.RingCase#all")
  void transfer_interruptedClosesBoth(RingCase how) throws Exception {
    Path from = Bytes.file(directory.resolve("from"), 1, 100);
    Path to = Bytes.file(directory.resolve("to"), 2, 100);
    for (boolean toOther : new boolean[] {true, false}) {
      how.run(
          ring -> {
            try (RingFileChannel channel = RingFileChannel.open(ring, from, Set.of(READ, WRITE));
                FileChannel other = FileChannel.open(to, READ, WRITE)) {
              Thread.currentThread().interrupt();
              assertThrows(
                  ClosedByInterruptException.class,
                  () -> {
                    if (toOther) {
                      channel.transferTo(0, 10, other);
                    } else {
                      channel.transferFrom(other, 0, 10);
                    }
                  });
              assertTrue(Thread.interrupted(), "the interrupt stays pending");
              assertFalse(channel.isOpen());
              assertFalse(other.isOpen());
            }
          });
    }
  }

  @ParameterizedTest
  @MethodSource("io.ringspun.testing.RingCase#all")
  void open_interrupted(RingCase how) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 100);
    how.run(
        ring -> {
          Thread.currentThread().interrupt();
          RingFileChannel channel = RingFileChannel.open(ring, path, Set.of(READ));
          assertTrue(channel.isOpen(), "opening is no blocking call");
          assertThrows(ClosedByInterruptException.class, channel::size);
          assertTrue(Thread.interrupted());
          assertFalse(channel.isOpen());
        });
  }
}
