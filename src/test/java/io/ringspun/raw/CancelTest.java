package io.ringspun.raw;

import static io.ringspun.internal.kernel.Constants.IORING_OP_ACCEPT;
import static io.ringspun.internal.kernel.Constants.IORING_OP_CLOSE;
import static io.ringspun.internal.kernel.Constants.IORING_OP_READ;
import static io.ringspun.internal.kernel.Constants.IORING_OP_WRITE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.FaultyRing;
import io.ringspun.Outcomes;
import io.ringspun.Ring;
import io.ringspun.RingOptions;
import io.ringspun.Step;
import io.ringspun.file.RingFile;
import io.ringspun.net.Connections;
import io.ringspun.net.RingListener;
import io.ringspun.net.RingSocket;
import io.ringspun.os.RingPipe;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import io.ringspun.testing.Fifo;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;

/** Calls that somebody else ends, while what they work on stays open. */
class CancelTest {
  @TempDir static Path directory;

  private final FaultKernel kernel = new FaultKernel();
  private Ring ring;
  private Fifo fifo;
  private Fifo other;

  @BeforeEach
  void open() throws IOException {
    ring =
        FaultyRing.open(
            RingOptions.defaults().withInFlightLimit(4).withInlineAttempts(false), kernel);
    fifo = Fifo.open(ring, directory);
    other = Fifo.open(ring, directory);
  }

  @AfterEach
  void close() throws IOException {
    kernel.close();
    fifo.close();
    other.close();
    ring.close();
    assertEquals(0, ring.metrics().inFlight());
    assertEquals(0, ring.metrics().stale());
  }

  private static void assertCancelled(BlockedCall<?> call) {
    assertThrows(OperationCancelledException.class, call::result);
    assertFalse(call.interruptPending());
  }

  // ---- what is cancelled ---------------------------------------------------------------------

  @ParameterizedTest
  @EachCaller
  void nothing(Caller caller) throws Exception {
    assertEquals(0, caller.call(ring, () -> Raw.of(ring).cancel(fifo.file())));
    assertEquals(0, caller.call(ring, () -> Raw.of(ring).cancel(IORING_OP_READ)));
    assertEquals(0, caller.call(ring, Raw.of(ring)::cancelAll));
    ring.nop();
  }

  /** Whoever asks, whoever waits. */
  @ParameterizedTest
  @EachCaller
  void byDescriptor(Caller canceller) throws Exception {
    List<BlockedCall<?>> readers = new ArrayList<>();
    for (Caller caller : Caller.values()) {
      readers.add(BlockedCall.start(ring, caller, fifo::read));
    }
    var neighbour = BlockedCall.start(ring, other::read);
    Await.until("all wait", () -> ring.metrics().inFlight() == 4);
    assertEquals(3, canceller.call(ring, () -> Raw.of(ring).cancel(fifo.file())));
    assertEquals(1, ring.metrics().inFlight(), "it returned before they were over");
    readers.forEach(CancelTest::assertCancelled);

    assertTrue(fifo.file().isOpen());
    fifo.write(1);
    assertEquals(1, fifo.read());
    assertFalse(neighbour.hasEnded());
    other.write(2);
    assertEquals((byte) 2, neighbour.result());
  }

  @Test
  void bySecondDescriptor() throws Exception {
    try (RingPipe pipe = RingPipe.open(ring)) {
      RawOperation splice =
          RawOperation.of(30).on(pipe.sink()).offset(-1).splicingFrom(fifo.file()).address(-1);
      splice.length(1);
      var call = BlockedCall.start(ring, () -> Raw.of(ring).run(splice)).awaitInFlight(ring, 1);
      assertEquals(1, Raw.of(ring).cancel(fifo.file()));
      assertCancelled(call);
    }
  }

