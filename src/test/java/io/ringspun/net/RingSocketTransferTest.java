package io.ringspun.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.FaultyRing;
import io.ringspun.OperationException;
import io.ringspun.OperationTimeoutException;
import io.ringspun.Ring;
import io.ringspun.RingOptions;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.NativeMemory;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import io.ringspun.testing.Liburing;
import io.ringspun.testing.RingCase;
import io.ringspun.testing.SocketPair;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.time.Duration;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What goes in on one side comes out on the other, from and to memory of any kind. */
class RingSocketTransferTest {
  private static final String CASES = "io.ringspun.testing.RingCase#all";

  /** Something to do with two connected sockets and an arena of the running thread. */
  private interface Body {
    void run(SocketPair pair, Arena arena) throws Exception;
  }

  /** Runs a body over TCP and over a Unix socket. */
  private static void run(RingCase how, Body body) throws Exception {
    for (Kind kind : new Kind[] {Kind.IPV4, Kind.UNIX}) {
      how.run(
          ring -> {
            try (Arena arena = Arena.ofConfined();
                SocketPair pair = SocketPair.open(ring, kind.listen())) {
              body.run(pair, arena);
            }
          });
    }
  }

  @Liburing("send_recv")
  @ParameterizedTest
  @MethodSource(CASES)
  void segments_confinedSharedAndAutomatic(RingCase how) throws Exception {
    run(
        how,
        (pair, arena) -> {
          try (Arena shared = Arena.ofShared()) {
            for (Arena memory : new Arena[] {arena, shared, Arena.ofAuto()}) {
              pair.left().writeFully(Bytes.segment(memory, 1, 0, 10_000));
              MemorySegment target = memory.allocate(10_000);
              pair.right().readFully(target);
              Bytes.check(1, 0, target);
              assertEquals(5, pair.right().write(Bytes.segment(memory, 2, 0, 5)));
              MemorySegment roomy = memory.allocate(100);
              assertEquals(5, pair.left().read(roomy));
              Bytes.check(2, 0, roomy.asSlice(0, 5));
              assertArrayEquals(new byte[95], Bytes.copy(roomy.asSlice(5)), "behind what came");
            }
          }
        });
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void buffers_heapDirectAndReadOnly(RingCase how) throws Exception {
    run(
        how,
        (pair, arena) -> {
          ByteBuffer[] sources = {
            ByteBuffer.wrap(Bytes.of(1, 0, 1000)),
            ByteBuffer.wrap(Bytes.of(1, 0, 1000)).asReadOnlyBuffer(),
            Bytes.direct(1, 0, 1000),
            Bytes.direct(1, 0, 1000).asReadOnlyBuffer(),
            Bytes.segment(arena, 1, 0, 1000).asByteBuffer(),
          };
          ByteBuffer[] targets = {
            ByteBuffer.allocate(1100), ByteBuffer.allocateDirect(1100),
          };
          for (ByteBuffer source : sources) {
            for (ByteBuffer target : targets) {
              source.clear().position(100);
              target.clear().position(50);
              pair.left().writeFully(source);
              assertEquals(1000, source.position());
              pair.right().readFully(target.limit(950));
              assertEquals(950, target.position());
              byte[] received = new byte[900];
              target.get(50, received);
              Bytes.check(1, 100, received);
            }
          }
          ByteBuffer part = ByteBuffer.allocate(10).position(3);
          assertEquals(4, pair.left().write(ByteBuffer.wrap(Bytes.of(3, 0, 4))));
          assertEquals(4, pair.right().read(part));
          assertEquals(7, part.position());
        });
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void scatterAndGather(RingCase how) throws Exception {
    run(
        how,
        (pair, arena) -> {
          MemorySegment[] pieces = {
            Bytes.segment(arena, 1, 0, 10),
            Bytes.segment(arena, 1, 10, 1),
            Bytes.segment(arena, 1, 11, 989)
          };
          assertEquals(1000, pair.left().write(pieces));
          MemorySegment[] targets = {arena.allocate(500), arena.allocate(600)};
          assertEquals(1000, pair.right().read(targets));
          Bytes.check(1, 0, targets[0]);
          Bytes.check(1, 500, targets[1].asSlice(0, 500));

          ByteBuffer[] sources = {
            ByteBuffer.allocate(0), Bytes.direct(2, 0, 7), ByteBuffer.wrap(Bytes.of(2, 7, 3))
          };
          assertEquals(10, pair.right().write(sources));
          assertEquals(0, sources[1].remaining() + sources[2].remaining());
          ByteBuffer[] buffers = {
            ByteBuffer.allocate(4), ByteBuffer.allocate(0), ByteBuffer.allocateDirect(100)
          };
          assertEquals(10, pair.left().read(buffers));
          assertEquals(0, buffers[0].remaining());
          assertEquals(6, buffers[2].position());
          Bytes.check(2, 0, buffers[0].array());
        });
  }

  /** More pieces than one operation takes: the first 1,024 go. */
  @Test
  void gather_manyPieces() throws Exception {
    try (Ring ring = Ring.open();
        Arena arena = Arena.ofConfined();
        SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen())) {
      MemorySegment[] pieces =
          Stream.generate(() -> arena.allocate(1)).limit(2000).toArray(MemorySegment[]::new);
      assertEquals(1024, pair.left().write(pieces));
      MemorySegment target = arena.allocate(1024);
      pair.right().readFully(target);
    }
  }

  @Test
  void badMemory_isRefused() throws Exception {
    try (Ring ring = Ring.open();
        Arena arena = Arena.ofConfined();
        SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen())) {
      RingSocket socket = pair.left();
      MemorySegment empty = arena.allocate(0);
      MemorySegment heap = MemorySegment.ofArray(new byte[1]);
      MemorySegment readOnly = arena.allocate(1).asReadOnly();
      Arena over = Arena.ofConfined();
      MemorySegment dead = over.allocate(1);
      over.close();
      MemorySegment foreign = Caller.PLATFORM.call(ring, () -> Arena.ofConfined().allocate(1));
      Class<IllegalArgumentException> wrong = IllegalArgumentException.class;
      for (MemorySegment bad : new MemorySegment[] {empty, heap, foreign}) {
        assertThrows(wrong, () -> socket.read(bad));
        assertThrows(wrong, () -> socket.write(bad));
        assertThrows(wrong, () -> socket.readFully(bad));
        assertThrows(wrong, () -> socket.writeFully(bad));
        assertThrows(wrong, () -> socket.read(new MemorySegment[] {arena.allocate(1), bad}));
        assertThrows(wrong, () -> socket.write(new MemorySegment[] {arena.allocate(1), bad}));
      }
      assertThrows(IllegalStateException.class, () -> socket.read(dead));
      assertThrows(IllegalStateException.class, () -> socket.write(dead));
      assertThrows(wrong, () -> socket.read(readOnly));
      assertEquals(1, socket.write(readOnly));
      assertThrows(wrong, () -> socket.read(new MemorySegment[0]));
      assertThrows(wrong, () -> socket.write(new MemorySegment[0]));
      assertThrows(wrong, () -> socket.read(ByteBuffer.allocate(0)));
      assertThrows(wrong, () -> socket.write(ByteBuffer.allocate(0)));
      assertThrows(wrong, () -> socket.readFully(ByteBuffer.allocate(0)));
      assertThrows(wrong, () -> socket.writeFully(ByteBuffer.allocate(0)));
      assertThrows(wrong, () -> socket.read(ByteBuffer.allocate(1).asReadOnlyBuffer()));
      assertThrows(wrong, () -> socket.read(new ByteBuffer[] {ByteBuffer.allocate(0)}));
      assertThrows(wrong, () -> socket.write(new ByteBuffer[] {ByteBuffer.allocate(0)}));
      assertThrows(
          wrong, () -> socket.read(new ByteBuffer[] {ByteBuffer.allocate(1).asReadOnlyBuffer()}));
      assertThrows(wrong, () -> socket.read(foreign.asByteBuffer()));
      assertEquals(0, ring.metrics().inFlight());
    }
  }

