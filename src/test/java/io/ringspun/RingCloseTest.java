package io.ringspun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.buffer.BufferRing;
import io.ringspun.buffer.ReceiveStream;
import io.ringspun.net.Connections;
import io.ringspun.net.DatagramReceiver;
import io.ringspun.net.RingDatagramSocket;
import io.ringspun.net.RingListener;
import io.ringspun.net.RingServerSocketFactory;
import io.ringspun.net.RingSocket;
import io.ringspun.net.RingSocketFactory;
import io.ringspun.os.EventFd;
import io.ringspun.os.FutexWord;
import io.ringspun.os.Poll;
import io.ringspun.os.PollEvent;
import io.ringspun.os.RingMailbox;
import io.ringspun.os.RingPipe;
import io.ringspun.os.RingTimer;
import io.ringspun.os.Ticker;
import io.ringspun.os.TimerClock;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Who waits when a ring is closed is told that the ring was; who waits when an object is closed is
 * told that it was, whatever kind of call it is.
 */
class RingCloseTest {
  private static final Duration LONG = Duration.ofHours(1);
  private static final InetSocketAddress ANY =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

  /** What a call needs, and is closed after the test, the last first. */
  private static final class Things implements AutoCloseable {
    private final Ring ring;
    private final Deque<AutoCloseable> all = new ArrayDeque<>();

    Things(Ring ring) {
      this.ring = ring;
    }

    <T extends AutoCloseable> T add(T thing) {
      all.push(thing);
      return thing;
    }

    RingSocket silentPeer() throws Exception {
      RingListener listener = add(RingListener.bind(ring, ANY));
      RingSocket socket = add(RingSocket.connect(ring, listener.localAddress()));
      add(listener.accept());
      return socket;
    }

    @Override
    public void close() throws Exception {
      for (AutoCloseable thing : all) {
        thing.close();
      }
    }
  }

  /** Something that waits for ever. */
  private record Wait(AutoCloseable object, Caller.Action call) {}

  private static MemorySegment allocate(int bytes) {
    return Arena.ofAuto().allocate(bytes);
  }

  private interface Beginning {
    Wait begin(Ring ring, Things things) throws Exception;
  }

