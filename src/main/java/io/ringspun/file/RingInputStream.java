package io.ringspun.file;

import io.ringspun.Ring;
import io.ringspun.RingGroup;
import io.ringspun.internal.file.OpenFile;
import io.ringspun.internal.file.OpenFlags;
import io.ringspun.internal.memory.Arguments;
import io.ringspun.internal.memory.ScratchMemory;
import io.ringspun.internal.ring.Progress;
import io.ringspun.internal.ring.Uninterrupted;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.NonReadableChannelException;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/**
 * An input stream that reads a file through a {@link Ring}. Like the stream that {@link
 * java.nio.file.Files#newInputStream} returns, it is unbuffered, so read large blocks at a time.
 *
 * <p>Each method that reads blocks until the kernel reports the operation complete ({@code
 * IORING_OP_READ}, Linux 5.6); {@link RingFile} lists the exceptions. An interrupt cancels the
 * operation, throws {@link java.io.InterruptedIOException} and leaves the stream open. Safe for use
 * by multiple concurrent threads: one thread reads at a time; the others wait.
 *
 * @since 0.1
 */
public final class RingInputStream extends InputStream {
  private static final int COPY_BYTES = 1 << 17;
  private static final int SPARE_BYTES = 1 << 13;
  private static final int ARRAY_MAX = Integer.MAX_VALUE - 8;

  private final RingFile file;
  private final boolean interruptible;
  private final ReentrantLock positionLock =
      new ReentrantLock(); // held by every method that changes the position
  private long position; // guarded by positionLock

  private RingInputStream(RingFile file, long position, boolean interruptible) {
    this.file = file;
    this.interruptible = interruptible;
    this.position = position;
  }

  /**
   * Opens a file on a ring of the {@linkplain RingGroup#shared() shared group}.
   *
   * @param path a path of the default file system
   * @param options the options of {@link RingFile#open(Path, OpenOption...)} except those for
   *     writing, appending and direct I/O
   * @return a new stream at the beginning
   * @throws IllegalArgumentException if options contradict each other, or one requests direct I/O
   * @throws UnsupportedOperationException if an option is unknown, or {@code WRITE} or {@code
   *     APPEND}
   * @throws IOException if the file cannot be opened; see {@link RingFile#open(Path,
   *     OpenOption...)}
   */
  public static RingInputStream open(Path path, OpenOption... options) throws IOException {
    return open(RingGroup.shared().nextHome(), path, options);
  }

  /**
   * Opens a file on a ring; see {@link #open(Path, OpenOption...)}.
   *
   * @param ring the ring for operations of threads that no ring carries
   * @param path a path of the default file system
   * @param options see {@link #open(Path, OpenOption...)}
   * @return a new stream at the beginning
   * @throws IOException if the operation fails, as described in {@link #open(Path, OpenOption...)}
   */
  public static RingInputStream open(Ring ring, Path path, OpenOption... options)
      throws IOException {
    requireToRead(options);
    return new RingInputStream(RingFile.open(ring, path, options), 0, true);
  }

  /** Opens a file for a stream that ignores interrupts, like the JDK's. */
  static RingInputStream openUninterruptible(Ring ring, Path path, OpenOption... options)
      throws IOException {
    requireToRead(options);
    Set<OpenOption> chosen = new HashSet<>(Arrays.asList(options));
    OpenFile file =
        Uninterrupted.get(() -> OpenFile.openAsJdk(ring, path, chosen, OpenFile.DEFAULT_MODE));
    return new RingInputStream(new RingFile(file), 0, false);
  }

  private static void requireToRead(OpenOption... options) {
    for (OpenOption option : options) {
      if (option == StandardOpenOption.WRITE || option == StandardOpenOption.APPEND) {
        throw new UnsupportedOperationException("'" + option + "' not allowed");
      }
    }
    requireNotDirect(OpenFlags.of(new HashSet<>(Arrays.asList(options))).direct());
  }

  /**
   * Returns a stream that reads an open file.
   *
   * @param file the file, which is closed together with the stream
   * @param position the position of the first byte, in bytes from the beginning
   * @return a new stream
   * @throws IllegalArgumentException if the position is negative, or the file was opened for direct
   *     I/O
   * @throws NonReadableChannelException if the file is not open for reading
   */
  public static RingInputStream of(RingFile file, long position) {
    Arguments.requirePosition(position, 0);
    requireNotDirect(file.openFile().flags().direct());
    file.requireReadable();
    return new RingInputStream(file, position, true);
  }

