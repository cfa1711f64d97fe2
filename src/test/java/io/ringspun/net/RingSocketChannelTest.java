package io.ringspun.net;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.Ring;
import io.ringspun.testing.Await;
import io.ringspun.testing.BlockedCall;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.channels.AsynchronousCloseException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.IllegalSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;

/** How the calls of our channels end, and what two threads do to each other. */
class RingSocketChannelTest {
  private static final InetSocketAddress ANYWHERE =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

  private record Pair(SocketChannel client, SocketChannel peer) implements AutoCloseable {
    static Pair open() throws IOException {
      try (RingServerSocketChannel server = RingServerSocketChannel.open()) {
        server.bind(ANYWHERE);
        SocketChannel client = RingSocketChannel.open(server.getLocalAddress());
        return new Pair(client, server.accept());
      }
    }

    @Override
    public void close() throws IOException {
      try (client;
          peer) {
        assertFalse(client == peer);
      }
    }
  }

  private static <T> BlockedCall<T> blocked(Caller caller, Callable<T> call) throws IOException {
    BlockedCall<T> blocked = BlockedCall.start(Ring.shared(), caller, call);
    Await.parked(blocked.thread());
    return blocked;
  }

  /** Writes more than the kernel takes while nobody reads. */
  private static int fill(SocketChannel channel) throws IOException {
    return channel.write(ByteBuffer.allocateDirect(30_000_000));
  }

  @ParameterizedTest
  @EachCaller
  void read_blocksUntilThereAreBytes(Caller caller) throws Exception {
    try (Pair pair = Pair.open()) {
      BlockedCall<Integer> read = blocked(caller, () -> pair.peer.read(ByteBuffer.allocate(9)));
      pair.client.write(ByteBuffer.allocate(5));
      assertEquals(5, read.result());
    }
  }

  @ParameterizedTest
  @EachCaller
  void read_closedMeanwhile_throws(Caller caller) throws Exception {
    try (Pair pair = Pair.open()) {
      BlockedCall<Integer> read = blocked(caller, () -> pair.peer.read(ByteBuffer.allocate(9)));
      pair.peer.close();
      Exception e = assertThrows(AsynchronousCloseException.class, read::result);
      assertEquals(AsynchronousCloseException.class, e.getClass());
    }
  }

  @ParameterizedTest
  @EachCaller
  void read_interruptedMeanwhile_closes(Caller caller) throws Exception {
    try (Pair pair = Pair.open()) {
      BlockedCall<Integer> read = blocked(caller, () -> pair.peer.read(ByteBuffer.allocate(9)));
      read.interrupt();
      assertThrows(ClosedByInterruptException.class, read::result);
      assertTrue(read.interruptPending());
      assertFalse(pair.peer.isOpen());
      assertEquals(-1, pair.client.read(ByteBuffer.allocate(1)));
    }
  }

  @ParameterizedTest
  @EachCaller
  void read_inputShutDownMeanwhile_isAtTheEnd(Caller caller) throws Exception {
    try (Pair pair = Pair.open()) {
      BlockedCall<Integer> read = blocked(caller, () -> pair.peer.read(ByteBuffer.allocate(9)));
      pair.peer.shutdownInput();
      assertEquals(-1, read.result());
    }
  }

  @ParameterizedTest
  @EachCaller
  void write_closedMeanwhile_throws(Caller caller) throws Exception {
    try (Pair pair = Pair.open()) {
      BlockedCall<Integer> write = blocked(caller, () -> fill(pair.peer));
      pair.peer.close();
      Exception e = assertThrows(AsynchronousCloseException.class, write::result);
      assertEquals(AsynchronousCloseException.class, e.getClass());
    }
  }

  @ParameterizedTest
  @EachCaller
  void write_interruptedMeanwhile_closes(Caller caller) throws Exception {
    try (Pair pair = Pair.open()) {
      BlockedCall<Integer> write = blocked(caller, () -> fill(pair.peer));
      write.interrupt();
      assertThrows(ClosedByInterruptException.class, write::result);
      assertFalse(pair.peer.isOpen());
    }
  }

