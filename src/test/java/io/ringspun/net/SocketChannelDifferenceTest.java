package io.ringspun.net;

import static java.net.StandardProtocolFamily.INET;
import static java.net.StandardProtocolFamily.UNIX;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ringspun.testing.RingCase;
import java.io.InputStream;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketOption;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.channels.spi.SelectorProvider;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** The same calls on the JDK's socket channels and on ours: what they return and throw. */
class SocketChannelDifferenceTest {
  private static final InetAddress LOOPBACK = InetAddress.getLoopbackAddress();
  private static final InetSocketAddress ANYWHERE = new InetSocketAddress(LOOPBACK, 0);
  private static final Pattern PORT = Pattern.compile("(?<=[:=])\\d{4,5}(?=[\\],\\s]|$)");

  @TempDir private Path folder;

  /** What a story does with a provider's channels; each call is written down. */
  private interface Story {
    void tell(Transcript said, SelectorProvider provider) throws Exception;
  }

  /** What the calls came to. */
  private static final class Transcript {
    private final List<String> lines = new ArrayList<>();

    <T> T say(String what, Callable<T> call) {
      try {
        T value = call.call();
        lines.add(what + ": " + described(value));
        return value;
      } catch (Exception e) {
        Class<?> type = e.getClass();
        lines.add(
            what
                + ": "
                + (type.getName().startsWith("io.ringspun")
                    ? "java.io.IOException"
                    : type.getName()));
        return null;
      }
    }

    private static String described(Object value) {
      return switch (value) {
        case SocketChannel _ -> "a channel";
        case ServerSocketChannel _ -> "a server";
        case Socket _ -> "a socket";
        case SelectionKey key -> "a key " + key.isValid();
        case null, default -> PORT.matcher(String.valueOf(value)).replaceAll("PORT");
      };
    }
  }

  private record Named(String name, Story story) {
    @Override
    public String toString() {
      return name;
    }
  }

  private Path socketFile(SelectorProvider provider) {
    return folder.resolve(provider instanceof RingSelectorProvider ? "ours" : "jdks");
  }

  private static ByteBuffer bytes(int count) {
    return ByteBuffer.wrap(new byte[count]);
  }

  private static String read(SocketChannel channel, ByteBuffer target) throws Exception {
    return channel.read(target) + " " + target;
  }

  /** A connected pair. */
  private record Pair(SocketChannel client, SocketChannel peer) implements AutoCloseable {
    static Pair of(SelectorProvider provider) throws Exception {
      try (ServerSocketChannel server = provider.openServerSocketChannel().bind(ANYWHERE)) {
        SocketChannel client = provider.openSocketChannel();
        client.connect(server.getLocalAddress());
        return new Pair(client, server.accept());
      }
    }

    @Override
    public void close() throws Exception {
      client.close();
      peer.close();
    }
  }

