package io.ringspun.net;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ringspun.internal.socketchannel.JdkProvider;
import io.ringspun.net.SocketKit.Blocked;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.MulticastSocket;
import java.net.NetworkInterface;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.MembershipKey;
import java.nio.channels.Pipe;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.spi.SelectorProvider;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The same calls on the JDK's selectors and datagram channels and on ours. */
class SelectorDifferenceTest {
  private static final int TRIES = 50;
  private static final InetSocketAddress ANYWHERE =
      new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

  /** The threads that select; the ring has no part in it. */
  enum Selecting implements SocketKit.ThreadStarter {
    PLATFORM {
      @Override
      public Thread start(Runnable task) {
        return Thread.ofPlatform().daemon().start(task);
      }
    },
    VIRTUAL {
      @Override
      public Thread start(Runnable task) {
        return Thread.ofVirtual().start(task);
      }
    }
  }

  /** A story, told on some provider, and what it came to. */
  private interface Story {
    void tell(SelectorProvider provider, List<String> said) throws Exception;
  }

  private static void compare(int tries, Story story) throws Exception {
    List<String> expected = told(JdkProvider.get(), story);
    for (int i = 0; i < tries; i++) {
      assertEquals(expected, told(JdkProvider.get(), story), "the JDK, once more");
      assertEquals(expected, told(new RingSelectorProvider(), story));
    }
  }

  private static List<String> told(SelectorProvider provider, Story story) throws Exception {
    List<String> said = new ArrayList<>();
    story.tell(provider, said);
    return said;
  }

  private static void say(List<String> said, String what, Callable<?> call) {
    said.add(what + ": " + SocketKit.outcome(call));
  }

  /** A selector and a pipe whose source is registered with it. */
  private record Watched(Selector selector, Pipe pipe, SelectionKey key) implements AutoCloseable {
    static Watched of(SelectorProvider provider) throws Exception {
      Selector selector = provider.openSelector();
      Pipe pipe = provider.openPipe();
      pipe.source().configureBlocking(false);
      return new Watched(selector, pipe, pipe.source().register(selector, SelectionKey.OP_READ));
    }

    void provide() throws Exception {
      pipe.sink().write(ByteBuffer.allocate(1));
    }

    @Override
    public void close() throws IOException {
      pipe.source().close();
      pipe.sink().close();
      selector.close();
    }
  }

  // ---- while another thread selects ------------------------------------------------------------

  @ParameterizedTest
  @EnumSource
  void select_channelAndSelectorClosedMeanwhile(Selecting thread) throws Exception {
    compare(
        TRIES,
        (provider, said) -> {
          try (Watched watched = Watched.of(provider)) {
            Blocked select = Blocked.in(thread, watched.selector()::select);
            watched.pipe().source().close();
            watched.selector().close();
            said.add(select.outcome());
            say(said, "valid", watched.key()::isValid);
          }
        });
  }

  @ParameterizedTest
  @EnumSource
  void select_selectorClosedMeanwhile(Selecting thread) throws Exception {
    compare(
        TRIES,
        (provider, said) -> {
          try (Watched watched = Watched.of(provider)) {
            List<SelectionKey> ready = new ArrayList<>();
            Blocked select =
                Blocked.in(thread, () -> watched.selector().select(ready::add, 60_000));
            watched.selector().close();
            said.add(select.outcome());
            said.add(ready.toString());
            say(said, "valid", watched.key()::isValid);
            say(said, "registered", watched.pipe().source()::isRegistered);
          }
        });
  }

