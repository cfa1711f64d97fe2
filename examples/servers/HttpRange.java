package servers;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The range of a file that a request selects.
 *
 * @param start the position of its first byte
 * @param length its length in bytes
 * @param isWhole whether it is the whole file because no range was requested
 */
record HttpRange(long start, long length, boolean isWhole) {
  private static final Pattern ONE = Pattern.compile("bytes=(\\d{0,18})-(\\d{0,18})");

  static HttpRange whole(long size) {
    return new HttpRange(0, size, true);
  }

  /** Reads {@code bytes=FIRST-LAST}, {@code FIRST-} or {@code -COUNT}; ignores anything else. */
  static HttpRange parse(String header, long size) {
    Matcher range = ONE.matcher(header);
    if (!range.matches() || header.equals("bytes=-")) {
      return whole(size);
    }
    String first = range.group(1);
    String last = range.group(2);
    if (first.isEmpty()) {
      long count = Math.min(size, Long.parseLong(last));
      return new HttpRange(size - count, count, false);
    }
    long start = Long.parseLong(first);
    long end = last.isEmpty() ? size : Long.parseLong(last) + 1;
    return end <= start && !last.isEmpty()
        ? whole(size)
        : new HttpRange(start, Math.max(0, Math.min(end, size) - start), false);
  }

  /** Returns whether the requested range is outside the file. */
  boolean isOutside() {
    return length == 0 && !isWhole;
  }

  /** Returns the value of {@code Content-Range}. */
  String describe(long size) {
    return "bytes %d-%d/%d".formatted(start, start + length - 1, size);
  }
}