  private static void options(Transcript said, SelectorProvider provider) throws Exception {
    try (SocketChannel channel = provider.openSocketChannel();
        SocketChannel v4 = provider.openSocketChannel(INET);
        ServerSocketChannel server = provider.openServerSocketChannel()) {
      for (SocketOption<?> option :
          List.<SocketOption<?>>of(
              StandardSocketOptions.SO_RCVBUF,
              StandardSocketOptions.SO_SNDBUF,
              StandardSocketOptions.SO_REUSEADDR,
              StandardSocketOptions.SO_REUSEPORT,
              StandardSocketOptions.SO_KEEPALIVE,
              StandardSocketOptions.SO_LINGER,
              StandardSocketOptions.IP_TOS,
              StandardSocketOptions.TCP_NODELAY,
              StandardSocketOptions.SO_BROADCAST,
              StandardSocketOptions.IP_MULTICAST_TTL)) {
        said.say("of channel " + option, () -> channel.getOption(option));
        said.say("of v4 " + option, () -> v4.getOption(option));
        said.say("of server " + option, () -> server.getOption(option));
      }
      said.say("linger", () -> channel.setOption(StandardSocketOptions.SO_LINGER, 100_000));
      said.say("linger", () -> channel.getOption(StandardSocketOptions.SO_LINGER));
      said.say("linger", () -> channel.setOption(StandardSocketOptions.SO_LINGER, -5));
      said.say("linger", () -> channel.getOption(StandardSocketOptions.SO_LINGER));
      said.say("tos", () -> channel.setOption(StandardSocketOptions.IP_TOS, 256));
      said.say("tos", () -> channel.setOption(StandardSocketOptions.IP_TOS, 16));
      said.say("tos", () -> channel.getOption(StandardSocketOptions.IP_TOS));
      said.say("buffer", () -> channel.setOption(StandardSocketOptions.SO_SNDBUF, -1));
      said.say("buffer", () -> channel.setOption(StandardSocketOptions.SO_SNDBUF, 20_000));
      said.say("buffer", () -> channel.getOption(StandardSocketOptions.SO_SNDBUF));
      said.say("null", () -> channel.setOption(StandardSocketOptions.TCP_NODELAY, null));
      said.say("no name", () -> channel.setOption(null, 1));
      said.say("broadcast", () -> channel.setOption(StandardSocketOptions.SO_BROADCAST, true));
      said.say("server's delay", () -> server.setOption(StandardSocketOptions.TCP_NODELAY, true));
      said.say("all", () -> names(channel.supportedOptions()));
      said.say("server's", () -> names(server.supportedOptions()));
      channel.close();
      said.say("closed", () -> channel.getOption(StandardSocketOptions.SO_SNDBUF));
      said.say("closed", () -> channel.setOption(StandardSocketOptions.TCP_NODELAY, true));
    }
  }

  private static String names(java.util.Set<SocketOption<?>> options) {
    TreeSet<String> names = new TreeSet<>();
    options.forEach(option -> names.add(option.name()));
    names.remove("SO_OOBINLINE"); // urgent data is refused
    return names.toString();
  }

  private static void unconnected(Transcript said, SelectorProvider provider) throws Exception {
    try (SocketChannel channel = provider.openSocketChannel()) {
      said.say("open", channel::isOpen);
      said.say("blocking", channel::isBlocking);
      said.say("ops", channel::validOps);
      said.say("connected", channel::isConnected);
      said.say("pending", channel::isConnectionPending);
      said.say("read", () -> channel.read(bytes(1)));
      said.say("read nothing", () -> channel.read(bytes(0)));
      said.say("read null", () -> channel.read((ByteBuffer) null));
      said.say("write", () -> channel.write(bytes(1)));
      said.say("gather", () -> channel.write(new ByteBuffer[] {bytes(1)}));
      said.say("gather beyond", () -> channel.write(new ByteBuffer[] {bytes(1)}, 1, 1));
      said.say("finish", channel::finishConnect);
      said.say("shut", channel::shutdownInput);
      said.say("shut", channel::shutdownOutput);
      said.say("local", channel::getLocalAddress);
      said.say("remote", channel::getRemoteAddress);
      said.say("connect null", () -> channel.connect(null));
      said.say(
          "connect to a name",
          () -> channel.connect(InetSocketAddress.createUnresolved("x.invalid", 1)));
      said.say("connect to a file", () -> channel.connect(UnixDomainSocketAddress.of("/x")));
      said.say("bind to a file", () -> channel.bind(UnixDomainSocketAddress.of("/x")));
      said.say("bind elsewhere", () -> channel.bind(new InetSocketAddress("192.0.2.1", 0)));
      said.say("still open", channel::isOpen);
      said.say("bind", () -> channel.bind(ANYWHERE));
      said.say("local", channel::getLocalAddress);
      said.say("bind again", () -> channel.bind(null));
      said.say("refused", () -> channel.connect(new InetSocketAddress(LOOPBACK, 1)));
      said.say("open", channel::isOpen);
      said.say("pending", channel::isConnectionPending);
      said.say("read", () -> channel.read(bytes(1)));
      said.say("connect", () -> channel.connect(ANYWHERE));
      said.say("bind", () -> channel.bind(null));
      said.say("local", channel::getLocalAddress);
      said.say("finish", channel::finishConnect);
      said.say("shut", channel::shutdownInput);
      said.say("mode", () -> channel.configureBlocking(false).isBlocking());
    }
  }