  @ParameterizedTest
  @EnumSource
  void select_keyCancelledMeanwhile(Selecting thread) throws Exception {
    compare(
        TRIES,
        (provider, said) -> {
          try (Watched watched = Watched.of(provider)) {
            Blocked select = Blocked.in(thread, watched.selector()::select);
            watched.key().cancel();
            watched.provide();
            watched.selector().wakeup(); // if the key is not what ends it
            said.add(select.outcome());
            say(said, "selected", watched.selector().selectedKeys()::size);
            say(said, "keys", watched.selector().keys()::size);
          }
          try (Watched watched = Watched.of(provider)) {
            List<SelectionKey> ready = new ArrayList<>();
            Blocked select = Blocked.in(thread, () -> watched.selector().select(ready::add));
            watched.key().cancel();
            watched.provide();
            watched.selector().wakeup();
            said.add(select.outcome());
            said.add(ready.toString());
          }
        });
  }

  @ParameterizedTest
  @EnumSource
  void select_wakeUps(Selecting thread) throws Exception {
    compare(
        5,
        (provider, said) -> {
          try (Watched watched = Watched.of(provider);
              Watched other = Watched.of(provider)) {
            Selector selector = watched.selector();
            SelectionKey cancelled = other.pipe().source().register(selector, SelectionKey.OP_READ);

            selector.wakeup();
            selector.wakeup();
            cancelled.cancel(); // to flush it must not use up the wake-up
            say(said, "woken before", selector::select);

            Blocked select = Blocked.in(thread, selector::select);
            selector.wakeup();
            said.add("woken meanwhile: " + select.outcome());

            Blocked again = Blocked.in(thread, selector::select);
            watched.provide();
            said.add("one wake-up ends one selection: " + again.outcome());
            watched.pipe().source().read(ByteBuffer.allocate(10));
            selector.selectedKeys().clear();

            selector.wakeup();
            say(said, "selectNow", selector::selectNow);
            Blocked last = Blocked.in(thread, () -> selector.select(60_000));
            last.thread().interrupt();
            said.add("interrupted: " + last.outcome());
          }
        });
  }

  // ---- with an action --------------------------------------------------------------------------

  @Test
  void selectWithAction_leavesTheSelectedKeysAlone() throws Exception {
    compare(
        1,
        (provider, said) -> {
          try (Watched watched = Watched.of(provider);
              Watched unrelated = Watched.of(provider)) {
            Selector selector = watched.selector();
            unrelated.pipe().source().register(selector, SelectionKey.OP_READ);
            watched.provide();
            say(said, "select", selector::select);
            say(said, "selected", selector.selectedKeys()::size);
            List<SelectionKey> ready = new ArrayList<>();
            say(said, "action", () -> selector.select(ready::add));
            say(said, "again", () -> selector.selectNow(ready::add));
            say(said, "in time", () -> selector.select(ready::add, 1000));
            say(said, "ready", ready::size);
            say(said, "its key", () -> ready.getFirst() == watched.key());
            say(said, "operations", watched.key()::readyOps);
            say(said, "selected", selector.selectedKeys()::size);
            unrelated.provide();
            say(said, "both", () -> selector.selectNow(ready::add));
            say(said, "selected", selector.selectedKeys()::size);
            say(said, "updated", selector::selectNow);
          }
        });
  }

