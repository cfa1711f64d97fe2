package io.ringspun.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.testing.ChildJvm;
import io.ringspun.testing.LeakCheck;
import io.ringspun.testing.Refusal;
import io.ringspun.testing.RingCase;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Temporary files are private, as the JDK makes them in its default file system. */
@ExtendWith(LeakCheck.class)
class TemporaryFilesTest {
  private static final String CASES = "io.ringspun.testing.RingCase#all";
  private static final FileAttribute<Set<PosixFilePermission>> SHARED =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-----"));

  @TempDir private Path directory;
  @TempDir private Path tools;

  private static String permissions(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }

  /** Makes files in all ways that {@link Files} has, and returns the permissions of each. */
  private static List<String> made(Path root) throws IOException {
    return List.of(
        permissions(Files.createTempFile(root, "a", ".b")),
        permissions(Files.createTempFile(root, null, null)),
        permissions(Files.createTempDirectory(root, "a")),
        permissions(Files.createTempDirectory(root, null)),
        permissions(Files.createTempFile(root, "a", ".b", SHARED)),
        permissions(Files.createTempDirectory(root, "a", SHARED)),
        permissions(Files.createFile(root.resolve("1234567890123456789.tmp"))),
        permissions(Files.createDirectory(root.resolve("1234567890123456789"))),
        permissions(Files.createDirectories(root.resolve("1/2"))),
        permissions(Files.writeString(root.resolve("a1"), "")));
  }

  @ParameterizedTest
  @MethodSource(CASES)
  void temporaryFiles_arePrivate(RingCase how) throws Exception {
    List<String> expected = made(Files.createDirectory(directory.resolve("default")));
    assertEquals(
        List.of("rw-------", "rw-------", "rwx------", "rwx------"), expected.subList(0, 4));
    Path root = Files.createDirectory(directory.resolve("on-ring"));
    how.run(ring -> assertEquals(expected, made(RingFileSystems.wrap(ring, root))));
    assertEquals(
        expected, made(RingFileSystems.wrap(Files.createDirectory(directory.resolve("shared")))));
  }

  @Test
  void temporaryFile_withAnUnknownAttribute() {
    FileAttribute<String> unknown =
        new FileAttribute<>() {
          @Override
          public String name() {
            return "no:such";
          }

          @Override
          public String value() {
            return "";
          }
        };
    Path root = RingFileSystems.wrap(directory);
    for (Path parent : List.of(directory, root)) {
      assertThrows(
          UnsupportedOperationException.class,
          () -> Files.createTempFile(parent, "a", "b", unknown));
      assertThrows(
          UnsupportedOperationException.class,
          () -> Files.createTempDirectory(parent, "a", unknown));
    }
  }

  /** Makes temporary files on ring paths. */
  static final class Maker {
    public static void main(String[] arguments) throws IOException {
      System.out.println(made(RingFileSystems.wrap(Path.of(arguments[0]))));
    }
  }

  @Test
  void temporaryFiles_arePrivateWithoutRingsToo() throws Exception {
    List<String> expected = made(Files.createDirectory(directory.resolve("default")));
    Path root = Files.createDirectory(directory.resolve("fallback"));
    String output =
        new ChildJvm()
            .under(Refusal.launcher(tools), "1")
            .with("--enable-native-access=ALL-UNNAMED", "-Dio.ringspun.fallback=jdk")
            .run(Maker.class, root.toString());
    assertTrue(output.contains(expected.toString()), output);
  }
}
