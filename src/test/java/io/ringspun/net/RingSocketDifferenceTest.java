package io.ringspun.net;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.Ring;
import io.ringspun.net.SocketKit.Blocked;
import io.ringspun.net.SocketKit.Pair;
import io.ringspun.net.SocketKit.ThreadStarter;
import io.ringspun.testing.Await;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import io.ringspun.testing.RingWork;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketOption;
import java.net.StandardSocketOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import jdk.net.ExtendedSocketOptions;
import org.junit.jupiter.params.ParameterizedTest;

/** The same calls on the JDK's own sockets and on ours must come to the same, to the letter. */
class RingSocketDifferenceTest {
  /** What is done, and where what is seen is noted. */
  interface Program {
    void run(SocketKit kit, Log log) throws Exception;
  }

  /** What was seen, step by step, and how threads are started. */
  static final class Log {
    private final List<String> lines = new ArrayList<>();
    private final ThreadStarter starter;

    Log(ThreadStarter starter) {
      this.starter = starter;
    }

    void note(String what, Callable<?> call) {
      lines.add(what + " -> " + SocketKit.outcome(call));
    }

    void noteDone(String what, Caller.Action action) {
      note(
          what,
          () -> {
            action.run();
            return "done";
          });
    }

    Blocked block(Callable<?> call) {
      return Blocked.in(starter, call);
    }
  }

  private static void compare(Caller caller, Program program) throws Exception {
    ThreadStarter plain =
        caller == Caller.PLATFORM
            ? task -> Thread.ofPlatform().daemon().start(task)
            : task -> Thread.ofVirtual().start(task);
    List<String> expected = run(plain, SocketKit.JDK, program);
    try (Ring ring = Ring.open()) {
      List<String> actual = run(task -> caller.start(ring, task), SocketKit.of(ring), program);
      for (int i = 0; i < Math.min(expected.size(), actual.size()); i++) {
        assertEquals(expected.get(i), actual.get(i), "step " + i);
      }
      assertEquals(expected, actual);
      assertTrue(RingWork.of(ring) > 0, "the ring must have done it");
    }
  }

  private static List<String> run(ThreadStarter starter, SocketKit kit, Program program) {
    Log log = new Log(starter);
    Thread main =
        starter.start(
            () -> {
              try {
                program.run(kit, log);
              } catch (Throwable e) {
                log.lines.add("failed: " + e);
              }
            });
    Await.ended(main);
    return log.lines;
  }