  @Test
  void selectWithAction_refusals() throws Exception {
    compare(
        1,
        (provider, said) -> {
          try (Watched watched = Watched.of(provider)) {
            Selector selector = watched.selector();
            watched.provide();
            for (Callable<?> inner :
                List.<Callable<?>>of(
                    selector::select,
                    selector::selectNow,
                    () -> selector.select(1),
                    () -> selector.select(_ -> {}),
                    () -> selector.selectNow(_ -> {}),
                    () -> selector.select(_ -> {}, 1))) {
              say(said, "outer", () -> selector.select(_ -> say(said, "inner", inner)));
            }
            say(said, "null", () -> selector.select(null));
            say(said, "null", () -> selector.select(null, 1));
            say(said, "null", () -> selector.selectNow(null));
            say(said, "negative", () -> selector.select(-1));
            say(said, "negative", () -> selector.select(_ -> {}, -1));
            say(
                said,
                "thrown",
                () ->
                    selector.select(
                        _ -> {
                          throw new IllegalStateException("by the action");
                        }));
            say(said, "still there", () -> selector.selectNow(_ -> {}));
            say(
                said,
                "cancelled by its action",
                () ->
                    selector.selectNow(
                        key -> {
                          key.cancel();
                          say(said, "valid", key::isValid);
                        }));
            say(said, "then", () -> selector.selectNow(_ -> {}));
            say(said, "keys", selector.keys()::size);
          }
          try (Watched watched = Watched.of(provider)) {
            Selector selector = watched.selector();
            watched.provide();
            say(
                said,
                "closed by its action",
                () ->
                    selector.select(
                        _ -> {
                          try {
                            selector.close();
                          } catch (IOException e) {
                            throw new AssertionError(e);
                          }
                        }));
            say(said, "closed", () -> selector.select(_ -> {}));
            say(said, "closed", () -> selector.select(-1));
            say(said, "closed", () -> selector.select(null));
            say(said, "closed", () -> selector.wakeup() == selector);
          }
        });
  }

  // ---- what hides behind datagram channels -----------------------------------------------------

  @Test
  void datagramSocket_isOfTheChannel() throws Exception {
    compare(
        1,
        (provider, said) -> {
          try (Selector selector = provider.openSelector();
              DatagramChannel channel = provider.openDatagramChannel();
              DatagramChannel peer = provider.openDatagramChannel()) {
            DatagramSocket socket = channel.socket();
            say(said, "same", () -> channel.socket() == socket);
            say(said, "channel", () -> socket.getChannel() == channel);
            say(said, "multicast", () -> socket instanceof MulticastSocket);
            socket.bind(ANYWHERE);
            say(said, "bound", socket::isBound);
            say(
                said,
                "port",
                () -> socket.getLocalSocketAddress().equals(channel.getLocalAddress()));
            socket.setSoTimeout(1);
            say(said, "late", () -> receive(socket));
            say(said, "time limit", socket::getSoTimeout);
            socket.setSoTimeout(0);
            peer.send(ByteBuffer.wrap(new byte[] {1, 2, 3}), channel.getLocalAddress());
            say(said, "received", () -> receive(socket));
            socket.send(new DatagramPacket(new byte[2], 2, peer.getLocalAddress()));
            ByteBuffer target = ByteBuffer.allocate(10);
            say(said, "sent", () -> peer.receive(target).equals(channel.getLocalAddress()));
            say(said, "length", target::position);
            socket.setReuseAddress(true);
            say(said, "option", () -> channel.getOption(StandardSocketOptions.SO_REUSEADDR));
            say(
                said,
                "options",
                () -> socket.supportedOptions().equals(channel.supportedOptions()));
            say(said, "chains", () -> socket.setOption(StandardSocketOptions.IP_TOS, 8) == socket);
            socket.connect(peer.getLocalAddress());
            say(said, "connected", () -> socket.isConnected() && channel.isConnected());
            say(said, "peer", () -> socket.getRemoteSocketAddress().equals(peer.getLocalAddress()));
            socket.disconnect();

            DatagramChannel known = socket.getChannel();
            known.configureBlocking(false);
            SelectionKey key = known.register(selector, SelectionKey.OP_READ);
            peer.send(ByteBuffer.allocate(1), channel.getLocalAddress());
            say(said, "selected", selector::select);
            say(said, "key", () -> selector.selectedKeys().contains(key) && key.channel() == known);
            socket.close();
            say(said, "open", () -> channel.isOpen() + " " + socket.isClosed());
            say(said, "closed", () -> receive(socket));
            say(said, "closed", socket::getSoTimeout);
            say(said, "closed", socket::getLocalPort);
            say(said, "closed", () -> socket.setOption(StandardSocketOptions.IP_TOS, 8));
          }
        });
  }

  private static int receive(DatagramSocket socket) throws Exception {
    DatagramPacket packet = new DatagramPacket(new byte[10], 10);
    socket.receive(packet);
    return packet.getLength();
  }