  private static void families(Transcript said, SelectorProvider provider) throws Exception {
    said.say("none", () -> provider.openSocketChannel(null));
    said.say("unknown", () -> provider.openSocketChannel(() -> "other"));
    said.say("unknown", () -> provider.openServerSocketChannel(() -> "other"));
    try (SocketChannel v4 = provider.openSocketChannel(INET);
        SocketChannel v6 = provider.openSocketChannel(StandardProtocolFamily.INET6)) {
      InetAddress loopback6 = Inet6Address.getByName("::1");
      said.say("v6 on v4", () -> v4.connect(new InetSocketAddress(loopback6, 1)));
      said.say("v6 on v4", () -> v4.bind(new InetSocketAddress(loopback6, 0)));
      said.say("any", () -> v4.bind(null).getLocalAddress());
      said.say("any", () -> v6.bind(null).getLocalAddress());
    }
    try (ServerSocketChannel server = provider.openServerSocketChannel();
        SocketChannel channel = provider.openSocketChannel();
        SocketChannel v4 = provider.openSocketChannel(INET)) {
      said.say("any", () -> server.bind(null).getLocalAddress());
      int port = server.socket().getLocalPort();
      said.say("to any", () -> channel.connect(new InetSocketAddress(port)));
      said.say("peer", channel::getRemoteAddress);
      said.say("own", channel::getLocalAddress);
      said.say(
          "to any",
          () -> v4.connect(new InetSocketAddress(Inet4Address.getByName("0.0.0.0"), port)));
      said.say("peer", v4::getRemoteAddress);
      try (SocketChannel a = server.accept();
          SocketChannel b = server.accept()) {
        said.say("accepted", () -> a.getRemoteAddress() + " " + a.getLocalAddress());
        said.say("accepted", () -> b.getRemoteAddress() + " " + b.getLocalAddress());
      }
    }
  }

  private static void transfers(Transcript said, SelectorProvider provider) throws Exception {
    try (Pair pair = Pair.of(provider)) {
      SocketChannel client = pair.client;
      SocketChannel peer = pair.peer;
      said.say("connected", client::isConnected);
      said.say("connect again", () -> client.connect(ANYWHERE));
      said.say("bind", () -> client.bind(null));
      said.say("finish", client::finishConnect);
      ByteBuffer source = ByteBuffer.wrap("0123456789".getBytes()).position(2).limit(8);
      said.say("write", () -> client.write(source) + " " + source);
      ByteBuffer target = ByteBuffer.allocateDirect(20).position(5).limit(8);
      said.say("read", () -> read(peer, target));
      said.say("read", () -> read(peer, ByteBuffer.allocate(20)));
      said.say("read nothing", () -> peer.read(bytes(0)));
      said.say("write nothing", () -> peer.write(bytes(0)));
      said.say("read-only", () -> peer.read(bytes(3).asReadOnlyBuffer()));
      said.say("read-only", () -> peer.read(new ByteBuffer[] {bytes(3).asReadOnlyBuffer()}));
      ByteBuffer[] many = {bytes(3), bytes(0), ByteBuffer.allocateDirect(4), bytes(5)};
      said.say("gather", () -> client.write(many, 0, 3) + Arrays.toString(many));
      ByteBuffer[] few = {bytes(2), ByteBuffer.allocateDirect(3), bytes(0), bytes(9)};
      said.say("scatter", () -> peer.read(few) + Arrays.toString(few));
      said.say("scatter none", () -> peer.read(new ByteBuffer[0]));
      said.say("scatter beyond", () -> peer.read(few, 2, 3));
      said.say("gather none", () -> client.write(new ByteBuffer[] {bytes(0)}));
      said.say("end", client::shutdownOutput);
      said.say("end again", client::shutdownOutput);
      said.say("write", () -> client.write(bytes(1)));
      said.say("gather", () -> client.write(new ByteBuffer[] {bytes(1)}));
      said.say("write nothing", () -> client.write(bytes(0)));
      said.say("read the end", () -> peer.read(bytes(1)));
      said.say("read the end", () -> peer.read(new ByteBuffer[] {bytes(1)}));
      said.say("answer", () -> peer.write(bytes(4)));
      said.say("read", () -> client.read(bytes(9)));
      said.say("deaf", client::shutdownInput);
      said.say("deaf again", client::shutdownInput);
      said.say("read", () -> client.read(bytes(9)));
      said.say("read nothing", () -> client.read(bytes(0)));
      said.say("read-only", () -> client.read(bytes(3).asReadOnlyBuffer()));
      said.say("local", client::getLocalAddress);
      said.say("remote", client::getRemoteAddress);
      client.close();
      said.say("closed", () -> client.read(bytes(1)));
      said.say("closed", () -> client.write(bytes(1)));
      said.say("closed", client::isConnected);
      said.say("closed", client::getRemoteAddress);
      said.say("closed", client::shutdownOutput);
      said.say("closed", () -> client.connect(ANYWHERE));
    }
  }