  private static byte[] bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }

  @ParameterizedTest
  @EachCaller
  void streams(Caller caller) throws Exception {
    compare(
        caller,
        (kit, log) -> {
          try (Pair pair = kit.pair()) {
            OutputStream out = pair.client().getOutputStream();
            InputStream in = pair.server().getInputStream();
            byte[] target = new byte[10];
            log.note("available at first", in::available);
            out.write(bytes(1, 2, 3, 4, 5, 200));
            out.flush();
            Await.until("bytes arrive", () -> in.available() == 6);
            log.note("read 0", () -> in.read(target, 0, 0));
            log.note("read one", in::read);
            log.note("skip", () -> in.skip(1));
            log.note("read some", () -> in.read(target, 2, 3));
            log.note("what", target::clone);
            log.note("read 200", in::read);
            log.note("nothing left", in::available);
            log.note("read beyond", () -> in.read(target, 8, 3));
            log.note("read negative", () -> in.read(target, -1, 3));
            log.note("read null", () -> in.read(null, 0, 1));
            log.noteDone("write beyond", () -> out.write(target, 8, 3));
            log.noteDone("write null", () -> out.write(null, 0, 1));
            log.noteDone("write nothing", () -> out.write(target, 0, 0));
            out.write(7);
            out.write(bytes(8, 9), 1, 1);
            pair.client().shutdownOutput();
            log.note("the rest", in::readAllBytes);
            log.note("end", in::read);
            log.note("end again", () -> in.read(target));
            log.note("end of nothing", () -> in.read(target, 0, 0));
            log.note("available at the end", in::available);
            log.note("same stream", () -> in == pair.server().getInputStream());
            in.close();
            log.note("closed by its stream", pair.server()::isClosed);
            log.note("end, even closed", in::read);
            log.note("available when closed", in::available);
          }
        });
  }

  @ParameterizedTest
  @EachCaller
  void halfClose(Caller caller) throws Exception {
    compare(
        caller,
        (kit, log) -> {
          try (Pair pair = kit.pair()) {
            Socket client = pair.client();
            OutputStream out = client.getOutputStream();
            InputStream in = client.getInputStream();
            InputStream serverIn = pair.server().getInputStream();
            client.shutdownOutput();
            log.note("peer finds the end", serverIn::read);
            log.noteDone("write behind it", () -> out.write(1));
            log.note("output stream", client::getOutputStream);
            log.noteDone("again", client::shutdownOutput);
            pair.server().getOutputStream().write(42);
            log.note("other direction", in::read);
            log.note("flags", () -> client.isOutputShutdown() + " " + client.isInputShutdown());
            client.shutdownInput();
            log.note("read behind", in::read);
            log.note("available behind", in::available);
            log.note("input stream", client::getInputStream);
            log.noteDone("again", client::shutdownInput);
          }
          try (Pair pair = kit.pair()) {
            InputStream in = pair.client().getInputStream();
            Blocked read = log.block(in::read);
            pair.client().shutdownInput();
            log.note("shutdownInput while blocked", read::outcome);
          }
        });
  }

  @ParameterizedTest
  @EachCaller
  void timeLimits(Caller caller) throws Exception {
    compare(
        caller,
        (kit, log) -> {
          try (Pair pair = kit.pair()) {
            InputStream in = pair.client().getInputStream();
            log.noteDone("negative", () -> pair.client().setSoTimeout(-1));
            pair.client().setSoTimeout(20);
            log.note("limit", pair.client()::getSoTimeout);
            log.note("too late", in::read);
            log.note("too late again", () -> in.read(new byte[3]));
            pair.server().getOutputStream().write(5);
            Await.until("it arrives", () -> in.available() == 1);
            log.note("in time", in::read);
            pair.client().setSoTimeout(0);
            Blocked read = log.block(in::read);
            pair.server().getOutputStream().write(6);
            log.note("without limit", read::outcome);
          }
          try (ServerSocket listener = kit.listen()) {
            listener.setSoTimeout(20);
            log.note("nobody comes", listener::accept);
            try (Socket client = kit.clients().createSocket("localhost", listener.getLocalPort());
                Socket server = listener.accept()) {
              server.getOutputStream().write(1);
              log.note("somebody came", () -> client.getInputStream().read());
              log.note("limit of what was accepted", server::getSoTimeout);
            }
          }
        });
  }

  @ParameterizedTest
  @EachCaller
  void connecting(Caller caller) throws Exception {
    compare(
        caller,
        (kit, log) -> {
          int nobody;
          try (ServerSocket listener = kit.listen()) {
            nobody = listener.getLocalPort();
          }
          InetAddress loopback = InetAddress.getLoopbackAddress();
          log.note("refused", () -> kit.clients().createSocket(loopback, nobody));
          log.note(
              "refused in time",
              () -> {
                try (Socket socket = kit.clients().createSocket()) {
                  socket.connect(new InetSocketAddress(loopback, nobody), 1000);
                  return socket;
                }
              });
          Socket refused = kit.clients().createSocket();
          log.noteDone("refused", () -> refused.connect(new InetSocketAddress(loopback, nobody)));
          log.note("closed by it", refused::isClosed);
          log.noteDone("again", () -> refused.connect(new InetSocketAddress(loopback, nobody)));
          Socket unknown = kit.clients().createSocket();
          log.noteDone(
              "unknown host",
              () -> unknown.connect(InetSocketAddress.createUnresolved("nowhere.invalid", 1)));
          log.note("closed by it", unknown::isClosed);
          try (Socket fresh = kit.clients().createSocket()) {
            log.note("no input", fresh::getInputStream);
            log.note("no output", fresh::getOutputStream);
            log.noteDone("no shutdown", fresh::shutdownInput);
            log.note("not bound", fresh::isBound);
            log.note("not connected", fresh::isConnected);
            log.note("no port", fresh::getPort);
            log.note("no local port", fresh::getLocalPort);
            log.note("no address", fresh::getInetAddress);
            log.note("local address", fresh::getLocalAddress);
            log.note("as text", fresh::toString);
            log.note("no channel", fresh::getChannel);
            log.noteDone("null", () -> fresh.connect(null));
            log.noteDone("negative", () -> fresh.connect(new InetSocketAddress(loopback, 1), -1));
            log.noteDone("bind", () -> fresh.bind(new InetSocketAddress(loopback, 0)));
            log.note("local port", () -> fresh.getLocalPort() > 0);
            log.noteDone("bind again", () -> fresh.bind(new InetSocketAddress(loopback, 0)));
            try (ServerSocket listener = kit.listen()) {
              fresh.connect(listener.getLocalSocketAddress());
              log.noteDone("again", () -> fresh.connect(listener.getLocalSocketAddress()));
              log.noteDone("bind late", () -> fresh.bind(null));
              try (Socket taken = kit.clients().createSocket()) {
                log.noteDone(
                    "bind where taken", () -> taken.bind(listener.getLocalSocketAddress()));
              }
              log.note(
                  "listen where taken",
                  () -> kit.servers().createServerSocket(listener.getLocalPort(), 1, loopback));
            }
          }
          try (Socket closed = kit.clients().createSocket()) {
            closed.close();
            log.noteDone(
                "connect closed", () -> closed.connect(new InetSocketAddress(loopback, 1)));
            log.noteDone("bind closed", () -> closed.bind(null));
            log.note("option of closed", closed::getTcpNoDelay);
            log.note("input of closed", closed::getInputStream);
          }
        });
  }

  @ParameterizedTest
  @EachCaller
  void addresses(Caller caller) throws Exception {
    compare(
        caller,
        (kit, log) -> {
          for (String host : List.of("127.0.0.1", "::1", "localhost")) {
            InetAddress address = InetAddress.getByName(host);
            try (ServerSocket listener = kit.servers().createServerSocket(0, 5, address);
                Socket client =
                    kit.clients().createSocket(address, listener.getLocalPort(), address, 0);
                Socket server = listener.accept()) {
              log.note(host, listener::getInetAddress);
              log.note("client's peer", client::getInetAddress);
              log.note("client", client::getLocalAddress);
              log.note("server's peer", server::getInetAddress);
              log.note("server", server::getLocalAddress);
              log.note("port", () -> client.getLocalPort() == server.getPort());
              log.note("other port", () -> client.getPort() == server.getLocalPort());
              log.note("as text", () -> server.toString().replaceAll("\\d{2,}", "N"));
              log.note("listener", () -> listener.toString().replaceAll("\\d{2,}", "N"));
            }
          }
          try (ServerSocket every = kit.servers().createServerSocket(0)) {
            log.note("wildcard", every::getInetAddress);
            for (String host : List.of("127.0.0.1", "::1")) {
              try (Socket client = kit.clients().createSocket(host, every.getLocalPort());
                  Socket server = every.accept()) {
                log.note("by " + host, server::getInetAddress);
                log.note("at", server::getLocalAddress);
              }
            }
            try (Socket any = kit.clients().createSocket()) {
              any.connect(new InetSocketAddress((InetAddress) null, every.getLocalPort()));
              log.note("to the wildcard", any::isConnected);
            }
          }
        });
  }

  @ParameterizedTest
  @EachCaller
  void options(Caller caller) throws Exception {
    compare(
        caller,
        (kit, log) -> {
          try (ServerSocket listener = kit.servers().createServerSocket();
              Socket socket = kit.clients().createSocket()) {
            log.note("listener's options", () -> names(listener.supportedOptions()));
            log.note("options", () -> names(socket.supportedOptions()));
            for (SocketOption<?> option : sorted(socket)) {
              log.note(option.name(), () -> socket.getOption(option));
              log.note("listener's " + option.name(), () -> listener.getOption(option));
            }
            socket.setTcpNoDelay(true);
            socket.setKeepAlive(true);
            socket.setReuseAddress(true);
            socket.setOOBInline(true);
            socket.setSoLinger(true, 7);
            socket.setTrafficClass(0x10);
            socket.setSendBufferSize(30_000);
            socket.setReceiveBufferSize(40_000);
            socket.setOption(StandardSocketOptions.SO_REUSEPORT, true);
            socket.setOption(ExtendedSocketOptions.TCP_KEEPIDLE, 99);
            socket.setOption(ExtendedSocketOptions.TCP_KEEPCOUNT, 4);
            for (SocketOption<?> option : sorted(socket)) {
              log.note(option.name() + " set", () -> socket.getOption(option));
            }
            log.note("inline", socket::getOOBInline);
            log.note("linger", socket::getSoLinger);
            socket.setSoLinger(false, 0);
            log.note("no linger", socket::getSoLinger);
            log.note("no linger", () -> socket.getOption(StandardSocketOptions.SO_LINGER));
            log.noteDone("bad linger", () -> socket.setSoLinger(true, -3));
            log.noteDone("bad class", () -> socket.setTrafficClass(256));
            log.noteDone("bad size", () -> socket.setSendBufferSize(0));
            log.note(
                "negative size",
                () -> socket.setOption(StandardSocketOptions.SO_SNDBUF, -1).isBound());
            log.note(
                "of no stream",
                () -> socket.setOption(StandardSocketOptions.SO_BROADCAST, true).isBound());
            log.note("null", () -> socket.setOption(StandardSocketOptions.SO_SNDBUF, null));
            log.note(
                "not of a listener",
                () -> listener.setOption(StandardSocketOptions.TCP_NODELAY, true).isBound());
            log.note("listener reuses", listener::getReuseAddress);
            listener.setReceiveBufferSize(50_000);
            log.note("listener's buffer", listener::getReceiveBufferSize);
          }
        });
  }

  private static List<SocketOption<?>> sorted(Socket socket) {
    return socket.supportedOptions().stream()
        .filter(option -> !option.name().equals("SO_INCOMING_NAPI_ID"))
        .sorted((a, b) -> a.name().compareTo(b.name()))
        .collect(Collectors.toList());
  }

  private static String names(java.util.Set<SocketOption<?>> options) {
    TreeSet<String> names = new TreeSet<>();
    options.forEach(option -> names.add(option.name()));
    return names.toString();
  }

  @ParameterizedTest
  @EachCaller
  void peersThatLeave(Caller caller) throws Exception {
    compare(
        caller,
        (kit, log) -> {
          try (Pair pair = kit.pair()) {
            InputStream in = pair.client().getInputStream();
            OutputStream out = pair.client().getOutputStream();
            pair.server().setSoLinger(true, 0);
            Blocked read = log.block(in::read);
            pair.server().close();
            log.note("reset while blocked", read::outcome);
            log.note("reset again", in::read);
            log.noteDone("write", () -> out.write(1));
            log.note("available", in::available);
          }
          try (Pair pair = kit.pair()) {
            pair.client().getOutputStream().write(new byte[100]);
            InputStream serverIn = pair.server().getInputStream();
            Await.until("bytes arrive", () -> serverIn.available() == 100);
            pair.server().getOutputStream().write(9);
            pair.server().close();
            InputStream in = pair.client().getInputStream();
            log.note("last word of one that left something unread", in::read);
            log.note("end", in::read);
            log.noteDone("write", () -> pair.client().getOutputStream().write(1));
          }
          try (ServerSocket listener = kit.listen()) {
            Socket early = kit.clients().createSocket("localhost", listener.getLocalPort());
            early.setSoLinger(true, 0);
            early.close();
            try (Socket server = listener.accept()) {
              log.note("reset before it was accepted", () -> server.getInputStream().read());
              log.note("its peer", server::getInetAddress);
            }
          }
        });
  }

  @ParameterizedTest
  @EachCaller
  void closedMeanwhile(Caller caller) throws Exception {
    compare(
        caller,
        (kit, log) -> {
          try (Pair pair = kit.pair()) {
            Blocked read = log.block(pair.client().getInputStream()::read);
            Blocked write = log.block(() -> fill(pair.client()));
            pair.client().close();
            log.note("read", read::outcome);
            log.note("write", write::outcome);
            log.note("flags", () -> pair.client().isClosed() + " " + pair.client().isConnected());
          }
          ServerSocket listener = kit.listen();
          Blocked accept = log.block(listener::accept);
          listener.close();
          log.note("accept", accept::outcome);
          log.note("accept closed", listener::accept);
          try (ServerSocket unbound = kit.servers().createServerSocket()) {
            log.note("accept unbound", unbound::accept);
          }
          try (FullListener full = new FullListener(kit);
              Socket socket = kit.clients().createSocket()) {
            Blocked connect =
                log.block(
                    () -> {
                      socket.connect(full.address());
                      return null;
                    });
            socket.close();
            log.note("connect", connect::outcome);
            log.note(
                "connect in time",
                () -> {
                  try (Socket other = kit.clients().createSocket()) {
                    other.connect(full.address(), 20);
                    return other;
                  }
                });
          }
        });
  }

  private static Object fill(Socket socket) throws IOException {
    byte[] much = new byte[1 << 20];
    OutputStream out = socket.getOutputStream(); // once: of a closed socket it is refused otherwise
    while (true) {
      out.write(much);
    }
  }

  /** A listener that nobody serves, with a full queue, so that who connects must wait. */
  private static final class FullListener implements AutoCloseable {
    private final ServerSocket listener;
    private final List<Socket> waiting = new ArrayList<>();

    FullListener(SocketKit kit) throws IOException {
      listener = kit.servers().createServerSocket(0, 1, InetAddress.getLoopbackAddress());
      for (int i = 0; i < 2; i++) {
        waiting.add(new Socket(listener.getInetAddress(), listener.getLocalPort()));
      }
    }

    InetSocketAddress address() {
      return (InetSocketAddress) listener.getLocalSocketAddress();
    }

    @Override
    public void close() throws IOException {
      listener.close();
      for (Socket socket : waiting) {
        socket.close();
      }
    }
  }

  @ParameterizedTest
  @EachCaller
  void interruptedMeanwhile(Caller caller) throws Exception {
    compare(
        caller,
        (kit, log) -> {
          try (Pair pair = kit.pair()) {
            Blocked read = log.block(pair.client().getInputStream()::read);
            read.thread().interrupt();
            if (read.thread().isVirtual()) {
              log.note("read", read::outcome);
            } else {
              pair.server().getOutputStream().write(3);
              log.note("read goes on", read::outcome);
            }
            log.note("closed", pair.client()::isClosed);
          }
          try (Pair pair = kit.pair()) {
            Blocked write = log.block(() -> fill(pair.client()));
            write.thread().interrupt();
            if (!write.thread().isVirtual()) {
              pair.client().close();
            }
            log.note("write", write::outcome);
            log.note("closed", pair.client()::isClosed);
          }
          try (ServerSocket listener = kit.listen()) {
            Blocked accept =
                log.block(
                    () -> {
                      listener.accept().close();
                      return "accepted";
                    });
            accept.thread().interrupt();
            if (accept.thread().isVirtual()) {
              log.note("accept", accept::outcome);
            } else {
              kit.clients().createSocket("localhost", listener.getLocalPort()).close();
              log.note("accept goes on", accept::outcome);
            }
            log.note("closed", listener::isClosed);
          }
          try (FullListener full = new FullListener(kit);
              Socket socket = kit.clients().createSocket()) {
            Blocked connect =
                log.block(
                    () -> {
                      socket.connect(full.address(), 10_000);
                      return "connected";
                    });
            connect.thread().interrupt();
            if (connect.thread().isVirtual()) {
              log.note("connect", connect::outcome);
            } else {
              full.listener.accept().close();
              log.note("connect goes on", connect::outcome);
            }
            log.note("closed", socket::isClosed);
          }
        });
  }

  @ParameterizedTest
  @EachCaller
  void interruptedBefore(Caller caller) throws Exception {
    compare(
        caller,
        (kit, log) -> {
          try (Pair pair = kit.pair()) {
            Thread.currentThread().interrupt();
            pair.server().getOutputStream().write(8);
            InputStream in = pair.client().getInputStream();
            while (in.available() == 0) {
              Thread.onSpinWait();
            }
            log.note("what is there is read", in::read);
            log.note("still interrupted", () -> Thread.currentThread().isInterrupted());
            pair.client().setSoTimeout(20);
            log.note("what is not there", in::read);
            log.note("closed", pair.client()::isClosed);
            log.note("still interrupted", Thread::interrupted);
          }
        });
  }
}
