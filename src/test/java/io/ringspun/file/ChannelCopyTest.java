package io.ringspun.file;

import static io.ringspun.internal.kernel.Constants.IORING_OP_READ;
import static io.ringspun.internal.kernel.Constants.IORING_OP_WRITE;
import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.FaultyRing;
import io.ringspun.OperationException;
import io.ringspun.Ring;
import io.ringspun.RingOptions;
import io.ringspun.internal.file.FileCopy;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import io.ringspun.testing.Fifo;
import io.ringspun.testing.OpenFiles;
import io.ringspun.testing.RingCase;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.Channels;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.Pipe;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Bytes on their way from channel to channel. What the JDK does is compared elsewhere. */
class ChannelCopyTest {
  private static final int PIECE = 1 << 20; // what one operation moves
  private static final int SIZE = 3 * PIECE + 4321;

  @TempDir Path directory;
  private Path from;
  private Path to;

  @BeforeEach
  void name() {
    from = directory.resolve("from");
    to = directory.resolve("to");
  }

  private static RingFileChannel open(Ring ring, Path path, OpenOption... options)
      throws IOException {
    return RingFileChannel.open(ring, path, Set.of(options));
  }

  private static void check(Path path, int before, int seed, int at, int size) throws IOException {
    byte[] bytes = Files.readAllBytes(path);
    assertEquals(before + size, bytes.length);
    Bytes.check(seed, at, Arrays.copyOfRange(bytes, before, before + size));
  }

  private static long copy(RingFile from, long position, RingFile to, long target, long count)
      throws IOException {
    return new FileCopy(from.openFile(), position, to.openFile(), target, count).run();
  }

  // ---- completes -----------------------------------------------------------------------------

  @ParameterizedTest
  @MethodSource("io.ringspun.testing.RingCase#all")
  void copy_ofAnySize(RingCase how) throws Exception {
    how.run(
        ring -> {
          for (int size : new int[] {1, 4096, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, SIZE}) {
            Bytes.file(from, size, size + 7);
            Bytes.file(to, 2, 3);
            try (RingFile source = RingFile.open(ring, from);
                RingFile target = RingFile.open(ring, to, WRITE)) {
              assertEquals(size, copy(source, 5, target, 3, size), "before the end");
              check(to, 3, size, 5, size);
              assertEquals(size + 2, copy(source, 5, target, 3, Long.MAX_VALUE));
              check(to, 3, size, 5, size + 2);
              assertEquals(0, copy(source, size + 7, target, 3, 10), "at the end");
              assertEquals(0, copy(source, Long.MAX_VALUE, target, 3, 10));
              assertEquals(0, copy(source, 0, target, 3, 0));
            }
            Bytes.check(2, 0, Arrays.copyOf(Files.readAllBytes(to), 3));
          }
        });
  }

  @Test
  void copy_wrongDirection() throws Exception {
    Bytes.file(from, 1, 10);
    try (Ring ring = Ring.open();
        RingFile reader = RingFile.open(ring, from);
        RingFile writer = RingFile.open(ring, from, WRITE)) {
      assertThrows(NonReadableChannelException.class, () -> copy(writer, 0, writer, 0, 1));
      assertThrows(NonWritableChannelException.class, () -> copy(reader, 0, reader, 0, 1));
    }
  }

  @ParameterizedTest
  @MethodSource("io.ringspun.testing.RingCase#all")
  void transfer_movesTheOthersPosition(RingCase how) throws Exception {
    Bytes.file(from, 1, SIZE);
    how.run(
        ring -> {
          Bytes.file(to, 2, 0);
          try (RingFileChannel source = open(ring, from, READ);
              RingFileChannel target = open(ring, to, WRITE)) {
            target.position(100);
            assertEquals(SIZE - 10, source.transferTo(10, Long.MAX_VALUE, target));
            assertEquals(0, source.position());
            assertEquals(100 + SIZE - 10, target.position());
            check(to, 100, 1, 10, SIZE - 10);

            source.position(10);
            assertEquals(SIZE - 10, target.transferFrom(source, 50, Long.MAX_VALUE));
            assertEquals(SIZE, source.position());
            assertEquals(100 + SIZE - 10, target.position());
            assertEquals(0, target.transferFrom(source, 50, 10), "at the end");
          }
          Bytes.check(1, 10, Arrays.copyOfRange(Files.readAllBytes(to), 50, 40 + SIZE));
        });
  }

