package io.ringspun.examples;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * The head of an HTTP/1 request.
 *
 * @param method as the client wrote it
 * @param path decoded, beginning with a slash
 * @param isKeptAlive whether the client would send another request
 * @param headers by name in lower case; of equal ones the last
 */
record HttpRequest(String method, String path, boolean isKeptAlive, Map<String, String> headers) {

  /** Why a request is refused. */
  static final class BadRequestException extends Exception {
    private final int status;

    BadRequestException(int status) {
      this.status = status;
    }

    int status() {
      return status;
    }
  }

  /** Returns where the head that begins at 0 ends, behind its empty line, or -1 if it does not. */
  static int end(byte[] bytes, int length) {
    for (int i = 3; i < length; i++) {
      if (bytes[i] == '\n'
          && bytes[i - 1] == '\r'
          && bytes[i - 2] == '\n'
          && bytes[i - 3] == '\r') {
        return i + 1;
      }
    }
    return -1;
  }

  static HttpRequest parse(byte[] bytes, int length) throws BadRequestException {
    String[] lines = new String(bytes, 0, length, StandardCharsets.ISO_8859_1).split("\r\n");
    String[] words = lines[0].split(" ", -1);
    if (words.length != 3) {
      throw new BadRequestException(400);
    }
    if (!words[2].matches("HTTP/1\\.[0-9]")) {
      throw new BadRequestException(words[2].startsWith("HTTP/") ? 505 : 400);
    }
    Map<String, String> headers = new HashMap<>();
    for (int i = 1; i < lines.length; i++) {
      int colon = lines[i].indexOf(':');
      if (colon < 1 || lines[i].substring(0, colon).chars().anyMatch(c -> c <= ' ')) {
        throw new BadRequestException(400);
      }
      headers.put(
          lines[i].substring(0, colon).toLowerCase(Locale.ROOT),
          lines[i].substring(colon + 1).strip());
    }
    boolean isOld = words[2].equals("HTTP/1.0");
    if (!isOld && !headers.containsKey("host")) {
      throw new BadRequestException(400);
    }
    String connection = headers.getOrDefault("connection", isOld ? "close" : "");
    boolean hasBody =
        headers.containsKey("transfer-encoding")
            || !headers.getOrDefault("content-length", "0").equals("0");
    boolean isKeptAlive = !connection.equalsIgnoreCase("close") && !hasBody; // which is not read
    return new HttpRequest(words[0], path(words[1]), isKeptAlive, headers);
  }

  boolean isHead() {
    return method.equals("HEAD");
  }

  /** Returns the value of {@code Connection} for the response. */
  String connection() {
    return isKeptAlive ? "keep-alive" : "close";
  }

  /** Returns whether the client has what last changed at a time. */
  boolean hasSince(Instant changed) {
    String since = headers.getOrDefault("if-modified-since", "");
    return HttpReply.parseDate(since).filter(date -> !changed.isAfter(date)).isPresent();
  }

  /** Returns which part of a file to send; all if that is subject to a condition. */
  HttpRange range(long size) {
    return isHead() || headers.containsKey("if-range")
        ? HttpRange.whole(size)
        : HttpRange.parse(headers.getOrDefault("range", ""), size);
  }

  /**
   * Decodes the path of {@code /path?query} or, as a client may put it, {@code http://host/path}.
   */
  private static String path(String target) throws BadRequestException {
    try {
      String bare = target.split("[?#]", 2)[0];
      String path = new URI(bare.startsWith("/") ? "http://host" + bare : bare).getPath();
      if (path == null || !path.startsWith("/") || path.indexOf(0) >= 0) {
        throw new BadRequestException(400);
      }
      return path;
    } catch (URISyntaxException _) {
      throw new BadRequestException(400);
    }
  }

  /** Encodes a path, as a client will send it. */
  static String encode(String path) {
    try {
      return new URI(null, null, path, null).toASCIIString();
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }
}