  static void requireNotDirect(boolean direct) {
    if (direct) {
      throw new IllegalArgumentException(
          "a stream cannot do the aligned transfers that direct I/O requires");
    }
  }

  private <T> T call(Uninterrupted.Action<T> action) throws IOException {
    return interruptible ? action.run() : Uninterrupted.get(action);
  }

  /**
   * Reads one byte. Blocks until it is read or the file ends.
   *
   * @return the byte, from 0 to 255, or -1 at the end of the file
   * @throws IOException if the read fails, as described in {@link RingFile}
   */
  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  /**
   * Reads bytes into a part of an array. Blocks until at least one byte is read or the file ends.
   *
   * @return the number of bytes read, possibly fewer than requested, or -1 at the end of the file;
   *     0 if the length is 0
   * @throws IndexOutOfBoundsException if the part is not within the array
   * @throws IOException if the read fails, as described in {@link RingFile}
   */
  @Override
  public int read(byte[] target, int offset, int length) throws IOException {
    Objects.checkFromIndexSize(offset, length, target.length);
    if (length == 0) {
      return 0;
    }
    positionLock.lock();
    try {
      int n =
          interruptible
              ? file.read(target, offset, length, position)
              : readUninterruptibly(target, offset, length);
      position += n;
      return n == 0 ? -1 : n;
    } finally {
      positionLock.unlock();
    }
  }

  private int readUninterruptibly(byte[] target, int offset, int length) throws IOException {
    if (!Thread.currentThread().isInterrupted()) {
      try {
        return file.read(target, offset, length, position);
      } catch (InterruptedIOException _) {
        Thread.currentThread().interrupt(); // so that it is pending afterwards
      }
    }
    return Uninterrupted.get(() -> file.read(target, offset, length, position));
  }

  /**
   * Reads the rest of the file. If this fails, the position is unchanged.
   *
   * @return the bytes from the position to the end of the file
   * @throws OutOfMemoryError if they do not fit into an array
   * @throws IOException if the read fails, as described in {@link RingFile}
   */
  @Override
  public byte[] readAllBytes() throws IOException {
    byte[] bytes = readUpTo(ARRAY_MAX);
    if (bytes.length == ARRAY_MAX && read() >= 0) {
      throw new OutOfMemoryError("Required array size too large");
    }
    return bytes;
  }

  /**
   * Reads a number of bytes, or up to the end of the file. If this fails, the position is
   * unchanged.
   *
   * @return the bytes read, fewer than requested only if the file ends before
   * @throws IllegalArgumentException if the length is negative
   * @throws IOException if the read fails, as described in {@link RingFile}
   */
  @Override
  public byte[] readNBytes(int length) throws IOException {
    if (length < 0) {
      throw new IllegalArgumentException("len < 0");
    }
    return length == 0 ? new byte[0] : readUpTo(Math.min(length, ARRAY_MAX));
  }

  /**
   * Reads until a part of an array is full or the file ends. If this fails, the position is
   * unchanged.
   *
   * @return the number of bytes read, fewer than requested only if the file ends before
   * @throws IndexOutOfBoundsException if the part is not within the array
   * @throws IOException if the read fails, as described in {@link RingFile}
   */
  @Override
  public int readNBytes(byte[] target, int offset, int length) throws IOException {
    return allOrNothing(() -> super.readNBytes(target, offset, length));
  }

  /** A call that reads several times. */
  private interface Reading<T> {
    T run() throws IOException;
  }

  /** Reads, and restores the position on failure, so that no bytes are lost. */
  private <T> T allOrNothing(Reading<T> reading) throws IOException {
    positionLock.lock();
    try {
      long before = position;
      try {
        return reading.run();
      } catch (IOException e) {
        position = before;
        throw e;
      }
    } finally {
      positionLock.unlock();
    }
  }

  private byte[] readUpTo(int most) throws IOException {
    return allOrNothing(() -> readAsMuch(most));
  }

