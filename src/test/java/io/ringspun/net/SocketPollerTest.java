package io.ringspun.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.FaultyRing;
import io.ringspun.OperationTimeoutException;
import io.ringspun.Ring;
import io.ringspun.RingClosedException;
import io.ringspun.RingFailedException;
import io.ringspun.RingMetrics;
import io.ringspun.RingOptions;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.SystemCall;
import io.ringspun.net.SocketKit.Pair;
import io.ringspun.raw.OperationCancelledException;
import io.ringspun.raw.Raw;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.LeakCheck;
import io.ringspun.testing.LongRun;
import io.ringspun.testing.OpenFiles;
import io.ringspun.testing.SocketPair;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.lang.ref.WeakReference;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Virtual threads of the default scheduler that wait for sockets by epoll, which they do while
 * their ring is busy: what they wait for, and all that ends it.
 */
class SocketPollerTest {
  private static final int BUSY = 4;
  private static final int POLLED = BUSY + 1; // in flight while threads wait by epoll

  /** A ring that is kept busy by threads that accept. */
  private record BusyRing(Ring ring, RingListener listener, List<BlockedCall<RingSocket>> accepts)
      implements AutoCloseable {

    static BusyRing open() throws IOException {
      return keepBusy(Ring.open());
    }

    static BusyRing keepBusy(Ring ring) throws IOException {
      RingListener listener = RingListener.bind(ring, SocketPair.anyPort());
      List<BlockedCall<RingSocket>> accepts =
          Stream.generate(() -> BlockedCall.start(ring, Caller.VIRTUAL, listener::accept))
              .limit(BUSY)
              .toList();
      BusyRing busy = new BusyRing(ring, listener, accepts);
      busy.awaitInFlight(BUSY);
      return busy;
    }

    void awaitInFlight(int count) {
      Await.until(count + " in flight", () -> ring.metrics().inFlight() == count);
    }

    <T> BlockedCall<T> begin(Callable<T> call) {
      return BlockedCall.start(ring, Caller.VIRTUAL, call);
    }

    /** Begins a call that waits by epoll. */
    <T> BlockedCall<T> block(Callable<T> call) {
      BlockedCall<T> blocked = begin(call);
      Await.parked(blocked.thread());
      awaitInFlight(POLLED);
      return blocked;
    }

    @Override
    public void close() throws IOException {
      listener.close();
      ring.close();
    }
  }

  private static Callable<Integer> reading(RingSocket socket) {
    return () -> {
      ByteBuffer one = ByteBuffer.allocate(1);
      return socket.read(one) < 0 ? -1 : (int) one.get(0);
    };
  }

  private static void send(RingSocket socket, int value) throws IOException {
    socket.write(ByteBuffer.allocate(1).put(0, (byte) value));
  }

  @Test
  void receive_fourEnds() throws Exception {
    try (BusyRing busy = BusyRing.open();
        SocketPair pair = SocketPair.open(busy.ring)) {
      RingSocket socket = pair.left();
      send(pair.right(), 1);
      assertEquals(1, busy.begin(reading(socket)).result(), "it completes at once");

      BlockedCall<Integer> waiting = busy.block(reading(socket));
      send(pair.right(), 2);
      assertEquals(2, waiting.result(), "it blocks, then completes");
      busy.awaitInFlight(BUSY); // nothing is polled while nobody waits

      BlockedCall<Integer> interrupted = busy.block(reading(socket));
      interrupted.interrupt();
      assertThrows(InterruptedIOException.class, interrupted::result);
      assertTrue(interrupted.interruptPending(), "the interrupt stays pending");
      busy.awaitInFlight(BUSY);
      send(pair.right(), 3);
      assertEquals(3, busy.begin(reading(socket)).result(), "an interrupt loses nothing");

      BlockedCall<Integer> closed = busy.block(reading(socket));
      socket.close();
      assertThrows(AsynchronousCloseException.class, closed::result);
      assertEquals(
          ClosedChannelException.class,
          assertThrows(ClosedChannelException.class, busy.begin(reading(socket))::result)
              .getClass());
      busy.awaitInFlight(BUSY);
    }
  }

