package io.ringspun.testing;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;

/** Names as the kernel has them, bytes, whether the locale can tell them as text or not. */
public final class RawNames {
  /**
   * What names may look like, in hexadecimal: a byte that is no text anywhere, the replacement
   * character itself, Latin-1, UTF-8, Shift JIS, what looks like the escapes of a URI, dots.
   */
  public static final List<String> ALL =
      List.of(
          "ff",
          "61ff62",
          "efbfbd", // U+FFFD
          "636166e9", // café in Latin-1
          "636166c3a9", // café in UTF-8
          "f09f8d8b", // a lemon
          "836583588367", // テスト in Shift JIS
          "2e2eff",
          "ff2e",
          "25ff25464625",
          "254646", // %FF
          "6120623f6323643b655c5c",
          "eda080"); // a surrogate, which UTF-8 does not have

  private RawNames() {}

  /** Returns the path of a name in an absolute directory. */
  public static Path resolve(Path directory, String hex) {
    StringBuilder uri = new StringBuilder(directory.toUri().toString());
    if (!uri.toString().endsWith("/")) {
      uri.append('/');
    }
    for (byte b : HexFormat.of().parseHex(hex)) {
      uri.append('%').append(HexFormat.of().toHexDigits(b));
    }
    return Path.of(URI.create(uri.toString()));
  }

  /** Returns a relative path of one name. */
  public static Path name(String hex) {
    return resolve(Path.of("/"), hex).getFileName();
  }

  /** Returns ASCII characters in hexadecimal. */
  public static String hex(String ascii) {
    return HexFormat.of().formatHex(ascii.getBytes(StandardCharsets.US_ASCII));
  }
}
