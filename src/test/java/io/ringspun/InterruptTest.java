package io.ringspun;

import static io.ringspun.internal.kernel.Constants.IORING_OP_ASYNC_CANCEL;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.file.RingFile;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import io.ringspun.testing.Fifo;
import io.ringspun.testing.Liburing;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The ways in which a blocked call may end, for each kind of thread. */
class InterruptTest {
  @TempDir static Path directory;

  private Ring ring;
  private Fifo fifo;

  @BeforeEach
  void open() throws IOException {
    ring = Ring.open();
    fifo = Fifo.open(ring, directory);
  }

  @AfterEach
  void close() throws IOException {
    fifo.close();
    ring.close();
    assertEquals(0, ring.metrics().inFlight());
    assertEquals(0, ring.metrics().stale());
  }

  /** A worker may hand an operation over to be polled just then, where no cancel finds it. */
  @ParameterizedTest
  @ValueSource(ints = {Errno.ENOENT, Errno.EALREADY})
  void read_interruptedMeanwhile_cancelMisses(int errno) throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring faulty = FaultyRing.open(kernel);
        RingFile file = RingFile.open(faulty, fifo.path())) {
      kernel.add(FaultRule.on(IORING_OP_ASYNC_CANCEL).internalToo().times(2).instead(-errno));
      for (Caller caller : Caller.values()) {
        var reader =
            BlockedCall.start(faulty, caller, () -> Fifo.read(file)).awaitInFlight(faulty, 1);
        reader.interrupt();
        assertThrows(InterruptedIOException.class, reader::result);
      }
    }
  }

  // ---- the four ends -------------------------------------------------------------------------

  @ParameterizedTest
  @EachCaller
  void read_completesAtOnce(Caller caller) throws Exception {
    fifo.write(7);
    assertEquals((byte) 7, BlockedCall.start(ring, caller, fifo::read).result());
  }

  @ParameterizedTest
  @EachCaller
  void read_blocksThenCompletes(Caller caller) throws Exception {
    var reader = BlockedCall.start(ring, caller, fifo::read).awaitInFlight(ring, 1);
    fifo.write(8);
    assertEquals((byte) 8, reader.result());
    assertFalse(reader.interruptPending());
  }

  @ParameterizedTest
  @EachCaller
  void read_fileClosedMeanwhile(Caller caller) throws Exception {
    var reader = BlockedCall.start(ring, caller, fifo::read).awaitInFlight(ring, 1);
    fifo.file().close();
    assertThrows(AsynchronousCloseException.class, reader::result);
    assertFalse(reader.interruptPending());
    assertEquals(0, ring.metrics().inFlight(), "the kernel still holds the reader's memory");
    assertThrows(ClosedChannelException.class, fifo::read);
  }

  @ParameterizedTest
  @EachCaller
  void read_fileClosedMeanwhile_byACarriedThread(Caller caller) throws Exception {
    var reader = BlockedCall.start(ring, caller, fifo::read).awaitInFlight(ring, 1);
    var closer =
        BlockedCall.start(
            ring,
            () -> {
              fifo.file().close();
              return null;
            });
    closer.result();
    assertThrows(AsynchronousCloseException.class, reader::result);
  }

  @ParameterizedTest
  @EachCaller
  void read_interruptedMeanwhile(Caller caller) throws Exception {
    var reader = BlockedCall.start(ring, caller, fifo::read).awaitInFlight(ring, 1);
    reader.interrupt();
    var e = assertThrows(InterruptedIOException.class, reader::result);
    assertFalse(e instanceof OperationTimeoutException);
    assertTrue(reader.interruptPending());
    assertEquals(0, ring.metrics().inFlight(), "the kernel still holds the reader's memory");

    assertTrue(fifo.file().isOpen(), "an interrupt must not close the file");
    fifo.write(9);
    assertEquals((byte) 9, BlockedCall.start(ring, caller, fifo::read).result());
  }

  /** Only the interrupted thread's operation is cancelled, not its neighbours on the same file. */
  @Liburing("io-cancel")
  @ParameterizedTest
  @EachCaller
  void read_interruptedMeanwhile_othersGoOn(Caller caller) throws Exception {
    List<BlockedCall<Byte>> others = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      others.add(BlockedCall.start(ring, Caller.values()[i % 3], fifo::read));
    }
    Await.until("others block", () -> ring.metrics().inFlight() == 10);
    var reader = BlockedCall.start(ring, caller, fifo::read).awaitInFlight(ring, 11);
    reader.interrupt();
    assertThrows(InterruptedIOException.class, reader::result);
    Await.until("only that one ended", () -> ring.metrics().inFlight() == 10);
    fifo.write(0, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    int sum = 0;
    for (BlockedCall<Byte> other : others) {
      sum += other.result();
    }
    assertEquals(45, sum);
  }

  // ---- interrupted before --------------------------------------------------------------------

  @ParameterizedTest
  @EachCaller
  void call_interruptedBefore_submitsNothing(Caller caller) throws Exception {
    MemorySegment memory = Arena.ofAuto().allocate(1);
    RingFile plain =
        RingFile.open(
            ring,
            directory.resolve("plain"),
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE);
    assertEquals(1, plain.write(memory, 0));
    long submitted = ring.metrics().submitted();
    var interrupted =
        BlockedCall.start(
            ring,
            caller,
            () -> {
              Thread.currentThread().interrupt();
              assertThrows(InterruptedIOException.class, () -> fifo.read());
              assertThrows(InterruptedIOException.class, () -> plain.read(memory, 0));
              assertThrows(InterruptedIOException.class, () -> plain.write(memory, 0));
              assertThrows(InterruptedIOException.class, () -> plain.fsync());
              assertThrows(InterruptedIOException.class, () -> plain.stat());
              assertThrows(InterruptedIOException.class, () -> ring.nop());
              assertThrows(InterruptedIOException.class, () -> ring.chain().nop().attempt());
              assertThrows(InterruptedIOException.class, () -> ring.batch().nop().attempt());
              assertThrows(
                  InterruptedIOException.class,
                  () -> RingFile.open(ring, directory.resolve("plain")));
              return null;
            });
    interrupted.result();
    assertTrue(interrupted.interruptPending());
    assertEquals(submitted, ring.metrics().submitted());
    plain.close();
  }

  @ParameterizedTest
  @EachCaller
  void close_interruptedBefore_closes(Caller caller) throws Exception {
    var closer =
        BlockedCall.start(
            ring,
            caller,
            () -> {
              Thread.currentThread().interrupt();
              fifo.file().close();
              return null;
            });
    closer.result();
    assertTrue(closer.interruptPending());
    assertFalse(fifo.file().isOpen());
  }

  // ---- interrupted in the queue --------------------------------------------------------------

  @ParameterizedTest
  @EachCaller
  void read_interruptedWhileWaitingForRoom(Caller caller) throws Exception {
    try (Ring small = Ring.open(RingOptions.defaults().withInFlightLimit(1));
        Fifo pipe = Fifo.open(small, directory)) {
      var first = BlockedCall.start(small, caller, pipe::read).awaitInFlight(small, 1);
      var second = BlockedCall.start(small, caller, pipe::read);
      Await.until("the second waits", () -> small.metrics().waiting() == 1);
      var third = BlockedCall.start(small, caller, pipe::read);
      Await.until("the third waits", () -> small.metrics().waiting() == 2);
      long submitted = small.metrics().submitted();

      second.interrupt();

      assertThrows(InterruptedIOException.class, second::result);
      assertTrue(second.interruptPending());
      assertEquals(submitted, small.metrics().submitted(), "it never had to reach the kernel");
      pipe.write(1, 2);
      assertEquals((byte) 1, first.result());
      assertEquals((byte) 2, third.result());
    }
  }

  @ParameterizedTest
  @EachCaller
  void read_fileClosedWhileWaitingForRoom(Caller caller) throws Exception {
    try (Ring small = Ring.open(RingOptions.defaults().withInFlightLimit(1));
        Fifo pipe = Fifo.open(small, directory);
        Fifo other = Fifo.open(small, directory)) {
      var first = BlockedCall.start(small, caller, pipe::read).awaitInFlight(small, 1);
      var second = BlockedCall.start(small, caller, other::read);
      Await.until("the second waits", () -> small.metrics().waiting() == 1);
      var closer =
          BlockedCall.start(
              small,
              Caller.PLATFORM,
              () -> {
                other.file().close(); // its own close waits for room behind the first
                return null;
              });
      assertThrows(AsynchronousCloseException.class, second::result);
      pipe.write(1);
      assertEquals((byte) 1, first.result());
      closer.result();
    }
  }

  // ---- races ---------------------------------------------------------------------------------

  /**
   * Each round writes one byte and interrupts the reader at the same time. The reader gets the byte
   * or the exception, never both or neither, and a byte that it did not get is there for the next.
   */
  @Liburing("cancel-race")
  @ParameterizedTest
  @EachCaller
  void read_interruptRacesWithCompletion(Caller caller) throws Exception {
    int rounds = 2000;
    int read = 0;
    int interrupted = 0;
    for (int i = 0; i < rounds; i++) {
      CountDownLatch started = new CountDownLatch(1);
      var reader =
          BlockedCall.start(
              ring,
              caller,
              () -> {
                started.countDown();
                return fifo.read();
              });
      started.await();
      Thread interrupter = Thread.ofPlatform().start(reader::interrupt);
      if ((i & 1) == 0) {
        while (ring.metrics().inFlight() == 0 && !reader.hasEnded()) {
          Thread.onSpinWait();
        }
      }
      fifo.write(i);
      byte got;
      try {
        got = reader.result();
        read++;
      } catch (InterruptedIOException e) {
        interrupted++;
        assertTrue(reader.interruptPending(), "the interrupt is lost");
        got = BlockedCall.start(ring, caller, fifo::read).result();
      }
      assertEquals((byte) i, got, "a byte was lost or came twice in round " + i);
      interrupter.join();
    }
    assertEquals(rounds, read + interrupted);
    assertEquals(0, ring.metrics().inFlight());
  }

  /** A second interrupt while the first one's cancel is on its way changes nothing. */
  @Test
  void read_interruptedTwice() throws Exception {
    for (int i = 0; i < 200; i++) {
      var reader = BlockedCall.start(ring, Caller.VIRTUAL, fifo::read).awaitInFlight(ring, 1);
      reader.interrupt();
      reader.interrupt();
      assertThrows(InterruptedIOException.class, reader::result);
      assertTrue(reader.interruptPending());
    }
  }

  @Test
  void batchAndChain_interruptedMeanwhile_tellWhatHappened() throws Exception {
    MemorySegment memory = Arena.ofAuto().allocate(2);
    for (Caller caller : Caller.values()) {
      var batch =
          BlockedCall.start(
                  ring,
                  caller,
                  () -> ring.batch().nop().read(fifo.file(), memory.asSlice(0, 1), 0).attempt())
              .awaitInFlight(ring, 1);
      batch.interrupt();
      Outcomes done = batch.result();
      assertTrue(done.get(0).succeeded());
      assertTrue(done.get(1).isCancelled());
      assertFalse(done.timedOut());
      assertTrue(batch.interruptPending());

      var chain =
          BlockedCall.start(
                  ring,
                  caller,
                  () -> ring.chain().nop().read(fifo.file(), memory.asSlice(1), 0).nop().attempt())
              .awaitInFlight(ring, 2);
      chain.interrupt();
      Outcomes ended = chain.result();
      assertTrue(ended.get(0).succeeded());
      assertTrue(ended.get(1).isCancelled());
      assertTrue(ended.get(2).isCancelled());
      assertEquals(1, ended.firstFailure().orElseThrow().position());
      assertTrue(chain.interruptPending());
    }
  }
}
