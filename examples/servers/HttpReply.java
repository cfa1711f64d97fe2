package servers;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** The head of an HTTP/1.1 response, line by line. */
final class HttpReply {
  private static final DateTimeFormatter DATE =
      DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.US)
          .withZone(ZoneOffset.UTC);

  private static final Map<Integer, String> REASONS =
      Map.ofEntries(
          Map.entry(200, "OK"),
          Map.entry(206, "Partial Content"),
          Map.entry(301, "Moved Permanently"),
          Map.entry(304, "Not Modified"),
          Map.entry(400, "Bad Request"),
          Map.entry(403, "Forbidden"),
          Map.entry(404, "Not Found"),
          Map.entry(405, "Method Not Allowed"),
          Map.entry(416, "Range Not Satisfiable"),
          Map.entry(431, "Request Header Fields Too Large"),
          Map.entry(500, "Internal Server Error"),
          Map.entry(501, "Not Implemented"),
          Map.entry(505, "HTTP Version Not Supported"));

  private static final Map<String, String> TYPES =
      Map.ofEntries(
          Map.entry("html", "text/html; charset=utf-8"),
          Map.entry("htm", "text/html; charset=utf-8"),
          Map.entry("css", "text/css; charset=utf-8"),
          Map.entry("js", "text/javascript; charset=utf-8"),
          Map.entry("txt", "text/plain; charset=utf-8"),
          Map.entry("md", "text/plain; charset=utf-8"),
          Map.entry("json", "application/json"),
          Map.entry("xml", "application/xml"),
          Map.entry("pdf", "application/pdf"),
          Map.entry("wasm", "application/wasm"),
          Map.entry("svg", "image/svg+xml"),
          Map.entry("png", "image/png"),
          Map.entry("jpg", "image/jpeg"),
          Map.entry("jpeg", "image/jpeg"),
          Map.entry("gif", "image/gif"),
          Map.entry("webp", "image/webp"),
          Map.entry("ico", "image/x-icon"),
          Map.entry("woff2", "font/woff2"));

  /** A time and its text, kept since formatting takes longer than reading a small file. */
  private record Dated(Instant second, String text) {
    static Dated of(Instant second) {
      return new Dated(second, DATE.format(second));
    }
  }

  private static volatile Dated now = Dated.of(Instant.EPOCH);
  private static volatile Dated lastDate = now;

  private final StringBuilder text = new StringBuilder(256);

  HttpReply(int status) {
    text.append("HTTP/1.1 ").append(status).append(' ').append(REASONS.get(status)).append("\r\n");
    field("Date", now());
  }

  /** Begins a response without a body. */
  static HttpReply empty(int status) {
    return new HttpReply(status).field("Content-Length", 0);
  }

  HttpReply field(String name, Object value) {
    text.append(name).append(": ").append(value).append("\r\n");
    return this;
  }

  /** Puts the head, with its end, at the beginning of a buffer. */
  void putTo(ByteBuffer buffer) {
    text.append("\r\n");
    buffer.clear().put(text.toString().getBytes(StandardCharsets.ISO_8859_1));
  }

  private static String now() {
    Dated last = now;
    long second = System.currentTimeMillis() / 1000;
    if (last.second.getEpochSecond() != second) {
      last = Dated.of(Instant.ofEpochSecond(second));
      now = last;
    }
    return last.text;
  }

  /** Formats a time in whole seconds. */
  static String date(Instant second) {
    Dated last = lastDate;
    if (!last.second.equals(second)) {
      last = Dated.of(second);
      lastDate = last;
    }
    return last.text;
  }

  static Optional<Instant> parseDate(String text) {
    try {
      return Optional.of(DATE.parse(text, Instant::from));
    } catch (DateTimeParseException _) {
      return Optional.empty(); // to be ignored
    }
  }

  /** Returns the type of a file's contents, by its suffix. */
  static String type(Path name) {
    String text = name.toString();
    String suffix = text.substring(text.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    return TYPES.getOrDefault(suffix, "application/octet-stream");
  }
}