  private static void reset(Transcript said, SelectorProvider provider) throws Exception {
    try (Pair pair = Pair.of(provider)) {
      pair.client.setOption(StandardSocketOptions.SO_LINGER, 0);
      pair.client.close();
      said.say("read", () -> pair.peer.read(bytes(1)));
      said.say("read", () -> pair.peer.read(bytes(1)));
      said.say("write", () -> pair.peer.write(bytes(1)));
      said.say("shut", pair.peer::shutdownOutput);
      said.say("remote", () -> pair.peer.getRemoteAddress());
      said.say("open", pair.peer::isOpen);
    }
  }

  private static void server(Transcript said, SelectorProvider provider) throws Exception {
    try (ServerSocketChannel server = provider.openServerSocketChannel()) {
      said.say("ops", server::validOps);
      said.say("accept", server::accept);
      said.say("local", server::getLocalAddress);
      said.say("bind", () -> server.bind(UnixDomainSocketAddress.of("/x")));
      said.say("bind", () -> server.bind(InetSocketAddress.createUnresolved("x.invalid", 1)));
      said.say("bind", () -> server.bind(new InetSocketAddress("192.0.2.1", 0)));
      said.say("bind", () -> server.bind(ANYWHERE, -1));
      said.say("bind again", () -> server.bind(ANYWHERE));
      said.say("local", server::getLocalAddress);
      try (ServerSocketChannel other = provider.openServerSocketChannel()) {
        said.say("in use", () -> other.bind(server.getLocalAddress()));
      }
      Thread.currentThread().interrupt();
      said.say("interrupted", server::accept);
      said.say("pending", Thread::interrupted);
      said.say("open", server::isOpen);
      said.say("accept", server::accept);
      said.say("local", server::getLocalAddress);
      said.say("bind", () -> server.bind(null));
    }
  }

  private static void interruptedBefore(Transcript said, SelectorProvider provider)
      throws Exception {
    try (Pair pair = Pair.of(provider)) {
      Thread.currentThread().interrupt();
      said.say("shut", pair.peer::shutdownInput);
      said.say("option", () -> pair.peer.setOption(StandardSocketOptions.TCP_NODELAY, true));
      said.say("mode", () -> pair.peer.configureBlocking(false).isBlocking());
      try (SocketChannel opened = provider.openSocketChannel()) {
        said.say("opened", opened::isOpen);
      }
      said.say("read", () -> pair.client.read(bytes(1)));
      said.say("open", pair.client::isOpen);
      said.say("pending", Thread::interrupted);
      said.say("read", () -> pair.client.read(bytes(1)));
      try (SocketChannel third = provider.openSocketChannel()) {
        Thread.currentThread().interrupt();
        said.say("connect", () -> third.connect(ANYWHERE));
        said.say("open", third::isOpen);
        said.say("pending", Thread::interrupted);
      }
    }
  }