  @Test
  void socket_fourEnds() throws Exception {
    try (BusyRing busy = BusyRing.open();
        Pair pair = SocketKit.of(busy.ring).pair();
        Pair other = SocketKit.of(busy.ring).pair()) {
      InputStream in = pair.client().getInputStream();
      BlockedCall<Integer> waiting = busy.block(in::read);
      pair.server().getOutputStream().write(7);
      assertEquals(7, waiting.result());
      BlockedCall<Integer> ended = busy.block(in::read);
      pair.server().shutdownOutput();
      assertEquals(-1, ended.result());
      BlockedCall<Integer> closed = busy.block(other.client().getInputStream()::read);
      other.client().close();
      assertEquals(
          "Socket closed",
          assertThrows(java.net.SocketException.class, closed::result).getMessage());
      BlockedCall<Integer> interrupted = busy.block(pair.server().getInputStream()::read);
      interrupted.interrupt();
      assertThrows(IOException.class, interrupted::result);
      assertTrue(interrupted.interruptPending());
    }
  }

  @Test
  void timeLimit_endsTheWaitAlone() throws Exception {
    try (BusyRing busy = BusyRing.open();
        SocketPair pair = SocketPair.open(busy.ring);
        Pair sockets = SocketKit.of(busy.ring).pair()) {
      RingSocket hasty = pair.left().within(Duration.ofMillis(20));
      for (int i = 0; i < 3; i++) {
        long start = System.nanoTime();
        assertThrows(OperationTimeoutException.class, busy.begin(reading(hasty))::result);
        assertTrue(System.nanoTime() - start >= 20_000_000);
      }
      busy.awaitInFlight(BUSY);
      send(pair.right(), 4);
      assertEquals(4, busy.begin(reading(hasty)).result(), "nothing is lost");
      RingSocket patient = pair.left().within(Duration.ofSeconds(30));
      BlockedCall<Integer> waiting = busy.block(reading(patient));
      send(pair.right(), 5);
      assertEquals(5, waiting.result());
      sockets.client().setSoTimeout(20);
      assertThrows(
          SocketTimeoutException.class,
          busy.begin(sockets.client().getInputStream()::read)::result);
    }
  }

  /** Only one thread at a time waits for a socket by epoll; others wait through the ring. */
  @Test
  void severalReaders_eachGetsItsByte() throws Exception {
    try (BusyRing busy = BusyRing.open();
        SocketPair pair = SocketPair.open(busy.ring)) {
      BlockedCall<Integer> first = busy.block(reading(pair.left()));
      BlockedCall<Integer> second = busy.begin(reading(pair.left()));
      busy.awaitInFlight(POLLED + 1);
      BlockedCall<Integer> third = busy.begin(reading(pair.left()));
      busy.awaitInFlight(POLLED + 2);
      send(pair.right(), 1);
      send(pair.right(), 2);
      send(pair.right(), 4);
      assertEquals(7, first.result() + second.result() + third.result());
    }
  }

  @Test
  void thousandSockets_oneOperation() throws Exception {
    int sockets = 1000;
    try (BusyRing busy = BusyRing.open()) {
      RingMetrics before = busy.ring.metrics();
      List<SocketPair> pairs = new ArrayList<>();
      try {
        List<BlockedCall<Integer>> reads = new ArrayList<>();
        for (int i = 0; i < sockets; i++) {
          SocketPair pair = SocketPair.open(busy.ring);
          pairs.add(pair);
          reads.add(busy.begin(reading(pair.left())));
        }
        for (BlockedCall<Integer> read : reads) {
          Await.parked(read.thread());
        }
        busy.awaitInFlight(POLLED);
        for (int round = 0; round < 3; round++) {
          for (int i = 0; i < sockets; i++) {
            send(pairs.get(i).right(), i % 100);
          }
          for (int i = 0; i < sockets; i++) {
            assertEquals(i % 100, reads.get(i).result());
            reads.set(i, busy.begin(reading(pairs.get(i).left())));
          }
        }
        assertTrue(
            busy.ring.metrics().inlineHits() - before.inlineHits() >= 3 * sockets,
            "a receive after a wait is a plain system call");
        for (int i = 0; i < sockets; i++) {
          pairs.get(i).left().close();
          assertThrows(ClosedChannelException.class, reads.get(i)::result);
        }
        busy.awaitInFlight(BUSY);
      } finally {
        for (SocketPair pair : pairs) {
          pair.close();
        }
      }
    }
  }

