package io.ringspun;

import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.file.RingFile;
import io.ringspun.file.RingInputStream;
import io.ringspun.file.RingOutputStream;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.ring.Handle;
import io.ringspun.net.RingListener;
import io.ringspun.net.RingSocket;
import io.ringspun.os.RingPipe;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import io.ringspun.testing.LeakCheck;
import io.ringspun.testing.SocketPair;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Goal: what a call of several operations has moved before one of them fails is told. Method: the
 * first is well, and the second is interrupted, timed out, refused, or ended by the ring's failure.
 */
class ProgressTest {
  private static final int MIB = 1 << 20; // what is copied at one go
  private static final int PAGE = 4096;

  @TempDir Path directory;

  /** How the second operation ends. */
  private enum End {
    INTERRUPT,
    TIME_LIMIT,
    REFUSAL,
    RING_FAILURE;

    /** Runs a call whose last operation ends in this way, and returns what the call returned. */
    <T> T run(FaultKernel kernel, Ring ring, int opcode, int before, Callable<T> call)
        throws Exception {
      FaultRule rule = FaultRule.on(opcode).after(before);
      kernel.add(this == REFUSAL ? rule.fail(Errno.EIO) : rule.answer(-Errno.ECANCELED).delay());
      BlockedCall<T> blocked = BlockedCall.start(ring, Caller.VIRTUAL, call);
      if (this != REFUSAL) {
        Await.until("held", () -> kernel.held() == 1);
      }
      switch (this) {
        case INTERRUPT -> blocked.interrupt();
        case RING_FAILURE -> kernel.throwFromEnter(new IllegalStateException("on purpose"));
        case TIME_LIMIT, REFUSAL -> {}
      }
      if (this == INTERRUPT || this == TIME_LIMIT) {
        Await.until("cancelled", () -> isCancelled(kernel));
        kernel.release();
      }
      T result = blocked.result();
      assertEquals(this == INTERRUPT, blocked.interruptPending(), "interrupt pending");
      return result;
    }

    private static boolean isCancelled(FaultKernel kernel) {
      return kernel.submitted().stream()
          .anyMatch(request -> request.opcode() == Constants.IORING_OP_ASYNC_CANCEL);
    }

    RingFile limited(RingFile file) {
      return this == TIME_LIMIT ? file.within(Duration.ofMillis(20)) : file;
    }

    void expectLost(long bytes) {
      if (this == RING_FAILURE) {
        LeakCheck.expectLost(bytes + PAGE); // and what the ring itself leaves
      }
    }
  }

  private Path path() {
    return directory.resolve("file");
  }

  @BeforeEach
  void makeFile() throws IOException {
    byte[] bytes = new byte[3 * MIB];
    for (int i = 0; i < bytes.length; i++) {
      bytes[i] = (byte) (i % 251);
    }
    Files.write(path(), bytes);
  }

  private static void check(byte[] bytes, int count) {
    for (int i = 0; i < count; i++) {
      assertEquals((byte) (i % 251), bytes[i]);
    }
  }

  // ---- files -----------------------------------------------------------------------------------

