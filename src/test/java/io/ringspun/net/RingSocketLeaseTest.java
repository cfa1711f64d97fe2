package io.ringspun.net;

import static io.ringspun.internal.kernel.Constants.IORING_OP_SEND;
import static io.ringspun.internal.kernel.Constants.IORING_OP_SEND_ZC;
import static io.ringspun.internal.kernel.Constants.IORING_RECVSEND_FIXED_BUF;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.BufferPool;
import io.ringspun.FaultyRing;
import io.ringspun.Lease;
import io.ringspun.OperationTimeoutException;
import io.ringspun.Ring;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import io.ringspun.testing.RingCase;
import io.ringspun.testing.SocketPair;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class RingSocketLeaseTest {
  private final FaultKernel kernel = new FaultKernel();

  static List<RingCase> cases() {
    return RingCase.all();
  }

  @ParameterizedTest
  @MethodSource("cases")
  void writeAndRead(RingCase how) throws Exception {
    how.run(
        ring -> {
          for (Kind kind : List.of(Kind.IPV4, Kind.UNIX)) {
            try (BufferPool pool = ring.bufferPool(2, 5000);
                SocketPair pair = SocketPair.open(ring, kind.listen());
                Lease source = pool.take();
                Lease target = pool.take()) {
              for (RingSocket socket :
                  new RingSocket[] {pair.left(), pair.left().withZeroCopyAbove(0)}) {
                MemorySegment.copy(
                    Bytes.of(1, 0, 5000), 0, source.segment(), ValueLayout.JAVA_BYTE, 0, 5000);
                socket.writeFully(source, 5000);
                ByteBuffer got = ByteBuffer.allocate(5000);
                while (got.hasRemaining()) {
                  int n = pair.right().read(target);
                  assertEquals(n, target.filled().byteSize());
                  got.put(target.filled().asByteBuffer());
                }
                Bytes.check(1, 0, got.array());
              }
              assertEquals(7, pair.left().write(source, 7));
              assertEquals(7, pair.right().read(target));
              Bytes.check(1, 0, target.filled());
              pair.left().shutdownOutput();
              assertEquals(-1, pair.right().read(target));
              assertEquals(0, target.filled().byteSize());
            }
          }
        });
  }

  /** What the buffer's last user left in it is not sent. */
  @Test
  void write_whatIsNobodys_isZero() throws Exception {
    try (Ring ring = Ring.open();
        BufferPool pool = ring.bufferPool(1, 100);
        SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen())) {
      try (Lease first = pool.take()) {
        first.segment().fill((byte) 7);
      }
      try (Lease lease = pool.take()) {
        pair.left().write(lease, 100);
        ByteBuffer got = ByteBuffer.allocate(100);
        pair.right().readFully(got);
        assertArrayEquals(new byte[100], got.array());
      }
    }
  }

  /** The kernel is told the registered buffer, on its ring, if nothing is to be copied. */
  @Test
  void zeroCopy_namesTheRegisteredBuffer() throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        Ring other = FaultyRing.open(kernel);
        BufferPool pool = ring.bufferPool(1, 5000);
        BufferPool foreign = other.bufferPool(1, 5000);
        SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen());
        Lease lease = pool.take();
        Lease stranger = foreign.take()) {
      assertTrue(pool.isRegistered());
      RingSocket socket = pair.left().withZeroCopyAbove(1000);
      FaultRule fixed =
          FaultRule.where(
              request ->
                  request.opcode() == IORING_OP_SEND_ZC
                      && request.priority() == IORING_RECVSEND_FIXED_BUF);
      kernel.add(fixed);
      socket.write(lease, 1000);
      assertEquals(1, kernel.submitted(IORING_OP_SEND));
      socket.write(lease, 1001);
      assertEquals(1, fixed.hits());
      socket.write(stranger, 1001);
      assertEquals(1, fixed.hits(), "not registered with this ring");
      assertEquals(2, kernel.submitted(IORING_OP_SEND_ZC));
      pair.right().readFully(ByteBuffer.allocate(3002));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {Errno.ENOMEM, Errno.EOPNOTSUPP})
  void zeroCopy_refused(int errno) throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        BufferPool pool = ring.bufferPool(1, 5000);
        SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen());
        Lease lease = pool.take()) {
      kernel.add(FaultRule.on(IORING_OP_SEND_ZC).fail(errno));
      pair.left().withZeroCopyAbove(0).writeFully(lease, 5000);
      assertEquals(1, kernel.submitted(IORING_OP_SEND));
      pair.right().readFully(ByteBuffer.allocate(5000));
    }
  }

  @Test
  void writeFully_short() throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        BufferPool pool = ring.bufferPool(1, 5000);
        SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen());
        Lease lease = pool.take()) {
      kernel.add(FaultRule.on(IORING_OP_SEND, IORING_OP_SEND_ZC).shorten(777));
      for (RingSocket socket : new RingSocket[] {pair.left(), pair.left().withZeroCopyAbove(0)}) {
        MemorySegment.copy(
            Bytes.of(1, 0, 5000), 0, lease.segment(), ValueLayout.JAVA_BYTE, 0, 5000);
        socket.writeFully(lease, 5000);
        ByteBuffer got = ByteBuffer.allocate(5000);
        pair.right().readFully(got);
        Bytes.check(1, 0, got.array());
      }
    }
  }

  @ParameterizedTest
  @EachCaller
  void read_blocksAndThen(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        BufferPool pool = ring.bufferPool(1, 100);
        SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen())) {
      var reader = BlockedCall.start(ring, caller, () -> read(pool, pair.right()));
      reader.awaitInFlight(ring, 1);
      pair.left().write(ByteBuffer.allocate(5));
      assertEquals(5, reader.result());
      var interrupted = BlockedCall.start(ring, caller, () -> read(pool, pair.right()));
      interrupted.awaitInFlight(ring, 1).interrupt();
      assertThrows(InterruptedIOException.class, interrupted::result);
      RingSocket hasty = pair.right().within(Duration.ofMillis(5));
      assertThrows(
          OperationTimeoutException.class, () -> caller.call(ring, () -> read(pool, hasty)));
      var closed = BlockedCall.start(ring, caller, () -> read(pool, pair.right()));
      closed.awaitInFlight(ring, 1);
      pair.right().close();
      assertThrows(AsynchronousCloseException.class, closed::result);
    }
  }

  private static int read(BufferPool pool, RingSocket socket) throws IOException {
    try (Lease lease = pool.take()) {
      try {
        return socket.read(lease);
      } finally {
        assertEquals(lease.filled().byteSize() > 0 ? 5 : 0, lease.filled().byteSize());
      }
    }
  }

  @Test
  void arguments() throws Exception {
    try (Ring ring = Ring.open();
        BufferPool pool = ring.bufferPool(1, 100);
        SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen())) {
      RingSocket socket = pair.left();
      Lease lease = pool.take();
      assertThrows(IndexOutOfBoundsException.class, () -> socket.write(lease, 0));
      assertThrows(IndexOutOfBoundsException.class, () -> socket.write(lease, 101));
      assertThrows(IndexOutOfBoundsException.class, () -> socket.writeFully(lease, -1));
      for (Caller caller : Caller.values()) {
        assertThrows(
            WrongThreadException.class, () -> caller.call(ring, () -> socket.write(lease, 1)));
        assertThrows(WrongThreadException.class, () -> caller.call(ring, () -> socket.read(lease)));
      }
      lease.close();
      assertThrows(IllegalStateException.class, () -> socket.write(lease, 1));
      assertThrows(IllegalStateException.class, () -> socket.writeFully(lease, 1));
      assertThrows(IllegalStateException.class, () -> socket.read(lease));
      assertEquals(0, ring.metrics().inFlight());
    }
  }
}
