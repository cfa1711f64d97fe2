package servers;

import io.ringspun.file.FileStat;
import io.ringspun.file.FileStat.FileType;
import io.ringspun.file.Resolve;
import io.ringspun.file.RingDirectory;
import io.ringspun.file.RingFile;
import io.ringspun.file.RingOpenOption;
import io.ringspun.net.RingSocket;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.regex.Pattern;

/**
 * Answers requests for files below a directory. Files outside of it are forbidden, and so are links
 * that lead there; the kernel enforces this when it opens a file.
 */
final class HttpAnswer {
  /** Reasons of the kernel for finding no file, other than those with an exception of their own. */
  private static final Pattern ABSENT =
      Pattern.compile(
          "(?i)ENOTDIR|ENAMETOOLONG|ELOOP|not a directory|name too long|too many"
              + " (levels|symbolic)");

  /** The reason of the kernel for not opening a Unix socket, or a device without a driver. */
  private static final Pattern UNOPENABLE = Pattern.compile("ENXIO");

  private final RingDirectory root;
  private final RingSocket socket;
  private final ByteBuffer buffer;

  HttpAnswer(RingDirectory root, RingSocket socket, ByteBuffer buffer) {
    this.root = root;
    this.socket = socket;
    this.buffer = buffer;
  }

  void send(HttpRequest request) throws IOException {
    if (!request.isHead() && !request.method().equals("GET")) {
      send(HttpReply.empty(405).field("Allow", "GET, HEAD"), request);
      return;
    }
    try {
      find(request);
    } catch (NoSuchFileException | NotDirectoryException _) {
      send(HttpReply.empty(404), request);
    } catch (AccessDeniedException _) {
      send(HttpReply.empty(403), request);
    } catch (FileSystemException e) {
      send(HttpReply.empty(status(String.valueOf(e.getReason()))), request);
    }
  }

  /** Returns the status for a reason that has no exception of its own. */
  private static int status(String reason) {
    if (ABSENT.matcher(reason).find()) {
      return 404;
    }
    return UNOPENABLE.matcher(reason).find() ? 403 : 500;
  }

  /** Answers an invalid request. */
  void refuse(int status) throws IOException {
    HttpReply.empty(status).field("Connection", "close").putTo(buffer);
    socket.writeFully(buffer.flip());
  }

  private void send(HttpReply reply, HttpRequest request) throws IOException {
    reply.field("Connection", request.connection()).putTo(buffer);
    socket.writeFully(buffer.flip());
  }

  private void find(HttpRequest request) throws IOException {
    Path name = name(request.path());
    if (name.toString().isEmpty()) {
      name = Path.of("."); // the root itself
    }
    try (RingFile found = open(name)) {
      FileStat stat = found.stat();
      if (stat.type() != FileType.DIRECTORY) {
        if (request.isOfDirectory()) {
          throw new NotDirectoryException(request.path());
        }
        send(request, name, found, stat);
        return;
      }
    }
    if (!request.isOfDirectory()) {
      String location = HttpRequest.encode("/" + name + "/");
      send(HttpReply.empty(301).field("Location", location), request);
      return;
    }
    Path index = name.resolve("index.html");
    try (RingFile found = open(index)) {
      send(request, index, found, found.stat());
    }
  }

  /**
   * Opens a file to send. The kernel refuses any path that leads outside, so the answer does not
   * reveal whether a file exists there. A FIFO opens without waiting for its other end; its type
   * shows afterwards.
   */
  private RingFile open(Path name) throws IOException {
    return root.openFile(name, Resolve.BENEATH, RingOpenOption.NONBLOCKING);
  }

  /** Returns where a path leads, relative to the root. */
  private static Path name(String path) throws IOException {
    try {
      int start = 0;
      while (start < path.length() && path.charAt(start) == '/') {
        start++;
      }
      Path name = Path.of(path.substring(start)).normalize();
      if (name.startsWith("..")) {
        throw new AccessDeniedException(path);
      }
      return name;
    } catch (InvalidPathException _) {
      throw new NoSuchFileException(path); // no file can have such a name
    }
  }

  private void send(HttpRequest request, Path name, RingFile file, FileStat stat)
      throws IOException {
    if (stat.type() != FileType.REGULAR) {
      throw new AccessDeniedException(request.path());
    }
    Instant changed = stat.modifyTime().truncatedTo(ChronoUnit.SECONDS);
    if (request.hasSince(changed)) {
      send(new HttpReply(304).field("Last-Modified", HttpReply.date(changed)), request);
      return;
    }
    HttpRange range = request.range(stat.size());
    if (range.isOutside()) {
      send(HttpReply.empty(416).field("Content-Range", "bytes */" + stat.size()), request);
      return;
    }
    HttpReply reply =
        new HttpReply(range.isWhole() ? 200 : 206)
            .field("Content-Type", HttpReply.type(name))
            .field("Content-Length", range.length())
            .field("Last-Modified", HttpReply.date(changed))
            .field("Accept-Ranges", "bytes")
            .field("Connection", request.connection());
    if (!range.isWhole()) {
      reply.field("Content-Range", range.describe(stat.size()));
    }
    reply.putTo(buffer);
    sendFile(file, range.start(), request.isHead() ? 0 : range.length());
  }

  /** Sends the content of the buffer, followed by a range of a file: at once if both fit. */
  private void sendFile(RingFile file, long start, long length) throws IOException {
    if (length <= buffer.remaining()) {
      buffer.limit(buffer.position() + (int) length);
      if (length > 0) {
        file.readFully(buffer, start);
      }
      socket.writeFully(buffer.flip());
    } else if (socket.sendFile(buffer.flip(), file, start, length) < length) {
      throw new EOFException("the file could not be sent to its end");
    }
  }
}