  /** Each of two reads is an operation of the ring, as those that keep it busy are. */
  private static void assertReadsThroughTheRing(BusyRing busy) throws Exception {
    try (SocketPair pair = SocketPair.open(busy.ring);
        SocketPair other = SocketPair.open(busy.ring)) {
      BlockedCall<Integer> first = busy.begin(reading(pair.left()));
      BlockedCall<Integer> second = busy.begin(reading(other.left()));
      busy.awaitInFlight(BUSY + 2);
      send(pair.right(), 1);
      send(other.right(), 2);
      assertEquals(3, first.result() + second.result());
    }
  }

  @Test
  void noInlineAttempts_throughTheRing() throws Exception {
    RingOptions options = RingOptions.defaults().withInlineAttempts(false);
    try (BusyRing busy = BusyRing.keepBusy(Ring.open(options))) {
      assertReadsThroughTheRing(busy);
    }
  }

  @Test
  void cancel_reachesTheWait() throws Exception {
    try (BusyRing busy = BusyRing.open();
        SocketPair pair = SocketPair.open(busy.ring);
        SocketPair other = SocketPair.open(busy.ring)) {
      Raw raw = Raw.of(busy.ring);
      BlockedCall<Integer> bystander = busy.block(reading(other.left()));
      BlockedCall<Integer> read = busy.block(reading(pair.left()));
      assertEquals(1, raw.cancel(pair.left()));
      assertThrows(OperationCancelledException.class, read::result);
      assertFalse(bystander.hasEnded());
      read = busy.block(reading(pair.left()));
      assertEquals(2, raw.cancel(Constants.IORING_OP_RECV));
      assertThrows(OperationCancelledException.class, read::result);
      assertThrows(OperationCancelledException.class, bystander::result);
      read = busy.block(reading(pair.left()));
      assertEquals(BUSY + 1, raw.cancelAll(), "the poll of the ring itself does not count");
      assertThrows(OperationCancelledException.class, read::result);
    }
  }

  @Test
  void ringClosed_endsAllAndClosesEpoll() throws Exception {
    int before = OpenFiles.count("[eventpoll]");
    BusyRing busy = BusyRing.open();
    try (SocketPair pair = SocketPair.open(busy.ring);
        SocketPair other = SocketPair.open(busy.ring)) {
      BlockedCall<Integer> read = busy.block(reading(pair.left()));
      BlockedCall<Integer> timed = busy.block(reading(other.left().within(Duration.ofSeconds(30))));
      assertEquals(before + 1, OpenFiles.count("[eventpoll]"));
      busy.ring.close();
      assertEquals(before, OpenFiles.count("[eventpoll]"));
      assertThrows(RingClosedException.class, read::result);
      assertThrows(RingClosedException.class, timed::result);
    }
  }

  @Test
  void ringFails_endsAll() throws Exception {
    FaultKernel kernel = new FaultKernel();
    try (BusyRing busy = BusyRing.keepBusy(FaultyRing.open(RingOptions.defaults(), kernel));
        SocketPair pair = SocketPair.open(busy.ring)) {
      BlockedCall<Integer> read = busy.block(reading(pair.left()));
      kernel.throwFromEnter(new IllegalStateException("a test's doing"));
      assertThrows(RingFailedException.class, read::result);
      LeakCheck.expectLost(4096); // the ring's own buffer
    }
  }

