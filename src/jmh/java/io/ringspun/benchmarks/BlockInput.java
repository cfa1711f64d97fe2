package io.ringspun.benchmarks;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import org.apache.lucene.store.BufferedIndexInput;
import org.apache.lucene.store.IndexInput;

/**
 * Lucene's view of a file, or of a part of it, that reads whole aligned blocks, as direct I/O wants
 * it. The same for every kind of channel.
 */
final class BlockInput extends BufferedIndexInput {
  static final int BLOCK_BYTES = 4096;

  private final FileChannel channel;
  private final long start;
  private final long length;
  private boolean owner;
  private ByteBuffer block = newBlock();

  BlockInput(String what, FileChannel channel) throws IOException {
    this(what, channel, 0, channel.size());
    owner = true;
  }

  private BlockInput(String what, FileChannel channel, long start, long length) {
    super(what, BLOCK_BYTES);
    this.channel = channel;
    this.start = start;
    this.length = length;
  }

  /** Room for what a buffer of the superclass holds, wherever it starts in a block. */
  private static ByteBuffer newBlock() {
    return ByteBuffer.allocateDirect(3 * BLOCK_BYTES).alignedSlice(BLOCK_BYTES);
  }

  @Override
  protected void readInternal(ByteBuffer target) throws IOException {
    long position = start + getFilePointer();
    while (target.hasRemaining()) {
      int offset = (int) (position % BLOCK_BYTES);
      int wanted = Math.min(offset + target.remaining(), 2 * BLOCK_BYTES);
      block.clear().limit(Math.ceilDiv(wanted, BLOCK_BYTES) * BLOCK_BYTES);
      int n = channel.read(block, position - offset);
      if (n <= offset) {
        throw new EOFException("read past the end: " + this);
      }
      block.flip().position(offset).limit(Math.min(n, wanted));
      position += block.remaining();
      target.put(block);
    }
  }

  @Override
  protected void seekInternal(long position) throws IOException {
    if (position > length) {
      throw new EOFException("seek past the end: " + this);
    }
  }

  @Override
  public long length() {
    return length;
  }

  @Override
  public BlockInput clone() {
    BlockInput clone = (BlockInput) super.clone();
    clone.owner = false;
    clone.block = newBlock();
    return clone;
  }

  @Override
  public IndexInput slice(String what, long offset, long size) {
    return new BlockInput(getFullSliceDescription(what), channel, start + offset, size);
  }

  @Override
  public void close() throws IOException {
    if (owner) {
      channel.close();
    }
  }
}