  private void unix(Transcript said, SelectorProvider provider) throws Exception {
    UnixDomainSocketAddress place = UnixDomainSocketAddress.of(socketFile(provider));
    try (ServerSocketChannel server = provider.openServerSocketChannel(UNIX);
        SocketChannel client = provider.openSocketChannel(UNIX);
        SocketChannel late = provider.openSocketChannel(UNIX)) {
      said.say("socket", client::socket);
      said.say("socket", server::socket);
      said.say("options", () -> names(server.supportedOptions()));
      said.say("no port", () -> client.connect(ANYWHERE));
      said.say("no name", () -> client.connect(InetSocketAddress.createUnresolved("x", 1)));
      said.say("bind", () -> server.bind(place));
      said.say("bind again", () -> server.bind(place));
      said.say("local", client::getLocalAddress);
      said.say("bind", () -> client.bind(null).getLocalAddress());
      said.say("bind", () -> client.bind(null));
      said.say("connect", () -> client.connect(place));
      said.say("local", () -> client.getLocalAddress() + "|");
      said.say("remote", () -> client.getRemoteAddress().equals(place));
      try (SocketChannel peer = server.accept()) {
        said.say(
            "peer's", () -> peer.getRemoteAddress() + "|" + peer.getLocalAddress().equals(place));
        said.say("write", () -> peer.write(bytes(5)));
        said.say("read", () -> client.read(bytes(9)));
        said.say("mode", () -> client.configureBlocking(false).isBlocking());
        said.say("read", () -> client.read(bytes(9)));
        peer.write(bytes(2));
        said.say("read", () -> client.read(bytes(9)));
        said.say("mode", () -> server.configureBlocking(false).isBlocking());
        said.say("accept", server::accept);
        said.say("connect", () -> late.connect(place));
        try (SocketChannel second = server.accept()) {
          said.say("read", () -> late.write(bytes(3)) + second.read(bytes(9)));
          said.say("local", () -> second.getLocalAddress().equals(place));
        }
      }
      Files.delete(place.getPath());
      try (SocketChannel lost = provider.openSocketChannel(UNIX)) {
        said.say("nobody", () -> lost.connect(place));
        said.say("open", lost::isOpen);
      }
    }
  }

  private static void selecting(Transcript said, SelectorProvider provider) throws Exception {
    try (Selector selector = provider.openSelector();
        Pair pair = Pair.of(provider);
        ServerSocketChannel server = provider.openServerSocketChannel()) {
      SocketChannel peer = pair.peer;
      said.say("blocking", () -> peer.register(selector, SelectionKey.OP_READ));
      peer.configureBlocking(false);
      said.say("wrong", () -> peer.register(selector, SelectionKey.OP_ACCEPT));
      SelectionKey key = said.say("register", () -> peer.register(selector, SelectionKey.OP_READ));
      said.say("same", () -> peer.register(selector, SelectionKey.OP_READ, "x") == key);
      said.say("attached", key::attachment);
      said.say("found", () -> peer.keyFor(selector) == key && selector.keys().contains(key));
      said.say("blocking", () -> peer.configureBlocking(true));
      said.say("none", selector::selectNow);
      pair.client.write(bytes(3));
      said.say("one", () -> selector.select(10_000));
      said.say("ready", key::readyOps);
      said.say("selected", () -> selector.selectedKeys().contains(key));
      said.say("not again", selector::selectNow);
      said.say("add", () -> selector.selectedKeys().add(key));
      said.say("remove a key", () -> selector.keys().remove(key));
      said.say("more", () -> key.interestOpsOr(SelectionKey.OP_WRITE));
      said.say("updated", selector::selectNow);
      said.say("ready", key::readyOps);
      said.say("clear", () -> selector.selectedKeys().remove(key));
      said.say("consumed", () -> selector.select(ready -> assertEquals(key, ready), 10_000));
      said.say("read", () -> peer.read(bytes(9)));
      said.say("read", () -> peer.read(bytes(9)));
      said.say("bad ops", () -> key.interestOps(SelectionKey.OP_ACCEPT));
      said.say("wake", () -> selector.wakeup().isOpen());
      key.interestOps(SelectionKey.OP_READ);
      selector.selectedKeys().clear();
      said.say("woken", selector::select);
      selector.wakeup();
      key.cancel();
      said.say("cancelled", key::isValid);
      said.say("cancelled", key::interestOps);
      said.say("registered", peer::isRegistered);
      said.say("woken", selector::select);
      said.say("registered", peer::isRegistered);
      said.say("keys", () -> selector.keys().size());
      said.say("again", () -> peer.register(selector, SelectionKey.OP_READ));
      peer.keyFor(selector).cancel();
      said.say("at once", () -> peer.configureBlocking(true).isBlocking());
      pair.client.write(bytes(4));
      said.say("blocking again", () -> peer.read(bytes(9)));
      said.say("bound", () -> server.bind(ANYWHERE));
      said.say("mode", () -> server.configureBlocking(false).isBlocking());
      said.say("local", server::getLocalAddress);
      said.say("none", server::accept);
      SelectionKey accepting = server.register(selector, SelectionKey.OP_ACCEPT);
      try (SocketChannel client = provider.openSocketChannel()) {
        client.configureBlocking(false);
        client.setOption(StandardSocketOptions.TCP_NODELAY, true);
        SelectionKey connecting = client.register(selector, SelectionKey.OP_CONNECT);
        client.connect(server.getLocalAddress());
        while (selector.selectedKeys().size() < 2) {
          selector.select();
        }
        said.say("acceptable", accepting::isAcceptable);
        said.say("connectable", connecting::isConnectable);
        said.say("finish", client::finishConnect);
        said.say("remote", client::getRemoteAddress);
        try (SocketChannel accepted = server.accept()) {
          said.say("accepted", () -> accepted.isBlocking() + " " + accepted.getLocalAddress());
          said.say("write", () -> accepted.write(bytes(6)));
          connecting.interestOps(SelectionKey.OP_READ);
          selector.selectedKeys().clear();
          said.say("readable", () -> selector.select(10_000));
          said.say("read", () -> client.read(bytes(9)));
        }
        selector.selectedKeys().clear();
        selector.select(10_000);
        said.say("end", () -> client.read(bytes(9)));
      }
      said.say("keys", () -> selector.selectNow() + " " + selector.keys().size());
      selector.close();
      said.say("closed", selector::select);
      said.say("closed", selector::keys);
      said.say("closed", () -> server.register(selector, SelectionKey.OP_ACCEPT));
      said.say("registered", server::isRegistered);
    }
  }

