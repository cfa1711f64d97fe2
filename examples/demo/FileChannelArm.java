package demo;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.TRUNCATE_EXISTING;
import static java.nio.file.StandardOpenOption.WRITE;

import java.io.EOFException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;

/** The main job's work as it is done today: {@link FileChannel} on virtual threads. */
final class FileChannelArm implements Arm {
  private static final OpenOption DIRECT = findDirect();

  /** Finds {@code com.sun.nio.file.ExtendedOpenOption.DIRECT}, at whose mere name javac warns. */
  private static OpenOption findDirect() {
    try {
      Object[] options = Class.forName("com.sun.nio.file.ExtendedOpenOption").getEnumConstants();
      return Arrays.stream(options)
          .map(OpenOption.class::cast)
          .filter(option -> option.toString().equals("DIRECT"))
          .findFirst()
          .orElseThrow();
    } catch (ClassNotFoundException e) {
      throw new LinkageError("this JDK has no direct I/O", e);
    }
  }

  @Override
  public Thread newThread(int worker, Runnable task) {
    return Thread.ofVirtual().unstarted(task);
  }

  @Override
  public Source open(Path path, boolean direct) throws IOException {
    Set<OpenOption> options = direct ? Set.of(READ, DIRECT) : Set.of(READ);
    FileChannel channel = FileChannel.open(path, options);
    return new Source() {
      @Override
      public int read(Block block, int offset, long position) throws IOException {
        return channel.read(block.buffer().clear().position(offset), position);
      }

      @Override
      public void close() throws IOException {
        channel.close();
      }
    };
  }

  @Override
  public Path path(int worker, Path file) {
    return file;
  }

  @Override
  public void copy(Path from, Path to, long byteCount) throws IOException {
    try (FileChannel source = FileChannel.open(from, READ);
        FileChannel target = FileChannel.open(to, CREATE, TRUNCATE_EXISTING, WRITE)) {
      copy(source, target, byteCount);
    }
  }

  static void copy(FileChannel source, FileChannel target, long byteCount) throws IOException {
    long done = 0;
    while (done < byteCount) {
      long n = source.transferTo(done, byteCount - done, target);
      if (n == 0) {
        throw new EOFException("the file became shorter while it was copied");
      }
      done += n;
    }
  }

  @Override
  public Log createLog(Path path) throws IOException {
    FileChannel channel = FileChannel.open(path, CREATE, TRUNCATE_EXISTING, WRITE);
    return new Log() {
      @Override
      public void commit(int worker, Block entry, long position) throws IOException {
        entry.buffer().clear();
        while (entry.buffer().hasRemaining()) {
          channel.write(entry.buffer(), position + entry.buffer().position());
        }
        channel.force(false);
      }

      @Override
      public void close() throws IOException {
        channel.close();
      }
    };
  }
}