  @ParameterizedTest
  @EachCaller
  void byOpcode(Caller canceller) throws Exception {
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    try (RingListener listener = RingListener.bind(ring, any)) {
      var accept = BlockedCall.start(ring, listener::accept);
      var reader = BlockedCall.start(ring, fifo::read);
      Await.until("both wait", () -> ring.metrics().inFlight() == 2);
      assertEquals(0, canceller.call(ring, () -> Raw.of(ring).cancel(IORING_OP_WRITE)));
      assertEquals(1, canceller.call(ring, () -> Raw.of(ring).cancel(IORING_OP_ACCEPT)));
      assertCancelled(accept);
      assertFalse(reader.hasEnded());
      assertEquals(1, Raw.of(ring).cancel(IORING_OP_READ));
      assertCancelled(reader);
    }
  }

  @ParameterizedTest
  @EachCaller
  void all(Caller canceller) throws Exception {
    var reader = BlockedCall.start(ring, fifo::read);
    var neighbour = BlockedCall.start(ring, Caller.PLATFORM, other::read);
    Await.until("both wait", () -> ring.metrics().inFlight() == 2);
    assertEquals(2, canceller.call(ring, Raw.of(ring)::cancelAll));
    assertCancelled(reader);
    assertCancelled(neighbour);
    ring.nop();
  }

  /** What many may take from goes on, and so does who waits there. */
  @ParameterizedTest
  @EachCaller
  void streams_areSpared(Caller canceller) throws Exception {
    InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    try (RingListener listener = RingListener.bind(ring, any);
        Connections connections = listener.connections()) {
      var taker = BlockedCall.start(ring, connections::accept).awaitInFlight(ring, 1);
      assertEquals(0, canceller.call(ring, Raw.of(ring)::cancelAll));
      assertEquals(0, canceller.call(ring, () -> Raw.of(ring).cancel(IORING_OP_ACCEPT)));
      assertEquals(0, canceller.call(ring, () -> Raw.of(ring).cancel(listener)));
      assertEquals(1, ring.metrics().inFlight());
      try (RingSocket peer = RingSocket.connect(ring, listener.localAddress());
          RingSocket accepted = taker.result()) {
        assertEquals(peer.localAddress(), accepted.remoteAddress());
      }
    }
  }

  /** What waits for room is ended too, and never reaches the kernel. */
  @ParameterizedTest
  @EachCaller
  void waitingForRoom(Caller canceller) throws Exception {
    List<BlockedCall<?>> writers = new ArrayList<>();
    kernel.add(FaultRule.on(IORING_OP_WRITE).delay());
    try (RingFile file = temporary()) {
      MemorySegment memory = Arena.ofAuto().allocate(1);
      for (int i = 0; i < 4; i++) {
        writers.add(BlockedCall.start(ring, Caller.VIRTUAL, () -> file.write(memory, 0)));
      }
      Await.until("the ring is full", () -> kernel.held() == 4);
      List<BlockedCall<?>> waiting = new ArrayList<>();
      for (Caller caller : Caller.values()) {
        waiting.add(BlockedCall.start(ring, caller, () -> ring.batch().nop().nop().attempt()));
        waiting.add(BlockedCall.start(ring, caller, () -> file.read(memory, 0)));
      }
      Await.until("more wait", () -> ring.metrics().waiting() == 6);
      assertEquals(3, canceller.call(ring, () -> Raw.of(ring).cancel(IORING_OP_READ)));
      assertEquals(0, kernel.submitted(IORING_OP_READ));
      for (int i = 1; i < 6; i += 2) {
        assertCancelled(waiting.get(i));
      }
      assertEquals(4, ring.metrics().inFlight());
      kernel.clear();
      kernel.release();
      for (int i = 0; i < 6; i += 2) {
        assertTrue(((Outcomes) waiting.get(i).result()).succeeded());
      }
      for (BlockedCall<?> writer : writers) {
        assertEquals(1, writer.result());
      }
    }
  }

  private RingFile temporary() throws IOException {
    Path path = Files.createTempFile(directory, "cancel", null);
    Files.write(path, new byte[8]);
    return RingFile.open(ring, path, StandardOpenOption.READ, StandardOpenOption.WRITE);
  }

