package io.ringspun.internal.memory;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystems;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.ProviderMismatchException;
import java.util.Arrays;

/** A path as the kernel takes it: its bytes, then a zero. */
public final class PathMemory implements LentMemory, AutoCloseable {
  private static final long UTF_8_BYTES = 3; // at most, for each char

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
    byte[] bytes =
        Arrays.copyOf(prefix.getBytes(StandardCharsets.US_ASCII), prefix.length() + name.length);
    System.arraycopy(name, 0, bytes, prefix.length(), name.length);
    NativePool.Block block = NativePool.take(bytes.length + 1L);
    put(block.memory(), bytes);
    return new PathMemory(block);
  }

  /**
   * Writes a path to memory of the caller's.
   *
   * @return its length without the zero, or -1 if there is no room for it
   */
  public static int write(Path path, MemorySegment room) {
    String text = path.toString();
    int length = text.length();
    if (length > 0 && UTF_8_BYTES * length < room.byteSize()) {
      room.setString(0, text, StandardCharsets.UTF_8); // makes no copy of what is ASCII
      if (room.get(ValueLayout.JAVA_BYTE, length) == 0) {
        return length; // a byte for each character: it is ASCII, the same in every locale
      }
    }
    byte[] bytes = bytes(path);
    if (bytes.length >= room.byteSize()) {
      return -1;
    }
    put(room, bytes);
    return bytes.length;
  }

  /** Writes a path to memory that is freed when it becomes unreachable. */
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
    byte[] bytes = PathBytes.of(path);
    if (bytes.length == 0) {
      return new byte[] {'.'}; // to the JDK, too, the empty path is the current directory
    }
    for (byte b : bytes) {
      if (b == 0) {
        throw new InvalidPathException(path.toString(), "Nul character not allowed");
      }
    }
    return bytes;
  }

  /** Returns the address of its first byte. */
  public long address() {
    return block.address();
  }

  @Override
  public void markLost() {
    block.markLost();
  }

  @Override
  public void close() {
    block.close();
  }
}
