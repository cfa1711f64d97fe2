package servers;

import io.ringspun.Ring;
import io.ringspun.net.RingSocket;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;

/**
 * Passes connections on to another server: two threads for each, one for either direction, and each
 * a loop of blocking calls.
 *
 * <pre>Proxy PORT HOST TARGET_PORT [--rings N]</pre>
 *
 * <p>When one side ends its output, the proxy ends the output to the other side, which may continue
 * to send. When one side is reset, the proxy resets the other, so that it does not take partial
 * data for all.
 */
final class Proxy {
  private static final int BUFFER_BYTES = 64 << 10;

  private Proxy() {}

  public static void main(String[] args) throws Exception {
    Server.run(
        "usage: Proxy PORT HOST TARGET_PORT [--rings N]",
        args,
        2,
        (_, words) -> {
          var target = new InetSocketAddress(words.get(0), Integer.parseInt(words.get(1)));
          if (target.isUnresolved()) {
            throw new IOException("no such host: " + words.get(0));
          }
          return (ring, client) -> connect(ring, client, target);
        });
  }

  private static void connect(Ring ring, RingSocket client, InetSocketAddress target)
      throws IOException {
    try (RingSocket server = reach(ring, client, target)) {
      server.setOption(StandardSocketOptions.TCP_NODELAY, true);
      Thread answers = ring.startVirtualThread(() -> copy(server, client));
      copy(client, server);
      join(answers);
    }
  }

  private static RingSocket reach(Ring ring, RingSocket client, InetSocketAddress target)
      throws IOException {
    try {
      return RingSocket.connect(ring, target);
    } catch (IOException e) {
      reset(client);
      throw e;
    }
  }

  /** Copies one direction to its end. */
  private static void copy(RingSocket from, RingSocket to) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(BUFFER_BYTES);
      for (int n = from.read(buffer); n >= 0; n = from.read(buffer)) {
        to.writeFully(buffer.asSlice(0, n));
      }
      to.shutdownOutput();
    } catch (IOException _) {
      reset(from); // which ends the other direction too
      reset(to);
    }
  }

  /** Resets a connection, so that the peer can tell that it did not end normally. */
  private static void reset(RingSocket socket) {
    try (socket) {
      socket.setOption(StandardSocketOptions.SO_LINGER, 0);
    } catch (IOException _) {
      // closed already
    }
  }

  private static void join(Thread thread) throws IOException {
    try {
      thread.join();
    } catch (InterruptedException e) {
      throw new IOException("told to end", e);
    }
  }
}