  /** Options and addresses outlast the change of modes, whenever it comes. */
  private static void modes(Transcript said, SelectorProvider provider) throws Exception {
    try (ServerSocketChannel server = provider.openServerSocketChannel()) {
      server.bind(ANYWHERE);
      for (int when = 0; when < 3; when++) {
        try (SocketChannel channel = provider.openSocketChannel()) {
          channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
          if (when == 0) {
            channel.configureBlocking(false);
          }
          channel.bind(ANYWHERE);
          SocketAddress own = channel.getLocalAddress();
          if (when == 1) {
            channel.configureBlocking(false);
          }
          channel.connect(server.getLocalAddress());
          while (!channel.finishConnect()) {
            Thread.onSpinWait();
          }
          if (when == 2) {
            channel.configureBlocking(false);
          }
          said.say("own", () -> own.equals(channel.getLocalAddress()));
          said.say("remote", () -> server.getLocalAddress().equals(channel.getRemoteAddress()));
          said.say("option", () -> channel.getOption(StandardSocketOptions.SO_KEEPALIVE));
          said.say("connect", () -> channel.connect(ANYWHERE));
          said.say("bind", () -> channel.bind(null));
          said.say("none", () -> channel.read(bytes(1)));
          said.say("write", () -> channel.write(bytes(7)));
          try (SocketChannel peer = server.accept()) {
            said.say("read", () -> peer.read(bytes(9)));
            said.say("from", () -> peer.getRemoteAddress().equals(own));
            channel.configureBlocking(true);
            peer.write(bytes(2));
            said.say("read", () -> channel.read(bytes(9)));
            channel.shutdownOutput();
            said.say("end", () -> peer.read(bytes(9)));
            said.say("write", () -> channel.write(bytes(1)));
          }
          said.say("end", () -> channel.read(bytes(9)));
        }
      }
    }
  }

