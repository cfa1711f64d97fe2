package demo;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;

/** Copying a file by {@link FileChannel#transferTo}, which the drop-in has, too. */
final class CopyWork implements Work {
  static final int BLOCK_BYTES = 256 * 1024;

  private final Path file;
  private final long byteCount;
  private final Path copy;

  CopyWork(Path file, long byteCount, Path directory) {
    this.file = file;
    this.byteCount = byteCount;
    copy = directory.resolve("copy");
  }

  @Override
  public String name() {
    return "copy";
  }

  @Override
  public int threads() {
    return 1;
  }

  @Override
  public String mode() {
    return "cached";
  }

  @Override
  public long completeCount() {
    return Math.ceilDiv(byteCount, (long) BLOCK_BYTES);
  }

  @Override
  public long mostCount() {
    return completeCount();
  }

  /** Always copies all of it. */
  @Override
  public long run(Arm arm, long count, long deadlineNanos) throws IOException {
    Crew.run(arm, 1, _ -> arm.copy(file, copy, byteCount));
    return completeCount();
  }

  /** Digests the copy, which must be like the file, and removes it. */
  @Override
  public long digest() throws IOException {
    long digest = digest(copy);
    if (digest != digest(file)) {
      throw new DigestMismatchException("the copy differs from the file");
    }
    Files.delete(copy);
    return digest;
  }

  private long digest(Path path) throws IOException {
    return digest(path, byteCount);
  }

  /** Digests the first bytes of a file, and that it has no fewer. */
  static long digest(Path path, long byteCount) throws IOException {
    Digest digest = new Digest();
    ByteBuffer block = ByteBuffer.allocateDirect(BLOCK_BYTES);
    try (FileChannel channel = FileChannel.open(path)) {
      for (long at = 0; at < byteCount; at += BLOCK_BYTES) {
        block.clear().limit((int) Math.min(BLOCK_BYTES, byteCount - at));
        while (block.hasRemaining() && channel.read(block, at + block.position()) >= 0) {}
        digest.add(block, block.position(), at);
      }
    }
    return digest.sum();
  }
}
