package io.ringspun.net;

import static io.ringspun.internal.kernel.Constants.IORING_OP_PIPE;
import static io.ringspun.internal.kernel.Constants.IORING_OP_READ;
import static io.ringspun.internal.kernel.Constants.IORING_OP_SEND;
import static io.ringspun.internal.kernel.Constants.IORING_OP_SPLICE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.FaultyRing;
import io.ringspun.OperationException;
import io.ringspun.OperationTimeoutException;
import io.ringspun.Ring;
import io.ringspun.RingOptions;
import io.ringspun.file.AccessPattern;
import io.ringspun.file.RingFile;
import io.ringspun.file.RingOpenOption;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.internal.kernel.SystemCall;
import io.ringspun.internal.ring.Handle;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import io.ringspun.testing.FourEnds;
import io.ringspun.testing.RingCase;
import io.ringspun.testing.SocketPair;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.NonReadableChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class SendFileTest {
  private final byte[] content = new byte[1_000_003];
  private final FaultKernel kernel = new FaultKernel();
  private Path path;

  static List<RingCase> cases() {
    return RingCase.all();
  }

  @BeforeEach
  void prepare(@TempDir Path directory) throws IOException {
    new Random(4).nextBytes(content);
    path = Files.write(directory.resolve("file"), content);
  }

  private static byte[] readFully(RingSocket socket, int byteSize) throws IOException {
    if (byteSize == 0) {
      return new byte[0];
    }
    MemorySegment target = Arena.ofAuto().allocate(byteSize);
    socket.readFully(target);
    return target.toArray(ValueLayout.JAVA_BYTE);
  }

  /** Whether pages go from the cache to the socket, or bytes are read and sent, or spliced. */
  private enum Way {
    CACHED,
    COPIED,
    SPLICED;

    RingOptions options() {
      return RingOptions.defaults().withInlineAttempts(this == CACHED);
    }

    RingSocket view(RingSocket socket) {
      return this == SPLICED ? socket.withSpliceAbove(0) : socket;
    }
  }

  /** Sends, and returns what arrives if that is as much as was said to have been sent. */
  private void requireSent(
      Ring ring, Way way, SocketPair pair, RingFile file, long position, long count)
      throws Exception {
    int end = (int) Math.min(content.length, position + count);
    int expected = Math.max(0, end - (int) position);
    var reader = BlockedCall.start(ring, () -> readFully(pair.right(), expected));
    assertEquals(expected, way.view(pair.left()).sendFile(file, position, count));
    if (expected > 0) {
      assertArrayEquals(Arrays.copyOfRange(content, (int) position, end), reader.result());
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void ranges(RingCase ringCase) throws Exception {
    ringCase.run(
        ring -> {
          for (Way way : List.of(Way.CACHED, Way.SPLICED)) { // whether cached, the case says
            for (Kind kind : List.of(Kind.IPV4, Kind.UNIX)) {
              try (SocketPair pair = SocketPair.open(ring, kind.listen());
                  RingFile file = RingFile.open(ring, path)) {
                requireSent(ring, way, pair, file, 0, content.length);
                requireSent(ring, way, pair, file, 17, 300_000);
                requireSent(ring, way, pair, file, 1_000_000, 1000);
                requireSent(ring, way, pair, file, 2_000_000, 1000);
                requireSent(ring, way, pair, file, 5, 0);
                requireSent(ring, way, pair, file, 0, 1L << 40);
              }
            }
          }
        });
  }

  /** More than a pipe holds, and than a socket takes at once. */
  @ParameterizedTest
  @EachCaller
  void splice_large(Caller caller) throws Exception {
    Bytes.file(path, 3, 9_000_001);
    try (Ring ring = FaultyRing.open(kernel);
        SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen());
        RingFile file = RingFile.open(ring, path)) {
      RingSocket socket = pair.left().withSpliceAbove(1 << 20).within(Duration.ofDays(1));
      var sender = BlockedCall.start(ring, caller, () -> socket.sendFile(file, 1, 9_000_000));
      Bytes.check(3, 1, readFully(pair.right(), 9_000_000));
      assertEquals(9_000_000, sender.result());
      assertTrue(kernel.submitted(IORING_OP_SPLICE) >= 18, "a pipe holds a MiB at most");
      assertEquals(0, kernel.submitted(IORING_OP_SEND));
      long spliced = kernel.submitted(IORING_OP_SPLICE);
      var small = BlockedCall.start(ring, () -> readFully(pair.right(), 1 << 20));
      assertEquals(1 << 20, caller.call(ring, () -> socket.sendFile(file, 0, 1 << 20)));
      assertEquals(spliced, kernel.submitted(IORING_OP_SPLICE), "no more than the limit");
      Bytes.check(3, 0, small.result());
      assertThrows(IllegalArgumentException.class, () -> socket.withSpliceAbove(-1));
    }
  }

  @Test
  void splice_registeredFile() throws Exception {
    try (Ring ring = Ring.open(RingOptions.defaults().withRegisteredFiles(4));
        SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen());
        RingFile file = RingFile.open(ring, path, RingOpenOption.REGISTERED)) {
      assertTrue(file.isRegistered());
      requireSent(ring, Way.SPLICED, pair, file, 3, 600_000);
    }
  }

  /** What cannot be spliced is read and sent; so is what is left when that shows. */
  @ParameterizedTest
  @ValueSource(ints = {IORING_OP_SPLICE, IORING_OP_PIPE})
  void splice_refused(int opcode) throws Exception {
    int errno = opcode == IORING_OP_PIPE ? Errno.EMFILE : Errno.EINVAL;
    try (Ring ring = FaultyRing.open(kernel);
        SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen());
        RingFile file = RingFile.open(ring, path)) {
      FaultRule rule = FaultRule.on(opcode).after(opcode == IORING_OP_PIPE ? 0 : 2).fail(errno);
      kernel.add(FaultRule.on(IORING_OP_SPLICE).times(2).shorten(70_000));
      kernel.add(rule);
      requireSent(ring, Way.SPLICED, pair, file, 3, 600_000);
      assumeTrue(rule.hits() > 0, "pipes are made by pipe2(2), on Linux before 6.16");
      assertTrue(kernel.submitted(IORING_OP_SEND) > 0);
    }
  }

  @Test
  void splice_notReadable() throws Exception {
    try (Ring ring = Ring.open();
        SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen());
        RingFile file = RingFile.open(ring, path, StandardOpenOption.WRITE)) {
      RingSocket socket = pair.left().withSpliceAbove(0);
      assertThrows(NonReadableChannelException.class, () -> socket.sendFile(file, 0, 10));
    }
  }

  @Test
  void splice_peerGone() throws Exception {
    try (Ring ring = Ring.open();
        SocketPair pair = SocketPair.open(ring, Kind.UNIX.listen());
        RingFile file = RingFile.open(ring, path)) {
      pair.right().close();
      RingSocket socket = pair.left().withSpliceAbove(0);
      OperationException gone =
          assertThrows(OperationException.class, () -> socket.sendFile(file, 0, 10));
      assertEquals(Errno.EPIPE, gone.errno());
    }
  }

  @ParameterizedTest
  @EnumSource
  void timeLimit(Way way) throws Exception {
    for (Caller caller : Caller.inThisRun()) {
      timeLimit(caller, way);
    }
  }

  private void timeLimit(Caller caller, Way way) throws Exception {
    Files.write(path, new byte[32 << 20]);
    try (Ring ring = Ring.open(way.options());
        SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen());
        RingFile file = RingFile.open(ring, path)) {
      RingSocket socket = way.view(pair.left()).within(Duration.ofMillis(50));
      long sent = caller.call(ring, () -> socket.sendFile(file, 0, 32 << 20));
      assertTrue(sent > 0 && sent < 32 << 20, () -> "sent " + sent);
      Callable<Long> sendOn = // some room may be left
          () -> {
            long at = sent;
            while (at < 32 << 20) {
              at += socket.sendFile(file, at, 1 << 20);
            }
            return at;
          };
      assertThrows(OperationTimeoutException.class, () -> caller.call(ring, sendOn));
      assertTrue(socket.isOpen());
    }
  }

  /** A file that cannot be sent as it is, or that is not in the page cache, is copied. */
  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void cached_copiesTheRest(boolean isRefused) throws Exception {
    Bytes.file(path, 3, 1_000_000);
    try (Ring ring = FaultyRing.open(Way.CACHED.options(), kernel);
        SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen());
        RingFile file = RingFile.open(ring, path)) {
      if (isRefused) {
        kernel.failCall(SystemCall.SENDFILE, Errno.EINVAL);
      } else {
        file.fsync();
        file.advise(0, 0, AccessPattern.DONTNEED);
      }
      var reader = BlockedCall.start(ring, () -> readFully(pair.right(), 999_999));
      assertEquals(999_999, pair.left().sendFile(file, 1, 999_999));
      Bytes.check(3, 1, reader.result());
    }
  }

  /** The receiver of a passed socket could make it blocking again: it is not waited for inline. */
  @Test
  void cached_notOnceThePeerIsShared() throws Exception {
    try (Ring ring = FaultyRing.open(Way.CACHED.options(), kernel);
        SocketPair unix = SocketPair.open(ring, Kind.UNIX.listen());
        SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen());
        RingFile file = RingFile.open(ring, path)) {
      kernel.failCall(SystemCall.SENDFILE, Errno.EIO);
      OperationException e =
          assertThrows(OperationException.class, () -> pair.left().sendFile(file, 0, 600_000));
      assertEquals("sendfile", e.operation());
      unix.left().writePassing(ByteBuffer.allocate(1), pair.left());
      requireSent(ring, Way.CACHED, pair, file, 0, 600_000);
    }
  }

  /** A socket that has sent a file is used like any other. */
  @ParameterizedTest
  @EachCaller
  void cached_socketStillWaits(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen());
        RingFile file = RingFile.open(ring, path)) {
      requireSent(ring, Way.CACHED, pair, file, 0, 600_000);
      assertEquals(0, PassedDescriptorsTest.flags(Handle.of(pair.left())) & Constants.O_NONBLOCK);
      requireSent(ring, Way.SPLICED, pair, file, 0, 600_000);
      new FourEnds(
              () -> pair.left().read(ByteBuffer.allocate(10)),
              () -> pair.right().write(ByteBuffer.allocate(3)),
              pair.left()::close)
          .check(ring, caller, 3);
    }
  }

  /** A head and a file arrive one after the other, however long either is. */
  @ParameterizedTest
  @MethodSource("cases")
  void head(RingCase ringCase) throws Exception {
    ringCase.run(
        ring -> {
          try (SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen());
              RingFile file = RingFile.open(ring, path)) {
            for (int count : new int[] {0, 10, 100_000, 600_000}) {
              for (int length : new int[] {0, 3, 100_000}) {
                ByteBuffer head = ByteBuffer.wrap(Bytes.of(9, 0, length));
                var reader = BlockedCall.start(ring, () -> readFully(pair.right(), length + count));
                assertEquals(count, pair.left().sendFile(head, file, 7, count));
                assertFalse(head.hasRemaining());
                byte[] all = reader.result();
                Bytes.check(9, 0, Arrays.copyOf(all, length));
                assertArrayEquals(
                    Arrays.copyOfRange(content, 7, 7 + count),
                    Arrays.copyOfRange(all, length, length + count));
              }
            }
            assertThrows(
                IllegalArgumentException.class,
                () -> pair.left().sendFile(ByteBuffer.allocate(1), file, -1, 1));
          }
        });
  }

  /** The whole file is under way: there is nothing to wait for. */
  @Test
  void cached_endsWithTheFile() throws Exception {
    Bytes.file(path, 3, 300_000);
    try (Ring ring = Ring.open();
        SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen());
        RingFile file = RingFile.open(ring, path)) {
      pair.left().setOption(StandardSocketOptions.SO_SNDBUF, 200_000);
      RingSocket socket = pair.left().within(Duration.ofMillis(200));
      long sent = socket.sendFile(file, 0, 300_000);
      if (sent == 300_000) { // the peer's kernel takes it all
        Bytes.check(3, 0, readFully(pair.right(), 300_000));
        assertEquals(300_000, socket.sendFile(file, 0, Long.MAX_VALUE));
      }
    }
  }

  /** A head goes out only with a file that can be sent. */
  @Test
  void head_staysIfTheFileIsRefused() throws Exception {
    try (Ring ring = Ring.open();
        SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen());
        RingFile sink = RingFile.open(ring, path, StandardOpenOption.WRITE)) {
      RingFile closed = RingFile.open(ring, path);
      closed.close();
      ByteBuffer head = ByteBuffer.allocate(10);
      RingSocket socket = pair.left();
      assertThrows(NonReadableChannelException.class, () -> socket.sendFile(head, sink, 0, 1));
      assertThrows(ClosedChannelException.class, () -> socket.sendFile(head, closed, 0, 1));
      assertThrows(NullPointerException.class, () -> socket.sendFile(head, null, 0, 1));
      assertEquals(10, head.remaining());
    }
  }

  @Test
  void cached_peerGone() throws Exception {
    try (Ring ring = Ring.open();
        SocketPair pair = SocketPair.open(ring, Kind.UNIX.listen());
        RingFile file = RingFile.open(ring, path)) {
      pair.right().close();
      OperationException gone =
          assertThrows(
              OperationException.class, () -> pair.left().sendFile(file, 0, content.length));
      assertEquals(Errno.EPIPE, gone.errno());
    }
  }

  @ParameterizedTest
  @EnumSource
  void transfers_short(Way way) throws Exception {
    try (Ring ring = FaultyRing.open(way.options(), kernel);
        SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen());
        RingFile file = RingFile.open(ring, path)) {
      kernel.add(FaultRule.on(IORING_OP_READ).shorten(50_001));
      kernel.add(FaultRule.on(IORING_OP_SEND).shorten(7_777));
      kernel.add(FaultRule.on(IORING_OP_SPLICE).after(1).shorten(7_777));
      requireSent(ring, way, pair, file, 3, 600_000);
    }
  }

  @Test
  void arguments() throws Exception {
    try (Ring ring = Ring.open();
        SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen());
        RingFile file = RingFile.open(ring, path)) {
      RingSocket socket = pair.left();
      assertThrows(IllegalArgumentException.class, () -> socket.sendFile(file, -1, 1));
      assertThrows(IllegalArgumentException.class, () -> socket.sendFile(file, 0, -1));
      assertThrows(IllegalArgumentException.class, () -> socket.sendFile(file, Long.MAX_VALUE, 1));
      file.close();
      assertThrows(ClosedChannelException.class, () -> socket.sendFile(file, 0, 1));
    }
  }

  /** The peer reads nothing, so it waits. */
  @ParameterizedTest
  @EachCaller
  void closedAndInterruptedMeanwhile(Caller caller) throws Exception {
    Files.write(path, new byte[32 << 20]);
    for (int i = 0; i < 2 * Way.values().length; i++) {
      boolean close = i % 2 == 0;
      Way way = Way.values()[i / 2];
      try (Ring ring = Ring.open(way.options());
          SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen());
          RingFile file = RingFile.open(ring, path)) {
        RingSocket socket = way.view(pair.left());
        var sender = BlockedCall.start(ring, caller, () -> socket.sendFile(file, 0, 32 << 20));
        sender.awaitInFlight(ring, 1);
        if (close) {
          socket.close();
          assertThrows(AsynchronousCloseException.class, sender::result);
        } else {
          pair.right().readFully(ByteBuffer.allocate(4096)); // so some was sent
          sender.interrupt();
          long sent = sender.result();
          assertTrue(sent > 0 && sent < 32 << 20, () -> "sent " + sent);
          assertTrue(sender.interruptPending());
        }
      }
    }
  }
}