  @ParameterizedTest
  @EnumSource(names = {"EPOLL_CREATE1", "EPOLL_CTL", "EPOLL_PWAIT"})
  void epollRefused_throughTheRing(SystemCall refused) throws Exception {
    FaultKernel kernel = new FaultKernel();
    kernel.failCall(refused, Errno.ENOMEM);
    try (BusyRing busy = BusyRing.keepBusy(FaultyRing.open(RingOptions.defaults(), kernel))) {
      assertReadsThroughTheRing(busy);
    }
  }

  @Test
  void ringNeverBusy_hasNoEpoll() throws Exception {
    int before = OpenFiles.count("[eventpoll]");
    try (Ring ring = Ring.open();
        SocketPair pair = SocketPair.open(ring)) {
      BlockedCall<Integer> read =
          BlockedCall.start(ring, Caller.VIRTUAL, reading(pair.left())).awaitInFlight(ring, 1);
      send(pair.right(), 1);
      assertEquals(1, read.result());
      assertEquals(before, OpenFiles.count("[eventpoll]"));
    }
  }

  /** The epoll descriptor must not hold what is open under another number, too. */
  @Test
  void closedSocket_leavesTheSet() throws Exception {
    RingOptions options = RingOptions.defaults().withRegisteredFiles(4);
    try (BusyRing busy = BusyRing.keepBusy(Ring.open(options));
        SocketPair pair = SocketPair.open(busy.ring)) {
      BlockedCall<Integer> read = busy.block(reading(pair.left()));
      assertEquals(1, members());
      try (RingSocket twin = pair.left().registerWith(busy.ring)) {
        pair.left().close();
        assertThrows(AsynchronousCloseException.class, read::result);
        assertEquals(0, members());
        send(pair.right(), 6);
        assertEquals(6, busy.begin(reading(twin)).result());
      }
    }
  }

