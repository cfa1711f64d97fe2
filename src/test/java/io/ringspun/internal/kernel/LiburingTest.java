package io.ringspun.internal.kernel;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.ringspun.Ring;
import io.ringspun.RingUnavailableException;
import io.ringspun.testing.CCompiler;
import io.ringspun.testing.Once;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Once
class LiburingTest {
  private String given;

  @BeforeEach
  void remember() {
    given = System.getProperty(Liburing.PROPERTY);
  }

  @AfterEach
  void restore() {
    if (given == null) {
      System.clearProperty(Liburing.PROPERTY);
    } else {
      System.setProperty(Liburing.PROPERTY, given);
    }
  }

  @Test
  void load_hasItsFunctions() {
    Liburing library = Liburing.load();
    for (String function : List.of("io_uring_setup", "io_uring_enter", "io_uring_register")) {
      assertTrue(library.symbols().find(function).isPresent(), function);
    }
    assertFalse(library.origin().isEmpty());
  }

  /** The copy in the jar serves where the system has none. */
  @Test
  void bundledCopy_loads(@TempDir Path directory) throws Exception {
    String resource = "native/linux-" + System.getProperty("os.arch") + "/liburing.so.2";
    try (InputStream copy = Liburing.class.getResourceAsStream(resource)) {
      assumeTrue(copy != null, "this build has no bundled liburing");
      Path file = directory.resolve("copy.so");
      Files.copy(copy, file);
      System.setProperty(Liburing.PROPERTY, file.toString());
      Liburing library = Liburing.load();
      assertEquals(file.toString(), library.origin());
      assertTrue(library.symbols().find("io_uring_enter").isPresent());
    }
  }

  /** A path that was asked for is never silently replaced by the system's library. */
  @Test
  void load_chosenFileMissing() {
    System.setProperty(Liburing.PROPERTY, "/nonexistent/liburing.so.2");
    UnsatisfiedLinkError error = assertThrows(UnsatisfiedLinkError.class, Liburing::load);
    assertTrue(error.getMessage().contains("/nonexistent/liburing.so.2 cannot be loaded"));
    assertNamesTheWayOut(error.getMessage());
  }

  @Test
  void load_chosenFileIsAnotherLibrary() {
    System.setProperty(Liburing.PROPERTY, "libm.so.6");
    UnsatisfiedLinkError error = assertThrows(UnsatisfiedLinkError.class, Liburing::load);
    assertTrue(
        error.getMessage().contains("has no io_uring_setup")
            || error.getMessage().contains("cannot be loaded"),
        error.getMessage()); // a C library other than glibc has no such file
    assertNamesTheWayOut(error.getMessage());
  }

  /** What a user without liburing sees; in a process of its own, since classes load once. */
  @Test
  void open_chosenFileMissing() throws Exception {
    String message =
        CCompiler.run(
                "",
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=1",
                "-Xmx64m",
                "--enable-native-access=ALL-UNNAMED",
                "-D" + Liburing.PROPERTY + "=/nonexistent/liburing.so.2",
                "-cp",
                System.getProperty("java.class.path"),
                Opener.class.getName())
            .expectSuccess();
    assertTrue(message.startsWith("io_uring is not available: "), message);
    assertTrue(message.contains("/nonexistent/liburing.so.2 cannot be loaded"), message);
    assertNamesTheWayOut(message);
    assertTrue(message.contains("availability: false"), message);
  }

  private static void assertNamesTheWayOut(String message) {
    assertTrue(message.contains("the package liburing2"), message);
    assertTrue(message.contains("-Dio.ringspun.liburing="), message);
  }

  /** Tries to open a ring, twice, and prints what it is told. */
  static final class Opener {
    public static void main(String[] args) throws Exception {
      RingUnavailableException first = refused();
      RingUnavailableException second = refused(); // its cause is a NoClassDefFoundError by now
      System.out.println(first.getMessage());
      System.out.println(second.getMessage());
      System.out.println("availability: " + Ring.availability().isAvailable());
      if (!second.getMessage().contains(Liburing.PROPERTY)) {
        System.exit(3);
      }
    }

    private static RingUnavailableException refused() throws Exception {
      try {
        Ring.open().close();
        throw new AssertionError("opened");
      } catch (RingUnavailableException e) {
        return e;
      }
    }
  }
}