  /** Every byte in a segment of its own, which the peer takes as they come. */
  @ParameterizedTest
  @MethodSource(CASES)
  void readFully_oneByteSegments(RingCase how) throws Exception {
    how.run(
        ring -> {
          try (Arena arena = Arena.ofConfined();
              SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen())) {
            pair.left().setOption(StandardSocketOptions.TCP_NODELAY, true);
            BlockedCall<Void> writer =
                BlockedCall.start(
                    ring,
                    Caller.VIRTUAL,
                    () -> {
                      for (int i = 0; i < 500; i++) {
                        pair.left().write(ByteBuffer.wrap(Bytes.of(1, i, 1)));
                      }
                      return null;
                    });
            MemorySegment target = arena.allocate(500);
            pair.right().readFully(target);
            Bytes.check(1, 0, target);
            writer.result();
          }
        });
  }

  @ParameterizedTest
  @EachCaller
  void read_blocksAndThenCompletes(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen())) {
      ByteBuffer target = ByteBuffer.allocate(10);
      BlockedCall<Integer> call = BlockedCall.start(ring, caller, () -> pair.left().read(target));
      call.awaitInFlight(ring, 1);
      pair.right().write(ByteBuffer.wrap(Bytes.of(1, 0, 3)));
      assertEquals(3, call.result());
      assertEquals(3, target.position());
    }
  }

  /** A read or write of a large heap buffer borrows no more native memory than it can do with. */
  @Test
  void largeHeapBuffer_isCopiedInPieces() throws Exception {
    try (Ring ring = Ring.open();
        SocketPair pair = SocketPair.open(ring, Kind.UNIX.listen())) {
      ByteBuffer large = ByteBuffer.allocate(50_000_000);
      fill(pair.left());
      long before = NativeMemory.allocatedBytes();
      BlockedCall<Integer> read = BlockedCall.start(ring, () -> pair.left().read(large));
      BlockedCall<Integer> write =
          BlockedCall.start(ring, () -> pair.left().write(large.duplicate()));
      write.awaitInFlight(ring, 2);
      long more = NativeMemory.allocatedBytes() - before;
      assertTrue(more < 10_000_000, "native bytes: " + more);
      pair.left().close();
      assertThrows(AsynchronousCloseException.class, read::result);
      assertThrows(AsynchronousCloseException.class, write::result);
    }
  }

  /**
   * Fills what two sockets can hold between them; returns how much was written. Over TCP the kernel
   * may find room for some more later.
   */
  static long fill(RingSocket socket) throws IOException {
    RingSocket hasty = socket.within(Duration.ofMillis(20));
    ByteBuffer chunk = ByteBuffer.allocateDirect(1 << 16);
    long sum = 0;
    try {
      while (true) {
        sum += hasty.write(chunk.clear());
      }
    } catch (OperationTimeoutException _) {
      return sum;
    }
  }

  @ParameterizedTest
  @EachCaller
  void write_blocksUntilThePeerReads(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        SocketPair pair = SocketPair.open(ring, Kind.UNIX.listen())) {
      long sum = fill(pair.left());
      BlockedCall<Integer> call =
          BlockedCall.start(
              ring, caller, () -> pair.left().write(ByteBuffer.wrap(Bytes.of(1, 0, 10))));
      call.awaitInFlight(ring, 1);
      pair.right().readFully(ByteBuffer.allocateDirect((int) sum));
      assertEquals(10, call.result());
      ByteBuffer target = ByteBuffer.allocate(10);
      pair.right().readFully(target);
      Bytes.check(1, 0, target.array());
    }
  }

  /** More than the sockets hold, so that sender and receiver wait for each other many times. */
  @ParameterizedTest
  @MethodSource(CASES)
  void writeFully_muchMoreThanTheSocketsHold(RingCase how) throws Exception {
    run(
        how,
        (pair, arena) -> {
          int size = 5_000_000;
          BlockedCall<Void> writer =
              BlockedCall.start(
                  Ring.shared(),
                  Caller.VIRTUAL,
                  () -> {
                    pair.left().writeFully(ByteBuffer.wrap(Bytes.of(1, 0, size))); // copied
                    try (Arena own = Arena.ofConfined()) {
                      pair.left().writeFully(Bytes.segment(own, 2, 0, size));
                    }
                    return null;
                  });
          MemorySegment target = arena.allocate(size);
          pair.right().readFully(target);
          Bytes.check(1, 0, target);
          pair.right().readFully(target);
          Bytes.check(2, 0, target);
          writer.result();
        });
  }

  /** What a socket takes at once, and what is there already, is no business of the ring. */
  @ParameterizedTest
  @EachCaller
  void inline_noTrip(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        SocketPair pair = SocketPair.open(ring, Kind.UNIX.listen())) {
      caller.call(
          ring,
          () -> {
            long before = ring.metrics().submitted();
            long hits = ring.metrics().inlineHits();
            MemorySegment bytes = Bytes.segment(Arena.ofAuto(), 1, 0, 1000);
            MemorySegment target = Arena.ofAuto().allocate(1000);
            pair.left().writeFully(bytes);
            pair.left().writeFully(bytes);
            assertEquals(1000, pair.right().read(target));
            assertEquals(1000, pair.right().read(target), "a full buffer may not have been all");
            Bytes.check(1, 0, target);
            assertEquals(before, ring.metrics().submitted());
            assertEquals(hits + 4, ring.metrics().inlineHits());
            return null;
          });
    }
  }

  /** The kernel itself goes on until all is sent: one trip, however often the peer makes room. */
  @Test
  void writeFully_oneTrip() throws Exception {
    int size = 5_000_000;
    try (Ring ring = Ring.open(RingOptions.defaults().withInlineAttempts(false));
        Ring other = Ring.open();
        Arena arena = Arena.ofShared();
        RingListener listener = RingListener.bind(other, Kind.IPV4.listen());
        RingSocket socket = RingSocket.connect(ring, listener.localAddress());
        RingSocket peer = listener.accept()) {
      BlockedCall<Void> reader =
          BlockedCall.start(
              other,
              () -> {
                peer.readFully(ByteBuffer.allocateDirect(size));
                return null;
              });
      MemorySegment lent = Arena.ofAuto().allocate(size);
      MemorySegment copied = arena.allocate(1000);
      long before = ring.metrics().submitted();
      socket.writeFully(lent);
      reader.result();
      socket.writeFully(copied);
      assertEquals(2, ring.metrics().submitted() - before);
    }
  }

  @Liburing("shutdown")
  @ParameterizedTest
  @MethodSource(CASES)
  void shutdownOutput_isTheEndForThePeer(RingCase how) throws Exception {
    run(
        how,
        (pair, arena) -> {
          pair.left().writeFully(ByteBuffer.wrap(Bytes.of(1, 0, 3)));
          pair.left().shutdownOutput();
          assertThrows(EOFException.class, () -> pair.right().readFully(arena.allocate(4)));
          assertEquals(-1, pair.right().read(arena.allocate(4)));
          assertEquals(-1, pair.right().read(ByteBuffer.allocate(4)));
          assertEquals(-1, pair.right().read(new MemorySegment[] {arena.allocate(4)}));
          assertEquals(-1, pair.right().read(new ByteBuffer[] {ByteBuffer.allocate(4)}));
          assertThrows(EOFException.class, () -> pair.right().readFully(ByteBuffer.allocate(1)));
          OperationException broken =
              assertThrows(
                  OperationException.class, () -> pair.left().write(ByteBuffer.allocate(1)));
          assertEquals(Errno.EPIPE, broken.errno());
          pair.right().writeFully(ByteBuffer.wrap(Bytes.of(2, 0, 3))); // the other way is open
          ByteBuffer target = ByteBuffer.allocate(3);
          pair.left().readFully(target);
          Bytes.check(2, 0, target.array());
        });
  }

  @ParameterizedTest
  @EachCaller
  void shutdownInput_endsAReadThatWaits(Caller caller) throws Exception {
    for (Kind kind : new Kind[] {Kind.IPV4, Kind.UNIX}) {
      try (Ring ring = Ring.open();
          SocketPair pair = SocketPair.open(ring, kind.listen())) {
        BlockedCall<Integer> call =
            BlockedCall.start(ring, caller, () -> pair.left().read(ByteBuffer.allocate(1)));
        call.awaitInFlight(ring, 1);
        pair.left().shutdownInput();
        assertEquals(-1, call.result());
        assertEquals(-1, pair.left().read(ByteBuffer.allocate(1)));
        pair.left().writeFully(ByteBuffer.allocate(3)); // the other way is open
        pair.right().readFully(ByteBuffer.allocate(3));
      }
    }
  }

  @Liburing("shutdown")
  @Test
  void shutdown_notConnected() throws Exception {
    try (Ring ring = Ring.open();
        RingSocket socket = RingSocket.open(ring, StandardProtocolFamily.INET)) {
      assertThrows(OperationException.class, socket::shutdownOutput);
      assertThrows(OperationException.class, () -> socket.read(ByteBuffer.allocate(1)));
      assertThrows(OperationException.class, () -> socket.write(ByteBuffer.allocate(1)));
    }
  }

  /** What the peer sent before it reset the connection is gone; every call says so. */
  @ParameterizedTest
  @MethodSource(CASES)
  void reset_byThePeer(RingCase how) throws Exception {
    how.run(
        ring -> {
          try (SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen())) {
            pair.right().setOption(StandardSocketOptions.SO_LINGER, 0);
            pair.right().close();
            OperationException reset =
                assertThrows(
                    OperationException.class, () -> pair.left().read(ByteBuffer.allocate(1)));
            assertEquals(Errno.ECONNRESET, reset.errno());
            OperationException broken =
                assertThrows(
                    OperationException.class, () -> pair.left().write(ByteBuffer.allocate(1)));
            assertEquals(Errno.EPIPE, broken.errno());
          }
        });
  }

  /** A reset wakes a reader and a writer that wait; the kernel tells only one of them why. */
  @ParameterizedTest
  @EachCaller
  void reset_wakesThoseWhoWait(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen())) {
      fill(pair.left());
      BlockedCall<Integer> reader =
          BlockedCall.start(ring, caller, () -> pair.left().read(ByteBuffer.allocate(1)));
      BlockedCall<Integer> writer =
          BlockedCall.start(
              ring,
              caller,
              () -> {
                while (true) { // the kernel may find room for some more bytes
                  pair.left().write(ByteBuffer.allocate(1));
                }
              });
      reader.awaitInFlight(ring, 2);
      pair.right().setOption(StandardSocketOptions.SO_LINGER, 0);
      pair.right().close();
      OperationException broken = assertThrows(OperationException.class, writer::result);
      if (broken.errno() == Errno.ECONNRESET) {
        assertEquals(-1, reader.result());
      } else {
        assertEquals(Errno.EPIPE, broken.errno());
        OperationException reset = assertThrows(OperationException.class, reader::result);
        assertEquals(Errno.ECONNRESET, reset.errno());
      }
    }
  }

  /** A receive that gives less than there is, again and again, loses nothing. */
  @Test
  void shortTransfers_loseNothing() throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel);
        Arena arena = Arena.ofConfined();
        SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen())) {
      kernel.add(FaultRule.on(Constants.IORING_OP_RECV, Constants.IORING_OP_SEND).shorten(7));
      pair.left().writeFully(Bytes.segment(arena, 1, 0, 100));
      MemorySegment target = arena.allocate(100);
      pair.right().readFully(target);
      Bytes.check(1, 0, target);
      pair.left().writeFully(ByteBuffer.wrap(Bytes.of(2, 0, 100)));
      ByteBuffer heap = ByteBuffer.allocate(100);
      pair.right().readFully(heap);
      Bytes.check(2, 0, heap.array());
    }
  }

  @Test
  void refusals_areReported() throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel);
        Arena arena = Arena.ofConfined();
        SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen())) {
      for (int opcode :
          new int[] {
            Constants.IORING_OP_RECV,
            Constants.IORING_OP_SEND,
            Constants.IORING_OP_RECVMSG,
            Constants.IORING_OP_SENDMSG
          }) {
        kernel.add(FaultRule.on(opcode).fail(Errno.ENOBUFS));
      }
      MemorySegment memory = arena.allocate(1);
      MemorySegment[] pieces = {memory};
      RingSocket socket = pair.left();
      assertEquals(
          Errno.ENOBUFS, assertThrows(OperationException.class, () -> socket.read(memory)).errno());
      assertEquals(
          Errno.ENOBUFS,
          assertThrows(OperationException.class, () -> socket.write(memory)).errno());
      assertEquals(
          Errno.ENOBUFS, assertThrows(OperationException.class, () -> socket.read(pieces)).errno());
      assertEquals(
          Errno.ENOBUFS,
          assertThrows(OperationException.class, () -> socket.write(pieces)).errno());
      assertTrue(socket.isOpen());
    }
  }
}
