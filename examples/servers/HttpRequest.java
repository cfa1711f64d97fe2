package servers;

import static servers.HttpCharacters.ALPHANUMERIC;
import static servers.HttpCharacters.ofRange;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * The head of an HTTP/1 request. It is parsed as strictly as RFC 9112 requires: a request that a
 * proxy in front of this server might delimit differently is refused.
 *
 * @param method as the client wrote it
 * @param path decoded, beginning with a slash; empty for a method that is not served
 * @param isKeptAlive whether the client may send another request
 * @param headers by name in lower case; the values of equal ones, separated by commas
 */
record HttpRequest(String method, String path, boolean isKeptAlive, Map<String, String> headers) {
  private static final HttpCharacters TOKEN =
      ALPHANUMERIC.and(HttpCharacters.of("!#$%&'*+-.^_`|~"));
  private static final HttpCharacters VALUE =
      HttpCharacters.of("\t").and(ofRange('\u0020', '\u007e')).and(ofRange('\u0080', '\u00ff'));
  private static final HttpCharacters TARGET =
      ofRange('\u0021', '"').and(ofRange('$', '~')); // no '#'
  private static final HttpCharacters PLAIN_PATH = ALPHANUMERIC.and(HttpCharacters.of("/._~-"));
  private static final HttpCharacters DIGITS = ofRange('0', '9');
  private static final HttpCharacters HOST_NAME =
      ALPHANUMERIC.and(HttpCharacters.of("._~!$&'()*+,;=%-"));
  private static final HttpCharacters IP_LITERAL = ALPHANUMERIC.and(HttpCharacters.of(":."));

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

  /**
   * Returns the end of the head that begins at 0, after its empty line, or -1 if it is incomplete.
   *
   * @throws BadRequestException if a line ends in CR or LF alone
   */
  static int end(byte[] bytes, int length) throws BadRequestException {
    int line = start(bytes, length);
    for (int i = line; i < length; i++) {
      if (bytes[i] == '\n') {
        throw new BadRequestException(400);
      }
      if (bytes[i] == '\r') {
        if (i + 1 == length) {
          return -1;
        }
        if (bytes[i + 1] != '\n') {
          throw new BadRequestException(400);
        }
        if (i == line) {
          return i + 2;
        }
        i++;
        line = i + 1;
      }
    }
    return -1;
  }

  /** Skips one empty line before a request (RFC 9112, 2.2). */
  private static int start(byte[] bytes, int length) {
    return length >= 2 && bytes[0] == '\r' && bytes[1] == '\n' ? 2 : 0;
  }

  /** Parses a head whose end {@link #end} has found. */
  static HttpRequest parse(byte[] bytes, int end) throws BadRequestException {
    int start = start(bytes, end);
    String head = new String(bytes, start, end - start, StandardCharsets.ISO_8859_1);
    int lineEnd = head.indexOf('\r');
    int methodEnd = head.indexOf(' ');
    int targetEnd = head.indexOf(' ', methodEnd + 1);
    require(methodEnd > 0 && targetEnd > 0 && targetEnd < lineEnd);
    String method = head.substring(0, methodEnd);
    String target = head.substring(methodEnd + 1, targetEnd);
    require(TOKEN.makesUp(method));
    boolean isOld = isOld(head.substring(targetEnd + 1, lineEnd));
    Map<String, String> headers = headers(head, lineEnd + 2);
    String host = headers.get("host");
    require(host == null ? isOld : isHost(host));
    boolean isKeptAlive = !hasBody(headers, isOld) && isKeptAlive(headers, isOld);
    boolean isServed = method.equals("GET") || method.equals("HEAD");
    return new HttpRequest(method, isServed ? path(target) : "", isKeptAlive, headers);
  }

  /** Returns whether a version is 1.0; refuses those before and behind HTTP/1. */
  private static boolean isOld(String version) throws BadRequestException {
    if (version.equals("HTTP/1.1")) {
      return false;
    }
    require(
        version.length() == 8
            && version.startsWith("HTTP/")
            && DIGITS.containsAll(version, 5, 6)
            && version.charAt(6) == '.'
            && DIGITS.containsAll(version, 7, 8));
    if (version.charAt(5) != '1') {
      throw new BadRequestException(505);
    }
    return version.equals("HTTP/1.0");
  }

  /** Parses the lines from a position to the empty one. */
  private static Map<String, String> headers(String head, int first) throws BadRequestException {
    Map<String, String> headers = new HashMap<>();
    int line = first;
    for (int lineEnd; (lineEnd = head.indexOf('\r', line)) > line; line = lineEnd + 2) {
      int colon = head.indexOf(':', line);
      require(colon > line && colon < lineEnd && TOKEN.containsAll(head, line, colon));
      String name = head.substring(line, colon).toLowerCase(Locale.ROOT);
      String value = trimmed(head, colon + 1, lineEnd);
      require(VALUE.containsAll(value, 0, value.length()));
      String before = headers.putIfAbsent(name, value);
      if (before != null) {
        require(!name.equals("host")); // and two lengths make none below
        headers.put(name, before + ", " + value);
      }
    }
    return headers;
  }

