package io.ringspun.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.OperationException;
import io.ringspun.OperationTimeoutException;
import io.ringspun.Ring;
import io.ringspun.buffer.BufferRing;
import io.ringspun.buffer.ReceiveStream;
import io.ringspun.file.RingFile;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.ChildJvm;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.OpenFiles;
import io.ringspun.testing.SocketPair;
import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Peers that do not behave, and a process that runs out of descriptors. */
class SocketFaultTest {
  @TempDir Path directory;

  private static void reset(RingSocket socket) throws IOException {
    socket.setOption(StandardSocketOptions.SO_LINGER, 0);
    socket.close();
  }

  // ---- peers that reset the connection -------------------------------------------------------

  static Stream<Arguments> blockedCalls() {
    return RingSocketCloseTest.blockedCalls();
  }

  /** Whatever a call waits for, it ends with the kernel's word for it. */
  @ParameterizedTest
  @MethodSource("blockedCalls")
  void reset_meanwhile(RingSocketCloseTest.Blocked how, Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen())) {
      RingSocketTransferTest.fill(pair.left());
      BlockedCall<Void> call =
          BlockedCall.start(
              ring,
              caller,
              () -> {
                while (true) { // the kernel may find room for some more bytes
                  how.run(pair.left());
                }
              });
      call.awaitInFlight(ring, 1);
      reset(pair.right());
      requireReset(call);
    }
  }

  private static void requireReset(BlockedCall<?> call) {
    int errno = assertThrows(OperationException.class, call::result).errno();
    assertTrue(errno == Errno.ECONNRESET || errno == Errno.EPIPE, Errno.name(errno));
  }

  @ParameterizedTest
  @EachCaller
  void reset_streamsAndFiles(Caller caller) throws Exception {
    Path path = Bytes.file(directory.resolve("file"), 1, 1 << 20);
    try (Ring ring = Ring.open();
        BufferRing buffers = BufferRing.open(ring, 4, 1024);
        RingFile file = RingFile.open(ring, path);
        Arena arena = Arena.ofShared()) {
      MemorySegment memory = arena.allocate(1 << 20);
      try (SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen());
          ReceiveStream stream = pair.left().receive(buffers)) {
        BlockedCall<?> call = BlockedCall.start(ring, caller, stream::next);
        call.awaitInFlight(ring, 1);
        reset(pair.right());
        requireReset(call);
      }
      for (int i = 0; i < 2; i++) {
        boolean sendsFile = i == 0;
        try (SocketPair pair = SocketPair.open(ring, Kind.IPV4.listen())) {
          RingSocket noCopy = pair.left().withZeroCopyAbove(0);
          BlockedCall<Void> call =
              BlockedCall.start(
                  ring,
                  caller,
                  () -> {
                    while (true) {
                      if (sendsFile) {
                        pair.left().sendFile(file, 0, 1 << 20);
                      } else {
                        noCopy.writeFully(memory);
                      }
                    }
                  });
          call.awaitInFlight(ring, 1);
          reset(pair.right());
          requireReset(call);
        }
      }
    }
  }

  /** A connection that was reset before it was taken is taken; what it came to is seen then. */
  @ParameterizedTest
  @EachCaller
  void accept_wasReset(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        RingListener listener = RingListener.bind(ring, Kind.IPV4.listen());
        Connections connections = listener.connections()) {
      for (Callable<RingSocket> accept :
          List.<Callable<RingSocket>>of(listener::accept, connections::accept)) {
        reset(RingSocket.connect(ring, listener.localAddress()));
        try (RingSocket socket = caller.call(ring, accept)) {
          OperationException told =
              assertThrows(
                  OperationException.class,
                  () -> caller.call(ring, () -> socket.read(ByteBuffer.allocate(1))));
          assertEquals(Errno.ECONNRESET, told.errno());
        }
      }
    }
  }

  // ---- peers that never read -----------------------------------------------------------------

  /**
   * Goal: who gives up writing knows how much of it the peer may get. Method: the peer reads only
   * afterwards, and finds as many bytes as the buffer's position says, and the right ones.
   */
  @ParameterizedTest
  @EachCaller
  void writeFully_givenUp_saysWhatIsLeft(Caller caller) throws Exception {
    int size = 20_000_000; // more than the sockets hold
    ByteBuffer heap = ByteBuffer.wrap(Bytes.of(1, 0, size));
    ByteBuffer direct = Bytes.direct(1, 0, size);
    for (boolean interrupts : new boolean[] {true, false}) {
      for (Kind kind : new Kind[] {Kind.IPV4, Kind.UNIX}) {
        for (ByteBuffer source : new ByteBuffer[] {heap.clear(), direct.clear()}) {
          try (Ring ring = Ring.open();
              SocketPair pair = SocketPair.open(ring, kind.listen())) {
            RingSocket socket =
                interrupts ? pair.left() : pair.left().within(Duration.ofMillis(100));
            BlockedCall<Void> call =
                BlockedCall.start(
                    ring,
                    caller,
                    () -> {
                      socket.writeFully(source);
                      return null;
                    });
            if (interrupts) {
              call.awaitInFlight(ring, 1).interrupt();
              assertThrows(InterruptedIOException.class, call::result);
            } else {
              assertThrows(OperationTimeoutException.class, call::result);
            }
            assertTrue(source.position() > 0 && source.hasRemaining(), source.toString());
            pair.left().shutdownOutput();
            ByteBuffer received = ByteBuffer.allocateDirect(source.position());
            pair.right().readFully(received);
            assertEquals(source.duplicate().flip(), received.flip());
            assertEquals(-1, pair.right().read(ByteBuffer.allocate(1)));
          }
        }
      }
    }
  }

  // ---- peers that send byte by byte ----------------------------------------------------------

  @ParameterizedTest
  @EachCaller
  void oneByteSegments_streams(Caller caller) throws Exception {
    String line = "one byte after the other";
    try (Ring ring = Ring.open();
        SocketKit.Pair pair = SocketKit.of(ring).pair()) {
      pair.server().setTcpNoDelay(true);
      Caller.Begun<Void> sender =
          caller.begin(
              ring,
              () -> {
                for (int i = 0; i < 500; i++) {
                  pair.server().getOutputStream().write(Bytes.of(1, i, 1));
                }
                for (byte b : (line + "\n").getBytes(StandardCharsets.US_ASCII)) {
                  pair.server().getOutputStream().write(b);
                }
                return null;
              });
      caller.run(
          ring,
          () -> {
            byte[] bytes = new byte[500];
            new DataInputStream(pair.client().getInputStream()).readFully(bytes);
            Bytes.check(1, 0, bytes);
            BufferedReader reader =
                new BufferedReader(
                    new InputStreamReader(
                        pair.client().getInputStream(), StandardCharsets.US_ASCII));
            assertEquals(line, reader.readLine());
          });
      sender.result();
    }
  }

  // ---- closing under many --------------------------------------------------------------------

  /** All who accept wake, and no descriptor is left. */
  @ParameterizedTest
  @EachCaller
  void close_whileThousandAccept(Caller caller) throws Exception {
    int threads = 1000;
    int before = OpenFiles.count("socket:");
    try (Ring ring = Ring.open()) {
      RingListener listener = RingListener.bind(ring, Kind.ABSTRACT.listen());
      List<BlockedCall<RingSocket>> calls = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        calls.add(BlockedCall.start(ring, caller, listener::accept));
      }
      Await.until("all wait", () -> ring.metrics().inFlight() == threads);
      listener.close();
      for (BlockedCall<RingSocket> call : calls) {
        assertThrows(AsynchronousCloseException.class, call::result);
      }
    }
    assertEquals(before, OpenFiles.count("socket:"));
  }

  @ParameterizedTest
  @EachCaller
  void close_whileThousandTakeConnections(Caller caller) throws Exception {
    int before = OpenFiles.count("socket:");
    try (Ring ring = Ring.open()) {
      RingListener listener = RingListener.bind(ring, Kind.ABSTRACT.listen());
      Connections connections = listener.connections();
      List<BlockedCall<RingSocket>> calls = new ArrayList<>();
      for (int i = 0; i < 1000; i++) {
        calls.add(BlockedCall.start(ring, caller, connections::accept));
      }
      for (BlockedCall<RingSocket> call : calls) {
        Await.parked(call.thread());
      }
      listener.close();
      for (BlockedCall<RingSocket> call : calls) {
        assertThrows(AsynchronousCloseException.class, call::result);
      }
    }
    assertEquals(before, OpenFiles.count("socket:"));
  }

  /** Each of many sockets is closed while a thread waits for its peer to read. */
  @ParameterizedTest
  @EachCaller
  void close_thousandSocketsWithAWriterEach(Caller caller) throws Exception {
    int threads = 1000;
    int before = OpenFiles.count("socket:");
    try (Ring ring = Ring.open();
        RingListener listener = RingListener.bind(ring, Kind.ABSTRACT.listen())) {
      List<SocketPair> pairs = new ArrayList<>();
      List<BlockedCall<Void>> calls = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        SocketPair pair = SocketPair.open(ring, listener);
        pair.left().setOption(StandardSocketOptions.SO_SNDBUF, 4096);
        pairs.add(pair);
        calls.add(
            BlockedCall.start(
                ring,
                caller,
                () -> {
                  pair.left().writeFully(ByteBuffer.allocate(100_000));
                  return null;
                }));
      }
      Await.until("all wait", () -> ring.metrics().inFlight() == threads);
      for (SocketPair pair : pairs) {
        pair.left().close();
        pair.right().close();
      }
      for (BlockedCall<Void> call : calls) {
        assertThrows(AsynchronousCloseException.class, call::result);
      }
    }
    assertEquals(before, OpenFiles.count("socket:"));
  }

  // ---- running out of descriptors ------------------------------------------------------------

  /** Runs out of descriptors with each kind of listener, and gets them back. */
  public static final class Exhausted {
    private static final List<InputStream> HOLDERS = new ArrayList<>();

    private Exhausted() {}

    /** Runs it. */
    public static void main(String[] arguments) throws Exception {
      InetSocketAddress anyPort = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
      try (Ring ring = Ring.open();
          RingListener listener = RingListener.bind(ring, anyPort);
          RingServerSocketChannel channel = RingServerSocketChannel.open();
          ServerSocket socket = SocketKit.of(ring).listen()) {
        channel.bind(anyPort);
        ConnectionsTest.loadAllClasses(); // none can be without a descriptor
        for (int i = 0; i < 2; i++) { // the first time, descriptors are there
          boolean isShort = i == 1;
          check(ring, "listener", isShort, listener.localAddress(), listener::accept);
          check(Ring.shared(), "channel", isShort, channel.getLocalAddress(), channel::accept);
          check(ring, "socket", isShort, socket.getLocalSocketAddress(), socket::accept);
        }
      }
    }

    private static void check(
        Ring ring,
        String name,
        boolean isShort,
        SocketAddress where,
        Callable<? extends AutoCloseable> accept)
        throws Exception {
      for (Caller caller : Caller.values()) {
        try (RingSocket peer = RingSocket.open(ring, StandardProtocolFamily.INET)) {
          RingSocket.open(ring, StandardProtocolFamily.INET).close();
          if (isShort) {
            exhaust();
          }
          peer.connectTo(where);
          long before = ring.metrics().submitted();
          for (int i = 0; isShort && i < 3; i++) {
            IOException refused =
                assertThrows(IOException.class, () -> caller.call(ring, accept).close());
            requireHint(refused);
            requireHint(assertThrows(IOException.class, () -> RingSocket.connect(ring, where)));
          }
          long attempts = ring.metrics().submitted() - before;
          assertTrue(attempts <= 6, "it spins: " + attempts);
          release();
          caller.call(ring, accept).close(); // the connection has waited
          System.out.println(name + " " + caller + (isShort ? " recovered" : " warm"));
        }
      }
    }

    private static void requireHint(IOException refused) {
      Throwable told = refused instanceof SocketException ? refused.getCause() : refused;
      OperationException kernel = assertInstanceOf(OperationException.class, told);
      assertEquals(Errno.EMFILE, kernel.errno());
      assertTrue(told.getMessage().contains("ulimit -n"), told.getMessage());
    }

    private static void exhaust() {
      try {
        while (true) {
          HOLDERS.add(new FileInputStream("/dev/null"));
        }
      } catch (IOException _) {
        // That was the last one.
      }
    }

    private static void release() throws IOException {
      for (InputStream one : HOLDERS) {
        one.close();
      }
      HOLDERS.clear();
    }
  }

  @Test
  void accept_noDescriptorLeft_recovers() throws Exception {
    assumeTrue(Files.exists(Path.of("/usr/bin/prlimit")), "no prlimit to lower the limit with");
    String output =
        new ChildJvm().withFlagsOfThisOne().under("prlimit", "--nofile=200").run(Exhausted.class);
    long recovered = output.lines().filter(line -> line.endsWith("recovered")).count();
    assertEquals(9, recovered, output);
  }
}
