package io.ringspun.file;

import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.OperationTimeoutException;
import io.ringspun.Ring;
import io.ringspun.RingClosedException;
import io.ringspun.RingOptions;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.Fifo;
import io.ringspun.testing.Liburing;
import io.ringspun.testing.OpenFiles;
import io.ringspun.testing.RingCase;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** How a call on a file can end before it is done: close, interrupt, time limit. */
class RingFileCloseTest {
  private static final String CASES = "io.ringspun.testing.RingCase#all";

  @TempDir Path directory;

  /** The ways to block in a read of an empty pipe. */
  enum Read {
    CONFINED {
      @Override
      long run(RingFile file) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
          return file.read(arena.allocate(10), 0);
        }
      }
    },
    SHARED {
      @Override
      long run(RingFile file) throws IOException {
        try (Arena arena = Arena.ofShared()) {
          return file.read(arena.allocate(10), 0);
        }
      }
    },
    HEAP {
      @Override
      long run(RingFile file) throws IOException {
        return file.read(ByteBuffer.allocate(10), 0);
      }
    },
    DIRECT {
      @Override
      long run(RingFile file) throws IOException {
        return file.read(ByteBuffer.allocateDirect(10), 0);
      }
    },
    SCATTERING {
      @Override
      long run(RingFile file) throws IOException {
        return file.read(
            new ByteBuffer[] {ByteBuffer.allocate(5), ByteBuffer.allocateDirect(5)}, 0);
      }
    },
    FULLY {
      @Override
      long run(RingFile file) throws IOException {
        MemorySegment target = Arena.ofAuto().allocate(10);
        file.readFully(target, 0);
        return 10;
      }
    };

    abstract long run(RingFile file) throws IOException;
  }

  static Stream<Object[]> blocked() {
    return RingCase.all().stream()
        .flatMap(how -> Stream.of(Read.values()).map(read -> new Object[] {how, read}));
  }

  private interface Body {
    void run(Ring ring, Fifo fifo, BlockedCall<Long> reader) throws Exception;
  }

  /** Runs a body while a thread of the given kind is blocked in a read. */
  private void whileBlocked(RingCase how, Read read, Body body) throws Exception {
    try (Ring ring = open(how);
        Fifo fifo = Fifo.open(ring, directory)) {
      BlockedCall<Long> reader =
          BlockedCall.start(ring, how.caller(), () -> read.run(fifo.file())).awaitInFlight(ring, 1);
      body.run(ring, fifo, reader);
      assertEquals(0, ring.metrics().inFlight(), "the kernel still holds the reader's memory");
    }
    assertEquals(0, OpenFiles.count(directory.toString()), "descriptors left open");
  }

  private static Ring open(RingCase how) throws IOException {
    return Ring.open(RingOptions.defaults().withInlineAttempts(how.inline()));
  }

  @ParameterizedTest
  @MethodSource("blocked")
  void read_blocksAndCompletes(RingCase how, Read read) throws Exception {
    whileBlocked(
        how,
        read,
        (ring, fifo, reader) -> {
          fifo.write(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
          long n = reader.result();
          assertEquals(10, n);
        });
  }

  @ParameterizedTest
  @MethodSource("blocked")
  void read_closedMeanwhile(RingCase how, Read read) throws Exception {
    whileBlocked(
        how,
        read,
        (ring, fifo, reader) -> {
          fifo.file().close();
          assertThrows(AsynchronousCloseException.class, reader::result);
          assertFalse(fifo.file().isOpen());
        });
  }

  @ParameterizedTest
  @MethodSource("blocked")
  void read_closedByACarriedThread(RingCase how, Read read) throws Exception {
    whileBlocked(
        how,
        read,
        (ring, fifo, reader) -> {
          BlockedCall.start(
                  ring,
                  () -> {
                    fifo.file().close();
                    return null;
                  })
              .result();
          assertThrows(AsynchronousCloseException.class, reader::result);
        });
  }

  @ParameterizedTest
  @MethodSource("blocked")
  void read_interruptedMeanwhile(RingCase how, Read read) throws Exception {
    whileBlocked(
        how,
        read,
        (ring, fifo, reader) -> {
          reader.interrupt();
          assertThrows(InterruptedIOException.class, reader::result);
          assertTrue(reader.interruptPending());
          assertTrue(fifo.file().isOpen(), "an interrupt leaves the file open");
          fifo.write(42);
          byte value = BlockedCall.start(ring, how.caller(), fifo::read).result();
          assertEquals(42, value);
        });
  }

  @ParameterizedTest
  @MethodSource("blocked")
  void read_ringClosedMeanwhile(RingCase how, Read read) throws Exception {
    whileBlocked(
        how,
        read,
        (ring, fifo, reader) -> {
          ring.close();
          assertThrows(AsynchronousCloseException.class, reader::result);
          assertThrows(RingClosedException.class, fifo.file()::size);
        });
  }

  @ParameterizedTest
  @MethodSource("blocked")
  void read_timeIsUp(RingCase how, Read read) throws Exception {
    try (Ring ring = open(how);
        Fifo fifo = Fifo.open(ring, directory)) {
      RingFile limited = fifo.file().within(Duration.ofMillis(20));
      BlockedCall<Long> reader = BlockedCall.start(ring, how.caller(), () -> read.run(limited));
      assertThrows(OperationTimeoutException.class, reader::result);
      assertFalse(reader.interruptPending());
      assertEquals(0, ring.metrics().inFlight());
      assertTrue(fifo.file().isOpen());
      fifo.write(1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
      long n = BlockedCall.start(ring, how.caller(), () -> read.run(limited)).result();
      assertEquals(10, n);
    }
  }

  @Test
  void withTimeout_bounds() throws Exception {
    try (Ring ring = Ring.open();
        Fifo fifo = Fifo.open(ring, directory)) {
      RingFile file = fifo.file();
      assertThrows(IllegalArgumentException.class, () -> file.within(Duration.ZERO));
      assertThrows(IllegalArgumentException.class, () -> file.within(Duration.ofSeconds(-1)));
      assertThrows(NullPointerException.class, () -> file.within(null));
      RingFile patient = file.within(Duration.ofSeconds(Long.MAX_VALUE));
      fifo.write(7);
      assertEquals(7, Fifo.read(patient));
      patient.close();
      assertFalse(file.isOpen(), "they are one file");
    }
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void close_refusesLaterCalls(RingCase how) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 100);
    how.run(
        ring -> {
          RingFile file = RingFile.open(ring, path, READ, WRITE);
          file.close();
          file.close();
          MemorySegment memory = Arena.ofAuto().allocate(10);
          List<Executable> calls =
              List.of(
                  () -> file.read(memory, 0),
                  () -> file.read(ByteBuffer.allocate(5), 0),
                  () -> file.read(new MemorySegment[] {memory}, 0),
                  () -> file.read(new ByteBuffer[] {ByteBuffer.allocate(5)}, 0),
                  () -> file.readFully(memory, 0),
                  () -> file.readFully(ByteBuffer.allocate(5), 0),
                  () -> file.write(memory, 0),
                  () -> file.write(ByteBuffer.allocate(5), 0),
                  () -> file.write(new MemorySegment[] {memory}, 0),
                  () -> file.write(new ByteBuffer[] {ByteBuffer.allocate(5)}, 0),
                  () -> file.writeFully(memory, 0),
                  () -> file.writeFully(ByteBuffer.allocate(5), 0),
                  file::fsync,
                  file::fdatasync,
                  () -> file.syncFileRange(0, 0),
                  () -> file.allocate(0, 1),
                  () -> file.truncate(0),
                  () -> file.advise(0, 0, AccessPattern.NORMAL),
                  file::stat,
                  file::size,
                  () -> file.within(Duration.ofSeconds(1)).size());
          for (int i = 0; i < calls.size(); i++) {
            ClosedChannelException e =
                assertThrows(ClosedChannelException.class, calls.get(i), "call " + i);
            assertEquals(ClosedChannelException.class, e.getClass(), "call " + i);
          }
        });
    assertEquals(0, OpenFiles.count(path.toString()));
    Bytes.check(1, 0, Files.readAllBytes(path));
  }

  @ParameterizedTest
  @EachCaller
  void close_interrupted(Caller caller) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 100);
    try (Ring ring = Ring.open()) {
      Callable<Boolean> close =
          () -> {
            RingFile file = RingFile.open(ring, path);
            Thread.currentThread().interrupt();
            file.close();
            return file.isOpen();
          };
      BlockedCall<Boolean> call = BlockedCall.start(ring, caller, close);
      assertFalse(call.result());
      assertTrue(call.interruptPending());
      assertEquals(0, OpenFiles.count(path.toString()));
    }
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void call_interruptedBefore(RingCase how) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 100);
    how.run(
        ring -> {
          try (RingFile file = RingFile.open(ring, path, READ, WRITE)) {
            List<Executable> calls =
                List.of(
                    () -> file.read(ByteBuffer.allocateDirect(5), 0),
                    () -> file.read(ByteBuffer.allocate(5), 0),
                    () -> file.read(new ByteBuffer[] {ByteBuffer.allocate(5)}, 0),
                    () -> file.write(ByteBuffer.allocateDirect(5), 0),
                    () -> file.write(new ByteBuffer[] {ByteBuffer.allocate(5)}, 0),
                    () -> file.truncate(0),
                    file::fsync,
                    file::stat);
            for (int i = 0; i < calls.size(); i++) {
              Thread.currentThread().interrupt();
              assertThrows(InterruptedIOException.class, calls.get(i), "call " + i);
              assertTrue(Thread.interrupted(), "still pending after call " + i);
            }
            assertEquals(100, file.size());
          }
        });
    Bytes.check(1, 0, Files.readAllBytes(path));
  }

  /** Many readers of one pipe, on two rings and outside of them; one close ends them all. */
  @Liburing("sync-cancel")
  @Test
  void close_endsAllReaders() throws Exception {
    try (Ring ring = Ring.open();
        Ring second = Ring.open();
        Fifo fifo = Fifo.open(ring, directory)) {
      List<BlockedCall<Byte>> readers = new ArrayList<>();
      for (int i = 0; i < 60; i++) {
        readers.add(
            BlockedCall.start(
                i % 2 == 0 ? ring : second,
                Caller.values()[i % Caller.values().length],
                fifo::read));
      }
      Await.until(
          "all are in flight",
          () -> ring.metrics().inFlight() + second.metrics().inFlight() == readers.size());
      fifo.file().close();
      for (BlockedCall<Byte> reader : readers) {
        assertThrows(AsynchronousCloseException.class, reader::result);
      }
      assertEquals(0, ring.metrics().inFlight() + second.metrics().inFlight());
    }
  }

  /** What came before the close is delivered, once; what comes after it is not lost. */
  @ParameterizedTest
  @EachCaller
  void read_interruptLosesNoByte(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        Fifo fifo = Fifo.open(ring, directory)) {
      int interrupted = 0;
      for (int i = 0; i < 300; i++) {
        BlockedCall<Byte> reader =
            BlockedCall.start(ring, caller, fifo::read).awaitInFlight(ring, 1);
        byte value = (byte) i;
        Thread interrupter = Thread.ofPlatform().start(reader::interrupt);
        fifo.write(value);
        interrupter.join();
        try {
          byte got = reader.result();
          assertEquals(value, got);
        } catch (InterruptedIOException e) {
          interrupted++;
          assertEquals(value, fifo.read(), "the byte that nobody read");
        }
      }
      assertTrue(interrupted <= 300);
      assertEquals(0, ring.metrics().inFlight());
      MemorySegment none = Arena.ofAuto().allocate(1);
      assertThrows(
          OperationTimeoutException.class,
          () -> fifo.file().within(Duration.ofMillis(10)).read(none, 0));
      assertEquals(0, none.get(ValueLayout.JAVA_BYTE, 0));
    }
  }
}
