package io.ringspun.liburing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.testing.Liburing;
import io.ringspun.testing.Once;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Which of liburing's tests have a counterpart here. */
@Once
class LiburingCoverageTest {

  @Test
  void names_areThoseOfTheList() throws Exception {
    TreeSet<String> listed = new TreeSet<>();
    for (String line :
        Files.readAllLines(Path.of("src", "test", "resources", "liburing-tests.txt"))) {
      if (!line.isBlank() && !line.startsWith("#")) {
        listed.addAll(List.of(line.split(" ")));
      }
    }
    TreeSet<String> named = new TreeSet<>();
    for (Method method : annotated()) {
      named.addAll(List.of(method.getAnnotation(Liburing.class).value()));
    }
    assertEquals(listed, named, "the list and the annotations");
    assertTrue(named.size() >= 100, () -> "only " + named.size());
  }

  private static List<Method> annotated() throws Exception {
    Path root =
        Path.of(
            LiburingCoverageTest.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    List<Method> found = new ArrayList<>();
    try (var files = Files.walk(root.resolve("io"))) {
      for (Path file : (Iterable<Path>) files::iterator) {
        String name = root.relativize(file).toString().replace('/', '.');
        if (name.endsWith("Test.class")) {
          Class<?> type =
              Class.forName(
                  name.substring(0, name.length() - ".class".length()),
                  false,
                  LiburingCoverageTest.class.getClassLoader());
          for (Method method : type.getDeclaredMethods()) {
            if (method.isAnnotationPresent(Liburing.class)) {
              found.add(method);
            }
          }
        }
      }
    }
    return found;
  }
}
