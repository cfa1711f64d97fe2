package io.ringspun.liburing;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ringspun.BufferPool;
import io.ringspun.Lease;
import io.ringspun.Ring;
import io.ringspun.buffer.BufferRing;
import io.ringspun.buffer.Chunk;
import io.ringspun.buffer.ReceiveStream;
import io.ringspun.file.RingFile;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.Fifo;
import io.ringspun.testing.Liburing;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;

/** Registered buffers, and buffers that the kernel takes by itself. */
class BuffersTest {
  @TempDir Path directory;

  /** How many the kernel still has, as they go and come back. */
  @Liburing("ringbuf-status")
  @Test
  void available_followsTheChunks() throws Exception {
    try (Ring ring = Ring.open();
        BufferRing buffers = BufferRing.open(ring, 4, 8);
        Fifo fifo = Fifo.open(ring, directory);
        ReceiveStream stream = fifo.file().receive(buffers)) {
      assertEquals(4, buffers.available());
      Deque<Chunk> out = new ArrayDeque<>();
      for (int i = 1; i <= 4; i++) {
        fifo.write(i);
        out.add(stream.next());
        assertEquals(4 - i, buffers.available());
      }
      for (int i = 1; i <= 4; i++) {
        out.pop().close();
        assertEquals(i, buffers.available());
      }
    }
  }

  /** The kernel fills one buffer bit by bit: every piece begins where the last one ended. */
  @Liburing("read-inc-file")
  @Test
  void incremental_pieces(@TempDir Path directory) throws Exception {
    try (Ring ring = Ring.open();
        BufferRing buffers = BufferRing.openIncremental(ring, 2, 4096);
        Fifo fifo = Fifo.open(ring, directory);
        ReceiveStream stream = fifo.file().receive(buffers)) {
      long end = 0;
      for (int i = 0; i < 500; i++) {
        int[] sent = new int[1 + i % 7];
        for (int j = 0; j < sent.length; j++) {
          sent[j] = i + j;
        }
        fifo.write(sent);
        try (Chunk chunk = stream.next()) {
          MemorySegment piece = chunk.segment();
          assertEquals(sent.length, chunk.byteSize());
          for (int j = 0; j < sent.length; j++) {
            assertEquals((byte) (i + j), Bytes.copy(piece)[j]);
          }
          if (i > 0 && i < 500 / 2) { // about 1000 bytes: still the first buffer
            assertEquals(end, piece.address());
          }
          end = piece.address() + sent.length;
        }
      }
    }
  }

  /** Every length, so that a transfer ends anywhere in a buffer of several pages. */
  @Liburing("fixed-buf-iter")
  @ParameterizedTest
  @EachCaller
  void lease_everyLength(Caller caller) throws Exception {
    int size = 3 * 4096;
    Path path = directory.resolve("file");
    try (Ring ring = Ring.open();
        BufferPool pool = ring.bufferPool(2, size);
        RingFile file = RingFile.open(ring, path, CREATE, READ, WRITE)) {
      caller.run(
          ring,
          () -> {
            for (int length = 1; length <= size; length += 331) {
              file.truncate(0);
              byte[] bytes = Bytes.of(length, 5, length);
              try (Lease source = pool.take();
                  Lease target = pool.take()) {
                source.segment().copyFrom(MemorySegment.ofArray(bytes));
                assertEquals(length, file.write(source, length, 5));
                assertEquals(length, file.read(target, 5));
                assertArrayEquals(bytes, Bytes.copy(target.filled()));
              }
              assertEquals(length + 5, Files.size(path));
            }
          });
    }
  }
}
