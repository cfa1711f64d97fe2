package io.ringspun.benchmarks;

import io.ringspun.net.RingListener;
import io.ringspun.net.RingSocket;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Messages that come back over connections whose two ends both have a thread that the rings carry.
 * An operation is a message of 64 bytes there and back.
 */
final class EchoPairs extends Arm {
  static final int OPERATIONS = 100_000;

  private static final int BYTES = 64;

  private final Rings rings;
  private final Crew crew;
  private final List<RingSocket> clients = new ArrayList<>();
  private final List<Thread> servers = new ArrayList<>();

  private EchoPairs(Rings rings, Starter threads, int connections) throws IOException {
    this.rings = rings;
    crew = new Crew(threads, connections);
    InetAddress here = InetAddress.getLoopbackAddress();
    try (RingListener listener = RingListener.bind(rings.first(), new InetSocketAddress(here, 0))) {
      for (int i = 0; i < connections; i++) {
        clients.add(RingSocket.connect(rings.first(), listener.localAddress()));
        RingSocket accepted = listener.accept();
        servers.add(threads.start(() -> echo(accepted)));
      }
    }
  }

  static Arm open(String arm, int connections) throws IOException {
    Rings rings = Rings.onePerProcessor();
    return switch (arm) {
      case "group" -> new EchoPairs(rings, Starter.of(rings.carried()), connections);
      case "staying" -> new EchoPairs(rings, rings.staying(), connections);
      default -> throw Workload.unknown(arm);
    };
  }

  private static void echo(RingSocket socket) {
    try (socket;
        Arena arena = Arena.ofConfined()) {
      ByteBuffer buffer = arena.allocate(BYTES).asByteBuffer();
      while (socket.read(buffer.clear()) > 0) {
        socket.writeFully(buffer.flip());
      }
    } catch (IOException e) {
      throw new IllegalStateException(e); // the client then waits for bytes in vain
    }
  }

  @Override
  void run(int operations) throws Exception {
    rings.count();
    crew.run(operations, this::call);
    rings.requireDone(operations, Rings.Way.EITHER);
  }

  private void call(int member, int operations) throws IOException {
    RingSocket socket = clients.get(member);
    try (Arena arena = Arena.ofConfined()) {
      ByteBuffer buffer = arena.allocate(BYTES).asByteBuffer();
      for (int i = 0; i < operations; i++) {
        socket.writeFully(buffer.clear().putInt(0, i));
        buffer.clear();
        while (buffer.hasRemaining()) {
          if (socket.read(buffer) < 0) {
            throw new IllegalStateException("the server is gone");
          }
        }
        if (buffer.getInt(0) != i) {
          throw new IllegalStateException("another message came back");
        }
      }
    }
  }

  @Override
  public void close() throws Exception {
    for (RingSocket client : clients) {
      client.close();
    }
    for (Thread server : servers) {
      server.join();
    }
    rings.close();
  }
}
