package servers;

import static java.net.StandardProtocolFamily.INET;
import static java.net.StandardProtocolFamily.INET6;

import io.ringspun.Ring;
import io.ringspun.RingGroup;
import io.ringspun.RingOptions;
import io.ringspun.net.Connections;
import io.ringspun.net.RingListener;
import io.ringspun.net.RingSocket;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * The common part of the example servers. Every ring has a listener of its own on the port; the
 * kernel distributes connections among them ({@code SO_REUSEPORT}), and a connection stays on the
 * ring that accepted it, with a virtual thread of its own.
 *
 * <p>A server runs until its process is terminated. Exit status: 1 for a failure to start, 2 for
 * wrong usage.
 */
final class Server {
  private static final int BACKLOG = 4096;

  /** The service of a server. */
  interface Service {
    /** Serves a connection to its end, on the ring; it is closed afterwards. */
    void serve(Ring ring, RingSocket socket) throws IOException;
  }

  /** Creates a service from the arguments between the port and the options. */
  interface Maker {
    /** Creates the service; throws {@link IllegalArgumentException} if the arguments are wrong. */
    Service make(RingGroup rings, List<String> words) throws IOException;
  }

  private final Service service;
  private final CompletableFuture<Exception> end = new CompletableFuture<>(); // why accepting ended

  private Server(Service service) {
    this.service = service;
  }

  /** Runs a server with the command line {@code PORT WORDS... [--rings N]}. */
  static void run(String usage, String[] args, int wordCount, Maker maker) {
    List<String> words = new ArrayList<>(List.of(args));
    try {
      int option = words.indexOf("--rings");
      int rings = option < 0 ? 1 : number(words, option + 1, 1, 1024);
      if (option >= 0) {
        words.subList(option, option + 2).clear();
      }
      int port = number(words, 0, 0, 65_535);
      if (words.size() != 1 + wordCount) {
        throw new IllegalArgumentException(words.size() - 1 + " words, not " + wordCount);
      }
      try (RingGroup group = RingGroup.open(rings, RingOptions.defaults())) {
        Service service = maker.make(group, words.subList(1, words.size()));
        Server server = new Server(service);
        server.listen(group, port);
        throw new IOException("no more connections: " + server.end.join());
      }
    } catch (IllegalArgumentException _) {
      System.err.println(usage);
      System.exit(2);
    } catch (IOException e) {
      System.err.println("ringspun: " + e.getMessage());
      System.exit(1);
    }
  }

  private static int number(List<String> words, int index, int least, int most) {
    int number = index < words.size() ? Integer.parseInt(words.get(index)) : -1;
    if (number < least || number > most) {
      throw new IllegalArgumentException(number + " is too small or too big");
    }
    return number;
  }

  private void listen(RingGroup group, int port) throws IOException {
    Ring first = group.rings().getFirst();
    StandardProtocolFamily family = hasIpv6(first) ? INET6 : INET;
    InetSocketAddress address = free(first, family, port);
    for (Ring ring : group.rings()) {
      RingListener listener = RingListener.open(ring, family);
      listener.setOption(StandardSocketOptions.SO_REUSEADDR, true);
      listener.setOption(StandardSocketOptions.SO_REUSEPORT, true);
      listener.bindTo(address, BACKLOG);
      ring.startVirtualThread(() -> accept(ring, listener));
    }
    System.out.println("listening on port " + address.getPort());
  }

  private static boolean hasIpv6(Ring ring) throws IOException {
    try (RingSocket socket = RingSocket.open(ring, INET6)) {
      return true;
    } catch (UnsupportedOperationException _) {
      return false;
    }
  }

  /**
   * Returns the address of a port that is free, which {@code SO_REUSEPORT} alone does not tell: it
   * would share the port with another server that set it.
   */
  private static InetSocketAddress free(Ring ring, StandardProtocolFamily family, int port)
      throws IOException {
    try (RingSocket socket = RingSocket.open(ring, family)) {
      socket.setOption(StandardSocketOptions.SO_REUSEADDR, true);
      socket.bind(new InetSocketAddress(port));
      return new InetSocketAddress(((InetSocketAddress) socket.localAddress()).getPort());
    } catch (IOException e) {
      throw new IOException("cannot listen on port %d: %s".formatted(port, e.getMessage()), e);
    }
  }

  private void accept(Ring ring, RingListener listener) {
    try (listener;
        Connections connections = listener.connections()) {
      while (true) {
        RingSocket socket = connections.accept();
        ring.startVirtualThread(() -> serve(ring, socket));
      }
    } catch (IOException | RuntimeException e) {
      end.complete(e);
    }
  }

  private void serve(Ring ring, RingSocket socket) {
    try (socket) {
      socket.setOption(StandardSocketOptions.TCP_NODELAY, true);
      service.serve(ring, socket);
    } catch (IOException _) {
      // the peer has closed the connection, so the error cannot be reported to it
    }
  }
}
