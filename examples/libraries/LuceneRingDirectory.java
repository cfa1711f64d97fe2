package libraries;

import static java.nio.file.StandardOpenOption.CREATE_NEW;
import static java.nio.file.StandardOpenOption.READ;
import static java.nio.file.StandardOpenOption.WRITE;

import io.ringspun.Ring;
import io.ringspun.file.RingFileChannel;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystems;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.lucene.store.AlreadyClosedException;
import org.apache.lucene.store.BufferedIndexInput;
import org.apache.lucene.store.FSDirectory;
import org.apache.lucene.store.FSLockFactory;
import org.apache.lucene.store.IOContext;
import org.apache.lucene.store.IndexInput;
import org.apache.lucene.store.IndexOutput;
import org.apache.lucene.store.LockFactory;
import org.apache.lucene.store.OutputStreamIndexOutput;

/**
 * A Lucene directory that reads, writes and syncs an index through a ring. Reads have explicit
 * positions, so the clones and slices of an input share its channel and can be used by different
 * threads.
 *
 * <p>Operations run on the ring that carries the calling thread, or otherwise on the directory's
 * own. Names, lists and locks are Lucene's own. As with {@code NIOFSDirectory}, interrupting a
 * thread that searches closes the input that it reads.
 */
public final class LuceneRingDirectory extends FSDirectory {
  private static final int OUTPUT_BYTES = 1 << 15;

  private final Ring ring;
  private final int inputBytes; // size of an input's buffer; 0 for Lucene's default
  private final AtomicLong temporaries = new AtomicLong();

  /**
   * Opens or creates a directory on a ring of the shared group.
   *
   * @param path the path of the directory
   */
  public LuceneRingDirectory(Path path) throws IOException {
    this(path, FSLockFactory.getDefault());
  }

  /**
   * Opens or creates a directory on a ring of the shared group. Lucene's tools find this
   * constructor when they are given the name of the class.
   *
   * @param path the path of the directory
   * @param locks the factory of the index's locks
   */
  public LuceneRingDirectory(Path path, LockFactory locks) throws IOException {
    this(Ring.shared(), path, locks, 0);
  }

  /**
   * Opens or creates a directory.
   *
   * @param ring the ring for operations of threads that no ring carries
   * @param path the path of the directory
   * @param locks the factory of the index's locks
   * @param inputBytes the size of an input's buffer, or 0 for Lucene's default
   */
  public LuceneRingDirectory(Ring ring, Path path, LockFactory locks, int inputBytes)
      throws IOException {
    super(path, locks);
    this.ring = ring;
    this.inputBytes = inputBytes;
  }

  /** Opens a file through the ring; one of a file system in Java, by what that has for channels. */
  private FileChannel open(Path path, OpenOption... options) throws IOException {
    return path.getFileSystem() == FileSystems.getDefault()
        ? RingFileChannel.open(ring, path, Set.of(options))
        : FileChannel.open(path, options);
  }

  // ---- reading -------------------------------------------------------------------------------

  @Override
  public IndexInput openInput(String name, IOContext context) throws IOException {
    ensureOpen();
    ensureCanRead(name);
    Path path = directory.resolve(name);
    int bufferBytes = inputBytes != 0 ? inputBytes : BufferedIndexInput.bufferSize(context);
    FileChannel channel = open(path, READ);
    try {
      return new Input("LuceneRingDirectory(" + path + ")", bufferBytes, channel, channel.size());
    } catch (IOException | RuntimeException e) {
      try (channel) {
        throw e;
      }
    }
  }

  /** A file, or with another's channel a part of it. */
  private static final class Input extends BufferedIndexInput {
    private final FileChannel channel;
    private final long start;
    private final long length;
    private boolean owner; // clones and slices leave the channel open
    private boolean closed;

    Input(String what, int bufferBytes, FileChannel channel, long length) {
      this(what, bufferBytes, channel, 0, length);
      owner = true;
    }

    private Input(String what, int bufferBytes, FileChannel channel, long start, long length) {
      super(what, bufferBytes);
      this.channel = channel;
      this.start = start;
      this.length = length;
    }

    @Override
    public long length() {
      return length;
    }

    @Override
    protected void readInternal(ByteBuffer target) throws IOException {
      try {
        readAll(target);
      } catch (IOException | RuntimeException e) {
        target.limit(0); // the superclass would treat bytes that were not read as content
        throw e;
      }
    }

    private void readAll(ByteBuffer target) throws IOException {
      requireOpen();
      long position = getFilePointer();
      if (target.remaining() > length - position) {
        throw new EOFException("read past EOF: " + this);
      }
      while (target.hasRemaining()) {
        int n = channel.read(target, start + position);
        if (n < 0) {
          throw new EOFException("the file has become shorter: " + this);
        }
        position += n;
      }
    }

    @Override
    protected void seekInternal(long position) throws IOException {
      if (position > length) {
        throw new EOFException("seek past EOF: position %d: %s".formatted(position, this));
      }
    }

    @Override
    public Input clone() {
      requireOpen();
      Input clone = (Input) super.clone();
      clone.owner = false;
      return clone;
    }

    @Override
    public IndexInput slice(String description, long offset, long size) {
      requireOpen();
      if ((offset | size) < 0 || size > length - offset) {
        throw new IllegalArgumentException(
            "slice() %s out of bounds: offset=%d, length=%d: %s"
                .formatted(description, offset, size, this));
      }
      String what = getFullSliceDescription(description);
      return new Input(what, getBufferSize(), channel, start + offset, size);
    }

    private void requireOpen() {
      if (closed) {
        throw new AlreadyClosedException("closed: " + this);
      }
    }

    @Override
    public void close() throws IOException {
      closed = true;
      if (owner) {
        channel.close();
      }
    }
  }

  // ---- writing -------------------------------------------------------------------------------

  @Override
  public IndexOutput createOutput(String name, IOContext context) throws IOException {
    ensureOpen();
    deletePendingFiles();
    return output(name);
  }

  @Override
  public IndexOutput createTempOutput(String prefix, String suffix, IOContext context)
      throws IOException {
    ensureOpen();
    deletePendingFiles();
    while (true) {
      try {
        return output(getTempFileName(prefix, suffix, temporaries.getAndIncrement()));
      } catch (FileAlreadyExistsException _) {
        // another directory object has taken that number
      }
    }
  }

  private IndexOutput output(String name) throws IOException {
    Path path = directory.resolve(name);
    FileChannel channel = open(path, CREATE_NEW, WRITE);
    return new OutputStreamIndexOutput(
        "LuceneRingDirectory(" + path + ")", name, Channels.newOutputStream(channel), OUTPUT_BYTES);
  }

  // ---- what must outlive a power failure -----------------------------------------------------

  @Override
  protected void fsync(String name) throws IOException {
    sync(directory.resolve(name), WRITE);
  }

  @Override
  public void syncMetaData() throws IOException {
    ensureOpen();
    sync(directory, READ);
    deletePendingFiles();
  }

  private void sync(Path path, OpenOption option) throws IOException {
    try (FileChannel channel = open(path, option)) {
      channel.force(true);
    }
  }
}