  /** Returns how many sockets are in the sets of all rings. */
  private static long members() throws IOException {
    long members = 0;
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/self/fd"))) {
      for (Path descriptor : descriptors.toList()) {
        if (Files.exists(descriptor)
            && Files.readSymbolicLink(descriptor).toString().contains("[eventpoll]")) {
          Path info = Path.of("/proc/self/fdinfo", descriptor.getFileName().toString());
          members +=
              Files.readAllLines(info).stream()
                  .filter(line -> line.startsWith("tfd:"))
                  .filter(line -> line.contains("events: 8"))
                  .count();
        }
      }
    }
    return members;
  }

  @Test
  void forgottenSocket_isCollectedAndLeavesTheSet() throws Exception {
    try (BusyRing busy = BusyRing.open()) {
      WeakReference<Socket> forgotten = forget(busy);
      Await.until(
          "it is collected",
          () -> {
            System.gc();
            return forgotten.refersTo(null) && members() == 0;
          });
    }
  }

  private static WeakReference<Socket> forget(BusyRing busy) throws Exception {
    Pair pair = SocketKit.of(busy.ring).pair();
    BlockedCall<Integer> read = busy.block(pair.client().getInputStream()::read);
    pair.server().getOutputStream().write(1);
    assertEquals(1, read.result());
    assertEquals(1, members());
    return new WeakReference<>(pair.client());
  }

  /** What arrives while nobody waits takes the socket out of the set, and loses no wake-up. */
  @Test
  void edgesWithoutWaiters_loseNothing() throws Exception {
    try (BusyRing busy = BusyRing.open();
        SocketPair pair = SocketPair.open(busy.ring);
        SocketPair other = SocketPair.open(busy.ring)) {
      BlockedCall<Integer> first = busy.block(reading(pair.left()));
      BlockedCall<Integer> waits = busy.block(reading(other.left())); // so that edges are taken
      assertEquals(2, members());
      send(pair.right(), 1);
      assertEquals(1, first.result());
      Await.until(
          "it is removed",
          () -> {
            send(pair.right(), 2);
            return members() == 1;
          });
      ByteBuffer rest = ByteBuffer.allocate(1 << 16);
      busy.begin(() -> pair.left().read(rest)).result();
      BlockedCall<Integer> again = busy.begin(reading(pair.left()));
      Await.until("it is added", () -> members() == 2);
      send(pair.right(), 3);
      assertEquals(3, again.result());
      send(other.right(), 4);
      assertEquals(4, waits.result());
    }
  }

  /**
   * Goal: no wake-up is lost, whenever bytes arrive. Method: peers send numbered bytes in pieces
   * and at moments that differ, to readers that have to wait for most of them.
   */
  @Test
  void storm_ofBytes() throws Exception {
    int readers = 32;
    int bytes = LongRun.count(2_000, 50_000);
    try (BusyRing busy = BusyRing.open()) {
      List<SocketPair> pairs = new ArrayList<>();
      List<BlockedCall<Integer>> calls = new ArrayList<>();
      for (int i = 0; i < readers; i++) {
        SocketPair pair = SocketPair.open(busy.ring);
        pairs.add(pair);
        Random random = new Random(i);
        calls.add(busy.begin(() -> countInOrder(pair.left(), bytes)));
        calls.add(busy.begin(() -> sendInOrder(pair.right(), bytes, random)));
      }
      for (BlockedCall<Integer> call : calls) {
        assertEquals(bytes, call.result());
      }
      for (SocketPair pair : pairs) {
        pair.close();
      }
    }
  }

  private static int countInOrder(RingSocket socket, int bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(7);
    int count = 0;
    while (count < bytes) {
      socket.read(buffer.clear());
      for (buffer.flip(); buffer.hasRemaining(); count++) {
        assertEquals((byte) count, buffer.get());
      }
    }
    return count;
  }

  private static int sendInOrder(RingSocket socket, int bytes, Random random) throws IOException {
    int count = 0;
    ByteBuffer buffer = ByteBuffer.allocate(16);
    while (count < bytes) {
      int size = Math.min(1 + random.nextInt(16), bytes - count);
      buffer.clear();
      for (int i = 0; i < size; i++) {
        buffer.put((byte) count++);
      }
      buffer.flip();
      while (buffer.hasRemaining()) {
        socket.write(buffer);
      }
      for (int spins = random.nextInt(2_000); spins > 0; spins--) {
        Thread.onSpinWait();
      }
    }
    return count;
  }

  /**
   * Closes and interrupts while threads are about to wait, wait, or have just got what they waited
   * for, at moments that differ. Numbers of descriptors are used again at once.
   */
  @Test
  void storm_ofClosesAndInterrupts() throws Exception {
    Random random = new Random(1);
    try (BusyRing busy = BusyRing.open()) {
      for (int i = 0; i < LongRun.count(500, 10_000); i++) {
        List<BlockedCall<Integer>> calls = new ArrayList<>();
        try (SocketPair pair = SocketPair.open(busy.ring);
            SocketPair other = SocketPair.open(busy.ring)) {
          calls.add(busy.begin(reading(pair.left())));
          calls.add(
              busy.begin(
                  reading(pair.left().within(Duration.ofNanos(1 + random.nextInt(200_000))))));
          BlockedCall<Integer> good = busy.begin(reading(other.left()));
          for (int spins = random.nextInt(20_000); spins > 0; spins--) {
            Thread.onSpinWait();
          }
          switch (random.nextInt(3)) {
            case 0 -> calls.getFirst().interrupt();
            case 1 -> send(pair.right(), 1);
            default -> pair.left().close();
          }
          send(other.right(), 9);
          assertEquals(9, good.result(), "another's end does not reach it");
        }
        for (BlockedCall<Integer> call : calls) {
          end(call);
        }
      }
      busy.awaitInFlight(BUSY);
    }
  }

  /** Accepts any end that closing, the peer's closing, a time limit, and an interrupt have. */
  private static void end(BlockedCall<Integer> call) throws Exception {
    try {
      int value = call.result();
      assertTrue(value == 1 || value == -1, () -> "read " + value);
    } catch (ClosedChannelException | InterruptedIOException _) {
      // As it should be.
    }
  }
}
