package io.ringspun.testing;

import java.io.File;
import java.util.Arrays;
import java.util.stream.Collectors;

/** Where the library is found as a module. */
public final class ModulePath {
  private ModulePath() {}

  /** Returns the module path of the library and of what it requires. */
  public static String get() {
    return Arrays.stream(System.getProperty("java.class.path").split(File.pathSeparator))
        .filter(entry -> entry.endsWith("/classes") || entry.contains("slf4j-api"))
        .collect(Collectors.joining(File.pathSeparator));
  }
}