  @ParameterizedTest
  @MethodSource("io.ringspun.testing.RingCase#all")
  void transfer_appends(RingCase how) throws Exception {
    Bytes.file(from, 1, SIZE);
    how.run(
        ring -> {
          Bytes.file(to, 2, 77);
          try (RingFileChannel source = open(ring, from, READ);
              RingFileChannel target = open(ring, to, APPEND)) {
            assertEquals(SIZE, source.transferTo(0, SIZE, target));
            assertEquals(77 + SIZE, target.position());
            check(to, 77, 1, 0, SIZE);
            assertEquals(SIZE, target.transferFrom(source, 5, Long.MAX_VALUE));
            check(to, 77 + SIZE, 1, 0, SIZE);
          }
        });
  }

  /** Downwards within a file, which is how to close a gap. */
  @ParameterizedTest
  @ValueSource(ints = {1, 4096, PIECE - 1, PIECE, PIECE + 1})
  void transfer_downwardsWithinAFile(int gap) throws Exception {
    Bytes.file(from, 1, SIZE);
    try (Ring ring = Ring.open();
        RingFileChannel channel = open(ring, from, READ, WRITE)) {
      assertEquals(SIZE - gap, channel.transferTo(gap, SIZE, channel));
      assertEquals(SIZE - gap, channel.position());
      channel.truncate(channel.position());
    }
    check(from, 0, 1, gap, SIZE - gap);
  }

  @Test
  void transfer_direct() throws Exception {
    Bytes.file(from, 1, 9 * PIECE + 5);
    try (Ring ring = Ring.open();
        RingFileChannel source = open(ring, from, READ, RingOpenOption.DIRECT)) {
      try (RingFileChannel target = open(ring, to, CREATE, WRITE)) {
        assertEquals(9 * PIECE + 5, source.transferTo(0, Long.MAX_VALUE, target));
      }
      check(to, 0, 1, 0, 9 * PIECE + 5);
      Files.delete(to);
      try (RingFileChannel target = open(ring, to, CREATE, WRITE, RingOpenOption.DIRECT)) {
        assertEquals(9 * PIECE, source.transferTo(0, 9 * PIECE, target));
        assertThrows(IOException.class, () -> source.transferTo(9 * PIECE, 5, target));
        assertThrows(IOException.class, () -> source.transferTo(5, PIECE, target));
        assertEquals(
            8 * PIECE, source.transferTo(PIECE, Long.MAX_VALUE, target), "as far as it can");
        assertTrue(target.isOpen());
      }
    }
    byte[] bytes = Files.readAllBytes(to);
    assertEquals(17 * PIECE, bytes.length);
    Bytes.check(1, 0, Arrays.copyOf(bytes, 9 * PIECE));
    Bytes.check(1, PIECE, Arrays.copyOfRange(bytes, 9 * PIECE, bytes.length));
  }

  // ---- the kernel does less, or refuses ------------------------------------------------------

  private final FaultKernel kernel = new FaultKernel();

  @ParameterizedTest
  @CsvSource({"1, 2", "4095, 5", "1048575, 2"})
  void transfer_shortened(int bytes, int times) throws Exception {
    Bytes.file(from, 1, SIZE);
    for (int opcode : new int[] {IORING_OP_READ, IORING_OP_WRITE}) {
      for (Caller caller : Caller.values()) {
        for (OpenOption mode : List.of(WRITE, APPEND)) {
          Bytes.file(to, 2, 0);
          kernel.clear();
          FaultRule rule = kernel.add(FaultRule.on(opcode).after(1).times(times).shorten(bytes));
          try (Ring ring = FaultyRing.open(kernel);
              RingFileChannel source = open(ring, from, READ);
              RingFileChannel target = open(ring, to, mode)) {
            long n = caller.call(ring, () -> source.transferTo(0, Long.MAX_VALUE, target));
            assertEquals(SIZE, n);
            assertEquals(SIZE, target.position());
          }
          assertTrue(rule.hits() > 0);
          check(to, 0, 1, 0, SIZE);
        }
      }
    }
  }

