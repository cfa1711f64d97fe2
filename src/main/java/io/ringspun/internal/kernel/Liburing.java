package io.ringspun.internal.kernel;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.SymbolLookup;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where {@code liburing.so.2} comes from: the file named by the system property {@value #PROPERTY},
 * else the system's own, else the copy inside this library's jar.
 */
final class Liburing {
  static final String PROPERTY = "io.ringspun.liburing";

  /** The functions that Ringspun calls; exported since liburing 2.3. */
  private static final List<String> FUNCTIONS =
      List.of("io_uring_setup", "io_uring_enter", "io_uring_register");

  private final SymbolLookup symbols;
  private final String origin;

  private Liburing(SymbolLookup symbols, String origin) {
    this.symbols = symbols;
    this.origin = origin;
  }

  SymbolLookup symbols() {
    return symbols;
  }

  /** Returns which file was loaded, in words for a person. */
  String origin() {
    return origin;
  }

  /**
   * Finds and loads the library.
   *
   * @throws UnsatisfiedLinkError if there is none, or none new enough, saying what was tried
   */
  static Liburing load() {
    List<String> failures = new ArrayList<>();
    String chosen = System.getProperty(PROPERTY);
    if (chosen != null) {
      Liburing library = tryLoad(chosen, failures);
      if (library != null) {
        return library;
      }
      throw missing(failures); // an explicit path is never silently replaced
    }
    Liburing library = tryLoad("liburing.so.2", failures);
    if (library == null) {
      library = tryBundled(failures);
    }
    if (library == null) {
      throw missing(failures);
    }
    return library;
  }

  private static @Nullable Liburing tryBundled(List<String> failures) {
    String resource = "native/linux-" + System.getProperty("os.arch") + "/liburing.so.2";
    try (InputStream copy = Liburing.class.getResourceAsStream(resource)) {
      if (copy == null) {
        failures.add("no bundled copy for " + System.getProperty("os.arch"));
        return null;
      }
      Path file = Files.createTempFile("ringspun-liburing", ".so.2");
      try {
        Files.write(file, copy.readAllBytes());
        Liburing library = tryLoad(file.toString(), failures);
        return library == null ? null : new Liburing(library.symbols, "bundled copy");
      } finally {
        Files.delete(file); // the mapping outlives the name
      }
    } catch (IOException e) {
      failures.add("the bundled copy could not be unpacked: " + e);
      return null;
    }
  }

  @SuppressWarnings("restricted")
  private static @Nullable Liburing tryLoad(String name, List<String> failures) {
    SymbolLookup symbols;
    try {
      symbols = SymbolLookup.libraryLookup(name, Arena.global());
    } catch (IllegalArgumentException e) {
      failures.add(name + " cannot be loaded");
      return null;
    }
    for (String function : FUNCTIONS) {
      if (symbols.find(function).isEmpty()) {
        failures.add(name + " is older than 2.3: it has no " + function);
        return null;
      }
    }
    return new Liburing(symbols, name);
  }

  private static UnsatisfiedLinkError missing(List<String> failures) {
    return new UnsatisfiedLinkError(
        "liburing 2.3 or newer not found ("
            + String.join("; ", failures)
            + "): install the package liburing2 (Debian, Ubuntu) or liburing (Fedora, Alpine,"
            + " Arch), or name the file with -D"
            + PROPERTY
            + "=/path/to/liburing.so.2");
  }
}
