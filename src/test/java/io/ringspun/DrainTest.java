package io.ringspun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.file.RingFile;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.net.RingListener;
import io.ringspun.net.RingSocket;
import io.ringspun.os.EventFd;
import io.ringspun.os.RingPipe;
import io.ringspun.os.RingTimer;
import io.ringspun.os.TimerClock;
import io.ringspun.raw.Raw;
import io.ringspun.raw.RawOperation;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.Fifo;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Draining beside operations that wait for a peer. If a draining chain waited for one of those, or
 * held back what ends it, all threads of the ring would wait for each other.
 */
class DrainTest {
  @TempDir static Path directory;

  private interface Opener {
    Peer open(Ring ring) throws IOException;
  }

  /** A call that waits for a peer, and how to end it. */
  private record Peer(Callable<?> waiting, Action close, Class<? extends IOException> outcome) {}

  private interface Action {
    void run() throws Exception;
  }

  private enum Kind implements Opener {
    PIPE {
      @Override
      public Peer open(Ring ring) throws IOException {
        RingPipe pipe = RingPipe.open(ring);
        return new Peer(
            () -> pipe.source().read(ByteBuffer.allocateDirect(1)),
            () -> {
              pipe.source().close();
              pipe.sink().close();
            },
            AsynchronousCloseException.class);
      }
    },
    PIPE_STEP {
      @Override
      public Peer open(Ring ring) throws IOException {
        RingPipe pipe = RingPipe.open(ring);
        MemorySegment memory = Arena.ofAuto().allocate(1);
        return new Peer(
            () -> ring.chain().read(pipe.source(), memory, 0).nop().attempt(),
            () -> {
              pipe.source().close();
              pipe.sink().close();
            },
            null);
      }
    },
    FIFO {
      @Override
      public Peer open(Ring ring) throws IOException {
        Fifo fifo = Fifo.openAsPeer(ring, directory);
        return new Peer(fifo::read, fifo::close, AsynchronousCloseException.class);
      }
    },
    SOCKET {
      @Override
      public Peer open(Ring ring) throws IOException {
        try (RingListener listener = listen(ring)) {
          RingSocket socket = RingSocket.connect(ring, listener.localAddress());
          RingSocket peer = listener.accept();
          return new Peer(
              () -> socket.read(ByteBuffer.allocateDirect(1)),
              () -> {
                socket.close();
                peer.close();
              },
              AsynchronousCloseException.class);
        }
      }
    },
    ACCEPT {
      @Override
      public Peer open(Ring ring) throws IOException {
        RingListener listener = listen(ring);
        return new Peer(listener::accept, listener::close, AsynchronousCloseException.class);
      }
    },
    EVENT {
      @Override
      public Peer open(Ring ring) throws IOException {
        EventFd event = EventFd.open(ring);
        return new Peer(event::await, event::close, AsynchronousCloseException.class);
      }
    },
    TIMER {
      @Override
      public Peer open(Ring ring) throws IOException {
        RingTimer timer = RingTimer.after(ring, TimerClock.MONOTONIC, Duration.ofHours(1));
        return new Peer(
            () -> {
              timer.await();
              return null;
            },
            timer::close,
            AsynchronousCloseException.class);
      }
    },
    POLL_AS_RAW_OPERATION {
      @Override
      public Peer open(Ring ring) throws IOException {
        RingPipe pipe = RingPipe.open(ring);
        RawOperation poll =
            RawOperation.of(Constants.IORING_OP_POLL_ADD)
                .on(pipe.source())
                .operationFlags(Constants.POLLIN);
        return new Peer(
            () -> Raw.of(ring).run(poll),
            () -> {
              pipe.source().close();
              pipe.sink().close();
            },
            AsynchronousCloseException.class);
      }
    },
    BATCH {
      @Override
      public Peer open(Ring ring) throws IOException {
        RingPipe pipe = RingPipe.open(ring);
        MemorySegment memory = Arena.ofAuto().allocate(1);
        return new Peer(
            () -> ring.batch().nop().read(pipe.source(), memory, 0).attempt(),
            () -> {
              pipe.source().close();
              pipe.sink().close();
            },
            null);
      }
    }
  }

  private record Case(Kind kind, Caller caller) {}

  static List<Case> cases() {
    List<Case> cases = new ArrayList<>();
    for (Kind kind : Kind.values()) {
      for (Caller caller : Caller.values()) {
        cases.add(new Case(kind, caller));
      }
    }
    return cases;
  }

  @ParameterizedTest
  @MethodSource("cases")
  void drain_besideOneThatWaitsForAPeer_ends(Case c) throws Exception {
    try (Ring ring = Ring.open()) {
      Peer peer = c.kind.open(ring);
      var waiting = BlockedCall.start(ring, c.caller, peer.waiting).awaitInFlight(ring, 1);
      assertTrue(drain(ring, c.caller).result());
      ring.nop();
      assertFalse(waiting.hasEnded());
      close(ring, c.caller, peer);
      assertEnded(peer, waiting);
    }
  }