  /** Direct I/O reads several pieces at once: what lies behind a short one is read again. */
  @Test
  void transfer_directShortened() throws Exception {
    Bytes.file(from, 1, 9 * PIECE);
    kernel.add(FaultRule.on(IORING_OP_READ).after(2).times(1).shorten(PIECE / 2));
    kernel.add(FaultRule.on(IORING_OP_WRITE).after(2).times(1).shorten(PIECE / 4));
    try (Ring ring = FaultyRing.open(kernel);
        RingFileChannel source = open(ring, from, READ, RingOpenOption.DIRECT);
        RingFileChannel target = open(ring, to, CREATE, WRITE, RingOpenOption.DIRECT)) {
      assertEquals(9 * PIECE, source.transferTo(0, Long.MAX_VALUE, target));
    }
    check(to, 0, 1, 0, 9 * PIECE);
  }

  /** What was written before is reported; the error comes with the next call. */
  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3})
  void transfer_targetIsFull(int before) throws Exception {
    Bytes.file(from, 1, SIZE);
    Bytes.file(to, 2, 0);
    try (Ring ring = FaultyRing.open(kernel);
        RingFileChannel source = open(ring, from, READ);
        RingFileChannel target = open(ring, to, WRITE)) {
      kernel.add(FaultRule.on(IORING_OP_WRITE).after(before).fail(Errno.ENOSPC));
      if (before > 0) {
        assertEquals(before * PIECE, source.transferTo(0, SIZE, target));
      }
      assertEquals(before * PIECE, target.position());
      long at = target.position();
      OperationException e =
          assertThrows(OperationException.class, () -> source.transferTo(at, SIZE, target));
      assertEquals(Errno.ENOSPC, e.errno());
      assertEquals(before * PIECE, target.position());
      source.position(at);
      assertThrows(OperationException.class, () -> target.transferFrom(source, at, SIZE));
      assertEquals(at, source.position(), "what was read ahead is not lost");
      kernel.clear();
      assertEquals(SIZE - at, source.transferTo(at, SIZE, target));
    }
    check(to, 0, 1, 0, SIZE);
  }

  /** The rest of a short write fails: even the part of a piece is reported. */
  @Test
  void transfer_targetTakesAPart() throws Exception {
    Bytes.file(from, 1, SIZE);
    Bytes.file(to, 2, 0);
    try (Ring ring = FaultyRing.open(kernel);
        RingFileChannel source = open(ring, from, READ);
        RingFileChannel target = open(ring, to, WRITE)) {
      kernel.add(FaultRule.on(IORING_OP_WRITE).after(1).times(1).shorten(999));
      kernel.add(FaultRule.on(IORING_OP_WRITE).after(1).fail(Errno.ENOSPC));
      assertEquals(PIECE + 999, source.transferTo(0, SIZE, target));
      assertEquals(PIECE + 999, target.position());
    }
    check(to, 0, 1, 0, PIECE + 999);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 3})
  void transfer_sourceFails(int before) throws Exception {
    Bytes.file(from, 1, SIZE);
    Bytes.file(to, 2, 0);
    try (Ring ring = FaultyRing.open(kernel);
        RingFileChannel source = open(ring, from, READ);
        RingFileChannel target = open(ring, to, WRITE)) {
      kernel.add(FaultRule.on(IORING_OP_READ).after(before).fail(Errno.EIO));
      if (before == 0) {
        assertThrows(OperationException.class, () -> source.transferTo(0, SIZE, target));
      } else {
        assertEquals(before * PIECE, source.transferTo(0, SIZE, target));
      }
    }
    check(to, 0, 1, 0, before * PIECE);
  }

  // ---- blocks --------------------------------------------------------------------------------

  private interface Body {
    void run(RingFileChannel source, RingFileChannel target, BlockedCall<Long> call)
        throws Exception;
  }

  /** Waits for an empty pipe. */
  private void whileReading(RingCase how, Body body) throws Exception {
    Fifo.make(from);
    Bytes.file(to, 2, 0);
    whileBlocked(how, body, new OpenOption[] {READ, WRITE}, new OpenOption[] {WRITE}, 3, 0);
  }

  /** Waits for a full pipe. */
  private void whileWriting(RingCase how, Body body) throws Exception {
    Bytes.file(from, 1, 10);
    Fifo.make(to);
    whileBlocked(how, body, new OpenOption[] {READ}, new OpenOption[] {READ, WRITE}, 10, 1 << 16);
  }

  private void whileBlocked(
      RingCase how, Body body, OpenOption[] reading, OpenOption[] writing, int count, int filled)
      throws Exception {
    try (Ring ring = Ring.open(RingOptions.defaults().withInlineAttempts(how.inline()));
        RingFileChannel source = open(ring, from, reading);
        RingFileChannel target = open(ring, to, writing)) {
      if (filled > 0) {
        assertEquals(filled, target.write(ByteBuffer.allocate(filled)));
      }
      BlockedCall<Long> call =
          BlockedCall.start(
                  ring,
                  how.caller(),
                  () ->
                      filled == 0 // what is read has no positions then
                          ? target.transferFrom(source, 0, count)
                          : source.transferTo(0, count, target))
              .awaitInFlight(ring, 1);
      body.run(source, target, call);
      assertEquals(0, ring.metrics().inFlight());
    }
    assertEquals(0, OpenFiles.count(from.toString()) + OpenFiles.count(to.toString()));
  }

  @ParameterizedTest
  @MethodSource("io.ringspun.testing.RingCase#all")
  void read_blocksAndCompletes(RingCase how) throws Exception {
    whileReading(
        how,
        (source, target, call) -> {
          Files.write(from, new byte[] {7, 8, 9}, WRITE);
          assertEquals(3L, call.result());
          assertArrayEquals(new byte[] {7, 8, 9}, Files.readAllBytes(to));
        });
  }

  @ParameterizedTest
  @MethodSource("io.ringspun.testing.RingCase#all")
  void read_sourceClosedMeanwhile(RingCase how) throws Exception {
    whileReading(
        how,
        (source, target, call) -> {
          source.close();
          Throwable e = assertThrows(AsynchronousCloseException.class, call::result);
          assertEquals(AsynchronousCloseException.class, e.getClass());
          assertFalse(call.interruptPending());
          assertTrue(target.isOpen());
        });
  }

  @ParameterizedTest
  @MethodSource("io.ringspun.testing.RingCase#all")
  void read_targetClosedMeanwhile(RingCase how) throws Exception {
    whileReading(
        how,
        (source, target, call) -> {
          target.close();
          Files.write(from, new byte[3], WRITE);
          Throwable e = assertThrows(AsynchronousCloseException.class, call::result);
          assertEquals(AsynchronousCloseException.class, e.getClass());
          assertTrue(source.isOpen());
        });
  }

  @ParameterizedTest
  @MethodSource("io.ringspun.testing.RingCase#all")
  void read_interruptedMeanwhile(RingCase how) throws Exception {
    whileReading(how, ChannelCopyTest::interrupt);
  }

  private static void interrupt(
      RingFileChannel source, RingFileChannel target, BlockedCall<Long> call) {
    call.interrupt();
    assertThrows(ClosedByInterruptException.class, call::result);
    assertTrue(call.interruptPending());
    assertFalse(source.isOpen());
    assertFalse(target.isOpen());
  }

  @ParameterizedTest
  @MethodSource("io.ringspun.testing.RingCase#all")
  void write_blocksAndCompletes(RingCase how) throws Exception {
    whileWriting(
        how,
        (source, target, call) -> {
          try (FileChannel reader = FileChannel.open(to, READ)) {
            assertEquals(1 << 16, reader.read(ByteBuffer.allocate(1 << 16)));
            assertEquals(10L, call.result());
            ByteBuffer back = ByteBuffer.allocate(10);
            reader.read(back);
            Bytes.check(1, 0, back.array());
          }
        });
  }

  @ParameterizedTest
  @MethodSource("io.ringspun.testing.RingCase#all")
  void write_targetClosedMeanwhile(RingCase how) throws Exception {
    whileWriting(
        how,
        (source, target, call) -> {
          target.close();
          Throwable e = assertThrows(AsynchronousCloseException.class, call::result);
          assertEquals(AsynchronousCloseException.class, e.getClass());
          assertTrue(source.isOpen());
        });
  }

  @ParameterizedTest
  @MethodSource("io.ringspun.testing.RingCase#all")
  void write_interruptedMeanwhile(RingCase how) throws Exception {
    whileWriting(how, ChannelCopyTest::interrupt);
  }

  // ---- other channels ------------------------------------------------------------------------

  @ParameterizedTest
  @MethodSource("io.ringspun.testing.RingCase#all")
  void socket_getsItAll(RingCase how) throws Exception {
    Bytes.file(from, 1, SIZE);
    try (ServerSocketChannel server =
        ServerSocketChannel.open()
            .bind(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0))) {
      how.run(
          ring -> {
            FutureTask<byte[]> received =
                new FutureTask<>(
                    () -> {
                      try (SocketChannel peer = server.accept()) {
                        return Channels.newInputStream(peer).readAllBytes();
                      }
                    });
            Thread.ofPlatform().daemon().start(received);
            try (RingFileChannel source = open(ring, from, READ);
                SocketChannel target = SocketChannel.open(server.getLocalAddress())) {
              for (long at = 0; at < SIZE; ) {
                long n = source.transferTo(at, Long.MAX_VALUE, target);
                assertTrue(n > 0);
                at += n;
              }
            }
            Bytes.check(1, 0, received.get());
          });
    }
  }

  /** A pipe that does not wait takes what it has room for; none of the rest is lost. */
  @Test
  void pipe_nonBlocking() throws Exception {
    Bytes.file(from, 1, SIZE);
    Pipe pipe = Pipe.open();
    try (Ring ring = Ring.open();
        Pipe.SinkChannel sink = pipe.sink();
        Pipe.SourceChannel drain = pipe.source();
        RingFileChannel source = open(ring, from, READ);
        RingFileChannel target = open(ring, to, CREATE, WRITE)) {
      sink.configureBlocking(false);
      drain.configureBlocking(false);
      assertEquals(0, target.transferFrom(drain, 0, 10), "there is nothing yet");
      int times = 0;
      for (long at = 0; at < SIZE; times++) {
        long n = source.transferTo(at, Long.MAX_VALUE, sink);
        assertEquals(0, source.transferTo(at + n, 100_000, sink), "there is no room");
        assertEquals(n, target.transferFrom(drain, at, Long.MAX_VALUE));
        at += n;
      }
      assertTrue(times > 10);
    }
    check(to, 0, 1, 0, SIZE);
  }

  /** Takes a few bytes at a time, and keeps the buffers. */
  private static final class Keeper implements WritableByteChannel {
    final List<ByteBuffer> kept = new ArrayList<>();
    final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    @Override
    public int write(ByteBuffer source) {
      kept.add(source);
      int n = Math.min(7, source.remaining());
      for (int i = 0; i < n; i++) {
        bytes.write(source.get());
      }
      return n;
    }

    @Override
    public boolean isOpen() {
      return true;
    }

    @Override
    public void close() {}
  }

  /** A channel that we do not know never sees memory that is not the collector's. */
  @Test
  void stranger_mayKeepTheBuffer() throws Exception {
    Bytes.file(from, 1, SIZE);
    Keeper keeper = new Keeper();
    try (Ring ring = Ring.open();
        RingFileChannel source = open(ring, from, READ)) {
      assertEquals(7, source.transferTo(0, SIZE, keeper), "a short write ends the transfer");
      assertEquals(7, source.transferTo(7, SIZE, keeper));
      assertEquals(3, source.transferTo(14, 3, keeper));
    }
    Bytes.check(1, 0, keeper.bytes.toByteArray());
    assertTrue(keeper.kept.stream().noneMatch(ByteBuffer::isDirect));
  }

  /** Claims to have read, and has not. */
  @Test
  void stranger_lies() throws Exception {
    ReadableByteChannel liar =
        new ReadableByteChannel() {
          @Override
          public int read(ByteBuffer target) {
            return 5;
          }

          @Override
          public boolean isOpen() {
            return true;
          }

          @Override
          public void close() {}
        };
    try (Ring ring = Ring.open();
        RingFileChannel target = open(ring, to, CREATE, WRITE)) {
      assertEquals(0, target.transferFrom(liar, 0, 10));
      assertEquals(0, target.size());
    }
  }

  @ParameterizedTest
  @MethodSource("io.ringspun.testing.RingCase#all")
  void stream_isReadToItsEnd(RingCase how) throws Exception {
    byte[] bytes = Bytes.of(1, 0, SIZE);
    how.run(
        ring -> {
          Files.deleteIfExists(to);
          try (RingFileChannel target = open(ring, to, CREATE, WRITE)) {
            ReadableByteChannel source = Channels.newChannel(new ByteArrayInputStream(bytes));
            assertEquals(SIZE, target.transferFrom(source, 0, Long.MAX_VALUE));
          }
          check(to, 0, 1, 0, SIZE);
        });
  }
}