  /** Returns whether this is a host, perhaps with a port. */
  private static boolean isHost(String text) {
    int end; // of the host
    if (text.startsWith("[")) {
      end = text.indexOf(']') + 1;
      if (end < 3 || !IP_LITERAL.containsAll(text, 1, end - 1)) {
        return false;
      }
    } else {
      int colon = text.indexOf(':');
      end = colon < 0 ? text.length() : colon;
      if (!HOST_NAME.containsAll(text, 0, end)) {
        return false;
      }
    }
    return end == text.length()
        || (text.charAt(end) == ':' && DIGITS.containsAll(text, end + 1, text.length()));
  }

  /** Returns a part of a text without the spaces and tabs at its ends. */
  private static String trimmed(String text, int first, int last) {
    int start = first;
    int end = last;
    while (start < end && isBlank(text.charAt(start))) {
      start++;
    }
    while (start < end && isBlank(text.charAt(end - 1))) {
      end--;
    }
    return text.substring(start, end);
  }

  private static boolean isBlank(char c) {
    return c == ' ' || c == '\t';
  }

  private static void require(boolean isGood) throws BadRequestException {
    if (!isGood) {
      throw new BadRequestException(400);
    }
  }

  /** Returns whether a body follows, which is not read; refuses a body without a definite end. */
  private static boolean hasBody(Map<String, String> headers, boolean isOld)
      throws BadRequestException {
    String length = headers.get("content-length");
    String coding = headers.get("transfer-encoding");
    if (coding != null) {
      String[] codings = options(coding);
      require(!isOld && length == null && codings[codings.length - 1].equals("chunked"));
      if (codings.length > 1) {
        throw new BadRequestException(501);
      }
      return true;
    }
    require(length == null || DIGITS.makesUp(length)); // two have a comma between them
    return length != null && !length.matches("0+");
  }

  private static boolean isKeptAlive(Map<String, String> headers, boolean isOld) {
    String connection = headers.get("connection");
    if (connection == null) {
      return !isOld;
    }
    var options = Arrays.asList(options(connection));
    return !options.contains("close") && (!isOld || options.contains("keep-alive"));
  }

  /** Returns the members of a list, in lower case. */
  private static String[] options(String list) {
    return list.toLowerCase(Locale.ROOT).strip().split("[ \t]*,[ \t]*", -1);
  }

  boolean isHead() {
    return method.equals("HEAD");
  }

  /** Returns whether the path ends like that of a directory. */
  boolean isOfDirectory() {
    return path.endsWith("/") || path.endsWith("/.") || path.endsWith("/..");
  }

  /** Returns the value of {@code Connection} for the response. */
  String connection() {
    return isKeptAlive ? "keep-alive" : "close";
  }

  /** Returns whether the client's copy is current for a modification time. */
  boolean hasSince(Instant changed) {
    if (headers.containsKey("if-none-match")) {
      return false; // which goes first, and nothing here has a tag to match
    }
    String since = headers.get("if-modified-since");
    return since != null
        && HttpReply.parseDate(since).filter(date -> !changed.isAfter(date)).isPresent();
  }

  /** Returns the range of a file to send; the whole file if the range is conditional. */
  HttpRange range(long size) {
    String range = isHead() || headers.containsKey("if-range") ? null : headers.get("range");
    return range == null ? HttpRange.whole(size) : HttpRange.parse(range, size);
  }

  /**
   * Decodes the path of {@code /path?query} or, as a client may put it, {@code http://host/path}.
   */
  private static String path(String target) throws BadRequestException {
    if (target.startsWith("/") && PLAIN_PATH.makesUp(target)) {
      return target;
    }
    require(TARGET.makesUp(target));
    try {
      String bare = target.split("\\?", 2)[0];
      URI uri = new URI(bare.startsWith("/") ? "http://host" + bare : bare);
      require("http".equalsIgnoreCase(uri.getScheme()) && uri.getRawAuthority() != null);
      String path = uri.getPath().isEmpty() ? "/" : uri.getPath();
      require(path.startsWith("/") && path.indexOf(0) < 0);
      return path;
    } catch (URISyntaxException _) {
      throw new BadRequestException(400);
    }
  }

  /** Encodes a path, as a client will send it. */
  static String encode(String path) {
    StringBuilder encoded = new StringBuilder();
    for (byte b : path.getBytes(StandardCharsets.UTF_8)) {
      char c = (char) (b & 0xff);
      boolean isPlain = c < 0x80 && (Character.isLetterOrDigit(c) || "/-._~".indexOf(c) >= 0);
      encoded.append(isPlain ? String.valueOf(c) : "%%%02X".formatted((int) c));
    }
    return encoded.toString();
  }
}
