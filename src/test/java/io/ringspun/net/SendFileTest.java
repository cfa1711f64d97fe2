package io.ringspun.net;

import static io.ringspun.internal.kernel.Constants.IORING_OP_READ;
import static io.ringspun.internal.kernel.Constants.IORING_OP_SEND;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.ringspun.FaultyRing;
import io.ringspun.Ring;
import io.ringspun.file.RingFile;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import io.ringspun.testing.RingCase;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class SendFileTest {
  private final byte[] content = new byte[1_000_003];
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

  /** Sends, and returns what arrives if that is as much as was said to have been sent. */
  private void requireSent(Ring ring, Pair pair, RingFile file, long position, long count)
      throws Exception {
    int end = (int) Math.min(content.length, position + count);
    int expected = Math.max(0, end - (int) position);
    var reader = BlockedCall.start(ring, () -> readFully(pair.right(), expected));
    assertEquals(expected, pair.left().sendFile(file, position, count));
    if (expected > 0) {
      assertArrayEquals(Arrays.copyOfRange(content, (int) position, end), reader.result());
    }
  }

  @ParameterizedTest
  @MethodSource("cases")
  void ranges(RingCase ringCase) throws Exception {
    ringCase.run(
        ring -> {
          for (Kind kind : List.of(Kind.IPV4, Kind.UNIX)) {
            try (Pair pair = Pair.open(ring, kind);
                RingFile file = RingFile.open(ring, path)) {
              requireSent(ring, pair, file, 0, content.length);
              requireSent(ring, pair, file, 17, 300_000);
              requireSent(ring, pair, file, 1_000_000, 1000);
              requireSent(ring, pair, file, 2_000_000, 1000);
              requireSent(ring, pair, file, 5, 0);
              requireSent(ring, pair, file, 0, 1L << 40);
            }
          }
        });
  }

  @Test
  void transfers_short() throws Exception {
    FaultKernel kernel = new FaultKernel();
    try (Ring ring = FaultyRing.open(kernel);
        Pair pair = Pair.open(ring, Kind.IPV4);
        RingFile file = RingFile.open(ring, path)) {
      kernel.add(FaultRule.on(IORING_OP_READ).shorten(50_001));
      kernel.add(FaultRule.on(IORING_OP_SEND).shorten(7_777));
      requireSent(ring, pair, file, 3, 600_000);
    }
  }

  @Test
  void arguments() throws Exception {
    try (Ring ring = Ring.open();
        Pair pair = Pair.open(ring, Kind.IPV4);
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
  @EnumSource
  void closedAndInterruptedMeanwhile(Caller caller) throws Exception {
    Files.write(path, new byte[32 << 20]);
    for (boolean close : new boolean[] {true, false}) {
      try (Ring ring = Ring.open();
          Pair pair = Pair.open(ring, Kind.IPV4);
          RingFile file = RingFile.open(ring, path)) {
        RingSocket socket = pair.left();
        var sender = BlockedCall.start(ring, caller, () -> socket.sendFile(file, 0, 32 << 20));
        sender.awaitInFlight(ring, 1);
        if (close) {
          socket.close();
          assertThrows(AsynchronousCloseException.class, sender::result);
        } else {
          sender.interrupt();
          assertThrows(InterruptedIOException.class, sender::result);
        }
      }
    }
  }
}
