package io.ringspun.internal.kernel;

import static java.lang.foreign.MemoryLayout.PathElement.groupElement;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.ringspun.testing.Once;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** The encoders that liburing's header does not know, against {@code entries.txt}. */
@Once
class EntriesTest {
  private static final Path TABLE = Path.of("src", "test", "resources", "entries.txt");

  /** Returns the fields of each encoder of the table. */
  static Map<String, Map<String, String>> table() throws IOException {
    Map<String, Map<String, String>> table = new TreeMap<>();
    for (String line : Files.readAllLines(TABLE)) {
      if (!line.isBlank() && !line.startsWith("#")) {
        String[] words = line.split(" ");
        Map<String, String> fields = new LinkedHashMap<>();
        for (int i = 1; i < words.length; i++) {
          String[] field = words[i].split("=");
          fields.put(field[0], field[1]);
        }
        table.put(words[0], fields);
      }
    }
    return table;
  }

  @Test
  void encoders_asTheKernelReadsThem() throws Exception {
    Map<String, Map<String, String>> table = table();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(192, 64);
      for (OracleTest.Row row : OracleTest.rows()) {
        Map<String, String> fields = table.get(row.method().getName());
        if (fields != null) {
          String expected = expected(row, fields);
          for (var before : OracleTest.BEFORE) {
            assertEquals(expected, row.ours(before, memory), row::question);
          }
        }
      }
    }
    for (OracleTest.Row row : OracleTest.rows()) {
      table.remove(row.method().getName());
    }
    assertEquals(Map.of(), table, "rows for what is no encoder");
  }

  private static String expected(OracleTest.Row row, Map<String, String> fields) {
    byte[] bytes = new byte[(int) SubmissionEntry.SIZE_BYTES];
    fields.forEach((name, value) -> or(bytes, name, value(value, row)));
    or(bytes, "flags", row.flags());
    or(bytes, "user_data", row.userData());
    return HexFormat.of().formatHex(bytes);
  }

  private static long value(String text, OracleTest.Row row) {
    long value = 0;
    for (String term : text.split("\\|")) {
      String[] shifted = term.split("<<");
      boolean isArgument = shifted[0].startsWith("a");
      long part =
          isArgument
              ? argument(row, Integer.parseInt(shifted[0].substring(1)))
              : Long.decode(shifted[0]);
      value |= shifted.length == 2 ? part << Integer.parseInt(shifted[1]) : part;
    }
    return value;
  }

  private static long argument(OracleTest.Row row, int index) {
    long argument = row.arguments()[index];
    return row.method().getParameterTypes()[index] == int.class
        ? argument & 0xffff_ffffL
        : argument;
  }

  /** Little-endian, as many bytes as the field has. */
  private static void or(byte[] bytes, String field, long value) {
    int at = (int) SubmissionEntry.LAYOUT.byteOffset(groupElement(field));
    long size = SubmissionEntry.LAYOUT.select(groupElement(field)).byteSize();
    for (int i = 0; i < size; i++) {
      bytes[at + i] |= (byte) (value >>> 8 * i);
    }
  }
}
