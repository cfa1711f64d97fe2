package io.ringspun.benchmarks.programs;

import java.nio.charset.StandardCharsets;

/** What the web servers of this package answer. */
public final class Content {
  /** The path of {@link #text}. */
  public static final String TEXT_PATH = "/text";

  /** The path that answers which thread works for the request, and on which carrier. */
  public static final String THREAD_PATH = "/thread";

  private static final byte[] TEXT = text().getBytes(StandardCharsets.US_ASCII);

  private Content() {}

  /** Returns a line of 1,024 characters. */
  public static String text() {
    return "0123456789abcdef".repeat(64);
  }

  static byte[] of(String path) {
    return path.equals(THREAD_PATH)
        ? Thread.currentThread().toString().getBytes(StandardCharsets.UTF_8)
        : TEXT;
  }
}
