package io.ringspun.internal.ring;

import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.Charset;
import java.nio.file.FileSystems;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.ProviderMismatchException;
import java.util.Arrays;
import java.util.HexFormat;

/** A path as the kernel takes it: its bytes, then a zero. */
public final class PathMemory implements AutoCloseable {
  private static final Charset ENCODING =
      Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"));

  /** What the JDK puts into the text of a path where the bytes are no text. */
  private static final char REPLACEMENT = '\uFFFD';

  private final NativePool.Block block;

  private PathMemory(NativePool.Block block) {
    this.block = block;
  }

  /**
   * Refuses a path that the kernel would not understand.
   *
   * @throws ProviderMismatchException if it is not of the default file system
   */
  public static void requireDefault(Path path) {
    if (path.getFileSystem() != FileSystems.getDefault()) {
      throw new ProviderMismatchException(path + " is not a path of the default file system");
    }
  }

  /** Writes a path. */
  public static PathMemory of(Path path) {
    return of("", path);
  }

  /** Puts something in ASCII before a path. */
  public static PathMemory of(String prefix, Path path) {
    byte[] name = bytes(path);
    byte[] bytes = Arrays.copyOf(prefix.getBytes(ENCODING), prefix.length() + name.length);
    System.arraycopy(name, 0, bytes, prefix.length(), name.length);
    NativePool.Block block = NativePool.take(bytes.length + 1L);
    put(block.memory(), bytes);
    return new PathMemory(block);
  }

  /** Writes a path to memory that is freed when nobody refers to it any more. */
  public static MemorySegment kept(Path path) {
    byte[] bytes = bytes(path);
    MemorySegment memory = Arena.ofAuto().allocate(bytes.length + 1L);
    put(memory, bytes);
    return memory;
  }

  private static void put(MemorySegment memory, byte[] bytes) {
    MemorySegment.copy(bytes, 0, memory, ValueLayout.JAVA_BYTE, 0, bytes.length);
    memory.set(ValueLayout.JAVA_BYTE, bytes.length, (byte) 0);
  }

  private static byte[] bytes(Path path) {
    String name = path.toString();
    if (name.isEmpty()) {
      return new byte[] {'.'}; // to the JDK, too, the empty path is the current directory
    }
    byte[] bytes = name.indexOf(REPLACEMENT) < 0 ? name.getBytes(ENCODING) : undecodable(path);
    for (byte b : bytes) {
      if (b == 0) {
        throw new InvalidPathException(name, "Nul character not allowed");
      }
    }
    return bytes;
  }

  /** A name whose bytes are no text in this locale keeps them, escaped, in its URI. */
  private static byte[] undecodable(Path path) {
    String uri = path.toUri().getRawPath();
    ByteArrayOutputStream bytes = new ByteArrayOutputStream(uri.length());
    for (int i = 0; i < uri.length(); i++) {
      if (uri.charAt(i) == '%') {
        bytes.write(HexFormat.fromHexDigits(uri, i + 1, i + 3));
        i += 2;
      } else {
        bytes.write(uri.charAt(i));
      }
    }
    return bytes.toByteArray();
  }

  /** Returns the text before the first zero. */
  public static String text(MemorySegment memory) {
    byte[] bytes = memory.toArray(ValueLayout.JAVA_BYTE);
    int length = 0;
    while (length < bytes.length && bytes[length] != 0) {
      length++;
    }
    return new String(bytes, 0, length, ENCODING);
  }

  /** Returns the address of its first byte. */
  public long address() {
    return block.address();
  }

  @Override
  public void close() {
    block.close();
  }
}
