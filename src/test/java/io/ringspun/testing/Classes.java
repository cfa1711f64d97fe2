package io.ringspun.testing;

import io.ringspun.Ring;
import java.net.URISyntaxException;
import java.nio.file.Path;

/** The compiled classes of the library. */
public final class Classes {
  /** The directory that they are in. */
  public static final Path MAIN = directory();

  private Classes() {}

  private static Path directory() {
    try {
      return Path.of(Ring.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }
}
