package io.ringspun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.file.RingFile;
import io.ringspun.net.Connections;
import io.ringspun.net.RingListener;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.Fifo;
import io.ringspun.testing.SocketPair;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;

/** What {@link Ring#dump} lists. */
class RingDumpTest {
  @TempDir static Path directory;

  private volatile boolean holding;
  private volatile boolean released;

  @AfterEach
  void release() {
    released = true;
  }

  private static InFlightOperation only(Ring ring) {
    List<InFlightOperation> operations = ring.dump();
    assertEquals(1, operations.size(), operations::toString);
    return operations.getFirst();
  }

  private static String openAt(int descriptor) throws IOException {
    return Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor)).toString();
  }

  @ParameterizedTest
  @EachCaller
  void blockedReceive(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        SocketPair pair = SocketPair.open(ring)) {
      MemorySegment target = Arena.ofAuto().allocate(1);
      var receiver =
          BlockedCall.start(ring, caller, () -> pair.left().read(target)).awaitInFlight(ring, 1);
      InFlightOperation first = only(ring);
      assertEquals("recv", first.name());
      assertTrue(openAt(first.descriptor()).startsWith("socket:"), first::toString);
      assertFalse(first.registered());
      assertEquals(Optional.of(receiver.thread()), first.waiter());
      assertFalse(first.cancelled());
      Await.until("it ages", () -> only(ring).age().compareTo(Duration.ofMillis(200)) > 0);
      Duration later = only(ring).age();
      Await.until("it goes on ageing", () -> only(ring).age().compareTo(later) > 0);
      assertEquals(first.descriptor(), only(ring).descriptor());

      pair.right().write(ByteBuffer.allocate(1));
      receiver.result();
      assertEquals(List.of(), ring.dump());
    }
  }

  @Test
  void severalReads_haveTheirOwnDescriptors() throws Exception {
    try (Ring ring = Ring.open()) {
      List<Fifo> fifos = new ArrayList<>();
      List<BlockedCall<Byte>> readers = new ArrayList<>();
      for (int i = 0; i < 100; i++) {
        Fifo fifo = Fifo.open(ring, directory);
        fifos.add(fifo);
        readers.add(BlockedCall.start(ring, fifo::read).awaitInFlight(ring, i + 1));
      }
      List<InFlightOperation> operations = ring.dump();
      assertEquals(fifos.size(), operations.size());
      for (int i = 0; i < fifos.size(); i++) {
        Thread thread = readers.get(i).thread();
        InFlightOperation operation =
            operations.stream()
                .filter(each -> each.waiter().equals(Optional.of(thread)))
                .findAny()
                .orElseThrow();
        assertEquals("read", operation.name());
        assertEquals(fifos.get(i).path().toString(), openAt(operation.descriptor()));
      }
      for (int i = 0; i < fifos.size(); i++) {
        fifos.get(i).write(i);
        readers.get(i).result();
        assertEquals(fifos.size() - 1 - i, ring.dump().size());
        fifos.get(i).close();
      }
    }
  }

  @Test
  void registeredFile_hasItsSlot() throws Exception {
    try (Ring ring = Ring.open(RingOptions.defaults().withRegisteredFiles(4));
        Fifo fifo = Fifo.open(ring, directory);
        RingFile twin = fifo.file().registerWith(ring)) {
      var reader = BlockedCall.start(ring, () -> Fifo.read(twin)).awaitInFlight(ring, 1);
      InFlightOperation operation = only(ring);
      assertTrue(operation.registered());
      assertTrue(operation.descriptor() < 4, operation::toString);
      fifo.write(1);
      reader.result();
    }
  }

  @Test
  void multishot_hasNoWaiter() throws Exception {
    try (Ring ring = Ring.open();
        RingListener listener = RingListener.bind(ring, SocketPair.anyPort());
        Connections connections = listener.connections()) {
      var taker = BlockedCall.start(ring, connections::accept).awaitInFlight(ring, 1);
      InFlightOperation operation = only(ring);
      assertEquals("accept", operation.name());
      assertEquals(Optional.empty(), operation.waiter());
      taker.interrupt();
      assertThrows(InterruptedIOException.class, taker::result);
    }
  }

  @Test
  void closedRing_hasNone() throws Exception {
    Ring ring = Ring.open();
    try (Fifo fifo = Fifo.open(ring, directory)) {
      var reader = BlockedCall.start(ring, Caller.PLATFORM, fifo::read).awaitInFlight(ring, 1);
      ring.close();
      assertEquals(List.of(), ring.dump());
      assertThrows(RingClosedException.class, reader::result);
    }
  }

  @Test
  @Tag("carried")
  void heldRing_isDumped_andSoIsWhatIsBeingCancelled() throws Exception {
    try (Ring ring = Ring.open();
        Fifo fifo = Fifo.open(ring, directory);
        Fifo other = Fifo.open(ring, directory)) {
      var reader = BlockedCall.start(ring, Caller.PLATFORM, fifo::read).awaitInFlight(ring, 1);
      var interrupted =
          BlockedCall.start(ring, Caller.PLATFORM, other::read).awaitInFlight(ring, 2);
      ring.startVirtualThread(
          () -> {
            holding = true;
            while (!released) {
              Thread.onSpinWait();
            }
          });
      Await.until("the ring is held", () -> holding);
      interrupted.interrupt();
      Await.until(
          "the cancellation waits",
          () -> ring.dump().stream().anyMatch(InFlightOperation::cancelled));
      List<InFlightOperation> operations = ring.dump();
      assertEquals(2, operations.size());
      for (InFlightOperation operation : operations) {
        Thread waiter = operation.cancelled() ? interrupted.thread() : reader.thread();
        assertEquals(Optional.of(waiter), operation.waiter());
      }
      released = true;
      assertThrows(InterruptedIOException.class, interrupted::result);
      fifo.write(1);
      assertEquals((byte) 1, reader.result());
      assertEquals(List.of(), ring.dump());
    }
  }

  /** Others read the table while the ring's thread changes and enlarges it. */
  @Test
  void dumpsOfBusyRing_areConsistent() throws Exception {
    try (Ring ring = Ring.open()) {
      List<BlockedCall<Void>> busy = new ArrayList<>();
      for (Caller caller : Caller.values()) {
        for (int i = 0; i < 8; i++) {
          busy.add(
              BlockedCall.start(
                  ring,
                  caller,
                  () -> {
                    while (!released) {
                      ring.nop();
                    }
                    return null;
                  }));
        }
      }
      for (int i = 0; i < 10_000; i++) {
        for (InFlightOperation operation : ring.dump()) {
          assertEquals("nop", operation.name());
          assertEquals(-1, operation.descriptor());
        }
      }
      released = true;
      for (BlockedCall<Void> each : busy) {
        each.result();
      }
      assertEquals(List.of(), ring.dump());
    }
  }

  @Test
  void text_isOneLine() {
    Thread thread = Thread.ofPlatform().name("reader").unstarted(() -> {});
    InFlightOperation operation =
        new InFlightOperation(
            "recv", 12, false, Duration.ofMillis(3214), Optional.of(thread), false);
    assertEquals(
        "recv on descriptor 12 for 3.214 s, awaited by \"reader\" #" + thread.threadId(),
        operation.toString());
    assertEquals(
        "read on slot 0 for 0.000 s, being cancelled",
        new InFlightOperation("read", 0, true, Duration.ZERO, Optional.empty(), true).toString());
    assertEquals(
        "nop for 0.000 s",
        new InFlightOperation("nop", -1, false, Duration.ZERO, Optional.empty(), false).toString());
  }
}