  private static void adaptors(Transcript said, SelectorProvider provider) throws Exception {
    try (ServerSocketChannel server = provider.openServerSocketChannel();
        SocketChannel channel = provider.openSocketChannel()) {
      ServerSocket listener = server.socket();
      Socket socket = channel.socket();
      said.say("same", () -> channel.socket() == socket && socket.getChannel() == channel);
      said.say("unbound", () -> listener.isBound() + " " + listener.getLocalPort() + listener);
      said.say("unbound", () -> listener.getInetAddress() + " " + listener.getLocalSocketAddress());
      said.say("accept", listener::accept);
      said.say(
          "unbound",
          () -> socket + " " + socket.isBound() + socket.getLocalPort() + socket.getPort());
      said.say("unbound", () -> socket.getLocalAddress() + " " + socket.getInetAddress());
      said.say("stream", socket::getInputStream);
      said.say(
          "delay",
          () -> {
            socket.setTcpNoDelay(true);
            return socket.getTcpNoDelay();
          });
      said.say(
          "linger",
          () -> {
            socket.setSoLinger(true, 7);
            return socket.getSoLinger();
          });
      said.say(
          "linger",
          () -> {
            socket.setSoLinger(false, 7);
            return socket.getSoLinger();
          });
      said.say(
          "size",
          () -> {
            socket.setSendBufferSize(0);
            return 0;
          });
      said.say(
          "timeout",
          () -> {
            socket.setSoTimeout(-1);
            return 0;
          });
      listener.bind(ANYWHERE);
      said.say(
          "again",
          () -> {
            listener.bind(ANYWHERE);
            return 0;
          });
      said.say("bound", () -> listener.isBound() + " " + listener);
      listener.setSoTimeout(1);
      said.say("timeout", listener::accept);
      said.say("timeout", listener::getSoTimeout);
      listener.setSoTimeout(0);
      said.say(
          "connect",
          () -> {
            socket.connect(listener.getLocalSocketAddress(), 10_000);
            return socket;
          });
      said.say(
          "connected",
          () -> {
            socket.connect(ANYWHERE);
            return 0;
          });
      said.say(
          "bound",
          () -> {
            socket.bind(ANYWHERE);
            return 0;
          });
      said.say("text", socket::toString);
      try (Socket peer = listener.accept()) {
        InputStream in = socket.getInputStream();
        socket.setSoTimeout(1);
        said.say("timeout", in::read);
        peer.getOutputStream().write(new byte[] {-1, 2, 3});
        said.say("read", in::read);
        said.say("read", () -> in.read(new byte[9], 3, 4));
        said.say("read none", () -> in.read(new byte[0]));
        said.say("read beyond", () -> in.read(new byte[1], 1, 1));
        socket.setSoTimeout(0);
        peer.shutdownOutput();
        said.say("end", in::read);
        said.say("state", () -> peer.isOutputShutdown() + " " + peer.isInputShutdown());
        said.say("shut", peer::getOutputStream);
        channel.configureBlocking(false);
        said.say("mode", in::read);
        channel.configureBlocking(true);
        said.say("end", in::read);
      }
      server.configureBlocking(false);
      said.say("mode", listener::accept);
      socket.close();
      said.say("closed", () -> channel.isOpen() + " " + socket.isClosed() + socket.isConnected());
      said.say("closed", socket::getInputStream);
      said.say("closed", socket::getSoTimeout);
      said.say("closed", socket::getTcpNoDelay);
    }
    try (SocketChannel channel = provider.openSocketChannel()) {
      said.say(
          "refused",
          () -> {
            channel.socket().connect(new InetSocketAddress(LOOPBACK, 1), 10_000);
            return 0;
          });
      said.say("closed", channel::isOpen);
    }
    try (SocketChannel channel = provider.openSocketChannel()) {
      said.say(
          "null",
          () -> {
            channel.socket().connect(null, 1);
            return 0;
          });
      said.say(
          "name",
          () -> {
            channel.socket().connect(InetSocketAddress.createUnresolved("x", 1));
            return 0;
          });
      said.say("closed", channel::isOpen);
    }
  }

