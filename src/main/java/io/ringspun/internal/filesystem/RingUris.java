package io.ringspun.internal.filesystem;

import java.net.URI;
import java.nio.file.Path;

/** The URIs of ring paths: those of the default file system with another scheme. */
final class RingUris {
  static final String SCHEME = "ring";
  private static final String JDK_SCHEME = "file";

  private RingUris() {}

  static URI ofJdk(URI uri) {
    return URI.create(SCHEME + uri.toString().substring(JDK_SCHEME.length()));
  }

  /**
   * Returns the path of the default file system that a ring path's URI names.
   *
   * @throws IllegalArgumentException if it is not the URI of a ring path
   */
  static Path jdkPath(URI uri) {
    requireScheme(uri);
    return RingFileSystem.JDK
        .provider()
        .getPath(URI.create(JDK_SCHEME + uri.toString().substring(SCHEME.length())));
  }

  /**
   * Checks the URI of the file system, {@code ring:///}.
   *
   * @throws IllegalArgumentException if it is another URI
   */
  static void requireRoot(URI uri) {
    requireScheme(uri);
    if (uri.getRawAuthority() != null
        || !"/".equals(uri.getPath())
        || uri.getRawQuery() != null
        || uri.getRawFragment() != null) {
      throw new IllegalArgumentException(uri + " is not ring:///");
    }
  }

  private static void requireScheme(URI uri) {
    if (!SCHEME.equalsIgnoreCase(uri.getScheme())) {
      throw new IllegalArgumentException("URI scheme is not \"ring\": " + uri);
    }
  }
}
