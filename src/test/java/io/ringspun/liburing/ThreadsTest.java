package io.ringspun.liburing;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.ringspun.Ring;
import io.ringspun.RingOptions;
import io.ringspun.file.RingFile;
import io.ringspun.os.Poll;
import io.ringspun.os.PollEvent;
import io.ringspun.os.RingPipe;
import io.ringspun.os.RingTimer;
import io.ringspun.os.TimerClock;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.Liburing;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;

/** Threads that come and go, and the kernel's own. */
class ThreadsTest {
  private static final RingOptions SQPOLL =
      RingOptions.defaults().withKernelPolling(Duration.ofMillis(2)).withInlineAttempts(false);

  @TempDir Path directory;

  /** Runs something on a platform thread that has ended when this returns. */
  private static <T> T onThreadThatEnds(Callable<T> task) throws Exception {
    FutureTask<T> future = new FutureTask<>(task);
    Thread thread = Thread.ofPlatform().start(future);
    thread.join();
    return future.get();
  }

  /** Who opened the ring, the pipe and the poll has ended; they go on. */
  @Liburing("thread-exit")
  @ParameterizedTest
  @EachCaller
  void opener_hasEnded(Caller caller) throws Exception {
    try (Ring ring = onThreadThatEnds(Ring::open);
        RingPipe pipe = onThreadThatEnds(() -> RingPipe.open(ring));
        Poll poll =
            onThreadThatEnds(
                () -> {
                  Poll opened = Poll.open(pipe.source(), PollEvent.READABLE);
                  pipe.sink().write(ByteBuffer.allocate(1)); // armed by the first call
                  opened.next();
                  pipe.source().read(ByteBuffer.allocate(1));
                  return opened;
                })) {
      var waiting = BlockedCall.start(ring, caller, poll::next);
      pipe.sink().write(ByteBuffer.allocate(1));
      assertEquals(Set.of(PollEvent.READABLE), waiting.result());
    }
  }

  /** Threads that end as soon as their read has, while those of others are on their way. */
  @Liburing("read-before-exit")
  @Test
  void readers_endAtOnce() throws Exception {
    int size = 64 << 10;
    Path path = Bytes.file(directory.resolve("file"), 1, size);
    try (Ring ring = Ring.open(RingOptions.defaults().withInlineAttempts(false));
        RingFile file = RingFile.open(ring, path)) {
      List<BlockedCall<byte[]>> readers = new ArrayList<>();
      for (int i = 0; i < 300; i++) {
        int position = i * 200;
        readers.add(
            BlockedCall.start(
                ring,
                Caller.values()[i % 3],
                () -> {
                  byte[] bytes = new byte[200];
                  file.readFully(ByteBuffer.wrap(bytes), position);
                  return bytes;
                }));
      }
      for (int i = 0; i < readers.size(); i++) {
        assertArrayEquals(Bytes.of(1, i * 200L, 200), readers.get(i).result());
      }
    }
  }

  /** The kernel's thread of one ring ends; that of the other does not care. */
  @Liburing("sq-poll-share")
  @Test
  void sqpoll_severalRings() throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 8192);
    try (Ring last = Ring.open(SQPOLL);
        RingFile file = RingFile.open(last, path)) {
      for (int round = 0; round < 3; round++) {
        try (Ring ring = Ring.open(SQPOLL);
            RingFile same = RingFile.open(ring, path)) {
          for (RingFile one : List.of(file, same)) {
            byte[] bytes = new byte[8192];
            one.readFully(ByteBuffer.wrap(bytes), 0);
            Bytes.check(1, 0, bytes);
          }
        }
      }
    }
  }

  /** Closing does not hang behind what the kernel's thread has taken and not finished. */
  @Liburing("sqpoll-exit-hang")
  @ParameterizedTest
  @EachCaller
  void sqpoll_closedMeanwhile(Caller caller) throws Exception {
    try (Ring home = Ring.open();
        RingPipe pipe = RingPipe.open(home)) {
      Ring ring = Ring.open(SQPOLL);
      RingPipe own = RingPipe.open(ring);
      RingTimer timer = RingTimer.after(ring, TimerClock.MONOTONIC, Duration.ofHours(1));
      var reader =
          BlockedCall.start(ring, caller, () -> own.source().read(ByteBuffer.allocate(1)))
              .awaitInFlight(ring, 1);
      ring.close();
      assertThrows(AsynchronousCloseException.class, reader::result);
      timer.close();
      own.close();
      pipe.sink().write(ByteBuffer.allocate(1));
    }
  }

  /** The queue is full all the time, and the kernel's thread empties it. */
  @Liburing("sqwait")
  @Test
  void sqpoll_queueFull() throws Exception {
    try (Ring ring = Ring.open(SQPOLL.withEntries(2))) {
      List<BlockedCall<Void>> callers = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        callers.add(
            BlockedCall.start(
                ring,
                Caller.values()[i % 3],
                () -> {
                  for (int n = 0; n < 100; n++) {
                    ring.nop();
                  }
                  return null;
                }));
      }
      for (BlockedCall<Void> call : callers) {
        call.result();
      }
      assertEquals(1200, ring.metrics().completed());
    }
  }

  /** Processes are started while operations are in flight; they have no part in them. */
  @Liburing("across-fork")
  @Test
  void process_startedMeanwhile() throws Exception {
    try (Ring ring = Ring.open();
        RingPipe pipe = RingPipe.open(ring)) {
      for (Caller caller : Caller.values()) {
        var reader =
            BlockedCall.start(ring, caller, () -> pipe.source().read(ByteBuffer.allocate(9)))
                .awaitInFlight(ring, 1);
        Process child = new ProcessBuilder("ls", "-l", "/proc/self/fd").start();
        String open = new String(child.getInputStream().readAllBytes());
        assertEquals(0, child.waitFor());
        assertEquals(-1, open.indexOf("io_uring"), open);
        pipe.sink().write(ByteBuffer.allocate(3));
        assertEquals(3, reader.result());
      }
    }
  }
}
