package demo;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import io.ringspun.Ring;
import io.ringspun.RingGroup;
import io.ringspun.file.RingFile;
import io.ringspun.file.RingFileChannel;
import io.ringspun.file.RingFileSystems;
import io.ringspun.file.RingOpenOption;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.util.List;

/** The main job's work through Ringspun, on virtual threads that the rings carry. */
final class RingspunArm implements Arm {
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

  /** The kernel copies between the two files by itself. */
  @Override
  public void copy(Path from, Path to, long byteCount) throws IOException {
    try (FileChannel source = RingFileChannel.open(ring(0), from, READ);
        FileChannel target = RingFileChannel.open(ring(0), to, CREATE, TRUNCATE_EXISTING, WRITE)) {
      FileChannelArm.copy(source, target, byteCount);
    }
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
