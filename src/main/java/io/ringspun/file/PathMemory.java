package io.ringspun.file;

import io.ringspun.internal.ring.NativePool;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.Charset;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/** A path as the kernel takes it: its bytes, then a zero. */
final class PathMemory implements AutoCloseable {
  private static final Charset ENCODING =
      Charset.forName(System.getProperty("sun.jnu.encoding", "UTF-8"));

  private final NativePool.Block block;

  private PathMemory(NativePool.Block block) {
    this.block = block;
  }

  static PathMemory of(Path path) {
    byte[] bytes = path.toString().getBytes(ENCODING);
    for (byte b : bytes) {
      if (b == 0) {
        throw new InvalidPathException(path.toString(), "Nul character not allowed");
      }
    }
    NativePool.Block block = NativePool.take(bytes.length + 1L);
    MemorySegment.copy(bytes, 0, block.memory(), ValueLayout.JAVA_BYTE, 0, bytes.length);
    block.memory().set(ValueLayout.JAVA_BYTE, bytes.length, (byte) 0);
    return new PathMemory(block);
  }

  long address() {
    return block.address();
  }

  @Override
  public void close() {
    block.close();
  }
}
