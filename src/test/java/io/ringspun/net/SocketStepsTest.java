package io.ringspun.net;

import static io.ringspun.internal.kernel.Constants.*;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.OperationException;
import io.ringspun.Outcomes;
import io.ringspun.Ring;
import io.ringspun.RingOptions;
import io.ringspun.Step;
import io.ringspun.file.FileSteps;
import io.ringspun.internal.kernel.Errno;
import io.ringspun.raw.Raw;
import io.ringspun.raw.RawOperation;
import io.ringspun.raw.TableSlot;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.Liburing;
import io.ringspun.testing.SocketPair;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.nio.ByteBuffer;
import java.nio.channels.UnresolvedAddressException;
import java.nio.channels.UnsupportedAddressTypeException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The beginnings of sockets as steps of chains. */
class SocketStepsTest {
  private static final int ENOTSOCK = 88;

  @TempDir private Path directory;

  private final MemorySegment request = Arena.ofAuto().allocateFrom("ringspun").asSlice(0, 8);
  private final MemorySegment answer = Arena.ofAuto().allocate(8);
  private Ring ring;
  private TableSlot slot;

  @BeforeEach
  void open() throws IOException {
    ring = Ring.open(RingOptions.defaults().withRegisteredFiles(4));
    slot = Raw.of(ring).tableSlot();
  }

  @AfterEach
  void close() throws IOException {
    slot.close();
    ring.close();
    assertEquals(0, ring.metrics().inFlight());
  }

  /** A server of one chain and a client of another. */
  @Liburing("accept-link")
  @ParameterizedTest
  @EachCaller
  void requestAndAnswer(Caller caller) throws Exception {
    for (Kind kind : Kind.values()) {
      try (TableSlot listening = Raw.of(ring).tableSlot();
          TableSlot accepted = Raw.of(ring).tableSlot()) {
        SocketAddress where = kind.listen();
        ring.chain()
            .add(RingSocket.openStep(listening, where))
            .add(RingListener.bindStep(listening, where))
            .add(RingListener.listenStep(listening, 5))
            .run();
        try (RingListener listener = RingListener.take(listening)) {
          SocketAddress bound = listener.localAddress();
          MemorySegment seen = Arena.ofAuto().allocate(8);
          var server =
              BlockedCall.start(
                      ring,
                      caller,
                      () ->
                          ring.chain()
                              .add(RingListener.acceptStep(accepted, listener))
                              .receive(accepted, seen)
                              .send(accepted, seen)
                              .add(accepted.closeStep())
                              .attempt())
                  .awaitInFlight(ring, 1);
          ring.chain()
              .add(RingSocket.openStep(slot, bound))
              .add(RingSocket.connectStep(slot, bound))
              .send(slot, request)
              .receive(slot, answer)
              .add(slot.closeStep())
              .run();
          server.result().orThrow();
          assertEquals(-1, request.mismatch(answer));
          answer.fill((byte) 0);
        }
      }
    }
  }

  /** One chain from the socket to its first connection. */
  @Test
  void accept_fromASlot() throws Exception {
    SocketAddress where = Kind.ABSTRACT.listen();
    try (TableSlot listening = Raw.of(ring).tableSlot()) {
      var call =
          BlockedCall.start(
                  ring,
                  () ->
                      ring.chain()
                          .add(RingSocket.openStep(listening, where))
                          .add(RingListener.bindStep(listening, where))
                          .add(RingListener.listenStep(listening, 1))
                          .add(RingListener.acceptStep(slot, listening))
                          .receive(slot, answer)
                          .attempt())
              .awaitInFlight(ring, 2);
      try (RingSocket client = RingSocket.connect(ring, where)) {
        client.writeFully(request);
        call.result().orThrow();
        assertEquals(-1, request.mismatch(answer));
      }
    }
  }

  /** Of a socket that is not in a slot the family is known, and IPv4 is mapped for it. */
  @Test
  void bind_ofAnotherFamily() throws Exception {
    try (RingSocket socket = RingSocket.open(ring, StandardProtocolFamily.INET6)) {
      ring.run(RingListener.bindStep(socket, new InetSocketAddress("127.0.0.1", 0)));
      InetSocketAddress bound = (InetSocketAddress) socket.localAddress();
      assertEquals("127.0.0.1", bound.getAddress().getHostAddress());
    }
  }

  // ---- what fails ----------------------------------------------------------------------------

  private interface Source {
    Step of(SocketStepsTest test) throws IOException;
  }

  static Stream<Arguments> failures() {
    return Stream.of(
        Arguments.of("socket", Errno.EAFNOSUPPORT, (Source) t -> t.unknownFamily()),
        Arguments.of(
            "connect",
            Errno.ECONNREFUSED,
            (Source) t -> RingSocket.connectStep(t.filled(), Kind.deadPort())),
        Arguments.of(
            "bind",
            Errno.EADDRNOTAVAIL,
            (Source) t -> RingListener.bindStep(t.filled(), new InetSocketAddress("192.0.2.1", 0))),
        Arguments.of("listen", ENOTSOCK, (Source) t -> RingListener.listenStep(t.file(), 1)),
        Arguments.of(
            "accept", Errno.EINVAL, (Source) t -> RingListener.acceptStep(t.slot, t.filled())));
  }

  private Step unknownFamily() {
    return RawOperation.of(IORING_OP_SOCKET).on(9999).offset(SOCK_STREAM).into(slot).toStep();
  }

  private TableSlot filled() throws IOException {
    ring.run(RingSocket.openStep(slot, new InetSocketAddress("127.0.0.1", 1)));
    return slot;
  }

  private TableSlot file() throws IOException {
    ring.run(FileSteps.open(slot, Files.createFile(directory.resolve("file"))));
    return slot;
  }

  @ParameterizedTest(name = "{0}")
  @MethodSource("failures")
  void failure_breaksTheChain(String operation, int errno, Source source) throws Exception {
    try (SocketPair pair = SocketPair.open(ring, Kind.UNIX.listen())) {
      Outcomes result =
          ring.chain().add(source.of(this)).send(pair.left(), request).nop().attempt();
      assertEquals(0, result.firstFailure().orElseThrow().position());
      assertTrue(result.get(1).isCancelled() && result.get(2).isCancelled());
      var e = assertThrows(OperationException.class, result::orThrow);
      assertEquals(operation, e.operation());
      assertEquals(errno, e.errno(), e.errnoName());
      pair.left().writeFully(ByteBuffer.wrap(new byte[] {1}));
      ByteBuffer target = ByteBuffer.allocate(10);
      assertEquals(1, pair.right().read(target));
      assertEquals(1, target.get(0));
    }
  }

  @Test
  void refusedAtOnce() throws Exception {
    try (RingSocket unix = RingSocket.open(ring, StandardProtocolFamily.UNIX)) {
      assertThrows(IllegalArgumentException.class, () -> RingListener.listenStep(slot, 0));
      assertThrows(
          UnsupportedAddressTypeException.class,
          () -> RingSocket.connectStep(unix, Kind.IPV4.listen()));
      assertThrows(
          UnresolvedAddressException.class,
          () -> RingSocket.openStep(slot, InetSocketAddress.createUnresolved("none", 1)));
    }
  }
}