  @ParameterizedTest
  @EnumSource
  void datagramSocket_closedAndInterruptedMeanwhile(Selecting thread) throws Exception {
    compare(
        5,
        (provider, said) -> {
          DatagramChannel closed = provider.openDatagramChannel().bind(ANYWHERE);
          Blocked receive = Blocked.in(thread, () -> receive(closed.socket()));
          closed.close();
          said.add(receive.outcome());

          DatagramChannel channel = provider.openDatagramChannel().bind(ANYWHERE);
          Blocked interrupted = Blocked.in(thread, () -> receive(channel.socket()));
          interrupted.thread().interrupt();
          said.add(interrupted.outcome());
          say(said, "open", () -> channel.isOpen() + " " + channel.socket().isClosed());
          channel.close();
        });
  }

  @Test
  void membership_isOfTheChannel() throws Exception {
    InetAddress group = InetAddress.getByName("239.1.2.3");
    NetworkInterface loopback =
        NetworkInterface.getByInetAddress(InetAddress.getByName("127.0.0.1"));
    compare(
        1,
        (provider, said) -> {
          try (DatagramChannel channel =
              provider.openDatagramChannel(StandardProtocolFamily.INET)) {
            MembershipKey key = channel.join(group, loopback);
            say(said, "channel", () -> key.channel() == channel);
            say(said, "again", () -> channel.join(group, loopback) == key);
            say(said, "group", key::group);
            say(said, "interface", () -> key.networkInterface().equals(loopback));
            say(said, "source", key::sourceAddress);
            say(said, "block", () -> key.block(InetAddress.getByName("127.0.0.9")) == key);
            say(said, "unblock", () -> key.unblock(InetAddress.getByName("127.0.0.9")) == key);
            key.drop();
            say(said, "valid", key::isValid);
            MembershipKey next = channel.join(group, loopback);
            say(said, "new", () -> next != key && next.isValid());
            say(
                said,
                "socket knows",
                () -> {
                  channel.socket().joinGroup(new InetSocketAddress(group, 0), loopback);
                  return null;
                });
          }
        });
  }

  // ---- many at once ----------------------------------------------------------------------------

  /** No wake-up is lost, however keys come and go. */
  @Test
  void wakeUps_amongCancelledKeys_areNotLost() throws Exception {
    try (Watched watched = Watched.of(new RingSelectorProvider());
        Watched other = Watched.of(new RingSelectorProvider())) {
      Selector selector = watched.selector();
      Pipe.SourceChannel source = other.pipe().source();
      for (int i = 0; i < 2000; i++) {
        source.register(selector, SelectionKey.OP_READ).cancel();
        Thread waker = Thread.ofVirtual().start(selector::wakeup);
        assertEquals(0, selector.select());
        waker.join();
        selector.selectNow();
      }
    }
  }

  /** As in the JDK, it is the next selection that looks at a channel that was registered. */
  @Test
  void register_whileSelecting_isSelectedNext() throws Exception {
    compare(
        5,
        (provider, said) -> {
          try (Watched watched = Watched.of(provider)) {
            Selector selector = watched.selector();
            Blocked select = Blocked.in(Selecting.PLATFORM, selector::select);
            Pipe other = provider.openPipe();
            other.source().configureBlocking(false);
            other.sink().write(ByteBuffer.allocate(1));
            SelectionKey key = other.source().register(selector, SelectionKey.OP_READ);
            selector.wakeup();
            said.add(select.outcome());
            say(said, "next", selector::select);
            say(said, "key", () -> selector.selectedKeys().contains(key));
            other.sink().close();
            other.source().close();
            say(said, "closed", key::isValid);
            say(said, "keys", () -> selector.selectNow() + " " + selector.keys().size());
            say(said, "fixed", () -> selector.keys().remove(watched.key()));
          }
        });
  }
}