  // ---- several operations --------------------------------------------------------------------

  @Test
  void batch_losesOnlyWhatIsOnTheDescriptor() throws Exception {
    MemorySegment memory = Arena.ofAuto().allocate(3);
    var batch =
        BlockedCall.start(
                ring,
                () ->
                    ring.batch()
                        .read(fifo.file(), memory.asSlice(0, 1), 0)
                        .read(other.file(), memory.asSlice(1, 1), 0)
                        .read(fifo.file(), memory.asSlice(2, 1), 0)
                        .attempt())
            .awaitInFlight(ring, 3);
    assertEquals(2, Raw.of(ring).cancel(fifo.file()));
    assertFalse(batch.hasEnded());
    other.write(1);
    Outcomes result = batch.result();
    assertTrue(result.get(0).isCancelled());
    assertEquals(1, result.get(1).result());
    assertTrue(result.get(2).isCancelled());
  }

  @Test
  void chain_endsWhereItIs() throws Exception {
    MemorySegment memory = Arena.ofAuto().allocate(1);
    var chain =
        BlockedCall.start(
                ring,
                () ->
                    ring.chain()
                        .nop()
                        .read(fifo.file(), memory, 0)
                        .add(Step.read(other.file(), memory, 0).evenIfPreviousFailed())
                        .attempt())
            .awaitInFlight(ring, 2);
    assertEquals(1, Raw.of(ring).cancel(fifo.file()));
    Outcomes result = chain.result();
    assertTrue(result.get(0).succeeded());
    assertTrue(result.get(1).isCancelled());
    assertTrue(result.get(2).isCancelled());
  }

  @Test
  void chain_waitingForRoom() throws Exception {
    kernel.add(FaultRule.on(IORING_OP_WRITE).times(1).delay());
    MemorySegment memory = Arena.ofAuto().allocate(1);
    try (RingFile file = temporary()) {
      var writer = BlockedCall.start(ring, () -> file.write(memory, 0));
      Await.until("one is in flight", () -> kernel.held() == 1);
      var chain =
          BlockedCall.start(
              ring,
              () ->
                  ring.chain()
                      .read(fifo.file(), memory, 0)
                      .nop()
                      .nop()
                      .read(fifo.file(), memory, 0)
                      .attempt());
      Await.until("it waits", () -> ring.metrics().waiting() == 1);
      assertEquals(2, Raw.of(ring).cancel(fifo.file()));
      Outcomes result = chain.result();
      for (int i = 0; i < 4; i++) {
        assertTrue(result.get(i).isCancelled());
      }
      kernel.release();
      assertEquals(1, writer.result());
    }
  }

  // ---- what is not -----------------------------------------------------------------------------

  /** A close must be done; to cancel it would lose the descriptor. */
  @Test
  void closes_areSpared() throws Exception {
    kernel.add(FaultRule.on(IORING_OP_CLOSE).times(1).delay());
    RingFile file = temporary();
    var closer =
        BlockedCall.start(
            ring,
            () -> {
              file.close();
              return null;
            });
    Await.until("the close is in flight", () -> kernel.held() == 1);
    assertEquals(0, Raw.of(ring).cancelAll());
    assertFalse(closer.hasEnded());
    kernel.release();
    closer.result();
  }

  /** It returns when they are over, and counts those that went well as what they are. */
  @ParameterizedTest
  @EachCaller
  void completed_justBefore(Caller canceller) throws Exception {
    kernel.add(FaultRule.on(IORING_OP_READ).times(1).delay());
    var reader = BlockedCall.start(ring, Caller.VIRTUAL, fifo::read);
    fifo.write(5);
    Await.until("its completion is on its way", () -> kernel.held() == 1);
    var cancel = BlockedCall.start(ring, canceller, () -> Raw.of(ring).cancel(fifo.file()));
    Await.until("the cancel was submitted", () -> kernel.submitted().getLast().isInternal());
    assertFalse(cancel.hasEnded());
    kernel.release();
    assertEquals(0, cancel.result());
    assertEquals((byte) 5, reader.result());
  }

