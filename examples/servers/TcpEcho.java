package servers;

import io.ringspun.net.RingSocket;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Sends back whatever it receives: a thread for each connection, straight-line.
 *
 * <pre>TcpEcho PORT [--rings N]</pre>
 */
final class TcpEcho {
  private static final int BUFFER_BYTES = 16 << 10;

  private TcpEcho() {}

  public static void main(String[] args) throws Exception {
    Server.run("usage: TcpEcho PORT [--rings N]", args, 0, (_, _) -> (_, socket) -> echo(socket));
  }

  private static void echo(RingSocket socket) throws IOException {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(BUFFER_BYTES);
      for (int n = socket.read(buffer); n >= 0; n = socket.read(buffer)) {
        socket.writeFully(buffer.asSlice(0, n));
      }
    }
  }
}
