package io.ringspun.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.OperationException;
import io.ringspun.Ring;
import io.ringspun.buffer.BufferRing;
import io.ringspun.buffer.Chunk;
import io.ringspun.buffer.ReceiveStream;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.Fifo;
import io.ringspun.testing.Liburing;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.ValueLayout;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.NonReadableChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;

class RingFileReceiveTest {
  @TempDir Path directory;

  private static byte[] next(ReceiveStream stream) throws IOException {
    try (Chunk chunk = stream.next()) {
      return chunk.segment().toArray(ValueLayout.JAVA_BYTE);
    } catch (OperationException e) {
      assumeTrue(e.errno() != Errno.EINVAL, "the kernel is older than Linux 6.7");
      throw e;
    }
  }

  @Liburing({"read-mshot", "ringbuf-read"})
  @ParameterizedTest
  @EachCaller
  void pipe_fourEnds(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        BufferRing buffers = BufferRing.open(ring, 4, 2);
        Fifo fifo = Fifo.open(ring, directory);
        ReceiveStream stream = fifo.file().receive(buffers)) {
      fifo.write(1, 2, 3);
      assertArrayEquals(new byte[] {1, 2}, caller.call(ring, () -> next(stream)));
      assertArrayEquals(new byte[] {3}, caller.call(ring, () -> next(stream)));

      var taker = BlockedCall.start(ring, caller, () -> next(stream)).awaitInFlight(ring, 1);
      fifo.write(4);
      assertArrayEquals(new byte[] {4}, taker.result());

      var interrupted = BlockedCall.start(ring, caller, () -> next(stream)).awaitInFlight(ring, 1);
      interrupted.interrupt();
      assertThrows(InterruptedIOException.class, interrupted::result);
      fifo.write(5);
      assertArrayEquals(new byte[] {5}, next(stream));

      var closed = BlockedCall.start(ring, caller, () -> next(stream)).awaitInFlight(ring, 1);
      fifo.file().close();
      assertThrows(AsynchronousCloseException.class, closed::result);
      assertEquals(4, buffers.available());
    }
  }

  @Test
  void regularFile_isRefused() throws Exception {
    Path path = Files.writeString(directory.resolve("file"), "content");
    try (Ring ring = Ring.open();
        BufferRing buffers = BufferRing.open(ring, 4, 2);
        RingFile file = RingFile.open(ring, path);
        RingFile written = RingFile.open(ring, path, StandardOpenOption.WRITE);
        ReceiveStream stream = file.receive(buffers)) {
      assertTrue(assertThrows(OperationException.class, stream::next).errno() > 0);
      assertThrows(NonReadableChannelException.class, () -> written.receive(buffers));
      assertEquals(4, buffers.available());
    }
  }
}