  private byte[] readAsMuch(int most) throws IOException {
    positionLock.lock();
    try {
      // Only an estimate: the file may grow or shrink meanwhile, and files in /proc report size 0.
      long left = call(file::size) - position;
      if (left > ARRAY_MAX && most == ARRAY_MAX) {
        throw new OutOfMemoryError("Required array size too large");
      }
      byte[] bytes = new byte[Math.clamp(left, 0, most)];
      int done = 0;
      while (done < most) {
        if (done < bytes.length) {
          int n = read(bytes, done, bytes.length - done);
          if (n < 0) {
            break;
          }
          done += n;
        } else {
          byte[] more = new byte[Math.min(most - done, SPARE_BYTES)];
          int n = read(more, 0, more.length);
          if (n < 0) {
            break;
          }
          long capacity = Math.max(done + (long) n, Math.min(most, done * 2L));
          bytes = Arrays.copyOf(bytes, (int) capacity);
          System.arraycopy(more, 0, bytes, done, n);
          done += n;
        }
      }
      return done == bytes.length ? bytes : Arrays.copyOf(bytes, done);
    } finally {
      positionLock.unlock();
    }
  }

  /**
   * Skips bytes without reading them, at most to the end of the file. A negative count skips back,
   * at most to the beginning. A file that is not regular is read instead.
   *
   * @return the number of bytes skipped, negative if skipped back
   * @throws IOException if the operation fails, as described in {@link RingFile}
   */
  @Override
  public long skip(long count) throws IOException {
    positionLock.lock();
    try {
      FileStat stat = call(file::stat);
      if (stat.type() != FileStat.FileType.REGULAR || (stat.size() == 0 && count > 0)) {
        return super.skip(count);
      }
      long before = position;
      if (count > 0) {
        long left = Math.max(stat.size() - before, 0);
        position += Math.min(count, left);
      } else {
        position = Math.max(before + count, 0);
      }
      return position - before;
    } finally {
      positionLock.unlock();
    }
  }

  /**
   * Returns the number of bytes up to the end of the file, or 0 if the file has no size, such as a
   * FIFO.
   *
   * @return the number of bytes, at most {@link Integer#MAX_VALUE}
   * @throws IOException if the operation fails, as described in {@link RingFile}
   */
  @Override
  public int available() throws IOException {
    positionLock.lock();
    try {
      return Math.clamp(call(file::size) - position, 0, Integer.MAX_VALUE);
    } finally {
      positionLock.unlock();
    }
  }

  /**
   * Reads the rest of the file and writes it to a stream. If this is interrupted, {@link
   * InterruptedIOException#bytesTransferred} is the number of bytes written, and the position is
   * after them. If a write to a stream other than a {@link RingOutputStream} fails, the position is
   * after the bytes given to it.
   *
   * @return the number of bytes transferred
   * @throws IOException if the read fails, as described in {@link RingFile}, or the write fails
   */
  @Override
  public long transferTo(OutputStream target) throws IOException {
    Objects.requireNonNull(target, "out");
    RingOutputStream onRing = target instanceof RingOutputStream other ? other : null;
    byte[] copy = onRing != null ? new byte[0] : new byte[COPY_BYTES];
    long total = 0;
    positionLock.lock();
    try (ScratchMemory scratch = ScratchMemory.take(COPY_BYTES)) {
      MemorySegment memory = scratch.segment();
      while (true) {
        int n = call(() -> file.read(memory, position));
        if (n < 0) {
          return total;
        }
        ByteBuffer piece = memory.asSlice(0, n).asByteBuffer();
        if (onRing != null) {
          try {
            onRing.writeAll(piece);
          } finally {
            position += piece.position();
            total += piece.position();
          }
        } else {
          position +=
              n; // other output streams do not report how many bytes they wrote before a failure
          piece.get(copy, 0, n);
          target.write(copy, 0, n);
          total += n;
        }
      }
    } catch (IOException e) {
      throw Progress.after(total, e);
    } finally {
      positionLock.unlock();
    }
  }

  /**
   * Closes the file. A thread that is reading gets {@link
   * java.nio.channels.AsynchronousCloseException}. Closing again has no effect.
   *
   * @throws IOException if the kernel reports an error; the file is closed
   */
  @Override
  public void close() throws IOException {
    file.close();
  }

  @Override
  public String toString() {
    return "RingInputStream[%s]".formatted(file);
  }
}
