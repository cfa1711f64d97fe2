package io.ringspun.file;

import static java.nio.file.StandardOpenOption.APPEND;
import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.ringspun.Ring;
import io.ringspun.testing.Caller;
import io.ringspun.testing.EachCaller;
import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Arrays and text, as {@link Files} takes and gives them. */
class RingFileBytesTest {
  @TempDir private Path directory;

  @ParameterizedTest
  @EachCaller
  void arrays_areWrittenAndRead(Caller caller) throws Exception {
    Path path = directory.resolve("file");
    try (Ring ring = Ring.open()) {
      caller.run(
          ring,
          () -> {
            try (RingFile file = RingFile.open(ring, path, CREATE, READ, WRITE)) {
              file.writeFully(bytes(10), 0);
              assertEquals(5, file.write(bytes(5), 10));
              byte[] part = new byte[4];
              file.readFully(part, 10);
              assertArrayEquals(new byte[] {0, 1, 2, 3}, part);
              byte[] rest = new byte[20];
              assertEquals(5, file.read(rest, 10));
              assertEquals(4, rest[4]);
              assertEquals(-1, file.read(rest, 15));
              assertThrows(IllegalArgumentException.class, () -> file.read(new byte[0], 0));
              assertThrows(EOFException.class, () -> file.readFully(new byte[6], 10));
              assertEquals(15, file.readAllBytes().length);
            }
          });
    }
    assertEquals(15, Files.size(path));
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 4096, 1_000_000, 3_000_000})
  void readAllBytes_asFiles(int size) throws Exception {
    Path path = Files.write(directory.resolve("file"), bytes(size));
    try (Ring ring = Ring.open();
        RingFile file = RingFile.open(ring, path, READ)) {
      assertArrayEquals(Files.readAllBytes(path), file.readAllBytes());
    }
  }

  /** The kernel says that these have no bytes. */
  @ParameterizedTest
  @ValueSource(strings = {"/proc/self/status", "/proc/cpuinfo", "/dev/null"})
  void readAllBytes_ofUnknownSize(String name) throws Exception {
    try (Ring ring = Ring.open();
        RingFile file = RingFile.open(ring, Path.of(name), READ)) {
      assertEquals(Files.readAllBytes(Path.of(name)).length > 0, file.readAllBytes().length > 0);
    }
  }

  @Test
  void text_isWrittenAndRead() throws Exception {
    Path path = directory.resolve("file");
    String text = "Grüße, \uD83D\uDE00";
    try (Ring ring = Ring.open();
        RingFile file = RingFile.open(ring, path, CREATE, READ, WRITE)) {
      int count = file.writeString(text, 0);
      assertEquals(text.getBytes(StandardCharsets.UTF_8).length, count);
      assertEquals(3, file.writeString(new StringBuilder("äöü"), StandardCharsets.ISO_8859_1, 100));
      assertTrue(file.readString(StandardCharsets.ISO_8859_1).endsWith("\0äöü"));
      assertThrows(CharacterCodingException.class, file::readString);
      file.truncate(count);
      assertEquals(text, file.readString());
      assertThrows(CharacterCodingException.class, () -> file.writeString("\uD83D", 0));
      assertThrows(
          CharacterCodingException.class,
          () -> file.writeString("ł", StandardCharsets.ISO_8859_1, 0));
      assertEquals(0, file.writeString("", 0));
      assertEquals(text, file.readString());
    }
    assertEquals(text, Files.readString(path));
  }

  @Test
  void refusals() throws Exception {
    Path path = Files.write(directory.resolve("file"), bytes(4096));
    try (Ring ring = Ring.open()) {
      try (RingFile file = RingFile.open(ring, path, WRITE)) {
        assertThrows(NonReadableChannelException.class, file::readAllBytes);
        assertThrows(NonReadableChannelException.class, () -> file.read(new byte[1], 0));
        assertThrows(IllegalArgumentException.class, () -> file.write(new byte[1], -1));
      }
      try (RingFile file = RingFile.open(ring, path, READ)) {
        assertThrows(NonWritableChannelException.class, () -> file.writeString("x", 0));
      }
      try (RingFile file = RingFile.open(ring, path, APPEND)) {
        assertThrows(IllegalStateException.class, () -> file.writeFully(new byte[1], 0));
      }
      RingFile closed = RingFile.open(ring, path, READ);
      closed.close();
      assertThrows(IOException.class, closed::readAllBytes);
    }
  }

  @Test
  void readAllBytes_direct_isRefused() throws Exception {
    Path path = Files.write(directory.resolve("file"), bytes(4096));
    try (Ring ring = Ring.open();
        RingFile file = RingFile.open(ring, path, READ, RingOpenOption.DIRECT)) {
      assertThrows(IllegalArgumentException.class, file::readAllBytes);
    }
  }

  private static byte[] bytes(int count) {
    byte[] bytes = new byte[count];
    for (int i = 0; i < count; i++) {
      bytes[i] = (byte) i;
    }
    return bytes;
  }
}