  @ParameterizedTest
  @EachCaller
  void interruptOfTheCanceller_isKept(Caller canceller) throws Exception {
    var reader = BlockedCall.start(ring, Caller.VIRTUAL, fifo::read).awaitInFlight(ring, 1);
    var cancel =
        BlockedCall.start(
            ring,
            canceller,
            () -> {
              Thread.currentThread().interrupt();
              return Raw.of(ring).cancel(fifo.file());
            });
    assertEquals(1, cancel.result());
    assertTrue(cancel.interruptPending());
    assertCancelled(reader);
  }

  @Test
  void closedRing() throws Exception {
    Ring closed = Ring.open();
    closed.close();
    assertEquals(0, Raw.of(closed).cancelAll());
    assertEquals(0, Raw.of(closed).cancel(fifo.file()));
  }

  @ParameterizedTest
  @EachCaller
  void ringClosedMeanwhile(Caller canceller) throws Exception {
    kernel.add(FaultRule.on(IORING_OP_READ).times(1).delay());
    var reader = BlockedCall.start(ring, Caller.VIRTUAL, fifo::read).awaitInFlight(ring, 1);
    var cancel = BlockedCall.start(ring, canceller, () -> Raw.of(ring).cancel(fifo.file()));
    Await.until("the kernel has cancelled it", () -> kernel.held() == 1);
    var closer =
        BlockedCall.start(
            ring,
            Caller.PLATFORM,
            () -> {
              ring.close();
              return null;
            });
    Await.until("the close has begun", () -> !ring.isOpen());
    kernel.release();
    assertEquals(1, cancel.result());
    assertCancelled(reader);
    closer.result();
  }

  // ---- races ---------------------------------------------------------------------------------

  /** Each call either completes or is cancelled: no byte is lost and no cancel counted twice. */
  @Test
  void readersWritersAndCancellers() throws Exception {
    int threads = 60;
    int rounds = 50;
    AtomicInteger bytes = new AtomicInteger();
    AtomicInteger seen = new AtomicInteger();
    AtomicInteger left = new AtomicInteger(threads);
    List<BlockedCall<?>> readers = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      readers.add(
          BlockedCall.start(
              ring,
              Caller.values()[i % 3],
              () -> {
                for (int round = 0; round < rounds; round++) {
                  try {
                    fifo.read();
                    bytes.incrementAndGet();
                  } catch (OperationCancelledException _) {
                    seen.incrementAndGet();
                  }
                }
                return left.decrementAndGet();
              }));
    }
    AtomicInteger counted = new AtomicInteger();
    List<BlockedCall<?>> cancellers = new ArrayList<>();
    for (Caller caller : Caller.values()) {
      cancellers.add(
          BlockedCall.start(
              ring,
              caller,
              () -> {
                while (left.get() > 0) {
                  counted.addAndGet(Raw.of(ring).cancel(fifo.file()));
                  counted.addAndGet(Raw.of(ring).cancel(IORING_OP_READ));
                  Thread.yield();
                }
                return null;
              }));
    }
    int written = 0;
    while (left.get() > 0) {
      if (written - bytes.get() < threads) {
        fifo.write(1);
        written++;
      }
      Thread.onSpinWait();
    }
    for (BlockedCall<?> call : readers) {
      call.result();
    }
    for (BlockedCall<?> call : cancellers) {
      call.result();
    }
    assertEquals(threads * rounds, bytes.get() + seen.get());
    assertEquals(seen.get(), counted.get());
    int rest = written - bytes.get();
    if (rest > 0) {
      assertEquals(rest, fifo.file().read(Arena.ofAuto().allocate(rest + 1), 0), "bytes are lost");
    }
    assertTrue(seen.get() > 0 && bytes.get() > 0, seen + " cancelled, " + bytes + " read");
  }
}