  /** A slow file keeps the drain waiting, so what comes later stands behind the drain. */
  @ParameterizedTest
  @MethodSource("cases")
  void behindADrainThatWaits_aPeerCanBeWaitedForAndClosed(Case c) throws Exception {
    try (Ring ring = Ring.open();
        Fifo slow = Fifo.open(ring, directory)) {
      Peer peer = c.kind.open(ring);
      var before = BlockedCall.start(ring, c.caller, slow::read).awaitInFlight(ring, 1);
      var drain = drain(ring, c.caller);
      Await.until("the drain waits", () -> ring.metrics().waiting() == 1);
      var waiting = BlockedCall.start(ring, c.caller, peer.waiting);
      if (c.kind == Kind.BATCH) { // of which an operation waits for the drain
        Await.until("it waits too", () -> ring.metrics().waiting() == 2);
      } else {
        waiting.awaitInFlight(ring, 2);
      }
      close(ring, c.caller, peer);
      if (c.kind != Kind.BATCH) {
        assertEnded(peer, waiting);
      }
      assertFalse(drain.hasEnded());
      slow.write(1);
      before.result();
      assertTrue(drain.result());
      if (c.kind == Kind.BATCH) {
        assertEnded(peer, waiting);
      }
    }
  }

  /** The chain that drains waits for a peer itself; whoever comes later may be that peer. */
  @ParameterizedTest
  @EachCaller
  void drainingChainThatWaitsForAPeer_holdsNobodyBack(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        RingPipe pipe = RingPipe.open(ring);
        RingFile file =
            RingFile.open(
                ring,
                directory.resolve("drained"),
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE)) {
      MemorySegment memory = Arena.ofAuto().allocate(1);
      var chain =
          BlockedCall.start(
              ring,
              caller,
              () ->
                  ring.chain()
                      .add(Step.nop().afterEverythingElse())
                      .read(pipe.source(), memory, 0)
                      .write(file, memory, 0)
                      .fdatasync(file)
                      .nop()
                      .attempt());
      Await.until("it is at its read", () -> ring.metrics().inFlight() == 3);
      ring.nop();
      assertTrue(drain(ring, caller).result());
      BlockedCall.start(ring, caller, () -> pipe.sink().write(ByteBuffer.allocateDirect(1)))
          .result();
      chain.result().orThrow();
    }
  }

  /** Chains that wait for a peer are in the way of nobody, with what stands behind the wait too. */
  @ParameterizedTest
  @EachCaller
  void chainsThatWaitForAPeer_keepNobodyOut(Caller caller) throws Exception {
    try (Ring ring = Ring.open(RingOptions.defaults().withEntries(8).withInFlightLimit(2));
        RingPipe pipe = RingPipe.open(ring)) {
      MemorySegment memory = Arena.ofAuto().allocate(4);
      List<BlockedCall<Outcomes>> chains = new ArrayList<>();
      for (int i = 0; i < 4; i++) {
        MemorySegment target = memory.asSlice(i, 1);
        chains.add(
            BlockedCall.start(
                ring, caller, () -> ring.chain().read(pipe.source(), target, 0).nop().attempt()));
      }
      Await.until("all wait in the kernel", () -> ring.metrics().inFlight() == 8);
      BlockedCall.start(ring, caller, () -> pipe.sink().write(ByteBuffer.allocateDirect(4)))
          .result();
      for (BlockedCall<Outcomes> chain : chains) {
        chain.result().orThrow();
      }
    }
  }

  /**
   * The ring's limit is taken by slow files; the peer that others wait for gets in all the same.
   */
  @ParameterizedTest
  @EachCaller
  void ringFullOfSlowFiles_peersGetIn(Caller caller) throws Exception {
    try (Ring ring = Ring.open(RingOptions.defaults().withEntries(8).withInFlightLimit(2));
        Fifo slow = Fifo.open(ring, directory);
        RingPipe pipe = RingPipe.open(ring)) {
      List<BlockedCall<Byte>> all = new ArrayList<>();
      for (int i = 0; i < 3; i++) {
        all.add(BlockedCall.start(ring, caller, slow::read));
      }
      Await.until("one waits for room", () -> ring.metrics().waiting() == 1);
      var reader =
          BlockedCall.start(ring, caller, () -> pipe.source().read(ByteBuffer.allocateDirect(1)));
      BlockedCall.start(ring, caller, () -> pipe.sink().write(ByteBuffer.allocateDirect(1)))
          .result();
      assertEquals(1, reader.result());
      slow.write(1, 1, 1);
      for (BlockedCall<Byte> each : all) {
        each.result();
      }
    }
  }

  private static RingListener listen(Ring ring) throws IOException {
    return RingListener.bind(ring, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
  }

  private static BlockedCall<Boolean> drain(Ring ring, Caller caller) throws IOException {
    return BlockedCall.start(
        ring,
        caller,
        () -> ring.chain().add(Step.nop().afterEverythingElse()).attempt().succeeded());
  }

  private static void close(Ring ring, Caller caller, Peer peer) throws Exception {
    BlockedCall.start(
            ring,
            caller,
            () -> {
              peer.close.run();
              return null;
            })
        .result();
  }

  private static void assertEnded(Peer peer, BlockedCall<?> waiting) throws Exception {
    if (peer.outcome == null) { // a transaction: it tells by its result
      waiting.result();
    } else {
      assertThrows(peer.outcome, waiting::result);
    }
  }
}
