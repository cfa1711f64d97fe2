package io.ringspun.net;

import static io.ringspun.internal.kernel.Constants.IORING_OP_RECVMSG;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.FaultyRing;
import io.ringspun.OperationTimeoutException;
import io.ringspun.Ring;
import io.ringspun.buffer.BufferRing;
import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.raw.KernelOption;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Bytes;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.FaultKernel;
import io.ringspun.testing.FaultRule;
import io.ringspun.testing.FourEnds;
import io.ringspun.testing.Liburing;
import io.ringspun.testing.OpenFiles;
import io.ringspun.testing.RingCase;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.PortUnreachableException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedChannelException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class DatagramReceiverTest {
  private static final int OVERHEAD = DatagramReceiver.OVERHEAD_BYTES;
  private static final int IP_RECVTOS = 13;
  private static final int IP_RECVTTL = 12;

  private final FaultKernel kernel = new FaultKernel();

  static List<RingCase> cases() {
    return RingCase.all();
  }

  private static RingDatagramSocket bind(Ring ring, Kind kind) throws IOException {
    return RingDatagramSocket.bind(ring, kind.listen());
  }

  private static void send(RingDatagramSocket from, RingDatagramSocket to, String text)
      throws IOException {
    from.send(ByteBuffer.wrap(text.getBytes()), to.localAddress());
  }

  private static String text(DatagramBuffer buffer) {
    return new String(buffer.segment().toArray(ValueLayout.JAVA_BYTE));
  }

  private static String next(DatagramReceiver receiver) throws IOException {
    try (DatagramBuffer buffer = receiver.next()) {
      assertEquals(buffer.segment().byteSize(), buffer.datagram().length());
      return text(buffer);
    }
  }

  // ---- the four ends -------------------------------------------------------------------------

  @Liburing("recv-multishot")
  @ParameterizedTest
  @MethodSource("cases")
  void next_atOnce(RingCase how) throws Exception {
    how.run(
        ring -> {
          for (Kind kind : Kind.values()) {
            try (BufferRing buffers = BufferRing.open(ring, 5, OVERHEAD + 101);
                RingDatagramSocket left = bind(ring, kind);
                RingDatagramSocket right = bind(ring, kind);
                DatagramReceiver receiver = right.receive(buffers)) {
              left.send(ByteBuffer.wrap(Bytes.of(1, 0, 101)), right.localAddress());
              send(left, right, "");
              send(left, right, "text");
              try (DatagramBuffer buffer = receiver.next()) {
                Bytes.check(1, 0, buffer.segment());
                assertEquals(
                    new Datagram(101, false, left.localAddress(), List.of()),
                    buffer.datagram(),
                    kind.name());
              }
              assertEquals("", next(receiver));
              try (DatagramBuffer buffer = receiver.next()) {
                assertEquals("text", text(buffer));
                assertEquals(left.localAddress(), buffer.datagram().sender());
                buffer.segment().set(ValueLayout.JAVA_BYTE, 0, (byte) 'n');
                assertEquals("next", text(buffer));
              }
              assertEquals(5, buffers.available());
            }
          }
        });
  }

  @ParameterizedTest
  @EachCaller
  void next_fourEnds(Caller caller) throws Exception {
    for (String text : List.of("text", "")) {
      try (Ring ring = Ring.open();
          BufferRing buffers = BufferRing.open(ring, 4, 200);
          RingDatagramSocket left = bind(ring, Kind.IPV4);
          RingDatagramSocket right = bind(ring, Kind.IPV4);
          DatagramReceiver receiver = right.receive(buffers)) {
        new FourEnds(() -> next(receiver), () -> send(left, right, text), receiver::close)
            .check(ring, caller, text);
      }
    }
  }

  private enum End {
    RECEIVER,
    SOCKET,
    BUFFERS
  }

  @ParameterizedTest
  @EachCaller
  void next_closedMeanwhile(Caller caller) throws Exception {
    for (End end : End.values()) {
      try (Ring ring = Ring.open();
          BufferRing buffers = BufferRing.open(ring, 4, 200);
          RingDatagramSocket left = bind(ring, Kind.UNIX);
          RingDatagramSocket right = bind(ring, Kind.UNIX);
          DatagramReceiver receiver = right.receive(buffers)) {
        var taker = BlockedCall.start(ring, caller, () -> next(receiver)).awaitInFlight(ring, 1);
        switch (end) {
          case RECEIVER -> receiver.close();
          case SOCKET -> right.close();
          case BUFFERS -> buffers.close();
        }
        assertThrows(AsynchronousCloseException.class, taker::result);
        assertEquals(0, ring.metrics().inFlight());
        assertThrows(ClosedChannelException.class, receiver::next);
        if (end != End.RECEIVER) {
          assertThrows(ClosedChannelException.class, () -> right.receive(buffers));
        } else {
          send(left, right, "more");
          try (DatagramReceiver another = right.receive(buffers)) {
            assertEquals("more", next(another));
          }
        }
      }
    }
  }

  @ParameterizedTest
  @EachCaller
  void next_timeLimit(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        BufferRing buffers = BufferRing.open(ring, 4, 200);
        RingDatagramSocket socket = bind(ring, Kind.IPV6);
        DatagramReceiver hasty = socket.within(Duration.ofMillis(5)).receive(buffers)) {
      assertThrows(OperationTimeoutException.class, () -> caller.call(ring, () -> next(hasty)));
    }
  }

  // ---- what comes with a datagram ------------------------------------------------------------

  @ParameterizedTest
  @EnumSource(names = {"IPV4", "UNIX"})
  void next_truncates(Kind kind) throws Exception {
    try (Ring ring = Ring.open();
        BufferRing buffers = BufferRing.open(ring, 3, OVERHEAD + 4);
        RingDatagramSocket left = bind(ring, kind);
        RingDatagramSocket right = bind(ring, kind);
        DatagramReceiver receiver = right.receive(buffers)) {
      send(left, right, "01234");
      send(left, right, "0123");
      try (DatagramBuffer buffer = receiver.next()) {
        assertTrue(buffer.datagram().truncated());
        assertEquals("0123", text(buffer));
      }
      try (DatagramBuffer buffer = receiver.next()) {
        assertFalse(buffer.datagram().truncated());
        assertEquals("0123", text(buffer));
      }
    }
  }

  @Test
  void next_unnamedSender() throws Exception {
    try (Ring ring = Ring.open();
        BufferRing buffers = BufferRing.open(ring, 3, 200);
        RingDatagramSocket left = RingDatagramSocket.open(ring, StandardProtocolFamily.UNIX);
        RingDatagramSocket right = bind(ring, Kind.UNIX);
        DatagramReceiver receiver = right.receive(buffers)) {
      send(left, right, "from nobody");
      try (DatagramBuffer buffer = receiver.next()) {
        assertEquals(UnixDomainSocketAddress.of(""), buffer.datagram().sender());
        assertEquals("from nobody", text(buffer));
      }
    }
  }

  /** Buffers of an odd size: what is in them is aligned to nothing. */
  @ParameterizedTest
  @EachCaller
  void controlMessages(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        BufferRing buffers = BufferRing.open(ring, 3, 203);
        RingDatagramSocket left = bind(ring, Kind.IPV4);
        RingDatagramSocket right = bind(ring, Kind.IPV4)) {
      right.setOption(new KernelOption("IP_RECVTOS", Constants.IPPROTO_IP, IP_RECVTOS), 1);
      right.setOption(new KernelOption("IP_RECVTTL", Constants.IPPROTO_IP, IP_RECVTTL), 1);
      ControlMessage tos = ControlMessage.ofInt(Constants.IPPROTO_IP, Constants.IP_TOS, 0x20);
      for (int room : new int[] {64, 24, 0}) {
        try (DatagramReceiver receiver = right.receive(buffers, room)) {
          for (int i = 0; i < 4; i++) {
            left.send(ByteBuffer.wrap(new byte[] {7, 8}), right.localAddress(), tos);
            caller.run(
                ring,
                () -> {
                  try (DatagramBuffer buffer = receiver.next()) {
                    List<ControlMessage> control = buffer.datagram().control();
                    assertEquals(room / 24, control.size());
                    for (ControlMessage message : control) {
                      assertEquals(Constants.IPPROTO_IP, message.level());
                    }
                    if (room == 64) {
                      assertEquals(Constants.IP_TOS, control.get(1).type());
                      assertArrayEquals(new byte[] {0x20}, control.get(1).data());
                    }
                    assertEquals(2, buffer.datagram().length());
                    assertEquals(8, buffer.segment().get(ValueLayout.JAVA_BYTE, 1));
                  }
                });
          }
        }
      }
    }
  }

  /** Whether they are taken or not, and whether there is room for them or not. */
  @Test
  void descriptors_areClosed(@TempDir Path directory) throws Exception {
    Path path = Files.createFile(directory.resolve("passed"));
    try (Ring ring = Ring.open();
        BufferRing buffers = BufferRing.open(ring, 8, 300);
        RingDatagramSocket left = bind(ring, Kind.UNIX);
        RingDatagramSocket right = bind(ring, Kind.UNIX)) {
      for (int room : new int[] {0, 64}) {
        try (DatagramReceiver receiver = right.receive(buffers, room);
            var open = Files.newInputStream(path)) {
          assertEquals(0, open.available());
          int fd = descriptorOf(path);
          for (int i = 0; i < 3; i++) {
            left.send(
                ByteBuffer.allocate(1),
                right.localAddress(),
                ControlMessage.ofInt(Constants.SOL_SOCKET, Constants.SCM_RIGHTS, fd));
          }
          try (DatagramBuffer buffer = receiver.next()) {
            assertEquals(List.of(), buffer.datagram().control());
          }
          Await.until("the rest has come", () -> buffers.available() == 6);
        }
        assertEquals(8, buffers.available());
        assertEquals(
            0, OpenFiles.count("passed"), "open after the receiver was closed, room " + room);
      }
    }
  }

  private static int descriptorOf(Path path) throws IOException {
    try (Stream<Path> links = Files.list(Path.of("/proc/self/fd"))) {
      return links
          .filter(link -> leadsTo(link, path))
          .mapToInt(link -> Integer.parseInt(link.getFileName().toString()))
          .findFirst()
          .orElseThrow();
    }
  }

  private static boolean leadsTo(Path link, Path path) {
    try {
      return Files.readSymbolicLink(link).equals(path.toRealPath());
    } catch (IOException _) {
      return false; // closed meanwhile, as the listing itself is
    }
  }

  @ParameterizedTest
  @EachCaller
  void nobodyThere(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        BufferRing buffers = BufferRing.open(ring, 3, 200);
        RingDatagramSocket socket = bind(ring, Kind.IPV4);
        DatagramReceiver receiver = socket.receive(buffers)) {
      socket.connectTo(Kind.deadPort());
      socket.write(ByteBuffer.allocate(1));
      assertThrows(PortUnreachableException.class, () -> caller.call(ring, () -> next(receiver)));
      socket.disconnect();
      send(socket, socket, "to myself");
      assertEquals("to myself", next(receiver));
    }
  }

  @Test
  void arguments() throws Exception {
    try (Ring ring = Ring.open();
        BufferRing small = BufferRing.open(ring, 1, OVERHEAD);
        BufferRing fit = BufferRing.open(ring, 1, OVERHEAD + 1);
        RingDatagramSocket socket = bind(ring, Kind.IPV4)) {
      assertThrows(IllegalArgumentException.class, () -> socket.receive(small));
      assertThrows(IllegalArgumentException.class, () -> socket.receive(fit, 1));
      assertThrows(IllegalArgumentException.class, () -> socket.receive(fit, -1));
      assertThrows(IllegalArgumentException.class, () -> socket.receive(fit, Integer.MAX_VALUE));
      try (DatagramReceiver receiver = socket.receive(fit)) {
        send(socket, socket, "1");
        assertEquals("1", next(receiver));
      }
    }
  }

  // ---- buffers -------------------------------------------------------------------------------

  @ParameterizedTest
  @EachCaller
  void buffersOut_waits(Caller caller) throws Exception {
    try (Ring ring = Ring.open();
        BufferRing buffers = BufferRing.open(ring, 2, 200);
        RingDatagramSocket left = bind(ring, Kind.IPV4);
        RingDatagramSocket right = bind(ring, Kind.IPV4);
        DatagramReceiver receiver = right.receive(buffers)) {
      for (String text : List.of("one", "two", "three")) {
        send(left, right, text);
      }
      DatagramBuffer one = receiver.next();
      DatagramBuffer two = receiver.next();
      Await.until("it found none", () -> ring.metrics().inFlight() == 0);
      var taker = BlockedCall.start(ring, caller, () -> next(receiver));
      Await.parked(taker.thread());
      assertEquals("onetwo", text(one) + text(two));
      two.close();
      assertEquals("three", taker.result());
      one.close();
      assertThrows(IllegalStateException.class, one::segment);
      assertEquals(3, one.datagram().length());
      assertEquals(2, buffers.available());
    }
  }

  @Test
  void buffer_belongsToItsThread() throws Exception {
    try (Ring ring = Ring.open();
        BufferRing buffers = BufferRing.open(ring, 2, 200);
        RingDatagramSocket socket = bind(ring, Kind.IPV4);
        DatagramReceiver receiver = socket.receive(buffers)) {
      send(socket, socket, "mine");
      try (DatagramBuffer buffer = receiver.next()) {
        MemorySegment segment = buffer.segment();
        for (Caller caller : Caller.values()) {
          assertThrows(WrongThreadException.class, () -> caller.run(ring, buffer::close));
          assertThrows(
              WrongThreadException.class,
              () -> caller.call(ring, () -> segment.get(ValueLayout.JAVA_BYTE, 0)));
        }
        assertEquals("mine", text(buffer));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {Errno.EINTR, Errno.ENOBUFS, Errno.ECANCELED})
  void ended_isArmedAgain(int errno) throws Exception {
    try (Ring ring = FaultyRing.open(kernel);
        BufferRing buffers = BufferRing.open(ring, 2, 200);
        RingDatagramSocket socket = bind(ring, Kind.IPV4);
        DatagramReceiver receiver = socket.receive(buffers)) {
      send(socket, socket, "one");
      try (DatagramBuffer buffer = receiver.next()) {
        assertEquals("one", text(buffer));
        receiver.close();
      }
      DatagramBuffer kept;
      try (DatagramReceiver other = socket.receive(buffers)) {
        send(socket, socket, "kept");
        kept = other.next();
      }
      FaultRule rule = FaultRule.on(IORING_OP_RECVMSG).times(1).fail(errno);
      kernel.add(rule);
      try (DatagramReceiver another = socket.receive(buffers)) {
        var taker = BlockedCall.start(ring, () -> next(another));
        Await.until("it is refused", () -> rule.hits() == 1);
        if (errno == Errno.ENOBUFS) {
          Await.parked(taker.thread());
        }
        kept.close();
        send(socket, socket, "two");
        assertEquals("two", taker.result());
      }
    }
  }
}
