package io.ringspun.internal.memory;

import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * Paths of the default file system as bytes, as the kernel expects them. The JDK does not expose
 * the bytes of a path: its string form loses bytes that are invalid in the locale's encoding, and
 * its URI escapes them.
 */
public final class PathBytes {
  /** The replacement character with which the JDK decodes invalid bytes. */
  private static final char REPLACEMENT = '\uFFFD';

  /**
   * A directory that cannot be. The URI of a path is absolute, and has a slash behind the name of a
   * directory, for which the JDK asks the kernel with links followed. Of what lies below a device
   * the kernel says at once that there is none.
   */
  private static final Path NOWHERE = Path.of("/dev/null");

  private static final int NOWHERE_LENGTH = "/dev/null".length();

  private static final boolean IS_UTF_8 = isUtf8();

  private PathBytes() {}

  /** Returns the bytes of a path: relative if the path is, none if it is empty. */
  public static byte[] of(Path path) {
    String text = path.toString();
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return isExact(text, bytes.length) ? bytes : unescaped(path);
  }

  /**
   * Returns the path that has these bytes.
   *
   * @param bytes without a zero, and without a slash at the end
   */
  public static Path path(byte[] bytes) {
    String text = new String(bytes, StandardCharsets.UTF_8);
    return isExact(text, bytes.length) ? Path.of(text) : escaped(bytes);
  }

  /** Resolves the name of a file, which has these bytes, against the path of its directory. */
  public static Path resolve(Path directory, byte[] name) {
    String text = new String(name, StandardCharsets.UTF_8);
    return isExact(text, name.length) ? directory.resolve(text) : directory.resolve(escaped(name));
  }

  /** Returns whether a text and as many bytes of UTF-8 stand for each other in this locale. */
  private static boolean isExact(String text, int utf8Length) {
    // If there is one byte for each character, it is ASCII, which is the same in every locale.
    return (IS_UTF_8 || utf8Length == text.length()) && text.indexOf(REPLACEMENT) < 0;
  }

  /** Asks the JDK for the encoding that it uses, since the property for it can be set. */
  private static boolean isUtf8() {
    String text = "\u00e9\u20ac";
    try {
      return Arrays.equals(unescaped(Path.of(text)), text.getBytes(StandardCharsets.UTF_8));
    } catch (InvalidPathException _) {
      return false; // in this locale they are no characters
    }
  }

  private static byte[] unescaped(Path path) {
    boolean absolute = path.isAbsolute();
    Path relative = absolute ? path.subpath(0, path.getNameCount()) : path;
    String uri = NOWHERE.resolve(relative).toUri().getRawPath();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(uri.length());
    for (int i = absolute ? NOWHERE_LENGTH : NOWHERE_LENGTH + 1; i < uri.length(); i++) {
      if (uri.charAt(i) == '%') {
        bytes.write(HexFormat.fromHexDigits(uri, i + 1, i + 3));
        i += 2;
      } else {
        bytes.write(uri.charAt(i));
      }
    }
    return bytes.toByteArray();
  }

  private static Path escaped(byte[] bytes) {
    boolean absolute = bytes[0] == '/';
    StringBuilder uri = new StringBuilder(absolute ? "file://" : "file:///");
    for (byte b : bytes) {
      if (b == '/') {
        uri.append('/');
      } else {
        uri.append('%');
        HexFormat.of().toHexDigits(uri, b);
      }
    }
    Path path = Path.of(URI.create(uri.toString()));
    return absolute ? path : path.subpath(0, path.getNameCount());
  }
}