  /** The calls that wait. */
  private enum Kind {
    PIPE_READ(
        (ring, things) -> {
          RingPipe pipe = things.add(RingPipe.open(ring));
          return new Wait(pipe.source(), () -> pipe.source().read(allocate(8)));
        }),
    CHAIN(
        (ring, things) -> {
          RingSocket socket = things.silentPeer();
          return new Wait(
              socket, () -> ring.chain().nop().read(socket, allocate(8), 0).nop().run());
        }),
    BATCH(
        (ring, things) -> {
          RingSocket socket = things.silentPeer();
          return new Wait(socket, () -> ring.batch().nop().read(socket, allocate(8), 0).run());
        }),
    SOCKET_READ(
        (ring, things) -> {
          RingSocket socket = things.silentPeer();
          return new Wait(socket, () -> socket.read(allocate(8)));
        }),
    SOCKET_READ_FULLY(
        (ring, things) -> {
          RingSocket socket = things.silentPeer();
          return new Wait(socket, () -> socket.readFully(allocate(8)));
        }),
    ACCEPT(
        (ring, things) -> {
          RingListener listener = things.add(RingListener.bind(ring, ANY));
          return new Wait(listener, listener::accept);
        }),
    CONNECTIONS(
        (ring, things) -> {
          RingListener listener = things.add(RingListener.bind(ring, ANY));
          Connections connections = things.add(listener.connections());
          return new Wait(connections, connections::accept);
        }),
    CONNECTIONS_LISTENER(
        (ring, things) -> {
          RingListener listener = things.add(RingListener.bind(ring, ANY));
          Connections connections = things.add(listener.connections());
          return new Wait(listener, connections::accept);
        }),
    DATAGRAM(
        (ring, things) -> {
          RingDatagramSocket socket = things.add(RingDatagramSocket.bind(ring, ANY));
          return new Wait(socket, () -> socket.receive(allocate(8)));
        }),
    DATAGRAM_STREAM(
        (ring, things) -> {
          BufferRing buffers = things.add(BufferRing.open(ring, 4, 4096));
          RingDatagramSocket socket = things.add(RingDatagramSocket.bind(ring, ANY));
          DatagramReceiver stream = things.add(socket.receive(buffers));
          return new Wait(stream, stream::next);
        }),
    RECEIVE_STREAM(
        (ring, things) -> {
          BufferRing buffers = things.add(BufferRing.open(ring, 4, 64));
          ReceiveStream stream = things.add(things.silentPeer().receive(buffers));
          return new Wait(stream, stream::next);
        }),
    /** No operation is in flight: all buffers are out. */
    RECEIVE_STREAM_WITHOUT_BUFFERS(
        (ring, things) -> {
          BufferRing buffers = things.add(BufferRing.open(ring, 1, 64));
          RingListener listener = things.add(RingListener.bind(ring, ANY));
          RingSocket peer = things.add(RingSocket.connect(ring, listener.localAddress()));
          RingSocket socket = things.add(listener.accept());
          ReceiveStream stream = things.add(socket.receive(buffers));
          peer.writeFully(MemorySegment.ofBuffer(ByteBuffer.allocateDirect(64)));
          things.add(stream.next());
          return new Wait(stream, stream::next);
        }),
    TICKER(
        (ring, things) -> {
          Ticker ticker = things.add(Ticker.every(ring, TimerClock.MONOTONIC, LONG));
          return new Wait(ticker, ticker::next);
        }),
    TIMER(
        (ring, things) -> {
          RingTimer timer = things.add(RingTimer.after(ring, TimerClock.MONOTONIC, LONG));
          return new Wait(timer, timer::await);
        }),
    POLL(
        (ring, things) -> {
          EventFd events = things.add(EventFd.open(ring));
          return new Wait(events, () -> Poll.await(events, PollEvent.READABLE));
        }),
    POLL_NEXT(
        (ring, things) -> {
          EventFd events = things.add(EventFd.open(ring));
          Poll poll = things.add(Poll.open(events, PollEvent.READABLE));
          return new Wait(poll, poll::next);
        }),
    EVENT(
        (ring, things) -> {
          EventFd events = things.add(EventFd.open(ring));
          return new Wait(events, events::await);
        }),
    MAILBOX(
        (ring, things) -> {
          RingMailbox mailbox = things.add(RingMailbox.open(ring));
          return new Wait(mailbox, mailbox::receive);
        }),
    POOL(
        (ring, things) -> {
          BufferPool pool = things.add(ring.bufferPool(1, 64));
          things.add(pool.take());
          return new Wait(pool, pool::take);
        });

    private final Beginning beginning;

    Kind(Beginning beginning) {
      this.beginning = beginning;
    }
  }

