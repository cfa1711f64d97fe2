package io.ringspun.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.OperationTimeoutException;
import io.ringspun.Ring;
import io.ringspun.RingOptions;
import io.ringspun.file.RingFile;
import io.ringspun.internal.kernel.NativeMemory;
import io.ringspun.internal.memory.NativePool;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FourEnds;
import io.ringspun.testing.LongRun;
import io.ringspun.testing.OpenFiles;
import io.ringspun.testing.SocketPair;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** How a call on a socket can end before it is done, and what closing does to many at once. */
class RingSocketCloseTest {
  /** The ways to block on a socket whose peer neither reads nor writes. */
  enum Blocked {
    READ_SEGMENT {
      @Override
      long run(RingSocket socket) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
          return socket.read(arena.allocate(10));
        }
      }
    },
    READ_SHARED {
      @Override
      long run(RingSocket socket) throws IOException {
        try (Arena arena = Arena.ofShared()) {
          return socket.read(arena.allocate(10));
        }
      }
    },
    READ_HEAP {
      @Override
      long run(RingSocket socket) throws IOException {
        return socket.read(ByteBuffer.allocate(10));
      }
    },
    SCATTER {
      @Override
      long run(RingSocket socket) throws IOException {
        return socket.read(new ByteBuffer[] {ByteBuffer.allocate(1), ByteBuffer.allocateDirect(1)});
      }
    },
    READ_FULLY {
      @Override
      long run(RingSocket socket) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
          socket.readFully(arena.allocate(10));
          return 0;
        }
      }
    },
    WRITE_SEGMENT {
      @Override
      long run(RingSocket socket) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
          return socket.write(arena.allocate(10));
        }
      }
    },
    WRITE_HEAP {
      @Override
      long run(RingSocket socket) throws IOException {
        return socket.write(ByteBuffer.allocate(10));
      }
    },
    GATHER {
      @Override
      long run(RingSocket socket) throws IOException {
        return socket.write(new ByteBuffer[] {ByteBuffer.allocate(1), ByteBuffer.allocate(1)});
      }
    },
    WRITE_FULLY {
      @Override
      long run(RingSocket socket) throws IOException {
        socket.writeFully(ByteBuffer.allocate(10));
        return 0;
      }
    };

    abstract long run(RingSocket socket) throws IOException;
  }

  @TempDir Path directory;

  static Stream<Arguments> blockedCalls() {
    return Stream.of(Blocked.values())
        .flatMap(how -> Caller.inThisRun().stream().map(caller -> Arguments.of(how, caller)));
  }

  /** Two sockets whose left one can neither read nor write. */
  private static SocketPair full(Ring ring) throws IOException {
    SocketPair pair =
        SocketPair.open(ring, Kind.UNIX.listen()); // TCP may find room for some more bytes later
    RingSocketTransferTest.fill(pair.left());
    return pair;
  }

  @ParameterizedTest
  @EachCaller
  void read_fourEnds(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen())) {
      new FourEnds(
              () -> pair.left().read(ByteBuffer.allocate(10)),
              () -> pair.right().write(ByteBuffer.allocate(3)),
              pair.left()::close)
          .check(ring, caller, 3);
    }
  }

  @ParameterizedTest
  @EachCaller
  void write_fourEnds(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        SocketPair pair = full(ring)) {
      ByteBuffer all = ByteBuffer.allocate(1 << 20);
      Callable<Boolean> write =
          () -> {
            boolean some = pair.left().write(ByteBuffer.allocate(10)) > 0;
            RingSocketTransferTest.fill(pair.left());
            return some;
          };
      new FourEnds(write, () -> pair.right().read(all.clear()), pair.left()::close)
          .check(ring, caller, true);
    }
  }

  @ParameterizedTest
  @MethodSource("blockedCalls")
  void close_meanwhile(Blocked how, Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        SocketPair pair = full(ring)) {
      BlockedCall<Long> call = BlockedCall.start(ring, caller, () -> how.run(pair.left()));
      call.awaitInFlight(ring, 1);
      pair.left().close();
      assertThrows(AsynchronousCloseException.class, call::result);
      assertThrows(ClosedChannelException.class, () -> how.run(pair.left()));
      assertFalse(call.interruptPending());
    }
  }

  @ParameterizedTest
  @MethodSource("blockedCalls")
  void interrupt_meanwhile(Blocked how, Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        SocketPair pair = full(ring)) {
      BlockedCall<Long> call = BlockedCall.start(ring, caller, () -> how.run(pair.left()));
      call.awaitInFlight(ring, 1).interrupt();
      assertThrows(InterruptedIOException.class, call::result);
      assertTrue(call.interruptPending());
      assertTrue(pair.left().isOpen());
      assertEquals(1, pair.right().read(ByteBuffer.allocate(1)), "the connection lives");
    }
  }

  @ParameterizedTest
  @MethodSource("blockedCalls")
  void interrupt_before(Blocked how, Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen())) {
      BlockedCall<Long> call =
          BlockedCall.start(
              ring,
              caller,
              () -> {
                Thread.currentThread().interrupt();
                return how.run(pair.left());
              });
      assertThrows(InterruptedIOException.class, call::result);
      assertTrue(call.interruptPending());
    }
  }

  @ParameterizedTest
  @MethodSource("blockedCalls")
  void timeLimit(Blocked how, Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        SocketPair pair = full(ring)) {
      RingSocket hasty = pair.left().within(Duration.ofMillis(10));
      assertThrows(OperationTimeoutException.class, () -> caller.call(ring, () -> how.run(hasty)));
      assertTrue(pair.left().isOpen());
    }
  }

  /** A peer that gives a byte now and then does not prolong a call beyond its limit. */
  @Test
  void timeLimit_isForAllOfReadFully() throws Exception {
    try (Ring ring = Ring.open();
        SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen())) {
      AtomicBoolean enough = new AtomicBoolean();
      BlockedCall<Void> trickle =
          BlockedCall.start(
              ring,
              Caller.VIRTUAL,
              () -> {
                while (!enough.get()) {
                  pair.right().write(ByteBuffer.allocate(1));
                  Thread.yield();
                }
                return null;
              });
      RingSocket hasty = pair.left().within(Duration.ofMillis(50));
      assertThrows(
          OperationTimeoutException.class, () -> hasty.readFully(ByteBuffer.allocate(500_000_000)));
      enough.set(true);
      trickle.result();
    }
  }

  /** All wake, and no descriptor is left. */
  @ParameterizedTest
  @EachCaller
  void close_whileThousandAreBlocked(Caller caller) throws Exception {
    int threads = 1000;
    int before = OpenFiles.count("socket:");
    try (Ring ring = Ring.open();
        SocketPair pair = full(ring)) {
      List<BlockedCall<Long>> calls = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        Blocked how = Blocked.values()[i % Blocked.values().length];
        calls.add(
            BlockedCall.start(
                ring,
                caller,
                () -> {
                  while (true) { // the kernel may find room for some more bytes
                    how.run(pair.left());
                  }
                }));
      }
      Await.until("all wait", () -> ring.metrics().inFlight() == threads);
      pair.left().close();
      for (BlockedCall<Long> call : calls) {
        assertThrows(ClosedChannelException.class, call::result);
      }
      assertEquals(0, ring.metrics().inFlight());
    }
    assertEquals(before, OpenFiles.count("socket:"));
  }

  /** Each of many listeners and sockets is closed while a thread waits on it. */
  @Test
  void close_thousandSocketsWithAThreadEach() throws Exception {
    int before = OpenFiles.count("socket:");
    try (Ring ring = Ring.open();
        RingListener listener = RingListener.bind(ring, Kind.ABSTRACT.listen())) {
      List<SocketPair> pairs = new ArrayList<>();
      List<BlockedCall<Integer>> calls = new ArrayList<>();
      for (int i = 0; i < 1000; i++) {
        SocketPair pair = SocketPair.open(ring, listener);
        pairs.add(pair);
        calls.add(BlockedCall.start(ring, () -> pair.left().read(ByteBuffer.allocate(1))));
      }
      for (BlockedCall<Integer> call : calls) {
        Await.parked(call.thread());
      }
      for (SocketPair pair : pairs) {
        pair.left().close();
      }
      for (BlockedCall<Integer> call : calls) {
        assertThrows(AsynchronousCloseException.class, call::result);
      }
      for (SocketPair pair : pairs) {
        pair.close();
      }
    }
    assertEquals(before, OpenFiles.count("socket:"));
  }

  /**
   * Goal: no byte goes to the wrong peer, though descriptor numbers are used again at once. Method:
   * threads open, use and close pairs as fast as they can; other threads write to sockets that are
   * being closed. Each pair has bytes of its own, and each reader checks them.
   */
  @ParameterizedTest
  @EachCaller
  void descriptorsUsedAgain_noByteGoesAstray(Caller caller) throws Exception {
    int rounds = 150;
    AtomicInteger seeds = new AtomicInteger();
    AtomicInteger refused = new AtomicInteger();
    try (Ring ring = Ring.open();
        RingListener listener = RingListener.bind(ring, Kind.ABSTRACT.listen())) {
      Object turn = new Object();
      List<BlockedCall<Void>> calls = new ArrayList<>();
      for (int t = 0; t < 8; t++) {
        calls.add(
            BlockedCall.start(
                ring,
                caller,
                () -> {
                  for (int i = 0; i < rounds; i++) {
                    SocketPair pair;
                    synchronized (turn) {
                      pair = SocketPair.open(ring, listener);
                    }
                    int seed = seeds.incrementAndGet();
                    BlockedCall<Void> writer =
                        BlockedCall.start(
                            ring,
                            caller,
                            () -> {
                              try {
                                for (int at = 0; ; at += 16) {
                                  pair.left().writeFully(ByteBuffer.wrap(Bytes.of(seed, at, 16)));
                                }
                              } catch (IOException _) {
                                refused.incrementAndGet(); // closed under its hands
                              }
                              return null;
                            });
                    ByteBuffer target = ByteBuffer.allocate(64);
                    pair.right().readFully(target);
                    Bytes.check(seed, 0, target.array());
                    pair.left().close();
                    writer.result();
                    pair.right().close();
                  }
                  return null;
                }));
      }
      for (BlockedCall<Void> call : calls) {
        call.result();
      }
      assertEquals(8 * rounds, refused.get());
    }
  }

  /** Memory, descriptors and slots stay as they are, however many connections come and go. */
  @Test
  void manyConnections_leaveNothing() throws Exception {
    int connections = LongRun.count(10_000, 100_000);
    try (Ring ring = Ring.open();
        RingListener listener = RingListener.bind(ring, Kind.IPV4.listen())) {
      BlockedCall<Void> server =
          BlockedCall.start(
              ring,
              () -> {
                for (int i = 0; i < connections; i++) {
                  try (RingSocket socket = listener.accept()) {
                    socket.setOption(StandardSocketOptions.SO_LINGER, 0); // no TIME_WAIT
                    assertEquals(1, socket.read(ByteBuffer.allocate(1)));
                  }
                }
                return null;
              });
      int sockets = OpenFiles.count("socket:");
      AtomicLong early = new AtomicLong();
      AtomicLong earlyHeap = new AtomicLong();
      var where = listener.localAddress();
      BlockedCall<Void> client =
          BlockedCall.start(
              ring,
              () -> {
                for (int i = 0; i < connections; i++) {
                  if (i == connections / 10) {
                    early.set(NativeMemory.allocatedBytes());
                    earlyHeap.set(usedHeap());
                  }
                  try (RingSocket socket = RingSocket.connect(ring, where)) {
                    socket.write(ByteBuffer.allocate(1));
                    try {
                      socket.read(ByteBuffer.allocate(1)); // until the server is done
                    } catch (IOException _) {
                      // reset, as it should be
                    }
                  }
                }
                return null;
              });
      client.result();
      server.result();
      NativePool.trim(); // what is kept for the next caller is not lost
      assertTrue(NativeMemory.allocatedBytes() <= early.get());
      Await.until("the heap is as it was", () -> usedHeap() - earlyHeap.get() < 10L * connections);
      assertEquals(sockets, OpenFiles.count("socket:"));
      assertEquals(0, ring.metrics().inFlight());
    }
  }

  private static long usedHeap() {
    System.gc();
    return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
  }

  /** Those who wait for peers keep nobody out, however few operations may be in flight. */
  @Test
  void idleReaders_keepNobodyOut() throws Exception {
    int readers = 5_000;
    Path path = Bytes.file(directory.resolve("file"), 1, 4096);
    try (Ring ring =
            Ring.open(
                RingOptions.defaults()
                    .withEntries(8)
                    .withInFlightLimit(4)
                    .withInlineAttempts(false));
        RingListener listener = RingListener.bind(ring, Kind.ABSTRACT.listen());
        SocketPair idle = SocketPair.open(ring, listener)) {
      List<BlockedCall<Integer>> calls = new ArrayList<>();
      for (int i = 0; i < readers; i++) {
        calls.add(BlockedCall.start(ring, () -> idle.left().read(ByteBuffer.allocate(1))));
      }
      Await.until("all wait", () -> ring.metrics().inFlight() == readers);
      try (RingFile file = RingFile.open(ring, path);
          Arena arena = Arena.ofConfined();
          SocketPair other = SocketPair.open(ring, listener)) {
        MemorySegment target = arena.allocate(4096);
        file.readFully(target, 0);
        Bytes.check(1, 0, target);
        other.left().write(ByteBuffer.allocate(1));
        assertEquals(1, other.right().read(ByteBuffer.allocate(1)));
      }
      idle.right().writeFully(ByteBuffer.allocateDirect(readers)); // all are answered at once
      for (BlockedCall<Integer> call : calls) {
        assertEquals(1, call.result());
      }
    }
  }

  /**
   * Goal: a close that lingers holds its caller, as the JDK says, but not the ring. Method: the
   * peer does not read, so closing takes the whole second; meanwhile another socket of the same
   * ring is used over and over.
   */
  @ParameterizedTest
  @EachCaller
  void close_lingers(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen());
        SocketPair other = SocketPair.open(ring, Kind.IPV4.listen())) {
      RingSocketTransferTest.fill(pair.left());
      pair.left().setOption(StandardSocketOptions.SO_LINGER, 1);
      AtomicBoolean closed = new AtomicBoolean();
      BlockedCall<Long> closing =
          BlockedCall.start(
              ring,
              caller,
              () -> {
                long begun = System.nanoTime();
                pair.left().close();
                closed.set(true);
                return System.nanoTime() - begun;
              });
      int echoes = 0;
      while (!closed.get()) {
        other.left().write(ByteBuffer.allocate(1));
        other.right().readFully(ByteBuffer.allocate(1));
        echoes++;
      }
      long took = closing.result();
      assertTrue(took > 900_000_000L, "it did not linger: " + took);
      assertTrue(echoes > 100, "the ring stood still: " + echoes);
    }
  }

  /** Nothing is left to send, so there is nothing to linger for. */
  @Test
  void close_lingersNoLongerThanNeeded() throws Exception {
    try (Ring ring = Ring.open();
        SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen())) {
      pair.left().setOption(StandardSocketOptions.SO_LINGER, 40);
      pair.left().write(ByteBuffer.allocate(1));
      BlockedCall<Void> closing =
          BlockedCall.start(
              ring,
              () -> {
                pair.left().close();
                return null;
              });
      assertEquals(1, pair.right().read(ByteBuffer.allocate(1)));
      assertEquals(-1, pair.right().read(ByteBuffer.allocate(1)));
      pair.right().close();
      closing.result(); // within Await.LIMIT
    }
  }

  /** Whatever a listener accepts lingers like itself. */
  @Test
  void close_lingersAsTheListenerWasTold() throws Exception {
    try (Ring ring = Ring.open();
        RingListener listener = RingListener.bind(ring, Kind.IPV4.listen())) {
      listener.setOption(StandardSocketOptions.SO_LINGER, 7);
      try (SocketPair pair = SocketPair.open(ring, listener)) {
        assertEquals(7, pair.right().getOption(StandardSocketOptions.SO_LINGER));
      }
    }
  }
}