  @ParameterizedTest
  @EnumSource
  void read_afterAnInlinePart(End end) throws Exception {
    end.expectLost(0);
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(RingOptions.defaults(), kernel);
        RingFile file = RingFile.open(ring, path())) {
      kernel.shortenInline(PAGE); // as if the rest were not in the page cache
      MemorySegment memory = Arena.ofAuto().allocate(2 * PAGE);
      int n =
          end.run(
              kernel, ring, Constants.IORING_OP_READ, 0, () -> end.limited(file).read(memory, 0));
      assertEquals(PAGE, n);
    }
  }

  @ParameterizedTest
  @EnumSource
  void write_afterAnInlinePart(End end) throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(RingOptions.defaults(), kernel);
        RingFile file = RingFile.open(ring, path(), READ, WRITE)) {
      MemorySegment memory = Arena.ofAuto().allocate(2 * PAGE);
      file.write(memory, 0);
      assumeTrue(ring.metrics().inlineHits() > 0, "this file system has no writes without waiting");
      end.expectLost(0);
      kernel.shortenInline(PAGE);
      int n =
          end.run(
              kernel, ring, Constants.IORING_OP_WRITE, 0, () -> end.limited(file).write(memory, 0));
      assertEquals(PAGE, n);
    }
  }

  @ParameterizedTest
  @EnumSource
  void read_copying(End end) throws Exception {
    end.expectLost(MIB);
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel);
        RingFile file = RingFile.open(ring, path())) {
      ByteBuffer target = ByteBuffer.allocate(2 * MIB);
      int n =
          end.run(
              kernel, ring, Constants.IORING_OP_READ, 1, () -> end.limited(file).read(target, 0));
      assertEquals(MIB, n);
      assertEquals(MIB, target.position());
      check(target.array(), MIB);
    }
  }

  @ParameterizedTest
  @EnumSource
  void write_copying(End end) throws Exception {
    end.expectLost(MIB);
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel);
        RingFile file = RingFile.open(ring, path(), READ, WRITE)) {
      ByteBuffer source = ByteBuffer.allocate(2 * MIB);
      int n =
          end.run(
              kernel, ring, Constants.IORING_OP_WRITE, 1, () -> end.limited(file).write(source, 0));
      assertEquals(MIB, n);
      assertEquals(MIB, source.position());
    }
  }

  /** A call that must move all says in the exception how much it has moved. */
  @ParameterizedTest
  @EnumSource(names = {"INTERRUPT", "TIME_LIMIT"})
  void fully_isToldByTheException(End end) throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel);
        RingFile whole = RingFile.open(ring, path(), READ, WRITE)) {
      RingFile file = end.limited(whole);
      MemorySegment memory = Arena.ofAuto().allocate(9000);
      ByteBuffer buffer = memory.asByteBuffer();
      int read = Constants.IORING_OP_READ;
      int write = Constants.IORING_OP_WRITE;
      assertMoved(end, kernel, ring, read, () -> file.readFully(memory, 0));
      assertMoved(end, kernel, ring, write, () -> file.writeFully(memory, 0));
      assertMoved(end, kernel, ring, read, () -> file.readFully(buffer, 0));
      assertEquals(PAGE, buffer.position());
      buffer.clear();
      assertMoved(end, kernel, ring, write, () -> file.writeFully(buffer, 0));
      assertEquals(PAGE, buffer.position());
    }
  }

  private static void assertMoved(
      End end, FaultKernel kernel, Ring ring, int opcode, Caller.Action action) {
    kernel.clear();
    kernel.forget();
    kernel.add(FaultRule.on(opcode).times(1).shorten(PAGE));
    InterruptedIOException e =
        assertThrows(
            InterruptedIOException.class,
            () ->
                end.run(
                    kernel,
                    ring,
                    opcode,
                    0,
                    () -> {
                      action.run();
                      return null;
                    }));
    assertEquals(end == End.TIME_LIMIT, e instanceof OperationTimeoutException);
    assertEquals(PAGE, e.bytesTransferred);
  }

  // ---- streams ---------------------------------------------------------------------------------

  private interface Reading {
    Object from(RingInputStream in) throws IOException;
  }

  /** What was read before the failure is not lost, since the stream gives it again. */
  @Test
  void stream_failedBeginsAgain() throws Exception {
    try (FaultKernel kernel = new FaultKernel();
        Ring ring = FaultyRing.open(kernel);
        RingInputStream in = RingInputStream.open(ring, path())) {
      in.skipNBytes(1);
      byte[] bytes = new byte[9000];
      for (Reading reading :
          List.<Reading>of(
              RingInputStream::readAllBytes,
              stream -> stream.readNBytes(9000),
              stream -> stream.readNBytes(bytes, 0, 9000))) {
        kernel.add(FaultRule.on(Constants.IORING_OP_READ).times(1).shorten(PAGE));
        FaultRule failing = kernel.add(FaultRule.on(Constants.IORING_OP_READ).fail(Errno.EIO));
        assertThrows(IOException.class, () -> reading.from(in));
        assertEquals(1, failing.hits(), "the second read of the call fails");
        kernel.clear();
      }
      assertEquals(1, in.read());
      assertEquals(3 * MIB - 2, in.readAllBytes().length);
    }
  }

  /** What was written is told, and the source stands behind it. */
  @ParameterizedTest
  @EachCaller
  void transferTo_interrupted(Caller caller) throws Exception {
    try (Ring ring = Ring.open(RingOptions.defaults().withInlineAttempts(false));
        RingInputStream in = RingInputStream.open(ring, path());
        RingPipe pipe = RingPipe.open(ring);
        RingFile sink = RingFile.open(ring, Path.of("/proc/self/fd/" + number(pipe)), WRITE);
        RingOutputStream out = RingOutputStream.of(sink, 0)) {
      BlockedCall<Long> moving = BlockedCall.start(ring, caller, () -> in.transferTo(out));
      int done = pipe.source().read(Arena.ofAuto().allocate(1)); // so the pipe has taken some
      moving.awaitInFlight(ring, 1).interrupt();
      InterruptedIOException e = assertThrows(InterruptedIOException.class, moving::result);
      assertTrue(e.bytesTransferred > 0, "the pipe has taken some");
      MemorySegment taken = Arena.ofAuto().allocate(e.bytesTransferred);
      while (done < e.bytesTransferred) {
        done += pipe.source().read(taken.asSlice(done));
      }
      assertEquals((byte) (e.bytesTransferred % 251), (byte) in.read());
    }
  }

  private static int number(RingPipe pipe) {
    return Handle.of(pipe.sink()).fd();
  }

  // ---- sockets ---------------------------------------------------------------------------------

  private interface Sending {
    long run(RingSocket socket, RingFile file) throws IOException;
  }

  private enum Way {
    COPIED((socket, file) -> socket.sendFile(file, 0, 3 * MIB)),
    SPLICED((socket, file) -> socket.withSpliceAbove(0).sendFile(file, 0, 3 * MIB)),
    SEGMENT(
        (socket, _) -> {
          try {
            socket.writeFully(Arena.ofAuto().allocate(64 * MIB));
            return 64 * MIB;
          } catch (InterruptedIOException e) {
            return e.bytesTransferred;
          }
        }),
    BUFFER(
        (socket, _) -> {
          ByteBuffer source = ByteBuffer.allocate(64 * MIB);
          try {
            socket.writeFully(source);
            return 64 * MIB;
          } catch (InterruptedIOException e) {
            assertEquals(source.position(), e.bytesTransferred);
            return e.bytesTransferred;
          }
        });

    private final Sending sending;

    Way(Sending sending) {
      this.sending = sending;
    }
  }

  /** The peer gets what the interrupted sender says that it has sent, and no more. */
  @ParameterizedTest
  @EnumSource
  void send_interrupted(Way way) throws Exception {
    try (Ring ring = Ring.open();
        RingFile file = RingFile.open(ring, path());
        RingListener listener = RingListener.bind(ring, loopback());
        RingSocket far = RingSocket.open(ring, StandardProtocolFamily.INET)) {
      far.setOption(StandardSocketOptions.SO_RCVBUF, PAGE);
      far.connectTo(listener.localAddress());
      try (RingSocket near = listener.accept()) {
        near.setOption(StandardSocketOptions.SO_SNDBUF, PAGE);
        BlockedCall<Long> sending =
            BlockedCall.start(ring, Caller.VIRTUAL, () -> way.sending.run(near, file));
        MemorySegment memory = Arena.ofAuto().allocate(PAGE);
        far.readFully(memory); // so some was sent
        sending.awaitInFlight(ring, 1).interrupt();
        long sent = sending.result();
        assertTrue(sending.interruptPending());
        assertTrue(sent >= PAGE, () -> "sent " + sent);
        near.shutdownOutput();
        long received = PAGE;
        for (int n = far.read(memory); n >= 0; n = far.read(memory)) {
          received += n;
        }
        assertEquals(received, sent);
      }
    }
  }

  @ParameterizedTest
  @EachCaller
  void readFully_interrupted(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        SocketPair pair = SocketPair.open(ring)) {
      pair.left().writeFully(ByteBuffer.allocate(9));
      MemorySegment memory = Arena.ofAuto().allocate(PAGE);
      BlockedCall<Void> reading =
          BlockedCall.start(
              ring,
              caller,
              () -> {
                pair.right().readFully(memory);
                return null;
              });
      reading.awaitInFlight(ring, 1).interrupt();
      InterruptedIOException e = assertThrows(InterruptedIOException.class, reading::result);
      assertEquals(9, e.bytesTransferred);
    }
  }

  @ParameterizedTest
  @EachCaller
  void pipe_interrupted(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        RingPipe pipe = RingPipe.open(ring)) {
      MemorySegment memory = Arena.ofAuto().allocate(MIB);
      BlockedCall<Void> writing =
          BlockedCall.start(
              ring,
              caller,
              () -> {
                pipe.sink().writeFully(memory);
                return null;
              });
      writing.awaitInFlight(ring, 1).interrupt();
      InterruptedIOException e = assertThrows(InterruptedIOException.class, writing::result);
      assertEquals(pipe.capacity(), e.bytesTransferred);
    }
  }

  private static InetSocketAddress loopback() {
    return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
  }
}