  @ParameterizedTest
  @EachCaller
  void write_outputShutDownMeanwhile_throws(Caller caller) throws Exception {
    try (Pair pair = Pair.open()) {
      BlockedCall<Integer> write = blocked(caller, () -> fill(pair.peer));
      pair.peer.shutdownOutput();
      assertThrows(AsynchronousCloseException.class, write::result);
      assertTrue(pair.peer.isOpen());
    }
  }

  @ParameterizedTest
  @EachCaller
  void write_takesAllThatThereIs(Caller caller) throws Exception {
    byte[] sent = new byte[20_000_000];
    new Random(1).nextBytes(sent);
    try (Pair pair = Pair.open()) {
      ByteBuffer source = ByteBuffer.wrap(sent);
      BlockedCall<Integer> write = blocked(caller, () -> pair.client.write(source));
      byte[] got = pair.peer.socket().getInputStream().readNBytes(sent.length);
      assertEquals(sent.length, write.result());
      assertEquals(0, source.remaining());
      assertArrayEquals(sent, got);
      ByteBuffer[] sources = {
        ByteBuffer.wrap(sent, 0, 9_000_000), ByteBuffer.wrap(sent, 9_000_000, 11_000_000)
      };
      BlockedCall<Long> gather = blocked(caller, () -> pair.client.write(sources));
      got = pair.peer.socket().getInputStream().readNBytes(sent.length);
      assertEquals(sent.length, gather.result());
      assertArrayEquals(sent, got);
    }
  }

  @ParameterizedTest
  @EachCaller
  void accept_hasFourEnds(Caller caller) throws Exception {
    try (RingServerSocketChannel server = RingServerSocketChannel.open();
        RingServerSocketChannel other = RingServerSocketChannel.open()) {
      server.bind(ANYWHERE);
      other.bind(ANYWHERE);
      BlockedCall<SocketChannel> accept = blocked(caller, () -> server.accept());
      try (SocketChannel client = RingSocketChannel.open(server.getLocalAddress());
          SocketChannel peer = accept.result()) {
        assertEquals(client.getLocalAddress(), peer.getRemoteAddress());
      }
      BlockedCall<SocketChannel> closed = blocked(caller, () -> server.accept());
      server.close();
      assertThrows(AsynchronousCloseException.class, closed::result);
      BlockedCall<SocketChannel> interrupted = blocked(caller, () -> other.accept());
      interrupted.interrupt();
      assertThrows(ClosedByInterruptException.class, interrupted::result);
      assertFalse(other.isOpen());
    }
  }

  /** Nobody accepts, so that the kernel leaves connections waiting once its queue is full. */
  @ParameterizedTest
  @EachCaller
  void connect_endedMeanwhile_closes(Caller caller) throws Exception {
    List<SocketChannel> channels = new ArrayList<>();
    try (RingServerSocketChannel server = RingServerSocketChannel.open()) {
      server.bind(ANYWHERE, 1);
      boolean full = false;
      while (!full) {
        SocketChannel channel = RingSocketChannel.open();
        channels.add(channel);
        try {
          channel.socket().connect(server.getLocalAddress(), 200);
        } catch (SocketTimeoutException e) {
          full = true;
          assertFalse(channel.isOpen());
        }
      }
      SocketChannel closed = RingSocketChannel.open();
      channels.add(closed);
      BlockedCall<Boolean> connect =
          blocked(caller, () -> closed.connect(server.getLocalAddress()));
      assertTrue(closed.isConnectionPending());
      closed.close();
      assertThrows(AsynchronousCloseException.class, connect::result);
      SocketChannel interrupted = RingSocketChannel.open();
      channels.add(interrupted);
      BlockedCall<Boolean> second =
          blocked(caller, () -> interrupted.connect(server.getLocalAddress()));
      second.interrupt();
      assertThrows(ClosedByInterruptException.class, second::result);
      assertFalse(interrupted.isOpen());
    } finally {
      for (SocketChannel channel : channels) {
        channel.close();
      }
    }
  }

