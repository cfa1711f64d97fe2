package io.ringspun.os;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.OperationException;
import io.ringspun.OperationTimeoutException;
import io.ringspun.Ring;
import io.ringspun.RingOptions;
import io.ringspun.file.RingFile;
import io.ringspun.file.RingOpenOption;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FourEnds;
import io.ringspun.testing.Liburing;
import io.ringspun.testing.SocketPair;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;

class SpliceTest {
  private static final int SIZE = 200_000;

  @TempDir Path directory;

  private static byte[] read(RingFd source, int count) throws Exception {
    MemorySegment target = Arena.ofAuto().allocate(count);
    return Bytes.copy(target.asSlice(0, source.read(target)));
  }

  /** Waits for a source. */
  @ParameterizedTest
  @EachCaller
  void spliceTo_emptyPipe_fourEnds(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        RingPipe from = RingPipe.open(ring);
        RingPipe to = RingPipe.open(ring)) {
      new FourEnds(
              () -> {
                int n = from.source().spliceTo(to.sink(), 100);
                Bytes.check(1, 0, read(to.source(), 100));
                return n;
              },
              () -> from.sink().write(Bytes.direct(1, 0, 5)),
              from.source()::close)
          .check(ring, caller, 5);
    }
  }

  /** Waits for room, and is ended by the close of what is only its target. */
  @ParameterizedTest
  @EachCaller
  void spliceTo_fullPipe_fourEnds(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        RingPipe from = RingPipe.open(ring);
        RingPipe to = RingPipe.open(ring)) {
      assertEquals(4096, to.resize(4096));
      to.sink().write(ByteBuffer.allocate(4096));
      from.sink().write(ByteBuffer.allocate(4096 * 8));
      new FourEnds(
              () -> from.source().spliceTo(to.sink(), 4096),
              () -> assertEquals(4096, read(to.source(), 4096).length),
              to.sink()::close)
          .check(ring, caller, 4096);
    }
  }

  @Liburing("splice")
  @ParameterizedTest
  @EachCaller
  void teeTo_fourEnds(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        RingPipe from = RingPipe.open(ring);
        RingPipe to = RingPipe.open(ring)) {
      new FourEnds(
              () -> {
                int n = from.source().teeTo(to.sink(), 100);
                Bytes.check(1, 0, read(to.source(), 100));
                Bytes.check(1, 0, read(from.source(), 100)); // it is still there
                return n;
              },
              () -> from.sink().write(Bytes.direct(1, 0, 5)),
              to.sink()::close)
          .check(ring, caller, 5);
    }
  }

  /** From file to file, by positions, through registered files too. */
  @Liburing("splice")
  @ParameterizedTest
  @EachCaller
  void files_byPosition(Caller caller) throws Exception {
    Path in = Bytes.file(directory.resolve("in"), 1, SIZE);
    Path out = directory.resolve("out");
    try (Ring ring = Ring.open(RingOptions.defaults().withRegisteredFiles(4));
        RingPipe pipe = RingPipe.open(ring);
        RingFile source = RingFile.open(ring, in, RingOpenOption.REGISTERED);
        RingFile target =
            RingFile.open(
                ring,
                out,
                RingOpenOption.REGISTERED,
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE)) {
      caller.run(
          ring,
          () -> {
            long done = 0;
            for (int n; (n = pipe.sink().spliceFrom(source, done, 50_000)) > 0; ) {
              for (int left = n; left > 0; ) {
                int moved = pipe.source().spliceTo(target, done, left);
                left -= moved;
                done += moved;
              }
            }
            assertEquals(SIZE, done);
          });
    }
    assertEquals(-1, Files.mismatch(in, out));
  }

  /** What a proxy does: bytes from one socket to another, never in the process. */
  @Liburing("splice")
  @ParameterizedTest
  @EachCaller
  void sockets_throughAPipe(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        RingPipe pipe = RingPipe.open(ring);
        SocketPair from = SocketPair.open(ring);
        SocketPair to = SocketPair.open(ring)) {
      var proxy =
          caller.begin(
              ring,
              () -> {
                long moved = 0;
                for (int n; (n = pipe.sink().spliceFrom(from.right(), 65_536)) > 0; ) {
                  for (int left = n; left > 0; ) {
                    left -= pipe.source().spliceTo(to.left(), left);
                  }
                  moved += n;
                }
                to.left().shutdownOutput();
                return moved;
              });
      var writer =
          caller.begin(
              ring,
              () -> {
                from.left().writeFully(Bytes.direct(2, 0, SIZE));
                from.left().shutdownOutput();
                return true;
              });
      ByteBuffer received = ByteBuffer.allocateDirect(SIZE);
      while (received.hasRemaining()) {
        assertTrue(to.right().read(received) > 0);
      }
      Bytes.check(2, 0, MemorySegment.ofBuffer(received.flip()));
      assertEquals(SIZE, proxy.result());
      assertTrue(writer.result());
    }
  }

  /** A worker that waits for a peer is called back; what it had moved stays moved. */
  @ParameterizedTest
  @EachCaller
  void socketThatTakesSome_interrupted(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        RingPipe pipe = RingPipe.open(ring);
        SocketPair pair = SocketPair.open(ring)) {
      pair.left().setOption(StandardSocketOptions.SO_SNDBUF, 4096);
      pipe.resize(1 << 20);
      pipe.sink().writeFully(Bytes.segment(Arena.ofAuto(), 4, 0, 1 << 20));
      while (true) { // until the socket is full
        var call =
            BlockedCall.start(ring, caller, () -> pipe.source().spliceTo(pair.left(), 1 << 20));
        Await.until("it waits", () -> call.hasEnded() || isParked(call.thread()));
        if (!call.hasEnded()) {
          call.interrupt();
          try {
            assertTrue(call.result() > 0);
            assertTrue(call.interruptPending());
          } catch (java.io.InterruptedIOException _) {
            break; // nothing was moved
          }
        }
      }
      pair.left().shutdownOutput();
      ByteBuffer received = ByteBuffer.allocateDirect(1 << 20);
      while (pair.right().read(received) > 0) {
        assertTrue(received.hasRemaining());
      }
      received.flip();
      int count = received.remaining();
      Bytes.check(4, 0, MemorySegment.ofBuffer(received));
      Bytes.check(4, count, read(pipe.source(), 1000)); // the rest follows without a gap
    }
  }

  private static boolean isParked(Thread thread) {
    return thread.getState() == Thread.State.WAITING;
  }

  @Test
  void end_ofEither() throws Exception {
    try (Ring ring = Ring.open();
        RingPipe from = RingPipe.open(ring);
        RingPipe to = RingPipe.open(ring)) {
      from.sink().close();
      assertEquals(-1, from.source().spliceTo(to.sink(), 10));
      assertEquals(-1, from.source().teeTo(to.sink(), 10));
      RingFile empty = RingFile.open(ring, Files.createFile(directory.resolve("empty")));
      try (empty) {
        assertEquals(-1, to.sink().spliceFrom(empty, 10));
      }
    }
  }

  @Test
  void limits() throws Exception {
    try (Ring ring = Ring.open();
        Ring another = Ring.open(RingOptions.defaults().withRegisteredFiles(1));
        Ring third = Ring.open(RingOptions.defaults().withRegisteredFiles(1));
        RingPipe from = RingPipe.open(ring);
        RingPipe to = RingPipe.open(ring)) {
      RingFd hasty = from.source().within(Duration.ofMillis(5));
      assertThrows(OperationTimeoutException.class, () -> hasty.spliceTo(to.sink(), 10));
      assertThrows(OperationTimeoutException.class, () -> hasty.teeTo(to.sink(), 10));
      assertThrows(IllegalArgumentException.class, () -> hasty.spliceTo(to.sink(), 0));
      assertThrows(IllegalArgumentException.class, () -> hasty.spliceTo(to.sink(), -1, 10));
      assertThrows(IllegalArgumentException.class, () -> to.sink().spliceFrom(hasty, -1, 10));
      Path path = Bytes.file(directory.resolve("a"), 1, 10);
      try (RingFile one = RingFile.open(another, path, RingOpenOption.REGISTERED);
          RingFile two =
              RingFile.open(third, path, RingOpenOption.REGISTERED, StandardOpenOption.WRITE)) {
        assertEquals(10, to.sink().spliceFrom(one, 0, 100));
        assertEquals(10, to.source().spliceTo(two, 0, 100));
      }
      from.sink().write(ByteBuffer.allocate(10));
      OperationException refused =
          assertThrows(OperationException.class, () -> from.source().spliceTo(from.sink(), 10));
      assertEquals(Errno.EINVAL, refused.errno());
    }
  }
}
