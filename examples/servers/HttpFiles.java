package servers;

import io.ringspun.Ring;
import io.ringspun.file.RingDirectory;
import io.ringspun.net.RingSocket;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.file.FileSystemException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Serves the files below a directory over HTTP/1.1: a thread for each connection, which reads a
 * request, answers, and reads the next.
 *
 * <pre>HttpFiles PORT DIRECTORY [--rings N]</pre>
 */
final class HttpFiles {
  private static final int REQUEST_BYTES_MAX = 8 << 10;
  private static final int BUFFER_BYTES = 64 << 10;
  private static final int LINGER_BYTES_MAX = 1 << 20;
  private static final Duration WAIT_MAX = Duration.ofSeconds(30);

  private final RingSocket socket;
  private final ByteBuffer buffer;
  private final HttpAnswer answer;
  private final byte[] received = new byte[REQUEST_BYTES_MAX];

  private HttpFiles(RingDirectory root, RingSocket socket, ByteBuffer buffer) {
    this.socket = socket;
    this.buffer = buffer;
    answer = new HttpAnswer(root, socket, buffer);
  }

  public static void main(String[] args) {
    Server.run(
        "usage: HttpFiles PORT DIRECTORY [--rings N]",
        args,
        1,
        (rings, words) -> {
          RingDirectory root = open(rings.next(), words.getFirst());
          return (_, socket) -> {
            try (Arena arena = Arena.ofConfined()) {
              ByteBuffer buffer = arena.allocate(BUFFER_BYTES).asByteBuffer();
              new HttpFiles(root, socket.within(WAIT_MAX), buffer).serve();
            }
          };
        });
  }

  private static RingDirectory open(Ring ring, String path) throws IOException {
    try {
      return RingDirectory.open(ring, Path.of(path));
    } catch (FileSystemException | InvalidPathException e) {
      throw new IOException("cannot serve " + path + ", which should be a directory", e);
    }
  }

  /** Answers requests until the connection ends. */
  private void serve() throws IOException {
    int length = 0; // of what has been received and not answered
    boolean isKept = true;
    while (isKept) {
      int end;
      try {
        end = HttpRequest.end(received, length);
        while (end < 0) {
          if (length == received.length) {
            throw new HttpRequest.BadRequestException(431);
          }
          int n = socket.read(buffer.clear().limit(received.length - length));
          if (n < 0) {
            return;
          }
          buffer.flip().get(received, length, n);
          length += n;
          end = HttpRequest.end(received, length);
        }
        HttpRequest request = HttpRequest.parse(received, end);
        answer.send(request);
        isKept = request.isKeptAlive();
      } catch (HttpRequest.BadRequestException e) {
        answer.refuse(e.status());
        break;
      }
      length -= end;
      System.arraycopy(received, end, received, 0, length);
    }
    linger();
  }

  /**
   * Gives the peer time to read the last answer: closing with unread data would reset the
   * connection.
   */
  private void linger() throws IOException {
    socket.shutdownOutput();
    for (int n = 0, left = LINGER_BYTES_MAX; n >= 0 && left > 0; left -= n) {
      n = socket.read(buffer.clear());
    }
  }
}