  @ParameterizedTest
  @EnumSource
  void ringClosed_tellsWhoWaits(Kind kind) throws Exception {
    for (Caller caller : Caller.values()) {
      Ring ring = Ring.open(RingOptions.defaults().withThreadName("test-close"));
      try (Things things = new Things(ring)) {
        Wait wait = kind.beginning.begin(ring, things);
        BlockedCall<Void> blocked = begin(ring, caller, wait);
        ring.close();
        RingClosedException told = assertThrows(RingClosedException.class, blocked::result);
        assertEquals("test-close is closed", told.getMessage());
        assertThrows(RingClosedException.class, wait.call()::run); // and who comes later
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void objectClosed_tellsWhoWaits(Kind kind) throws Exception {
    for (Caller caller : Caller.values()) {
      try (Ring ring = Ring.open();
          Things things = new Things(ring)) {
        Wait wait = kind.beginning.begin(ring, things);
        BlockedCall<Void> blocked = begin(ring, caller, wait);
        wait.object().close();
        var told = assertThrows(AsynchronousCloseException.class, blocked::result);
        assertSame(AsynchronousCloseException.class, told.getClass());
      }
    }
  }

  private static BlockedCall<Void> begin(Ring ring, Caller caller, Wait wait) {
    BlockedCall<Void> blocked =
        BlockedCall.start(
            ring,
            caller,
            () -> {
              wait.call().run();
              return null;
            });
    Await.until(
        "the call waits",
        () -> blocked.hasEnded() || blocked.thread().getState() == Thread.State.WAITING);
    return blocked;
  }

  @ParameterizedTest
  @EachCaller
  void ringClosed_tellsSleepersAndThoseAtWords(Caller caller) throws Exception {
    Ring ring = Ring.open();
    var sleeper = begin(ring, caller, new Wait(ring, () -> RingTimer.sleep(ring, LONG)));
    FutexWord word = FutexWord.local(ring, Arena.ofAuto().allocate(4, 4));
    var waiter = begin(ring, caller, new Wait(ring, () -> word.await(0)));
    ring.close();
    assertThrows(RingClosedException.class, sleeper::result);
    var told = assertThrows(Exception.class, waiter::result);
    if (!(told instanceof UnsupportedOperationException)) { // before Linux 6.7
      assertSame(RingClosedException.class, told.getClass());
    }
  }

  @ParameterizedTest
  @EachCaller
  void ringClosed_endsNoIteratorAsIfAllWereDone(Caller caller) throws Exception {
    Ring ring = Ring.open();
    try (RingListener listener = RingListener.bind(ring, ANY);
        Connections connections = listener.connections()) {
      var waiter =
          begin(ring, caller, new Wait(ring, () -> assertTrue(connections.iterator().hasNext())));
      ring.close();
      var told = assertThrows(UncheckedIOException.class, waiter::result);
      assertSame(RingClosedException.class, told.getCause().getClass());
    }
  }

  /** A pool of a group goes on lending until no ring is left. */
  @ParameterizedTest
  @EachCaller
  void groupPool_tellsWhoWaitsWhenTheLastRingIsClosed(Caller caller) throws Exception {
    try (Ring carrier = Ring.open();
        RingGroup group = RingGroup.open(2, RingOptions.defaults());
        BufferPool pool = group.bufferPool(1, 64);
        Lease lease = pool.take()) {
      var waiter = begin(carrier, caller, new Wait(pool, pool::take));
      group.rings().get(0).close();
      Await.until("the call waits", () -> waiter.thread().getState() == Thread.State.WAITING);
      group.rings().get(1).close();
      assertThrows(RingClosedException.class, waiter::result);
      assertEquals(64, lease.segment().byteSize());
    }
  }

  /** {@link Socket} has one exception for all of it. */
  @Test
  void ringClosed_sockets_throwWhatTheJdkHas() throws Exception {
    Ring ring = Ring.open();
    try (ServerSocket server =
            new RingServerSocketFactory(ring)
                .createServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Socket socket =
            new RingSocketFactory(ring)
                .createSocket(server.getInetAddress(), server.getLocalPort())) {
      server.accept().close();
      var accepting = begin(ring, Caller.VIRTUAL, new Wait(ring, server::accept));
      ring.close();
      SocketException told = assertThrows(SocketException.class, accepting::result);
      assertSame(RingClosedException.class, told.getCause().getClass());
      assertThrows(SocketException.class, () -> socket.getOutputStream().write(1));
    }
  }

  /** What had been done when the ring was closed is in the results. */
  @Test
  void ringClosed_chain_resultsTellHowFarItCame() throws Exception {
    Ring ring = Ring.open();
    try (Things things = new Things(ring)) {
      RingSocket socket = things.silentPeer();
      var chain =
          BlockedCall.start(
              ring, () -> ring.chain().nop().read(socket, allocate(8), 0).nop().attempt());
      Await.until("it waits", () -> chain.thread().getState() == Thread.State.WAITING);
      ring.close();
      Outcomes result = chain.result();
      assertEquals(0, result.get(0).result());
      assertEquals(1, result.firstFailure().orElseThrow().position());
      assertThrows(RingClosedException.class, result::orThrow);
      assertEquals(125, result.get(1).failure().orElseThrow().errno()); // ECANCELED
    }
  }
}