  @Test
  void readAndWrite_doNotWaitForEachOther() throws Exception {
    try (Pair pair = Pair.open()) {
      BlockedCall<Integer> read =
          blocked(Caller.VIRTUAL, () -> pair.peer.read(ByteBuffer.allocate(9)));
      assertEquals(3, pair.peer.write(ByteBuffer.allocate(3)));
      assertEquals(3, pair.client.read(ByteBuffer.allocate(9)));
      BlockedCall<Integer> later =
          blocked(Caller.VIRTUAL, () -> pair.peer.read(ByteBuffer.allocate(9)));
      pair.client.write(ByteBuffer.allocate(4));
      assertEquals(4, read.result());
      pair.client.write(ByteBuffer.allocate(5));
      assertEquals(5, later.result());
    }
  }

  @Test
  void thousandBlockedThreads_closed_allEnd() throws Exception {
    List<Pair> pairs = new ArrayList<>();
    List<BlockedCall<Integer>> reads = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      Pair pair = Pair.open();
      pairs.add(pair);
      Caller caller = i % 2 == 0 ? Caller.VIRTUAL : Caller.CARRIED;
      reads.add(
          BlockedCall.start(Ring.shared(), caller, () -> pair.peer.read(ByteBuffer.allocate(9))));
    }
    for (BlockedCall<Integer> read : reads) {
      Await.parked(read.thread());
    }
    for (Pair pair : pairs) {
      pair.peer.close();
    }
    for (BlockedCall<Integer> read : reads) {
      assertThrows(AsynchronousCloseException.class, read::result);
    }
    for (Pair pair : pairs) {
      assertEquals(-1, pair.client.read(ByteBuffer.allocate(1)));
      pair.close();
    }
  }

  @Test
  void register_withTheProvidersSelectorOnly() throws Exception {
    try (Pair pair = Pair.open();
        Selector jdks = Selector.open();
        Selector ours = pair.peer.provider().openSelector()) {
      pair.peer.configureBlocking(false);
      assertThrows(
          IllegalSelectorException.class, () -> pair.peer.register(jdks, SelectionKey.OP_READ));
      pair.peer.register(ours, SelectionKey.OP_READ);
      pair.client.close();
      assertEquals(1, ours.select());
      assertEquals(-1, pair.peer.read(ByteBuffer.allocate(1)));
    }
  }

  /** Closed by another thread while somebody selects, as servers do to end. */
  @Test
  void selector_closedOrWokenMeanwhile_returns() throws Exception {
    try (Selector selector = new RingSelectorProvider().openSelector();
        Pair pair = Pair.open()) {
      pair.peer.configureBlocking(false);
      SelectionKey key = pair.peer.register(selector, SelectionKey.OP_READ);
      BlockedCall<Integer> select =
          BlockedCall.start(Ring.shared(), Caller.PLATFORM, selector::select);
      key.cancel();
      selector.wakeup();
      assertEquals(0, select.result());
      for (int i = 0; i < 10_000; i++) {
        pair.peer.configureBlocking(true);
        selector.selectNow();
        pair.peer.configureBlocking(false);
        SelectionKey next = pair.peer.register(selector, SelectionKey.OP_READ);
        Thread waker = Thread.startVirtualThread(() -> selector.wakeup());
        next.cancel();
        assertEquals(0, selector.select(Await.LIMIT.toMillis()));
        waker.join();
      }
      BlockedCall<Integer> last =
          BlockedCall.start(
              Ring.shared(),
              Caller.PLATFORM,
              () -> {
                selector.selectNow();
                return selector.select();
              });
      Await.until(
          "it waits", () -> last.hasEnded() || last.thread().getState() == Thread.State.RUNNABLE);
      selector.close();
      try {
        last.result();
      } catch (java.nio.channels.ClosedSelectorException e) {
        assertFalse(selector.isOpen());
      }
    }
  }
}
