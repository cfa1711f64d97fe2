package io.ringspun.benchmarks;

import io.ringspun.benchmarks.TurnTable.Column;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;

/**
 * Memory for connections that have echoed one byte and are silent since: what the server's resident
 * set has grown by.
 */
record EchoIdle(List<Integer> connections) implements EchoWork {
  private static final int WARMUP_CONNECTIONS = 100;

  @Override
  public String pointName() {
    return "Connections";
  }

  @Override
  public List<Point> points() {
    return connections.stream()
        .map(count -> new Point("%,d".formatted(count), server -> run(server, count)))
        .toList();
  }

  @Override
  public List<Column> columns() {
    return List.of(new Column("Bytes/connection", "%,.0f", true));
  }

  @Override
  public boolean needsFreshServer() {
    return true;
  }

  private static double[] run(PinnedServer server, int count)
      throws IOException, InterruptedException {
    grown(server, WARMUP_CONNECTIONS);
    server.awaitNoConnections();
    return new double[] {(double) grown(server, count) / count};
  }

  private static long grown(PinnedServer server, int count) throws IOException {
    long before = server.residentBytes();
    List<SocketChannel> sockets = new ArrayList<>();
    try {
      for (int i = 0; i < count; i++) {
        SocketChannel socket =
            SocketChannel.open(new InetSocketAddress("127.0.0.1", server.port()));
        sockets.add(socket);
        ByteBuffer one = ByteBuffer.allocate(1).put(0, (byte) i);
        socket.write(one);
        if (socket.read(one.clear()) != 1 || one.get(0) != (byte) i) {
          throw new IllegalStateException("another byte came back than was sent");
        }
      }
      return server.residentBytes() - before;
    } finally {
      for (SocketChannel socket : sockets) {
        socket.close();
      }
    }
  }
}
