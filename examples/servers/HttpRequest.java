package servers;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

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
  private static final Pattern TOKEN = Pattern.compile("[!#$%&'*+.^_`|~0-9A-Za-z-]+");
  private static final Pattern VALUE = Pattern.compile("[\\t\\x20-\\x7e\\x80-\\xff]*");
  private static final Pattern TARGET = Pattern.compile("[\\x21-\\x7e&&[^#]]+");
  private static final Pattern VERSION = Pattern.compile("HTTP/[0-9]\\.[0-9]");
  private static final Pattern PLAIN_PATH = Pattern.compile("/[0-9A-Za-z/._~-]*");
  private static final Pattern HOST =
      Pattern.compile("(\\[[0-9A-Za-z:.]+]|[0-9A-Za-z._~!$&'()*+,;=%-]*)(:[0-9]*)?");

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
    String text = new String(bytes, start, end - start, StandardCharsets.ISO_8859_1);
    String[] lines = text.split("\r\n", -1);
    String[] words = lines[0].split(" ", -1);
    require(words.length == 3 && TOKEN.matcher(words[0]).matches());
    boolean isVersion = VERSION.matcher(words[2]).matches();
    if (!isVersion || words[2].charAt(5) != '1') {
      throw new BadRequestException(isVersion ? 505 : 400);
    }
    Map<String, String> headers = new HashMap<>();
    for (int i = 1; i < lines.length && !lines[i].isEmpty(); i++) {
      int colon = lines[i].indexOf(':');
      require(colon > 0 && TOKEN.matcher(lines[i].substring(0, colon)).matches());
      String value = trimmed(lines[i].substring(colon + 1));
      require(VALUE.matcher(value).matches());
      String name = lines[i].substring(0, colon).toLowerCase(Locale.ROOT);
      boolean isFirst = headers.merge(name, value, (a, b) -> a + ", " + b).equals(value);
      require(isFirst || !name.equals("host")); // and two lengths make none below
    }
    boolean isOld = words[2].equals("HTTP/1.0");
    String host = headers.get("host");
    require(host == null ? isOld : HOST.matcher(host).matches());
    boolean isKeptAlive = !hasBody(headers, isOld) && isKeptAlive(headers, isOld);
    boolean isServed = words[0].equals("GET") || words[0].equals("HEAD");
    return new HttpRequest(words[0], isServed ? path(words[1]) : "", isKeptAlive, headers);
  }

  /** Removes spaces and tabs at both ends. */
  private static String trimmed(String text) {
    int start = 0;
    int end = text.length();
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
    require(length == null || length.matches("[0-9]+")); // two have a comma between them
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
    return isHead() || headers.containsKey("if-range")
        ? HttpRange.whole(size)
        : HttpRange.parse(headers.getOrDefault("range", ""), size);
  }

  /**
   * Decodes the path of {@code /path?query} or, as a client may put it, {@code http://host/path}.
   */
  private static String path(String target) throws BadRequestException {
    if (PLAIN_PATH.matcher(target).matches()) {
      return target;
    }
    require(TARGET.matcher(target).matches());
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
