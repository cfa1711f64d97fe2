package io.ringspun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.internal.kernel.Opcode;
import io.ringspun.testing.Classes;
import io.ringspun.testing.Once;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What {@code docs/features.md} names is there. */
@Once
class FeaturesTest {
  private static final Pattern TEST = Pattern.compile("`(\\w+Test)`");
  private static final Pattern METHOD = Pattern.compile("`([A-Z]\\w+)\\.(\\w+)`");

  private static final Path PAGE = Path.of("docs", "features.md");

  @Test
  void tests_exist() throws Exception {
    TreeSet<String> named =
        TEST.matcher(Files.readString(PAGE))
            .results()
            .map(result -> result.group(1))
            .collect(Collectors.toCollection(TreeSet::new));
    assertTrue(named.size() > 50, named::toString);
    try (var files = Files.walk(Path.of("src", "test", "java"))) {
      files.map(file -> file.getFileName().toString().replace(".java", "")).forEach(named::remove);
    }
    assertEquals(new TreeSet<>(), named, "tests that are named and not there");
  }

  @Test
  void methods_exist() throws Exception {
    Map<String, Class<?>> types = new HashMap<>();
    try (var files = Files.walk(Classes.MAIN.resolve("io"))) {
      for (Path file : (Iterable<Path>) files::iterator) {
        String name = Classes.MAIN.relativize(file).toString().replace('/', '.');
        if (name.endsWith(".class") && !name.contains("internal") && !name.contains("$")) {
          Class<?> type = Class.forName(name.substring(0, name.length() - ".class".length()));
          types.put(type.getSimpleName(), type);
        }
      }
    }
    TreeSet<String> missing = new TreeSet<>();
    int found = 0;
    for (MatchResult match : METHOD.matcher(Files.readString(PAGE)).results().toList()) {
      Class<?> type = types.get(match.group(1));
      if (type == null) {
        continue; // the JDK's, or Rust's
      }
      if (has(type, match.group(2))) {
        found++;
      } else {
        missing.add(match.group());
      }
    }
    assertEquals(new TreeSet<>(), missing, "methods that are named and not there");
    assertTrue(found > 100, "only " + found);
  }

  @Test
  void operations_areAllThere() throws Exception {
    List<String> rows =
        Files.readAllLines(PAGE).stream()
            .dropWhile(line -> !line.startsWith("| Number | `IORING_OP_` |"))
            .skip(2)
            .takeWhile(line -> line.startsWith("|"))
            .toList();
    assertEquals(Opcode.count(), rows.size());
    for (Opcode opcode : Opcode.values()) {
      String row = rows.get(opcode.number());
      String start = "| %d | `%s` | ".formatted(opcode.number(), opcode);
      assertTrue(row.startsWith(start), row);
      assertTrue(row.startsWith("none: ", start.length()) || TEST.matcher(row).find(), row);
      assertTrue(row.contains(" | %s | ".formatted(opcode.since())), row);
    }
  }

  private static boolean has(Class<?> type, String name) {
    return Arrays.stream(type.getMethods()).map(Method::getName).anyMatch(name::equals)
        || Arrays.stream(type.getFields()).anyMatch(field -> field.getName().equals(name));
  }
}
