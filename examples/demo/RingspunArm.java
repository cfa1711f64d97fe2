package demo;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import io.ringspun.Batch;
import io.ringspun.Outcomes;
import io.ringspun.Ring;
import io.ringspun.RingGroup;
import io.ringspun.file.RingFile;
import io.ringspun.file.RingFileSystems;
import io.ringspun.file.RingOpenOption;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.LongStream;

/** The main job's work through Ringspun, on virtual threads that the rings carry. */
final class RingspunArm implements Arm {
  private static final int BATCH_SIZE = 32;

  private final List<Ring> rings;

  RingspunArm(RingGroup group) {
    rings = group.rings();
  }

  private Ring ring(int worker) {
    return rings.get(worker % rings.size());
  }

  @Override
  public Thread newThread(int worker, Runnable task) {
    return ring(worker).threadFactory().newThread(task);
  }

  @Override
  public Source open(Path path, boolean direct) throws IOException {
    OpenOption[] options = direct ? new OpenOption[] {RingOpenOption.DIRECT} : new OpenOption[0];
    RingFile file = RingFile.open(ring(0), path, options);
    return new Source() {
      @Override
      public int read(Block block, int offset, long position) throws IOException {
        MemorySegment target = offset == 0 ? block.segment() : block.segment().asSlice(offset);
        return file.read(target, position);
      }

      @Override
      public void close() throws IOException {
        file.close();
      }
    };
  }

  @Override
  public Path path(int worker, Path file) {
    return RingFileSystems.wrap(ring(worker), file);
  }

  /** Reads a batch of blocks, then writes it, and so on: two waits for each batch. */
  @Override
  public void copy(Path from, Path to, long byteCount) throws IOException {
    Ring ring = ring(0);
    try (Arena arena = Arena.ofConfined();
        RingFile source = RingFile.open(ring, from, READ);
        RingFile target = RingFile.open(ring, to, CREATE, TRUNCATE_EXISTING, WRITE)) {
      MemorySegment memory = arena.allocate((long) BATCH_SIZE * CopyWork.BLOCK_BYTES);
      for (long start = 0; start < byteCount; start += memory.byteSize()) {
        MemorySegment part = memory.asSlice(0, Math.min(memory.byteSize(), byteCount - start));
        copyBatch(ring, source, target, blocksOf(part), start);
      }
    }
  }

  private static void copyBatch(
      Ring ring, RingFile source, RingFile target, List<MemorySegment> blocks, long start)
      throws IOException {
    Batch reads = ring.batch();
    Batch writes = ring.batch();
    for (int i = 0; i < blocks.size(); i++) {
      long position = start + (long) i * CopyWork.BLOCK_BYTES;
      reads.read(source, blocks.get(i), position);
      writes.write(target, blocks.get(i), position);
    }
    reads.run();
    Outcomes written = writes.attempt();
    for (int i = 0; i < blocks.size(); i++) {
      // A write that a full disk refused or cut short is retried once, which reports the reason.
      long done = Math.max(0, written.get(i).result());
      if (done < blocks.get(i).byteSize()) {
        long position = start + (long) i * CopyWork.BLOCK_BYTES + done;
        target.writeFully(blocks.get(i).asSlice(done), position);
      }
    }
  }

  private static List<MemorySegment> blocksOf(MemorySegment memory) {
    long size = memory.byteSize();
    return LongStream.iterate(0, at -> at < size, at -> at + CopyWork.BLOCK_BYTES)
        .mapToObj(at -> memory.asSlice(at, Math.min(CopyWork.BLOCK_BYTES, size - at)))
        .toList();
  }

  /** Each commit is a chain: the kernel begins the sync when the write is done, in one trip. */
  @Override
  public Log createLog(Path path) throws IOException {
    RingFile file = RingFile.open(ring(0), path, CREATE, TRUNCATE_EXISTING, WRITE);
    return new Log() {
      @Override
      public void commit(int worker, Block entry, long position) throws IOException {
        ring(worker).chain().write(file, entry.segment(), position).fdatasync(file).run();
      }

      @Override
      public void close() throws IOException {
        file.close();
      }
    };
  }
}
