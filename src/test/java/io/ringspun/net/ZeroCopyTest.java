package io.ringspun.net;

import static io.ringspun.internal.kernel.Constants.IORING_OP_SEND;
import static io.ringspun.internal.kernel.Constants.IORING_OP_SENDMSG;
import static io.ringspun.internal.kernel.Constants.IORING_OP_SENDMSG_ZC;
import static io.ringspun.internal.kernel.Constants.IORING_OP_SEND_ZC;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.FaultyRing;
import io.ringspun.OperationTimeoutException;
import io.ringspun.Ring;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import io.ringspun.testing.Liburing;
import io.ringspun.testing.RingCase;
import io.ringspun.testing.SocketPair;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.StandardSocketOptions;
import java.nio.channels.AsynchronousCloseException;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ZeroCopyTest {
  private final FaultKernel kernel = new FaultKernel();

  static List<RingCase> cases() {
    return RingCase.all();
  }

  private static byte[] random(int byteSize) {
    byte[] bytes = new byte[byteSize];
    new Random(byteSize).nextBytes(bytes);
    return bytes;
  }

  private static MemorySegment memory(byte[] bytes) {
    return Arena.ofAuto().allocateFrom(ValueLayout.JAVA_BYTE, bytes);
  }

  private static byte[] readFully(RingSocket socket, int byteSize) throws Exception {
    MemorySegment target = Arena.ofAuto().allocate(byteSize);
    socket.readFully(target);
    return target.toArray(ValueLayout.JAVA_BYTE);
  }

  @Liburing("send-zerocopy")
  @ParameterizedTest
  @MethodSource("cases")
  void everyByteArrives(RingCase ringCase) throws Exception {
    byte[] bytes = random(3_000_000);
    ringCase.run(
        ring -> {
          try (SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen());
              Arena arena = Arena.ofConfined()) {
            RingSocket socket = pair.left().withZeroCopyAbove(1000);
            var reader = BlockedCall.start(ring, () -> readFully(pair.right(), bytes.length));
            socket.writeFully(arena.allocateFrom(ValueLayout.JAVA_BYTE, bytes));
            assertArrayEquals(bytes, reader.result());
          }
        });
  }

  @Test
  void threshold() throws Exception {
    byte[] bytes = random(2000);
    MemorySegment source = memory(bytes);
    try (Ring ring = FaultyRing.open(kernel);
        SocketPair pair = SocketPair.open(ring, Kind.IPV6.listen())) {
      RingSocket socket = pair.left().withZeroCopyAbove(1000).within(Duration.ofDays(1));
      assertEquals(1000, socket.write(source.asSlice(0, 1000)));
      assertEquals(0, kernel.submitted(IORING_OP_SEND_ZC));
      assertEquals(2000, socket.write(source));
      assertEquals(1, kernel.submitted(IORING_OP_SEND_ZC));
      MemorySegment[] halves = {source.asSlice(0, 700), source.asSlice(700)};
      assertEquals(2000, socket.write(halves));
      assertEquals(1, kernel.submitted(IORING_OP_SENDMSG_ZC));
      assertEquals(0, kernel.submitted(IORING_OP_SENDMSG));
      assertEquals(2000, pair.left().write(source), "the socket itself copies");
      assertEquals(1, kernel.submitted(IORING_OP_SEND_ZC));
      readFully(pair.right(), 1000);
      for (int i = 0; i < 3; i++) {
        assertArrayEquals(bytes, readFully(pair.right(), bytes.length));
      }
      assertThrows(IllegalArgumentException.class, () -> socket.withZeroCopyAbove(-1));
    }
  }

  /** Unix sockets refuse; so does a kernel that must not lock more memory. */
  @ParameterizedTest
  @ValueSource(ints = {0, Errno.ENOMEM, Errno.ENOBUFS})
  void refused_isSentAsUsual(int errno) throws Exception {
    byte[] bytes = random(2000);
    MemorySegment source = memory(bytes);
    try (Ring ring = FaultyRing.open(kernel);
        SocketPair pair = SocketPair.open(ring, (errno == 0 ? Kind.UNIX : Kind.IPV4).listen())) {
      RingSocket socket = pair.left().withZeroCopyAbove(0);
      if (errno != 0) {
        kernel.add(FaultRule.on(IORING_OP_SEND_ZC, IORING_OP_SENDMSG_ZC).fail(errno));
      }
      socket.writeFully(source);
      assertEquals(2000, socket.write(new MemorySegment[] {source}));
      assertEquals(1, kernel.submitted(IORING_OP_SEND_ZC));
      assertEquals(1, kernel.submitted(IORING_OP_SENDMSG_ZC));
      assertEquals(1, kernel.submitted(IORING_OP_SEND));
      assertEquals(1, kernel.submitted(IORING_OP_SENDMSG));
      for (int i = 0; i < 2; i++) {
        assertArrayEquals(bytes, readFully(pair.right(), bytes.length));
      }
    }
  }

  /** The bytes have arrived, but the kernel has not said that it is done with the memory. */
  @Liburing("send-zerocopy")
  @ParameterizedTest
  @EachCaller
  void write_returnsAfterTheNotification(Caller caller) throws Exception {
    byte[] bytes = random(5000);
    MemorySegment source = memory(bytes);
    try (kernel;
        Ring ring = FaultyRing.open(kernel);
        SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen())) {
      RingSocket socket = pair.left().withZeroCopyAbove(0).within(Duration.ofMillis(100));
      kernel.add(FaultRule.on(IORING_OP_SEND_ZC).delayLast());
      var writer = BlockedCall.start(ring, caller, () -> socket.write(source));
      Await.until("only the notification is missing", () -> kernel.held() == 1);
      assertArrayEquals(bytes, readFully(pair.right(), bytes.length));
      assertFalse(writer.hasEnded());
      writer.interrupt();
      Await.until("the interrupt is seen", () -> !writer.thread().isInterrupted());
      assertFalse(writer.hasEnded());
      pair.left().close(); // does not wait for the memory
      assertFalse(writer.hasEnded());
      assertEquals(1, ring.metrics().inFlight());
      kernel.release();
      assertEquals(5000, writer.result());
      assertTrue(writer.interruptPending());
    }
  }

  @ParameterizedTest
  @EachCaller
  void write_peerDoesNotRead(Caller caller) throws Exception {
    MemorySegment source = Arena.ofAuto().allocate(64 << 20);
    try (Ring ring = Ring.open();
        SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen())) {
      RingSocket socket = pair.left().withZeroCopyAbove(0);
      var writer = BlockedCall.start(ring, caller, () -> writeFully(socket, source));
      writer.awaitInFlight(ring, 1);
      pair.right().close(); // with unread bytes: a reset
      assertThrows(IOException.class, writer::result);
    }
  }

  /**
   * The peer does not read. If the kernel has taken anything, it keeps the memory until the peer
   * does read or is given up; if not, the call ends at once.
   */
  @ParameterizedTest
  @EachCaller
  void write_bufferFull_interruptedAndClosed(Caller caller) throws Exception {
    MemorySegment source = Arena.ofAuto().allocate(1 << 20);
    try (Ring ring = Ring.open();
        SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen())) {
      RingSocket limited = pair.left().within(Duration.ofMillis(50));
      assertThrows(OperationTimeoutException.class, () -> fill(limited, source));
      RingSocket socket = pair.left().withZeroCopyAbove(0);
      var interrupted = BlockedCall.start(ring, caller, () -> socket.write(source));
      interrupted.awaitInFlight(ring, 1);
      interrupted.interrupt();
      var reader = BlockedCall.start(ring, () -> drain(pair.right()));
      try {
        assertTrue(interrupted.result() > 0);
        assertTrue(interrupted.interruptPending());
      } catch (InterruptedIOException _) {
        assertTrue(interrupted.interruptPending());
      }
      reader.interrupt();
      assertThrows(InterruptedIOException.class, reader::result);

      assertThrows(OperationTimeoutException.class, () -> fill(limited, source));
      var closed = BlockedCall.start(ring, caller, () -> socket.write(source));
      closed.awaitInFlight(ring, 1);
      pair.left().setOption(StandardSocketOptions.SO_LINGER, 0); // gives the peer up
      pair.left().close();
      try {
        assertTrue(closed.result() > 0);
      } catch (AsynchronousCloseException _) {
        assertFalse(pair.left().isOpen());
      }
    }
  }

  private static Void drain(RingSocket socket) throws Exception {
    MemorySegment target = Arena.ofAuto().allocate(1 << 16);
    while (socket.read(target) > 0) {}
    return null;
  }

  /** A view of a view has what both were told. */
  @ParameterizedTest
  @EachCaller
  void views_together(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        SocketPair pair = SocketPair.open(ring, Kind.UNIX.listen())) {
      RingSocketTransferTest.fill(pair.left());
      RingSocket hasty = pair.left().within(Duration.ofMillis(10)).withZeroCopyAbove(0);
      MemorySegment source = Arena.ofAuto().allocate(100);
      assertThrows(
          OperationTimeoutException.class, () -> caller.call(ring, () -> hasty.write(source)));
    }
  }

  private static void fill(RingSocket socket, MemorySegment source) throws Exception {
    while (true) {
      socket.write(source);
    }
  }

  private static Void writeFully(RingSocket socket, MemorySegment source) throws Exception {
    socket.writeFully(source);
    return null;
  }
}
