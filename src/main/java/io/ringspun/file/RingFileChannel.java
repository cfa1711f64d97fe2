package io.ringspun.file;

import io.ringspun.Ring;
import io.ringspun.internal.ring.NativePool;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.NonReadableChannelException;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A {@link FileChannel} whose transfers go through a {@link Ring}: for libraries that know nothing
 * of rings. Opened like any other, it keeps the contract of {@code FileChannel}, to the point that
 * an interrupt closes it; code that is written for rings does better with {@link RingFile}.
 *
 * <p>A virtual thread that waits for a transfer parks and gives up its carrier. Mapping and locking
 * are the JDK's own. They, and whatever asks for the size, as each write with {@code APPEND} does,
 * give a {@linkplain RingOpenOption#REGISTERED registered} file a descriptor after all; see {@link
 * RingFile#installDescriptor}.
 *
 * @since 0.1
 */
public final class RingFileChannel extends FileChannel {
  private static final int COPY_BYTES = 1 << 16;

  private final RingFile file;
  private final OpenFlags flags;

  private final ReentrantLock positionLock = new ReentrantLock(); // for all that moves the position
  private long position; // guarded by positionLock

  private final Object twinLock = new Object();
  private @Nullable FileChannel twin; // guarded by twinLock

  private RingFileChannel(RingFile file, OpenFlags flags) {
    this.file = file;
    this.flags = flags;
  }

  /**
   * Opens or makes a file, with the {@linkplain Ring#shared() shared ring} as its home.
   *
   * @param path a path of the default file system
   * @param options as for {@link FileChannel#open(Path, Set, FileAttribute...)}, and {@link
   *     RingOpenOption}
   * @param attributes POSIX permissions for a file that is made
   * @return a new channel
   * @throws IllegalArgumentException if options contradict each other
   * @throws UnsupportedOperationException if an option or attribute is unknown
   * @throws IOException if the file cannot be opened; see {@link RingFile#open(Path,
   *     OpenOption...)}
   */
  public static RingFileChannel open(
      Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    return open(Ring.shared(), path, options, attributes);
  }

  /**
   * Opens or makes a file, with the {@linkplain Ring#shared() shared ring} as its home.
   *
   * @param path a path of the default file system
   * @param options as for the other method
   * @return a new channel
   * @throws IOException as for the other method
   */
  public static RingFileChannel open(Path path, OpenOption... options) throws IOException {
    return open(path, new HashSet<>(Arrays.asList(options)));
  }

  /**
   * Opens or makes a file on a ring.
   *
   * @param ring the file's home ring
   * @param path a path of the default file system
   * @param options as for the other methods
   * @param attributes POSIX permissions for a file that is made
   * @return a new channel
   * @throws IOException as for the other methods
   */
  public static RingFileChannel open(
      Ring ring, Path path, Set<? extends OpenOption> options, FileAttribute<?>... attributes)
      throws IOException {
    int mode = mode(RingFile.DEFAULT_MODE, attributes);
    OpenFlags flags = OpenFlags.of(options);
    boolean interrupted = Thread.interrupted(); // it is the first use that an interrupt ends
    try {
      return new RingFileChannel(RingFile.open(ring, path, options, mode), flags);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Returns the permissions that attributes ask for, else those given. */
  static int mode(int otherwise, FileAttribute<?>... attributes) {
    int mode = otherwise;
    for (FileAttribute<?> attribute : attributes) {
      if (!attribute.name().equals("posix:permissions")) {
        throw new UnsupportedOperationException(
            "'" + attribute.name() + "' not supported as initial attribute");
      }
      mode = 0;
      for (Object permission : (Set<?>) attribute.value()) {
        mode |= bit((PosixFilePermission) permission);
      }
    }
    return mode;
  }

  private static int bit(PosixFilePermission permission) {
    return switch (permission) {
      case OWNER_READ -> 0400;
      case OWNER_WRITE -> 0200;
      case OWNER_EXECUTE -> 0100;
      case GROUP_READ -> 040;
      case GROUP_WRITE -> 020;
      case GROUP_EXECUTE -> 010;
      case OTHERS_READ -> 04;
      case OTHERS_WRITE -> 02;
      case OTHERS_EXECUTE -> 01;
    };
  }

  /** Something that blocks and can be ended by an interrupt or a close. */
  private interface Blocking {
    long run() throws IOException;
  }

  /** Runs it under the rules of an interruptible channel. */
  private long interruptibly(Blocking action) throws IOException {
    requireOpen(); // closed already, not closed meanwhile
    boolean completed = false;
    long result = 0;
    InterruptedIOException interrupted = null;
    try {
      begin();
      if (!isOpen()) {
        throw new ClosedChannelException();
      }
      result = action.run();
      completed = true;
    } catch (InterruptedIOException e) {
      interrupted = e;
    } finally {
      end(completed); // waits for who interrupts, and throws if that has closed the channel
    }
    if (interrupted != null) {
      close();
      ClosedByInterruptException closed = new ClosedByInterruptException();
      closed.initCause(interrupted);
      throw closed;
    }
    return result;
  }

  private long atPosition(Blocking action) throws IOException {
    positionLock.lock();
    try {
      return interruptibly(action);
    } finally {
      positionLock.unlock();
    }
  }

  // ---- reading -------------------------------------------------------------------------------

  @Override
  public int read(ByteBuffer target) throws IOException {
    requireReadable();
    return (int)
        atPosition(
            () -> {
              int n = readAt(target, position);
              position += Math.max(n, 0);
              return n;
            });
  }

  @Override
  public int read(ByteBuffer target, long at) throws IOException {
    Objects.requireNonNull(target);
    requireNotNegative(at);
    requireReadable();
    return (int) interruptibly(() -> readAt(target, at));
  }

  private int readAt(ByteBuffer target, long at) throws IOException {
    if (target.isReadOnly()) {
      throw new IllegalArgumentException("Read-only buffer");
    }
    if (!target.hasRemaining()) {
      return 0;
    }
    requireFit(target, at);
    return file.read(target, at);
  }

  @Override
  public long read(ByteBuffer[] targets, int offset, int length) throws IOException {
    ByteBuffer[] chosen = slice(targets, offset, length);
    requireReadable();
    return atPosition(
        () -> {
          for (ByteBuffer target : chosen) {
            if (target.isReadOnly()) {
              throw new IllegalArgumentException("Read-only buffer");
            }
          }
          if (requireFit(chosen, position) == 0) {
            return 0;
          }
          long n = file.read(chosen, position);
          position += Math.max(n, 0);
          return n;
        });
  }

  // ---- writing -------------------------------------------------------------------------------

  @Override
  public int write(ByteBuffer source) throws IOException {
    requireWritable();
    return (int)
        atPosition(
            () -> {
              int n = writeAt(source, position);
              position = flags.append() ? file.size() : position + n;
              return n;
            });
  }

  @Override
  public int write(ByteBuffer source, long at) throws IOException {
    Objects.requireNonNull(source);
    requireNotNegative(at);
    requireWritable();
    return (int) interruptibly(() -> writeAt(source, at));
  }

  private int writeAt(ByteBuffer source, long at) throws IOException {
    if (!source.hasRemaining()) {
      return 0;
    }
    requireFit(source, at);
    return flags.append() ? file.append(source) : file.write(source, at);
  }

  @Override
  public long write(ByteBuffer[] sources, int offset, int length) throws IOException {
    ByteBuffer[] chosen = slice(sources, offset, length);
    requireWritable();
    return atPosition(
        () -> {
          if (requireFit(chosen, position) == 0) {
            return 0;
          }
          long n = flags.append() ? file.append(chosen) : file.write(chosen, position);
          position = flags.append() ? file.size() : position + n;
          return n;
        });
  }

  // ---- position and size ---------------------------------------------------------------------

  @Override
  public long position() throws IOException {
    return atPosition(() -> flags.append() ? file.size() : position);
  }

  @Override
  public FileChannel position(long newPosition) throws IOException {
    requireOpen();
    requireNotNegative(newPosition);
    atPosition(
        () -> {
          position = newPosition;
          return 0;
        });
    return this;
  }

  @Override
  public long size() throws IOException {
    return interruptibly(file::size);
  }

  @Override
  public FileChannel truncate(long size) throws IOException {
    requireOpen();
    if (size < 0) {
      throw new IllegalArgumentException("Negative size");
    }
    requireWritable();
    atPosition(
        () -> {
          if (size < file.size()) {
            file.truncate(size);
          }
          position = Math.min(position, size);
          return 0;
        });
    return this;
  }

  @Override
  public void force(boolean metaData) throws IOException {
    interruptibly(
        () -> {
          if (metaData) {
            file.fsync();
          } else {
            file.fdatasync();
          }
          return 0;
        });
  }

  // ---- between channels ----------------------------------------------------------------------

  @Override
  public long transferTo(long at, long count, WritableByteChannel target) throws IOException {
    requireOpen();
    if (!target.isOpen()) {
      throw new ClosedChannelException();
    }
    requireReadable();
    if (target instanceof RingFileChannel other) {
      other.requireWritable();
    }
    requireNotNegative(at);
    requireNotNegative(count);
    long size = size();
    if (at > size) {
      return 0;
    }
    // Files of the kernel's own making may have content and yet claim to be empty.
    long wanted = size > 0 ? Math.min(count, size - at) : count;
    if (wanted == 0) {
      return 0;
    }
    long done = 0;
    boolean hadFailed = file.isRingFailed();
    NativePool.Block block = NativePool.take(COPY_BYTES);
    try {
      while (done < wanted) {
        ByteBuffer buffer = buffer(block, wanted - done);
        if (read(buffer, at + done) <= 0) {
          break;
        }
        int n = target.write(buffer.flip());
        done += n;
        if (buffer.hasRemaining()) {
          break;
        }
      }
      return done;
    } catch (IOException e) {
      if (done > 0) {
        return done; // as the JDK does: what was moved is reported, the error comes again
      }
      throw e;
    } finally {
      file.giveBack(block, hadFailed);
    }
  }

  @Override
  public long transferFrom(ReadableByteChannel source, long at, long count) throws IOException {
    requireOpen();
    if (!source.isOpen()) {
      throw new ClosedChannelException();
    }
    if (source instanceof RingFileChannel other) {
      other.requireReadable();
    }
    requireWritable();
    requireNotNegative(at);
    requireNotNegative(count);
    long done = 0;
    boolean hadFailed = file.isRingFailed();
    NativePool.Block block = NativePool.take(COPY_BYTES);
    try {
      while (done < count) {
        ByteBuffer buffer = buffer(block, count - done);
        if (source.read(buffer) <= 0) {
          break;
        }
        buffer.flip();
        while (buffer.hasRemaining()) {
          done += write(buffer, at + done);
        }
      }
      return done;
    } catch (IOException e) {
      if (done > 0) {
        return done;
      }
      throw e;
    } finally {
      file.giveBack(block, hadFailed);
    }
  }

  private static ByteBuffer buffer(NativePool.Block block, long wanted) {
    return block.memory().asSlice(0, Math.min(wanted, COPY_BYTES)).asByteBuffer();
  }

  // ---- what the JDK does best ----------------------------------------------------------------

  /** The same file opened once more by the JDK, to be mapped and locked; closed with this one. */
  private FileChannel twin() throws IOException {
    synchronized (twinLock) {
      requireOpen();
      FileChannel channel = twin;
      if (channel == null) {
        channel = openTwin();
        twin = channel;
      }
      return channel;
    }
  }

  private FileChannel openTwin() throws IOException {
    boolean interrupted = Thread.interrupted(); // it is the first use that an interrupt ends
    try {
      while (true) {
        try {
          Path path = Path.of("/proc/self/fd/" + file.descriptor().fd());
          return FileChannel.open(path, flags.twinOptions());
        } catch (InterruptedIOException _) {
          interrupted |= Thread.interrupted(); // this one came meanwhile
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  /** Something that the JDK does to the file in our place. */
  private interface TwinAction<T extends @Nullable Object> {
    T run(FileChannel channel) throws IOException;
  }

  private <T extends @Nullable Object> T onTwin(TwinAction<T> action) throws IOException {
    FileChannel channel = twin();
    try {
      return action.run(channel);
    } finally {
      if (!channel.isOpen()) {
        close(); // an interrupt has closed the twin, so it closes this channel too
      }
    }
  }

  @Override
  public MappedByteBuffer map(MapMode mode, long at, long size) throws IOException {
    Objects.requireNonNull(mode);
    return onTwin(channel -> channel.map(mode, at, size));
  }

  @Override
  public MemorySegment map(MapMode mode, long offset, long size, Arena arena) throws IOException {
    Objects.requireNonNull(mode);
    Objects.requireNonNull(arena);
    return onTwin(channel -> channel.map(mode, offset, size, arena));
  }

  @Override
  public FileLock lock(long at, long size, boolean shared) throws IOException {
    return new TwinLock(onTwin(channel -> channel.lock(at, size, shared)));
  }

  @Override
  public @Nullable FileLock tryLock(long at, long size, boolean shared) throws IOException {
    FileLock lock = onTwin(channel -> channel.tryLock(at, size, shared));
    return lock == null ? null : new TwinLock(lock);
  }

  /** A lock of the twin, presented as one of this channel. */
  private final class TwinLock extends FileLock {
    private final FileLock lock;

    TwinLock(FileLock lock) {
      super(RingFileChannel.this, lock.position(), lock.size(), lock.isShared());
      this.lock = lock;
    }

    @Override
    public boolean isValid() {
      return lock.isValid();
    }

    @Override
    public void release() throws IOException {
      if (!RingFileChannel.this.isOpen()) {
        throw new ClosedChannelException();
      }
      lock.release();
    }
  }

  @Override
  protected void implCloseChannel() throws IOException {
    FileChannel channel;
    synchronized (twinLock) {
      channel = twin;
      twin = null;
    }
    try (channel) {
      file.close();
    }
  }

  @Override
  public String toString() {
    return "RingFileChannel[%s]".formatted(file);
  }

  // ---- checks, in the JDK's order and with its exceptions ------------------------------------

  private void requireOpen() throws ClosedChannelException {
    if (!isOpen()) {
      throw new ClosedChannelException();
    }
  }

  private void requireReadable() throws ClosedChannelException {
    requireOpen();
    if (!flags.read()) {
      throw new NonReadableChannelException();
    }
  }

  private void requireWritable() throws ClosedChannelException {
    requireOpen();
    if (!flags.write()) {
      throw new NonWritableChannelException();
    }
  }

  private static void requireNotNegative(long value) {
    if (value < 0) {
      throw new IllegalArgumentException("Negative: " + value);
    }
  }

  private static ByteBuffer[] slice(ByteBuffer[] buffers, int offset, int length) {
    Objects.checkFromIndexSize(offset, length, buffers.length);
    return Arrays.copyOfRange(buffers, offset, offset + length);
  }

  /** Refuses, with the JDK's exceptions, what {@link RingFile} refuses with its own. */
  private void requireFit(ByteBuffer buffer, long at) throws IOException {
    MemorySegment memory = MemorySegment.ofBuffer(buffer);
    if (memory.scope().isAlive() && !memory.isAccessibleBy(Thread.currentThread())) {
      throw new WrongThreadException("the buffer is confined to another thread");
    }
    requireEnd(at, memory.byteSize());
    if (file.isMisaligned(memory, at)) {
      throw new IOException(file.misalignment(memory, at));
    }
  }

  /** Does so for several buffers, and returns how many bytes they have remaining. */
  private long requireFit(ByteBuffer[] buffers, long at) throws IOException {
    long total = 0;
    for (ByteBuffer buffer : buffers) {
      requireFit(buffer, at);
      total += buffer.remaining();
    }
    requireEnd(at, total);
    return total;
  }

  private static void requireEnd(long at, long length) throws IOException {
    if (at + length < 0) {
      throw new IOException("position %d and length %d together overflow".formatted(at, length));
    }
  }
}
