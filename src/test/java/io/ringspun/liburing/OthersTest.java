package io.ringspun.liburing;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.Ring;
import io.ringspun.file.RingDirectory;
import io.ringspun.file.RingFile;
import io.ringspun.net.RingListener;
import io.ringspun.net.RingSocket;
import io.ringspun.os.RingTimer;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.Liburing;
import io.ringspun.testing.SocketPair;
import java.net.ConnectException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;

/** Names, connections, timers. */
class OthersTest {
  @TempDir Path directory;

  /** A file whose name is gone is there until it is closed. */
  @Liburing("unlink")
  @ParameterizedTest
  @EachCaller
  void unlink_openFile(Caller caller) throws Exception {
    Path path = directory.resolve("file");
    try (Ring ring = Ring.open();
        RingDirectory parent = RingDirectory.open(ring, directory);
        RingFile file = RingFile.open(ring, path, CREATE, READ, WRITE)) {
      caller.run(
          ring,
          () -> {
            parent.unlink(path.getFileName());
            assertFalse(Files.exists(path));
            file.writeFully(ByteBuffer.wrap(Bytes.of(1, 0, 5000)), 0);
            byte[] bytes = new byte[5000];
            file.readFully(ByteBuffer.wrap(bytes), 0);
            Bytes.check(1, 0, bytes);
            assertEquals(0, file.stat().links());
          });
    }
  }

  /** Refused again and again, and reached as soon as someone listens. */
  @Liburing("connect")
  @ParameterizedTest
  @EachCaller
  void connect_refusedThenReached(Caller caller) throws Exception {
    try (Ring ring = Ring.open()) {
      SocketAddress address;
      try (RingListener listener = RingListener.bind(ring, SocketPair.anyPort())) {
        address = listener.localAddress();
      }
      for (int i = 0; i < 20; i++) {
        assertThrows(
            ConnectException.class,
            () -> caller.call(ring, () -> RingSocket.connect(ring, address)));
      }
      try (RingListener listener = RingListener.bind(ring, address);
          RingSocket socket = caller.call(ring, () -> RingSocket.connect(ring, address));
          RingSocket peer = listener.accept()) {
        assertEquals(socket.localAddress(), peer.remoteAddress());
      }
    }
  }

  /** Timers end in the order of their times, not of their starts. */
  @Liburing("timeout")
  @Test
  void timers_endInOrder() throws Exception {
    List<Integer> order = Collections.synchronizedList(new ArrayList<>());
    try (Ring ring = Ring.open()) {
      List<BlockedCall<Void>> sleepers = new ArrayList<>();
      for (int millis : new int[] {300, 100, 200}) {
        sleepers.add(
            BlockedCall.start(
                ring,
                Caller.CARRIED,
                () -> {
                  long start = System.nanoTime();
                  RingTimer.sleep(ring, Duration.ofMillis(millis));
                  assertTrue(System.nanoTime() - start >= millis * 1_000_000L);
                  order.add(millis);
                  return null;
                }));
      }
      for (BlockedCall<Void> sleeper : sleepers) {
        sleeper.result();
      }
    }
    assertEquals(List.of(100, 200, 300), order);
  }
}
