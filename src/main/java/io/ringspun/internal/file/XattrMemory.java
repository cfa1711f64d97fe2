package io.ringspun.internal.file;

import io.ringspun.internal.kernel.Constants;
import io.ringspun.internal.memory.LentMemory;
import io.ringspun.internal.memory.NativePool;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/**
 * An extended attribute as the kernel takes it: its value, or room for one, then its name and a
 * zero.
 *
 * @param block the memory, given back by {@link #close}
 * @param length of the value or the room, in bytes
 */
public record XattrMemory(NativePool.Block block, int length) implements LentMemory, AutoCloseable {

  /** Enough for most values. The kernel clears as much memory as it is given room. */
  public static final int USUAL_BYTES = 1024;

  /**
   * Makes room for an attribute.
   *
   * @throws IllegalArgumentException if the name is empty or has a zero in it
   */
  public static XattrMemory toGet(String name) {
    return of(name, Constants.XATTR_SIZE_MAX);
  }

  /** Copies the name and the value of an attribute to be set. */
  public static XattrMemory toSet(String name, byte[] value) {
    XattrMemory memory = of(name, value.length);
    MemorySegment.copy(value, 0, memory.block.memory(), ValueLayout.JAVA_BYTE, 0, value.length);
    return memory;
  }

  /**
   * Refuses a name that is none.
   *
   * @throws IllegalArgumentException if the name is empty or has a zero in it
   */
  static void requireName(String name) {
    if (name.isEmpty() || name.indexOf('\0') >= 0) {
      throw new IllegalArgumentException("no name for an attribute: '" + name + "'");
    }
  }

  private static XattrMemory of(String name, int length) {
    requireName(name);
    byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
    NativePool.Block block = NativePool.take(length + bytes.length + 1L);
    MemorySegment.copy(bytes, 0, block.memory(), ValueLayout.JAVA_BYTE, length, bytes.length);
    block.memory().set(ValueLayout.JAVA_BYTE, (long) length + bytes.length, (byte) 0);
    return new XattrMemory(block, length);
  }

  public long value() {
    return block.address();
  }

  public long name() {
    return block.address() + length;
  }

  @Override
  public void markLost() {
    block.markLost();
  }

  @Override
  public void close() {
    block.close();
  }

  /** Copies what the kernel has put in. */
  public byte[] bytes(int count) {
    return block.memory().asSlice(0, count).toArray(ValueLayout.JAVA_BYTE);
  }
}