  /** Random sequences of calls on a connected pair. */
  private static void random(Transcript said, SelectorProvider provider) throws Exception {
    for (int seed = 0; seed < 40; seed++) {
      Random random = new Random(seed);
      int[] unread = new int[2]; // bytes on their way to each end
      boolean[] ended = new boolean[2]; // whether each end has sent its last
      try (Pair pair = Pair.of(provider)) {
        SocketChannel[] ends = {pair.client, pair.peer};
        for (int step = 0; step < 30; step++) {
          int i = random.nextInt(2);
          SocketChannel end = ends[i];
          int size = random.nextInt(5000);
          String what = seed + "." + step + " ";
          switch (random.nextInt(9)) {
            case 0, 1 -> {
              Integer n = said.say(what + "write", () -> end.write(bytes(size)));
              unread[1 - i] += n == null ? 0 : n;
            }
            case 2 -> {
              ByteBuffer[] sources = {bytes(size), ByteBuffer.allocateDirect(size / 2), bytes(7)};
              Long n = said.say(what + "gather", () -> end.write(sources));
              unread[1 - i] += n == null ? 0 : n.intValue();
            }
            case 3, 4 -> {
              if (!end.isBlocking() || unread[i] > 0 || ended[1 - i] || !end.isOpen()) {
                // As much as there is: how much comes at once is up to the network otherwise.
                int room = Math.min(size, unread[i]) + (ended[1 - i] && unread[i] == 0 ? 1 : 0);
                ByteBuffer target = ByteBuffer.allocateDirect(room);
                Integer n = said.say(what + "read", () -> readAll(end, target));
                unread[i] -= n == null || n < 0 ? 0 : n;
              }
            }
            case 5 -> said.say(what + "mode", () -> end.configureBlocking(random.nextBoolean()));
            case 6 ->
                said.say(
                    what + "addresses", () -> end.getLocalAddress() + " " + end.getRemoteAddress());
            case 7 ->
                said.say(
                    what + "option",
                    () ->
                        end.setOption(StandardSocketOptions.TCP_NODELAY, true)
                            .getOption(StandardSocketOptions.TCP_NODELAY));
            default -> {
              if (random.nextInt(6) == 0 && unread[i] == 0) {
                said.say(what + "end", end::shutdownOutput);
                ended[i] = true;
              }
            }
          }
        }
      }
    }
  }

  private static int readAll(SocketChannel channel, ByteBuffer target) throws Exception {
    if (!target.hasRemaining()) {
      return channel.read(target);
    }
    int total = 0;
    while (target.hasRemaining()) {
      int n = channel.read(target);
      if (n < 0) {
        return total == 0 ? -1 : total;
      }
      total += n;
    }
    return total;
  }

  private List<Named> stories() {
    return List.of(
        new Named("options", SocketChannelDifferenceTest::options),
        new Named("unconnected", SocketChannelDifferenceTest::unconnected),
        new Named("families", SocketChannelDifferenceTest::families),
        new Named("transfers", SocketChannelDifferenceTest::transfers),
        new Named("reset", SocketChannelDifferenceTest::reset),
        new Named("server", SocketChannelDifferenceTest::server),
        new Named("interrupted before", SocketChannelDifferenceTest::interruptedBefore),
        new Named("unix", this::unix),
        new Named("selecting", SocketChannelDifferenceTest::selecting),
        new Named("modes", SocketChannelDifferenceTest::modes),
        new Named("adaptors", SocketChannelDifferenceTest::adaptors),
        new Named("random", SocketChannelDifferenceTest::random));
  }

  static Stream<Arguments> cases() {
    return RingCase.all().stream()
        .filter(RingCase::inline)
        .flatMap(
            it ->
                new SocketChannelDifferenceTest()
                    .stories().stream().map(story -> Arguments.of(story.name(), it)));
  }

  @ParameterizedTest
  @MethodSource("cases")
  void calls_doWhatTheJdksDo(String name, RingCase ringCase) throws Exception {
    Story story =
        stories().stream().filter(it -> it.name().equals(name)).findFirst().orElseThrow().story();
    ringCase.run(
        _ -> {
          Transcript expected = new Transcript();
          story.tell(expected, SelectorProvider.provider());
          Transcript actual = new Transcript();
          story.tell(actual, new RingSelectorProvider());
          assertEquals(String.join("\n", expected.lines), String.join("\n", actual.lines));
        });
  }
}
